package postgres_test

import (
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/heed-platform/heed/internal/keep/internal/store"
	given "github.com/heed-platform/heed/internal/keep/keeptest/giventest"
	"github.com/heed-platform/heed/internal/keep/keeptest/pgtest"
)

// TestColumns: the live schema is the declared one.
func TestColumns(t *testing.T) {
	t.Parallel()
	url := pgtest.URL(t)
	place(url)(t)
	conn, err := pgx.Connect(t.Context(), url)
	given.Must(t, err)
	defer conn.Close(t.Context())
	for schema, kind := range map[string]string{"heed_keys": "identity", "heed": "data"} {
		rows, err := conn.Query(t.Context(), `SELECT c.relname || '.' || a.attname FROM pg_class c
			JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_attribute a ON a.attrelid = c.oid
			WHERE n.nspname = $1 AND c.relkind IN ('r', 'p') AND NOT c.relispartition AND a.attnum > 0 AND NOT a.attisdropped`, schema)
		given.Must(t, err)
		live, err := pgx.CollectRows(rows, pgx.RowTo[string])
		given.Must(t, err)
		for _, fault := range store.Undeclared("postgres", kind, live) {
			t.Error(fault)
		}
	}
}
