package sqlite

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"strings"

	"zombiezen.com/go/sqlite"

	"github.com/heed-platform/heed/internal/fact"
	"github.com/heed-platform/heed/internal/keep/internal/migrate"
	"github.com/heed-platform/heed/internal/keep/internal/store"
)

// Dump hands out every row on one snapshot. While it runs, the log cannot be
// emptied: whoever erases somebody waits for it with that last step.
func (d *Data) Dump(ctx context.Context, begin func(store.Shape) error, row func(store.Row) error) error {
	return wrap("copy data store", d.db.dump(ctx, "data", begin, row))
}

// Dump hands out every row on one snapshot.
func (i *Identity) Dump(ctx context.Context, begin func(store.Shape) error, row func(store.Row) error) error {
	return wrap("copy identity store", i.db.dump(ctx, "identity", begin, row))
}

func (d *db) dump(ctx context.Context, kind string, begin func(store.Shape) error, row func(store.Row) error) error {
	return d.read(ctx, func(c conn) error {
		shape := store.Shape{Engine: "sqlite", Store: kind}
		err := c.query("SELECT number, name, sum, (SELECT page_count * page_size FROM pragma_page_count, pragma_page_size) FROM schema_step ORDER BY number", func(s *stmt) error {
			shape.Steps = append(shape.Steps, store.Step{Number: s.ColumnInt(0), Name: s.ColumnText(1), Sum: s.ColumnText(2)})
			shape.Bytes = s.ColumnInt64(3)
			return nil
		})
		if err == nil {
			err = begin(shape)
		}
		for _, sheet := range store.Sheets("sqlite", kind) {
			if err != nil {
				return err
			}
			sql := "SELECT " + strings.Join(sheet.Columns, ", ") + " FROM " + sheet.Table
			if sheet.Table == store.Sequences {
				sql = "SELECT name, seq FROM sqlite_sequence"
			}
			values := make([]any, len(sheet.Columns))
			err = c.query(sql, func(s *stmt) error {
				for n := range values {
					values[n] = value(s, n)
				}
				return row(store.Row{Sheet: sheet, Values: values})
			})
		}
		return err
	})
}

func value(s *stmt, col int) any {
	switch s.ColumnType(col) {
	case sqlite.TypeInteger:
		return s.ColumnInt64(col)
	case sqlite.TypeText:
		return s.ColumnText(col)
	case sqlite.TypeBlob:
		b := make([]byte, s.ColumnLen(col))
		s.ColumnBytes(col, b)
		return b
	default:
		return nil
	}
}

// Owners lists fragments of which anything is kept. No fact is without a state.
func (r *reader) Owners(ctx context.Context, after fact.FragmentID, limit int) (ids []fact.FragmentID, err error) {
	err = query(ctx, r.c, `SELECT fragment FROM state WHERE fragment > ?1 UNION SELECT fragment FROM seen_page WHERE fragment > ?1
		UNION SELECT fragment FROM job WHERE fragment > ?1 UNION SELECT fragment FROM timer WHERE fragment > ?1
		UNION SELECT fragment FROM ticket WHERE fragment > ?1 UNION SELECT fragment FROM request WHERE fragment > ?1
		ORDER BY fragment LIMIT ?2 + 0`, func(s *stmt) { ids = append(ids, fragment(s, 0)) }, after, limit)
	return ids, wrap("list owners", err)
}

