package sqlite

import (
	"context"
	"fmt"

	"zombiezen.com/go/sqlite/sqlitex"

	"github.com/heed-platform/heed/internal/keep/internal/store"
)

// SetLayer makes layers of heads so small that tests see them swept.
func (d *Data) SetLayer(size int) { d.heads.size = size }

// Layers is how many layers of heads there are.
func (d *Data) Layers() int {
	layers, _ := d.heads.now()
	return len(layers)
}

// SetRoom lets the file grow by so many pages only.
func (d *Data) SetRoom(pages int) error {
	d.db.turn <- struct{}{}
	defer func() { <-d.db.turn }()
	return sqlitex.ExecuteTransient(d.db.writer.Conn, fmt.Sprintf("PRAGMA max_page_count=%d", pages), nil)
}

// Break makes the writer's connection one that can no longer be trusted.
func (d *Data) Break() error {
	d.db.turn <- struct{}{}
	defer func() { <-d.db.turn }()
	err := d.db.writer.Close()
	d.db.writer.Conn = nil
	return err
}

// Remote names the network file system with this magic number.
func Remote(magic int64) string { return remote[magic] }

// AppendThenStop appends facts in a transaction whose caller goes away when
// all is done but the commit.
func (d *Data) AppendThenStop(ctx context.Context, facts []store.Fact) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	return d.db.write(ctx, func(c conn) (func(bool), error) {
		w := &writer{reader: reader{c, d.heads.write()}, last: d.heads.last}
		if err := w.Append(ctx, facts); err != nil {
			return nil, err
		}
		done, err := d.heads.settle(c, w.ends, 100)
		stop()
		return done, err
	})
}
