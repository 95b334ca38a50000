package access

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/heed-platform/heed/internal/clock"
	"github.com/heed-platform/heed/internal/fact"
	"github.com/heed-platform/heed/internal/keep"
	"github.com/heed-platform/heed/internal/keep/gate"
	"github.com/heed-platform/heed/internal/person"
	"github.com/heed-platform/heed/internal/problem"
	"github.com/heed-platform/heed/internal/reach/delivery"
)

// budgets are how many messages the desk sends on one day, however many ask: a
// text costs money, and a flood of mail costs the brand its name.
var budgets = map[string]int64{"sms": 2_000, "email": 20_000}

// kindBudget is the tickets' word for what a day has cost.
const kindBudget = "budget"

// tries are the pauses before a message is tried again that nobody took; a code
// that comes later than that is too late.
var tries = [...]time.Duration{3 * time.Second, 15 * time.Second}

var (
	errChannel = errors.New("no channel is set up that carries it")
	errBudget  = problem.New(problem.TooMany, "door-budget-spent", "More codes were sent today than the door may send; look for who asks for them.")
)

// channelOf is the channel that reaches a contact point.
func channelOf(ns person.Namespace) string {
	if ns == person.Phone {
		return "sms"
	}
	return "email"
}

// send writes to one contact point of the person.
func (d *Desk) send(ctx context.Context, pass gate.Pass[gate.Honor], to fact.Named, t Text) error {
	channel := channelOf(to.NS)
	carrier, ok := d.Channels()[channel]
	if !ok {
		return errChannel
	}
	if err := d.afford(ctx, channel); err != nil {
		return err
	}
	for n := 0; ; n++ {
		failure, err := d.sendOnce(ctx, pass, to, t, channel, carrier)
		switch {
		case err != nil:
			return err
		case failure == nil:
			d.counts.Sent.Add(1)
			return nil
		case failure.Class != delivery.Later || n == len(tries) || !pause(ctx, tries[n]):
			return failure
		}
		if pass, _, err = d.who(ctx, gate.ByFragment(to.Fragment)); err != nil {
			return err
		}
	}
}

func (d *Desk) sendOnce(ctx context.Context, pass gate.Pass[gate.Honor], to fact.Named, t Text, channel string, carrier delivery.Channel) (*delivery.Failure, error) {
	recipient := d.Recipient(channel)
	cleared, err := gate.Answer(ctx, pass, gate.Reply{
		To: to.Identifier, Channel: channel, Purpose: purpose, Subject: person.Hide(t.Subject), Text: person.Hide(t.Text),
		Recipient: recipient, Protection: carrier.Protection(),
	})
	if err != nil {
		return nil, err
	}
	l, err := cleared.Open()
	if err != nil {
		return nil, err
	}
	err = carrier.Send(ctx, delivery.Label{Key: l.ID, Campaign: "door", List: "door", Recipient: recipient, Service: true}, cleared)
	o := fact.Outcome{Disclosure: l.ID, Status: "sent"}
	failure := failureOf(err)
	if failure != nil {
		o.Status, o.Code = statusOf(failure.Class), failure.Code
	}
	return failure, d.Keep.Gate.Settle(ctx, gate.ByFragment(to.Fragment), o)
}

// failureOf reads what a channel says; what it does not know is unknown.
func failureOf(err error) *delivery.Failure {
	if err == nil {
		return nil
	}
	if f, ok := errors.AsType[*delivery.Failure](err); ok {
		return f
	}
	return delivery.Fail(delivery.Unknown, "unknown", err)
}

func statusOf(c delivery.Class) string {
	switch c {
	case delivery.Refused:
		return "refused"
	case delivery.Later:
		return "failed"
	case delivery.Unknown:
	}
	return "unknown"
}

// afford takes one message from the day's budget.
func (d *Desk) afford(ctx context.Context, channel string) error {
	now := d.Clock.Now()
	n, err := d.Keep.Count(ctx, channel, keep.Ticket{Kind: kindBudget, Until: now.Add(24 * time.Hour)}, now)
	if err != nil {
		return err
	}
	if n > d.budgets[channel] {
		d.counts.Spent.Add(1)
		return errBudget
	}
	return nil
}

// Enter opens a session with Full scope for whoever a verified identifier points
// at: somebody else has made sure that it is theirs. The problem is
// session-unknown.
func (d *Desk) Enter(ctx context.Context, id person.Identifier, language string) (secret string, v Visitor, err error) {
	_, who, err := d.who(ctx, gate.ByIdentifier(id))
	if err != nil {
		return "", Visitor{}, unknown(err)
	}
	return d.enter(ctx, who.Asked, language)
}

// enter begins a session with Full scope and tells the person about it at their
// other contact points: whoever has an old mailbox of theirs does not get in
// unnoticed.
func (d *Desk) enter(ctx context.Context, by fact.FragmentID, language string) (secret string, v Visitor, err error) {
	secret, v, err = d.begin(ctx, by, Full, "")
	if err != nil {
		return "", Visitor{}, unknown(err)
	}
	d.counts.Entered.Add(1)
	d.Later(func(ctx context.Context) error { return d.tell(ctx, by, language, v.Began) })
	return secret, v, nil
}

// mostPoints bounds how many contact points are told of one entry.
const mostPoints = 5

// tell says at the other contact points that somebody came in by one.
func (d *Desk) tell(ctx context.Context, by fact.FragmentID, language string, at clock.Instant) error {
	return d.announce(ctx, by, by, func(channel string) Text { return d.Entered(channel, language, at) })
}

// Announce tells a person, at every verified contact point, what was asked for
// or done in their name. It returns at once.
func (d *Desk) Announce(by fact.FragmentID, write func(channel string) Text) {
	d.Later(func(ctx context.Context) error { return d.announce(ctx, by, 0, write) })
}

// announce writes to the contact points of a person, all but one.
func (d *Desk) announce(ctx context.Context, by, but fact.FragmentID, write func(channel string) Text) error {
	_, who, err := d.who(ctx, gate.ByFragment(by))
	if errors.Is(err, gate.ErrNobody) {
		return nil
	}
	if err != nil {
		return err
	}
	points := slices.DeleteFunc(who.Points, func(p fact.Named) bool { return p.Fragment == but })
	var failed error
	for _, p := range points[:min(len(points), mostPoints)] {
		pass, _, err := d.who(ctx, gate.ByFragment(p.Fragment))
		if err == nil {
			err = d.send(ctx, pass, p, write(channelOf(p.NS)))
		}
		failed = errors.Join(failed, err)
	}
	if failed != nil {
		return fmt.Errorf("announce: %w", failed)
	}
	return nil
}