// Load makes a store ("identity" or "data") at path of the rows of a copy, which
// was made when the store had so many steps behind it; then it takes the other
// steps. It works on a file beside and puts it in place as a whole at the end.
// It fails with ErrUsed when there is a store with anything in it.
func Load(ctx context.Context, path, kind string, steps int, rows iter.Seq2[store.Row, error]) (err error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return fmt.Errorf("load store: %w", err)
	}
	lock, err := acquire(path + ".lock")
	if err != nil {
		return fmt.Errorf("load store: %w", err)
	}
	defer func() { err = wrap("load store", errors.Join(err, lock.Close())) }()
	if err := local(path); err != nil {
		return err
	}
	if used, err := isUsed(path, kind); err != nil || used {
		return errors.Join(err, store.ErrUsed)
	}
	half := path + ".restoring"
	if err := discard(half); err != nil {
		return err
	}
	if err := fill(ctx, half, kind, steps, rows); err != nil {
		return errors.Join(classify(ctx, err), discard(half))
	}
	if err := discard(path); err != nil {
		return err
	}
	if err := os.Rename(half, path); err != nil {
		return err
	}
	folder, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	return errors.Join(folder.Sync(), folder.Close())
}

// discard removes a database file with what SQLite keeps beside it.
func discard(path string) error {
	for _, end := range []string{"", "-wal", "-shm"} {
		if err := os.Remove(path + end); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

// isUsed reports whether there is a row in any table. A store that was made and
// never written to is nobody's.
func isUsed(path, kind string) (used bool, err error) {
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	c, err := dial(path, 1<<10)
	if err != nil {
		return false, err
	}
	defer func() { err = errors.Join(err, c.Close()) }()
	for _, sheet := range store.Sheets("sqlite", kind) {
		there := false
		err := c.query("SELECT 1 FROM sqlite_schema WHERE name = ?", func(*stmt) error { there = true; return nil }, sheet.Table)
		if err == nil && there && sheet.Table != "sweep" { // which has one row from the beginning
			err = c.query("SELECT 1 FROM "+sheet.Table+" LIMIT 1", func(*stmt) error { used = true; return nil })
		}
		if err != nil {
			return false, err
		}
	}
	return used, nil
}

func fill(ctx context.Context, path, kind string, done int, rows iter.Seq2[store.Row, error]) (err error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	steps, err := migrate.Steps("sqlite", kind)
	if err != nil {
		return err
	}
	c, err := dial(path, writerCache)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, c.Close()) }()
	c.SetInterrupt(ctx.Done())
	if err := migrate.Run(ctx, steps[:done], target{c}); err != nil {
		return err
	}
	if err := c.load(rows); err != nil {
		return err
	}
	if err := migrate.Run(ctx, steps, target{c}); err != nil {
		return err
	}
	return truncate(c)
}

// loadGroup is how many rows one commit of a load takes.
const loadGroup = 20_000

func (c conn) load(rows iter.Seq2[store.Row, error]) error {
	begun := map[string]bool{}
	n := 0
	err := c.exec("BEGIN IMMEDIATE")
	for row, rerr := range rows {
		if err == nil {
			err = rerr
		}
		if err != nil {
			break
		}
		if !begun[row.Sheet.Table] { // what the steps themselves put there
			begun[row.Sheet.Table] = true
			err = c.exec("DELETE FROM " + named(row.Sheet))
		}
		if err == nil {
			err = c.exec("INSERT INTO "+named(row.Sheet)+" ("+strings.Join(columnsOf(row.Sheet), ", ")+
				") VALUES (?"+strings.Repeat(", ?", len(row.Values)-1)+")", row.Values...)
		}
		if n++; err == nil && n%loadGroup == 0 {
			err = c.commit()
		}
	}
	if err != nil {
		return errors.Join(err, c.exec("ROLLBACK"))
	}
	return c.exec("COMMIT")
}

// commit ends a group, empties the log into the file, and begins the next.
func (c conn) commit() error {
	if err := c.exec("COMMIT"); err != nil {
		return err
	}
	if err := truncate(c); err != nil {
		return err
	}
	return c.exec("BEGIN IMMEDIATE")
}

func named(s *store.Sheet) string {
	if s.Table == store.Sequences {
		return "sqlite_sequence"
	}
	return s.Table
}

func columnsOf(s *store.Sheet) []string {
	if s.Table == store.Sequences {
		return []string{"name", "seq"}
	}
	return s.Columns
}
