package sqlite

import (
	"context"
	"errors"
	"fmt"
	"time"

	"zombiezen.com/go/sqlite/sqlitex"
)

// The log is copied into the file once it holds so many pages, and the writer
// is stopped for the rest of the copy once it holds so many: under constant
// load there is otherwise never a moment in which the log may start again.
const (
	logCopy  = 2_000
	logPause = 16_000
)

// checkpointer copies the log into the file on its own connection, so that no
// writer waits for it.
type checkpointer struct {
	db   *db
	conn conn
	wake chan struct{}
	done chan struct{}
	err  error
}

func newCheckpointer(d *db) (*checkpointer, error) {
	c, err := dial(d.path, 1<<10)
	if err != nil {
		return nil, err
	}
	p := &checkpointer{db: d, conn: c, wake: make(chan struct{}, 1), done: make(chan struct{})}
	go p.run()
	return p, nil
}

// kick says that a write was committed.
func (p *checkpointer) kick() {
	select {
	case p.wake <- struct{}{}:
	default:
	}
}

func (p *checkpointer) run() {
	defer close(p.done)
	for {
		select {
		case <-p.db.closed:
			return
		case <-p.wake:
			// A failed copy loses nothing: the log stays as it is, and the writer
			// meets the same fault itself.
			p.err = p.copy()
		}
	}
}

func (p *checkpointer) copy() error {
	pages, copied, err := checkpoint(p.conn, "NOOP")
	if err != nil || pages-copied < logCopy {
		return err
	}
	if pages, _, err = checkpoint(p.conn, "PASSIVE"); err != nil || pages < logPause {
		return err
	}
	select {
	case p.db.turn <- struct{}{}:
		defer func() { <-p.db.turn }()
		_, _, err = checkpoint(p.conn, "PASSIVE")
		return err
	case <-p.db.closed:
		return nil
	}
}

// Close waits for the copy in hand.
func (p *checkpointer) Close() error {
	<-p.done
	return errors.Join(p.err, p.conn.Close())
}

// checkpoint returns how many pages the log holds and how many of them are in
// the file.
func checkpoint(c conn, mode string) (pages, copied int, err error) {
	busy := 0
	err = sqlitex.ExecuteTransient(c.Conn, "PRAGMA wal_checkpoint("+mode+")", &sqlitex.ExecOptions{
		ResultFunc: func(s *stmt) error {
			busy, pages, copied = s.ColumnInt(0), s.ColumnInt(1), s.ColumnInt(2)
			return nil
		},
	})
	if err != nil {
		return 0, 0, fmt.Errorf("checkpoint: %w", err)
	}
	if mode == "TRUNCATE" && busy != 0 {
		return pages, copied, errBusy
	}
	return pages, copied, nil
}

var errBusy = errors.New("checkpoint: readers still use the log")

// truncate empties the log into the file; nobody else may write meanwhile. It
// does not wait long for readers, because writers wait for it.
func truncate(c conn) error {
	c.SetBusyTimeout(20 * time.Millisecond)
	defer c.SetBusyTimeout(patience)
	_, _, err := checkpoint(c, "TRUNCATE")
	return err
}

// scrub leaves no removed row in the file and the log: it waits for the readers
// that began earlier, as long as ctx allows, and keeps writers out of the way
// only while it tries.
func (d *db) scrub(ctx context.Context) error {
	if err := d.wipe(ctx); err != nil {
		return err
	}
	for wait := time.Millisecond; ; wait = min(2*wait, 200*time.Millisecond) {
		err := d.tryTruncate(ctx)
		if err == nil || !errors.Is(err, errBusy) {
			return classify(ctx, err)
		}
		pause, stop := context.WithTimeout(ctx, wait)
		<-pause.Done()
		stop()
		if ctx.Err() != nil {
			return fmt.Errorf("%w: %w", err, ctx.Err())
		}
	}
}

func (d *db) tryTruncate(ctx context.Context) error {
	if err := d.hold(ctx); err != nil {
		return err
	}
	defer func() { <-d.turn }()
	if d.writer.Conn == nil {
		if err := d.reopen(); err != nil {
			return fmt.Errorf("reopen database: %w", err)
		}
	}
	return truncate(d.writer)
}
