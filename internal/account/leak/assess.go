package leak

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/heed-platform/heed/internal/clock"
	"github.com/heed-platform/heed/internal/fact"
	"github.com/heed-platform/heed/internal/keep/gate"
	"github.com/heed-platform/heed/internal/policy"
)

// Assessment is what the ledgers say about a scope at one moment. Nobody is in
// it: only numbers, kinds and companies.
type Assessment struct {
	At            clock.Instant  `json:"at"`
	Scope         Scope          `json:"scope"`
	People        int            `json:"people"`
	Records       int            `json:"records"` // facts in the scope
	Jurisdictions map[string]int `json:"jurisdictions"`
	Kinds         []Kind         `json:"kinds"`
	Before        []Earlier      `json:"gone_before"`
	Minors        int            `json:"minors"` // by a birthday that they gave
}

// Kind is one kind of data that got out, and of how many people.
type Kind struct {
	Category  string `json:"category"`
	People    int    `json:"people"`
	Sensitive bool   `json:"sensitive"`
}

// Earlier is a company that had received data of the affected people before.
type Earlier struct {
	Recipient   string        `json:"recipient"`
	People      int           `json:"people"`
	Disclosures int           `json:"disclosures"`
	First       clock.Instant `json:"first"`
	Last        clock.Instant `json:"last"`
}

// Asking is who asks and why; it is on the record before anybody is looked at.
type Asking struct{ By, Role, Why string }

// Assess walks over everybody and hands each affected person to affected, which
// may be nil.
func Assess(ctx context.Context, g *gate.Gate, a Asking, s Scope, affected func(gate.Member)) (Assessment, error) {
	rules := g.Rules()
	w := walk{
		scope: s, rules: rules, kinds: map[string]*Kind{}, before: map[string]*Earlier{},
		out: Assessment{Scope: s, Jurisdictions: map[string]int{}},
	}
	err := gate.ExportAll(ctx, g, "leak", gate.Asking{By: a.By, Role: a.Role, Why: a.Why}, func(d gate.Dossier) error {
		w.out.At = d.Now()
		hit, err := w.person(ctx, d)
		if err == nil && hit && affected != nil {
			group, _, _ := d.Group()
			affected(gate.Member{Ref: d.Ref(), Anchor: group.Anchor})
		}
		return err
	})
	if err != nil {
		return Assessment{}, err
	}
	w.out.Kinds = sorted(w.kinds, func(a, b Kind) int { return cmp.Or(b.People-a.People, strings.Compare(a.Category, b.Category)) })
	w.out.Before = sorted(w.before, func(a, b Earlier) int { return cmp.Or(b.People-a.People, strings.Compare(a.Recipient, b.Recipient)) })
	return w.out, nil
}

func sorted[T any](from map[string]*T, order func(a, b T) int) []T {
	out := make([]T, 0, len(from))
	for _, v := range from {
		out = append(out, *v)
	}
	slices.SortFunc(out, order)
	return out
}

type walk struct {
	scope  Scope
	rules  *policy.Rules
	kinds  map[string]*Kind
	before map[string]*Earlier
	out    Assessment
}

// found is what of one person lies in the scope.
type found struct {
	records int
	kinds   map[string]bool
	sent    []fact.Disclosure
}

// person counts one person, if something of theirs lies in the scope.
func (w *walk) person(ctx context.Context, d gate.Dossier) (bool, error) {
	if !w.member(d.Profile()) {
		return false, nil
	}
	f := found{kinds: map[string]bool{}}
	err := d.Facts(ctx, func(l gate.Line) error { return w.line(&f, l) })
	if err != nil || len(f.kinds) == 0 {
		return false, err
	}
	w.out.People++
	w.out.Records += f.records
	w.out.Jurisdictions[cmp.Or(d.Jurisdiction(), "unknown")]++
	if d.Minor() == policy.Yes {
		w.out.Minors++
	}
	for key := range f.kinds {
		k := w.kinds[key]
		if k == nil {
			k = &Kind{Category: key, Sensitive: w.rules.Sensitive(key)}
			w.kinds[key] = k
		}
		k.People++
	}
	w.gone(f.sent)
	return true, nil
}

func (w *walk) member(p *fact.Profile) bool {
	return w.scope.Audience == "" || slices.ContainsFunc(p.Memberships, func(m fact.Membership) bool {
		return m.Audience == w.scope.Audience && m.In
	})
}

func (w *walk) line(f *found, l gate.Line) error {
	if l.Payload == nil {
		return nil
	}
	switch l.Kind {
	case fact.KindEvent, fact.KindRest:
		if len(w.scope.Recipients) > 0 || !w.scope.within(l.Received) {
			return nil
		}
		e, err := fact.ParseEvent(l.Payload)
		if err != nil {
			return fmt.Errorf("read event, number %d of fragment %d: %w", l.N, l.Fragment, err)
		}
		if w.scope.source(e.Source) {
			w.add(f, w.categories(&e))
		}
	case fact.KindDisclosure:
		v, err := fact.ParseDisclosure(l.Payload)
		if err != nil {
			return fmt.Errorf("read disclosure, number %d of fragment %d: %w", l.N, l.Fragment, err)
		}
		f.sent = append(f.sent, v)
		if slices.Contains(w.scope.Recipients, v.Recipient) && w.scope.within(v.At) {
			w.add(f, slices.Values(v.Categories))
		}
	default: // what heed wrote itself says nothing that these two do not
	}
	return nil
}

func (w *walk) add(f *found, categories func(func(string) bool)) {
	hit := false
	for c := range categories {
		if w.scope.category(c) {
			f.kinds[c], hit = true, true
		}
	}
	if hit {
		f.records++
	}
}

// categories are the kinds of data that an event brought.
func (w *walk) categories(e *fact.Event) func(func(string) bool) {
	var said struct {
		Traits map[string]json.RawMessage `json:"traits"`
	}
	_ = json.Unmarshal(e.Raw, &said) // what has no traits in this shape brought none
	paths := []string{}
	for name := range maps.Keys(said.Traits) {
		paths = append(paths, "traits."+name)
	}
	for _, id := range e.Identifiers {
		paths = append(paths, "identifiers."+string(id.NS))
	}
	if e.Type == fact.Track {
		paths = append(paths, "events."+e.Name)
	}
	return func(yield func(string) bool) {
		for _, p := range paths {
			if c := w.rules.Category(p); c != "" && !yield(c) {
				return
			}
		}
	}
}

// gone counts who had received data of this person before.
func (w *walk) gone(sent []fact.Disclosure) {
	seen := map[string]bool{}
	for _, v := range sent {
		e := w.before[v.Recipient]
		if e == nil {
			e = &Earlier{Recipient: v.Recipient, First: v.At}
			w.before[v.Recipient] = e
		}
		e.Disclosures++
		e.First, e.Last = min(e.First, v.At), max(e.Last, v.At)
		if !seen[v.Recipient] {
			e.People++
			seen[v.Recipient] = true
		}
	}
}
