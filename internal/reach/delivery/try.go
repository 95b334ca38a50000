package delivery

import (
	"context"
	"errors"
	"time"

	"github.com/heed-platform/heed/internal/clock"
	"github.com/heed-platform/heed/internal/decide/campaign"
	"github.com/heed-platform/heed/internal/fact"
	"github.com/heed-platform/heed/internal/keep"
	"github.com/heed-platform/heed/internal/keep/gate"
	"github.com/heed-platform/heed/internal/keep/queue"
	"github.com/heed-platform/heed/internal/person"
	"github.com/heed-platform/heed/internal/policy"
	"github.com/heed-platform/heed/internal/problem"
)

const (
	pausedLook = 10 * time.Minute    // how often a job of a paused campaign is looked at
	breakLook  = 6 * time.Hour       // and one of a person who wants a break
	oldest     = 90 * 24 * time.Hour // no moment lasts longer
	linkLife   = 60 * 24 * time.Hour // how long a message's way into the preferences opens
)

// try is one try of one job, from the question to what became of it.
func (w *Worker) try(ctx context.Context, job queue.Claimed) fate {
	q, err := campaign.ParseDelivery(job.Body)
	if err != nil {
		return fate{how: buried, code: "unreadable", why: err}
	}
	live, ok := w.Campaigns().Find(q.Campaign, q.Version)
	if !ok {
		return fate{how: buried, code: "campaign_unknown"}
	}
	if f, stop := w.standing(live, q); stop {
		return f
	}
	if job.Lease.Fence > 1 {
		if f, stop := w.before(ctx, job, live, q); stop {
			return f
		}
	}
	m, err := w.message(live)
	if err != nil {
		return fate{how: buried, code: problem.Of(err).Code, why: err}
	}
	t := try{worker: w, job: job, question: q, live: live, message: m}
	if ch, ok := w.Channels[live.Channel]; ok {
		return t.contact(ctx, ch)
	}
	if h, ok := w.Hands[live.Channel]; ok {
		return t.share(ctx, h)
	}
	return fate{how: again, code: "channel_missing"}
}

// standing says whether the campaign may still speak.
func (w *Worker) standing(live *campaign.Live, q campaign.Delivery) (fate, bool) {
	switch {
	case live.Hash != q.Hash:
		return fate{how: buried, code: "campaign_changed"}, true
	case live.Status == "live":
		return fate{}, false
	case live.Status == "paused":
		return w.defers(q, "campaign_paused", pausedLook), true
	case live.Status == "superseded" && live.Service():
		return fate{}, false // whoever waits for news of their order gets them as they were approved
	}
	return fate{how: ended, code: "campaign_" + live.Status}, true
}

// defers waits for something that has no known end, for as long as any moment
// can last.
func (w *Worker) defers(q campaign.Delivery, code string, look time.Duration) fate {
	now := w.Clock.Now()
	if now > q.At.Add(oldest) {
		return fate{how: ended, code: code}
	}
	return fate{how: waits, code: code, due: now.Add(look)}
}

// before looks at what an earlier holder of the job may have done before it
// died. What may have left is marketing's end; a service message, which somebody
// waits for, goes again under the same key.
func (w *Worker) before(ctx context.Context, job queue.Claimed, live *campaign.Live, q campaign.Delivery) (fate, bool) {
	trace, err := w.Gate.Pending(ctx, job.Subject, q.Decision)
	if errors.Is(err, gate.ErrNobody) {
		return fate{how: ended, code: "erased"}, true
	}
	if err != nil {
		return fate{how: again, code: "failed", why: err}, true
	}
	switch trace.Status {
	case "failed":
		return fate{}, false
	case "":
		if trace.Disclosure == "" {
			return fate{}, false
		}
		o := fact.Outcome{Disclosure: trace.Disclosure, Status: "unknown", Code: "sender_died"}
		if err := w.Gate.Settle(ctx, job.Subject, o); err != nil {
			return fate{how: again, code: "failed", why: err}, true
		}
		return fate{how: ended, code: "unknown"}, !w.repeats(live)
	case "unknown":
		return fate{how: ended, code: "unknown"}, !w.repeats(live)
	}
	return fate{how: ended, code: trace.Status}, true
}

// repeats reports whether a message that may have arrived may go again: one that
// somebody waits for, and one whose recipient is a program that knows it by its
// key. Nobody is written to twice for marketing.
func (w *Worker) repeats(live *campaign.Live) bool {
	_, hand := w.Hands[live.Channel]
	return live.Service() || hand
}

// message is what the campaign says, parsed once.
func (w *Worker) message(live *campaign.Live) (*Message, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if m, ok := w.messages[live.Hash]; ok {
		return m, nil
	}
	m, err := Parse(live.Message)
	if err != nil {
		return nil, err
	}
	if len(w.messages) >= 500 { // of old versions, mostly
		clear(w.messages)
	}
	w.messages[live.Hash] = m
	return m, nil
}

// try is one try of one job whose campaign stands.
type try struct {
	worker   *Worker
	job      queue.Claimed
	question campaign.Delivery
	live     *campaign.Live
	message  *Message
	later    clock.Instant // what the last check said about another time
}

func (t *try) asking() gate.Asking {
	a := t.live.Asking()
	a.Subject = t.job.Subject
	return a
}

