package keep

import (
	"context"
	"strings"

	"github.com/heed-platform/heed/internal/keep/internal/postgres"
	"github.com/heed-platform/heed/internal/keep/internal/sqlite"
)

// BareGroup is how many rows the bare loop commits at once.
const BareGroup = 500

// Bare writes rows to the same kind of database as durably as heed does and
// does nothing else, until more says stop; it returns how many. For SQLite the
// path must be of a new file.
func Bare(ctx context.Context, database string, row []byte, more func() bool) (int, error) {
	if path, ok := strings.CutPrefix(database, "sqlite:"); ok {
		return sqlite.Bare(ctx, path, row, BareGroup, more)
	}
	return postgres.Bare(ctx, database, row, BareGroup, more)
}

// Aside is an empty database of the same server for measuring, and how to drop
// it. It is for PostgreSQL; a SQLite database is as well a file of its own.
func Aside(ctx context.Context, database string) (beside string, drop func() error, err error) {
	return postgres.Aside(ctx, database)
}
