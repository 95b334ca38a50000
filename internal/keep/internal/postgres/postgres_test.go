package postgres_test

import (
	"testing"

	"go.uber.org/goleak"

	"github.com/heed-platform/heed/internal/keep/internal/postgres"
	"github.com/heed-platform/heed/internal/keep/internal/store"
	"github.com/heed-platform/heed/internal/keep/keeptest"
	given "github.com/heed-platform/heed/internal/keep/keeptest/giventest"
	"github.com/heed-platform/heed/internal/keep/keeptest/pgtest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// place opens both stores in one database.
func place(url string) given.Place {
	return func(t *testing.T) (store.Identity, store.Data) {
		t.Helper()
		i, err := postgres.OpenIdentity(t.Context(), url)
		given.Must(t, err)
		t.Cleanup(func() { given.Must(t, i.Close()) })
		d, err := postgres.OpenData(t.Context(), url)
		given.Must(t, err)
		t.Cleanup(func() { given.Must(t, d.Close()) })
		return i, d
	}
}

func TestConformance(t *testing.T) {
	t.Parallel()
	keeptest.Run(t, func(t *testing.T) given.Place { t.Helper(); return place(pgtest.URL(t)) })
}
