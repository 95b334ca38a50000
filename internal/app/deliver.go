package app

import (
	"bytes"
	"context"
	"io"
	"iter"
	"log/slog"
	"maps"
	"strings"
	"sync"

	"github.com/heed-platform/heed/internal/config"
	"github.com/heed-platform/heed/internal/decide/campaign"
	"github.com/heed-platform/heed/internal/keep/catalog"
	"github.com/heed-platform/heed/internal/keep/gate"
	"github.com/heed-platform/heed/internal/reach/delivery"
	"github.com/heed-platform/heed/internal/reach/email"
	"github.com/heed-platform/heed/internal/reach/sms"
	"github.com/heed-platform/heed/internal/reach/webhook"
)

// reach is how messages leave this process.
type reach struct {
	channels map[string]delivery.Channel // as configured; set by Open
	hands    map[string]delivery.Hand
	hook     *webhook.Client

	mu     sync.Mutex
	outbox *delivery.Outbox
	worker *delivery.Worker
}

// prepareReach makes the channels that are configured; nothing is connected yet.
func (a *App) prepareReach() error {
	a.reach.channels = map[string]delivery.Channel{}
	if !a.Config.SMTP.IsZero() {
		ch, err := mailer(a.Config)
		if err != nil {
			return err
		}
		a.reach.channels["email"] = ch
	}
	if c := a.Config.SMS; c.URL != "" {
		ch, err := sms.New(sms.Options{
			URL: c.URL, Account: c.Account, Token: c.Token.Text(), From: c.From, Region: a.region, Report: a.reportURL,
		})
		if err != nil {
			return err
		}
		a.reach.channels["sms"] = ch
	}
	a.reach.hook = webhook.NewClient(webhook.Options{Guard: webhook.Guard{Allow: a.Config.Hooks}, Clock: a.Clock})
	a.reach.hands = map[string]delivery.Hand{"webhook": webhook.NewHand(a.reach.hook, a.endpoint, switches{a.Keep})}
	return nil
}

// mailer is the email channel that is configured.
func mailer(c config.Config) (*email.Channel, error) {
	o := email.Options{URL: c.SMTP.Text(), From: c.From}
	if !c.DKIM.Key.IsZero() {
		o.Keys = []email.Key{{Domain: c.DKIM.Domain, Selector: c.DKIM.Selector, PEM: c.DKIM.Key.Text()}}
	}
	return email.New(o)
}

// region is where the brand is at home.
func (a *App) region() string {
	country, _, _ := strings.Cut(a.World().Rules.Brand().Jurisdiction, "-")
	return country
}

// endpoint is where a recipient takes payloads.
func (a *App) endpoint(recipient string) (webhook.Endpoint, bool) {
	r, ok := a.World().Rules.Recipient(recipient)
	if !ok || r.Webhook == "" {
		return webhook.Endpoint{}, false
	}
	secret, err := a.WebhookSecret(recipient)
	return webhook.Endpoint{URL: r.Webhook, Secrets: []webhook.Secret{secret}}, err == nil
}

// WebhookSecret is what a recipient checks payloads with. It follows from the
// key of this database, so every node signs alike and none has to keep it.
func (a *App) WebhookSecret(recipient string) (webhook.Secret, error) {
	key := a.Keep.Vault().Key("webhook " + recipient)
	return webhook.NewSecret(bytes.NewReader(key[:]))
}

// UseOutbox keeps messages in this process instead of sending them, for trying
// heed out; a channel that is configured still sends. Call it before Work.
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
			Gate: a.Keep.Gate, Queue: a.Keep.Queue, Channels: a.channels(), Hands: a.reach.hands,
			Links: a.Links(), Clock: a.Clock, Log: a.Log,
			Campaigns: func() *campaign.Engine { return a.World().Campaigns },
		})
	}
	return a.reach.worker
}

// channels are those that this process can send through, by the name that
// campaigns use; with an outbox, it stands in for those that are not configured.
func (a *App) channels() map[string]delivery.Channel {
	out := maps.Clone(a.reach.channels)
	if a.reach.outbox == nil {
		return out
	}
	for _, name := range []string{"email", "sms"} {
		if out[name] == nil {
			out[name] = a.reach.outbox
		}
	}
	return out
}

// deliver lets decided messages leave until ctx ends.
func (a *App) deliver(ctx context.Context) {
	a.courier().Run(ctx)
	for name, ch := range a.reach.channels {
		if c, ok := ch.(io.Closer); ok {
			if err := c.Close(); err != nil {
				a.Log.WarnContext(ctx, "a channel was not closed in order", slog.String("channel", name), slog.Any("cause", err))
			}
		}
	}
}

// deliverDue lets everything leave that is due now.
func (a *App) deliverDue(ctx context.Context) error { return a.courier().Due(ctx) }

// considered are those whom a campaign may consider, asked for an actor, and whom
// a promise keeps out.
func (a *App) considered(ctx context.Context, c *campaign.Live, by catalog.Actor) (iter.Seq[gate.Member], map[string]gate.Stopped, error) {
	asking := c.Asking()
	asking.By, asking.Role = by.Name, string(by.Role)
	if campaign.Shares(c.Channel) {
		people, err := gate.AskMany[gate.Share](ctx, a.Keep.Gate, asking, c.Members())
		return people.Members(), people.Withheld(), err
	}
	people, err := gate.AskMany[gate.Contact](ctx, a.Keep.Gate, asking, c.Members())
	return people.Members(), people.Withheld(), err
}
