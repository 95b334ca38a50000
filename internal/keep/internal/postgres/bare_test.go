package postgres_test

import (
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/heed-platform/heed/internal/keep/internal/postgres"
	"github.com/heed-platform/heed/internal/keep/keeptest/pgtest"
)

// What is measured is measured beside the database that was named: nothing is
// left in it, and the one beside is gone.
func TestAside(t *testing.T) {
	t.Parallel()
	ctx, named := t.Context(), pgtest.URL(t)
	beside, drop, err := postgres.Aside(ctx, named)
	if err != nil {
		t.Fatal(err)
	}
	left := 3
	n, err := postgres.Bare(ctx, beside, []byte("row"), 10, func() bool { left--; return left >= 0 })
	if err != nil || n != 30 {
		t.Errorf("%d rows, %v", n, err)
	}
	if err := drop(); err != nil {
		t.Error(err)
	}
	if conn, err := pgx.Connect(ctx, beside); err == nil {
		t.Error("the database beside is still there")
		_ = conn.Close(ctx)
	}
	conn, err := pgx.Connect(ctx, named)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(ctx) }()
	var tables int
	if err := conn.QueryRow(ctx, "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'").Scan(&tables); err != nil || tables != 0 {
		t.Errorf("%d tables in the database that was named, %v", tables, err)
	}
}
