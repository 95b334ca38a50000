package strict

import (
	"unicode/utf16"
	"unicode/utf8"
)

// unescape appends the text of a string's inside to dst. Escapes that mean
// nothing become U+FFFD; checked strings have none.
func unescape(dst, inner []byte) []byte {
	for i := 0; i < len(inner); {
		c := inner[i]
		if c != '\\' {
			dst = append(dst, c)
			i++
			continue
		}
		if i+1 >= len(inner) {
			return utf8.AppendRune(dst, utf8.RuneError)
		}
		i += 2
		switch inner[i-1] {
		case '"', '\\', '/':
			dst = append(dst, inner[i-1])
		case 'b':
			dst = append(dst, '\b')
		case 'f':
			dst = append(dst, '\f')
		case 'n':
			dst = append(dst, '\n')
		case 'r':
			dst = append(dst, '\r')
		case 't':
			dst = append(dst, '\t')
		case 'u':
			var r rune
			r, i = codePoint(inner, i)
			dst = utf8.AppendRune(dst, r)
		default:
			dst = utf8.AppendRune(dst, utf8.RuneError)
		}
	}
	return dst
}

// codePoint reads the four digits at i, and the low surrogate after a high one.
func codePoint(b []byte, i int) (r rune, next int) {
	r, ok := hex4(b, i)
	if !ok {
		return utf8.RuneError, i
	}
	if low, ok := lowSurrogate(b, i+4); ok && 0xd800 <= r && r < 0xdc00 {
		return utf16.DecodeRune(r, low), i + 10
	}
	return r, i + 4 // AppendRune writes a lone surrogate as U+FFFD.
}

func lowSurrogate(b []byte, i int) (rune, bool) {
	if i+6 > len(b) || b[i] != '\\' || b[i+1] != 'u' {
		return 0, false
	}
	r, ok := hex4(b, i+2)
	return r, ok && 0xdc00 <= r && r < 0xe000
}

func hex4(b []byte, i int) (rune, bool) {
	if i+4 > len(b) {
		return 0, false
	}
	var r rune
	for _, c := range b[i : i+4] {
		switch {
		case c-'0' <= 9:
			c -= '0'
		case c|0x20 >= 'a' && c|0x20 <= 'f':
			c = c | 0x20 - 'a' + 10
		default:
			return 0, false
		}
		r = r<<4 | rune(c)
	}
	return r, true
}
