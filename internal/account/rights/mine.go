package rights

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/heed-platform/heed/internal/account/ledger"
	"github.com/heed-platform/heed/internal/clock"
	"github.com/heed-platform/heed/internal/fact"
	"github.com/heed-platform/heed/internal/keep/gate"
	"github.com/heed-platform/heed/internal/know"
	"github.com/heed-platform/heed/internal/know/profile/money"
	"github.com/heed-platform/heed/internal/person"
	"github.com/heed-platform/heed/internal/policy"
	"github.com/heed-platform/heed/internal/policy/define"
)

// Mine is what a person sees of their own data: the same facts as Explanation,
// put as they would ask for them.
type Mine struct {
	Person     person.Ref    `json:"person"`
	First      clock.Instant `json:"first_seen,omitzero"`
	Last       clock.Instant `json:"last_seen,omitzero"`
	Points     []Point       `json:"identifiers"`
	Said       []Held        `json:"said"`    // what they told
	Seen       []Held        `json:"seen"`    // what they did
	Guessed    []Held        `json:"guessed"` // what was guessed
	Bought     []Held        `json:"bought"`  // from others
	GuessesOff bool          `json:"guesses_off"`
	Uncovered  int64         `json:"uncovered"`
	More       bool          `json:"more_in_download"`
	Looked     []Look        `json:"looked"` // staff who looked
}

// Point is one identifier that is taken for theirs.
type Point struct {
	Identifier

	Label    string          `json:"label"`
	Why      string          `json:"why"`
	Came     bool            `json:"came_by"` // they showed that this one is theirs
	Fragment fact.FragmentID `json:"-"`
}

// Held is one thing that is known.
type Held struct {
	Path      string        `json:"path"`
	Name      string        `json:"name,omitempty"` // of an attribute
	Label     string        `json:"label"`
	Value     string        `json:"value"`
	Kind      string        `json:"kind"` // the category's label
	Category  string        `json:"category"`
	Sensitive bool          `json:"sensitive"`
	Origin    string        `json:"origin"`
	Source    string        `json:"source,omitempty"`
	Promise   string        `json:"promise,omitempty"` // the notice's title
	Notice    string        `json:"notice,omitempty"`
	Keep      string        `json:"keep,omitempty"` // how long, as the notice says it
	For       []string      `json:"used_for"`
	Since     clock.Instant `json:"since,omitzero"`
	Until     clock.Instant `json:"until,omitzero"`
	Claimed   bool          `json:"claimed,omitempty"` // nobody proved who said it
	Form      string        `json:"form"`              // value, times, things, money
	Count     int64         `json:"count,omitempty"`   // of times and things
	Change    bool          `json:"can_be_corrected"`
	Remove    bool          `json:"can_be_removed"`
}

// Own puts together what a person sees of themselves. The dossier came with its
// history; came is the fragment that they showed to be theirs.
func Own(d gate.Dossier, k *know.Knowledge, defs define.Definitions, rules *policy.Rules, came fact.FragmentID) (Mine, error) {
	e, err := Explain(d, k, defs)
	if err != nil {
		return Mine{}, err
	}
	p := d.Profile()
	m := Mine{
		Person: e.Person, First: e.First, Last: e.Last, Uncovered: p.Uncovered, More: p.Full,
		Said: []Held{}, Seen: []Held{}, Guessed: []Held{}, Bought: []Held{},
		Looked: slices.DeleteFunc(e.Looked, func(l Look) bool { return l.Role == gate.Themselves || l.Role == "heed" }),
		GuessesOff: slices.ContainsFunc(p.Grants, func(g fact.Grant) bool {
			return g.Topic == define.Guesses && g.Status != fact.Granted
		}),
	}
	for i, id := range p.Identifiers {
		m.Points = append(m.Points, Point{identifier(id), e.words.namespace(id.NS), e.Signals[i].Why, id.Fragment == came, id.Fragment})
	}
	names := namesOf(defs)
	for _, v := range e.Values {
		h := Held{
			Path: v.Path, Label: or(rules.Label(v.Path), v.Label), Value: v.Shown, Kind: v.Kind, Category: v.Category, Sensitive: rules.Sensitive(v.Category),
			Origin: v.Origin, Source: or(e.words.source(v.Source), v.Source), Notice: v.Notice, Promise: e.words.notice(v.Notice),
			For: e.merge(v.For), Since: v.Time, Keep: keepOf(defs, v.Notice),
		}
		if h.For == nil {
			h.For = []string{}
		}
		m.place(h, p, names)
	}
	return m, nil
}

