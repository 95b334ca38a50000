package tell

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/heed-platform/heed/internal/account/request"
	"github.com/heed-platform/heed/internal/clock"
	"github.com/heed-platform/heed/internal/fact"
	"github.com/heed-platform/heed/internal/keep/gate"
	"github.com/heed-platform/heed/internal/keep/queue"
	"github.com/heed-platform/heed/internal/policy"
	"github.com/heed-platform/heed/internal/policy/define"
	"github.com/heed-platform/heed/internal/problem"
	"github.com/heed-platform/heed/internal/reach/delivery"
	"github.com/heed-platform/heed/internal/reach/webhook"
)

const (
	page      = 20              // errands that are claimed at once
	hold      = 2 * time.Minute // for how long
	firstWait = time.Minute     // after a try that failed; it doubles
	longWait  = 6 * time.Hour
	tryFor    = 30 * 24 * time.Hour // then somebody must look
	tryPerson = 3 * 24 * time.Hour  // a message that comes later only frightens
	nudge     = 7 * 24 * time.Hour  // before the law's day, who has not answered is reminded
	nudges    = 200                 // requests that one look takes
)

// Carrier carries errands.
type Carrier struct {
	Gate    *gate.Gate
	Queue   *queue.Queue
	Desk    *request.Desk
	Rules   func() *policy.Rules
	Channel func(name string) (delivery.Channel, bool)
	Hook    *webhook.Client
	Secret  func(recipient string) (webhook.Secret, error)
	Clock   clock.Clock
	Log     *slog.Logger
}

// Due carries every errand whose time has come. What was carried, or cannot be
// any more, is destroyed with its key; what failed is tried again.
func (c *Carrier) Due(ctx context.Context) error {
	for {
		jobs, err := c.Queue.Claim(ctx, gate.KindErrand, hold, page)
		if err != nil {
			return err
		}
		var over []gate.Subject
		for _, job := range jobs {
			done, err := c.carry(ctx, job)
			if err != nil {
				return err
			}
			if done {
				over = append(over, job.Subject)
			}
		}
		if err := c.Gate.Discharge(ctx, gate.KindErrand, over...); err != nil {
			return fmt.Errorf("discharge errands: %w", err)
		}
		if len(jobs) < page {
			return nil
		}
	}
}

// carry brings one errand and says whether it is over.
func (c *Carrier) carry(ctx context.Context, job queue.Claimed) (over bool, err error) {
	parcel, err := c.Gate.Carry(ctx, job.Lease)
	if err != nil {
		return false, fmt.Errorf("open errand: %w", err)
	}
	part, err := c.part(ctx, parcel.ID)
	if err != nil {
		return false, err
	}
	if part != nil && part.Status != request.Untold {
		return true, nil // told before it could be said
	}
	sent := c.send(ctx, parcel)
	if sent == nil {
		return true, c.told(ctx, parcel, part, "sent", "")
	}
	failure := delivery.Fail(delivery.Unknown, "unknown", sent)
	if f, ok := errors.AsType[*delivery.Failure](sent); ok {
		failure = f
	}
	limit := tryFor
	if part == nil {
		limit = tryPerson
	}
	c.Log.WarnContext(ctx, "an errand was not carried", slog.String("code", failure.Code), slog.String("request", parcel.Request), slog.Any("cause", failure))
	if failure.Class == delivery.Refused && part == nil || c.Clock.Now().Sub(parcel.Made) > limit {
		return true, c.told(ctx, parcel, part, "failed", failure.Code)
	}
	// A recipient does it once, whoever often it hears of it; and where it refuses,
	// its address may be mended meanwhile.
	wait := max(failure.After, min(firstWait<<min(job.Attempt, 16), longWait))
	return false, c.Queue.Again(ctx, job, failure.Code, c.Clock.Now().Add(wait))
}

func (c *Carrier) part(ctx context.Context, id string) (*request.Request, error) {
	q, err := c.Desk.Show(ctx, id)
	switch {
	case err == nil:
		return &q, nil
	case problem.Of(err).Kind == problem.NotFound:
		return nil, nil //nolint:nilnil // a message to the person is nobody's part
	}
	return nil, err
}

