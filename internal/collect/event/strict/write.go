package strict

import (
	"bytes"
	"slices"
	"unicode/utf8"
)

// AppendCanonical appends a checked value in one form: no white space, names in
// a fixed order, strings with the fewest escapes, numbers as written. Of the
// outermost object only the names that keep wants are kept; nil keeps all.
func AppendCanonical(dst, raw []byte, keep func(name []byte) bool) []byte {
	c := canon{raw: raw, out: dst, spare: make([]byte, 0, len(raw)), keep: keep}
	c.members = c.room[:0]
	c.value(blank(raw, 0), 0)
	return c.out
}

// canon writes a value in one pass and then puts the members of each object in
// order, innermost first.
type canon struct {
	raw, out, spare []byte
	keep            func(name []byte) bool
	members         []member // of every open object, the innermost last
	room            [64]member
}

// member is one name with its value, as offsets into the output.
type member struct{ from, colon, to int }

// value writes the value at i and returns the offset after it; at the end of
// nonsense that is the end of everything.
func (c *canon) value(i, depth int) int {
	switch {
	case i >= len(c.raw):
		return i
	case c.raw[i] == '"':
		return c.text(i)
	case c.raw[i] == '{' && depth < 2*MaxDepth:
		return c.object(i+1, depth)
	case c.raw[i] == '[' && depth < 2*MaxDepth:
		return c.array(i+1, depth)
	}
	end, ok := skip(c.raw, i)
	c.out = append(c.out, c.raw[i:end]...)
	if !ok {
		return len(c.raw)
	}
	return end
}

func (c *canon) text(i int) int {
	end := closing(c.raw, i+1)
	if end > len(c.raw) {
		return len(c.raw)
	}
	if whole := c.raw[i:end]; bytes.IndexByte(whole, '\\') < 0 {
		c.out = append(c.out, whole...)
	} else {
		c.out = AppendText(c.out, unquoted(whole[1:len(whole)-1]))
	}
	return end
}

func (c *canon) array(i, depth int) int {
	c.out = append(c.out, '[')
	for n := 0; ; n++ {
		i = blank(c.raw, i)
		if i >= len(c.raw) || c.raw[i] == ']' {
			break
		}
		if n > 0 {
			c.out = append(c.out, ',')
		}
		i = blank(c.raw, c.value(i, depth+1))
		if i < len(c.raw) && c.raw[i] == ',' {
			i++
		}
	}
	c.out = append(c.out, ']')
	return i + 1
}

func (c *canon) object(i, depth int) int {
	base, start := len(c.members), len(c.out)+1
	c.out = append(c.out, '{')
	for {
		i = blank(c.raw, i)
		if i >= len(c.raw) || c.raw[i] != '"' {
			break
		}
		m := member{from: len(c.out)}
		i = blank(c.raw, c.text(i))
		m.colon = len(c.out)
		if i >= len(c.raw) || c.raw[i] != ':' {
			return len(c.raw)
		}
		c.out = append(c.out, ':')
		i = blank(c.raw, c.value(blank(c.raw, i+1), depth+1))
		if m.to = len(c.out); depth > 0 || c.keep == nil || c.keep(c.out[m.from+1:m.colon-1]) {
			c.members = append(c.members, m)
		}
		if i < len(c.raw) && c.raw[i] == ',' {
			i++
		}
	}
	c.order(start, c.members[base:])
	c.members = c.members[:base]
	c.out = append(c.out, '}')
	return i + 1
}

// order rewrites the output from start as the members in their order.
func (c *canon) order(start int, list []member) {
	slices.SortFunc(list, func(a, b member) int {
		return bytes.Compare(c.out[a.from:a.colon], c.out[b.from:b.colon])
	})
	c.spare = c.spare[:0]
	for i, m := range list {
		if i > 0 {
			c.spare = append(c.spare, ',')
		}
		c.spare = append(c.spare, c.out[m.from:m.to]...)
	}
	c.out = append(c.out[:start], c.spare...)
}

// AppendText appends s as a JSON string.
func AppendText(dst []byte, s string) []byte {
	const hex = "0123456789abcdef"
	dst = append(dst, '"')
	for i := 0; i < len(s); {
		c := s[i]
		switch {
		case c == '"' || c == '\\':
			dst = append(dst, '\\', c)
		case c < ' ':
			dst = append(dst, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
		case c < utf8.RuneSelf:
			dst = append(dst, c)
		default:
			r, n := utf8.DecodeRuneInString(s[i:])
			dst = utf8.AppendRune(dst, r)
			i += n
			continue
		}
		i++
	}
	return append(dst, '"')
}
