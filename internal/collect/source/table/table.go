package table

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/heed-platform/heed/internal/problem"
)

// MaxRow is the most bytes that one row may have.
const MaxRow = 1 << 20

// Kind is how a file is cut into rows.
type Kind uint8

// The kinds. The zero Kind is CSV.
const (
	CSV    Kind = iota
	Spaces      // cells are held apart by any number of spaces or tabs
	Lines       // one JSON value a line
	JSON        // an array of values, one value, or values after one another
)

// Format says how a file is written. The zero Format is CSV with a header whose
// delimiter is found by looking.
type Format struct {
	Kind      Kind
	Delimiter byte     // of CSV; 0 is found by looking
	Columns   []string // nil: the first row names them
	Western   bool     // Windows-1252 in place of UTF-8
	Skip      int      // lines before the header or the first row
}

// The codes of Fault. They are stable and documented.
const (
	OpenQuote   = "open_quote"
	StrayQuote  = "stray_quote"
	BadEncoding = "bad_encoding"
	CellCount   = "cell_count"
	TooLong     = "row_too_long"
	NotJSON     = "not_json"
)

// Fault is why a row could not be read, without any of its text.
type Fault struct{ Code, Why string }

// Row is one row. Its bytes hold until the next call of Next.
type Row struct {
	Line  int      // where it begins, counted from 1; of JSON arrays the element's number
	Cells [][]byte // of CSV and Spaces
	Value []byte   // of Lines and JSON: one checked value
	Raw   []byte   // as it is written, or the part of it that was read
	Fault *Fault
}

// Problems of a whole file.
var (
	errUTF16    = problem.New(problem.Invalid, "file-utf16", "The file is written in UTF-16; save it as CSV in UTF-8 and import it again.")
	errNoHeader = problem.New(problem.Invalid, "file-empty", "The file has no first row with the names of its columns; check it, or list the columns in the mapping.")
	errTwice    = problem.New(problem.Invalid, "file-column-twice", "Two columns of the file have the same name; rename one, or list the columns in the mapping.")
	errGzip     = problem.New(problem.Invalid, "file-torn", "The packed file is damaged or was cut off; fetch it again.")
)

// Reader reads rows. Use Open.
type Reader struct {
	format  Format
	in      *window
	columns []string
	cells   [][]byte
	scratch []byte
	row     Row
	array   bool // inside a JSON array
	number  int  // of JSON values so far
}

// Open looks at the beginning of a file. It undoes gzip by itself. Its problems
// are file-utf16, file-empty, file-column-twice and file-torn.
func Open(r io.Reader, f Format) (*Reader, error) {
	r, err := unpack(r)
	if err != nil {
		return nil, err
	}
	if f.Western {
		r = &western{in: r}
	}
	t := &Reader{format: f, in: newWindow(r), columns: f.Columns}
	if err := t.mark(); err != nil {
		return nil, err
	}
	for range f.Skip {
		if _, err := t.in.line(); err != nil && !errors.Is(err, errLongLine) {
			return t, eof(err)
		}
	}
	switch f.Kind {
	case CSV:
		if f.Delimiter == 0 {
			t.format.Delimiter = sniff(t.in.peek(), len(f.Columns))
		}
		return t, t.header()
	case Spaces:
		return t, t.header()
	case JSON:
		return t, t.lean()
	case Lines:
	}
	return t, nil
}

// Columns are the names of the columns, in their order; none for JSON.
func (t *Reader) Columns() []string { return t.columns }

func unpack(r io.Reader) (io.Reader, error) {
	b := bufio.NewReaderSize(r, 64<<10)
	if head, err := b.Peek(2); err != nil || head[0] != 0x1f || head[1] != 0x8b {
		return b, nil //nolint:nilerr // a file of one byte is not packed
	}
	z, err := gzip.NewReader(b)
	if err != nil {
		return nil, errGzip.Because(err)
	}
	return z, nil
}

// mark passes the byte order mark and refuses what is not bytes of text.
func (t *Reader) mark() error {
	head := t.in.peek()
	switch {
	case bytes.HasPrefix(head, []byte("\xef\xbb\xbf")):
		t.in.from += 3
	case bytes.HasPrefix(head, []byte("\xff\xfe")), bytes.HasPrefix(head, []byte("\xfe\xff")):
		return errUTF16
	}
	return t.failed()
}

