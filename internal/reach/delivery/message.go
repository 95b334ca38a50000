package delivery

import (
	"slices"
	"strings"
	"time"

	"github.com/heed-platform/heed/internal/clock"
	"github.com/heed-platform/heed/internal/decide/campaign"
	"github.com/heed-platform/heed/internal/fact"
	"github.com/heed-platform/heed/internal/person"
	"github.com/heed-platform/heed/internal/policy/define"
	"github.com/heed-platform/heed/internal/problem"
	"github.com/heed-platform/heed/internal/reach/template"
)

// Message is what a campaign says, parsed.
type Message struct {
	parts  [4]*template.Template // in the order of kinds; nil is not there
	fields []string              // paths of people's data that any part can read
}

// kinds are how the parts of a message are escaped, in order.
var kinds = [4]template.Kind{template.Subject, template.Text, template.HTML, template.JSON}

var errField = problem.New(problem.Invalid, "message-field-unknown",
	"The message reads something that messages do not have; it may read traits.NAME, events.NAME, links.why, links.unsubscribe, links.preferences and brand.name.")

// words are the fields that say nothing about a person.
var words = []string{
	"links.why", "links.unsubscribe", "links.preferences",
	"brand.name", "brand.address", "brand.email", "brand.phone", "brand.website",
	"campaign.key", "campaign.label",
}

// Parse reads the templates of a campaign and finds what they read. Problems are
// template's, and message-field-unknown.
func Parse(d campaign.Message) (*Message, error) {
	m := &Message{}
	for i, text := range [4]string{d.Subject, d.Text, d.HTML, d.Payload} {
		if text == "" {
			continue
		}
		t, err := template.Parse(text, kinds[i], nil)
		if err != nil {
			return nil, err
		}
		for _, f := range t.Fields() {
			switch {
			case personal(f):
				m.fields = append(m.fields, f)
			case !slices.Contains(words, f):
				return nil, errField.At(f, "is not there")
			}
		}
		m.parts[i] = t
	}
	slices.Sort(m.fields)
	m.fields = slices.Compact(m.fields)
	return m, nil
}

// Fields are the paths of people's data that the message reads, as the gate
// knows them.
func (m *Message) Fields() []string { return m.fields }

// personal reports whether a template's field is data of a person. Templates
// name those as the gate does: traits.NAME is one value, whatever is in it.
func personal(field string) bool {
	root, name, _ := strings.Cut(field, ".")
	return (root == "traits" || root == "events") && name != ""
}

// written is a message for one person.
type written struct {
	subject, text, html, payload person.Secret
}

// write renders every part; the problem is template's.
func (m *Message) write(v values, now clock.Instant) (written, error) {
	o := template.Options{Now: now, Zone: v.zone(), Language: v.language()}
	var texts [4]person.Secret
	for i, t := range m.parts {
		if t == nil {
			continue
		}
		out, err := t.Render(v, o)
		if err != nil {
			return written{}, err
		}
		texts[i] = person.Hide(out.Text)
	}
	return written{texts[0], texts[1], texts[2], texts[3]}, nil
}

// values are what one message may be written from: what the gate's view shows,
// and words that are about nobody.
type values struct {
	sight fact.Sight
	words map[string]string
	brand define.Brand // zone and language where the person said none
}

// ways are the links of one message.
type ways struct{ why, unsubscribe, preferences string }

func newValues(s fact.Sight, b define.Brand, live *campaign.Live, w ways) values {
	return values{sight: s, brand: b, words: map[string]string{
		"links.why": w.why, "links.unsubscribe": w.unsubscribe, "links.preferences": w.preferences,
		"brand.name": b.Name, "brand.address": b.Address, "brand.email": b.Email, "brand.phone": b.Phone, "brand.website": b.Website,
		"campaign.key": live.Key, "campaign.label": live.Label,
	}}
}

// Lookup is template.Values.
func (v values) Lookup(path []string) (template.Value, template.Presence) {
	if len(path) != 2 {
		return template.Value{}, template.Absent
	}
	name := path[0] + "." + path[1]
	if _, no := v.sight.Withheld[name]; no {
		return template.Value{}, template.Withheld
	}
	switch path[0] {
	case "traits":
		return v.trait(path[1])
	case "events":
		return v.event(path[1])
	}
	text, ok := v.words[name]
	if !ok || text == "" {
		return template.Value{}, template.Absent
	}
	return template.String(text), template.Known
}

func (v values) trait(name string) (template.Value, template.Presence) {
	for _, a := range v.sight.Profile.Attributes {
		if a.Name != name || a.Value.Reveal() == "null" {
			continue
		}
		if value, err := template.ParseValue(a.Value.Reveal()); err == nil {
			return value, template.Known
		}
	}
	return template.Value{}, template.Absent
}

// event is how often something happened and when: first, last.
func (v values) event(name string) (template.Value, template.Presence) {
	var n int64
	var first, last clock.Instant
	for _, c := range v.sight.Profile.Counters { // one for each promise
		if c.Name != name {
			continue
		}
		if n == 0 || c.First < first {
			first = c.First
		}
		n, last = n+c.Count, max(last, c.Last)
	}
	if n == 0 {
		return template.Value{}, template.Absent
	}
	return template.Object(
		template.Member{Name: "count", Value: template.Number(float64(n))},
		template.Member{Name: "first", Value: template.Time(first)},
		template.Member{Name: "last", Value: template.Time(last)},
	), template.Known
}

func (v values) zone() *time.Location {
	for _, name := range []string{v.sight.Profile.Preference.Zone, v.brand.Zone} {
		if z, err := time.LoadLocation(name); name != "" && err == nil {
			return z
		}
	}
	return time.UTC
}

func (v values) language() string {
	if l := v.sight.Profile.Preference.Language; l != "" {
		return l
	}
	return v.brand.Language
}
