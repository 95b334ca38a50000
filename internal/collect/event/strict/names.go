package strict

import (
	"bytes"
	"slices"
	"strings"
)

// repeated finds a name that appears twice. It may reorder the names, which
// are about to be forgotten.
func repeated(names [][]byte) (name []byte, yes bool) {
	if len(names) > 24 {
		slices.SortFunc(names, bytes.Compare)
		for i := 1; i < len(names); i++ {
			if bytes.Equal(names[i-1], names[i]) {
				return names[i], true
			}
		}
		return nil, false
	}
	for i, name := range names {
		for _, other := range names[:i] {
			if string(name) == string(other) {
				return name, true
			}
		}
	}
	return nil, false
}

// maxPath bounds a path in an answer: names come from strangers.
const maxPath = 200

// where is the path of names to the current place.
func (s *Scanner) where() string {
	var path []string
	for i, f := range s.open {
		last := len(s.names)
		if i+1 < len(s.open) {
			last = s.open[i+1].names
		}
		if last > f.names {
			path = append(path, Telling(string(s.names[last-1])))
		}
	}
	whole := strings.Join(path, ".")
	if len(whole) > maxPath {
		return whole[:maxPath] + "…"
	}
	return whole
}

// Telling is a name as programs use them, or a question mark: whatever else
// strangers send as a name, such as an address, may be about somebody.
func Telling(name string) string {
	digits := 0
	for _, c := range []byte(name) {
		switch {
		case c >= '0' && c <= '9':
			digits++
		case c != '_' && (c|0x20 < 'a' || c|0x20 > 'z'):
			return "?"
		}
	}
	if len(name) > 40 || digits > 4 {
		return "?"
	}
	return name
}

// Printable is a name fit for an answer or a log, or a question mark.
func Printable(name string) string {
	for _, c := range []byte(name) {
		if c < ' ' || c > '~' {
			return "?"
		}
	}
	if len(name) > maxPath {
		return "?"
	}
	return name
}
