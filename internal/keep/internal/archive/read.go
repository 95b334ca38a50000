package archive

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/heed-platform/heed/internal/keep/internal/store"
)

// largest bounds an entry: a chunk is full at chunkSize, and no row is longer
// than what the vault seals at once.
const largest = 64 << 20

// Read reads an archive from end to end and hands out every row, after begin was
// told what it is. Only when it returns without an error is what was handed out
// what was written.
func Read(r io.Reader, begin func(About) error, row func(store.Row) error) (Contents, error) {
	raw, again := sha256.New(), sha256.New()
	r = io.TeeReader(r, raw)
	in := &reading{tar: tar.NewReader(r), again: tar.NewWriter(again), row: row}
	found, err := in.all(begin)
	if err != nil {
		return Contents{}, err
	}
	// What the tar's own frame may hold and nobody reads is held to be what we
	// would write.
	if _, err := io.Copy(io.Discard, r); err != nil {
		return Contents{}, fmt.Errorf("read archive: %w", err)
	}
	if err := in.again.Close(); err != nil || !bytes.Equal(raw.Sum(nil), again.Sum(nil)) {
		return Contents{}, ErrBroken
	}
	return found, nil
}

func (in *reading) all(begin func(About) error) (Contents, error) {
	raw, err := in.named(aboutName)
	if err != nil {
		return Contents{}, err
	}
	if err := begin(in.found.About); err != nil {
		return Contents{}, err
	}
	if in.found.list, err = in.chunks(); err != nil {
		return Contents{}, err
	}
	if err := in.compare(sum(raw)); err != nil {
		return Contents{}, err
	}
	raw, err = in.named(sealName)
	if err != nil {
		return Contents{}, err
	}
	in.found.seal, err = hex.DecodeString(strings.TrimSpace(string(raw)))
	if err != nil || string(sealPage(in.found.seal)) != string(raw) {
		return Contents{}, ErrBroken
	}
	if _, err := in.tar.Next(); !errors.Is(err, io.EOF) {
		return Contents{}, ErrBroken
	}
	return in.found, nil
}

type reading struct {
	tar    *tar.Reader
	again  *tar.Writer // hears what was read
	row    func(store.Row) error
	sheets map[string]*store.Sheet
	found  Contents
	met    []Chunk
}

// entry is the next one.
func (in *reading) entry() (name string, body []byte, err error) {
	head, err := in.tar.Next()
	if err != nil {
		return "", nil, broken(err)
	}
	if head.Typeflag != tar.TypeReg || head.Size < 0 || head.Size > largest {
		return "", nil, ErrBroken
	}
	var b bytes.Buffer
	if _, err := io.Copy(&b, in.tar); err != nil {
		return "", nil, broken(err)
	}
	if head.Name == aboutName { // which says when all of it was made
		if err := in.about(b.Bytes()); err != nil {
			return "", nil, err
		}
	}
	if err := entry(in.again, in.found.About, head.Name, b.Bytes()); err != nil {
		return "", nil, ErrBroken
	}
	return head.Name, b.Bytes(), nil
}

// broken names what a tar that is none answers; a disk that cannot be read is
// another matter.
func broken(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, tar.ErrHeader) || errors.Is(err, tar.ErrFieldTooLong) {
		return ErrBroken
	}
	return fmt.Errorf("read archive: %w", err)
}

func (in *reading) named(want string) ([]byte, error) {
	name, body, err := in.entry()
	if err == nil && name != want {
		err = ErrBroken
	}
	return body, err
}

func (in *reading) about(raw []byte) error {
	a := &in.found.About
	if json.Unmarshal(raw, a) != nil || a.Format < 1 {
		return ErrBroken
	}
	if a.Format > Format {
		return ErrNewer
	}
	in.sheets = map[string]*store.Sheet{}
	for _, s := range a.Sheets {
		if s == nil || len(s.Columns) == 0 || in.sheets[s.Table] != nil || !isName(s.Table) || !allNames(s.Columns) {
			return ErrBroken
		}
		in.sheets[s.Table] = s
	}
	return nil
}

// chunks reads on to the list of contents and returns it.
func (in *reading) chunks() ([]byte, error) {
	for {
		name, body, err := in.entry()
		if err != nil || name == contentsName {
			return body, err
		}
		table, _, _ := strings.Cut(name, "/")
		sheet := in.sheets[table]
		if sheet == nil {
			return nil, ErrBroken
		}
		c := Chunk{Name: name, Bytes: int64(len(body)), SHA256: sum(body)}
		for len(body) > 0 {
			var values []any
			if values, body, err = takeRow(body, len(sheet.Columns)); err != nil {
				return nil, err
			}
			c.Rows++
			if err := in.row(store.Row{Sheet: sheet, Values: values}); err != nil {
				return nil, err
			}
		}
		in.met = append(in.met, c)
		in.found.Rows += c.Rows
		in.found.Bytes += c.Bytes
	}
}

func (in *reading) compare(about string) error {
	var list contents
	if json.Unmarshal(in.found.list, &list) != nil || list.About != about || !slices.Equal(list.Chunks, in.met) {
		return ErrBroken
	}
	return nil
}

// isName reports whether s can only be the name of a table or column.
func isName(s string) bool {
	return s != "" && strings.Trim(s, "abcdefghijklmnopqrstuvwxyz0123456789_") == ""
}

func allNames(list []string) bool {
	return !slices.ContainsFunc(list, func(s string) bool { return !isName(s) })
}
