package bits

import (
	"github.com/heed-platform/heed/internal/clock"
	"github.com/heed-platform/heed/internal/problem"
)

// What can be wrong with a bit string.
var (
	ErrLetters = problem.New(problem.Invalid, "consent-letters", "The consent string holds a character that is not base64url; hand it on exactly as the consent tool gave it.")
	ErrShort   = problem.New(problem.Invalid, "consent-cut-short", "The consent string ends before its last field; hand it on whole.")
	ErrPadding = problem.New(problem.Invalid, "consent-padding", "The consent string goes on after its last field; only zero bits may follow there.")
	ErrRange   = problem.New(problem.Invalid, "consent-range", "A list of numbers in the consent string contradicts itself: a range ends before it starts, ranges overlap, or a number is zero or above the highest announced.")
	ErrValue   = problem.New(problem.Invalid, "consent-value", "A field of the consent string has a value that its specification does not know.")
	ErrCountry = problem.New(problem.Invalid, "consent-language", "The language or the country in the consent string is not two letters.")
)

// letter is the six bits of a character of base64url, or -1.
func letter(c byte) int {
	switch {
	case 'A' <= c && c <= 'Z':
		return int(c - 'A')
	case 'a' <= c && c <= 'z':
		return int(c-'a') + 26
	case '0' <= c && c <= '9':
		return int(c-'0') + 52
	case c == '-':
		return 62
	case c == '_':
		return 63
	}
	return -1
}

// Reader takes fields off the front of a bit string. The zero Reader is empty.
type Reader struct {
	text string // six bits a character
	pos  int    // in bits
	err  error
}

// Base64 reads s as base64url without padding, most significant bit first. A
// character outside of the alphabet is ErrLetters, whatever is read later.
func Base64(s string) *Reader {
	for i := range len(s) {
		if letter(s[i]) < 0 {
			return &Reader{err: ErrLetters}
		}
	}
	return &Reader{text: s}
}

// Err is the first fault met, or nil.
func (r *Reader) Err() error { return r.err }

// Left is how many bits were not read yet.
func (r *Reader) Left() int { return len(r.text)*6 - r.pos }

// Fail notes a fault that the caller saw, unless there was one before.
func (r *Reader) Fail(err error) {
	if r.err == nil {
		r.err = err
	}
}

func (r *Reader) bit() int {
	if r.err != nil {
		return 0
	}
	if r.Left() <= 0 {
		r.err = ErrShort
		return 0
	}
	b := letter(r.text[r.pos/6]) >> (5 - r.pos%6) & 1
	r.pos++
	return b
}

// Int reads width bits as an unsigned number; width is at most 36.
func (r *Reader) Int(width int) int {
	n := 0
	for range width {
		n = n<<1 | r.bit()
	}
	if r.err != nil {
		return 0
	}
	return n
}

// Bool reads one bit.
func (r *Reader) Bool() bool { return r.bit() == 1 }

// Flags reads n bits, the first of which stands for number 1.
func (r *Reader) Flags(n int) []bool {
	flags := make([]bool, n)
	for i := range flags {
		flags[i] = r.Bool()
	}
	return flags
}

// Choice reads two bits that say 0, 1 or 2; 3 has no meaning and is ErrValue.
func (r *Reader) Choice() int {
	n := r.Int(2)
	if n == 3 {
		r.Fail(ErrValue)
		return 0
	}
	return n
}

// Choices reads n choices.
func (r *Reader) Choices(n int) []int {
	list := make([]int, n)
	for i := range list {
		list[i] = r.Choice()
	}
	return list
}

// Letters reads two letters of six bits each, A is 0.
func (r *Reader) Letters() string {
	a, b := r.Int(6), r.Int(6)
	if a > 25 || b > 25 {
		r.Fail(ErrCountry)
	}
	if r.err != nil {
		return ""
	}
	return string([]byte{byte('A' + a), byte('A' + b)})
}

// Instant reads 36 bits of tenths of a second since 1970.
func (r *Reader) Instant() clock.Instant { return clock.Instant(r.Int(36)) * 100_000 }

// End checks that nothing but zero bits is left. Encoders fill up to 6, 8 or 24
// bits, so their number says nothing.
func (r *Reader) End() {
	for r.err == nil && r.Left() > 0 {
		if r.Bool() {
			r.Fail(ErrPadding)
		}
	}
}
