package sqlite

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"

	"github.com/heed-platform/heed/internal/clock"
	"github.com/heed-platform/heed/internal/fact"
	"github.com/heed-platform/heed/internal/person"
	"github.com/heed-platform/heed/internal/problem"
)

// oldest is the first SQLite without the WAL-reset race, which can lose
// committed writes: 3.51.3.
const oldest = 3_051_003

// patience is how long a connection waits for a lock of the file. Nobody else
// takes one but our own copying of the log, and an operator's shell.
const patience = 200 * time.Millisecond

var errUnsafe = problem.New(problem.Unavailable, "database-unsafe",
	"SQLite does not keep a setting that heed's promises rest on; use an official build on a local disk.")

// settings are asked of every connection and read back.
var settings = []struct{ name, set, want string }{
	{"journal_mode", "wal", "wal"},
	{"synchronous", "FULL", "2"},
	{"secure_delete", "ON", "1"},
	{"wal_autocheckpoint", "0", "0"},
	{"temp_store", "MEMORY", "2"},
	{"foreign_keys", "ON", "1"},
	{"trusted_schema", "OFF", "0"},
}

// stmt is a prepared statement.
type stmt = sqlite.Stmt

// conn is one connection with its statements kept prepared.
type conn struct{ *sqlite.Conn }

// dial opens a connection and proves its settings. cache is in KiB.
func dial(path string, cache int) (conn, error) {
	if sqlite.VersionNumber < oldest {
		return conn{}, errUnsafe.At("sqlite_version", sqlite.Version)
	}
	raw, err := sqlite.OpenConn(path, sqlite.OpenReadWrite|sqlite.OpenCreate)
	if err != nil {
		return conn{}, fmt.Errorf("open %s: %w", path, err)
	}
	raw.SetBusyTimeout(patience)
	c := conn{raw}
	if err := c.prove(cache); err != nil {
		return conn{}, errors.Join(err, raw.Close())
	}
	return c, nil
}

func (c conn) prove(cache int) error {
	if err := sqlitex.ExecuteTransient(c.Conn, "PRAGMA cache_size=-"+strconv.Itoa(cache), nil); err != nil {
		return fmt.Errorf("set cache_size: %w", err)
	}
	for _, s := range settings {
		if err := sqlitex.ExecuteTransient(c.Conn, "PRAGMA "+s.name+"="+s.set, nil); err != nil {
			return fmt.Errorf("set %s: %w", s.name, err)
		}
		got, err := c.pragma(s.name)
		if err != nil {
			return err
		}
		if got != s.want {
			return errUnsafe.At(s.name, got)
		}
	}
	return nil
}

// pragma is the first column of a pragma's first row.
func (c conn) pragma(name string) (string, error) {
	var got string
	err := sqlitex.ExecuteTransient(c.Conn, "PRAGMA "+name, &sqlitex.ExecOptions{
		ResultFunc: func(s *stmt) error { got = s.ColumnText(0); return nil },
	})
	if err != nil {
		return "", fmt.Errorf("read %s: %w", name, err)
	}
	return got, nil
}

// exec runs a statement that returns no rows.
func (c conn) exec(sql string, args ...any) error { return c.query(sql, nil, args...) }

// query runs a prepared statement and calls row for each row. row must not run
// the same statement.
//
// Statements say LIMIT ? + 0: for a bare LIMIT ? SQLite looks at the value when it
// plans, and so plans anew each time one is bound, which costs more than most of
// what we ask.
func (c conn) query(sql string, row func(*stmt) error, args ...any) error {
	s, err := c.Prepare(sql)
	if err != nil {
		return err
	}
	for i, a := range args {
		if err := bind(s, i+1, a); err != nil {
			return err
		}
	}
	for {
		more, err := s.Step()
		if err != nil {
			return err
		}
		if !more {
			return s.Reset()
		}
		if err := row(s); err != nil {
			_ = s.Reset() // Reset repeats the last step's error, and there was none.
			return err
		}
	}
}

var errText = errors.New("text must be UTF-8 without NUL")

// bind refuses text that PostgreSQL would refuse.
func bind(s *stmt, i int, a any) error {
	switch v := a.(type) {
	case int64:
		s.BindInt64(i, v)
	case int:
		s.BindInt64(i, int64(v))
	case uint64:
		s.BindInt64(i, int64(v))
	case fact.FragmentID:
		s.BindInt64(i, int64(v))
	case fact.Kind:
		s.BindInt64(i, int64(v))
	case clock.Instant:
		s.BindInt64(i, int64(v))
	case bool:
		s.BindBool(i, v)
	case string:
		if !utf8.ValidString(v) || strings.IndexByte(v, 0) >= 0 {
			return errText
		}
		s.BindText(i, v)
	case person.Namespace:
		return bind(s, i, string(v))
	case nil:
		s.BindNull(i)
	case []byte:
		s.BindBytes(i, v)
	case person.Hash:
		s.BindBytes(i, v[:])
	case person.Ref:
		b := v.Bytes()
		s.BindBytes(i, b[:])
	default:
		return fmt.Errorf("cannot bind %T", a)
	}
	return nil
}

// blob copies a column; empty is nil, as in the other engine.
func blob(s *stmt, col int) []byte {
	n := s.ColumnLen(col)
	if n == 0 {
		return nil
	}
	b := make([]byte, n)
	s.ColumnBytes(col, b)
	return b
}

func hash(s *stmt, col int) (h person.Hash) {
	s.ColumnBytes(col, h[:])
	return h
}

func instant(s *stmt, col int) clock.Instant { return clock.Instant(s.ColumnInt64(col)) }

func fragment(s *stmt, col int) fact.FragmentID { return fact.FragmentID(s.ColumnInt64(col)) }

// pool lends connections for reading.
type pool struct {
	free chan conn
	made int
}

func newPool(path string) (*pool, error) {
	n := max(4, 2*runtime.GOMAXPROCS(0))
	p := &pool{free: make(chan conn, n)}
	for range n {
		c, err := dial(path, 8<<10)
		if err != nil {
			return nil, errors.Join(err, p.Close())
		}
		p.free <- c
		p.made++
		if err := sqlitex.ExecuteTransient(c.Conn, "PRAGMA query_only=ON", nil); err != nil {
			return nil, errors.Join(err, p.Close())
		}
	}
	return p, nil
}

func (p *pool) take(ctx context.Context) (conn, error) {
	select {
	case c := <-p.free:
		c.SetInterrupt(ctx.Done())
		return c, nil
	case <-ctx.Done():
		return conn{}, fmt.Errorf("wait for a database connection: %w", ctx.Err())
	}
}

func (p *pool) put(c conn) {
	c.SetInterrupt(nil)
	p.free <- c
}

// Close waits until every connection came back.
func (p *pool) Close() error {
	var errs []error
	for range p.made {
		c := <-p.free
		errs = append(errs, c.Close())
	}
	return errors.Join(errs...)
}
