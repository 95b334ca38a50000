// Package money reads amounts as shops write them: decimal text and an ISO 4217
// currency, into minor units, exactly and without floating point.
//
// It does not convert currencies and does not guess them. Start reading at Minor.
package money

import (
	"math"
	"strconv"
)

// Currency is the ISO 4217 code in s, in capitals; ok is false for anything
// that is not three letters.
func Currency(s string) (code string, ok bool) {
	if len(s) != 3 {
		return "", false
	}
	var c [3]byte
	for i := range 3 {
		c[i] = s[i] &^ 0x20
		if c[i] < 'A' || c[i] > 'Z' {
			return "", false
		}
	}
	return string(c[:]), true
}

// Digits is how many decimals the currency's minor unit has (ISO 4217); 2 for
// codes that are not listed.
func Digits(currency string) int {
	switch currency {
	case "BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "UYI", "VND", "VUV", "XAF", "XOF", "XPF":
		return 0
	case "BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND":
		return 3
	case "CLF", "UYW":
		return 4
	}
	return 2
}

// Minor is a decimal amount in minor units of currency. What is smaller than
// one unit is rounded, half away from zero: shops' own sums arrive as
// 59.970000000000006.
func Minor(decimal, currency string) (minor int64, ok bool) {
	whole, rest, ok := Scale(decimal, Digits(currency))
	if rest >= 5 {
		whole++
	} else if rest <= -5 {
		whole--
	}
	return whole, ok
}

// Text is the decimal text of minor units of currency: "-0.05", "1299".
func Text(minor int64, currency string) string {
	digits := Digits(currency)
	s := strconv.FormatUint(magnitude(minor), 10)
	for len(s) <= digits {
		s = "0" + s
	}
	if digits > 0 {
		s = s[:len(s)-digits] + "." + s[len(s)-digits:]
	}
	if minor < 0 {
		s = "-" + s
	}
	return s
}

func magnitude(v int64) uint64 {
	if v < 0 {
		return -uint64(v)
	}
	return uint64(v)
}

// maxExponent and maxLength bound what hostile numbers can make us do.
const (
	maxExponent = 40
	maxLength   = 64
)

// Scale is decimal times ten to the digits: the whole part, and the first digit
// after it with the number's sign, where a zero that is followed by anything
// else counts as one. ok is false for text that is not a plain decimal number
// (a JSON number, or the same as text) or that does not fit.
func Scale(decimal string, digits int) (whole int64, rest int, ok bool) {
	d, ok := parse(decimal)
	if !ok {
		return 0, 0, false
	}
	end := d.point + digits // how many digits stand before the cut
	var v uint64
	for i := range end {
		if v > (math.MaxInt64-9)/10 {
			return 0, 0, false
		}
		v = v*10 + uint64(d.digit(i))
	}
	first := int(d.digit(end))
	if first == 0 && d.anyAfter(end) {
		first = 1
	}
	if d.negative {
		return -int64(v), -first, true
	}
	return int64(v), first, true
}

// number is a decimal taken apart: its digits, of which point stand before the
// decimal point (below zero: that many zeros come first).
type number struct {
	digits   string // as written, with its decimal point
	dot      int    // where that is, or -1
	point    int
	negative bool
}

func (d number) len() int {
	if d.dot >= 0 {
		return len(d.digits) - 1
	}
	return len(d.digits)
}

func (d number) digit(i int) byte {
	if i < 0 || i >= d.len() {
		return 0
	}
	if d.dot >= 0 && i >= d.dot {
		i++
	}
	return d.digits[i] - '0'
}

func (d number) anyAfter(i int) bool {
	for i = max(i+1, 0); i < d.len(); i++ {
		if d.digit(i) != 0 {
			return true
		}
	}
	return false
}

func parse(s string) (number, bool) {
	d := number{dot: -1}
	if len(s) > maxLength {
		return d, false
	}
	if s != "" && (s[0] == '-' || s[0] == '+') {
		d.negative = s[0] == '-'
		s = s[1:]
	}
	end := 0
	for ; end < len(s) && s[end] != 'e' && s[end] != 'E'; end++ {
		switch c := s[end]; {
		case c == '.' && d.dot < 0:
			d.dot = end
		case c < '0' || c > '9':
			return d, false
		}
	}
	d.digits = s[:end]
	if d.len() == 0 {
		return d, false
	}
	if d.point = d.dot; d.dot < 0 {
		d.point = len(d.digits)
	}
	if end < len(s) {
		e, err := strconv.Atoi(s[end+1:])
		if err != nil || e > maxExponent || e < -maxExponent {
			return d, false
		}
		d.point += e
	}
	return d, true
}
