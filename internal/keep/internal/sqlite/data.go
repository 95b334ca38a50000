package sqlite

import (
	"context"
	"errors"
	"fmt"

	"github.com/heed-platform/heed/internal/keep/internal/store"
)

// Data is the data store in one file.
type Data struct {
	db    *db
	heads *heads
}

var _ store.Data = (*Data)(nil)

// OpenData opens or makes the data store at path and brings it up to date. It
// refuses a file that another process holds.
func OpenData(ctx context.Context, path string) (*Data, error) {
	d, err := open(ctx, path, "data")
	if err != nil {
		return nil, fmt.Errorf("open data store: %w", err)
	}
	data := &Data{d, &heads{size: layerSize}}
	// Whatever may or may not have been committed before a fault: the file tells.
	d.reopened = data.heads.load
	if err := data.heads.load(d.writer); err != nil {
		return nil, errors.Join(fmt.Errorf("open data store: %w", err), d.Close())
	}
	d.closing = data.heads.flush
	return data, nil
}

// Capabilities says how this engine differs.
func (d *Data) Capabilities() store.Capabilities {
	return store.Capabilities{Name: "sqlite", OneProcess: true}
}

// Read runs f on one snapshot.
func (d *Data) Read(ctx context.Context, f func(store.Reader) error) error {
	return d.db.read(ctx, func(c conn) error {
		ends, err := d.heads.begin(c)
		if err != nil {
			return err
		}
		return f(&reader{c, ends})
	})
}

// Write runs f in one transaction. When one of the writer's changes failed,
// nothing is committed, whatever f makes of it.
func (d *Data) Write(ctx context.Context, f func(store.Writer) error) error {
	return d.db.write(ctx, func(c conn) (func(bool), error) {
		w := &writer{reader: reader{c, d.heads.write()}, last: d.heads.last}
		if err := f(w); err != nil {
			return nil, err
		}
		if w.failed != nil {
			return nil, w.failed
		}
		done, err := d.heads.settle(c, w.ends, 2*len(w.ends.pending))
		if err != nil {
			return nil, err
		}
		return func(committed bool) {
			if committed {
				d.heads.last = w.last
			}
			done(committed)
		}, nil
	})
}

// Scrub empties the log: removed rows were overwritten in the file already.
func (d *Data) Scrub(ctx context.Context) error { return wrap("scrub", d.db.scrub(ctx)) }

// Ready writes something and waits for the disk.
func (d *Data) Ready(ctx context.Context) error {
	return d.db.simply(ctx, func(c conn) error {
		return c.exec("INSERT INTO probe (id, n) VALUES (1, 1) ON CONFLICT (id) DO UPDATE SET n = n + 1")
	})
}

// Close closes the file.
func (d *Data) Close() error { return d.db.Close() }
