package sqlite_test

import (
	"path/filepath"
	"testing"

	"github.com/heed-platform/heed/internal/keep/internal/sqlite"
	"github.com/heed-platform/heed/internal/keep/internal/store"
	"github.com/heed-platform/heed/internal/keep/keeptest"
	given "github.com/heed-platform/heed/internal/keep/keeptest/giventest"
)

// place opens two files in a folder.
func place(dir string, layer int) given.Place {
	return func(t *testing.T) (store.Identity, store.Data) {
		t.Helper()
		i, err := sqlite.OpenIdentity(t.Context(), filepath.Join(dir, "keys.db"))
		given.Must(t, err)
		t.Cleanup(func() { given.Must(t, i.Close()) })
		d, err := sqlite.OpenData(t.Context(), filepath.Join(dir, "heed.db"))
		given.Must(t, err)
		t.Cleanup(func() { given.Must(t, d.Close()) })
		if layer > 0 {
			d.SetLayer(layer)
		}
		return i, d
	}
}

func TestConformance(t *testing.T) {
	t.Parallel()
	keeptest.Run(t, func(t *testing.T) given.Place { t.Helper(); return place(t.TempDir(), 0) })
}

// TestConformance_sweep runs the suite while heads are swept all the time.
func TestConformance_sweep(t *testing.T) {
	t.Parallel()
	keeptest.Run(t, func(t *testing.T) given.Place { t.Helper(); return place(t.TempDir(), 2) })
}
