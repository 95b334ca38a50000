package archive_test

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/heed-platform/heed/internal/clock"
	"github.com/heed-platform/heed/internal/keep/internal/archive"
	"github.com/heed-platform/heed/internal/keep/internal/store"
)

func seal(list []byte) []byte {
	sum := sha256.Sum256(append([]byte("key"), list...))
	return sum[:]
}

var sheets = []*store.Sheet{{Table: "fact", Columns: []string{"n", "body", "name", "yes"}}, {Table: "meta", Columns: []string{"name", "value"}}}

// written is an archive of these rows.
func written(t failer, rows []store.Row) []byte {
	t.Helper()
	var b bytes.Buffer
	w, err := archive.New(&b, archive.About{ID: "a", Made: clock.Instant(1_700_000_000_123_456), Sheets: sheets, Shape: store.Shape{Engine: "sqlite", Store: "data"}})
	for _, r := range rows {
		if err == nil {
			err = w.Row(r)
		}
	}
	if err == nil {
		err = w.Close(seal)
	}
	if err != nil {
		t.Fatalf("write: %v", err)
	}
	return b.Bytes()
}

type failer interface {
	Helper()
	Fatalf(format string, args ...any)
}

func read(raw []byte) (rows []store.Row, c archive.Contents, err error) {
	c, err = archive.Read(bytes.NewReader(raw), func(archive.About) error { return nil }, func(r store.Row) error {
		rows = append(rows, r)
		return nil
	})
	return rows, c, err
}

func TestArchive_givesBackWhatWasWritten(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		value := rapid.OneOf(
			rapid.Int64().AsAny(), rapid.String().AsAny(), rapid.SliceOf(rapid.Byte()).AsAny(), rapid.Bool().AsAny(), rapid.Just[any](nil),
		)
		var rows []store.Row
		for _, s := range sheets {
			for range rapid.IntRange(0, 20).Draw(t, "rows") {
				rows = append(rows, store.Row{Sheet: s, Values: rapid.SliceOfN(value, len(s.Columns), len(s.Columns)).Draw(t, "row")})
			}
		}
		got, c, err := read(written(t, rows))
		if err != nil || !c.Sealed(seal) || c.Rows != int64(len(rows)) {
			t.Fatalf("%d rows of %d, sealed %v: %v", c.Rows, len(rows), c.Sealed(seal), err)
		}
		if c.Sealed(func([]byte) []byte { return []byte("another key") }) {
			t.Fatal("anybody's seal is taken")
		}
		if diff := cmp.Diff(rows, got, cmp.Transformer("bytes", func(b []byte) string { return string(b) })); diff != "" {
			t.Fatalf("(-want +got):\n%s", diff)
		}
	})
}

// Every bit that is turned and every cut is noticed; what grew is, too.
func TestArchive_everyFaultIsFound(t *testing.T) {
	t.Parallel()
	var rows []store.Row
	for n := range int64(40) {
		rows = append(rows, store.Row{Sheet: sheets[0], Values: []any{n, []byte("sealed"), "name", true}})
	}
	rows = append(rows, store.Row{Sheet: sheets[1], Values: []any{"epoch", []byte{0, 1}}})
	whole := written(t, rows)
	if _, _, err := read(whole); err != nil {
		t.Fatal(err)
	}
	for at := range whole {
		turned := bytes.Clone(whole)
		turned[at] ^= 1 << (at % 8)
		if _, c, err := read(turned); err == nil && c.Sealed(seal) {
			t.Fatalf("byte %d of %d turned, and nobody notices", at, len(whole))
		}
		if _, _, err := read(whole[:at]); !errors.Is(err, archive.ErrBroken) {
			t.Fatalf("cut at byte %d of %d: %v", at, len(whole), err)
		}
	}
	if _, _, err := read(append(bytes.Clone(whole), 0)); !errors.Is(err, archive.ErrBroken) {
		t.Fatalf("with something behind it: %v", err)
	}
}

// A name that is no name of a table never gets to a database.
func TestArchive_namesAreNames(t *testing.T) {
	t.Parallel()
	for _, bad := range []string{"", "fact; DROP TABLE fact", "Fact", "fact.body", `"fact"`, "fact--"} {
		var b bytes.Buffer
		w, err := archive.New(&b, archive.About{Sheets: []*store.Sheet{{Table: "fact", Columns: []string{bad}}}})
		if err == nil {
			err = w.Close(seal)
		}
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err := read(b.Bytes()); !errors.Is(err, archive.ErrBroken) {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

func FuzzRead(f *testing.F) {
	f.Add(written(f, nil))
	f.Add(written(f, []store.Row{{Sheet: sheets[1], Values: []any{"name", []byte("value")}}}))
	f.Add([]byte("not a tar"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		_, _, err := read(raw)
		if err == nil && len(raw) < 3*512 {
			t.Error("something this short is no archive")
		}
	})
}
