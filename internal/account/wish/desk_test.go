package wish_test

import (
	"errors"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/heed-platform/heed/internal/account/access"
	"github.com/heed-platform/heed/internal/account/housetest"
	"github.com/heed-platform/heed/internal/account/wish"
	"github.com/heed-platform/heed/internal/clock"
	"github.com/heed-platform/heed/internal/fact"
	"github.com/heed-platform/heed/internal/keep/catalog"
	"github.com/heed-platform/heed/internal/keep/gate"
	"github.com/heed-platform/heed/internal/person"
	"github.com/heed-platform/heed/internal/policy"
	"github.com/heed-platform/heed/internal/problem"
)

const (
	letters = "purpose.marketing.communications.email"
	texts   = "purpose.marketing.communications.sms"
	chosen  = "purpose.personalize.content.profiled"
)

// ada is somebody with a card, a phone, a letter and an order.
type ada struct {
	*housetest.House

	t    *testing.T
	Desk wish.Desk
	full access.Visitor
}

func meet(t *testing.T, h *housetest.House) *ada {
	h.Hears("server",
		housetest.Event{
			"type": "identify", "userId": "ada", "traits": map[string]any{"email": "ada@example.com", "phone": "+4915112345678", "first_name": "Ada"},
			"context": map[string]any{"notice": "newsletter@2", "device": map[string]any{"id": "phone-1"}},
		},
		housetest.Event{"type": "track", "userId": "ada", "event": "Order Completed", "properties": map[string]any{
			"order_id": "o1", "currency": "EUR", "products": []any{map[string]any{"product_id": "p1", "category": "Running shoes", "price": 10, "quantity": 1}},
		}},
	)
	s := housetest.Subject(person.UserID, "ada")
	h.Says(s, fact.Grant{Purpose: "marketing.communications.email", Status: fact.Granted, Notice: "newsletter@2", Method: "form", Evidence: "form 1"})
	h.Says(s, fact.Grant{Purpose: "personalize.content.profiled", Status: fact.Granted, Notice: "newsletter@2", Method: "form", Evidence: "form 1"})
	a := &ada{House: h, t: t}
	a.Desk = wish.Desk{
		Keep: h.Keep, Clock: h.Clock,
		Rules: func() *policy.Rules { return h.Rules }, Workspace: func() catalog.Workspace { return h.Workspace },
	}
	d := h.Inspect(s)
	a.full = access.Visitor{Ref: d.Ref(), Fragment: d.Profile().Anchor, Scope: access.Full, Session: "session-1"}
	return a
}

func (a *ada) lower() access.Visitor {
	v := a.full
	v.Scope, v.Session = access.Lower, "session-2"
	return v
}

func (a *ada) sheet() wish.Sheet {
	a.t.Helper()
	s, err := a.Desk.Sheet(a.t.Context(), a.full, "en")
	if err != nil {
		a.t.Fatal(err)
	}
	return s
}

// set saves changes of what is shown now.
func (a *ada) set(v access.Visitor, change wish.Choices) (wish.Saved, error) {
	a.t.Helper()
	shown := a.sheet().Choices
	sent := maps.Clone(shown)
	maps.Copy(sent, change)
	a.Clock.Advance(time.Second)
	return a.Desk.Save(a.t.Context(), v, shown, sent, "en", "form preferences")
}

func (a *ada) must(v access.Visitor, change wish.Choices) wish.Saved {
	a.t.Helper()
	saved, err := a.set(v, change)
	if err != nil {
		a.t.Fatal(err)
	}
	for name, value := range change {
		if got := a.sheet().Choices[name]; got != value {
			a.t.Errorf("%s is %q after it was set to %q", name, got, value)
		}
	}
	return saved
}

