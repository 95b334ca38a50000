package table

import (
	"bytes"
	"errors"
	"io"
)

var errLongLine = errors.New("the line is longer than a row may be")

// window is the part of a file that is being looked at.
type window struct {
	in       io.Reader
	buf      []byte
	from, to int
	number   int // of lines passed
	err      error
}

const firstWindow = 64 << 10

func newWindow(r io.Reader) *window { return &window{in: r, buf: make([]byte, firstWindow)} }

// rest is what is there without reading on.
func (w *window) rest() []byte { return w.buf[w.from:w.to] }

// peek is the beginning of what is left.
func (w *window) peek() []byte {
	if w.to-w.from < firstWindow/2 {
		w.more()
	}
	return w.rest()
}

// more reads on until there is twice as much, so that what is looked at again
// stays in proportion, and reports whether anything came. It moves or grows the
// buffer, which never holds more than one row and a little.
func (w *window) more() bool {
	had := w.to - w.from
	want := max(2*had, firstWindow/2)
	for idle := 0; w.err == nil && w.to-w.from < want; {
		w.room()
		var n int
		n, w.err = w.in.Read(w.buf[w.to:])
		w.to += n
		if idle++; n > 0 {
			idle = 0
		}
		if idle == 100 {
			w.err = io.ErrNoProgress
		}
	}
	return w.to-w.from > had
}

// room makes space behind what is there.
func (w *window) room() {
	if w.from > 0 {
		w.to = copy(w.buf, w.buf[w.from:w.to])
		w.from = 0
	}
	if w.to == len(w.buf) {
		bigger := make([]byte, 2*len(w.buf))
		copy(bigger, w.buf)
		w.buf = bigger
	}
}

// pass moves on by n bytes and counts their lines.
func (w *window) pass(n int) {
	w.number += bytes.Count(w.buf[w.from:w.from+n], []byte{'\n'})
	w.from += n
}

// line is the next line without its end. Of a line that is longer than a row
// may be it returns the beginning and errLongLine, and passes all of it.
func (w *window) line() ([]byte, error) {
	seen := 0
	for {
		if i := bytes.IndexByte(w.rest()[seen:], '\n'); i >= 0 {
			out := w.rest()[:seen+i]
			w.pass(seen + i + 1)
			if len(out) > MaxRow {
				return out[:1<<10], errLongLine
			}
			return bytes.TrimSuffix(out, []byte{'\r'}), nil
		}
		seen = len(w.rest())
		if seen > MaxRow {
			return w.overlong(), errLongLine
		}
		if w.more() {
			continue
		}
		if seen == 0 || !w.ended() {
			return nil, w.err
		}
		out := w.rest()
		w.pass(seen)
		w.number++ // a last line without an end is a line too
		return bytes.TrimSuffix(out, []byte{'\r'}), nil
	}
}

// ended reports whether the file was read to its end, and not only to where
// reading failed: what comes last then is cut off.
func (w *window) ended() bool { return errors.Is(w.err, io.EOF) }

// overlong passes the rest of a line and keeps what fits in an answer.
func (w *window) overlong() []byte {
	head := bytes.Clone(w.rest()[:1<<10])
	for {
		if i := bytes.IndexByte(w.rest(), '\n'); i >= 0 {
			w.pass(i + 1)
			return head
		}
		w.pass(len(w.rest()))
		if !w.more() {
			w.number++
			return head
		}
	}
}
