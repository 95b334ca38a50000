package audit_test

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"

	"github.com/heed-platform/heed/internal/account/housetest"
)

// hand is somebody with the database in their hands and heed away.
type hand struct {
	t    *testing.T
	h    *housetest.House
	lite *sqlite.Conn
	pg   pgx.Tx
}

// tamper lets f change what is stored. A process that has a SQLite file alone
// believes what it remembers, so it is ended before and started again after.
func tamper(t *testing.T, h *housetest.House, f func(d hand)) {
	t.Helper()
	if h.Engine == "sqlite" {
		h.Close()
		defer h.Open()
		conn := open(t, h.Data)
		defer func() { _ = conn.Close() }()
		run(t, conn, "BEGIN")
		f(hand{t: t, h: h, lite: conn})
		run(t, conn, "COMMIT")
		return
	}
	ctx := context.Background()
	conn, err := pgx.Connect(ctx, h.Data)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(ctx) }()
	tx, err := conn.Begin(ctx)
	if err != nil {
		t.Fatal(err)
	}
	f(hand{t: t, h: h, pg: tx})
	if err := tx.Commit(ctx); err != nil {
		t.Fatal(err)
	}
}

func open(t *testing.T, path string) *sqlite.Conn {
	t.Helper()
	conn, err := sqlite.OpenConn(path, sqlite.OpenReadWrite)
	if err != nil {
		t.Fatal(err)
	}
	return conn
}

// tables finds the names that SQL of these tests gives to tables.
var tables = regexp.MustCompile(`\{(\w+)\}`)

// data runs SQL on the data store: {fact} is the table of facts, ? a parameter.
// It returns the rows.
func (d hand) data(sql string, args ...any) [][]any {
	d.t.Helper()
	if d.lite != nil {
		return run(d.t, d.lite, tables.ReplaceAllString(sql, "$1"), args...)
	}
	sql = tables.ReplaceAllString(sql, "heed.$1")
	for i := 1; strings.Contains(sql, "?"); i++ {
		sql = strings.Replace(sql, "?", fmt.Sprintf("$%d", i), 1)
	}
	rows, err := d.pg.Query(context.Background(), sql, args...)
	if err != nil {
		d.t.Fatal(err)
	}
	all, err := pgx.CollectRows(rows, func(r pgx.CollectableRow) ([]any, error) { return r.Values() })
	if err != nil {
		d.t.Fatalf("%s: %v", sql, err)
	}
	return all
}

// keys runs SQL on the identity store.
func (d hand) keys(sql string, args ...any) [][]any {
	d.t.Helper()
	conn := open(d.t, d.h.Keys)
	defer func() { _ = conn.Close() }()
	return run(d.t, conn, sql, args...)
}

func run(t *testing.T, conn *sqlite.Conn, sql string, args ...any) [][]any {
	t.Helper()
	var out [][]any
	err := sqlitex.Execute(conn, sql, &sqlitex.ExecOptions{Args: args, ResultFunc: func(s *sqlite.Stmt) error {
		row := make([]any, s.ColumnCount())
		for i := range row {
			switch s.ColumnType(i) {
			case sqlite.TypeInteger:
				row[i] = s.ColumnInt64(i)
			case sqlite.TypeText:
				row[i] = s.ColumnText(i)
			case sqlite.TypeBlob:
				b := make([]byte, s.ColumnLen(i))
				s.ColumnBytes(i, b)
				row[i] = b
			default:
				t.Fatalf("a column of type %v", s.ColumnType(i))
			}
		}
		out = append(out, row)
		return nil
	}})
	if err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	return out
}

// save reads a table whole, restore puts it back.
func (d hand) save(table string) [][]any {
	d.t.Helper()
	return d.data("SELECT * FROM {" + table + "}")
}

func (d hand) restore(table string, rows [][]any) {
	d.t.Helper()
	d.data("DELETE FROM {" + table + "}")
	for _, row := range rows {
		d.data("INSERT INTO {"+table+"} VALUES ("+strings.TrimSuffix(strings.Repeat("?, ", len(row)), ", ")+")", row...)
	}
}

// rewrite changes an audit entry and makes every later hash fit again, as
// somebody can who has the database and knows how the chain is made.
func rewrite(d hand, writer string, from int64) {
	d.t.Helper()
	rows := d.data("SELECT n, at, previous, hash, body FROM {audit} WHERE writer = ? ORDER BY n", writer)
	var previous []byte
	for _, row := range rows {
		n, at, body := as[int64](d.t, row[0]), as[int64](d.t, row[1]), as[[]byte](d.t, row[4])
		if n == from {
			body = []byte(strings.Replace(string(body), `"by":"`, `"by":"x`, 1))
		}
		sum := sha256.New()
		for _, part := range [][]byte{
			previous, []byte(writer), binary.BigEndian.AppendUint64(nil, uint64(n)), binary.BigEndian.AppendUint64(nil, uint64(at)), body,
		} {
			sum.Write(binary.BigEndian.AppendUint32(nil, uint32(len(part))))
			sum.Write(part)
		}
		hash := sum.Sum(nil)
		before := previous
		if before == nil {
			before = []byte{}
		}
		d.data("UPDATE {audit} SET previous = ?, hash = ?, body = ? WHERE writer = ? AND n = ?", before, hash, body, writer, n)
		previous = hash
	}
}

// as is a value of a row that is known to be of a type.
func as[T any](t *testing.T, v any) T {
	t.Helper()
	out, ok := v.(T)
	if !ok {
		t.Fatalf("a %T, not a %T", v, out)
	}
	return out
}
