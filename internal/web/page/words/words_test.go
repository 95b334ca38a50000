package words

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/text/feature/plural"

	"github.com/heed-platform/heed/internal/clock"
)

// TestTexts_everyKeyInEveryLanguage: whoever adds a text adds it five times.
func TestTexts_everyKeyInEveryLanguage(t *testing.T) {
	t.Parallel()
	english := For("en").language.texts
	for _, d := range dialects {
		for key, text := range d.texts {
			from, ok := english[key]
			if !ok {
				t.Errorf("%s has %s, which English has not", d.tag, key)
				continue
			}
			if diff := cmp.Diff(placeholders(from.forms[plural.Other]), placeholders(text.forms[plural.Other])); diff != "" {
				t.Errorf("%s, %s: other placeholders than in English: %s", d.tag, key, diff)
			}
			for form, pieces := range text.forms {
				for _, name := range placeholders(pieces) {
					if !slices.Contains(placeholders(from.forms[plural.Other]), name) {
						t.Errorf("%s, %s: form %v has {%s}, which English has not", d.tag, key, form, name)
					}
				}
			}
			if len(from.forms) > 1 {
				counted(t, d, key, text)
			}
		}
		for key := range english {
			if _, ok := d.texts[key]; !ok {
				t.Errorf("%s has no %s", d.tag, key)
			}
		}
	}
}

// counted checks that a text has every plural form that its language knows.
func counted(t *testing.T, d *dialect, key string, text text) {
	t.Helper()
	need := map[plural.Form]int64{}
	for n := range int64(201) {
		need[Words{language: d}.category(n)] = n
	}
	for form, n := range need {
		if _, ok := text.forms[form]; !ok {
			t.Errorf("%s, %s: no form for %d", d.tag, key, n)
		}
	}
	for form := range text.forms {
		if _, ok := need[form]; !ok && form != plural.Other && form != plural.Many {
			t.Errorf("%s, %s: form %v is never used", d.tag, key, form)
		}
	}
}

