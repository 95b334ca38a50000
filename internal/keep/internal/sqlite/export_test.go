package sqlite

import (
	"fmt"

	"zombiezen.com/go/sqlite/sqlitex"
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
