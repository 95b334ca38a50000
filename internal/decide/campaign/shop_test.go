package campaign_test

import (
	"errors"
	"os"
	"testing"

	"github.com/heed-platform/heed/internal/clock"
	"github.com/heed-platform/heed/internal/decide/campaign"
	"github.com/heed-platform/heed/internal/fact"
	"github.com/heed-platform/heed/internal/keep/catalog"
	"github.com/heed-platform/heed/internal/keep/gate"
	"github.com/heed-platform/heed/internal/know/audience"
	"github.com/heed-platform/heed/internal/know/audience/expression"
	"github.com/heed-platform/heed/internal/person"
	"github.com/heed-platform/heed/internal/policy"
)

// shop is the example workspace with all its campaigns live, and a gate over it.
type shop struct {
	tb        testing.TB
	rules     *policy.Rules
	audiences *audience.Set
	campaigns []campaign.Definition
	gate      *gate.Gate
	clock     *clock.Still
	engine    *campaign.Engine
}

var noon = instant("2026-03-02T12:00:00Z")

func instant(text string) clock.Instant {
	var at clock.Instant
	if err := at.UnmarshalText([]byte(text)); err != nil {
		panic(err)
	}
	return at
}

func open(tb testing.TB) *shop {
	tb.Helper()
	w, faults := catalog.Load(os.DirFS("../../../workspace"))
	for _, f := range append(faults, w.Check()...) {
		tb.Error(f)
	}
	s := &shop{tb: tb, clock: clock.NewStill(noon)}
	var err error
	if s.rules, err = w.Compile(); err != nil {
		tb.Fatal(err)
	}
	var defs []audience.Definition
	for _, d := range w.Of(catalog.Audience) {
		defs = append(defs, decode[audience.Definition](tb, d))
	}
	if s.audiences, err = audience.Compile(defs, expression.Schema{}); err != nil {
		tb.Fatal(err)
	}
	for _, d := range w.Of(catalog.Campaign) {
		s.campaigns = append(s.campaigns, decode[campaign.Definition](tb, d))
	}
	s.campaigns = append(s.campaigns, maternity(), looked())
	s.gate = gate.New(nil, nil, "", s.clock)
	s.gate.Adopt(s.rules)
	s.live()
	return s
}

// maternity is a letter about something private that says so.
func maternity() campaign.Definition {
	return campaign.Definition{
		Key: "maternity-letter", Label: "maternity", About: "For whoever asked for it.", Purpose: "marketing.communications.email", Channel: "email",
		Topic: "maternity", Audience: "readers", Recipient: "mail-relay", Trigger: campaign.Trigger{Send: true},
		Item: campaign.Item{ID: "mat-dress", Category: "Maternity"}, Message: campaign.Message{Subject: "Soft", Text: "A dress."},
	}
}

// looked is a letter about what somebody looked at, whatever it was.
func looked() campaign.Definition {
	return campaign.Definition{
		Key: "looked-at", Label: "looked at", About: "What was looked at.", Purpose: "marketing.communications.email", Channel: "email",
		Audience: "readers", Recipient: "mail-relay", Trigger: campaign.Trigger{Event: "Product Viewed"},
		Item: campaign.Item{Event: true}, Message: campaign.Message{Subject: "Still there", Text: "It is."},
	}
}

func decode[T any](tb testing.TB, d catalog.Definition) T {
	tb.Helper()
	var v T
	if err := d.Decode(&v); err != nil {
		tb.Fatal(err)
	}
	return v
}

func (s *shop) deps() campaign.Deps {
	return campaign.Deps{Rules: s.rules, Audience: s.predicate, Key: []byte("another key of the tests")}
}

func (s *shop) predicate(key string) (gate.Predicate, bool) {
	a, ok := s.audiences.Find(key)
	if !ok {
		return nil, false
	}
	return a.Expression, true
}

// live makes the engine anew of all campaigns.
func (s *shop) live() {
	s.tb.Helper()
	var list []campaign.Approved
	for _, d := range s.campaigns {
		list = append(list, approved(d))
	}
	var err error
	if s.engine, err = campaign.NewEngine(list, s.deps()); err != nil {
		s.tb.Fatal(err)
	}
}

func approved(d campaign.Definition) campaign.Approved {
	return campaign.Approved{Definition: d, Version: 1, Hash: "hash-" + d.Key, Status: campaign.StatusLive}
}

func (s *shop) find(key string) *campaign.Live {
	s.tb.Helper()
	l, ok := s.engine.Find(key, 1)
	if !ok {
		s.tb.Fatalf("there is no campaign %q", key)
	}
	return l
}

// see is what the line shows to a campaign of a person.
func (s *shop) see(l *campaign.Live, p *fact.Profile) (fact.Sight, policy.Ruling) {
	s.tb.Helper()
	v, err := gate.Consider[gate.Contact](s.gate, p, l.Asking())
	ruling := policy.Ruling{Verdict: policy.Allow}
	if denied, ok := errors.AsType[*gate.Denied](err); ok {
		ruling = denied.Ruling
	} else if err != nil {
		s.tb.Fatal(err)
	}
	return v.Sight(), ruling
}

// decide walks one person through one campaign, as the line does.
func (s *shop) decide(l *campaign.Live, p *fact.Profile, m campaign.Moment) (fact.Decision, bool) {
	s.tb.Helper()
	sight, ruling := s.see(l, p)
	return l.Decide(m, sight, ruling, s.clock.Now())
}

// ada is a customer of age in Germany who gave nothing yet.
func ada() *fact.Profile {
	p := &fact.Profile{Ref: refOf(1), Anchor: 1, Fragments: []fact.FragmentID{1}, First: 1, Last: noon}
	give(p, "country", `"DE"`, "order@1")
	give(p, "birthday", `"1990-01-01"`, "order@1")
	return p
}

func refOf(n int) person.Ref { return person.RefOf([16]byte{byte(n), byte(n >> 8), 15: 1}) }

func give(p *fact.Profile, name, value, notice string) {
	p.Attributes = append(p.Attributes, fact.Attribute{
		Name: name, Value: person.Hide(value), Origin: fact.Declared, Notice: notice, At: noon.Add(-1),
	})
}

func buy(p *fact.Profile, item, variant, category string, quantity int64, at clock.Instant, notice string) {
	p.Purchases = append(p.Purchases, fact.Purchase{
		Item: item, Variant: variant, Category: category, Quantity: quantity, Last: at, Notice: notice,
	})
}

func happen(p *fact.Profile, name, notice string, n int64, at clock.Instant) {
	p.Counters = append(p.Counters, fact.Counter{
		Name: name, Notice: notice, Count: n, First: at, Last: at, Days: []fact.DayCount{{Day: fact.Day(at), Count: int32(n)}},
	})
}

func agree(p *fact.Profile, purpose, notice string) {
	p.Grants = append(p.Grants, fact.Grant{
		Purpose: purpose, Status: fact.Granted, Notice: notice, Method: "form", Received: noon.Add(-1), Said: noon.Add(-1),
	})
}

// reader is ada with a letter: everything that most campaigns need.
func reader() *fact.Profile {
	p := ada()
	give(p, "email", `"ada@example.com"`, "newsletter@2")
	give(p, "phone", `"+49301234567"`, "texts@1")
	agree(p, "marketing.communications.email", "newsletter@2")
	agree(p, "marketing.communications.sms", "texts@1")
	return p
}