// namesOf are the attributes that also find people: they change only with a code
// to the new one.
func namesOf(d define.Definitions) map[string]bool {
	out := map[string]bool{"email": true, "phone": true}
	for _, n := range d.Namespaces {
		out[n.Key] = true
	}
	return out
}

func keepOf(d define.Definitions, ref string) string {
	n, _ := find(d.Notices, func(n define.Notice) bool {
		return n.Ref() == ref && (n.Language == d.Brand.Language || d.Brand.Language == "")
	})
	return n.Keep
}

// place puts a value where people look for it.
func (m *Mine) place(h Held, p *fact.Profile, names map[string]bool) {
	name, trait := cutTrait(h.Path)
	if i := slices.IndexFunc(p.Attributes, func(a fact.Attribute) bool { return trait && a.Name == name }); i >= 0 {
		a := p.Attributes[i]
		h.Name, h.Until, h.Claimed = a.Name, a.Expires, a.Claimed
		h.Remove = !names[a.Name]
		h.Change = h.Remove && a.Notice != "" && plainValue(a)
		h.Value = readable([]byte(a.Value.Reveal()))
	}
	h.count(p)
	switch h.Origin {
	case fact.Inferred.String():
		m.Guessed = append(m.Guessed, h)
	case fact.ThirdParty.String():
		m.Bought = append(m.Bought, h)
	case fact.Declared.String():
		m.Said = append(m.Said, h)
	default:
		m.Seen = append(m.Seen, h)
	}
}

// count says how often something was done or how many things were bought.
func (h *Held) count(p *fact.Profile) {
	head, name, _ := strings.Cut(h.Path, ".")
	h.Form = "value"
	switch head {
	case "events":
		h.Form, h.Value = "times", ""
		for _, c := range p.Counters {
			if c.Name == name {
				h.Count += c.Count
			}
		}
	case "purchases":
		h.Form, h.Label = "things", name
		var last clock.Instant
		for _, b := range p.Purchases {
			if b.Category != name {
				continue
			}
			h.Count += b.Quantity
			if b.Last >= last {
				last, h.Value = b.Last, b.Item
			}
		}
	case "spend":
		h.Form, h.Label = "money", ""
		var sums []string
		for _, s := range p.Spends {
			sums = append(sums, money.Text(s.Minor, s.Currency)+" "+s.Currency)
		}
		h.Value = strings.Join(sums, ", ")
	}
}

// readable shows a value without the signs of JSON: an address as its parts.
func readable(value []byte) string {
	var v any
	dec := json.NewDecoder(bytes.NewReader(value))
	dec.UseNumber()
	if err := dec.Decode(&v); err != nil {
		return ""
	}
	return spoken(v)
}

func spoken(v any) string {
	var parts []string
	switch v := v.(type) {
	case map[string]any:
		for _, name := range slices.Sorted(maps.Keys(v)) {
			if text := spoken(v[name]); text != "" {
				parts = append(parts, name+": "+text)
			}
		}
	case []any:
		for _, one := range v {
			parts = append(parts, spoken(one))
		}
	case string:
		return v
	case nil:
		return ""
	default:
		return fmt.Sprint(v)
	}
	return strings.Join(parts, ", ")
}

