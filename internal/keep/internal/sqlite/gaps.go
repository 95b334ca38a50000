package sqlite

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/heed-platform/heed/internal/keep/internal/sqlite/page"
)

// SQLite overwrites what it removes (secure_delete), but not what it moves:
// when a page is split or joined with its neighbor, rows are copied, and their
// old bytes stay in the page's unused gap. Such a copy outlives its row. So
// before anybody is told that a row is gone, the gaps of all pages are zeroed.

// mostPages keeps the kinds apart: a page that is not of a b-tree begins with
// the number of another page, whose first byte is 0 or 1 up to here (137 GB).
const mostPages = 2 << 24

var errLarge = errors.New("the file is too large to be scrubbed; move it to PostgreSQL")

func (c conn) page(number int64) (data []byte, err error) {
	err = c.query("SELECT data FROM sqlite_dbpage WHERE pgno = ?", func(s *stmt) error {
		data = blob(s, 0)
		return nil
	}, number)
	return data, err
}

// wipe zeroes the gaps of all pages. It looks for them on a snapshot and stops
// writers only while it zeroes some; a page that got a gap meanwhile got it
// from rows that are still there.
func (d *db) wipe(ctx context.Context) error {
	var dirty []int64
	err := d.read(ctx, func(c conn) (err error) {
		dirty, err = c.unwiped()
		return err
	})
	for some := range slices.Chunk(dirty, 1000) {
		if err == nil {
			err = d.simply(ctx, func(c conn) error { return c.wipe(some) })
		}
	}
	return wrap("wipe gaps", err)
}

// unwiped walks all b-trees and lists the pages whose gaps hold something.
func (c conn) unwiped() (dirty []int64, err error) {
	todo := []int64{1}
	err = c.query("SELECT rootpage, (SELECT page_count FROM pragma_page_count) FROM sqlite_schema WHERE rootpage > 0", func(s *stmt) error {
		todo = append(todo, s.ColumnInt64(0))
		if s.ColumnInt64(1) >= mostPages {
			return errLarge
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	for len(todo) > 0 {
		number := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		data, err := c.page(number)
		if err != nil {
			return nil, err
		}
		unused, children, err := page.Gaps(data, number)
		if err != nil {
			return nil, fmt.Errorf("page %d: %w", number, err)
		}
		if !page.Clean(unused) {
			dirty = append(dirty, number)
		}
		todo = append(todo, children...)
	}
	slices.Sort(dirty)
	return dirty, nil
}

// wipe zeroes the gaps of some pages, if they are still of a b-tree.
func (c conn) wipe(pages []int64) error {
	for _, number := range pages {
		data, err := c.page(number)
		if err != nil {
			return err
		}
		if data == nil { // the file has become shorter
			continue
		}
		unused, _, err := page.Gaps(data, number)
		if err != nil {
			return fmt.Errorf("page %d: %w", number, err)
		}
		if page.Clean(unused) {
			continue
		}
		for _, u := range unused {
			clear(u)
		}
		if err := c.exec("UPDATE sqlite_dbpage SET data = ? WHERE pgno = ?", data, number); err != nil {
			return err
		}
	}
	return nil
}
