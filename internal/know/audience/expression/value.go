package expression

import (
	"cmp"
	"math"
	"strconv"
	"time"

	"github.com/heed-platform/heed/internal/clock"
)

// kind is what a value turned out to be. The zero kind is unknown, so that a
// forgotten value can make nobody a member.
type kind uint8

const (
	unknown kind = iota // withheld: any value, or none
	absent              // never given, or an operation that made no sense
	boolean
	integer
	decimal
	text
	instant
	span
	list   // JSON text
	object // JSON text
)

// value is one value on its way through an expression. It is passed in
// registers, so evaluating allocates nothing.
type value struct {
	kind kind
	n    int64 // boolean (0, 1), integer, instant and span (microseconds)
	f    float64
	s    string
}

func boolValue(b bool) value {
	if b {
		return value{kind: boolean, n: 1}
	}
	return value{kind: boolean}
}

func (v value) isNumber() bool { return v.kind == integer || v.kind == decimal }

func (v value) float() float64 {
	if v.kind == integer {
		return float64(v.n)
	}
	return v.f
}

// readTime reads RFC 3339 or a date, which is its first moment in UTC.
func readTime(s string) (clock.Instant, bool) {
	const date = "2006-01-02"
	// The shape is looked at first because time.Parse allocates its errors.
	if len(s) < len(date) || s[4] != '-' || s[7] != '-' {
		return 0, false
	}
	layout := time.RFC3339Nano
	if len(s) == len(date) {
		layout = date
	}
	t, err := time.Parse(layout, s)
	if err != nil {
		return 0, false
	}
	return clock.At(t), true
}

// asTime gives text that reads as a time as that time, and no value for
// anything else.
func asTime(v value) value {
	switch v.kind {
	case instant, unknown:
		return v
	case text:
		if t, ok := readTime(v.s); ok {
			return value{kind: instant, n: int64(t)}
		}
	case absent, boolean, integer, decimal, span, list, object:
	}
	return value{kind: absent}
}

// exact is the range in which every whole number is a float64.
const exact = 1 << 53

// readNumber reads a JSON number. Whole numbers keep their digits beyond 2^53,
// where a float64 would merge neighboring ids.
func readNumber(s string) value {
	if n, err := strconv.ParseInt(s, 10, 64); err == nil {
		if -exact <= n && n <= exact {
			return value{kind: decimal, f: float64(n)}
		}
		return value{kind: integer, n: n}
	}
	f, err := strconv.ParseFloat(s, 64)
	if err != nil {
		return value{kind: absent}
	}
	return value{kind: decimal, f: f}
}

// order compares two values of one sort; ok is false where there is nothing to
// compare. Text compares with a time as the time that it reads as.
func order(a, b value) (c int, ok bool) {
	if a.kind == instant && b.kind == text {
		b = asTime(b)
	} else if a.kind == text && b.kind == instant {
		a = asTime(a)
	}
	switch {
	case a.isNumber() && b.isNumber():
		return orderNumbers(a, b)
	case a.kind != b.kind:
		return 0, false
	case a.kind == text:
		return cmp.Compare(a.s, b.s), true
	case a.kind == boolean || a.kind == instant || a.kind == span:
		return cmp.Compare(a.n, b.n), true
	}
	return 0, false
}

// orderNumbers compares exactly: a float64 is never rounded to an int64 nor the
// other way round.
func orderNumbers(a, b value) (c int, ok bool) {
	switch {
	case a.kind == integer && b.kind == integer:
		return cmp.Compare(a.n, b.n), true
	case a.kind == decimal && b.kind == decimal:
		return cmp.Compare(a.f, b.f), !math.IsNaN(a.f) && !math.IsNaN(b.f)
	case a.kind == decimal:
		c, ok = orderNumbers(b, a)
		return -c, ok
	case math.IsNaN(b.f):
		return 0, false
	case b.f >= 1<<63:
		return -1, true
	case b.f < -1<<63:
		return 1, true
	}
	whole := math.Trunc(b.f)
	return cmp.Or(cmp.Compare(a.n, int64(whole)), cmp.Compare(whole, b.f)), true
}

// same reports whether two values are equal; ok is false where equality says
// nothing: about no value, and about two lists or two objects.
func same(a, b value) (eq, ok bool) {
	switch {
	case a.kind <= absent || b.kind <= absent:
		return false, false
	case a.kind == b.kind && (a.kind == list || a.kind == object):
		return false, false
	}
	c, comparable := order(a, b)
	return comparable && c == 0, true
}
