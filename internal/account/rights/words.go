package rights

import (
	"encoding/json"
	"strings"
	"unicode"

	"github.com/heed-platform/heed/internal/clock"
	"github.com/heed-platform/heed/internal/person"
	"github.com/heed-platform/heed/internal/policy/define"
)

// words says keys of definitions in the workspace's own labels. What has none is
// called by its key.
type words struct{ d define.Definitions }

func find[T any](all []T, is func(T) bool) (T, bool) {
	for _, v := range all {
		if is(v) {
			return v, true
		}
	}
	var none T
	return none, false
}

func or(label, key string) string {
	if label == "" {
		return key
	}
	return label
}

func (w words) purpose(key string) string {
	p, _ := find(w.d.Purposes, func(p define.Purpose) bool { return p.Key == key })
	return or(p.Label, key)
}

func (w words) recipient(key string) define.Recipient {
	r, ok := find(w.d.Recipients, func(r define.Recipient) bool { return r.Key == key })
	if !ok {
		r = define.Recipient{Key: key, Label: key}
	}
	return r
}

func (w words) source(key string) string {
	s, _ := find(w.d.Sources, func(s define.Source) bool { return s.Key == key })
	return or(s.Label, key)
}

func (w words) namespace(ns person.Namespace) string {
	n, _ := find(w.d.Namespaces, func(n define.Namespace) bool { return n.Key == string(ns) })
	return or(n.Label, string(ns))
}

func (w words) attribute(name string) string {
	a, _ := find(w.d.Attributes, func(a define.Attribute) bool { return a.Name == name })
	return or(a.Label, name)
}

// category is the label of the category, or of the closest one above it.
func (w words) category(key string) string {
	for above := key; above != ""; {
		if c, ok := find(w.d.Categories, func(c define.Category) bool { return c.Key == above }); ok {
			return or(c.Label, key)
		}
		i := strings.LastIndexByte(above, '.')
		above = above[:max(i, 0)]
	}
	return key
}

func (w words) categories(keys []string) []string { return list(keys, w.category) }

// notice is the title in the brand's language, or in the first there is.
func (w words) notice(ref string) string {
	title := ""
	for _, n := range w.d.Notices {
		if n.Ref() == ref && (title == "" || n.Language == w.d.Brand.Language) {
			title = n.Title
		}
	}
	return title
}

// spaces puts labels in the place of namespaces' names. It is for sentences made
// of constant words and such names only.
func (w words) spaces(sentence string) string {
	var out strings.Builder
	name := func(r rune) bool { return r == '_' || unicode.IsLetter(r) || unicode.IsDigit(r) }
	for len(sentence) > 0 {
		n := strings.IndexFunc(sentence, func(r rune) bool { return !name(r) })
		if n < 0 {
			n = len(sentence)
		}
		out.WriteString(w.namespace(person.Namespace(sentence[:n])))
		if sentence = sentence[n:]; sentence == "" {
			break
		}
		out.WriteString(sentence[:1])
		sentence = sentence[1:]
	}
	return out.String()
}

// origin says in a few words how a value came to be known.
func origin(word string) string {
	switch word {
	case "declared":
		return "they said so themselves"
	case "observed":
		return "seen from what they did"
	case "inferred":
		return "our own guess"
	case "third_party":
		return "bought or borrowed from others"
	}
	return "nobody knows from where"
}

// day is a date that nobody reads wrongly.
func day(t clock.Instant) string { return t.Time().Format("2 January 2006") }

func moment(t clock.Instant) string { return t.Time().Format("2 January 2006 15:04 UTC") }

// plain shows a JSON value as text: a string without its quotes.
func plain(value json.RawMessage) string {
	var s string
	if json.Unmarshal(value, &s) == nil {
		return s
	}
	return string(value)
}
