package strict

import (
	"encoding/binary"
	"math/bits"
	"unicode/utf8"
)

func (s *Scanner) word(w string) bool {
	if len(s.b)-s.i < len(w) || string(s.b[s.i:s.i+len(w)]) != w {
		return false
	}
	s.i += len(w)
	return true
}

// number holds to the grammar of RFC 8259: -? int frac? exp?.
func (s *Scanner) number() bool {
	if s.peek() == '-' {
		s.i++
	}
	if s.peek() == '0' {
		s.i++
	} else if !s.digits() {
		return false
	}
	if s.peek() == '.' {
		s.i++
		if !s.digits() {
			return false
		}
	}
	if c := s.peek(); c == 'e' || c == 'E' {
		s.i++
		if c := s.peek(); c == '+' || c == '-' {
			s.i++
		}
		return s.digits()
	}
	return true
}

func (s *Scanner) digits() bool {
	from := s.i
	for s.i < len(s.b) && s.b[s.i]-'0' <= 9 {
		s.i++
	}
	return s.i > from
}

// text passes a string and says whether it holds escapes. Only a missing end
// breaks the scan; anything else wrong is a fault.
func (s *Scanner) text() (escaped, ok bool) {
	b, i := s.b, s.i+1
	for {
		i = plain(b, i)
		if i >= len(b) {
			s.i = i
			return escaped, false
		}
		switch c := b[i]; {
		case c == '"':
			s.i = i + 1
			return escaped, true
		case c == '\\':
			escaped = true
			i = s.escape(i)
		case c < ' ':
			s.Report(Encoding)
			i++
		default:
			r, n := utf8.DecodeRune(b[i:])
			if r == utf8.RuneError && n == 1 {
				s.Report(Encoding)
			}
			i += n
		}
	}
}

// escape passes the escape at i. One that means nothing is a fault of two
// bytes, so that an escaped quote never ends a string.
func (s *Scanner) escape(i int) int {
	if i+1 >= len(s.b) {
		return len(s.b)
	}
	switch s.b[i+1] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return i + 2
	case 'u':
	default:
		s.Report(Encoding)
		return i + 2
	}
	r, ok := hex4(s.b, i+2)
	switch {
	case !ok:
		s.Report(Encoding)
		return i + 2
	case r == 0 || 0xdc00 <= r && r < 0xe000:
		s.Report(Encoding)
	case 0xd800 <= r && r < 0xdc00:
		if low, ok := lowSurrogate(s.b, i+6); !ok || low == 0 {
			s.Report(Encoding)
			return i + 6
		}
		return i + 12
	}
	return i + 6
}

// plain is the offset of the first byte at or after i that is not printable
// ASCII, or is a quote or a backslash. It looks at eight bytes at a time.
func plain(b []byte, i int) int {
	const ones, highs = 0x0101010101010101, 0x8080808080808080
	for ; i+8 <= len(b); i += 8 {
		w := binary.LittleEndian.Uint64(b[i:])
		quote, slash := w^(ones*'"'), w^(ones*'\\')
		// The borrow of a subtraction can mark a byte above a true hit, never
		// one below it, so the lowest mark is always right.
		m := ((w-ones*' ')&^w | w | (quote-ones)&^quote | (slash-ones)&^slash) & highs
		if m != 0 {
			return i + bits.TrailingZeros64(m)>>3
		}
	}
	for i < len(b) && b[i] >= ' ' && b[i] < utf8.RuneSelf && b[i] != '"' && b[i] != '\\' {
		i++
	}
	return i
}
