package profile

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/heed-platform/heed/internal/clock"
	"github.com/heed-platform/heed/internal/fact"
	"github.com/heed-platform/heed/internal/person"
)

var equal = cmp.Options{cmpopts.EquateEmpty(), cmp.Comparer(person.Secret.Equal), cmp.Comparer(func(a, b person.Ref) bool { return a == b })}

const day = 24 * time.Hour

// said is a verified identify by the person themselves at a moment.
func said(at clock.Instant, traits string) *fact.Event {
	return &fact.Event{
		Type: fact.Identify, Source: "shop", At: at, Verified: true, Notice: "membership@3", Origin: fact.Declared,
		Message:     fmt.Sprintf("%d%s", at, traits),
		Identifiers: []person.Identifier{person.Ident(person.UserID, "u1")},
		Raw:         fact.Raw(`{"type":"identify","traits":` + traits + `}`),
	}
}

// did is a track event.
func did(at clock.Instant, name, rest string) *fact.Event {
	e := said(at, "{}")
	e.Type, e.Name, e.Message, e.Raw = fact.Track, name, fmt.Sprintf("%d%s%s", at, name, rest), fact.Raw(`{"type":"track"`+rest+`}`)
	return e
}

// but changes an event.
func but(e *fact.Event, change func(*fact.Event)) *fact.Event {
	change(e)
	return e
}

func guessed(e *fact.Event) { e.Origin = fact.Inferred }
func claimed(e *fact.Event) { e.Verified = false }

func messageOf(e *fact.Event) person.Hash {
	sum := sha256.Sum256([]byte(e.Source + "\x00" + e.Message))
	return person.Hash(sum[:16])
}

func apply(s *fact.State, events ...*fact.Event) {
	for _, e := range events {
		ApplyEvent(s, e, messageOf(e))
	}
}

// speaking lists the first value of each name.
func speaking(p *fact.Profile) string {
	var out []string
	last := ""
	for _, a := range p.Attributes {
		if a.Name != last {
			out = append(out, a.Name+"="+a.Value.Reveal())
		}
		last = a.Name
	}
	return strings.Join(out, " ")
}

