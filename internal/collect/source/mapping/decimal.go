package mapping

import (
	"math/big"
	"strconv"
	"strings"
)

// What hostile numbers can make us do at most.
const (
	maxDigits   = 60
	maxExponent = 40
)

// decimal is an exact decimal number: unscaled × 10^-scale.
type decimal struct {
	unscaled big.Int
	scale    int
}

// parseDecimal reads a number as it is written; mark is the decimal mark, and
// group is passed over ("" is none).
func parseDecimal(text string, mark byte, group string) (d decimal, ok bool) {
	if group != "" {
		text = strings.ReplaceAll(text, group, "")
	}
	digits := make([]byte, 0, maxDigits)
	i, dot := 0, -1
	if i < len(text) && (text[i] == '-' || text[i] == '+') {
		if text[i] == '-' {
			digits = append(digits, '-')
		}
		i++
	}
	count := 0
	for ; i < len(text) && text[i]|0x20 != 'e'; i++ {
		switch c := text[i]; {
		case c == mark && dot < 0:
			dot = count
		case c-'0' <= 9 && count < maxDigits:
			digits = append(digits, c)
			count++
		default:
			return d, false
		}
	}
	if count == 0 {
		return d, false
	}
	if dot >= 0 {
		d.scale = count - dot
	}
	if i < len(text) {
		e, err := strconv.Atoi(text[i+1:])
		if err != nil || e > maxExponent || e < -maxExponent {
			return d, false
		}
		d.scale -= e
	}
	if _, ok = d.unscaled.SetString(string(digits), 10); ok && d.scale < 0 {
		d.unscaled.Mul(&d.unscaled, tenTo(-d.scale))
		d.scale = 0
	}
	return d, ok
}

func tenTo(n int) *big.Int {
	return new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(n)), nil)
}

// add adds o.
func (d *decimal) add(o *decimal) {
	if d.scale < o.scale {
		d.unscaled.Mul(&d.unscaled, tenTo(o.scale-d.scale))
		d.scale = o.scale
	}
	if o.scale < d.scale {
		d.unscaled.Add(&d.unscaled, new(big.Int).Mul(&o.unscaled, tenTo(d.scale-o.scale)))
		return
	}
	d.unscaled.Add(&d.unscaled, &o.unscaled)
}

// over is d divided by o to four decimals, half away from zero.
func (d *decimal) over(o *decimal) (decimal, bool) {
	const places = 4
	if o.unscaled.Sign() == 0 {
		return decimal{}, false
	}
	top := new(big.Int).Mul(&d.unscaled, tenTo(places+o.scale))
	under := new(big.Int).Mul(&o.unscaled, tenTo(d.scale))
	q := decimal{scale: places}
	var rest big.Int
	q.unscaled.QuoRem(top, under, &rest)
	if rest.Lsh(rest.Abs(&rest), 1).CmpAbs(under) >= 0 {
		away := int64(1)
		if top.Sign() != under.Sign() {
			away = -1
		}
		q.unscaled.Add(&q.unscaled, big.NewInt(away))
	}
	return q, true
}

// appendText writes the number as JSON, without zeros at its ends.
func (d *decimal) appendText(dst []byte) []byte {
	s := d.unscaled.String()
	if s[0] == '-' {
		dst, s = append(dst, '-'), s[1:]
	}
	if d.scale == 0 {
		return append(dst, s...)
	}
	if len(s) <= d.scale {
		s = strings.Repeat("0", d.scale-len(s)+1) + s
	}
	whole, part := s[:len(s)-d.scale], strings.TrimRight(s[len(s)-d.scale:], "0")
	dst = append(dst, whole...)
	if part == "" {
		return dst
	}
	return append(append(dst, '.'), part...)
}