// allowed is what the gate lets happen now: every purpose of the workspace, over
// every channel, for every use.
func (a *ada) allowed() map[string]string {
	a.t.Helper()
	d := a.Inspect(gate.ByRef(a.full.Ref))
	out := map[string]string{}
	for _, p := range a.Workspace.Policy().Purposes {
		for _, channel := range append(slices.Clone(p.Channels), "") {
			for use := policy.Resolve; use < policy.Honor; use++ {
				for _, topic := range []string{"", "shoes.running"} {
					ruling, fields := d.Answer(policy.Question{Use: use, Purpose: p.Key, Channel: channel, Topic: topic, Now: a.Clock.Now()})
					key := strings.Join([]string{use.String(), p.Key, channel, topic}, " ")
					out[key] = ruling.Code
					for path, f := range fields {
						out[key+" "+path] = f.Code
					}
				}
			}
		}
	}
	return out
}

func TestSave_isInForce(t *testing.T) {
	t.Parallel()
	housetest.On(t, func(t *testing.T, h *housetest.House) {
		a := meet(t, h)
		if got := a.sheet().Choices; got[letters] != wish.On || got[texts] != wish.Off || got[chosen] != wish.On || got["channel.email"] != "1" {
			t.Fatalf("%v", got)
		}
		saved := a.must(a.full, wish.Choices{
			letters: wish.Off, texts: wish.On, "topic.shoes": wish.Off, "channel.post": wish.No, "often": "1/168",
			"quiet": "19:00-09:00", "location": "city", "share.0.location": wish.No, "language": "de", "zone": "Europe/Paris",
		})
		if saved.At == 0 || len(saved.Changed) != 10 {
			t.Errorf("%+v", saved)
		}
		p := a.Inspect(gate.ByRef(a.full.Ref)).Profile()
		want := fact.Preference{
			Muted: []string{"shoes"}, Channels: []string{"email", "push", "sms", "onsite"}, Caps: []fact.Cap{{Count: 1, Hours: 168}},
			QuietOn: true, QuietAt: 19 * 60, QuietTo: 9 * 60, Zone: "Europe/Paris", Language: "de", Location: "city",
			Sharing: []fact.Share{{Kind: "location"}}, Source: "preferences", Set: p.Preference.Set,
		}
		if d := cmp.Diff(want, p.Preference); d != "" {
			t.Error(d)
		}
		allowed := a.allowed()
		if got := allowed["contact marketing.communications.email email "]; got != policy.CodeWithdrawn {
			t.Errorf("letters: %s", got)
		}
		if got := allowed["contact marketing.communications.sms sms "]; got != policy.CodeAllowed {
			t.Errorf("texts: %s", got)
		}
		if got := a.sheet().Choices["topic.shoes.running"]; got != wish.Off {
			t.Errorf("what lies under a muted subject is %s", got)
		}
	})
}

func TestSave_everyChangeHasItsReceipt(t *testing.T) {
	t.Parallel()
	a := meet(t, housetest.New(t, "sqlite", ""))
	a.must(a.full, wish.Choices{texts: wish.On, "topic.shoes": wish.Off})
	all, err := a.Desk.Entries(t.Context(), a.full)
	if err != nil || len(all) != 4 {
		t.Fatalf("%d entries: %v", len(all), err)
	}
	for i, e := range all {
		if i > 0 && e.At > all[i-1].At {
			t.Errorf("entry %d is newer than the one before", i)
		}
		r, err := a.Desk.Receipt(t.Context(), a.full, e.ID)
		if err != nil {
			t.Fatal(err)
		}
		switch {
		case r.Choice != nil:
			if r.Choice.Muted[0] != "shoes" || r.Choice.Party.Name == "" || r.Choice.Received == 0 {
				t.Errorf("%+v", r.Choice)
			}
		case len(r.Consent.Missing()) > 0:
			t.Errorf("the receipt of %s lacks %v", e.Label, r.Consent.Missing())
		case e.Grant.Purpose == "marketing.communications.sms" && (r.Consent.Notice.Ref != "texts@1" || r.Consent.Return == "" || e.Grant.Evidence == ""):
			t.Errorf("%+v", r.Consent)
		}
	}
	for _, id := range []string{"", "choice-1", "choice-x", "another"} {
		if _, err := a.Desk.Receipt(t.Context(), a.full, id); problem.Of(err).Kind != problem.NotFound {
			t.Errorf("%q: %v", id, err)
		}
	}
}

