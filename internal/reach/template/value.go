package template

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/heed-platform/heed/internal/clock"
)

type sort uint8

// The sorts of a Value. The zero one is nil.
const (
	isNil sort = iota
	isBool
	isNumber
	isText
	isTime
	isList
	isObject
	isEmpty // the word “empty” of the language
	isBlank // the word “blank” of the language
	isUnset // a variable before its assign
)

// Value is what a template works with: nil, a boolean, a number, text, a time,
// a list or an object. The zero Value is nil. Values are never changed after
// they are made.
type Value struct {
	sort sort
	num  float64 // number; bool is 0 or 1; time is microseconds
	text string  // text; or the digits of an integer that a float64 cannot hold
	many *many
}

type many struct {
	names  []string // of an object's values; nil for a list
	values []Value
}

// Member is one named value of an object.
type Member struct {
	Name  string
	Value Value
}

// String is a text value. Bytes that are not UTF-8 become U+FFFD.
func String(s string) Value {
	return Value{sort: isText, text: strings.ToValidUTF8(s, "\uFFFD")}
}

// Number is a number value; it prints as JavaScript prints it.
func Number(f float64) Value { return Value{sort: isNumber, num: f} }

// Bool is true or false.
func Bool(b bool) Value {
	if b {
		return Value{sort: isBool, num: 1}
	}
	return Value{sort: isBool}
}

// Time is a moment, for the date filter.
func Time(t clock.Instant) Value { return Value{sort: isTime, num: float64(t)} }

// List is a list of values.
func List(values ...Value) Value { return Value{sort: isList, many: &many{values: values}} }

// Object is a group of named values, in their order. Of two with one name the
// first is found.
func Object(members ...Member) Value {
	m := &many{names: make([]string, len(members)), values: make([]Value, len(members))}
	for i, x := range members {
		m.names[i], m.values[i] = x.Name, x.Value
	}
	return Value{sort: isObject, many: m}
}

// ParseValue reads one JSON value. Objects keep the order of their members and
// integers keep their digits. The error names no content.
func ParseValue(text string) (Value, error) {
	if v, ok := plainString(text); ok {
		return v, nil
	}
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	v, err := decode(d, 0)
	if err != nil {
		return Value{}, fmt.Errorf("read a JSON value: %w", err)
	}
	if _, err := d.Token(); err != io.EOF {
		return Value{}, fmt.Errorf("read a JSON value: more follows it")
	}
	return v, nil
}

// plainString spares the commonest value, a string without escapes, a decoder.
func plainString(text string) (Value, bool) {
	if len(text) < 2 || text[0] != '"' || text[len(text)-1] != '"' {
		return Value{}, false
	}
	inner := text[1 : len(text)-1]
	for i := range len(inner) {
		if inner[i] < ' ' || inner[i] == '"' || inner[i] == '\\' {
			return Value{}, false
		}
	}
	return String(inner), true
}

const maxDepth = 64

func decode(d *json.Decoder, depth int) (Value, error) {
	if depth > maxDepth {
		return Value{}, fmt.Errorf("it is nested more than %d deep", maxDepth)
	}
	t, err := d.Token()
	if err != nil {
		return Value{}, err
	}
	switch t := t.(type) {
	case bool:
		return Bool(t), nil
	case string:
		return String(t), nil
	case json.Number:
		return numeral(t.String()), nil
	case json.Delim:
		m := &many{}
		if t == '{' {
			m.names = []string{}
		}
		for d.More() {
			if t == '{' {
				name, err := d.Token()
				if err != nil {
					return Value{}, err
				}
				m.names = append(m.names, fmt.Sprint(name))
			}
			v, err := decode(d, depth+1)
			if err != nil {
				return Value{}, err
			}
			m.values = append(m.values, v)
		}
		if _, err := d.Token(); err != nil {
			return Value{}, err
		}
		if t == '{' {
			return Value{sort: isObject, many: m}, nil
		}
		return Value{sort: isList, many: m}, nil
	}
	return Value{}, nil
}

// numeral keeps the digits of an integer beyond 2^53, which is an order number
// or a card, not a quantity.
func numeral(digits string) Value {
	f, err := strconv.ParseFloat(digits, 64)
	if err != nil && math.IsInf(f, 0) {
		return Value{sort: isNumber, num: f}
	}
	v := Number(f)
	if math.Abs(f) > 1<<53 && strings.Trim(digits, "-0123456789") == "" {
		v.text = digits
	}
	return v
}

func (v Value) items() []Value {
	if v.sort == isList {
		return v.many.values
	}
	return nil
}

// size is how many characters, items or members there are; -1 for the rest.
func (v Value) size() int {
	switch {
	case v.sort == isText:
		return runes(v.text)
	case v.many != nil:
		return len(v.many.values)
	}
	return -1
}

func (v Value) truthy() bool {
	return !v.isNone() && (v.sort != isBool || v.num != 0)
}

// member is an own member of an object.
func (v Value) member(name string) (Value, bool) {
	if v.sort != isObject {
		return Value{}, false
	}
	if i := slices.Index(v.many.names, name); i >= 0 {
		return v.many.values[i], true
	}
	return Value{}, false
}

// property is what a dot or brackets read: a member, an item, or one of the
// words size, first and last.
func (v Value) property(key Value) Value {
	if key.sort == isNumber && (v.sort == isList || v.sort == isText) {
		return v.at(key.num)
	}
	return v.named(key.string())
}

// named is property for a name.
func (v Value) named(name string) Value {
	if x, ok := v.member(name); ok {
		return x
	}
	switch name {
	case "size":
		if n := v.size(); n >= 0 {
			return Number(float64(n))
		}
	case "first":
		if v.sort == isList {
			return v.at(0)
		}
	case "last":
		if v.sort == isList {
			return v.at(-1)
		}
	default:
		if n, err := strconv.ParseUint(name, 10, 31); err == nil && v.sort == isList {
			return v.at(float64(n))
		}
	}
	return Value{}
}

func (v Value) at(index float64) Value {
	if index != math.Trunc(index) {
		return Value{}
	}
	if v.sort == isText {
		if index < 0 || index >= float64(len(v.text)) {
			return Value{}
		}
		from := advance(v.text, 0, int(index))
		return Value{sort: isText, text: v.text[from:advance(v.text, from, 1)]}
	}
	n := float64(len(v.many.values))
	if index < 0 {
		index += n
	}
	if index < 0 || index >= n {
		return Value{}
	}
	return v.many.values[int(index)]
}

// list is the value as a list: nil is none, anything else is one.
func (v Value) list() []Value {
	if v.sort == isList || v.isNone() {
		return v.items()
	}
	return []Value{v}
}