func placeholders(pieces []piece) []string {
	var out []string
	for _, p := range pieces {
		if p.name != "" {
			out = append(out, p.name)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

var (
	quoted = regexp.MustCompile("[\"`]([a-z]+\\.[a-z0-9_.]*)[\"`]")
	asked  = regexp.MustCompile(`\bT\(?\s*"([a-z]+\.[a-z0-9_.]+)"([^\n]*)`)
)

// TestTexts_everyKeyIsUsed reads the pages' code and templates: a key that nobody
// names is dead, and a key that a page names is there. A literal that ends with a
// dot or an underscore names all keys that begin so.
func TestTexts_everyKeyIsUsed(t *testing.T) {
	t.Parallel()
	english := For("en").language.texts
	areas := map[string]bool{}
	for key := range english {
		area, _, _ := strings.Cut(key, ".")
		areas[area] = true
	}
	used := map[string]bool{}
	for path, text := range code(t) {
		for _, m := range quoted.FindAllStringSubmatch(text, -1) {
			used[m[1]] = true
		}
		for _, m := range asked.FindAllStringSubmatch(text, -1) {
			area, _, _ := strings.Cut(m[1], ".")
			line, _, _ := strings.Cut(m[2], "}}")
			if !areas[area] || strings.HasSuffix(m[1], ".") || strings.HasSuffix(m[1], "_") || strings.HasPrefix(strings.TrimSpace(line), "+") {
				continue
			}
			if _, ok := english[m[1]]; !ok {
				t.Errorf("%s asks for %s, which is not there", path, m[1])
				continue
			}
			for _, name := range placeholders(english[m[1]].forms[plural.Other]) {
				if !strings.Contains(line, `"`+name+`"`) {
					t.Errorf("%s asks for %s without a value for {%s}", path, m[1], name)
				}
			}
		}
	}
	for key := range english {
		if !named(used, key) {
			t.Errorf("nothing says %s", key)
		}
	}
}

func named(used map[string]bool, key string) bool {
	if used[key] {
		return true
	}
	for i, c := range key {
		if (c == '.' || c == '_') && used[key[:i+1]] {
			return true
		}
	}
	return false
}

// code is the program's Go files and templates.
func code(t *testing.T) map[string]string {
	t.Helper()
	out := map[string]string{}
	for _, root := range []string{"..", "../../../app"} {
		err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || strings.HasSuffix(path, "_test.go") {
				return err
			}
			if ext := filepath.Ext(path); ext != ".go" && ext != ".html" && ext != ".txt" {
				return nil
			}
			b, err := os.ReadFile(path)
			out[path] = string(b)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return out
}

func TestT(t *testing.T) {
	t.Parallel()
	texts, err := read(fstest.MapFS{"en/a.yaml": {Data: []byte("a.hello: Hello {name}, {x y} {}\na:\n  parts:\n    one: One part of {whole}\n    other: \"{n} parts of {whole}\"\n")}}, "en")
	if err != nil {
		t.Fatal(err)
	}
	w := Words{language: &dialect{tag: "en", texts: texts, group: ",", grouped: 4}}
	for want, got := range map[string]string{
		"Hello Ada, {x y} {}": w.T("a.hello", "name", "Ada"),
		"One part of it":      w.T("a.parts", "n", 1, "whole", "it"),
		"0 parts of it":       w.T("a.parts", "n", 0, "whole", "it"),
		"1,234 parts of it":   w.T("a.parts", "n", int64(1234), "whole", "it"),
		"mine":                w.Or("a.nothing", "mine"),
	} {
		if got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	odd := []any{"name"}
	for name, f := range map[string]func(){
		"no key":   func() { w.T("a.nothing") },
		"no value": func() { w.T("a.hello") },
		"odd":      func() { w.T("a.hello", odd...) },
		"a float":  func() { w.T("a.hello", "name", 1.5) },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: nothing said", name)
				}
			}()
			f()
		}()
	}
}

func TestRead_refuses(t *testing.T) {
	t.Parallel()
	for text, why := range map[string]string{
		"b.x: y":         "must begin with",
		"a.x: 3":         "not a text",
		"a.x: [y]":       "not a text",
		"a.x: y\na.x: z": "already defined",
	} {
		if _, err := read(fstest.MapFS{"en/a.yaml": {Data: []byte(text)}}, "en"); err == nil || !strings.Contains(err.Error(), why) {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func TestPlurals(t *testing.T) {
	t.Parallel()
	say := func(tag string, n int) string { return For(tag).T("common.faults", "n", n) }
	for want, got := range map[string]string{
		"2 things need another look":               say("en", 2),
		"12.345 Angaben brauchen noch einen Blick": say("de", 12345),
		"Un point est à revoir":                    say("fr", 1),
		"أمران يحتاجان إلى مراجعة":                 say("ar", 2),
		"5 أمور تحتاج إلى مراجعة":                  say("ar", 5),
		"11 أمرًا تحتاج إلى مراجعة":                say("ar", 11),
		"100 أمر تحتاج إلى مراجعة":                 say("ar", 100),
	} {
		if got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

func TestFormats(t *testing.T) {
	t.Parallel()
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	at := clock.At(time.Date(2026, 10, 31, 23, 4, 0, 0, time.UTC))
	var got []string
	for _, w := range All() {
		w = w.In(berlin)
		got = append(got, fmt.Sprintf("%s | %s | %s | %s | %s | %s", w.DateTime(at), w.Number(-1234567), w.Money(123405, "EUR"), w.Money(-500, "JPY"), w.List("a", "b", "c"), w.Country("DE-BE")))
	}
	want := []string{
		"1 November 2026, 00:04 | -1,234,567 | EUR\u00a01,234.05 | JPY\u00a0-500 | a, b and c | Germany",
		"1. November 2026, 00:04 | -1.234.567 | 1234,05\u00a0EUR | -500\u00a0JPY | a, b und c | Deutschland",
		"1er novembre 2026, 00:04 | -1\u202f234\u202f567 | 1\u202f234,05\u00a0EUR | -500\u00a0JPY | a, b et c | Allemagne",
		"1 de noviembre de 2026, 00:04 | -1.234.567 | 1234,05\u00a0EUR | -500\u00a0JPY | a, b y c | Alemania",
		"1 نوفمبر 2026، 00:04 | -1,234,567 | 1,234.05\u00a0EUR | -500\u00a0JPY | \u2068a\u2069، \u2068b\u2069 و\u2068c\u2069 | ألمانيا",
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	if got := For("en").Country("XX?"); got != "XX?" {
		t.Errorf("a country that is none is %q", got)
	}
}

func TestFor(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		tags []string
		want string
	}{
		{nil, "en"}, {[]string{"", "xx", "de-AT", "fr"}, "de"}, {[]string{"AR"}, "ar"}, {[]string{"../en"}, "en"},
	} {
		if got := For(tt.tags...).Tag(); got != tt.want {
			t.Errorf("For(%q) is %s", tt.tags, got)
		}
	}
	for header, want := range map[string]string{
		"": "", "xx": "", "da, fr-CA;q=0.8, en;q=0.9": "en", "ar-EG,ar;q=0.9,en;q=0.8": "ar", "en;q=0, de;q=0.1": "de",
		"*": "", strings.Repeat("de,", 1000): "", "de;q=x": "",
	} {
		if got := Accepted(header); got != want {
			t.Errorf("Accepted(%.30q) is %q, want %q", header, got, want)
		}
	}
}

func FuzzAccepted(f *testing.F) {
	f.Add("da, fr-CA;q=0.8, en;q=0.9")
	f.Add("*;q=0")
	f.Fuzz(func(t *testing.T, header string) {
		if got := Accepted(header); got != "" && !Speaks(got) {
			t.Errorf("%q", got)
		}
	})
}
