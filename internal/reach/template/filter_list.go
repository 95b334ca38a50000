package template

import (
	"slices"
	"strings"
)

func firstOf(_ work, v Value, _ []Value) Value { return end(v, 0) }

func lastOf(_ work, v Value, _ []Value) Value {
	return end(v, v.size()-1)
}

// end is an item of a list or a character of a text; nothing for the rest.
func end(v Value, i int) Value {
	if v.sort != isList && v.sort != isText {
		return of("")
	}
	return v.at(float64(i))
}

// sizeOf counts characters or items; the rest has no size.
func sizeOf(_ work, v Value, _ []Value) Value {
	if v.sort != isList && v.sort != isText {
		return Number(0)
	}
	return Number(float64(v.size()))
}

func join(w work, v Value, args []Value) Value {
	sep := " "
	if has(args, 0) {
		sep = args[0].string()
	}
	items := v.list()
	bytes := len(items) * len(sep)
	for _, x := range items {
		bytes += len(x.text)
	}
	if !w.fits(w.at, bytes) || !w.spend(w.at, bytes) {
		return Value{}
	}
	return of(joined(items, sep))
}

func reversed(_ work, v Value, _ []Value) Value {
	items := slices.Clone(v.list())
	slices.Reverse(items)
	return List(items...)
}

// walk reads a path such as "address.city" of a value.
func walk(v Value, path string) Value {
	for name := range strings.SplitSeq(path, ".") {
		v = v.named(name)
	}
	return v
}

func mapped(w work, v Value, args []Value) Value {
	items, path := v.list(), args[0].string()
	if !w.spend(w.at, 16*len(items)) {
		return Value{}
	}
	values := make([]Value, len(items))
	for i, x := range items {
		values[i] = walk(x, path)
	}
	return List(values...)
}

// where keeps the items whose property args[0] is args[1], or is there at all.
func where(w work, v Value, args []Value) Value {
	path := args[0].string()
	var values []Value
	for _, x := range v.list() {
		if !w.spend(w.at, 0) {
			return Value{}
		}
		p := walk(x, path)
		if has(args, 1) && equal(p, args[1]) || !has(args, 1) && p.truthy() {
			values = append(values, x)
		}
	}
	return List(values...)
}

// sorted orders items, or their property args[0]; nil comes last and what
// cannot be compared stays where it is.
func sorted(w work, v Value, args []Value) Value {
	type keyed struct{ key, item Value }
	items := v.list()
	if !w.spend(w.at, 256*len(items)) {
		return Value{}
	}
	keys := make([]keyed, len(items))
	for i, x := range items {
		keys[i] = keyed{x, x}
		if path := argument(args, 0).string(); path != "" {
			keys[i].key = walk(x, path)
		}
		keys[i].key = keys[i].key.primitive()
	}
	slices.SortStableFunc(keys, func(a, b keyed) int { return nilLast(a.key, b.key) })
	values := make([]Value, len(keys))
	for i, k := range keys {
		values[i] = k.item
	}
	return List(values...)
}

func nilLast(a, b Value) int {
	switch {
	case a.sort == isNil && b.sort == isNil:
		return 0
	case a.sort == isNil:
		return 1
	case b.sort == isNil:
		return -1
	}
	sign, _ := order(a, b)
	return sign
}

// uniq keeps the first of equal items.
func uniq(w work, v Value, _ []Value) Value {
	seen := map[string]bool{}
	var values []Value
	for _, x := range v.list() {
		key := string(x.appendJSON([]byte{byte(x.sort)}))
		if !w.spend(w.at, len(key)) {
			return Value{}
		}
		if !seen[key] {
			seen[key] = true
			values = append(values, x)
		}
	}
	return List(values...)
}
