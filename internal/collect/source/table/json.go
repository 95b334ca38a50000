package table

import (
	"bytes"

	"github.com/heed-platform/heed/internal/collect/event/strict"
)

// judge checks the row's value, so that everybody may read in it.
func (t *Reader) judge() {
	if len(t.row.Value) == 0 {
		return
	}
	s := strict.New(t.row.Value)
	s.Skip()
	if !s.End() {
		t.refuse(NotJSON, "the row is not one JSON value")
	}
	// Faults inside of a value (a name twice, broken text) are the event's, and
	// are judged with it.
}

// lean decides how a JSON file is cut. When its first line is a whole value and
// not an array, it is one value a line, where a broken line harms no other.
func (t *Reader) lean() error {
	for {
		head := bytes.TrimLeft(t.in.peek(), " \t\r\n")
		if len(head) > 0 && head[0] == '[' {
			return nil
		}
		line, _, found := bytes.Cut(head, []byte{'\n'})
		if !found && len(head) <= MaxRow && t.in.more() {
			continue
		}
		s := strict.New(line)
		s.Skip()
		if s.End() {
			t.format.Kind = Lines
		}
		return t.failed()
	}
}

// value reads the next element of an array, or the next of several values.
func (t *Reader) value() error {
	if !t.gap() {
		if !t.array || !t.in.ended() {
			return t.end(t.in.err)
		}
		t.array = false
		t.element()
		t.refuse(NotJSON, "the array does not end here, as it should; the file was cut off")
		return nil
	}
	t.element()
	var c cutter
	for !c.cut(t.in.rest()) && len(t.in.rest()) <= MaxRow && t.in.more() {
		continue
	}
	if t.in.err != nil && !t.in.ended() && c.i == len(t.in.rest()) {
		return t.end(t.in.err)
	}
	t.row.Raw = t.in.rest()[:c.i]
	t.row.Value = t.row.Raw
	if t.judge(); t.row.Fault == nil && c.i > 0 && c.i <= MaxRow {
		t.in.from += c.i
		return nil
	}
	t.refuse(NotJSON, "the value is not JSON of at most 1 MB, so the rest of the file cannot be cut into values either")
	t.stop()
	return nil
}

func (t *Reader) element() {
	t.number++
	t.row.Line = t.number
}

// gap passes what stands between values and reports whether one follows.
func (t *Reader) gap() bool {
	for {
		rest := t.in.rest()
		i := 0
		for i < len(rest) && (rest[i] == ' ' || rest[i] == '\n' || rest[i] == '\r' || rest[i] == '\t' || t.array && rest[i] == ',') {
			i++
		}
		t.in.from += i
		switch {
		case i == len(rest):
			if !t.in.more() {
				return false
			}
		case t.array && rest[i] == ']', !t.array && rest[i] == '[':
			t.array = !t.array
			t.in.from++
		default:
			return true
		}
	}
}

// stop passes what is left without looking at it.
func (t *Reader) stop() {
	t.array = false
	t.row.Raw = bytes.Clone(t.in.rest()[:min(len(t.in.rest()), 1<<10)])
	for {
		t.in.from = t.in.to
		if !t.in.more() {
			return
		}
	}
}

// cutter finds the end of a value by its brackets and quotes; it goes on where
// it stopped when more bytes have come.
type cutter struct {
	i      int
	depth  int
	quoted bool
}

// cut reports whether the value ends within b; i is its length then.
func (c *cutter) cut(b []byte) bool {
	for ; c.i < len(b); c.i++ {
		ch := b[c.i]
		switch {
		case c.quoted && ch == '\\':
			if c.i+1 >= len(b) {
				return false
			}
			c.i++
		case c.quoted:
			if ch == '"' {
				c.quoted = false
				if c.depth == 0 {
					c.i++
					return true
				}
			}
		case ch == '"':
			c.quoted = true
		case ch == '{' || ch == '[':
			c.depth++
		case ch == '}' || ch == ']':
			if c.depth == 0 {
				return true // the end of what holds this scalar
			}
			if c.depth--; c.depth == 0 {
				c.i++
				return true
			}
		case c.depth == 0 && (ch == ',' || ch == ' ' || ch == '\n' || ch == '\r' || ch == '\t'):
			return true
		}
	}
	return false
}