func (t *try) contact(ctx context.Context, ch Channel) fate {
	pass, err := gate.Ask[gate.Contact](ctx, t.worker.Gate, t.asking())
	if err != nil {
		return t.stopped(err)
	}
	v, err := gate.See(pass)
	if err != nil {
		return t.stopped(err)
	}
	draft, label, err := t.draft(v.Ref(), gate.PointOf(v, campaign.Address(t.live.Channel)), v.Sight(), ch.Protection())
	if err != nil {
		return fate{how: buried, code: problem.Of(err).Code, why: err}
	}
	cleared, err := gate.Clear(ctx, v, draft)
	if err != nil {
		return t.stopped(err)
	}
	l, err := cleared.Open()
	if err != nil {
		return t.stopped(err)
	}
	return t.settle(ctx, l.ID, ch.Send(ctx, label, cleared))
}

func (t *try) share(ctx context.Context, h Hand) fate {
	pass, err := gate.Ask[gate.Share](ctx, t.worker.Gate, t.asking())
	if err != nil {
		return t.stopped(err)
	}
	v, err := gate.See(pass)
	if err != nil {
		return t.stopped(err)
	}
	draft, label, err := t.draft(v.Ref(), person.Hash{}, v.Sight(), h.Protection())
	if err != nil {
		return fate{how: buried, code: problem.Of(err).Code, why: err}
	}
	handed, err := gate.HandOver(ctx, v, draft)
	if err != nil {
		return t.stopped(err)
	}
	l, err := handed.Open()
	if err != nil {
		return t.stopped(err)
	}
	return t.settle(ctx, l.ID, h.Hand(ctx, label, handed))
}

// draft writes the message from what the view shows, to the contact point.
func (t *try) draft(ref person.Ref, point person.Hash, s fact.Sight, protection string) (gate.Draft, Label, error) {
	w, rules := t.worker, t.worker.Gate.Rules()
	label := Label{
		Key: t.question.Decision, Campaign: t.live.Key, Version: t.live.Version, Service: t.live.Service(),
		List: t.live.Key, Recipient: t.live.Recipient, Receipt: w.Links.Receipt(Receipt{Ref: ref, Decision: t.question.Decision}),
	}
	now := w.Clock.Now()
	to := ways{
		why:         w.Links.Why(Why{Ref: ref, Decision: t.question.Decision}),
		unsubscribe: w.Links.Unsubscribe(Unsubscribe{Ref: ref, Point: point, Purpose: t.live.Purpose, Channel: t.live.Channel, Topic: t.live.Topic}),
		preferences: w.Links.Enter(Enter{Ref: ref, Point: point, Decision: t.question.Decision, Page: "/me/preferences", Until: now.Add(linkLife)}),
	}
	if !label.Service {
		label.Unsubscribe = to.unsubscribe
	}
	if t.live.Topic != "" {
		label.List = t.live.Topic
	}
	out, err := t.message.write(newValues(s, rules.Brand(), t.live, to), now)
	if err != nil {
		return gate.Draft{}, label, err
	}
	recipient, _ := rules.Recipient(t.live.Recipient)
	return gate.Draft{
		To: campaign.Address(t.live.Channel), Fields: t.message.fields,
		Subject: out.subject, Text: out.text, HTML: out.html, Payload: out.payload,
		Recipient: t.live.Recipient, Country: recipient.Country, Protection: protection,
		Class: t.live.Class(), Decision: t.question.Decision, Lease: t.job.Lease,
		Check: func(s fact.Sight, now clock.Instant) (code string) {
			code, t.later = t.live.Recheck(t.question, s, now)
			return code
		},
	}, label, nil
}

// stopped reads why the gate let nothing leave.
func (t *try) stopped(err error) fate {
	denied, ok := errors.AsType[*gate.Denied](err)
	switch {
	case ok && t.later != 0:
		return fate{how: waits, code: denied.Ruling.Code, due: t.later}
	case ok && denied.Ruling.Code == policy.CodeBreak:
		return t.worker.defers(t.question, denied.Ruling.Code, breakLook)
	case ok:
		return fate{how: ended, code: denied.Ruling.Code}
	case errors.Is(err, gate.ErrNobody), errors.Is(err, keep.ErrErased):
		return fate{how: ended, code: "erased"}
	case errors.Is(err, keep.ErrFenced):
		return fate{how: left, code: "lease_over", why: err}
	}
	return fate{how: again, code: "failed", why: err}
}

// settle writes down what became of the message, then says what becomes of the
// job. If it cannot be written, the job is left: whoever takes it next finds a
// disclosure without an outcome.
func (t *try) settle(ctx context.Context, disclosure string, err error) fate {
	o, f := fact.Outcome{Disclosure: disclosure, Status: "sent"}, fate{how: ended, code: "sent"}
	if err != nil {
		o, f = t.failed(disclosure, failureOf(err))
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), slack)
	defer cancel()
	if err := t.worker.Gate.Settle(ctx, t.job.Subject, o); err != nil {
		return fate{how: left, code: f.code, why: err}
	}
	return f
}

func (t *try) failed(disclosure string, failure *Failure) (fact.Outcome, fate) {
	o := fact.Outcome{Disclosure: disclosure, Code: failure.Code}
	f := fate{code: failure.Code, why: failure, wait: failure.After}
	switch failure.Class {
	case Refused:
		o.Status, f.how = "refused", ended
	case Later:
		o.Status, f.how = "failed", again
	case Unknown:
		o.Status, f.how = "unknown", ended
		if t.worker.repeats(t.live) {
			f.how = again
		}
	}
	return o, f
}
