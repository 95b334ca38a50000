package campaign

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/heed-platform/heed/internal/clock"
	"github.com/heed-platform/heed/internal/decide/guard"
	"github.com/heed-platform/heed/internal/fact"
	"github.com/heed-platform/heed/internal/policy"
)

// Delivery is the question on the queue: what to send and why, not what it says.
type Delivery struct {
	Campaign string        `json:"campaign"`
	Version  int64         `json:"version"`
	Hash     string        `json:"hash"`
	Decision string        `json:"decision"`
	Moment   string        `json:"moment"`
	At       clock.Instant `json:"at"` // of the moment

	// What the message is about, and the event that is its reason.
	Items      []string `json:"items,omitempty"`
	Categories []string `json:"categories,omitempty"`
	Happened   bool     `json:"happened,omitempty"`
	Event      string   `json:"event,omitempty"`
	Notice     string   `json:"notice,omitempty"`
}

// Delivery makes the job of a decision: a key that is the same for the same
// moment of the same person in the same version, when it is due, and the
// question. The decision is one that Decide made for this moment.
func (l *Live) Delivery(d *fact.Decision, m Moment) (unique string, due clock.Instant, body []byte) {
	var c guard.Case
	if err := json.Unmarshal(d.Question, &c); err != nil {
		panic("a decision keeps the case that Decide wrote: " + err.Error())
	}
	x := l.matterOf(m)
	q := Delivery{
		Campaign: l.Key, Version: l.Version, Hash: l.Hash, Decision: d.ID, Moment: x.moment, At: x.at,
		Items: x.items, Categories: x.categories, Happened: x.happened, Event: x.event, Notice: x.notice,
	}
	body, err := json.Marshal(q)
	if err != nil {
		panic("a delivery is plain values: " + err.Error())
	}
	return l.once(c.Lot, m), max(d.At, d.Defer), body
}

var errDelivery = errors.New("a delivery names its campaign, version, hash, decision and moment")

// ParseDelivery reads the question; one that lacks something is an error.
func ParseDelivery(body []byte) (Delivery, error) {
	var q Delivery
	if err := json.Unmarshal(body, &q); err != nil {
		return Delivery{}, fmt.Errorf("read delivery: %w", err)
	}
	if q.Campaign == "" || q.Version <= 0 || q.Hash == "" || q.Decision == "" || q.Moment == "" || q.At == 0 {
		return Delivery{}, errDelivery
	}
	return q, nil
}

// matter is what the message is about, as it was decided.
func (l *Live) matter(q Delivery) matter {
	return matter{
		moment: q.Moment, at: q.At, about: l.Item.ID != "" || l.Item.Event || l.Item.Category != "",
		items: q.Items, categories: q.Categories, event: q.Event, notice: q.Notice, happened: q.Happened,
	}
}

// Recheck asks the guards once more, at the moment of leaving, with what is true
// then. Code is what stands in the way now; later is when that passes, zero when
// it does not. The draw is not asked again: it fell when it was decided.
func (l *Live) Recheck(q Delivery, s fact.Sight, now clock.Instant) (code string, later clock.Instant) {
	answer := l.members.Match(s, now)
	if answer == policy.No {
		return "left_audience", 0
	}
	c := l.lay(l.matter(q), s, policy.Ruling{Verdict: policy.Allow}, answer, now)
	c.Holdout = 0
	v := guard.Judge(c, l.zones)
	return v.Code, v.Later
}
