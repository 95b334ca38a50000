package strict

import (
	"cmp"
	"slices"
	"unicode/utf8"
)

// AppendCanonical appends a checked value in one form: no white space, names in
// byte order, strings with the fewest escapes, numbers as written. Of the
// outermost object only the names that keep wants are kept.
func AppendCanonical(dst, raw []byte, keep func(name string) bool) []byte {
	return appendCanonical(dst, raw, keep, 0)
}

func appendCanonical(dst, raw []byte, keep func(string) bool, depth int) []byte {
	raw = raw[blank(raw, 0):]
	switch {
	case len(raw) == 0 || depth > 4*MaxDepth:
		return append(dst, raw...)
	case raw[0] == '{':
		return appendObject(dst, raw, keep, depth)
	case raw[0] == '[':
		dst = append(dst, '[')
		n := 0
		for value := range Elements(raw) {
			if n++; n > 1 {
				dst = append(dst, ',')
			}
			dst = appendCanonical(dst, value, nil, depth+1)
		}
		return append(dst, ']')
	}
	if text, ok := Text(raw); ok {
		return AppendText(dst, text)
	}
	return append(dst, raw...)
}

func appendObject(dst, raw []byte, keep func(string) bool, depth int) []byte {
	type member struct {
		name  string
		value []byte
	}
	var members []member
	for name, value := range Members(raw) {
		if keep == nil || keep(name) {
			members = append(members, member{name, value})
		}
	}
	slices.SortFunc(members, func(a, b member) int { return cmp.Compare(a.name, b.name) })
	dst = append(dst, '{')
	for i, m := range members {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(AppendText(dst, m.name), ':')
		dst = appendCanonical(dst, m.value, nil, depth+1)
	}
	return append(dst, '}')
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
