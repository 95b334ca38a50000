package postgres_test

import (
	"testing"

	"github.com/heed-platform/heed/internal/keep/internal/postgres"
	"github.com/heed-platform/heed/internal/keep/internal/store"
	"github.com/heed-platform/heed/internal/keep/keeptest"
	given "github.com/heed-platform/heed/internal/keep/keeptest/giventest"
	"github.com/heed-platform/heed/internal/keep/keeptest/pgtest"
)

func TestConformance(t *testing.T) {
	t.Parallel()
	keeptest.Run(t, func(t *testing.T) given.Place {
		t.Helper()
		url := pgtest.URL(t)
		return func(t *testing.T) (store.Identity, store.Data) {
			t.Helper()
			i, err := postgres.OpenIdentity(t.Context(), url)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = i.Close() })
			d, err := postgres.OpenData(t.Context(), url)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = d.Close() })
			return i, d
		}
	})
}