func TestSave_aLinkCanOnlyLower(t *testing.T) {
	t.Parallel()
	a := meet(t, housetest.New(t, "sqlite", ""))
	a.must(a.full, wish.Choices{"location": "none"})
	for _, change := range []wish.Choices{{texts: wish.On}, {"language": "de"}, {"location": "city"}, {letters: wish.Off, texts: wish.On}, {"channel.email": "2", "channel.push": "1"}} {
		before := a.allowed()
		if _, err := a.set(a.lower(), change); !errors.Is(err, wish.ErrMore) {
			t.Errorf("%v: %v", change, err)
		}
		if d := cmp.Diff(before, a.allowed()); d != "" {
			t.Error(d)
		}
	}
	a.must(a.lower(), wish.Choices{letters: wish.Off, "topic.maternity": wish.Off, "often": "1/720", "channel.sms": wish.No})
}

func TestSave_anOldPageTakesNothingBack(t *testing.T) {
	t.Parallel()
	a := meet(t, housetest.New(t, "sqlite", ""))
	shown := a.sheet().Choices
	a.must(a.full, wish.Choices{letters: wish.Off, "topic.baby": wish.Off})
	sent := maps.Clone(shown)
	sent["topic.shoes"] = wish.Off
	if _, err := a.Desk.Save(t.Context(), a.full, shown, sent, "en", "form preferences"); err != nil {
		t.Fatal(err)
	}
	got := a.sheet().Choices
	if got[letters] != wish.Off || got["topic.baby"] != wish.Off || got["topic.shoes"] != wish.Off {
		t.Errorf("%v", got)
	}
}

func TestSave_refusesWhatCannotBe(t *testing.T) {
	t.Parallel()
	a := meet(t, housetest.New(t, "sqlite", ""))
	for _, change := range []wish.Choices{
		{"often": "-1/168"},
		{"quiet": "20:00-20:00"},
		{"location": "moon"},
		{"zone": "Local"},
		{letters: "maybe"},
		{"break": "soon"},
		{"channel.sms": "first"},
		{"break": clock.At(time.Date(2126, 1, 1, 0, 0, 0, 0, time.UTC)).Format()},
	} {
		if _, err := a.set(a.full, change); problem.Of(err).Kind != problem.Invalid {
			t.Errorf("%v: %v", change, err)
		}
	}
	// A name that is not theirs to choose is nothing.
	if saved, err := a.set(a.full, wish.Choices{"purpose.essential.service": wish.Off}); err != nil || saved.At != 0 {
		t.Errorf("%+v, %v", saved, err)
	}
}

// TestUndo_restoresExactly draws changes that lower, and compares everything that
// the gate answers before and after they are taken back.
func TestUndo_restoresExactly(t *testing.T) {
	t.Parallel()
	housetest.On(t, func(t *testing.T, h *housetest.House) {
		a := meet(t, h)
		random := rand.New(rand.NewPCG(3, 14))
		for range 4 {
			before, allowed := a.sheet(), a.allowed()
			change := wish.Choices{}
			for name, value := range before.Choices {
				if random.IntN(6) > 0 {
					continue
				}
				for _, to := range []string{wish.Off, wish.No, "1/720", "18:00-10:00", "none", a.Clock.Now().Add(240 * time.Hour).Format()} {
					if d := wish.Compare(wish.Choices{name: value}, wish.Choices{name: to}); len(d) == 1 && d[0].Lower && possible(name, to) {
						change[name] = to
						break
					}
				}
			}
			saved, err := a.set(a.lower(), change)
			if err != nil {
				t.Fatalf("%v: %v", change, err)
			}
			if len(change) == 0 {
				continue
			}
			if !saved.Undoable() {
				t.Fatalf("%+v", saved)
			}
			a.Clock.Advance(20 * time.Second)
			if _, err := a.Desk.Undo(t.Context(), a.lower(), "en"); err != nil {
				t.Fatalf("%v: %v", change, err)
			}
			if d := cmp.Diff(before.Choices, a.sheet().Choices); d != "" {
				t.Fatalf("after %v: %s", change, d)
			}
			if d := cmp.Diff(allowed, a.allowed()); d != "" {
				t.Fatalf("after %v: %s", change, d)
			}
			// Something that stays, so that the next round begins elsewhere.
			_, _ = a.set(a.full, wish.Choices{"topic.shoes.running": wish.Off, "often": "2/168"})
		}
	})
}

