package source

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/heed-platform/heed/internal/collect/event/strict"
	"github.com/heed-platform/heed/internal/collect/source/mapping"
	"github.com/heed-platform/heed/internal/collect/source/table"
	"github.com/heed-platform/heed/internal/problem"
)

var (
	errColumns = problem.New(problem.Invalid, "import-columns", "The files lack columns that the mapping reads; check the mapping's names against the first row of the file.")
	errFile    = problem.New(problem.Invalid, "import-file-unreadable", "A file cannot be read to its end; mend the named one and import again.")
)

// rows reads one file as the mapping sees it.
type rows struct {
	in    input
	file  *mapping.File
	close func() error
	table *table.Reader
	place []int // of each column the mapping reads, in the file
	empty map[string]bool
	read  *int64 // bytes of the file, as it lies on disk
}

// open opens a file and finds the columns that the mapping reads.
func open(f *mapping.File, in input) (*rows, error) {
	file, err := os.Open(in.path)
	if err != nil {
		return nil, errFile.At(in.name, "cannot be opened").Because(err)
	}
	r := &rows{in: in, file: f, close: file.Close, read: new(int64), empty: map[string]bool{}}
	for _, word := range f.Empty {
		r.empty[word] = true
	}
	if r.table, err = table.Open(&counting{file, r.read}, f.Format); err != nil {
		return nil, errors.Join(in.say(err), file.Close())
	}
	if !isTable(f) {
		return r, nil
	}
	lacking := errColumns
	for _, name := range f.Columns {
		at := slices.Index(r.table.Columns(), name)
		if at < 0 {
			lacking = lacking.At(in.name, fmt.Sprintf("has no column %q", name))
		}
		r.place = append(r.place, at)
	}
	if len(lacking.Fields) > 0 {
		return nil, errors.Join(lacking, file.Close())
	}
	return r, nil
}

// say adds the file's name to what the table found wrong with it.
func (i *input) say(err error) error {
	if p, ok := errors.AsType[*problem.Error](err); ok {
		return p.At(i.name, "is the file").Because(err)
	}
	return errFile.At(i.name, "is the file").Because(err)
}

type counting struct {
	in io.Reader
	n  *int64
}

func (c *counting) Read(p []byte) (int, error) {
	n, err := c.in.Read(p)
	*c.n += int64(n)
	return n, err
}

// next reads one row. The record is its own; the row holds until the next call.
// At the end it returns io.EOF.
func (r *rows) next() (*table.Row, mapping.Record, error) {
	row, err := r.table.Next()
	if errors.Is(err, io.EOF) {
		return nil, mapping.Record{}, io.EOF
	}
	if err != nil {
		return nil, mapping.Record{}, r.in.say(err)
	}
	rec := mapping.Record{File: r.in.name, Line: row.Line}
	switch {
	case row.Fault != nil:
	case isTable(r.file):
		rec.Cells = r.cells(row.Cells)
	default:
		rec.Value = slices.Clone(row.Value)
		rec.Cells = r.members(rec.Value)
	}
	return row, rec, nil
}

// cells are those that the mapping reads, in one piece of memory.
func (r *rows) cells(all [][]byte) []string {
	var b strings.Builder
	size := 0
	for _, at := range r.place {
		size += len(all[at])
	}
	b.Grow(size)
	for _, at := range r.place {
		b.Write(all[at])
	}
	text := b.String()
	out := make([]string, len(r.place))
	for i, at := range r.place {
		n := len(all[at])
		out[i], text = text[:n], text[n:]
		if r.empty[out[i]] {
			out[i] = ""
		}
	}
	return out
}

// members are the values that the mapping's paths lead to: text as it is,
// everything else as JSON.
func (r *rows) members(value []byte) []string {
	out := make([]string, len(r.file.Columns))
	for i, path := range r.file.Columns {
		raw := strict.Find(value, path)
		if strict.IsNull(raw) {
			continue
		}
		text, ok := strict.Text(raw)
		if !ok {
			text = string(raw)
		}
		if !r.empty[text] {
			out[i] = text
		}
	}
	return out
}

// each reads all rows of some files, one file after the other.
func each(ctx context.Context, f *mapping.File, files []input, visit func(*rows, *table.Row, mapping.Record) error) error {
	for _, in := range files {
		r, err := open(f, in)
		if err != nil {
			return err
		}
		for n := 0; err == nil; n++ {
			var row *table.Row
			var rec mapping.Record
			if row, rec, err = r.next(); err == nil {
				err = visit(r, row, rec)
			}
			if n%1024 == 0 && err == nil {
				err = ctx.Err()
			}
		}
		if closed := r.close(); closed != nil || !errors.Is(err, io.EOF) {
			return errors.Join(err, closed)
		}
	}
	return nil
}
