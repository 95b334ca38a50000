package sqlite

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"

	"zombiezen.com/go/sqlite/sqlitex"

	"github.com/heed-platform/heed/internal/keep/internal/migrate"
	"github.com/heed-platform/heed/internal/keep/internal/store"
)

// writerCache is the writer's page cache in KiB.
const writerCache = 64 << 10

var errClosed = fmt.Errorf("%w: it was closed", store.ErrDown)

// db is one file: one connection that writes, some that read, and one that
// copies the log into the file beside them.
type db struct {
	path    string
	lock    *os.File
	turn    chan struct{} // whoever has put a token in it may use writer
	writer  conn          // its Conn is nil after a fault, until reopened
	readers *pool
	closed  chan struct{}
	once    sync.Once

	checkpoints *checkpointer
	// reopened is told when writer is a new connection: what was held in memory
	// about the file has to be read again. closing is called before the last
	// connection goes.
	reopened, closing func(conn) error
}

// open takes the lock, opens the file and migrates it to the store's steps.
func open(ctx context.Context, path, kind string) (*db, error) {
	lock, err := acquire(path + ".lock")
	if err != nil {
		return nil, err
	}
	d := &db{
		path: path, lock: lock,
		turn: make(chan struct{}, 1), closed: make(chan struct{}),
		reopened: nothing, closing: nothing,
	}
	if err := d.start(ctx, kind); err != nil {
		return nil, errors.Join(classify(ctx, err), d.Close())
	}
	return d, nil
}

func (d *db) start(ctx context.Context, kind string) error {
	if err := local(d.path); err != nil {
		return err
	}
	// SQLite would make the file readable for everybody.
	f, err := os.OpenFile(d.path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return fmt.Errorf("open database: %w", err)
	}
	if err := f.Close(); err != nil {
		return fmt.Errorf("open database: %w", err)
	}
	if d.writer, err = dial(d.path, writerCache); err != nil {
		return err
	}
	steps, err := migrate.Steps("sqlite", kind)
	if err != nil {
		return err
	}
	if err := migrate.Run(ctx, steps, target{d.writer}); err != nil {
		return err
	}
	// A crash may have left removed rows in the log.
	if err := truncate(d.writer); err != nil {
		return err
	}
	if d.readers, err = newPool(d.path); err != nil {
		return err
	}
	d.checkpoints, err = newCheckpointer(d)
	return err
}

func nothing(conn) error { return nil }

// gone reports that there is nothing to work on or nobody to work for.
func (d *db) gone(ctx context.Context) error {
	select {
	case <-d.closed:
		return errClosed
	default:
	}
	if ctx.Err() != nil {
		return fmt.Errorf("database work stopped: %w", ctx.Err())
	}
	return nil
}

// hold waits for the turn to write.
func (d *db) hold(ctx context.Context) error {
	if err := d.gone(ctx); err != nil {
		return err
	}
	select {
	case d.turn <- struct{}{}:
		return nil
	case <-d.closed:
		return errClosed
	case <-ctx.Done():
		return fmt.Errorf("wait for the turn to write: %w", ctx.Err())
	}
}

// simply is write for those who need not know how the commit went.
func (d *db) simply(ctx context.Context, f func(conn) error) error {
	return d.write(ctx, func(c conn) (func(bool), error) { return func(bool) {}, f(c) })
}

// write runs f in one transaction. When it returns nil, what f did is on disk.
// What f returns is called with how the commit went, before anybody else writes.
func (d *db) write(ctx context.Context, f func(conn) (func(committed bool), error)) error {
	if err := d.hold(ctx); err != nil {
		return err
	}
	defer func() { <-d.turn }()
	if d.writer.Conn == nil {
		if err := d.reopen(); err != nil {
			return classify(ctx, fmt.Errorf("reopen database: %w", err))
		}
	}
	err := d.transact(ctx, f)
	if broken(err) {
		err = errors.Join(err, d.writer.Close())
		d.writer.Conn = nil
	}
	if err != nil {
		return classify(ctx, err)
	}
	d.checkpoints.kick()
	return nil
}

func (d *db) transact(ctx context.Context, f func(conn) (func(bool), error)) (err error) {
	c := d.writer
	if err := c.exec("BEGIN IMMEDIATE"); err != nil {
		return err
	}
	defer func() {
		c.SetInterrupt(nil)
		if !c.AutocommitEnabled() { // f failed or panicked, or COMMIT did
			err = errors.Join(err, c.exec("ROLLBACK"))
		}
	}()
	c.SetInterrupt(ctx.Done())
	done, err := f(c)
	if err != nil {
		return err
	}
	// From here the answer must be yes or no, not "stopped".
	c.SetInterrupt(nil)
	if err = ctx.Err(); err != nil {
		err = fmt.Errorf("database work stopped: %w", err)
	} else {
		err = c.exec("COMMIT")
	}
	done(err == nil)
	return err
}

func (d *db) reopen() error {
	c, err := dial(d.path, writerCache)
	if err != nil {
		return err
	}
	if err := d.reopened(c); err != nil {
		return errors.Join(err, c.Close())
	}
	d.writer = c
	return nil
}

// read runs f on one snapshot.
func (d *db) read(ctx context.Context, f func(conn) error) error {
	if err := d.gone(ctx); err != nil {
		return err
	}
	c, err := d.readers.take(ctx)
	if err != nil {
		return err
	}
	defer d.readers.put(c)
	if err := c.exec("BEGIN"); err != nil {
		return classify(ctx, err)
	}
	defer func() {
		c.SetInterrupt(nil)
		_ = c.exec("ROLLBACK") // Nothing was written; a snapshot cannot fail to end.
	}()
	return classify(ctx, f(c))
}

// Close waits for the work in hand, empties the log and lets go of the lock.
func (d *db) Close() error {
	var errs []error
	d.once.Do(func() {
		close(d.closed)
		d.turn <- struct{}{}
		if d.checkpoints != nil {
			errs = append(errs, d.checkpoints.Close())
		}
		if d.readers != nil {
			errs = append(errs, d.readers.Close())
		}
		if d.writer.Conn != nil {
			errs = append(errs, d.closing(d.writer), truncate(d.writer), d.writer.Close())
		}
		errs = append(errs, d.lock.Close())
	})
	return errors.Join(errs...)
}

// target lets migrate work on a file; the lock file keeps others out.
type target struct{ conn }

func (t target) Applied(context.Context) ([]migrate.Applied, error) {
	err := t.exec(`CREATE TABLE IF NOT EXISTS schema_step (
		number INTEGER PRIMARY KEY, name TEXT NOT NULL, sum TEXT NOT NULL) STRICT`)
	if err != nil {
		return nil, err
	}
	var all []migrate.Applied
	err = t.query("SELECT number, name, sum FROM schema_step ORDER BY number", func(s *stmt) error {
		all = append(all, migrate.Applied{Number: s.ColumnInt(0), Name: s.ColumnText(1), Sum: s.ColumnText(2)})
		return nil
	})
	return all, err
}

func (t target) Apply(_ context.Context, s migrate.Step) (err error) {
	end, err := sqlitex.ImmediateTransaction(t.Conn)
	if err != nil {
		return err
	}
	defer end(&err)
	if err := sqlitex.ExecuteScript(t.Conn, s.SQL, nil); err != nil {
		return err
	}
	return t.exec("INSERT INTO schema_step (number, name, sum) VALUES (?, ?, ?)", s.Number, s.Name, s.Sum)
}
