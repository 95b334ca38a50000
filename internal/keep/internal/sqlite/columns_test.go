package sqlite_test

import (
	"path/filepath"
	"testing"

	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"

	"github.com/heed-platform/heed/internal/keep/internal/store"
	given "github.com/heed-platform/heed/internal/keep/keeptest/giventest"
)

// TestColumns: the live schema is the declared one.
func TestColumns(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	place(dir, 0)(t)
	for kind, file := range map[string]string{"identity": "keys.db", "data": "heed.db"} {
		c, err := sqlite.OpenConn(filepath.Join(dir, file), sqlite.OpenReadOnly)
		given.Must(t, err)
		var live []string
		given.Must(t, sqlitex.ExecuteTransient(c, `SELECT t.name || '.' || c.name FROM pragma_table_list t, pragma_table_info(t.name) c
			WHERE t.schema = 'main' AND t.name NOT LIKE 'sqlite\_%' ESCAPE '\'`, &sqlitex.ExecOptions{
			ResultFunc: func(s *sqlite.Stmt) error { live = append(live, s.ColumnText(0)); return nil },
		}))
		given.Must(t, c.Close())
		for _, fault := range store.Undeclared("sqlite", kind, live) {
			t.Error(fault)
		}
		// Every table is strict, or a column would take what it was not made for.
		c, err = sqlite.OpenConn(filepath.Join(dir, file), sqlite.OpenReadOnly)
		given.Must(t, err)
		given.Must(t, sqlitex.ExecuteTransient(c, `SELECT name FROM pragma_table_list WHERE schema = 'main' AND NOT strict AND name NOT LIKE 'sqlite\_%' ESCAPE '\'`, &sqlitex.ExecOptions{
			ResultFunc: func(s *sqlite.Stmt) error { t.Errorf("%s is not strict", s.ColumnText(0)); return nil },
		}))
		given.Must(t, c.Close())
	}
}
