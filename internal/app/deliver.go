package app

import (
	"context"
	"sync"

	"github.com/heed-platform/heed/internal/decide/campaign"
	"github.com/heed-platform/heed/internal/keep/catalog"
	"github.com/heed-platform/heed/internal/keep/gate"
	"github.com/heed-platform/heed/internal/reach/delivery"
)

// reach is how messages leave this process.
type reach struct {
	mu     sync.Mutex
	outbox *delivery.Outbox
	worker *delivery.Worker
}

// UseOutbox keeps messages in this process instead of sending them, for trying
// heed out; channels that are configured still send. Call it before Work.
func (a *App) UseOutbox() {
	a.reach.mu.Lock()
	defer a.reach.mu.Unlock()
	a.reach.outbox, a.reach.worker = delivery.NewOutbox(), nil
}

// Outbox holds what was kept instead of sent; nil without UseOutbox.
func (a *App) Outbox() *delivery.Outbox {
	a.reach.mu.Lock()
	defer a.reach.mu.Unlock()
	return a.reach.outbox
}

// Links are the links in messages.
func (a *App) Links() *delivery.Links {
	return delivery.NewLinks(a.Keep.Vault().Key("links"), a.PublicURL)
}

// courier is the worker of this process.
func (a *App) courier() *delivery.Worker {
	a.reach.mu.Lock()
	defer a.reach.mu.Unlock()
	if a.reach.worker == nil {
		a.reach.worker = delivery.NewWorker(delivery.Options{
			Gate: a.Keep.Gate, Queue: a.Keep.Queue, Channels: a.channels(), Links: a.Links(), Clock: a.Clock, Log: a.Log,
			Campaigns: func() *campaign.Engine { return a.World().Campaigns },
		})
	}
	return a.reach.worker
}

// channels are those that this process can send through, by the name that
// campaigns use.
func (a *App) channels() map[string]delivery.Channel {
	out := map[string]delivery.Channel{}
	if a.reach.outbox != nil {
		out["email"], out["sms"] = a.reach.outbox, a.reach.outbox
	}
	return out
}

// deliver lets decided messages leave until ctx ends.
func (a *App) deliver(ctx context.Context) { a.courier().Run(ctx) }

// deliverDue lets everything leave that is due now.
func (a *App) deliverDue(ctx context.Context) error { return a.courier().Due(ctx) }

// askContact asks the gate whom a campaign may consider, for an actor.
func (a *App) askContact(ctx context.Context, c *campaign.Live, by catalog.Actor) (gate.Audience[gate.Contact], error) {
	asking := c.Asking()
	asking.By, asking.Role = by.Name, string(by.Role)
	return gate.AskMany[gate.Contact](ctx, a.Keep.Gate, asking, c.Members())
}
