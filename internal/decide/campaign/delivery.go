package campaign

import (
	"encoding/json"
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
}

// Delivery makes the job of a decision: a key that is the same for the same
// moment of the same campaign, when it is due, and the question.
func (l *Live) Delivery(d *fact.Decision, m Moment) (unique string, due clock.Instant, body []byte) {
	q := Delivery{Campaign: l.Key, Version: l.Version, Hash: l.Hash, Decision: d.ID, Moment: m.String(), At: m.At}
	body, err := json.Marshal(q)
	if err != nil {
		panic("a delivery is plain values: " + err.Error())
	}
	unique = versioned(l.Key, l.Version) + " " + m.String()
	if m.Kind != OnSend {
		unique += fmt.Sprintf(" %d", m.At)
	}
	return unique, max(d.At, d.Defer), body
}

// ParseDelivery reads the question.
func ParseDelivery(body []byte) (Delivery, error) {
	var q Delivery
	if err := json.Unmarshal(body, &q); err != nil {
		return q, fmt.Errorf("read delivery: %w", err)
	}
	return q, nil
}

// Recheck asks the guards once more, at the moment of leaving. Code is what
// stands in the way now; later is when that passes, zero when it does not.
func (l *Live) Recheck(q Delivery, s fact.Sight, now clock.Instant) (code string, later clock.Instant) {
	m := Moment{At: q.At}
	answer := l.members.Match(s, now)
	if answer != policy.Yes {
		return "left_audience", 0
	}
	c := l.lay(m, s, policy.Ruling{Verdict: policy.Allow}, answer, now)
	c.Occasion = l.rules.Occasion(l.Purpose, q.Moment)
	v := guard.Judge(c)
	if v.Chosen && v.Later == 0 {
		return "", 0
	}
	for _, r := range v.Reasons {
		if r.Veto {
			code = r.Code
			break
		}
	}
	if !v.Chosen {
		return code, 0
	}
	return code, v.Later
}
