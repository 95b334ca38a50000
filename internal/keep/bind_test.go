package keep_test

import (
	"path/filepath"
	"testing"

	"github.com/heed-platform/heed/internal/clock"
	"github.com/heed-platform/heed/internal/keep"
	"github.com/heed-platform/heed/internal/keep/keeptest/pgtest"
	"github.com/heed-platform/heed/internal/problem"
)

// A second node that was not told where the identity store is would make one of
// its own, find nobody in it, and seal what the first cannot read: it is refused.
func TestOpen_identityStoreOfItsOwn(t *testing.T) {
	t.Parallel()
	url := pgtest.URL(t)
	node := func() keep.Config {
		folder := t.TempDir()
		return keep.Config{Database: url, Keys: "sqlite:" + filepath.Join(folder, "keys.db"), Folder: folder}
	}
	first, err := keep.Open(t.Context(), node(), nil, clock.System{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := first.Close(); err != nil {
			t.Error(err)
		}
	}()
	second, err := keep.Open(t.Context(), node(), nil, clock.System{})
	if err == nil {
		_ = second.Close()
		t.Fatal("a second node opened with an identity store of its own")
	}
	if p := problem.Of(err); p.Code != "identity-store-missing" {
		t.Errorf("it is refused as %s: %v", p.Code, err)
	}
}