// failed is what went wrong with reading itself.
func (t *Reader) failed() error {
	switch err := t.in.err; {
	case err == nil || errors.Is(err, io.EOF):
		return nil
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, gzip.ErrChecksum), errors.Is(err, gzip.ErrHeader):
		return errGzip.Because(err)
	default:
		return fmt.Errorf("read rows: %w", err)
	}
}

func eof(err error) error {
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}

// header reads the names of the columns. Space around a name and a mark that a
// spreadsheet left in it are not part of it.
func (t *Reader) header() error {
	if t.columns != nil {
		return nil
	}
	row, err := t.Next()
	if errors.Is(err, io.EOF) {
		return errNoHeader
	}
	if err != nil {
		return err
	}
	if row.Fault != nil {
		return errNoHeader.At(fmt.Sprintf("line %d", row.Line), row.Fault.Why)
	}
	seen := map[string]bool{}
	columns := make([]string, len(row.Cells))
	for i, c := range row.Cells {
		columns[i] = strings.TrimSpace(string(c))
		if seen[columns[i]] && columns[i] != "" {
			return errTwice.At(fmt.Sprintf("line %d", row.Line), columns[i])
		}
		seen[columns[i]] = true
	}
	t.columns = columns
	return nil
}

// Next reads one row; rows without a word in them are passed over. A row that
// cannot be read is returned with its Fault. At the end it returns io.EOF; other
// errors are the file's and end it.
func (t *Reader) Next() (*Row, error) {
	for {
		t.row = Row{Line: t.in.number + 1}
		var err error
		switch t.format.Kind {
		case CSV:
			err = t.csv()
		case Spaces, Lines:
			err = t.single()
		case JSON:
			err = t.value()
		}
		if err != nil {
			return nil, err
		}
		if t.row.Fault != nil {
			return &t.row, nil
		}
		if t.blank() {
			continue
		}
		if !utf8.Valid(t.row.Raw) {
			t.refuse(BadEncoding, "the row is not clean UTF-8; save the file as UTF-8, or name its encoding in the mapping")
			return &t.row, nil
		}
		t.count()
		return &t.row, nil
	}
}

func (t *Reader) refuse(code, why string) { t.row.Fault = &Fault{code, why} }

func (t *Reader) blank() bool {
	for _, c := range t.row.Cells {
		if len(c) > 0 {
			return false
		}
	}
	return len(t.row.Value) == 0
}

// count refuses rows with another number of cells than there are columns. Empty
// cells at the end are what spreadsheets leave behind.
func (t *Reader) count() {
	if t.columns == nil || t.format.Kind == Lines || t.format.Kind == JSON {
		return
	}
	for len(t.row.Cells) > len(t.columns) && len(t.row.Cells[len(t.row.Cells)-1]) == 0 {
		t.row.Cells = t.row.Cells[:len(t.row.Cells)-1]
	}
	if n := len(t.row.Cells); n != len(t.columns) {
		t.refuse(CellCount, fmt.Sprintf("the row has %d cells in place of %d; quote what holds a delimiter", n, len(t.columns)))
	}
}

// single reads a row that ends with its line.
func (t *Reader) single() error {
	line, err := t.in.line()
	if errors.Is(err, errLongLine) {
		t.refuse(TooLong, "the row is longer than 1 MB")
		t.row.Raw = line
		return nil
	}
	if err != nil {
		return t.end(err)
	}
	t.row.Raw = line
	if t.format.Kind == Spaces {
		t.cells = fields(t.cells[:0], line)
		t.row.Cells = t.cells
		return nil
	}
	t.row.Value = bytes.TrimSpace(line)
	t.judge()
	return nil
}

func fields(dst [][]byte, line []byte) [][]byte {
	for f := range bytes.FieldsSeq(line) {
		dst = append(dst, f)
	}
	return dst
}

// end is io.EOF, or what ended the file before its time.
func (t *Reader) end(err error) error {
	if failed := t.failed(); failed != nil {
		return failed
	}
	return err
}

// In says in which field the fault lies.
func (f *Fault) In(field string) *Fault { return &Fault{f.Code, field + ": " + f.Why} }
