package app

import (
	"context"

	"github.com/heed-platform/heed/internal/fact"
	"github.com/heed-platform/heed/internal/keep/gate"
	"github.com/heed-platform/heed/internal/web/page"
)

// links are the ways out that messages carry, as the pages need them.
type links struct{ *App }

// Open reads a link; it asks no database.
func (l links) Open(token string) (page.Link, bool) {
	u, err := l.Links().ReadUnsubscribe(token)
	if err != nil {
		return page.Link{}, false
	}
	rules := l.World().Rules
	what := u.Purpose
	if p, ok := rules.Purpose(u.Purpose); ok {
		what = p.Label
	}
	if t, ok := rules.Topic(u.Topic); ok {
		what += ", " + t.Label
	}
	return page.Link{Brand: rules.Brand().Name, What: what}, true
}

// Stop withdraws what the link stands for. Whoever holds the link may lower what
// is allowed and nothing else.
func (l links) Stop(ctx context.Context, token string) error {
	u, err := l.Links().ReadUnsubscribe(token)
	if err != nil {
		return err
	}
	now := l.Clock.Now()
	_, err = gate.Declare(ctx, l.Keep.Gate, gate.ByRef(u.Ref), gate.Statement{By: "person", Grants: []fact.Grant{{
		Purpose: u.Purpose, Channel: u.Channel, Topic: u.Topic, Status: fact.Withdrawn, Method: "unsubscribe", Source: "link", Said: now,
	}}})
	return err
}
