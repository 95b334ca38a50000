package profile

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/heed-platform/heed/internal/clock"
	"github.com/heed-platform/heed/internal/fact"
	"github.com/heed-platform/heed/internal/person"
)

// happening draws events that touch each other.
var happening = rapid.Custom(func(t *rapid.T) *fact.Event {
	at := clock.Instant(rapid.Int64Range(1, 3).Draw(t, "at") + rapid.Int64Range(0, 2).Draw(t, "days")*300*day.Microseconds())
	trait := func() string {
		return fmt.Sprintf(`{%q:%s}`, rapid.SampledFrom([]string{"a", "b"}).Draw(t, "trait"),
			rapid.SampledFrom([]string{`1`, `"x"`, `null`, `{"c":1}`}).Draw(t, "value"))
	}
	var e *fact.Event
	switch rapid.IntRange(0, 4).Draw(t, "kind") {
	case 0:
		e = said(at, trait())
	case 1:
		e = did(at, "Product Viewed", `,"context":{"traits":`+trait()+`}`)
	case 2:
		e = did(at, rapid.SampledFrom([]string{"Order Completed", "Order Refunded"}).Draw(t, "order"),
			fmt.Sprintf(`,"properties":{"order_id":%q,"total":%d,"currency":"EUR","products":[{"product_id":%q}]}`,
				rapid.SampledFrom([]string{"", "O1", "O2"}).Draw(t, "id"), rapid.IntRange(1, 3).Draw(t, "total"),
				rapid.SampledFrom([]string{"p", "q"}).Draw(t, "product")))
	case 3:
		e = did(at, rapid.SampledFrom([]string{"Friend Added", "Friend Removed"}).Draw(t, "tie"), `,"properties":{"friend_id":"ben"}`)
	case 4:
		e = but(said(at, trait()), func(e *fact.Event) { e.Type, e.Name = fact.Group, "club" })
	}
	e.Verified = rapid.Bool().Draw(t, "verified")
	e.Origin = fact.Origin(rapid.IntRange(0, 4).Draw(t, "origin"))
	e.Notice = rapid.SampledFrom([]string{"", "n@1"}).Draw(t, "notice")
	e.Message = fmt.Sprint(rapid.Uint64().Draw(t, "message")) // ties are broken by its hash
	return e
})

// history draws events of which no two have one message id.
func history(t *rapid.T, most int) []*fact.Event {
	return rapid.SliceOfNDistinct(happening, 0, most, func(e *fact.Event) string { return e.Message }).Draw(t, "events")
}

// TestApplyEvent_anyOrder: shuffled and late events give the same bytes.
func TestApplyEvent_anyOrder(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		events := history(t, 12)
		var a, b fact.State
		apply(&a, events...)
		apply(&b, rapid.Permutation(events).Draw(t, "shuffled")...)
		if !bytes.Equal(fact.AppendState(nil, &a), fact.AppendState(nil, &b)) {
			t.Fatal(cmp.Diff(a, b, equal))
		}
	})
}

