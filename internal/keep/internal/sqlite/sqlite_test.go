package sqlite_test

import (
	"path/filepath"
	"testing"

	"github.com/heed-platform/heed/internal/keep/internal/sqlite"
	"github.com/heed-platform/heed/internal/keep/internal/store"
	"github.com/heed-platform/heed/internal/keep/keeptest"
	given "github.com/heed-platform/heed/internal/keep/keeptest/giventest"
)

func TestConformance(t *testing.T) {
	t.Parallel()
	keeptest.Run(t, func(t *testing.T) given.Place {
		dir := t.TempDir()
		return func(t *testing.T) (store.Identity, store.Data) {
			t.Helper()
			i, err := sqlite.OpenIdentity(t.Context(), filepath.Join(dir, "keys.db"))
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = i.Close() })
			d, err := sqlite.OpenData(t.Context(), filepath.Join(dir, "heed.db"))
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = d.Close() })
			return i, d
		}
	})
}
