package campaign

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/heed-platform/heed/internal/clock"
	"github.com/heed-platform/heed/internal/decide/guard"
	"github.com/heed-platform/heed/internal/fact"
	"github.com/heed-platform/heed/internal/keep/gate"
	"github.com/heed-platform/heed/internal/know/audience/expression"
	"github.com/heed-platform/heed/internal/know/profile"
	"github.com/heed-platform/heed/internal/know/profile/order"
	"github.com/heed-platform/heed/internal/policy"
)

// matter is what a message is about, in one moment. It goes along with the
// delivery, so that the moment of leaving judges the same thing.
type matter struct {
	moment     string
	at         clock.Instant
	about      bool     // the campaign is about things
	items      []string // which things
	categories []string // of the things, in the shop's words

	// The event that is the moment: how it is counted, under which promise.
	event, notice string
	happened      bool
}

// matterOf reads the moment.
func (l *Live) matterOf(m Moment) matter {
	x := matter{moment: m.String(), at: m.At, about: l.Item.ID != "" || l.Item.Event || l.Item.Category != ""}
	if l.Item.Category != "" {
		x.categories = []string{l.Item.Category}
	}
	if l.Item.ID != "" {
		x.items = []string{l.Item.ID}
	}
	if m.Event == nil {
		return x
	}
	x.event, x.notice, x.happened = profile.CounterOf(m.Event), m.Event.Notice, true
	if l.Item.Event {
		for _, line := range order.Product(m.Event).Lines {
			x.items = append(x.items, line.Item)
			x.categories = append(x.categories, line.Category)
		}
		x.items, x.categories = unique(x.items), unique(x.categories)
	}
	return x
}

func unique(list []string) []string { return slices.Compact(slices.Sorted(slices.Values(list))) }

// lay puts before the guards what they may look at, and nothing that they do not
// read.
func (l *Live) lay(x matter, s fact.Sight, ruling policy.Ruling, answer policy.Tri, now clock.Instant) guard.Case {
	c := guard.Case{
		Now: now, Moment: dated(x.at), Service: l.service, Channel: l.Channel,
		Allowed: ruling.Verdict == policy.Allow, Code: ruling.Code, Marketer: ruling.Marketer, Person: ruling.Person,
		Member: answer == policy.Yes, Withheld: l.holes(x, s, answer, now), Address: address(l.Channel, s),
		Occasion: l.rules.Occasion(l.Purpose, x.moment),
	}
	c.Expires = dated(x.at).Add(time.Duration(cmp.Or(l.Expires, defaultExpiry)) * time.Hour)
	c.Lot = l.lot(s.Profile.Ref)
	c.Draw = draw(c.Lot)
	if l.service {
		return c // marketing's manners are not asked about
	}
	c.Holdout = l.Holdout * 100
	c.Subjects = l.subjects(x)
	l.things(&c, x, s)
	c.Wish = l.wish(s.Profile.Preference, now)
	c.Caps, c.Quiet = l.caps, l.quiet
	c.Contacted = contacted(s.Profile.Contacted, l.Channel, l.caps, c.Wish.Caps, now)
	if len(c.Quiet) > 0 || len(c.Wish.Quiet) > 0 {
		c.Zone = cmp.Or(s.Profile.Preference.Zone, l.zone) // unknown is the strictest configured, and one is
	}
	return c
}

// lacking is a predicate that can say what it was not shown.
type lacking interface {
	Lacks(s fact.Sight, now clock.Instant) []expression.Withheld
}

// holes are what the message needs and may not see: the event that is its
// reason, what the audience reads, what the text reads. Something private is not
// named: that it is there says too much.
func (l *Live) holes(x matter, s fact.Sight, answer policy.Tri, now clock.Instant) []guard.Hole {
	var out []guard.Hole
	hole := func(path, code string) {
		if l.rules.Sensitive(l.rules.Category(path)) {
			path = "private data"
		}
		out = append(out, guard.Hole{Path: path, Code: code})
	}
	if x.happened && !seen(s, x.event, x.notice) {
		path := "events." + x.event
		hole(path, cmp.Or(s.Withheld[path], policy.CodeNotCovered))
	}
	if answer == policy.Unknown {
		for _, w := range append(lacks(l.members, s, now), lacks(l.enters, s, now)...) {
			hole(w.Path, w.Code)
		}
	}
	for _, path := range l.fields {
		if code, no := s.Withheld[path]; no {
			hole(path, code)
		}
	}
	slices.SortFunc(out, func(a, b guard.Hole) int { return cmp.Or(cmp.Compare(a.Path, b.Path), cmp.Compare(a.Code, b.Code)) })
	return slices.Compact(out)
}

// lacks is what a predicate needed and was not shown.
func lacks(p gate.Predicate, s fact.Sight, now clock.Instant) []expression.Withheld {
	if p == nil {
		return nil
	}
	if p, ok := p.(lacking); ok {
		return p.Lacks(s, now)
	}
	var out []expression.Withheld
	for _, path := range p.Fields() {
		if code, no := s.Withheld[path]; no {
			out = append(out, expression.Withheld{Path: path, Code: code})
		}
	}
	return out
}

