// Package words is what the pages say, in every language they speak.
//
// The texts lie beside the code, one YAML file for each area and language, and
// are part of the program. A text has a key ("prefs.title"), may hold
// placeholders by name ("Hello {name}") and may depend on a number, under the
// plural categories of its language. Dates, numbers, money and lists are written
// as the language does. Every key is there in every language, with the same
// placeholders; the tests hold that, so For never falls back in the middle of a
// page. Start reading at For and Words.T.
package words

import (
	"fmt"
	"strings"
	"time"

	"golang.org/x/text/feature/plural"
	"golang.org/x/text/language"

	"github.com/heed-platform/heed/internal/clock"
)

// Words is one language, in one time zone. The zero value has no words; use For.
type Words struct {
	language *dialect
	zone     *time.Location
}

// For is the language that fits the first of the tags that any fits: "de" for
// "de-AT". Without one it is English.
func For(tags ...string) Words {
	for _, tag := range tags {
		if d, ok := known(tag); ok {
			return Words{language: d, zone: time.UTC}
		}
	}
	return Words{language: dialects[0], zone: time.UTC}
}

// Speaks reports whether there are words for tag.
func Speaks(tag string) bool {
	_, ok := known(tag)
	return ok
}

func known(tag string) (*dialect, bool) {
	base, _, _ := strings.Cut(strings.ToLower(strings.TrimSpace(tag)), "-")
	for _, d := range dialects {
		if d.tag == base {
			return d, true
		}
	}
	return nil, false
}

// Accepted is the supported language that an Accept-Language header likes best,
// or "" when it likes none.
func Accepted(header string) string {
	const most = 1000 // a browser's is far shorter
	if len(header) > most {
		return ""
	}
	tags, weights, err := language.ParseAcceptLanguage(header)
	if err != nil {
		return ""
	}
	for i, tag := range tags { // sorted, the best first
		base, _ := tag.Base()
		if weights[i] > 0 && Speaks(base.String()) {
			return base.String()
		}
	}
	return ""
}

// In writes times as the clocks of zone show them.
func (w Words) In(zone *time.Location) Words {
	w.zone = zone
	return w
}

// Zone is the name of the time zone.
func (w Words) Zone() string { return w.zone.String() }

// Tag is the language's BCP 47 tag: "de".
func (w Words) Tag() string { return w.language.tag }

// Dir is the direction of its script: "ltr" or "rtl".
func (w Words) Dir() string { return w.language.dir }

// Name is what its speakers call it: "Deutsch".
func (w Words) Name() string { return w.language.name }

// All is every language there is, English first.
func All() []Words {
	out := make([]Words, len(dialects))
	for i, d := range dialects {
		out[i] = Words{language: d, zone: time.UTC}
	}
	return out
}

// Has reports whether there is a text under key.
func (w Words) Has(key string) bool {
	_, ok := w.language.texts[key]
	return ok
}

// Or is the text under key, or fallback when the workspace has invented something
// that we have no word for.
func (w Words) Or(key, fallback string) string {
	if !w.Has(key) {
		return fallback
	}
	return w.T(key)
}

// T is the text under key with its placeholders filled from pairs of a name and
// a value: T("data.times", "n", 3). A value is a string, an int
// or int64 (written as a number; the one named "n" chooses the plural) or a
// clock.Instant (written as a date). A key that is not there, a placeholder
// without a value or a value of another type is a fault of the program: it panics.
func (w Words) T(key string, pairs ...any) string {
	t, ok := w.language.texts[key]
	if !ok {
		panic(fmt.Sprintf("words: no text under %s", key))
	}
	values := w.values(key, pairs)
	form := t.forms[plural.Other]
	if n, counted := count(pairs); counted {
		if f, ok := t.forms[w.category(n)]; ok {
			form = f
		}
	}
	var b strings.Builder
	for _, p := range form {
		if p.name == "" {
			b.WriteString(p.text)
			continue
		}
		v, ok := values[p.name]
		if !ok {
			panic(fmt.Sprintf("words: %s needs a value for {%s}", key, p.name))
		}
		b.WriteString(v)
	}
	return b.String()
}

func (w Words) values(key string, pairs []any) map[string]string {
	if len(pairs)%2 != 0 {
		panic(fmt.Sprintf("words: %s has a name without a value", key))
	}
	values := make(map[string]string, len(pairs)/2)
	for i := 0; i < len(pairs); i += 2 {
		name, ok := pairs[i].(string)
		if !ok {
			panic(fmt.Sprintf("words: %s has a value where a name belongs", key))
		}
		switch v := pairs[i+1].(type) {
		case string:
			values[name] = w.isolate(v)
		case int:
			values[name] = w.Number(int64(v))
		case int64:
			values[name] = w.Number(v)
		case clock.Instant:
			values[name] = w.Date(v)
		default:
			panic(fmt.Sprintf("words: %s cannot write a %T", key, v))
		}
	}
	return values
}

// isolate keeps a foreign text, such as an email address in an Arabic sentence,
// from pulling the words around it out of their order (Unicode UAX #9).
func (w Words) isolate(text string) string {
	const first, pop = "\u2068", "\u2069"
	if w.language.dir != "rtl" || text == "" {
		return text
	}
	return first + text + pop
}

func count(pairs []any) (int64, bool) {
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i] != "n" {
			continue
		}
		switch v := pairs[i+1].(type) {
		case int:
			return int64(v), true
		case int64:
			return v, true
		}
	}
	return 0, false
}

// category is the CLDR plural category of a whole number.
func (w Words) category(n int64) plural.Form {
	if n < 0 {
		n = -n
	}
	const wrap = 1_000_000_000 // the rules look at the last digits only
	i := int(n % wrap)
	if n >= wrap {
		i += wrap
	}
	return plural.Cardinal.MatchPlural(language.Make(w.language.tag), i, 0, 0, 0, 0)
}
