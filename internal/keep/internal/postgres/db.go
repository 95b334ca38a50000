package postgres

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/heed-platform/heed/internal/keep/internal/migrate"
	"github.com/heed-platform/heed/internal/keep/internal/store"
	"github.com/heed-platform/heed/internal/problem"
)

const (
	oldest = 15_00_00 // server_version_num

	// settle is how long a commit or rollback may take once it was decided: the
	// caller's own time may be over by then, but the answer is yes or no.
	settle = 10 * time.Second
	reach  = 5 * time.Second
)

var (
	errUnsafe = problem.New(problem.Unavailable, "database-unsafe",
		"PostgreSQL runs with a setting that can lose what heed has acknowledged; set fsync, full_page_writes and synchronous_commit to on and restart both.")
	errOld = problem.New(problem.Unavailable, "database-too-old",
		"PostgreSQL is older than heed can use; upgrade the server to 15 or later.")
	errAddress = problem.New(problem.Invalid, "database-address",
		"The address of the database cannot be read; write it as postgres://user:password@host:5432/name.")
)

// db is a pool of proven connections.
type db struct{ pool *pgxpool.Pool }

// open connects and migrates one store, whose tables live in schema.
func open(ctx context.Context, url, schema, kind string) (*db, error) {
	config, err := pgxpool.ParseConfig(url)
	if err != nil {
		return nil, errAddress.Because(err)
	}
	if !strings.Contains(url, "pool_max_conns") {
		config.MaxConns = 16
	}
	if config.ConnConfig.ConnectTimeout == 0 || !strings.Contains(url, "connect_timeout") {
		config.ConnConfig.ConnectTimeout = reach
	}
	config.ConnConfig.RuntimeParams["application_name"] = "heed"
	config.AfterConnect = prove
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, fmt.Errorf("make connection pool: %w", err)
	}
	d := &db{pool}
	if err := d.migrate(ctx, schema, kind); err != nil {
		pool.Close()
		return nil, err
	}
	return d, nil
}

// prove refuses a connection on which a commit does not mean that it is on disk.
// It also keeps the planner from reading tables end to end where an index will
// do: a plan made while a table was empty would stay long after it has grown.
func prove(ctx context.Context, conn *pgx.Conn) error {
	var s settings
	err := conn.QueryRow(ctx, `SELECT current_setting('server_version_num')::int, current_setting('fsync'),
		current_setting('full_page_writes'), current_setting('synchronous_commit'), set_config('enable_seqscan', 'off', false)`).
		Scan(&s.version, &s.fsync, &s.pages, &s.commit, nil)
	if err != nil {
		return fmt.Errorf("read settings: %w", err)
	}
	return s.safe()
}

type settings struct {
	version              int
	fsync, pages, commit string
}

func (s settings) safe() error {
	switch {
	case s.version < oldest:
		return errOld.At("server_version_num", strconv.Itoa(s.version))
	case s.fsync != "on":
		return errUnsafe.At("fsync", s.fsync)
	case s.pages != "on":
		return errUnsafe.At("full_page_writes", s.pages)
	case s.commit != "on" && s.commit != "remote_apply":
		return errUnsafe.At("synchronous_commit", s.commit)
	}
	return nil
}

// take lends a connection.
func (d *db) take(ctx context.Context) (*pgxpool.Conn, error) {
	conn, err := d.pool.Acquire(ctx)
	if err == nil {
		return conn, nil
	}
	if _, ok := errors.AsType[*problem.Error](err); ok {
		return nil, err
	}
	return nil, classify(ctx, err, true)
}

// write runs f in one transaction. When it returns nil, what f did is on disk.
func (d *db) write(ctx context.Context, f func(pgx.Tx) error) error {
	return d.transact(ctx, pgx.TxOptions{IsoLevel: pgx.ReadCommitted}, f)
}

// read runs f on one snapshot.
func (d *db) read(ctx context.Context, f func(pgx.Tx) error) error {
	return d.transact(ctx, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}, f)
}

func (d *db) transact(ctx context.Context, how pgx.TxOptions, f func(pgx.Tx) error) error {
	conn, err := d.take(ctx)
	if err != nil {
		return err
	}
	defer conn.Release()
	tx, err := conn.BeginTx(ctx, how)
	if err != nil {
		return classify(ctx, err, conn.Conn().IsClosed())
	}
	// When f panics too; after a commit it does nothing.
	defer func() {
		after, cancel := settling(ctx)
		defer cancel()
		_ = tx.Rollback(after)
	}()
	if err := f(tx); err != nil {
		return classify(ctx, err, conn.Conn().IsClosed())
	}
	if ctx.Err() != nil {
		return fmt.Errorf("database work stopped: %w", ctx.Err())
	}
	after, cancel := settling(ctx)
	defer cancel()
	return classify(ctx, tx.Commit(after), conn.Conn().IsClosed())
}

func settling(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), settle)
}

// Close waits for the work in hand.
func (d *db) Close() error {
	d.pool.Close()
	return nil
}

// migrate brings the schema up to date in one transaction, one node at a time.
func (d *db) migrate(ctx context.Context, schema, kind string) error {
	steps, err := migrate.Steps("postgres", kind)
	if err != nil {
		return err
	}
	return d.write(ctx, func(tx pgx.Tx) error { return migrate.Run(ctx, steps, target{tx, schema}) })
}

// target lets migrate work on a schema.
type target struct {
	tx     pgx.Tx
	schema string
}

func (t target) Applied(ctx context.Context) ([]migrate.Applied, error) {
	if _, err := t.tx.Exec(ctx, "SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", t.schema); err != nil {
		return nil, err
	}
	if _, err := t.tx.Exec(ctx, `CREATE SCHEMA IF NOT EXISTS `+t.schema+`;
		CREATE TABLE IF NOT EXISTS `+t.schema+`.schema_step (number integer PRIMARY KEY, name text NOT NULL, sum text NOT NULL)`); err != nil {
		return nil, err
	}
	return collect(ctx, t.tx, "SELECT number, name, sum FROM "+t.schema+".schema_step ORDER BY number", pgx.RowToStructByPos[migrate.Applied])
}

func (t target) Apply(ctx context.Context, s migrate.Step) error {
	if _, err := t.tx.Exec(ctx, s.SQL); err != nil {
		return err
	}
	_, err := t.tx.Exec(ctx, "INSERT INTO "+t.schema+".schema_step (number, name, sum) VALUES ($1, $2, $3)", s.Number, s.Name, s.Sum)
	return err
}

// collect runs a query and makes a value of each row.
func collect[T any](ctx context.Context, tx pgx.Tx, sql string, scan pgx.RowToFunc[T], args ...any) ([]T, error) {
	rows, err := tx.Query(ctx, sql, args...)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, scan)
}

// column lists one field of all rows, as unnest takes it.
func column[T, V any](rows []T, field func(T) V) []V {
	out := make([]V, len(rows))
	for i, r := range rows {
		out[i] = field(r)
	}
	return out
}

// full is b, never NULL.
func full(b []byte) []byte {
	if b == nil {
		return []byte{}
	}
	return b
}

// short is b, nil when it is empty, as in the other engine.
func short(b []byte) []byte {
	if len(b) == 0 {
		return nil
	}
	return b
}

var _ store.Data = (*Data)(nil)
