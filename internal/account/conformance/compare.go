package conformance

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/heed-platform/heed/internal/clock"
	"github.com/heed-platform/heed/internal/decide/campaign"
	"github.com/heed-platform/heed/internal/fact"
	"github.com/heed-platform/heed/internal/keep/gate"
	"github.com/heed-platform/heed/internal/know/profile"
	"github.com/heed-platform/heed/internal/person"
	"github.com/heed-platform/heed/internal/policy"
)

// Report is uses against promises, exceptions first.
type Report struct {
	At          clock.Instant `json:"at"`
	Disclosures int           `json:"disclosures"`
	Unjudged    int           `json:"unjudged"` // values whose promise retention has emptied since: nobody can tell any more
	Exceptions  []Exception   `json:"exceptions"`
	Uses        []Use         `json:"uses"`
}

// Use counts how often one kind of data left for one purpose under one promise.
type Use struct {
	Purpose   string        `json:"purpose"`
	Channel   string        `json:"channel,omitempty"`
	Recipient string        `json:"recipient,omitempty"`
	Category  string        `json:"category"`
	Promise   string        `json:"promise"` // the notice; "" where the ground is not one
	Count     int           `json:"count"`
	First     clock.Instant `json:"first"`
	Last      clock.Instant `json:"last"`
}

// Exception is one value that left and should not have, as far as the ledgers
// tell. Person is a pseudonym; whoever may look finds them by it.
type Exception struct {
	Disclosure string        `json:"disclosure"`
	Person     person.Ref    `json:"person"`
	At         clock.Instant `json:"at"`
	Purpose    string        `json:"purpose"`
	Channel    string        `json:"channel,omitempty"`
	Recipient  string        `json:"recipient,omitempty"`
	Field      string        `json:"field,omitempty"` // "" when nothing at all could go
	Code       string        `json:"code"`
	Why        string        `json:"why"`
}

// Asking is who wants the report and why; it is on the record before anybody is
// looked at.
type Asking struct{ By, Role, Why string }

// RulesAt gives the rules in force at a moment; nil when there were none yet.
type RulesAt func(clock.Instant) (*policy.Rules, error)

// Compare judges every disclosure of everybody.
func Compare(ctx context.Context, g *gate.Gate, a Asking, at RulesAt) (Report, error) {
	c := comparison{rules: at, uses: map[Use]*Use{}, report: Report{Exceptions: []Exception{}, Uses: []Use{}}}
	err := gate.ExportAll(ctx, g, "conformance", gate.Asking{By: a.By, Role: a.Role, Why: a.Why}, func(d gate.Dossier) error {
		c.report.At = d.Now()
		left, err := c.gather(ctx, d)
		if err != nil {
			return err
		}
		for _, l := range left {
			if err := c.judge(ctx, d, l); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return Report{}, err
	}
	for _, u := range c.uses {
		c.report.Uses = append(c.report.Uses, *u)
	}
	slices.SortFunc(c.report.Uses, func(a, b Use) int {
		return cmp.Or(strings.Compare(a.Purpose, b.Purpose), strings.Compare(a.Channel, b.Channel),
			strings.Compare(a.Recipient, b.Recipient), strings.Compare(a.Category, b.Category), strings.Compare(a.Promise, b.Promise))
	})
	slices.SortFunc(c.report.Exceptions, func(a, b Exception) int {
		return cmp.Or(cmp.Compare(b.At, a.At), strings.Compare(a.Disclosure, b.Disclosure), strings.Compare(a.Field, b.Field))
	})
	return c.report, nil
}

type comparison struct {
	rules   RulesAt
	uses    map[Use]*Use
	report  Report
	emptied clock.Instant // when the first event came that retention has emptied; 0 is none
}

// gather finds a person's disclosures, and what is no longer there to judge them
// by. They are judged afterwards: judging reads the person again, and whoever
// reads while reading waits for a connection that may be their own.
func (c *comparison) gather(ctx context.Context, d gate.Dossier) (left []gate.Line, err error) {
	c.emptied = 0
	err = d.Facts(ctx, func(l gate.Line) error {
		switch {
		case l.Kind == fact.KindDisclosure && l.Payload != nil:
			left = append(left, l)
		case l.Kind == fact.KindEvent && l.Payload == nil && (c.emptied == 0 || l.Received < c.emptied):
			c.emptied = l.Received
		}
		return nil
	})
	return left, err
}

// judge asks about one disclosure what was asked when it left.
func (c *comparison) judge(ctx context.Context, d gate.Dossier, l gate.Line) error {
	v, err := fact.ParseDisclosure(l.Payload)
	if err != nil {
		return fmt.Errorf("read disclosure, number %d of fragment %d: %w", l.N, l.Fragment, err)
	}
	c.report.Disclosures++
	wrong := func(field, code, why string) {
		if c.emptied != 0 && c.emptied <= l.Received {
			c.report.Unjudged++
			return
		}
		c.report.Exceptions = append(c.report.Exceptions, Exception{
			Disclosure: v.ID, Person: d.Ref(), At: v.At, Purpose: v.Purpose, Channel: v.Channel, Recipient: v.Recipient,
			Field: field, Code: code, Why: why,
		})
	}
	rules, err := c.rules(l.Received)
	if err != nil {
		return err
	}
	if rules == nil {
		wrong("", "no_rules", "No workspace was in force, so nothing could be allowed.")
		return nil
	}
	then, err := d.Before(ctx, l, rules, profile.ApplyFact)
	if err != nil {
		return err
	}
	ruling, withheld := then.Answer(policy.Question{
		Use: useOf(v), Purpose: v.Purpose, Channel: v.Channel, Recipient: v.Recipient, Now: l.Received,
	})
	if ruling.Verdict != policy.Allow {
		wrong("", ruling.Code, ruling.Marketer)
		return nil
	}
	notices := noticesOf(then.Profile())
	for _, field := range v.Fields {
		if r, no := withheld[field]; no {
			wrong(field, r.Code, r.Marketer)
			continue
		}
		c.count(v, rules.Category(field), notices[field])
	}
	return nil
}

// useOf tells what kind of use a disclosure was: what leaves to a company or in a
// file is shared, anything else is a message to the person.
func useOf(v fact.Disclosure) policy.Use {
	if v.Channel == "" || v.Protection == "file" || campaign.Shares(v.Channel) {
		return policy.Share
	}
	return policy.Contact
}

func (c *comparison) count(v fact.Disclosure, category, promise string) {
	key := Use{Purpose: v.Purpose, Channel: v.Channel, Recipient: v.Recipient, Category: category, Promise: promise}
	u := c.uses[key]
	if u == nil {
		first := key
		first.First = v.At
		u = &first
		c.uses[key] = u
	}
	u.Count++
	u.First, u.Last = min(u.First, v.At), max(u.Last, v.At)
}

// noticesOf is the promise under which each value stands, by field path.
func noticesOf(p *fact.Profile) map[string]string {
	out := map[string]string{}
	put := func(path, notice string) {
		if _, known := out[path]; !known {
			out[path] = notice
		}
	}
	for _, a := range p.Attributes {
		put("traits."+a.Name, a.Notice)
	}
	for _, n := range p.Counters {
		put("events."+n.Name, n.Notice)
	}
	for _, b := range p.Purchases {
		put("purchases", b.Notice)
		put("purchases."+b.Category, b.Notice)
	}
	for _, s := range p.Spends {
		put("spend", s.Notice)
	}
	return out
}
