package guard

import (
	"slices"
	"strings"

	"github.com/heed-platform/heed/internal/clock"
	"github.com/heed-platform/heed/internal/policy"
)

// resting is a person who takes a break, and of whom the gate shows nothing until
// it ends. A break is a matter of time and has a guard of its own; what it hides
// is asked about when the message leaves.
func resting(c *Case) bool {
	return !c.Allowed && c.Code == policy.CodeBreak && c.Wish.Break > c.Now
}

// permission is the gate's word.
func permission(c *Case, _ *Zones) finding {
	if c.Allowed || resting(c) {
		return finding{}
	}
	f := finding{code: first(c.Code, "not_allowed"), marketer: c.Marketer, person: c.Person}
	f.marketer = first(f.marketer, "The gate did not allow it.")
	f.person = first(f.person, "You did not allow this.")
	return f
}

// promise stops what would be chosen or written by something that was not given
// for it. Who is not known to be in the audience is not in it.
func promise(c *Case, _ *Zones) finding {
	if resting(c) {
		return finding{}
	}
	if len(c.Withheld) > 0 {
		names := make([]string, len(c.Withheld))
		for i, h := range c.Withheld {
			names[i] = h.Path
		}
		return finding{
			code:     "promise_withholds",
			marketer: "The message needs what this person did not give for this purpose: " + strings.Join(names, ", ") + ".",
			person:   "This message would have used something that you did not give us for it.",
		}
	}
	if !c.Member {
		return finding{
			code:     "audience_unknown",
			marketer: "Nobody can tell whether this person belongs to the audience.",
			person:   "We could not tell whether this message is meant for you.",
		}
	}
	return finding{}
}

func address(c *Case, _ *Zones) finding {
	switch c.Address {
	case AddressKnown, AddressNone:
		return finding{}
	case AddressWithheld:
		if resting(c) {
			return finding{}
		}
		return finding{
			code: "address_withheld", marketer: "This person gave the address for something else, and not for this purpose.",
			person: "You gave us this address for something else.",
		}
	case AddressAbsent:
		return finding{
			code: "no_address", marketer: "This person gave no address for the channel.",
			person: "We have no address of yours for this channel.",
		}
	}
	return finding{
		code: "address_unknown", marketer: "Nobody can tell whether there is an address for the channel.",
		person: "We could not tell how to reach you.",
	}
}

func occasion(c *Case, _ *Zones) finding {
	if !c.Service || c.Occasion {
		return finding{}
	}
	return finding{
		code:     "not_an_occasion",
		marketer: "This service purpose does not speak in this kind of moment; its definition lists the moments it is for.",
		person:   "We write about a service only when there is something to say about it.",
	}
}

func expiry(c *Case, _ *Zones) finding {
	if c.Expires == 0 || c.Now <= c.Expires {
		return finding{}
	}
	return finding{
		code:     "moment_over",
		marketer: "The moment was over before the message could leave.",
		person:   "It was too late for this message to be of use to you.",
	}
}

// sensitiveTopic stops a message that touches something private without asking
// the gate about that very topic, where each person's own word is kept.
func sensitiveTopic(c *Case, _ *Zones) finding {
	if !slices.ContainsFunc(c.Subjects, func(s Subject) bool { return s.Private }) {
		return finding{}
	}
	return finding{
		code:     "sensitive_untold",
		marketer: "The message touches something private, and the campaign does not name its topic, so nobody's own word on it was asked for.",
		person:   "It would have touched something private that you did not bring up yourself.",
	}
}

// alreadyBought stops a message about something the person has, in whatever
// size, until it came back or is about used up. A gift counts: whoever gave
// these shoes away does not want a coupon for them either. Not knowing stops it
// as well.
func alreadyBought(c *Case, _ *Zones) finding {
	if c.Missing {
		return finding{
			code:     "item_unknown",
			marketer: "The moment does not say which thing the message is about, so nobody can tell whether this person has it.",
			person:   "We could not tell whether you have this already.",
		}
	}
	has, until := false, clock.Instant(0)
	for _, b := range c.Owned {
		if b.Quantity <= 0 {
			continue // it came back
		}
		if c.Repurchase <= 0 {
			has, until = true, never
			break
		}
		if again := b.Last.Add(days(c.Repurchase)); again > c.Now {
			has, until = true, max(until, again)
		}
	}
	switch {
	case has && until == never:
		return finding{code: "already_bought", marketer: "This person has this very thing.", person: "You have this already."}
	case c.OwnedHidden && !resting(c):
		return finding{
			code:     "purchases_withheld",
			marketer: "What this person bought may not be looked at for this purpose, so nobody can tell whether they have it.",
			person:   "You did not allow us to look at what you bought for this, so we do not write about single things.",
		}
	case has:
		return finding{
			code: "not_used_up", until: until,
			marketer: "This person has this, and it is not about used up yet.", person: "You have this already, and it should last a while.",
		}
	}
	return finding{}
}

// topicPreference obeys what the person muted and what they chose. Whoever chose
// topics gets nothing that is about none of them.
func topicPreference(c *Case, _ *Zones) finding {
	muted := func(s Subject) bool { return within(s.Topic, c.Wish.Muted) }
	if slices.ContainsFunc(c.Subjects, muted) {
		return finding{code: "topic_muted", marketer: "This person muted the topic.", person: "You muted this topic."}
	}
	if len(c.Wish.Topics) == 0 {
		return finding{}
	}
	stray := func(s Subject) bool { return !within(s.Topic, c.Wish.Topics) }
	if len(c.Subjects) > 0 && !slices.ContainsFunc(c.Subjects, stray) {
		return finding{}
	}
	return finding{
		code: "topic_not_chosen", marketer: "This person chose topics, and this is none of them.",
		person: "This is not among the topics you chose.",
	}
}

// within reports whether a topic is one of a list or lies under one.
func within(topic string, list []string) bool {
	return slices.ContainsFunc(list, func(t string) bool { return t != "" && policy.Within(topic, t) })
}

func channelPreference(c *Case, _ *Zones) finding {
	if len(c.Wish.Channels) == 0 || slices.Contains(c.Wish.Channels, c.Channel) {
		return finding{}
	}
	return finding{
		code: "channel_refused", marketer: "This person does not want to be reached through this channel.",
		person: "You asked us not to use this channel.",
	}
}

func pause(c *Case, _ *Zones) finding {
	if c.Wish.Break <= c.Now {
		return finding{}
	}
	return finding{
		code: policy.CodeBreak, until: c.Wish.Break,
		marketer: "This person takes a break from messages.", person: "You are taking a break from our messages.",
	}
}

func holdout(c *Case, _ *Zones) finding {
	if c.Draw >= c.Holdout {
		return finding{}
	}
	return finding{
		code: "held_out", marketer: "This person is in the part that is left out, to see what the campaign really causes.",
		person: "By chance you are among those we did not write to, to see whether writing helps.",
	}
}