// seen reports whether this use may know that the event happened: it is counted
// under the promise under which it came.
func seen(s fact.Sight, event, notice string) bool {
	return event != "" && slices.ContainsFunc(s.Profile.Counters, func(c fact.Counter) bool {
		return c.Name == event && c.Notice == notice
	})
}

func address(channel string, s fact.Sight) guard.Address {
	name := Address(channel)
	if name == "" {
		return guard.AddressNone
	}
	if slices.ContainsFunc(s.Profile.Attributes, func(a fact.Attribute) bool { return a.Name == name }) {
		return guard.AddressKnown
	}
	if _, no := s.Withheld["traits."+name]; no {
		return guard.AddressWithheld
	}
	return guard.AddressAbsent
}

// subjects are the topics that the message touches: the campaign's own, and
// those of the things it is about.
func (l *Live) subjects(x matter) []guard.Subject {
	var out []guard.Subject
	if l.Topic != "" {
		out = append(out, guard.Subject{Topic: l.Topic})
	}
	for _, category := range x.categories {
		t, ok := l.rules.TopicOf(category)
		if ok && !slices.ContainsFunc(out, func(s guard.Subject) bool { return s.Topic == t.Key }) {
			out = append(out, guard.Subject{Topic: t.Key, Private: l.private(t)})
		}
	}
	return out
}

// things are what the message is about and what the person has of it. The same
// thing may have been bought under several promises, so quantities are added up.
func (l *Live) things(c *guard.Case, x matter, s fact.Sight) {
	if !x.about {
		return
	}
	byCategory := l.Item.ID == "" && !l.Item.Event
	c.Items, c.Repurchase = x.items, l.Item.Repurchase
	c.Missing = !byCategory && len(x.items) == 0
	for _, p := range s.Profile.Purchases {
		// A message may be about a thing by its product id or by a sku.
		if !slices.Contains(x.items, p.Item) && (p.Variant == "" || !slices.Contains(x.items, p.Variant)) &&
			(!byCategory || !policy.Within(p.Category, l.Item.Category)) {
			continue
		}
		at := slices.IndexFunc(c.Owned, func(b guard.Bought) bool { return b.Item == p.Item && b.Variant == p.Variant })
		if at < 0 {
			at = len(c.Owned)
			c.Owned = append(c.Owned, guard.Bought{Item: p.Item, Variant: p.Variant})
		}
		c.Owned[at].Quantity += p.Quantity
		c.Owned[at].Last = max(c.Owned[at].Last, dated(p.Last))
	}
	c.OwnedHidden = l.mayHide(x, s)
}

// mayHide reports whether what may not be seen of somebody's purchases could be
// the thing: it could, unless both are known to be of unrelated topics.
func (l *Live) mayHide(x matter, s fact.Sight) bool {
	if s.Profile.Full {
		return true // there is more than heed could hold at once
	}
	_, some := s.Withheld["purchases"]
	whole := true
	for path := range s.Withheld {
		hidden, one := strings.CutPrefix(path, "purchases.")
		if !one {
			continue
		}
		whole = false
		if len(x.categories) == 0 || slices.ContainsFunc(x.categories, func(c string) bool { return !l.unrelated(hidden, c) }) {
			return true
		}
	}
	return some && whole
}

func (l *Live) unrelated(a, b string) bool {
	x, ok := l.rules.TopicOf(a)
	y, ok2 := l.rules.TopicOf(b)
	return ok && ok2 && !policy.Within(x.Key, y.Key) && !policy.Within(y.Key, x.Key)
}

// dated is an instant that can be written down as a date and read again: from
// 1970 to the end of the year 9998.
func dated(at clock.Instant) clock.Instant { return max(0, min(at, 253_370_764_800_000_000)) }

// wish is what the guards read of a preference. People may name topics in the
// shop's words.
func (l *Live) wish(p fact.Preference, now clock.Instant) guard.Wish {
	w := guard.Wish{Muted: l.topics(p.Muted), Topics: l.topics(p.Topics), Channels: p.Channels, Caps: p.Caps}
	if p.Break > now {
		w.Break = dated(p.Break)
	}
	if p.QuietOn {
		w.Quiet = []guard.Quiet{{From: p.QuietAt, To: p.QuietTo}}
	}
	return w
}

func (l *Live) topics(words []string) []string {
	out := make([]string, 0, len(words))
	for _, word := range words {
		if t, ok := l.rules.TopicOf(word); ok {
			word = t.Key
		}
		out = append(out, word)
	}
	return out
}

// contacted are the messages that any cap still counts.
func contacted(all []fact.Contacted, channel string, brand, own []fact.Cap, now clock.Instant) []guard.Sent {
	var out []guard.Sent
	for _, x := range all {
		if x.Class == "service" {
			continue
		}
		counts := func(k fact.Cap) bool {
			return (k.Channel == "" || k.Channel == channel && k.Channel == x.Channel) && x.At.Add(guard.Window(k)) > now
		}
		if slices.ContainsFunc(brand, counts) || slices.ContainsFunc(own, counts) {
			out = append(out, guard.Sent{Channel: x.Channel, At: x.At})
		}
	}
	return out
}
