package guard

import (
	"slices"
	"strings"

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
	ask     func(Case) finding
}

// rules in the order in which they are shown.
var rules = []rule{
	{"permission", true, permission},
	{"promise", true, promise},
	{"occasion", true, occasion},
	{"expiry", true, expiry},
	{"already_bought", false, alreadyBought},
	{"topic_preference", false, topicPreference},
	{"channel_preference", false, channelPreference},
	{"break", false, pause},
	{"frequency_cap", false, frequencyCap},
	{"quiet_hours", false, quietHours},
	{"holdout", false, holdout},
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
	Chosen  bool
	Holdout bool          // only the draw stood in the way
	Later   clock.Instant // not before; zero is now
}

// Judge asks every guard.
func Judge(c Case) Verdict {
	v := Verdict{Chosen: true}
	others := false // something besides the draw, for good
	for _, r := range rules {
		if c.Service && !r.service {
			continue
		}
		f := r.ask(c)
		reason := fact.Reason{Guard: r.name, Code: f.code, Veto: f.code != "", Marketer: f.marketer, Person: f.person}
		v.Reasons = append(v.Reasons, reason)
		switch {
		case f.code == "":
		case r.name == "holdout":
			v.Holdout, v.Chosen = true, false
		case f.until != 0 && (c.Expires == 0 || f.until <= c.Expires):
			v.Later = max(v.Later, f.until)
		default:
			others, v.Chosen = true, false
		}
	}
	v.Holdout = v.Holdout && !others
	return v
}

func permission(c Case) finding {
	if c.Allowed {
		return finding{}
	}
	code := c.Code
	if code == "" {
		code = "not_allowed"
	}
	return finding{code: code, marketer: c.Marketer, person: c.Person}
}

func promise(c Case) finding {
	if c.Matched || c.Hidden == "" {
		return finding{}
	}
	return finding{
		code:     "audience_withheld",
		marketer: "Whether this person belongs to the audience may not be known for this purpose: " + c.Hidden + ".",
		person:   "What this message would have been chosen by is something you did not give us for that.",
	}
}

func occasion(c Case) finding {
	if !c.Service || c.Occasion {
		return finding{}
	}
	return finding{
		code:     "not_an_occasion",
		marketer: "This service purpose does not speak in this kind of moment; its definition lists the moments it is for.",
		person:   "We write about a service only when there is something to say about it.",
	}
}

func expiry(c Case) finding {
	if c.Expires == 0 || c.Now <= c.Expires {
		return finding{}
	}
	return finding{
		code:     "moment_over",
		marketer: "The moment was over before the message could leave.",
		person:   "It was too late for this message to be of use to you.",
	}
}

// alreadyBought stops a message about something the person has, until it came
// back or is about used up. Not knowing stops it as well.
func alreadyBought(c Case) finding {
	if c.Item == "" {
		return finding{}
	}
	if c.OwnedHidden {
		return finding{
			code:     "purchases_withheld",
			marketer: "What this person bought may not be looked at for this purpose, so nobody can tell whether they have it.",
			person:   "You did not allow us to look at what you bought for this, so we do not write about single things.",
		}
	}
	for _, b := range c.Owned {
		if b.Quantity <= 0 {
			continue // it came back
		}
		f := finding{
			code:     "already_bought",
			marketer: "This person has this very thing.",
			person:   "You have this already.",
		}
		if c.Repurchase > 0 {
			f.until = b.Last.Add(days(c.Repurchase))
			if c.Now >= f.until {
				continue
			}
		}
		return f
	}
	return finding{}
}

func topicPreference(c Case) finding {
	if c.Topic == "" {
		return finding{}
	}
	within := func(t string) bool { return t != "" && (c.Topic == t || strings.HasPrefix(c.Topic, t+".")) }
	if slices.ContainsFunc(c.Preference.Muted, within) {
		return finding{
			code: "topic_muted", marketer: "This person muted the topic.", person: "You muted this topic.",
		}
	}
	if len(c.Preference.Topics) > 0 && !slices.ContainsFunc(c.Preference.Topics, within) {
		return finding{
			code: "topic_not_chosen", marketer: "This person chose topics, and this is none of them.", person: "This is not among the topics you chose.",
		}
	}
	return finding{}
}

func channelPreference(c Case) finding {
	if len(c.Preference.Channels) == 0 || slices.Contains(c.Preference.Channels, c.Channel) {
		return finding{}
	}
	return finding{
		code: "channel_refused", marketer: "This person does not want to be reached through this channel.", person: "You asked us not to use this channel.",
	}
}

func pause(c Case) finding {
	if c.Preference.Break <= c.Now {
		return finding{}
	}
	return finding{
		code: "on_break", marketer: "This person takes a break from messages.", person: "You are taking a break from our messages.",
		until: c.Preference.Break,
	}
}

func holdout(c Case) finding {
	if c.Draw >= c.Holdout {
		return finding{}
	}
	return finding{
		code: "held_out", marketer: "This person is in the part that is left out, to see what the campaign really causes.",
		person: "By chance you are among those we did not write to, to see whether writing helps.",
	}
}