func TestFold_attributes(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		events []*fact.Event
		want   string
	}{
		{"what was said", []*fact.Event{said(1, `{"plan":"pro","n":1.50,"a":{"b":[1]}}`)}, `a={"b":[1]} n=1.50 plan="pro"`},
		{"the newer value", []*fact.Event{said(2, `{"plan":"pro"}`), said(1, `{"plan":"free"}`)}, `plan="pro"`},
		{"null takes it back", []*fact.Event{said(1, `{"plan":"pro"}`), said(2, `{"plan":null}`)}, ``},
		{"null comes late", []*fact.Event{said(2, `{"plan":"pro"}`), said(1, `{"plan":null}`)}, `plan="pro"`},
		{"an empty text is a value", []*fact.Event{said(1, `{"plan":"pro"}`), said(2, `{"plan":""}`)}, `plan=""`},
		{
			"what was declared beats a newer guess",
			[]*fact.Event{said(1, `{"size":"42"}`), but(said(9, `{"size":"40"}`), guessed)},
			`size="42"`,
		},
		{
			"null takes guesses back that are older",
			[]*fact.Event{but(said(1, `{"size":"40"}`), guessed), said(2, `{"size":null}`)},
			``,
		},
		{
			"a newer guess may speak after null",
			[]*fact.Event{said(2, `{"size":null}`), but(said(3, `{"size":"40"}`), guessed)},
			`size="40"`,
		},
		{
			"a guess takes nothing back that was declared",
			[]*fact.Event{said(1, `{"size":"42"}`), but(said(2, `{"size":null}`), guessed)},
			`size="42"`,
		},
		{
			"a claim never beats what was verified",
			[]*fact.Event{said(1, `{"email":"a@x.org"}`), but(said(9, `{"email":"evil@x.org"}`), claimed)},
			`email="a@x.org"`,
		},
		{
			"a claim takes nothing back that was verified",
			[]*fact.Event{said(1, `{"email":"a@x.org"}`), but(said(9, `{"email":null}`), claimed)},
			`email="a@x.org"`,
		},
		{"a claim speaks alone", []*fact.Event{but(said(1, `{"plan":"pro"}`), claimed)}, `plan="pro"`},
		{
			"context.traits speaks on every type",
			[]*fact.Event{did(1, "Clicked", `,"context":{"traits":{"plan":"pro"}}`)},
			`plan="pro"`,
		},
		{
			"properties never become attributes",
			[]*fact.Event{did(1, "Clicked", `,"properties":{"email":"a@x.org","plan":"pro"}`)},
			``,
		},
		{
			"the email that identified them",
			[]*fact.Event{but(said(1, `{}`), func(e *fact.Event) {
				e.Identifiers = append(e.Identifiers, person.Ident(person.Email, `o"b&c@x.org`), person.Ident(person.Phone, "+4912345"), person.Ident("card", "9"))
			})},
			`email="o\"b\u0026c@x.org" phone="+4912345"`,
		},
		{
			"the email as they wrote it",
			[]*fact.Event{but(said(1, `{"email":"Anna@X.org"}`), func(e *fact.Event) {
				e.Identifiers = append(e.Identifiers, person.Ident(person.Email, "anna@x.org"))
			})},
			`email="Anna@X.org"`,
		},
		{
			"a group's traits are the group's",
			[]*fact.Event{but(said(1, `{"name":"Initech","plan":"enterprise"}`), func(e *fact.Event) { e.Type, e.Name = fact.Group, "g1" })},
			`group={"name":"Initech","plan":"enterprise"}`,
		},
		{
			"a group that is known by itself",
			[]*fact.Event{but(said(1, `{"name":"Initech"}`), func(e *fact.Event) {
				e.Type, e.Name, e.Identifiers = fact.Group, "g1", []person.Identifier{person.Ident("group_id", "g1")}
			})},
			`name="Initech"`,
		},
		{
			"too long to hold, but newer",
			[]*fact.Event{said(1, `{"bio":"short"}`), said(2, `{"bio":"`+strings.Repeat("x", maxValue)+`"}`)},
			``,
		},
		{"a name that is no name", []*fact.Event{said(1, `{"`+strings.Repeat("x", maxName+1)+`":1,"":2,"a":3}`)}, `a=3`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			one := people{}
			apply(one.of(1), tt.events...)
			if got := speaking(one.fold()); got != tt.want {
				t.Errorf("on one fragment: got %s, want %s", got, tt.want)
			}
			many := people{}
			for i, e := range tt.events {
				apply(many.of(fact.FragmentID(9-i)), e)
			}
			if got := speaking(many.fold()); got != tt.want {
				t.Errorf("on several fragments: got %s, want %s", got, tt.want)
			}
		})
	}
}

