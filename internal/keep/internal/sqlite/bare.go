package sqlite

import (
	"context"
	"errors"
	"fmt"

	"zombiezen.com/go/sqlite/sqlitex"
)

// Bare inserts rows into a table of a file of its own, group rows a transaction
// and as durably as heed does, until more says stop. It returns how many. This
// is the least that any store on this engine does; heed bench measures against it.
func Bare(ctx context.Context, path string, row []byte, group int, more func() bool) (n int, err error) {
	c, err := dial(path, 64<<10)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, c.Close()) }()
	if err := sqlitex.ExecuteTransient(c.Conn, "CREATE TABLE bare (n INTEGER PRIMARY KEY, body BLOB) STRICT", nil); err != nil {
		return 0, fmt.Errorf("bare loop: %w", err)
	}
	insert, err := c.Prepare("INSERT INTO bare (body) VALUES (?)")
	if err != nil {
		return 0, fmt.Errorf("bare loop: %w", err)
	}
	for more() && ctx.Err() == nil {
		if err := bareGroup(c, insert, row, group); err != nil {
			return n, fmt.Errorf("bare loop: %w", err)
		}
		n += group
		if n%(group*40) == 0 {
			if err := sqlitex.ExecuteTransient(c.Conn, "PRAGMA wal_checkpoint(PASSIVE)", nil); err != nil {
				return n, fmt.Errorf("bare loop: %w", err)
			}
		}
	}
	return n, nil
}

func bareGroup(c conn, insert *stmt, row []byte, group int) (err error) {
	end, err := sqlitex.ImmediateTransaction(c.Conn)
	if err != nil {
		return err
	}
	defer end(&err)
	for range group {
		insert.BindBytes(1, row)
		if _, err := insert.Step(); err != nil {
			return err
		}
		if err := insert.Reset(); err != nil {
			return err
		}
	}
	return nil
}
