package strict_test

import (
	"encoding/json"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/heed-platform/heed/internal/collect/event/strict"
)

// judge scans one value and says how it ended.
func judge(b string) (broken bool, f strict.Fault, path string) {
	s := strict.New([]byte(b))
	s.Skip()
	if !s.End() {
		return true, 0, ""
	}
	f, path = s.Take()
	return false, f, path
}

func TestSkip(t *testing.T) {
	t.Parallel()
	many := func(n int) string {
		var b strings.Builder
		b.WriteString(`{"p":{`)
		for i := range n {
			if i > 0 {
				b.WriteByte(',')
			}
			b.WriteString(`"k` + strings.Repeat("x", i%7) + string(rune('a'+i%26)) + `_` + json.Number(itoa(i)).String() + `":1`)
		}
		return b.String() + `}}`
	}
	tests := []struct {
		name, in string
		broken   bool
		fault    strict.Fault
		path     string
	}{
		{name: "empty", in: "", broken: true},
		{name: "space only", in: " \n", broken: true},
		{name: "null", in: "null"},
		{name: "numbers", in: `[0,-0,1.5,-2e+10,3E5,9007199254740993]`},
		{name: "leading zero", in: `01`, broken: true},
		{name: "bare minus", in: `-`, broken: true},
		{name: "bare fraction", in: `1.`, broken: true},
		{name: "plus", in: `+1`, broken: true},
		{name: "exponent without digits", in: `1e`, broken: true},
		{name: "NaN", in: `NaN`, broken: true},
		{name: "trailing comma in list", in: `[1,]`, broken: true},
		{name: "trailing comma in object", in: `{"a":1,}`, broken: true},
		{name: "two values", in: `1 2`, broken: true},
		{name: "byte order mark", in: "\ufeff{}", broken: true},
		{name: "open string", in: `"abc`, broken: true},
		{name: "escaped end", in: `"abc\"`, broken: true},
		{name: "open object", in: `{"a":1`, broken: true},
		{name: "crossed brackets", in: `[{]}`, broken: true},
		{name: "no colon", in: `{"a" 1}`, broken: true},
		{name: "name without quotes", in: `{a:1}`, broken: true},
		{name: "single quotes", in: `{'a':1}`, broken: true},
		{name: "comment", in: `{/**/}`, broken: true},
		{name: "half a word", in: `tru`, broken: true},
		{name: "escapes", in: `"\"\\\/\b\f\n\r\t\u00e9\ud83d\ude00"`},
		{name: "any script", in: `"Zürich 東京 😀 \ufffd ` + "\ufffd" + `"`},
		{name: "unknown escape", in: `{"a":"\x41"}`, fault: strict.Encoding, path: "a"},
		{name: "short unicode escape", in: `{"a":"\u12"}`, fault: strict.Encoding, path: "a"},
		{name: "bare newline", in: "{\"a\":{\"b\":\"x\ny\"}}", fault: strict.Encoding, path: "a.b"},
		{name: "bare NUL", in: "\"\x00\"", fault: strict.Encoding},
		{name: "escaped NUL", in: `"\u0000"`, fault: strict.Encoding},
		{name: "byte ff", in: "\"\xff\"", fault: strict.Encoding},
		{name: "overlong", in: "\"\xc0\xaf\"", fault: strict.Encoding},
		{name: "surrogate in UTF-8", in: "\"\xed\xa0\x80\"", fault: strict.Encoding},
		{name: "half a rune at the end", in: "\"\xe6\x9d\"", fault: strict.Encoding},
		{name: "lone high", in: `"\ud800"`, fault: strict.Encoding},
		{name: "lone low", in: `"\udc00"`, fault: strict.Encoding},
		{name: "high before letter", in: `"\ud800\u0041"`, fault: strict.Encoding},
		{name: "name twice", in: `{"a":1,"b":2,"a":3}`, fault: strict.Duplicate, path: "a"},
		{name: "name twice by escape", in: `{"x":{"a":1,"\u0061":3}}`, fault: strict.Duplicate, path: "x.a"},
		{name: "empty name twice", in: `{"":1,"":3}`, fault: strict.Duplicate},
		{name: "same name at two levels", in: `{"a":{"a":{"a":1}},"b":{"a":1}}`},
		{name: "name twice among many", in: many(40)[:len(many(40))-2] + `,"ka_0":1}}`, fault: strict.Duplicate, path: "p.ka_0"},
		{name: "1000 names", in: many(1000)},
		{name: "1001 names", in: many(1001), fault: strict.TooManyKeys, path: "p.kmxxxxxx_999"},
		{name: "64 deep", in: strings.Repeat("[", 64) + strings.Repeat("]", 64)},
		{name: "65 deep", in: strings.Repeat("[", 65) + strings.Repeat("]", 65), fault: strict.TooDeep},
		{name: "20,000 deep", in: strings.Repeat(`{"a":`, 20000) + "1" + strings.Repeat("}", 20000), fault: strict.TooDeep, path: strings.Repeat("a.", 64)[:127]},
		{name: "deep and open", in: strings.Repeat("[", 20000), broken: true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			broken, fault, path := judge(tt.in)
			if broken != tt.broken || fault != tt.fault {
				t.Fatalf("broken %v, fault %d; want %v, %d", broken, fault, tt.broken, tt.fault)
			}
			if tt.fault != strict.TooManyKeys && path != tt.path {
				t.Errorf("fault at %q, want %q", path, tt.path)
			}
		})
	}
}

func itoa(i int) string {
	b, _ := json.Marshal(i)
	return string(b)
}

