package expression

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"
)

// Values that are not what they should be give no value; they never panic.
func TestRead_broken(t *testing.T) {
	t.Parallel()
	for _, raw := range []string{
		``, ` `, `"`, `"a`, `"\"`, `"\x"`, `tru`, `-`, `1x`, `01e`, `nul`, `}`, `]`, `[`, `{`, `[[[`, `{"a`, `{"a"`, `{"a":`, `{"a":}`, `{a:1}`,
		`["a`, `[1,`, `[,]`, `[1 2]`, `{"a":"b}`, "[\"\\", strings.Repeat("[", 10000),
	} {
		v := read(raw)
		for _, steps := range [][]step{{{key: "a"}}, {{indexed: true}}, {{key: "a"}, {index: 3, indexed: true}}} {
			follow(v, steps)
		}
		walk(raw, func(_, member string) bool { read(member); return true })
		if v.kind == unknown || v.kind == text {
			t.Errorf("%q reads as %d", raw, v.kind)
		}
	}
}

// FuzzRead holds what is read in place against encoding/json.
func FuzzRead(f *testing.F) {
	for _, raw := range []string{
		`{"a": [1, {"b": "c\"]"}], "d\u00e9": null}`, ` [ ] `, `"\ud83d\ude00"`, `-1.5e3`, `[[],{},"",0,true]`, `{"": {"": ""}}`, `9007199254740993`, `["a`,
	} {
		f.Add(raw)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		v := read(raw)
		walk(raw, func(_, _ string) bool { return true })
		var want any
		decoder := json.NewDecoder(strings.NewReader(raw))
		decoder.UseNumber()
		if !utf8.ValidString(raw) || !json.Valid([]byte(raw)) || decoder.Decode(&want) != nil {
			return
		}
		agree(t, raw, v, want)
	})
}

func agree(t *testing.T, raw string, got value, want any) {
	t.Helper()
	ok := false
	switch want := want.(type) {
	case nil:
		ok = got.kind == absent
	case bool:
		ok = got == boolValue(want)
	case string:
		ok = got == value{kind: text, s: want}
	case json.Number:
		f, err := want.Float64()
		n, isWhole := want.Int64()
		ok = err != nil && got.kind == absent || got.kind == decimal && got.f == f || isWhole == nil && got.kind == integer && got.n == n
	case []any:
		i := 0
		walk(got.s, func(_, member string) bool {
			agree(t, raw, read(member), want[i])
			i++
			return true
		})
		ok = got.kind == list && i == len(want)
	case map[string]any:
		n, members := 0, map[string]string{}
		walk(got.s, func(key, member string) bool {
			n++
			members[key] = member
			return true
		})
		if n != len(members) {
			return // a name stands twice, which the door refuses
		}
		for key, member := range members {
			agree(t, raw, read(member), want[key])
		}
		ok = got.kind == object && n == len(want)
	}
	if !ok {
		t.Fatalf("%q: read %+v, want %v", raw, got, want)
	}
}
