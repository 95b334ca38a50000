package access

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/heed-platform/heed/internal/clock"
	"github.com/heed-platform/heed/internal/fact"
	"github.com/heed-platform/heed/internal/keep"
	"github.com/heed-platform/heed/internal/keep/gate"
	"github.com/heed-platform/heed/internal/person"
	"github.com/heed-platform/heed/internal/reach/delivery"
)

// purpose is why people are looked up and written to here: the law gives them
// these pages.
const purpose = "essential.legal_obligation"

// Text is what a message of the desk says; a text message has no Subject.
type Text struct{ Subject, Text string }

// Options are what a Desk is made of.
type Options struct {
	Keep *keep.Keep
	// Canonical is the form of an identifier by which it is found.
	Canonical func(person.Identifier) (person.Identifier, error)
	// Channels carry messages, by name: email, sms. One that is missing sends nothing.
	Channels func() map[string]delivery.Channel
	// Recipient is who carries a channel's messages, by the workspace's key; "" is
	// the brand itself.
	Recipient func(channel string) string
	// Code and Entered write the messages, in the language of whoever asked.
	Code    func(channel, language, code string) Text
	Entered func(channel, language string, at clock.Instant) Text
	Links   *delivery.Links // signs and reads links
	Clock   clock.Clock
	Log     *slog.Logger
}

// Desk hands secrets out and knows them again.
type Desk struct {
	Options

	errands chan Errand
	try     func(ctx context.Context, kind, secret string, now clock.Instant) (keep.Ticket, error) // Keep.Try
	budgets map[string]int64
	counts  Counts
}

// How the errands are run.
const (
	waiting = 512             // errands that may wait; more are dropped, and counted
	runners = 4               // at once
	blur    = 2 * time.Second // an errand begins at any time within, so that nothing shows whether there was one
)

// New opens a desk.
func New(o Options) *Desk {
	return &Desk{Options: o, errands: make(chan Errand, waiting), try: o.Keep.Try, budgets: budgets}
}

// Errand is what happens while nobody waits for it.
type Errand func(ctx context.Context) error

// Later runs an errand soon, while nobody waits for it. When too many wait it is dropped: whoever asks
// again will be served.
func (d *Desk) Later(e Errand) {
	select {
	case d.errands <- e:
	default:
		d.counts.Dropped.Add(1)
	}
}

// Run does the errands until ctx ends.
func (d *Desk) Run(ctx context.Context) {
	var wg sync.WaitGroup
	for range runners {
		wg.Go(func() {
			for {
				select {
				case <-ctx.Done():
					return
				case e := <-d.errands:
					if pause(ctx, random(blur)) {
						d.do(ctx, e)
					}
				}
			}
		})
	}
	wg.Wait()
}

// Due does every errand that waits and returns when it is done.
func (d *Desk) Due(ctx context.Context) {
	for {
		select {
		case e := <-d.errands:
			d.do(ctx, e)
		default:
			return
		}
	}
}

func (d *Desk) do(ctx context.Context, e Errand) {
	if err := e(ctx); err != nil {
		d.Log.WarnContext(ctx, "a message of the door did not leave", slog.Any("cause", err))
	}
}

// pause waits, and reports whether there is still work to do.
func pause(ctx context.Context, t time.Duration) bool {
	select {
	case <-ctx.Done():
		return false
	case <-clock.After(t):
		return true
	}
}

// who asks the gate in the person's own name.
func (d *Desk) who(ctx context.Context, s gate.Subject) (gate.Pass[gate.Honor], gate.Known, error) {
	pass, err := gate.Ask[gate.Honor](ctx, d.Keep.Gate, gate.Asking{
		Subject: s, Purpose: purpose, By: "person", Role: "person", Why: "came to their own pages",
	})
	if err != nil {
		return pass, gate.Known{}, err
	}
	who, err := gate.Who(pass)
	return pass, who, err
}

// whose is who with a fragment; nobody's is nobody.
func (d *Desk) whose(ctx context.Context, id fact.FragmentID) (gate.Known, error) {
	if id == 0 {
		return gate.Known{}, gate.ErrNobody
	}
	_, who, err := d.who(ctx, gate.ByFragment(id))
	return who, err
}
