package guard

import (
	"github.com/heed-platform/heed/internal/clock"
	"github.com/heed-platform/heed/internal/fact"
)

// finding is a guard's no. The zero finding is no objection.
type finding struct {
	code     string
	marketer string
	person   string
	until    clock.Instant // the objection passes then; zero is not by itself
}

// rule is one guard.
type rule struct {
	name    string
	service bool // also stands in the way of service messages
	passes  bool // may be a matter of time alone
	ask     func(*Case, *Zones) finding
}

const nameHoldout = "holdout"

// rules in the order in which they are shown.
var rules = []rule{
	{name: "permission", service: true, ask: permission},
	{name: "promise", service: true, ask: promise},
	{name: "address", service: true, ask: address},
	{name: "occasion", service: true, ask: occasion},
	{name: "expiry", service: true, ask: expiry},
	{name: "sensitive_topic", ask: sensitiveTopic},
	{name: "already_bought", passes: true, ask: alreadyBought},
	{name: "topic_preference", ask: topicPreference},
	{name: "channel_preference", ask: channelPreference},
	{name: "break", passes: true, ask: pause},
	{name: "frequency_cap", passes: true, ask: frequencyCap},
	{name: "quiet_hours", passes: true, ask: quietHours},
	{name: nameHoldout, ask: holdout},
}

// Names are the guards, in order.
func Names() []string {
	out := make([]string, len(rules))
	for i, r := range rules {
		out[i] = r.name
	}
	return out
}

// Verdict is what all guards said together.
type Verdict struct {
	Reasons []fact.Reason // one for each guard that was asked
	Chosen  bool          // nothing stands in the way, now or at Later
	Holdout bool          // only the draw stands in the way
	Later   clock.Instant // the first instant at which all that passes has passed; zero is now
	Code    string        // what stands in the way: for good before for now; "" is nothing
}

// Judge asks every guard. An objection that passes before the moment is over
// defers the message; any other ends it. Zones may be nil.
func Judge(c Case, z *Zones) Verdict {
	v := Verdict{Reasons: make([]fact.Reason, 0, len(rules))}
	var ends, drawn, passes string // the first code of each sort
	for _, r := range rules {
		if c.Service && !r.service {
			continue
		}
		f := r.ask(&c, z)
		v.Reasons = append(v.Reasons, fact.Reason{Guard: r.name, Code: f.code, Veto: f.code != "", Marketer: f.marketer, Person: f.person})
		switch {
		case f.code == "":
		case r.name == nameHoldout:
			drawn = f.code
		case f.until != 0:
			passes = first(passes, f.code)
			v.Later = max(v.Later, f.until)
		default:
			ends = first(ends, f.code)
		}
	}
	if v.Later != 0 {
		v.Later = settle(c, v.Later, z)
	}
	if v.Later == never || c.Expires != 0 && v.Later > c.Expires {
		ends = first(ends, passes)
	}
	v.Code = first(first(ends, drawn), passes)
	v.Chosen = ends == "" && drawn == ""
	v.Holdout = ends == "" && drawn != ""
	if !v.Chosen {
		v.Later = 0
	}
	return v
}

func first(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

// settle is the first instant from at on to which no guard objects that lets
// things pass: when a cap frees a place, it may be night.
func settle(c Case, at clock.Instant, z *Zones) clock.Instant {
	for range 64 {
		if at == never || c.Expires != 0 && at > c.Expires {
			return at
		}
		c.Now = at
		for _, r := range rules {
			if r.passes {
				at = max(at, r.ask(&c, z).until)
			}
		}
		if at == c.Now {
			return at
		}
	}
	return never
}

// never is an instant that no moment lives to see.
const never = clock.Instant(1) << 62
