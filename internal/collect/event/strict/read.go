package strict

import (
	"bytes"
	"iter"
	"strings"
)

// Find returns the value that path leads to, names joined by dots, or nil. A
// name that holds a dot itself cannot be reached this way; Members reaches it.
func Find(raw []byte, path string) []byte {
	for path != "" {
		name, rest, _ := strings.Cut(path, ".")
		if raw = find(raw, name); raw == nil {
			return nil
		}
		path = rest
	}
	return raw
}

func find(raw []byte, name string) []byte {
	m := inside(raw)
	for m.next() {
		if m.named(name) {
			return m.value
		}
	}
	return nil
}

// Members yields the names of an object, unescaped, and their values, as
// written. It yields nothing for any other value and stops where the bytes
// stop being an object.
func Members(raw []byte) iter.Seq2[string, []byte] {
	return func(yield func(string, []byte) bool) {
		for m := inside(raw); m.next(); {
			if !yield(unquoted(m.name), m.value) {
				return
			}
		}
	}
}

// members walks over an object without judging it.
type members struct {
	raw   []byte
	i     int    // of the quote that begins the next name
	name  []byte // as written, without its quotes
	value []byte
}

func inside(raw []byte) members {
	i := blank(raw, 0)
	if i >= len(raw) || raw[i] != '{' {
		return members{}
	}
	return members{raw: raw, i: blank(raw, i+1)}
}

func (m *members) next() bool {
	raw, i := m.raw, m.i
	if i >= len(raw) || raw[i] != '"' {
		return false
	}
	end, ok := skip(raw, i)
	if !ok {
		return false
	}
	m.name = raw[i+1 : end-1]
	i = blank(raw, end)
	if i >= len(raw) || raw[i] != ':' {
		return false
	}
	i = blank(raw, i+1)
	if end, ok = skip(raw, i); !ok {
		return false
	}
	m.value = raw[i:end:end]
	m.i = len(raw)
	if i = blank(raw, end); i < len(raw) && raw[i] == ',' {
		m.i = blank(raw, i+1)
	}
	return true
}

func (m *members) named(name string) bool {
	if bytes.IndexByte(m.name, '\\') < 0 {
		return string(m.name) == name
	}
	return unquoted(m.name) == name
}

// Elements yields the elements of an array, as written, and nothing for any
// other value.
func Elements(raw []byte) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		for e := within(raw); e.next(); {
			if !yield(e.value) {
				return
			}
		}
	}
}

// elements walks over an array without judging it.
type elements struct {
	raw   []byte
	i     int // of the next element
	n     int // how many there were
	value []byte
}

func within(raw []byte) elements {
	i := blank(raw, 0)
	if i >= len(raw) || raw[i] != '[' {
		return elements{}
	}
	return elements{raw: raw, i: blank(raw, i+1)}
}

func (e *elements) next() bool {
	end, ok := skip(e.raw, e.i)
	if !ok {
		return false
	}
	e.value = e.raw[e.i:end:end]
	e.n++
	e.i = len(e.raw)
	if i := blank(e.raw, end); i < len(e.raw) && e.raw[i] == ',' {
		e.i = blank(e.raw, i+1)
	}
	return true
}

// Text is the text of a JSON string, unescaped.
func Text(raw []byte) (string, bool) {
	if len(raw) < 2 || raw[0] != '"' || raw[len(raw)-1] != '"' {
		return "", false
	}
	return unquoted(raw[1 : len(raw)-1]), true
}

// IsNumber reports whether a checked value is a number.
func IsNumber(raw []byte) bool {
	return len(raw) > 0 && (raw[0] == '-' || raw[0]-'0' <= 9)
}

// IsNull reports whether the value is absent or null.
func IsNull(raw []byte) bool { return len(raw) == 0 || string(raw) == "null" }

// Closes reports whether the next thing in an object's inside is its end.
func Closes(inside []byte) bool {
	i := blank(inside, 0)
	return i < len(inside) && inside[i] == '}'
}

func unquoted(inner []byte) string {
	if bytes.IndexByte(inner, '\\') < 0 {
		return string(inner)
	}
	return string(unescape(make([]byte, 0, len(inner)), inner))
}

// skip finds the end of the value at i by its brackets and quotes alone.
func skip(b []byte, i int) (end int, ok bool) {
	open := 0
	for i < len(b) {
		switch b[i] {
		case '"':
			if i = closing(b, i+1); i > len(b) {
				return len(b), false
			}
		case '{', '[':
			open++
			i++
		case '}', ']':
			open--
			i++
		case ',', ':', ' ', '\n', '\r', '\t':
			if open == 0 {
				return i, false
			}
			i++
			continue
		default:
			i = scalar(b, i)
		}
		if open <= 0 {
			return i, open == 0
		}
	}
	return i, false
}

// closing is the offset after the quote that ends the string, or more than
// len(b) when none does.
func closing(b []byte, i int) int {
	for {
		i = plain(b, i)
		if i >= len(b) {
			return len(b) + 1
		}
		switch b[i] {
		case '"':
			return i + 1
		case '\\':
			i++
		}
		i++
	}
}

func scalar(b []byte, i int) int {
	for i < len(b) {
		switch b[i] {
		case ',', ':', ']', '}', '[', '{', '"', ' ', '\n', '\r', '\t':
			return i
		}
		i++
	}
	return i
}

func blank(b []byte, i int) int {
	for i < len(b) && (b[i] == ' ' || b[i] == '\n' || b[i] == '\r' || b[i] == '\t') {
		i++
	}
	return i
}
