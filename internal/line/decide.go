package line

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/heed-platform/heed/internal/clock"
	"github.com/heed-platform/heed/internal/decide/campaign"
	"github.com/heed-platform/heed/internal/fact"
	"github.com/heed-platform/heed/internal/keep"
	"github.com/heed-platform/heed/internal/keep/gate"
	"github.com/heed-platform/heed/internal/keep/queue"
	"github.com/heed-platform/heed/internal/policy"
)

// decide looks at every person of the group once, after all events are folded:
// which audiences they entered or left, and what, if anything, to say.
func (w *walk) decide(ctx context.Context, looks []Look) error {
	// A timer that brought somebody here goes first: the next one may be later.
	if err := w.clearTimers(ctx, looks); err != nil {
		return err
	}
	if w.regrouped {
		w.people.meetAll()
	}
	for _, h := range w.people.humans {
		p, err := w.people.profile(w.tx, h)
		if err != nil {
			return err
		}
		entered, err := w.audiences(ctx, h, p)
		if err != nil {
			return err
		}
		for _, m := range h.moments(entered) {
			if err := w.moment(ctx, h, p, m); err != nil {
				return err
			}
		}
		if w.people.watched {
			w.tell(h, p)
		}
	}
	return nil
}

// audiences moves the person in and out and sets the next timer. What was said of
// any of their fragments counts: whoever signs in gets another anchor, and enters
// nothing by that.
func (w *walk) audiences(ctx context.Context, h *human, p *fact.Profile) ([]fact.Membership, error) {
	anchor := w.tx.Chain(h.group.Anchor)
	if w.set.Audiences.Len() == 0 && len(p.Memberships) == 0 {
		return nil, nil
	}
	var entered []fact.Membership
	var due clock.Instant
	moved := false
	for _, purpose := range w.set.Audiences.Purposes() {
		s, err := w.sight(p, purpose)
		if err != nil {
			return nil, err
		}
		moves, next := w.set.Audiences.Moves(purpose, p.Memberships, s, w.tx.Now)
		moved = moved || len(moves) > 0
		for i := range moves {
			moves[i].At = after(p.Memberships, moves[i].At)
			if err := w.record(anchor, fact.KindMembership, fact.AppendMembership(nil, &moves[i])); err != nil {
				return nil, err
			}
			if moves[i].In {
				entered = append(entered, moves[i])
			}
		}
		if next != 0 && (due == 0 || next < due) {
			due = next
		}
	}
	if moved {
		after, err := w.people.profile(w.tx, h)
		if err != nil {
			return nil, err
		}
		p.Memberships = after.Memberships
	}
	if due == 0 {
		return entered, nil
	}
	return entered, w.tx.Store.PutTimers(ctx, []keep.Timer{{Fragment: h.group.Anchor, Due: due}})
}

// after is at, or just after the newest word on any audience: on a person of
// several fragments the newest word counts, and clocks go back.
func after(said []fact.Membership, at clock.Instant) clock.Instant {
	for _, m := range said {
		at = max(at, m.At+1)
	}
	return at
}

// sight is what one purpose may see of the person, choosing what to show them.
// For whom the answer is no, everything is unknown, also what was never given:
// nobody is in an audience because of what may not be looked at.
func (w *walk) sight(p *fact.Profile, purpose string) (fact.Sight, error) {
	v, err := gate.Consider[gate.Personalize](w.line.keep.Gate, p, gate.Asking{Purpose: purpose})
	if denied, no := errors.AsType[*gate.Denied](err); no {
		return gate.Hidden(denied.Ruling.Code), nil
	}
	return v.Sight(), err
}

// moments are the reasons to consider talking to this person that this group
// brought. History brings none.
func (h *human) moments(entered []fact.Membership) []campaign.Moment {
	var out []campaign.Moment
	live := slices.ContainsFunc(h.looks, func(k Look) bool { return !k.Silent })
	for _, s := range h.touched {
		if s.replay {
			continue
		}
		live = true
		e := &s.arrival.Event
		out = append(out, campaign.Moment{Kind: campaign.OnEvent, Name: e.Name, At: e.At, Event: e})
	}
	for _, m := range entered {
		if live {
			out = append(out, campaign.Moment{Kind: campaign.OnEnter, Name: m.Audience, At: m.At})
		}
	}
	for _, k := range h.looks {
		if k.Campaign != "" {
			out = append(out, campaign.Moment{Kind: campaign.OnSend, Name: k.Campaign, At: k.Due})
		}
	}
	return out
}

// moment asks each campaign that the moment concerns.
func (w *walk) moment(ctx context.Context, h *human, p *fact.Profile, m campaign.Moment) error {
	for _, c := range w.set.Campaigns.Triggered(m) {
		s, err := w.consider(p, c)
		ruling := policy.Ruling{Verdict: policy.Allow}
		denied, no := errors.AsType[*gate.Denied](err)
		if err != nil && !no {
			return err
		}
		if no {
			ruling = denied.Ruling
		}
		d, candidate := c.Decide(m, s, ruling, w.tx.Now)
		if !candidate {
			continue
		}
		if err := w.decision(ctx, h, c, m, &d); err != nil {
			return err
		}
	}
	return nil
}

// consider asks what will be asked when the message leaves: one to the person is
// contact, one to a company is sharing.
func (w *walk) consider(p *fact.Profile, c *campaign.Live) (fact.Sight, error) {
	if campaign.Shares(c.Channel) {
		v, err := gate.Consider[gate.Share](w.line.keep.Gate, p, c.Asking())
		return v.Sight(), err
	}
	v, err := gate.Consider[gate.Contact](w.line.keep.Gate, p, c.Asking())
	return v.Sight(), err
}

// decision queues the question, if it was chosen, and keeps what was decided and
// why. A question that stands in the queue already was decided before.
func (w *walk) decision(ctx context.Context, h *human, c *campaign.Live, m campaign.Moment, d *fact.Decision) error {
	anchor := w.tx.Chain(h.group.Anchor)
	if d.Chosen {
		unique, due, body := c.Delivery(d, m)
		job := keep.Job{
			Kind: queue.Delivery, Fragment: h.group.Anchor, Unique: unique, Due: due, State: "waiting",
			Body: w.tx.SealJob(anchor, queue.Delivery, body),
		}
		added, err := w.tx.Store.Enqueue(ctx, []keep.Job{job})
		if err != nil {
			return fmt.Errorf("queue delivery: %w", err)
		}
		if added == 0 {
			return nil
		}
	}
	h.ruled = append(h.ruled, Ruled{c.Key, verdict(d)})
	return w.record(anchor, fact.KindDecision, fact.AppendDecision(nil, d))
}

// verdict is a decision in one word.
func verdict(d *fact.Decision) string {
	if d.Chosen {
		return "chosen"
	}
	for _, r := range d.Reasons {
		if r.Veto {
			return r.Code
		}
	}
	return "not chosen"
}

// clearTimers ends the timers that brought people here.
func (w *walk) clearTimers(ctx context.Context, looks []Look) error {
	for _, k := range looks {
		if k.Campaign != "" || k.Silent {
			continue
		}
		if err := w.tx.Store.ClearTimer(ctx, k.Fragment, k.Due); err != nil {
			return fmt.Errorf("clear timer: %w", err)
		}
	}
	return nil
}
