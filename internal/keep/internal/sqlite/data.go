package sqlite

import (
	"context"
	"fmt"

	"github.com/heed-platform/heed/internal/keep/internal/store"
)

// Data is the data store in one file.
type Data struct {
	db *db
}

var _ store.Data = (*Data)(nil)

// OpenData opens or makes the data store at path and brings it up to date. It
// refuses a file that another process holds.
func OpenData(ctx context.Context, path string) (*Data, error) {
	d, err := open(ctx, path, "data")
	if err != nil {
		return nil, fmt.Errorf("open data store: %w", err)
	}
	return &Data{db: d}, nil
}

// Capabilities says how this engine differs.
func (d *Data) Capabilities() store.Capabilities {
	return store.Capabilities{Name: "sqlite", OneProcess: true}
}

// Read runs f on one snapshot.
func (d *Data) Read(ctx context.Context, f func(store.Reader) error) error {
	return d.db.read(ctx, func(c conn) error { return f(&reader{c: c}) })
}

// Write runs f in one transaction. When one of the writer's changes failed,
// nothing is committed, whatever f makes of it.
func (d *Data) Write(ctx context.Context, f func(store.Writer) error) error {
	return d.db.write(ctx, func(c conn) error {
		w := &writer{reader: reader{c: c}}
		if err := f(w); err != nil {
			return err
		}
		return w.failed
	})
}

// Scrub empties the log: removed rows were overwritten in the file already.
func (d *Data) Scrub(ctx context.Context) error { return wrap("scrub", d.db.scrub(ctx)) }

// Ready writes something and waits for the disk.
func (d *Data) Ready(ctx context.Context) error {
	return d.db.write(ctx, func(c conn) error {
		return c.exec("INSERT INTO probe (id, n) VALUES (1, 1) ON CONFLICT (id) DO UPDATE SET n = n + 1")
	})
}

// Close closes the file.
func (d *Data) Close() error { return d.db.Close() }
