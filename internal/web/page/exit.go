package page

import (
	"context"

	"github.com/heed-platform/heed/internal/clock"
	"github.com/heed-platform/heed/internal/fact"
	"github.com/heed-platform/heed/internal/keep/gate"
	"github.com/heed-platform/heed/internal/policy"
	"github.com/heed-platform/heed/internal/reach/delivery"
	"github.com/heed-platform/heed/internal/web"
)

// Exit is Links as heed makes them: signed by reach/delivery, kept by the gate.
type Exit struct {
	links *delivery.Links
	gate  *gate.Gate
	clock clock.Clock
	again *web.Limiter
}

// NewExit keeps what links promise.
func NewExit(links *delivery.Links, g *gate.Gate, clk clock.Clock) *Exit {
	return &Exit{links: links, gate: g, clock: clk, again: web.NewLimiter(1, 3)}
}

// Open reads a link from its own bytes alone.
func (e *Exit) Open(token string) (Link, bool) {
	u, err := e.links.ReadUnsubscribe(token)
	if err != nil {
		return Link{}, false
	}
	return words(e.gate.Rules(), u), true
}

// words says what a link stands for, in the workspace's words. A workspace that
// no longer has them still lets go.
func words(rules *policy.Rules, u delivery.Unsubscribe) Link {
	l := Link{What: "messages of this kind"}
	if rules == nil {
		return l
	}
	brand := rules.Brand()
	l.Brand, l.Language = brand.Name, brand.Language
	if p, ok := rules.Purpose(u.Purpose); ok && p.Label != "" {
		l.What = p.Label
	}
	if t, ok := rules.Topic(u.Topic); ok && t.Label != "" {
		l.What += ", about " + t.Label
	}
	return l
}

// Stop withdraws. Who presses again within a second has stopped already, and
// the ledger need not hear it again.
func (e *Exit) Stop(ctx context.Context, token string) error {
	u, err := e.links.ReadUnsubscribe(token)
	if err != nil {
		return err
	}
	now := e.clock.Now()
	if !e.again.Allow(token, now) {
		return nil
	}
	_, err = gate.Declare(ctx, e.gate, gate.ByRef(u.Ref), gate.Statement{By: "person", Grants: []fact.Grant{{
		Purpose: u.Purpose, Channel: u.Channel, Topic: u.Topic, Status: fact.Withdrawn,
		Method: "unsubscribe", Source: "link", Said: now, Evidence: "one-click link in a message",
	}}})
	return err
}
