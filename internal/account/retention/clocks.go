package retention

import (
	"fmt"
	"slices"
	"time"

	"github.com/heed-platform/heed/internal/clock"
	"github.com/heed-platform/heed/internal/fact"
	"github.com/heed-platform/heed/internal/keep/gate"
	"github.com/heed-platform/heed/internal/know/profile"
	"github.com/heed-platform/heed/internal/policy"
	"github.com/heed-platform/heed/internal/policy/define"
)

const day = 24 * time.Hour

// The clocks that no notice sets.
const (
	// uncovered is how long heed keeps what no notice covers: nobody may use it, and
	// it is there only so that somebody sees that a notice is missing.
	uncovered = 90 * day
	// decided is how long it is on record why a message came.
	decided = 2 * 365 * day
)

// Removed is one kind of data that was over under one notice.
type Removed struct {
	Notice   string `json:"notice"`   // "" is none
	Category string `json:"category"` // "decision" for why a message came
}

// Clocks judge the facts of one person after the other at one moment. They are
// not for several goroutines.
type Clocks struct {
	rules   *policy.Rules
	now     clock.Instant
	zone    *time.Location
	pending map[Removed]int // counted and not yet written down: values,
	facts   int             // the facts that held them,
	gone    int             // people of whom nothing was left
	whose   *fact.Profile   // for whom law and grants were read
	laws    []define.Retained
	traits  map[string]clock.Instant // attributes that a law keeps, and until when
}

// NewClocks makes the judge of a moment.
func NewClocks(r *policy.Rules, now clock.Instant) (*Clocks, error) {
	zone, err := time.LoadLocation(r.Brand().Zone)
	if err != nil {
		return nil, fmt.Errorf("the brand's zone: %w", err)
	}
	return &Clocks{rules: r, now: now, zone: zone, pending: map[Removed]int{}}, nil
}

// gate gives the clocks to the gate; tally is nil in a dry run.
func (c *Clocks) gate(name string, tally func([]byte) ([]byte, error)) gate.Clocks {
	soonest := uncovered
	if d := c.rules.Soonest(); d != policy.Endless {
		soonest = min(soonest, time.Duration(d)*day)
	}
	return gate.Clocks{
		Since: c.now.Add(-soonest), Over: c.over, Bare: bare, Fold: profile.ApplyFact, Tally: tally, Name: name,
		Begin: c.forget, Gone: func() { c.gone++ },
	}
}

func (c *Clocks) forget() {
	clear(c.pending)
	c.facts, c.gone = 0, 0
}

// count moves what was counted to the report.
func (c *Clocks) count(out *Report) {
	out.add(c.pending)
	out.Facts += c.facts
	out.Gone += c.gone
	c.forget()
}

// bare reports whether what is left of somebody is only who they were and what
// was made of that. A word of theirs, or a row that says who received something,
// outlives the data: it is the proof.
func bare(kinds map[fact.Kind]bool) bool {
	for k := range kinds {
		switch k {
		case fact.KindEvent, fact.KindRest, fact.KindGrant, fact.KindPreference, fact.KindDisclosure, fact.KindOutcome:
			return false
		case fact.KindEdge, fact.KindMembership, fact.KindDecision, fact.KindCut, fact.KindNote:
		}
	}
	return true
}

// over judges one fact.
func (c *Clocks) over(d gate.Dossier, l gate.Line) (bool, []byte, error) {
	switch {
	case l.Kind == fact.KindDecision && l.Received.Add(decided) <= c.now:
		c.pending[Removed{Category: l.Kind.String()}]++
		c.facts++
		return true, nil, nil
	case !l.Kind.Tells():
		return false, nil, nil
	}
	e, err := fact.ParseEvent(l.Payload)
	if err != nil {
		return false, nil, fmt.Errorf("read %s, number %d of fragment %d: %w", l.Kind, l.N, l.Fragment, err)
	}
	c.meet(d)
	gone, rest := c.judge(&e, d.Profile().Grants)
	if len(gone) == 0 {
		return false, nil, nil
	}
	c.facts++
	for _, category := range gone {
		c.pending[Removed{e.Notice, category}]++
	}
	if rest == nil {
		return true, nil, nil
	}
	return true, fact.AppendEvent(nil, rest), nil
}

// meet reads what a law keeps of this person: it counts from what they bought last.
func (c *Clocks) meet(d gate.Dossier) {
	p := d.Profile()
	if c.whose == p {
		return
	}
	c.whose, c.laws, c.traits = p, c.rules.Retained(d.Jurisdiction()), map[string]clock.Instant{}
	var last clock.Instant
	for _, b := range p.Purchases {
		last = max(last, b.Last, b.Returned)
	}
	for _, law := range c.laws {
		for _, name := range law.Traits {
			if last != 0 {
				c.traits[name] = max(c.traits[name], ends(last, law, c.zone))
			}
		}
	}
}

// law is the law that keeps an event, if one does.
func (c *Clocks) law(e *fact.Event) (define.Retained, bool) {
	if e.Type == fact.Track {
		for _, law := range c.laws {
			if slices.Contains(law.Events, e.Name) && c.now < ends(e.At, law, c.zone) {
				return law, true
			}
		}
	}
	return define.Retained{}, false
}

// ends is when a law lets go of what happened at a moment.
func ends(at clock.Instant, law define.Retained, zone *time.Location) clock.Instant {
	from := at.Time().In(zone)
	if law.YearEnd {
		return clock.At(time.Date(from.Year()+law.Years+1, 1, 1, 0, 0, 0, 0, zone)) - 1
	}
	return clock.At(from.AddDate(law.Years, 0, 0))
}

// promised reports whether the event's own promise, or one that the person agreed
// to, keeps a category of what it told.
func (c *Clocks) promised(e *fact.Event, grants []fact.Grant, category string) bool {
	return c.rules.Keeps(e.Notice, category, e.At, c.now) || c.rules.Agreed(grants, category, c.now)
}

// keeps reports whether a promise keeps a category of what an event told. A
// notice that nobody knows any more may have promised anything, and ends nothing.
func (c *Clocks) keeps(e *fact.Event, grants []fact.Grant, category string) bool {
	if s, ok := c.rules.Source(e.Source); ok && s.Expire > 0 && e.At.Add(time.Duration(s.Expire)*day) <= c.now {
		return false
	}
	if e.Notice != "" {
		if _, known := c.rules.Notice(e.Notice); !known {
			return true
		}
		if c.promised(e, grants, category) {
			return true
		}
		if _, covered := c.rules.Lasts(e.Notice, category); covered {
			return false
		}
	}
	return c.now < e.Received.Add(uncovered)
}