// TestRebuild: a state that is stored after every fact, as the living one is,
// and one that is folded from the facts in one go have the same bytes.
func TestRebuild(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var living, rebuilt fact.State
		type stored struct {
			kind    fact.Kind
			payload []byte
		}
		var chain []stored
		events := history(t, 8)
		for len(events) > 0 || rapid.Bool().Draw(t, "more") {
			kind := fact.Kind(rapid.SampledFrom([]int{1, 1, 2, 3, 4, 5, 7, 8}).Draw(t, "kind"))
			at := clock.Instant(rapid.Int64Range(1, 9).Draw(t, "at") * 10 * day.Microseconds())
			id := rapid.SampledFrom([]string{"d1", "d2"}).Draw(t, "id")
			var b []byte
			switch kind {
			case fact.KindEvent:
				if len(events) == 0 {
					continue
				}
				b, events = fact.AppendEvent(nil, events[0]), events[1:]
			case fact.KindEdge:
				b = fact.AppendEdge(nil, &fact.Edge{Other: fact.FragmentID(rapid.IntRange(2, 4).Draw(t, "other")), Identifier: person.Ident("email", id)})
			case fact.KindGrant:
				g := grant.Draw(t, "grant")
				b = fact.AppendGrant(nil, &g)
			case fact.KindPreference:
				b = fact.AppendPreference(nil, &fact.Preference{Set: at, Muted: []string{id}})
			case fact.KindMembership:
				b = fact.AppendMembership(nil, &fact.Membership{Audience: id, In: rapid.Bool().Draw(t, "in"), At: at})
			case fact.KindDisclosure:
				b = fact.AppendDisclosure(nil, &fact.Disclosure{ID: id, Channel: "email", Class: "marketing", At: at})
			case fact.KindOutcome:
				b = fact.AppendOutcome(nil, &fact.Outcome{Disclosure: id, Status: "failed", At: at})
			case fact.KindDecision, fact.KindCut, fact.KindNote, fact.KindRest: // retention is told in its own tests
			}
			chain = append(chain, stored{kind, b})
			read(t, &living, kind, b)
			again, err := fact.ParseState(fact.AppendState(nil, &living))
			if err != nil {
				t.Fatal(err)
			}
			living = again
		}
		for _, f := range chain {
			read(t, &rebuilt, f.kind, f.payload)
		}
		if !bytes.Equal(fact.AppendState(nil, &living), fact.AppendState(nil, &rebuilt)) {
			t.Fatal(cmp.Diff(living, rebuilt, equal))
		}
	})
}

func read(t *rapid.T, s *fact.State, kind fact.Kind, payload []byte) {
	if kind != fact.KindEvent {
		if err := Apply(s, kind, payload); err != nil {
			t.Fatal(err)
		}
		return
	}
	e, err := fact.ParseEvent(payload)
	if err != nil {
		t.Fatal(err)
	}
	apply(s, &e)
}

// summary is a profile without the fragments it was made of, and of attributes
// only those that speak.
func summary(p *fact.Profile) fact.Profile {
	out := *p
	out.Attributes, out.Fragments, out.Identifiers = nil, nil, nil
	for i, a := range p.Attributes {
		if i == 0 || p.Attributes[i-1].Name != a.Name {
			out.Attributes = append(out.Attributes, a)
		}
	}
	return out
}

// TestFold_anyFragments: on which fragments events arrived does not matter, and
// neither does the order in which fragments are folded.
func TestFold_anyFragments(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		one, many := people{}, people{}
		one.of(1)
		for _, e := range history(t, 12) {
			apply(one.of(1), e)
			apply(many.of(fact.FragmentID(rapid.IntRange(1, 3).Draw(t, "fragment"))), e)
		}
		if d := cmp.Diff(summary(one.fold()), summary(many.fold()), equal); d != "" {
			t.Fatal(d)
		}
	})
}

// TestFold_splitRestores is I-3: what a person was before a fragment joined is
// what they are after it left, to the byte.
func TestFold_splitRestores(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		p := people{}
		for id := range fact.FragmentID(3) {
			apply(p.of(id), history(t, 5)...)
			for range rapid.IntRange(0, 3).Draw(t, "grants") {
				g := grant.Draw(t, "grant")
				ApplyGrant(p.of(id), &g)
			}
		}
		bytesOf := func() (all []byte) {
			for id := range fact.FragmentID(3) {
				all = fact.AppendState(all, p[id])
			}
			return all
		}
		states, before := bytesOf(), p.fold(0, 1)
		p.fold()
		if d := cmp.Diff(before, p.fold(1, 0), equal); d != "" {
			t.Fatal(d)
		}
		if !bytes.Equal(states, bytesOf()) {
			t.Fatal("folding changed a state")
		}
	})
}

// TestFold_sharesNothing: a profile stays as it was when its states move on.
func TestFold_sharesNothing(t *testing.T) {
	t.Parallel()
	p := people{}
	apply(p.of(1), did(5, "Viewed", ""), said(5, `{"a":1}`))
	before := p.fold()
	shown := fmt.Sprintf("%+v", *before)
	apply(p.of(1), did(6, "Viewed", ""), said(6, `{"a":2}`))
	if got := fmt.Sprintf("%+v", *before); got != shown {
		t.Errorf("got  %s\nwant %s", got, shown)
	}
}