func possible(name, value string) bool {
	kind, _, _ := strings.Cut(name, ".")
	switch kind {
	case "purpose", "topic":
		return value == wish.Off
	case "channel", "share":
		return value == wish.No
	case "often":
		return value == "1/720"
	case "quiet":
		return value == "18:00-10:00"
	case "location":
		return value == "none"
	case "break":
		return strings.HasSuffix(value, "Z")
	}
	return false
}

func TestUndo_onlyForAMinuteOnlyHereOnlyOnce(t *testing.T) {
	t.Parallel()
	a := meet(t, housetest.New(t, "sqlite", ""))
	undo := func(v access.Visitor) problem.Kind {
		_, err := a.Desk.Undo(t.Context(), v, "en")
		if err == nil {
			return 0
		}
		return problem.Of(err).Kind
	}
	if got := undo(a.full); got != problem.Gone {
		t.Errorf("nothing was done: %v", got)
	}
	a.must(a.full, wish.Choices{letters: wish.Off})
	if got := undo(a.lower()); got != problem.Gone {
		t.Errorf("another session: %v", got)
	}
	if got := undo(a.full); got != 0 || a.sheet().Choices[letters] != wish.On {
		t.Errorf("its own: %v, %s", got, a.sheet().Choices[letters])
	}
	if got := undo(a.full); got != problem.Gone {
		t.Errorf("twice: %v", got)
	}
	a.must(a.full, wish.Choices{letters: wish.Off})
	a.Clock.Advance(61 * time.Second)
	if got := undo(a.full); got != problem.Gone || a.sheet().Choices[letters] != wish.Off {
		t.Errorf("too late: %v", got)
	}
	a.must(a.full, wish.Choices{letters: wish.On})
	if got := undo(a.full); got != problem.Gone {
		t.Errorf("what was raised is lowered on the page: %v", got)
	}
}

// TestUndo_leavesWhatWasSaidSince: a no that came in between stands.
func TestUndo_leavesWhatWasSaidSince(t *testing.T) {
	t.Parallel()
	a := meet(t, housetest.New(t, "sqlite", ""))
	a.must(a.full, wish.Choices{letters: wish.Off, "often": "2/168", "channel.push": wish.No})
	a.must(a.lower(), wish.Choices{"often": "1/720", "channel.email": wish.No})
	if _, err := a.Desk.Undo(t.Context(), a.full, "en"); err != nil {
		t.Fatal(err)
	}
	if got := a.sheet().Choices; got[letters] != wish.On || got["often"] != "1/720" || got["channel.push"] != "1" || got["channel.email"] != wish.No {
		t.Errorf("%v", got)
	}
}