func cutTrait(path string) (string, bool) {
	const head = "traits."
	if len(path) < len(head) || path[:len(head)] != head {
		return "", false
	}
	return path[len(head):], true
}

// plainValue reports whether a value is text, a number or yes or no, so that it
// can be typed anew.
func plainValue(a fact.Attribute) bool {
	var v any
	if json.Unmarshal([]byte(a.Value.Reveal()), &v) != nil {
		return false
	}
	switch v.(type) {
	case string, float64, bool:
		return true
	}
	return false
}

// All is everything that is listed, in order.
func (m *Mine) All() []Held { return slices.Concat(m.Said, m.Seen, m.Guessed, m.Bought) }

// Find is one value by the name of its attribute.
func (m *Mine) Find(name string) (Held, bool) {
	return find(m.All(), func(h Held) bool { return h.Name == name && name != "" })
}

// Receiver is one company that has something of a person, as the person is told.
type Receiver struct {
	Key         string        `json:"recipient"`
	Label       string        `json:"label"`
	Role        string        `json:"role"`
	Country     string        `json:"country"`
	What        []string      `json:"what"`
	Why         []string      `json:"why"`
	Times       int           `json:"times"`
	Arrived     bool          `json:"arrived"` // or may have
	First       clock.Instant `json:"first"`
	Last        clock.Instant `json:"last"`
	Protections []string      `json:"protections"`
	Safeguards  string        `json:"safeguards,omitempty"`
	Contract    string        `json:"contract,omitempty"`
	Sub         []Sub         `json:"passes_on_to"`
	Contact     string        `json:"contact,omitempty"`
	How         string        `json:"how_to_object,omitempty"`
	CanObject   bool          `json:"can_object"` // it does more than what an order needs
	Objected    bool          `json:"objected"`
}

// Sub is a company to which a recipient passes data on.
type Sub struct {
	Label   string `json:"label"`
	Country string `json:"country"`
}

// Receivers says who has a person's data, in the order of the first time.
func Receivers(d gate.Dossier, defs define.Definitions) ([]Receiver, error) {
	book, err := ledger.Read(d)
	if err != nil {
		return nil, err
	}
	w := words{defs}
	out := []Receiver{}
	for _, r := range book.Receivers() {
		def := w.recipient(r.Recipient)
		v := Receiver{
			Key: r.Recipient, Label: or(def.Label, r.Recipient), Role: def.Role.String(), Country: def.Country, Times: r.Times, First: r.First, Last: r.Last,
			What: list(r.Categories, w.category), Why: list(r.Purposes, w.purpose), Protections: r.Protections,
			Safeguards: def.Safeguards, Contract: def.Contract, Contact: def.Contact, How: def.Object, Sub: []Sub{},
			Arrived: r.Outcomes["failed"]+r.Outcomes["refused"] < r.Times,
			Objected: slices.ContainsFunc(d.Profile().Grants, func(g fact.Grant) bool {
				return g.Topic == define.ToRecipient+r.Recipient && g.Status != fact.Granted
			}),
			CanObject: slices.ContainsFunc(def.Purposes, func(p string) bool { return !policy.Within(p, "essential") }),
		}
		if v.Country == "" && len(r.Countries) > 0 {
			v.Country = r.Countries[0]
		}
		v.What, v.Why = distinct(v.What), distinct(v.Why)
		for _, key := range def.Sub {
			sub := w.recipient(key)
			v.Sub = append(v.Sub, Sub{or(sub.Label, key), sub.Country})
		}
		out = append(out, v)
	}
	return out, nil
}

func distinct(words []string) []string {
	var out []string
	for _, w := range words {
		if !slices.Contains(out, w) {
			out = append(out, w)
		}
	}
	return out
}

// Arrived are those to whom something went, or may have gone.
func Arrived(all []Receiver) []Receiver {
	return slices.DeleteFunc(slices.Clone(all), func(r Receiver) bool { return !r.Arrived })
}
