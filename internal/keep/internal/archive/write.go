package archive

import (
	"archive/tar"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"

	"github.com/heed-platform/heed/internal/keep/internal/store"
)

// chunkSize is when a chunk is full.
const chunkSize = 1 << 20

// Writer writes an archive: New, Row for every row, Close.
type Writer struct {
	tar   *tar.Writer
	about About
	list  contents

	sheet  *store.Sheet
	number int // of the chunk, in its sheet
	rows   int64
	buffer []byte
	bytes  int64
}

// New begins an archive on w.
func New(w io.Writer, about About) (*Writer, error) {
	about.Format = Format
	a := &Writer{tar: tar.NewWriter(w), about: about, buffer: make([]byte, 0, chunkSize+chunkSize/4)}
	raw, err := page(about)
	if err != nil {
		return nil, fmt.Errorf("begin archive: %w", err)
	}
	a.list.About = sum(raw)
	return a, a.entry(aboutName, raw)
}

func sum(b []byte) string {
	h := sha256.Sum256(b)
	return hex.EncodeToString(h[:])
}

func (a *Writer) entry(name string, body []byte) error {
	if err := entry(a.tar, a.about, name, body); err != nil {
		return fmt.Errorf("write archive: %w", err)
	}
	return nil
}

func entry(to *tar.Writer, about About, name string, body []byte) error {
	err := to.WriteHeader(&tar.Header{Name: name, Mode: 0o600, Size: int64(len(body)), ModTime: about.Made.Time(), Format: tar.FormatPAX})
	if err == nil {
		_, err = to.Write(body)
	}
	return err
}

// Row adds a row; rows of one sheet come together.
func (a *Writer) Row(r store.Row) error {
	if a.sheet != r.Sheet {
		if err := a.flush(); err != nil {
			return err
		}
		a.sheet, a.number = r.Sheet, 0
	}
	var err error
	if a.buffer, err = appendRow(a.buffer, r.Values); err != nil {
		return err
	}
	if a.rows++; len(a.buffer) >= chunkSize {
		return a.flush()
	}
	return nil
}

// Bytes is how many bytes of rows were written so far.
func (a *Writer) Bytes() int64 { return a.bytes }

func (a *Writer) flush() error {
	if a.rows == 0 {
		return nil
	}
	a.number++
	c := Chunk{fmt.Sprintf("%s/%06d", a.sheet.Table, a.number), a.rows, int64(len(a.buffer)), sum(a.buffer)}
	if err := a.entry(c.Name, a.buffer); err != nil {
		return err
	}
	a.list.Chunks = append(a.list.Chunks, c)
	a.bytes += c.Bytes
	a.buffer, a.rows = a.buffer[:0], 0
	return nil
}

func sealPage(seal []byte) []byte { return []byte(hex.EncodeToString(seal) + "\n") }

// Close writes the list of what is there, and the seal over it.
func (a *Writer) Close(seal func(list []byte) []byte) error {
	if err := a.flush(); err != nil {
		return err
	}
	raw, err := page(a.list)
	if err != nil {
		return fmt.Errorf("end archive: %w", err)
	}
	if err := a.entry(contentsName, raw); err != nil {
		return err
	}
	if err := a.entry(sealName, sealPage(seal(raw))); err != nil {
		return err
	}
	if err := a.tar.Close(); err != nil {
		return fmt.Errorf("end archive: %w", err)
	}
	return nil
}
