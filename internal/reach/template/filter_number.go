package template

import (
	"math"
	"strconv"
	"strings"
)

// arithmetic makes a filter of a function on two numbers; the second is zero
// if it is not given.
func arithmetic(f func(v, arg float64) float64) func(work, Value, []Value) Value {
	return func(_ work, v Value, args []Value) Value {
		return Number(f(v.amount(), argument(args, 0).amount()))
	}
}

func abs(v, _ float64) float64         { return math.Abs(v) }
func ceil(v, _ float64) float64        { return math.Ceil(v) }
func floor(v, _ float64) float64       { return math.Floor(v) }
func plus(v, arg float64) float64      { return v + arg }
func minus(v, arg float64) float64     { return v - arg }
func times(v, arg float64) float64     { return v * arg }
func atLeast(v, limit float64) float64 { return max(v, limit) }
func atMost(v, limit float64) float64  { return min(v, limit) }

// divided divides; with a second argument that is true, to a whole number.
func divided(w work, v Value, args []Value) Value {
	by := args[0].amount()
	if by == 0 {
		w.fail(w.at, errZero, "“divided_by” was given zero or something that is not a number.")
		return Value{}
	}
	q := v.amount() / by
	if argument(args, 1).amount() != 0 {
		q = math.Floor(q)
	}
	return Number(q)
}

// modulo has the sign of the divisor.
func modulo(w work, v Value, args []Value) Value {
	by := args[0].amount()
	if by == 0 {
		w.fail(w.at, errZero, "“modulo” was given zero or something that is not a number.")
		return Value{}
	}
	return Number(math.Mod(math.Mod(v.amount(), by)+by, by))
}

const maxSafe = 1<<53 - 1

// round10 rounds half away from zero, to so many decimals. It shifts the
// decimal point in the digits, so that 1.005 is rounded as it is written.
func round10(v, decimals float64) float64 {
	if decimals != math.Trunc(decimals) || math.Abs(decimals) > 400 {
		return v
	}
	scaled := shift(math.Abs(v), int(decimals))
	if scaled > maxSafe {
		return v
	}
	whole := math.Floor(scaled)
	if scaled-whole >= 0.5 {
		whole++
	}
	return math.Copysign(shift(whole, -int(decimals)), v)
}

// shift is n times ten to the power of exponent, by its digits.
func shift(n float64, exponent int) float64 {
	digits, power, _ := strings.Cut(strconv.FormatFloat(n, 'e', -1, 64), "e")
	p, err := strconv.Atoi(power)
	if err != nil {
		return n
	}
	f, err := strconv.ParseFloat(digits+"e"+strconv.Itoa(p+exponent), 64)
	if err != nil && !math.IsInf(f, 0) {
		return n
	}
	return f
}