func TestScanner_walk(t *testing.T) {
	t.Parallel()
	body := []byte(` { "a" : [ 1 , {"b":2} , [] ] , "c":{} , "d" : "x" } `)
	s := strict.New(body)
	var got []string
	if !s.Enter() {
		t.Fatal("did not enter")
	}
	for name, ok := s.Next(); ok; name, ok = s.Next() {
		got = append(got, string(name))
		if s.EnterArray() {
			for s.Item() {
				got = append(got, string(s.Skip().Of(body)))
			}
			continue
		}
		got = append(got, string(s.Skip().Of(body)))
	}
	want := []string{"a", "1", `{"b":2}`, "[]", "c", "{}", "d", `"x"`}
	if diff := cmp.Diff(want, got); diff != "" || !s.End() {
		t.Errorf("walked (-want +got):\n%s", diff)
	}
	if left := string(s.Left().Of(body)); left != strings.TrimSpace(string(body)) {
		t.Errorf("left %s", left)
	}
}

func TestFind(t *testing.T) {
	t.Parallel()
	raw := []byte(`{"a":{"b":[1,"\u0041\n"],"c":null},"b":{"c":1.50},"":7}`)
	for path, want := range map[string]string{
		"a.b": `[1,"\u0041\n"]`, "a.c": "null", "b.c": "1.50", "a.d": "", "x": "", "b.c.d": "", "a.b.c": "",
	} {
		if got := string(strict.Find(raw, path)); got != want {
			t.Errorf("Find(%s) = %s, want %s", path, got, want)
		}
	}
	var items []string
	for v := range strict.Elements(strict.Find(raw, "a.b")) {
		items = append(items, string(v))
	}
	if text, ok := strict.Text([]byte(items[1])); len(items) != 2 || !ok || text != "A\n" {
		t.Errorf("elements %q, text %q", items, text)
	}
}

func TestAppendCanonical(t *testing.T) {
	t.Parallel()
	keep := func(name []byte) bool { return string(name) != "drop" }
	a := strict.AppendCanonical(nil, []byte(` {"b" : [1.0, {"z":1,"a":"\u00e9\/"}], "drop":1, "a":{"drop":2}}`), keep)
	b := strict.AppendCanonical(nil, []byte(`{"a":{"drop":2},"drop":2,"b":[1.0,{"a":"é/","z":1}]}`), keep)
	if string(a) != string(b) || string(a) != `{"a":{"drop":2},"b":[1.0,{"a":"é/","z":1}]}` {
		t.Errorf("%s\n%s", a, b)
	}
}

// decode is the standard library's opinion, numbers as written.
func decode(b []byte) (any, error) {
	d := json.NewDecoder(strings.NewReader(string(b)))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return nil, err
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, io.ErrUnexpectedEOF
	}
	return v, nil
}

// rebuild reads a checked value with our readers only.
func rebuild(t *testing.T, raw []byte) any {
	t.Helper()
	switch raw[0] {
	case '{':
		m := map[string]any{}
		for name, v := range strict.Members(raw) {
			m[name] = rebuild(t, v)
		}
		return m
	case '[':
		l := []any{}
		for v := range strict.Elements(raw) {
			l = append(l, rebuild(t, v))
		}
		return l
	case '"':
		s, _ := strict.Text(raw)
		return s
	case 't':
		return true
	case 'f':
		return false
	case 'n':
		return nil
	}
	return json.Number(raw)
}

// form is a value as text; comparing deep values with cmp takes for ever.
func form(t *testing.T, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// FuzzScanner holds the scanner to the standard library: what passes here
// passes there with equal values, and what fails there never passes here.
func FuzzScanner(f *testing.F) {
	for _, seed := range []string{
		`{"a":[1,2.5e-3,"x\u0041\ud83d\ude00",true,false,null],"b":{}}`, `{"a":1,"a":2}`, `["\ud800"]`, "\"\xff\"",
		`[[[[]]]]`, ` {"k" : "v" } `, `{"\u006b":1,"k":2}`, `-0.0`, `"\x"`, `{"a":"` + strings.Repeat("é", 20) + `"}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		s := strict.New(b)
		at := s.Skip()
		clean := s.End()
		if fault, _ := s.Take(); fault != 0 {
			clean = false
		}
		theirs, err := decode(b)
		switch {
		case err != nil && clean:
			t.Fatalf("we accept what encoding/json refuses: %v", err)
		case clean:
			if theirs, ours := form(t, theirs), form(t, rebuild(t, at.Of(b))); theirs != ours {
				t.Fatalf("values differ:\n%s\n%s", theirs, ours)
			}
			again, err := decode(strict.AppendCanonical(nil, at.Of(b), nil))
			if err != nil || form(t, theirs) != form(t, again) {
				t.Fatalf("the canonical form says something else: %v", err)
			}
		}
	})
}

// FuzzReaders holds the readers to their one promise on bytes that nobody
// checked: they end.
func FuzzReaders(f *testing.F) {
	f.Add([]byte(`{"a":{"b":[1,{"c":"\u00`), "a.b")
	f.Add([]byte(`{"a":}]`), "a")
	f.Add([]byte(`[,"\`), "")
	f.Fuzz(func(_ *testing.T, b []byte, path string) {
		strict.Find(b, path)
		for _, v := range strict.Members(b) {
			strict.Text(v)
		}
		for v := range strict.Elements(b) {
			strict.IsNumber(v)
		}
		strict.AppendCanonical(nil, b, nil)
	})
}
