package campaign

import (
	"encoding/json"
	"fmt"
	"hash/fnv"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/heed-platform/heed/internal/clock"
	"github.com/heed-platform/heed/internal/decide/guard"
	"github.com/heed-platform/heed/internal/fact"
	"github.com/heed-platform/heed/internal/policy"
)

// Decide asks the guards about one person in one moment. Candidate is false for
// whoever is known not to be in the audience: there is nothing to decide.
func (l *Live) Decide(m Moment, s fact.Sight, ruling policy.Ruling, now clock.Instant) (d fact.Decision, candidate bool) {
	answer := l.members.Match(s, now)
	if answer == policy.No {
		return fact.Decision{}, false
	}
	c := l.lay(m, s, ruling, answer, now)
	v := guard.Judge(c)
	question, err := json.Marshal(c)
	if err != nil {
		panic("a case is plain values: " + err.Error())
	}
	return fact.Decision{
		ID: uuid.NewString(), Campaign: l.Key, Version: l.Version, Hash: l.Hash, Moment: m.String(),
		Purpose: l.Purpose, Channel: l.Channel, Chosen: v.Chosen, Holdout: v.Holdout, Defer: v.Later,
		Reasons: v.Reasons, Question: question, At: now,
	}, true
}

// lay puts before the guards what they may look at.
func (l *Live) lay(m Moment, s fact.Sight, ruling policy.Ruling, answer policy.Tri, now clock.Instant) guard.Case {
	c := guard.Case{
		Now: now, Moment: m.At, Service: l.service, Channel: l.Channel, Topic: l.Topic,
		Allowed: ruling.Verdict == policy.Allow, Code: ruling.Code, Marketer: ruling.Marketer, Person: ruling.Person,
		Matched: answer == policy.Yes, Item: l.Item.ID, Repurchase: l.Item.Repurchase,
		Preference: guard.WishOf(s.Profile.Preference), Caps: l.caps, Quiet: l.quiet, Zone: l.zone,
		Holdout: l.Holdout * 100, Draw: draw(l.Key, s.Profile.Ref.String()),
		Occasion: l.rules.Occasion(l.Purpose, m.String()),
	}
	hours := l.Expires
	if hours == 0 {
		hours = defaultExpiry
	}
	c.Expires = m.At.Add(time.Duration(hours) * time.Hour)
	if !c.Matched {
		c.Hidden = hidden(s)
	}
	if c.Item != "" {
		l.owned(&c, s)
	}
	for _, x := range s.Profile.Contacted {
		if x.Class != "service" {
			c.Contacted = append(c.Contacted, guard.Sent{Channel: x.Channel, At: x.At})
		}
	}
	return c
}

// hidden names what keeps it unknown whether somebody is in the audience.
func hidden(s fact.Sight) string {
	paths := make([]string, 0, len(s.Withheld))
	for path := range s.Withheld {
		paths = append(paths, path)
	}
	if len(paths) == 0 {
		return "it cannot be known"
	}
	slices.Sort(paths)
	return strings.Join(paths, ", ") + " may not be used for it"
}

func (l *Live) owned(c *guard.Case, s fact.Sight) {
	_, c.OwnedHidden = s.Withheld["purchases"]
	for _, p := range s.Profile.Purchases {
		if p.Item == c.Item {
			c.Owned = append(c.Owned, guard.Bought{Variant: p.Variant, Quantity: p.Quantity, Last: p.Last})
		}
	}
}

// draw is a person's place, 0 to 9,999, in a campaign: the same for ever, and
// independent from campaign to campaign.
func draw(campaign, ref string) int {
	h := fnv.New64a()
	_, _ = h.Write([]byte(campaign + "\x00" + ref))
	// FNV's low bits follow its input closely; the middle ones are well mixed.
	return int((h.Sum64() >> 20) % 10_000) //nolint:gosec // below 10,000
}

// Replay judges a decision again from the case it kept; same is whether the
// guards still say what they said.
func Replay(d fact.Decision) (same bool, reasons []fact.Reason, err error) {
	var c guard.Case
	if err := json.Unmarshal(d.Question, &c); err != nil {
		return false, nil, fmt.Errorf("replay decision: %w", err)
	}
	v := guard.Judge(c)
	same = v.Chosen == d.Chosen && v.Holdout == d.Holdout && v.Later == d.Defer && slices.Equal(v.Reasons, d.Reasons)
	return same, v.Reasons, nil
}