func TestFold_newestSpeaksWhereTheWorkspaceSaysSo(t *testing.T) {
	t.Parallel()
	var s fact.State
	apply(&s, said(1, `{"size":"42","plan":"pro"}`), but(said(9, `{"size":"40","plan":"free"}`), guessed))
	rules := Rules{Newest: map[string]bool{"size": true}}
	p := rules.Fold(person.Ref{}, 1, []fact.FragmentID{1}, map[fact.FragmentID]fact.State{1: s})
	if got, want := speaking(p), `plan="pro" size="40"`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestFold_keepsProvenanceAndCandidates(t *testing.T) {
	t.Parallel()
	p := people{}
	apply(p.of(1), said(1, `{"size":"42"}`))
	apply(p.of(2), but(said(5, `{"size":"43"}`), func(e *fact.Event) { e.Source, e.Notice = "till", "" }))
	apply(p.of(2), but(said(6, `{"size":"40"}`), func(e *fact.Event) { e.Source, e.Origin = "broker", fact.ThirdParty }))
	var got []string
	for _, a := range p.fold().Attributes {
		got = append(got, fmt.Sprintf("%s %s %s %q %d expires %d", a.Value.Reveal(), a.Origin, a.Source, a.Notice, a.At, a.Expires))
	}
	want := []string{
		`"43" declared till "" 5 expires 0`,
		fmt.Sprintf(`"40" third_party broker "membership@3" 6 expires %d`, clock.Instant(6).Add(90*day)),
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	if got := p.fold().Uncovered; got != 1 {
		t.Errorf("%d uncovered values, want 1", got)
	}
}

func TestApplyEvent_counts(t *testing.T) {
	t.Parallel()
	var s fact.State
	start := clock.Instant(1000 * day.Microseconds())
	apply(&s,
		did(start, "Product Viewed", ""), did(start.Add(time.Hour), "Product Viewed", ""),
		did(start.Add(450*day), "Product Viewed", ""), did(start.Add(100*day), "Product Viewed", ""),
		but(did(start, "Product Viewed", ""), func(e *fact.Event) { e.Notice = "" }),
		but(did(start, "", ""), func(e *fact.Event) { e.Type = fact.Page }),
		said(start, `{}`),
	)
	want := []fact.Counter{
		{Name: "Product Viewed", Count: 1, First: start, Last: start, Days: []fact.DayCount{{Day: 1000, Count: 1}}},
		{
			Name: "Product Viewed", Notice: "membership@3", Count: 4, First: start, Last: start.Add(450 * day),
			Days: []fact.DayCount{{Day: 1100, Count: 1}, {Day: 1450, Count: 1}},
		},
		{Name: "page", Notice: "membership@3", Count: 1, First: start, Last: start, Days: []fact.DayCount{{Day: 1000, Count: 1}}},
	}
	if d := cmp.Diff(want, s.Counters); d != "" {
		t.Error(d)
	}
}

func TestFold_friends(t *testing.T) {
	t.Parallel()
	p := people{}
	apply(p.of(1),
		did(1, "Friend Added", `,"properties":{"friend_id":"ben"}`), did(2, "Friend Added", `,"properties":{"friend_id":7}`),
		did(5, "Friend Removed", `,"properties":{"friend_id":"ben"}`), did(3, "Friend Added", `,"properties":{}`))
	apply(p.of(2), did(4, "Friend Added", `,"properties":{"friend_id":"ben"}`),
		but(said(9, `{}`), func(e *fact.Event) { e.Type, e.Name = fact.Group, "club" }))
	var got []string
	for _, f := range p.fold().Friends {
		got = append(got, f.Relation+" "+f.Value.Reveal())
	}
	if d := cmp.Diff([]string{"friend 7", "group club"}, got); d != "" {
		t.Error(d)
	}
}

func TestFold_contacted(t *testing.T) {
	t.Parallel()
	p := people{}
	const now = clock.Instant(1 << 50)
	for i, ago := range []time.Duration{0, 2 * day, 300 * day, 400 * day} {
		ApplyDisclosure(p.of(1), &fact.Disclosure{ID: fmt.Sprint(i), Channel: "email", Class: "marketing", At: now.Add(-ago)})
	}
	ApplyDisclosure(p.of(1), &fact.Disclosure{ID: "parcel", Channel: "sms", Class: "service", At: now.Add(-40 * day)})
	ApplyDisclosure(p.of(1), &fact.Disclosure{ID: "export", Channel: "export", At: now})
	ApplyOutcome(p.of(2), &fact.Outcome{Disclosure: "1", Status: "failed", At: now}) // the anchor was another by then
	ApplyOutcome(p.of(1), &fact.Outcome{Disclosure: "2", Status: "unknown", At: now})
	got := p.fold().Contacted
	if len(got) != 2 || got[0].At != now.Add(-300*day) || got[1].At != now {
		t.Errorf("got %+v", got)
	}
	ApplyOutcome(p.of(1), &fact.Outcome{Disclosure: "0", Status: "refused", At: now})
	if got := p.fold().Contacted; len(got) != 1 {
		t.Errorf("a refused message still counts: %+v", got)
	}
}

func TestFold_memberships(t *testing.T) {
	t.Parallel()
	p := people{}
	for _, m := range []struct {
		fragment fact.FragmentID
		fact.Membership
	}{
		{1, fact.Membership{Audience: "regulars", Purpose: "marketing", In: true, At: 1}},
		{1, fact.Membership{Audience: "vip", Purpose: "marketing", In: true, At: 1}},
		{1, fact.Membership{Audience: "vip", Purpose: "analytics", In: true, At: 1}},
		{2, fact.Membership{Audience: "vip", Purpose: "marketing", In: false, At: 2}},
		{1, fact.Membership{Audience: "lapsed", Purpose: "marketing", In: true, At: 1}},
		{1, fact.Membership{Audience: "lapsed", Purpose: "marketing", In: false, At: 3}},
	} {
		ApplyMembership(p.of(m.fragment), &m.Membership)
	}
	var got []string
	for _, m := range p.fold().Memberships {
		got = append(got, m.Audience+" for "+m.Purpose)
	}
	if d := cmp.Diff([]string{"regulars for marketing", "vip for analytics"}, got); d != "" {
		t.Error(d)
	}
}

func TestNamed(t *testing.T) {
	t.Parallel()
	p := people{}
	apply(p.of(1), said(1, `{}`))
	p.of(3)
	ApplyEdge(p.of(1), &fact.Edge{Other: 2, Identifier: person.Ident(person.Email, "a@x.org"), Verified: true})
	ApplyEdge(p.of(1), &fact.Edge{Other: 2, At: 9})
	ApplyEdge(p.of(1), &fact.Edge{Other: 4, Identifier: person.Ident(person.AnonymousID, "not joined")})
	got := Named([]fact.FragmentID{1, 2, 3}, map[fact.FragmentID]fact.State{1: *p[1], 3: *p[3]})
	want := []fact.Named{
		{Identifier: person.Ident(person.UserID, "u1"), Fragment: 1, Verified: true},
		{Identifier: person.Ident(person.Email, "a@x.org"), Fragment: 2},
	}
	if d := cmp.Diff(want, got, equal); d != "" {
		t.Error(d)
	}
}

func TestApply(t *testing.T) {
	t.Parallel()
	var s fact.State
	facts := map[fact.Kind][]byte{
		fact.KindEdge:       fact.AppendEdge(nil, &fact.Edge{Other: 7}),
		fact.KindGrant:      fact.AppendGrant(nil, &fact.Grant{Purpose: "marketing", Status: fact.Granted}),
		fact.KindPreference: fact.AppendPreference(nil, &fact.Preference{Set: 3}),
		fact.KindMembership: fact.AppendMembership(nil, &fact.Membership{Audience: "a", In: true}),
		fact.KindDisclosure: fact.AppendDisclosure(nil, &fact.Disclosure{ID: "d", Class: "service"}),
		fact.KindOutcome:    fact.AppendOutcome(nil, &fact.Outcome{Disclosure: "d", Status: "sent"}),
		fact.KindDecision:   fact.AppendDecision(nil, &fact.Decision{}),
		fact.KindCut:        fact.AppendCut(nil, &fact.Cut{}),
		fact.KindNote:       fact.AppendNote(nil, &fact.Note{}),
	}
	for kind, payload := range facts {
		if err := Apply(&s, kind, payload); err != nil {
			t.Errorf("%s: %v", kind, err)
		}
		switch kind {
		case fact.KindDecision, fact.KindCut, fact.KindNote:
		default:
			if err := Apply(&s, kind, payload[:len(payload)-1]); err == nil {
				t.Errorf("%s: a fact cut short was folded", kind)
			}
		}
	}
	if len(s.Ties) != 1 || len(s.Grants) != 1 || s.Preference.Set != 3 || len(s.Memberships) != 1 || len(s.Contacted) != 1 || s.N != 0 {
		t.Errorf("the state is %+v", s)
	}
	for _, kind := range []fact.Kind{fact.KindEvent, 0, 99} {
		if err := Apply(&s, kind, nil); err == nil {
			t.Errorf("kind %d was folded", kind)
		}
	}
}

func TestApplyEvent_listsHaveLimits(t *testing.T) {
	t.Parallel()
	var events []*fact.Event
	for i := range maxAttributes + 20 {
		at := clock.Instant(i + 1)
		events = append(events,
			said(at, fmt.Sprintf(`{"a%04d":1}`, i)), did(at, fmt.Sprintf("E%04d", i), ""),
			did(at, "Friend Added", fmt.Sprintf(`,"properties":{"friend_id":"f%04d"}`, i)))
	}
	var a, b fact.State
	apply(&a, events...)
	slices.Reverse(events)
	apply(&b, events...)
	if !a.Full || len(a.Attributes) != maxAttributes || len(a.Counters) != maxCounters || len(a.Friends) != maxFriends {
		t.Errorf("full %v, %d attributes, %d counters, %d friends", a.Full, len(a.Attributes), len(a.Counters), len(a.Friends))
	}
	if !bytes.Equal(fact.AppendState(nil, &a), fact.AppendState(nil, &b)) {
		t.Error("what is left out depends on the order of arrival")
	}
}

// FuzzApplyEvent: any checked event folds without panic into a state that reads
// back.
func FuzzApplyEvent(f *testing.F) {
	f.Add(byte(1), "", []byte(`{"traits":{"a":null,"b":"\u0041"}}`))
	f.Add(byte(2), "Order Completed", []byte(`{"properties":{"order_id":1,"products":[{"sku":2,"quantity":-3}]}}`))
	f.Add(byte(5), "g", []byte(`{"traits":{"a":[{}]},"context":{"traits":{"x":1}}}`))
	f.Fuzz(func(t *testing.T, kind byte, name string, raw []byte) {
		e := &fact.Event{Type: fact.EventType(kind%6 + 1), Name: name, At: 5, Raw: raw}
		var s fact.State
		apply(&s, e)
		b := fact.AppendState(nil, &s)
		again, err := fact.ParseState(b)
		if err != nil || !bytes.Equal(b, fact.AppendState(nil, &again)) {
			t.Fatalf("the state does not read back (%v)", err)
		}
		Fold(person.Ref{}, 1, []fact.FragmentID{1}, map[fact.FragmentID]fact.State{1: again})
	})
}

func BenchmarkFold(b *testing.B) {
	var s fact.State
	apply(&s, said(1, `{"email":"a@x.org","plan":"pro","a":1,"b":2,"c":3,"d":4,"e":5,"f":6}`))
	for i := range clock.Instant(60) {
		apply(&s, did(i, fmt.Sprintf("E%d", i%6), ""))
	}
	for i := range 3 {
		apply(&s, did(9, "Order Completed", fmt.Sprintf(`,"properties":{"order_id":"%d","total":5,"currency":"EUR","products":[{"product_id":"a"},{"product_id":"b"}]}`, i)))
	}
	states := map[fact.FragmentID]fact.State{1: s, 2: {}, 3: {}}
	b.ReportAllocs()
	for b.Loop() {
		Fold(person.Ref{}, 1, []fact.FragmentID{1, 2, 3}, states)
	}
}

func BenchmarkApplyEvent(b *testing.B) {
	var s fact.State
	apply(&s, said(1, `{"email":"a@x.org","plan":"pro"}`))
	e := did(5, "Product Viewed", `,"context":{"page":{"url":"https://x"},"traits":{}},"properties":{"product_id":"p","price":5}`)
	b.ReportAllocs()
	for b.Loop() {
		ApplyEvent(&s, e, person.Hash{})
	}
}

// The same address given under two promises is usable for both; an address that
// a newer one replaced is usable for none, whatever it was given for.
func TestFold_oneValueUnderEveryNoticeItWasGivenUnder(t *testing.T) {
	t.Parallel()
	given := func(values ...[2]string) []fact.Attribute {
		var s fact.State
		for i, v := range values {
			e := fact.Event{
				Source: "shop", Type: fact.Identify, At: clock.Instant(i + 1), Verified: true, Origin: fact.Declared, Notice: v[1],
				Raw: fact.Raw(`{"type":"identify","traits":{"phone":"` + v[0] + `"}}`),
			}
			ApplyEvent(&s, &e, person.Hash{byte(i)})
		}
		return Fold(person.Ref{}, 1, []fact.FragmentID{1}, map[fact.FragmentID]fact.State{1: s}).Attributes
	}
	notices := func(all []fact.Attribute) (out []string) {
		for _, a := range all {
			out = append(out, a.Value.Reveal()+" "+a.Notice)
		}
		return out
	}
	got := notices(given([2]string{"+4930111", "order@1"}, [2]string{"+4930111", "texts@1"}))
	if diff := cmp.Diff([]string{`"+4930111" texts@1`, `"+4930111" order@1`}, got); diff != "" {
		t.Errorf("twice the same:\n%s", diff)
	}
	got = notices(given([2]string{"+4930111", "order@1"}, [2]string{"+4930222", "texts@1"}))
	if diff := cmp.Diff([]string{`"+4930222" texts@1`}, got); diff != "" {
		t.Errorf("a new number:\n%s", diff)
	}
}