// TestSave_aYesAnswersABroaderNo: a STOP by text is a no to all marketing by text.
// A yes to offers by text takes it back for them and for nothing else.
func TestSave_aYesAnswersABroaderNo(t *testing.T) {
	t.Parallel()
	a := meet(t, housetest.New(t, "sqlite", ""))
	a.must(a.full, wish.Choices{texts: wish.On})
	by := gate.ByRef(a.full.Ref)
	a.Says(by, fact.Grant{Purpose: "marketing", Channel: "sms", Status: fact.Withdrawn, Method: "stop_reply"})
	a.Says(by, fact.Grant{Purpose: "marketing", Status: fact.Withdrawn, Method: "complaint"})
	if got := a.sheet().Choices; got[texts] != wish.Off || got[letters] != wish.Off {
		t.Fatalf("%v", got)
	}
	a.must(a.full, wish.Choices{texts: wish.On})
	if got := a.sheet().Choices; got[letters] != wish.Off {
		t.Errorf("a yes to texts opened the letters")
	}
	allowed := a.allowed()
	for key, want := range map[string]bool{
		"contact marketing.communications.sms sms ": true, "contact marketing.communications.email email ": false,
		"personalize marketing.communications.post  ": false, "personalize marketing.communications.onsite  ": false,
	} {
		if got := allowed[key]; (got == policy.CodeAllowed) != want {
			t.Errorf("%s: %q", key, got)
		}
	}
}

// TestSheet_whatIsSaidElsewhereIsFixed: the browser's signal is not ours to undo.
func TestSheet_whatIsSaidElsewhereIsFixed(t *testing.T) {
	t.Parallel()
	a := meet(t, housetest.New(t, "sqlite", ""))
	a.Says(gate.ByRef(a.full.Ref), fact.Grant{Purpose: "personalize", Status: fact.Objected, Method: "gpc"})
	s := a.sheet()
	if _, open := s.Choices[chosen]; open {
		t.Error("a switch is offered that would do nothing")
	}
	for _, p := range s.Purposes {
		if p.Key == "personalize.content.profiled" && (!p.Fixed || p.Code != policy.CodeGPC) {
			t.Errorf("%+v", p)
		}
	}
}

// TestSheet_promises: a switch shows the text that is about it.
func TestSheet_promises(t *testing.T) {
	t.Parallel()
	a := meet(t, housetest.New(t, "sqlite", ""))
	got := map[string]string{}
	for _, p := range a.sheet().Purposes {
		got[p.Key] = p.Notice.Ref()
		if p.Key == "marketing.communications.email" && !slices.Contains(p.Uses, "email address") {
			t.Errorf("%+v", p)
		}
	}
	for key, want := range map[string]string{
		"marketing.communications.email": "newsletter@2", "marketing.communications.sms": "texts@1", "marketing.communications.push": "app@1",
		"personalize.content.profiled": "newsletter@2", "analytics.reporting": "order@1",
	} {
		if got[key] != want {
			t.Errorf("%s: %s, want %s", key, got[key], want)
		}
	}
}

func TestSheet_topics(t *testing.T) {
	t.Parallel()
	a := meet(t, housetest.New(t, "sqlite", ""))
	a.must(a.full, wish.Choices{"topic.shoes.running": wish.Off})
	a.must(a.full, wish.Choices{"topic.shoes": wish.Off, "topic.clothes": wish.Off})
	if got := a.sheet().Choices; got["topic.clothes.socks"] != wish.Off {
		t.Errorf("socks are %s", got["topic.clothes.socks"])
	}
	a.must(a.full, wish.Choices{"topic.shoes": wish.On, "topic.clothes": wish.On})
	got := a.sheet().Choices
	if got["topic.clothes.socks"] != wish.On || got["topic.shoes.running"] != wish.Off {
		t.Errorf("socks %s, running shoes %s: what was muted by name stays so", got["topic.clothes.socks"], got["topic.shoes.running"])
	}
	a.must(a.full, wish.Choices{"only": wish.On})
	if p := a.Inspect(gate.ByRef(a.full.Ref)).Profile().Preference; slices.Contains(p.Topics, "shoes.running") || !slices.Contains(p.Topics, "clothes") || !slices.Equal(p.Muted, []string{"shoes.running"}) {
		t.Errorf("%+v", p)
	}
	a.must(a.full, wish.Choices{"only": wish.Off, "topic.pantry": wish.Off})
	if p := a.Inspect(gate.ByRef(a.full.Ref)).Profile().Preference; p.Topics != nil || !slices.Equal(slices.Sorted(slices.Values(p.Muted)), []string{"pantry", "shoes.running"}) {
		t.Errorf("%+v", p)
	}
}
