package postgres

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/heed-platform/heed/internal/keep/internal/store"
)

// Data is the data store in the schema heed.
type Data struct {
	db *db
	// spread is set on Citus, where a statement may lock rows of one shard only.
	spread bool
}

// OpenData connects to the database at url and brings the data store's tables
// up to date.
func OpenData(ctx context.Context, url string) (*Data, error) {
	d, err := open(ctx, url, "heed", "data")
	if err != nil {
		return nil, fmt.Errorf("open data store: %w", err)
	}
	data := &Data{db: d}
	err = d.read(ctx, func(tx pgx.Tx) error {
		return tx.QueryRow(ctx, "SELECT EXISTS (SELECT FROM pg_extension WHERE extname = 'citus')").Scan(&data.spread)
	})
	if err != nil {
		d.pool.Close()
		return nil, fmt.Errorf("open data store: %w", err)
	}
	return data, nil
}

// Capabilities says how this engine differs.
func (d *Data) Capabilities() store.Capabilities {
	return store.Capabilities{Name: "postgres", ManyNodes: true, RowLocks: true}
}

// Read runs f on one snapshot.
func (d *Data) Read(ctx context.Context, f func(store.Reader) error) error {
	return d.db.read(ctx, func(tx pgx.Tx) error { return f(&reader{tx: tx}) })
}

// Write runs f in one transaction. When one of the writer's changes failed,
// nothing is committed, whatever f makes of it.
func (d *Data) Write(ctx context.Context, f func(store.Writer) error) error {
	return d.db.write(ctx, func(tx pgx.Tx) error {
		w := &writer{reader: reader{tx: tx}, spread: d.spread}
		if err := f(w); err != nil {
			return err
		}
		return w.failed
	})
}

// Scrub makes the room of removed rows free to be written over. Their bytes are
// sealed, and stay in the pages until that happens.
func (d *Data) Scrub(ctx context.Context) error {
	conn, err := d.db.take(ctx)
	if err != nil {
		return wrap("scrub", err)
	}
	defer conn.Release()
	_, err = conn.Exec(ctx, "VACUUM heed.fact, heed.state, heed.seen_page, heed.job, heed.timer, heed.quarantine")
	return wrap("scrub", classify(ctx, err, conn.Conn().IsClosed()))
}

// Ready proves the settings again, which a reload can change, and writes
// something.
func (d *Data) Ready(ctx context.Context) error {
	return d.db.write(ctx, func(tx pgx.Tx) error {
		if err := prove(ctx, tx.Conn()); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, "INSERT INTO heed.probe (id, n) VALUES (1, 1) ON CONFLICT (id) DO UPDATE SET n = probe.n + 1")
		return err
	})
}

// Close closes the connections.
func (d *Data) Close() error { return d.db.Close() }
