package template

import (
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/heed-platform/heed/internal/clock"
)

// string is the value as it is put out: nil is nothing, lists are run together,
// objects are JSON.
func (v Value) string() string {
	if v.sort == isText {
		return v.text
	}
	return string(v.appendText(nil))
}

func (v Value) appendText(b []byte) []byte {
	switch v.sort {
	case isNil, isUnset, isEmpty, isBlank:
	case isText:
		return append(b, v.text...)
	case isBool:
		return strconv.AppendBool(b, v.num != 0)
	case isNumber:
		return v.appendNumber(b)
	case isTime:
		return clock.Instant(v.num).Time().AppendFormat(b, "2006-01-02T15:04:05.999999Z07:00")
	case isList:
		for _, x := range v.many.values {
			b = x.appendText(b)
		}
	case isObject:
		return v.appendJSON(b)
	}
	return b
}

// appendNumber prints as ECMAScript's Number::toString does, which is what the
// oracle prints.
func (v Value) appendNumber(b []byte) []byte {
	f := v.num
	switch {
	case v.text != "":
		return append(b, v.text...)
	case f == math.Trunc(f) && math.Abs(f) < 1<<53:
		return strconv.AppendInt(b, int64(f), 10)
	case math.IsNaN(f):
		return append(b, "NaN"...)
	case math.IsInf(f, 1):
		return append(b, "Infinity"...)
	case math.IsInf(f, -1):
		return append(b, "-Infinity"...)
	case math.Abs(f) >= 1e-6 && math.Abs(f) < 1e21:
		return strconv.AppendFloat(b, f, 'f', -1, 64)
	}
	from := len(b)
	b = strconv.AppendFloat(b, f, 'e', -1, 64)
	if i := strings.LastIndexAny(string(b[from:]), "+-"); i > 0 && b[from+i+1] == '0' {
		b = append(b[:from+i+1], b[from+i+2:]...) // Go writes e-07, ECMAScript e-7
	}
	return b
}

// number reads the value as ECMAScript's unary plus does; ok is false where
// that gives NaN.
func (v Value) number() (f float64, ok bool) {
	switch v.sort {
	case isBool, isNumber, isTime:
		return v.num, true
	case isText:
		return parseNumber(v.text)
	case isEmpty, isBlank:
		return 0, true
	case isList:
		return parseNumber(v.script())
	case isNil, isUnset, isObject:
	}
	return 0, false
}

func parseNumber(s string) (float64, bool) {
	s = strings.TrimFunc(s, isSpace)
	digits := strings.TrimLeft(s, "+-")
	switch {
	case s == "":
		return 0, true
	case digits == "Infinity" && len(s) <= len("+Infinity"):
		return math.Inf(1 - 2*strings.Count(s, "-")), true
	case len(s) > 2 && s[0] == '0' && strings.ContainsRune("xXoObB", rune(s[1])) && !strings.Contains(s, "_"):
		n, err := strconv.ParseUint(s, 0, 64)
		return float64(n), err == nil
	case strings.Trim(s, "+-.0123456789eE") != "":
		return 0, false
	}
	f, err := strconv.ParseFloat(s, 64)
	return f, err == nil || math.IsInf(f, 0)
}

// amount is number with 0 where there is none: what arithmetic works with.
func (v Value) amount() float64 {
	f, ok := v.number()
	if !ok || math.IsNaN(f) {
		return 0
	}
	return f
}

// whole is amount cut to an int.
func (v Value) whole() int {
	f := v.amount()
	return int(math.Trunc(min(max(f, math.MinInt32), math.MaxInt32)))
}

// script is ECMAScript's String(value), where lists have commas.
func (v Value) script() string {
	if v.sort != isList {
		return v.string()
	}
	return joined(v.many.values, ",")
}

func joined(values []Value, sep string) string {
	var b strings.Builder
	for i, x := range values {
		if i > 0 {
			b.WriteString(sep)
		}
		b.WriteString(x.script())
	}
	return b.String()
}

