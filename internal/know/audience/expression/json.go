package expression

import (
	"encoding/json"
	"strings"
)

// read gives a JSON text as a value. Text without escapes, lists and objects
// stay where they are; null is no value, and neither is what is not JSON.
func read(raw string) value {
	raw = strings.TrimSpace(raw)
	if raw == "" {
		return value{kind: absent}
	}
	switch raw[0] {
	case '"':
		if s, ok := unquote(raw); ok {
			return value{kind: text, s: s}
		}
	case '[':
		return value{kind: list, s: raw}
	case '{':
		return value{kind: object, s: raw}
	case 't', 'f':
		if raw == "true" || raw == "false" {
			return boolValue(raw == "true")
		}
	case '-', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9':
		return readNumber(raw)
	}
	return value{kind: absent}
}

// unquote gives the text of a JSON string, without copying it when nothing in
// it is escaped.
func unquote(raw string) (string, bool) {
	if len(raw) < 2 || raw[len(raw)-1] != '"' {
		return "", false
	}
	if inner := raw[1 : len(raw)-1]; strings.IndexByte(inner, '\\') < 0 {
		return inner, true
	}
	var s string
	err := json.Unmarshal([]byte(raw), &s)
	return s, err == nil
}

// walk calls visit with each member of a JSON list (key is "") or object until
// visit says stop. Text that is not JSON ends the walk.
func walk(raw string, visit func(key, member string) (more bool)) {
	in := strings.TrimSpace(raw)
	if len(in) < 2 {
		return
	}
	named := in[0] == '{'
	in = in[1:]
	for {
		in = strings.TrimLeft(in, " \t\r\n,")
		var key string
		if named {
			var ok bool
			if key, in, ok = member(in); !ok {
				return
			}
			in = strings.TrimLeft(in, " \t\r\n:")
		}
		n := extent(in)
		if n == 0 {
			return
		}
		if !visit(key, in[:n]) {
			return
		}
		in = in[n:]
	}
}

// member reads the quoted name that in starts with.
func member(in string) (key, rest string, ok bool) {
	if in == "" || in[0] != '"' {
		return "", in, false
	}
	n := extent(in)
	key, ok = unquote(in[:n])
	return key, in[n:], ok
}

// extent is how many bytes the JSON value takes that in starts with; 0 where
// none starts.
func extent(in string) int {
	depth := 0
	for i := 0; i < len(in); i++ {
		switch in[i] {
		case '"':
			end := closing(in, i)
			if end < 0 {
				return 0
			}
			i = end
			if depth == 0 {
				return i + 1
			}
		case '[', '{':
			depth++
		case ']', '}':
			if depth--; depth < 0 {
				return i
			}
			if depth == 0 {
				return i + 1
			}
		case ',', ':', ' ', '\t', '\r', '\n':
			if depth == 0 {
				return i
			}
		}
	}
	if depth > 0 {
		return 0
	}
	return len(in)
}

// closing is where the string that opens at i closes, or -1.
func closing(in string, i int) int {
	for i++; i < len(in); i++ {
		switch in[i] {
		case '\\':
			i++
		case '"':
			return i
		}
	}
	return -1
}

// step is one step into a list or an object: traits.address.city, traits.tags[0].
type step struct {
	key     string
	index   int
	indexed bool
}

// follow takes the steps from v. A step that leads nowhere gives no value.
func follow(v value, steps []step) value {
	for _, s := range steps {
		if v.kind == unknown {
			return v
		}
		found := value{kind: absent}
		if s.indexed && v.kind == list || !s.indexed && v.kind == object {
			i := 0
			walk(v.s, func(key, member string) bool {
				if s.indexed && i == s.index || !s.indexed && key == s.key {
					found = read(member)
					return false
				}
				i++
				return true
			})
		}
		v = found
	}
	return v
}
