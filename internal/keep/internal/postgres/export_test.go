package postgres

import (
	"context"

	"github.com/jackc/pgx/v5/pgconn"
)

// Spread makes the store lock its fragments one by one, as on Citus.
func (d *Data) Spread() { d.spread = true }

// Safe judges settings.
func Safe(version int, fsync, pages, commit string) error {
	return settings{version, fsync, pages, commit}.safe()
}

// Classify names an error that PostgreSQL answered with this code.
func Classify(ctx context.Context, code string, lost bool) error {
	return classify(ctx, &pgconn.PgError{Code: code}, lost)
}