// equal is the operator ==: sorts are never mixed, lists and objects are equal
// by content, empty and blank ask.
func equal(a, b Value) bool {
	if b.sort == isEmpty || b.sort == isBlank {
		a, b = b, a
	}
	switch {
	case a.sort == isEmpty:
		return b.isEmpty()
	case a.sort == isBlank:
		return b.isEmpty() || !b.truthy() || b.sort == isText && strings.TrimFunc(b.text, isSpace) == ""
	case a.sort != b.sort:
		return !a.truthy() && !b.truthy() && a.sort != isBool && b.sort != isBool
	}
	if a.sort == isList || a.sort == isObject {
		return a.many == b.many || sameContent(a, b)
	}
	return a.num == b.num && a.text == b.text
}

func sameContent(a, b Value) bool {
	if len(a.many.values) != len(b.many.values) {
		return false
	}
	for i, x := range a.many.values {
		y := b.many.values[i]
		if a.sort == isObject {
			var ok bool
			if y, ok = b.member(a.many.names[i]); !ok {
				return false
			}
		}
		if !equal(x, y) {
			return false
		}
	}
	return true
}

func (v Value) isEmpty() bool { return v.size() == 0 }

// order compares as ECMAScript's < does: texts by character, anything else as
// numbers; a list is the text of its items. ok is false where neither is smaller
// nor are they equal.
func order(a, b Value) (sign int, ok bool) {
	if a.unordered() || b.unordered() {
		return 0, false
	}
	a, b = a.primitive(), b.primitive()
	if a.sort == isText && b.sort == isText {
		return strings.Compare(a.text, b.text), true
	}
	x, okx := a.number()
	y, oky := b.number()
	switch {
	case !okx || !oky || math.IsNaN(x) || math.IsNaN(y):
		return 0, false
	case x < y:
		return -1, true
	case x > y:
		return 1, true
	}
	return 0, true
}

func (v Value) unordered() bool {
	return v.isNone() || v.sort == isEmpty || v.sort == isBlank || v.sort == isObject
}

// isNone is for a value that is not there.
func (v Value) isNone() bool { return v.sort == isNil || v.sort == isUnset }

func (v Value) primitive() Value {
	if v.sort == isList {
		return String(v.script())
	}
	return v
}

// contains is the operator of that name: an item of a list, a part of a text.
func contains(v, part Value) bool {
	if v.sort == isList {
		return slices.ContainsFunc(v.many.values, func(x Value) bool { return equal(x, part) })
	}
	isText := v.sort == isText || v.sort == isEmpty || v.sort == isBlank
	return isText && !part.isNone() && strings.Contains(v.text, part.script())
}

// appendJSON writes what JSON.stringify writes.
func (v Value) appendJSON(b []byte) []byte {
	switch v.sort {
	case isNil, isUnset:
		return append(b, "null"...)
	case isBool:
		return v.appendText(b)
	case isNumber:
		if math.IsNaN(v.num) || math.IsInf(v.num, 0) {
			return append(b, "null"...)
		}
		return v.appendNumber(b)
	case isText, isTime, isEmpty, isBlank:
		b = append(b, '"')
		b = appendJSONString(b, v.string())
		return append(b, '"')
	case isList:
		b = append(b, '[')
		for i, x := range v.many.values {
			if i > 0 {
				b = append(b, ',')
			}
			b = x.appendJSON(b)
		}
		return append(b, ']')
	case isObject:
		b = append(b, '{')
		for i, x := range v.many.values {
			if i > 0 {
				b = append(b, ',')
			}
			b = append(b, '"')
			b = appendJSONString(b, v.many.names[i])
			b = append(b, '"', ':')
			b = x.appendJSON(b)
		}
		return append(b, '}')
	}
	return b
}

// isSpace is white space to ECMAScript: Unicode's, with the byte order mark and
// without the next-line control.
func isSpace(r rune) bool {
	switch {
	case r >= '\t' && r <= '\r', r == ' ', r == 0xA0, r == 0x1680, r == 0x2028, r == 0x2029,
		r == 0x202F, r == 0x205F, r == 0x3000, r == 0xFEFF:
		return true
	}
	return r >= 0x2000 && r <= 0x200A
}

func runes(s string) int { return utf8.RuneCountInString(s) }

// advance is the byte offset count characters after from, or the end.
func advance(s string, from, count int) int {
	for ; count > 0 && from < len(s); count-- {
		_, n := utf8.DecodeRuneInString(s[from:])
		from += n
	}
	return from
}