var errNoWay = errors.New("no way to reach the recipient is configured")

func (c *Carrier) send(ctx context.Context, p gate.Parcel) error {
	if p.Channel == Webhook {
		to, _ := c.Rules().Recipient(p.Recipient)
		secret, err := c.Secret(p.Recipient)
		if err != nil {
			return err
		}
		return c.Hook.Bring(ctx, to.DSR.URL, p.Payload, secret)
	}
	ch, ok := c.Channel(p.Channel)
	if !ok {
		return delivery.Fail(delivery.Later, "channel_missing", errNoWay)
	}
	return ch.Send(ctx, delivery.Label{Key: p.ID, Campaign: "rights", Recipient: p.Recipient, Service: true}, p.Message)
}

// told writes down what became of an errand, for whoever still is there.
func (c *Carrier) told(ctx context.Context, p gate.Parcel, part *request.Request, status, code string) error {
	err := c.Gate.Settle(ctx, gate.ByRef(p.About), fact.Outcome{Disclosure: p.ID, Status: status, Code: code})
	if err != nil && !errors.Is(err, gate.ErrNobody) {
		return err
	}
	switch {
	case part == nil:
		return nil
	case status == "sent":
		return c.Desk.Sent(ctx, part.ID)
	}
	return c.Desk.Lost(ctx, part.ID, code)
}

// Remind asks those recipients again who have not answered a week before the law
// wants it done. A reminder names the request and nobody.
func (c *Carrier) Remind(ctx context.Context) error {
	parts, err := c.Desk.List(ctx, request.Told, nudges)
	if err != nil {
		return err
	}
	for _, part := range parts {
		if part.Reminded > 0 || c.Clock.Now() < part.Due.Add(-nudge) {
			continue
		}
		if err := c.remind(ctx, part); err != nil {
			c.Log.WarnContext(ctx, "a recipient could not be reminded", slog.String("request", part.ID), slog.Any("cause", err))
			continue
		}
		if err := c.Desk.Nudged(ctx, part.ID); err != nil {
			return err
		}
	}
	return nil
}

func (c *Carrier) remind(ctx context.Context, part request.Request) error {
	to, ok := c.Rules().Recipient(part.Recipient)
	if ok && to.DSR.URL != "" {
		return c.remindHook(ctx, part, to)
	}
	message, err := c.Gate.Reminder(part.Recipient, part.ID)
	if err != nil {
		return err
	}
	ch, ok := c.Channel("email")
	if !ok {
		return errNoWay
	}
	return ch.Send(ctx, delivery.Label{Key: "reminder-" + part.ID, Campaign: "rights", Recipient: part.Recipient, Service: true}, message)
}

func (c *Carrier) remindHook(ctx context.Context, part request.Request, to define.Recipient) error {
	secret, err := c.Secret(part.Recipient)
	if err != nil {
		return err
	}
	data, err := json.Marshal(map[string]string{"request": part.ID, "answer_by": part.Due.Format()})
	if err != nil {
		return fmt.Errorf("write a reminder: %w", err)
	}
	body, err := webhook.Payload("privacy.reminder", c.Clock.Now(), data)
	if err != nil {
		return err
	}
	return c.Hook.Remind(ctx, to.DSR.URL, "reminder-"+part.ID, body, secret)
}

// Expire destroys what was kept apart for as long as a law asked.
func (c *Carrier) Expire(ctx context.Context) error {
	for {
		jobs, err := c.Queue.Claim(ctx, gate.KindKept, hold, page)
		if err != nil || len(jobs) == 0 {
			return err
		}
		over := make([]gate.Subject, len(jobs))
		for i, job := range jobs {
			over[i] = job.Subject
		}
		if err := c.Gate.Discharge(ctx, gate.KindKept, over...); err != nil {
			return fmt.Errorf("destroy what was kept apart: %w", err)
		}
	}
}
