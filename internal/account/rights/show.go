package rights

import (
	"encoding/json"

	"github.com/heed-platform/heed/internal/clock"
	"github.com/heed-platform/heed/internal/fact"
	"github.com/heed-platform/heed/internal/keep/gate"
	"github.com/heed-platform/heed/internal/person"
)

// Shown is what is known of one person, each value with where it comes from.
type Shown struct {
	Person      person.Ref    `json:"person"`
	Identifiers []Identifier  `json:"identifiers"`
	Attributes  []Attribute   `json:"attributes"`
	Counters    []Counter     `json:"counters"`
	Purchases   []Purchase    `json:"purchases"`
	Spends      []Spend       `json:"spends"`
	Grants      []Grant       `json:"grants"`
	Memberships []Membership  `json:"memberships"`
	Friends     []Friend      `json:"friends"`
	Preference  *Preference   `json:"preference,omitempty"`
	First       clock.Instant `json:"first_seen,omitzero"`
	Last        clock.Instant `json:"last_seen,omitzero"`
	Fragments   int           `json:"fragments"`
	Uncovered   int64         `json:"uncovered"`                // values that no notice covers: usable for nothing
	More        bool          `json:"more_in_events,omitempty"` // lists here are at their limit; the events hold more
}

// Identifier is one way the person is found. Verified: a server or a signed call
// has named it.
type Identifier struct {
	NS       person.Namespace `json:"ns"`
	Value    string           `json:"value"`
	Verified bool             `json:"verified"`
}

// Attribute is one value as it was given. Of several with one name the first
// speaks for the person.
type Attribute struct {
	Name     string          `json:"name"`
	Value    json.RawMessage `json:"value"`
	Origin   string          `json:"origin"`
	Category string          `json:"category"`
	Notice   string          `json:"notice"`
	Source   string          `json:"source"`
	Time     clock.Instant   `json:"time"`
	Expires  clock.Instant   `json:"expires,omitzero"`
	Claimed  bool            `json:"claimed,omitempty"` // nobody has verified who said it
	Speaks   bool            `json:"speaks"`
}

// Counter is how often something happened, under one notice.
type Counter struct {
	Name     string        `json:"name"`
	Count    int64         `json:"count"`
	First    clock.Instant `json:"first"`
	Last     clock.Instant `json:"last"`
	Category string        `json:"category"`
	Notice   string        `json:"notice"`
}

// Purchase is one thing the person bought and kept.
type Purchase struct {
	Item     string        `json:"item"`
	Variant  string        `json:"variant,omitempty"`
	Shelf    string        `json:"shelf,omitempty"` // the shop's own category
	Brand    string        `json:"brand,omitempty"`
	Quantity int64         `json:"quantity"`
	Last     clock.Instant `json:"last"`
	Returned clock.Instant `json:"returned,omitzero"`
	Gift     bool          `json:"gift,omitempty"`
	Category string        `json:"category"`
	Notice   string        `json:"notice"`
}

// Spend is money in minor units of one currency, less what was refunded.
type Spend struct {
	Currency string `json:"currency"`
	Minor    int64  `json:"minor"`
	Orders   int64  `json:"orders"`
	Notice   string `json:"notice"`
}

// Grant is one entry of the consent ledger that is in force.
type Grant struct {
	Record       string        `json:"record"`
	Purpose      string        `json:"purpose"`
	Channel      string        `json:"channel,omitempty"`
	Topic        string        `json:"topic,omitempty"`
	Status       string        `json:"status"`
	Notice       string        `json:"notice,omitempty"`
	Language     string        `json:"language,omitempty"`
	Jurisdiction string        `json:"jurisdiction,omitempty"`
	Method       string        `json:"method"`
	Source       string        `json:"source,omitempty"`
	Said         clock.Instant `json:"said"`
	Received     clock.Instant `json:"received"`
	Evidence     string        `json:"evidence,omitempty"`
	Message      string        `json:"message_id,omitempty"`
}

// Membership is an audience that the person is in.
type Membership struct {
	Audience string        `json:"audience"`
	Purpose  string        `json:"purpose"`
	Since    clock.Instant `json:"since"`
}

// Friend is a tie to a group or another identifier.
type Friend struct {
	Relation string        `json:"relation"`
	Value    string        `json:"value"`
	Since    clock.Instant `json:"since"`
	Notice   string        `json:"notice"`
}

