package expression

import "math"

// arithmetic is + - * / % on numbers, and + - on times and lengths of time.
type arithmetic struct {
	op   byte
	a, b source
}

func (t arithmetic) value(r *Reading) value {
	a, b := t.a.value(r), t.b.value(r)
	switch {
	case a.kind == unknown || b.kind == unknown:
		return value{}
	case a.kind == integer && b.kind == integer:
		return whole(t.op, a.n, b.n)
	case a.isNumber() && b.isNumber():
		return fractional(t.op, a.float(), b.float())
	}
	return moved(t.op, a, b)
}

// whole calculates with whole numbers; beyond 64 bits there is no value.
func whole(op byte, a, b int64) value {
	none := value{kind: absent}
	switch op {
	case '+':
		if c := a + b; (c > a) == (b > 0) {
			return value{kind: integer, n: c}
		}
	case '-':
		if c := a - b; (c < a) == (b > 0) {
			return value{kind: integer, n: c}
		}
	case '*':
		if a == 0 || b == 0 {
			return value{kind: integer}
		}
		if c := a * b; c/b == a && (a != -1 || b != math.MinInt64) && (b != -1 || a != math.MinInt64) {
			return value{kind: integer, n: c}
		}
	case '/':
		if b != 0 && (a != math.MinInt64 || b != -1) {
			return value{kind: integer, n: a / b}
		}
	case '%':
		if b != 0 && (a != math.MinInt64 || b != -1) {
			return value{kind: integer, n: a % b}
		}
	}
	return none
}

// fractional calculates as float64. Dividing by zero gives no value rather than
// IEEE's infinity, which would be larger than every limit somebody set.
func fractional(op byte, a, b float64) value {
	f := math.NaN()
	switch op {
	case '+':
		f = a + b
	case '-':
		f = a - b
	case '*':
		f = a * b
	case '/':
		if b != 0 {
			f = a / b
		}
	case '%':
		if b != 0 && a == math.Trunc(a) && b == math.Trunc(b) {
			f = math.Mod(a, b)
		}
	}
	if math.IsNaN(f) {
		return value{kind: absent}
	}
	return value{kind: decimal, f: f}
}

// moved adds lengths to times and takes times from each other.
func moved(op byte, a, b value) value {
	if op == '-' && (a.kind == instant || b.kind == instant) || b.kind == span && a.kind == text {
		a = asTime(a)
	}
	if a.kind == span && b.kind == text || a.kind == instant && b.kind == text {
		b = asTime(b)
	}
	to := absent
	switch {
	case (op == '+' || op == '-') && a.kind == instant && b.kind == span:
		to = instant
	case op == '+' && a.kind == span && b.kind == instant:
		to = instant
	case op == '-' && a.kind == instant && b.kind == instant:
		to = span
	case (op == '+' || op == '-') && a.kind == span && b.kind == span:
		to = span
	}
	sum := whole(op, a.n, b.n)
	if to == absent || sum.kind == absent {
		return value{kind: absent}
	}
	return value{kind: to, n: sum.n}
}

// negative is a number with its sign turned.
type negative struct{ of source }

func (t negative) value(r *Reading) value {
	v := t.of.value(r)
	switch v.kind {
	case unknown:
		return v
	case integer:
		return whole('-', 0, v.n)
	case decimal:
		return value{kind: decimal, f: -v.f}
	case absent, boolean, text, instant, span, list, object:
	}
	return value{kind: absent}
}