// Preference is how the person wants to be spoken to. Quiet hours are minutes
// after midnight in their zone.
type Preference struct {
	Muted    []string      `json:"muted,omitempty"`
	Topics   []string      `json:"topics,omitempty"`
	Channels []string      `json:"channels,omitempty"`
	Caps     []Cap         `json:"caps,omitempty"`
	Quiet    *Quiet        `json:"quiet,omitempty"`
	Break    clock.Instant `json:"break_until,omitzero"`
	Zone     string        `json:"zone,omitempty"`
	Language string        `json:"language,omitempty"`
	Set      clock.Instant `json:"set"`
	Source   string        `json:"source,omitempty"`
	Location string        `json:"location,omitempty"`
	Sharing  []Share       `json:"sharing,omitempty"`
}

// Share is whether a device, or with "" every one, may tell a kind of data.
type Share struct {
	Device  string `json:"device,omitempty"`
	Kind    string `json:"kind"`
	Allowed bool   `json:"allowed"`
}

// Cap is at most Count messages in any window of Hours.
type Cap struct {
	Channel string `json:"channel,omitempty"`
	Count   int    `json:"count"`
	Hours   int    `json:"hours"`
}

// Quiet is a stretch of each day.
type Quiet struct {
	From int `json:"from"`
	To   int `json:"to"`
}

// Show is what is known of the person of a dossier.
func Show(d gate.Dossier) Shown {
	p := d.Profile()
	return Shown{
		Person: d.Ref(), Identifiers: list(p.Identifiers, identifier), Attributes: attributes(d, p.Attributes),
		Counters: list(p.Counters, func(c fact.Counter) Counter {
			return Counter{c.Name, c.Count, c.First, c.Last, d.Category("events." + c.Name), c.Notice}
		}),
		Purchases: list(p.Purchases, func(b fact.Purchase) Purchase {
			return Purchase{
				b.Item, b.Variant, b.Category, b.Brand, b.Quantity, b.Last, b.Returned, b.Gift, d.Category("purchases." + b.Category), b.Notice,
			}
		}),
		Spends: list(p.Spends, func(s fact.Spend) Spend { return Spend{s.Currency, s.Minor, s.Orders, s.Notice} }),
		Grants: list(p.Grants, grant),
		Memberships: list(p.Memberships, func(m fact.Membership) Membership {
			return Membership{m.Audience, m.Purpose, m.At}
		}),
		Friends: list(p.Friends, func(f fact.Friend) Friend {
			return Friend{f.Relation, f.Value.Reveal(), f.At, f.Notice}
		}),
		Preference: preference(&p.Preference),
		First:      p.First, Last: p.Last, Fragments: len(p.Fragments), Uncovered: p.Uncovered, More: p.Full,
	}
}

// list is never nil, so that JSON shows an empty list where there is nothing.
func list[T, U any](in []T, f func(T) U) []U {
	out := make([]U, len(in))
	for i, v := range in {
		out[i] = f(v)
	}
	return out
}

func identifier(n fact.Named) Identifier { return Identifier{n.NS, n.Value.Reveal(), n.Verified} }

func attributes(d gate.Dossier, all []fact.Attribute) []Attribute {
	out := make([]Attribute, len(all))
	for i, a := range all {
		out[i] = Attribute{
			Name: a.Name, Value: json.RawMessage(a.Value.Reveal()), Origin: a.Origin.String(), Category: d.Category("traits." + a.Name),
			Notice: a.Notice, Source: a.Source, Time: a.At, Expires: a.Expires, Claimed: a.Claimed,
			Speaks: i == 0 || all[i-1].Name != a.Name,
		}
	}
	return out
}

func grant(g fact.Grant) Grant {
	return Grant{
		Record: g.Record, Purpose: g.Purpose, Channel: g.Channel, Topic: g.Topic, Status: g.Status.String(), Notice: g.Notice,
		Language: g.Language, Jurisdiction: g.Jurisdiction, Method: g.Method, Source: g.Source, Said: g.Said, Received: g.Received,
		Evidence: g.Evidence, Message: g.Message,
	}
}

func preference(p *fact.Preference) *Preference {
	if p.Set == 0 {
		return nil
	}
	out := &Preference{
		Muted: p.Muted, Topics: p.Topics, Channels: p.Channels, Break: p.Break, Zone: p.Zone, Language: p.Language, Set: p.Set, Source: p.Source,
		Caps:     list(p.Caps, func(c fact.Cap) Cap { return Cap(c) }),
		Location: p.Location, Sharing: list(p.Sharing, func(s fact.Share) Share { return Share(s) }),
	}
	if p.QuietOn {
		out.Quiet = &Quiet{p.QuietAt, p.QuietTo}
	}
	return out
}
