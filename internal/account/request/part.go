package request

import (
	"context"
	"slices"

	"github.com/google/uuid"
)

// Part finds or makes a recipient's part in a request: who must be told, and
// how. It is a request of its own, with a number that OpenDSR takes, and is on
// record before anything is sent.
func (d *Desk) Part(ctx context.Context, q Request, recipient, way, by string) (Request, error) {
	parts, err := d.Parts(ctx, q)
	if err != nil {
		return Request{}, err
	}
	for _, p := range parts {
		if p.Recipient == recipient {
			return p, nil
		}
	}
	part := Request{ID: uuid.NewString(), Right: q.Right, Status: Untold, Received: d.clock.Now(), Due: q.Due, Fragment: q.Fragment}
	part.Of, part.Recipient, part.Way, part.Law, part.Place, part.About = q.ID, recipient, way, q.Law, q.Place, q.About
	part.step(part.Received, by, "received", "")
	// The request names its parts first: one that was named and is not there yet
	// is made when the telling is taken up again.
	_, err = d.change(ctx, by, "request.telling", q.ID, func(q Request) (Request, error) {
		if !slices.Contains(q.Told, part.ID) {
			q.Told = append(q.Told, part.ID)
		}
		return q, nil
	})
	if err != nil {
		return Request{}, err
	}
	return d.change(ctx, by, "request.part", part.ID, func(Request) (Request, error) { return part, nil })
}

// Sent notes that a recipient was told.
func (d *Desk) Sent(ctx context.Context, id string) error {
	return d.note(ctx, id, "told", "", func(q *Request) {
		if q.Status == Untold {
			q.Status = Told
		}
	})
}

// Lost notes that a recipient could not be told, and why; somebody must look.
func (d *Desk) Lost(ctx context.Context, id, code string) error {
	return d.note(ctx, id, "failed", code, func(q *Request) { q.Status = Failed })
}

// Nudged notes that a recipient was reminded.
func (d *Desk) Nudged(ctx context.Context, id string) error {
	return d.note(ctx, id, "reminded", "", func(q *Request) { q.Reminded++ })
}

// note changes a part; an id that is no part's is left alone.
func (d *Desk) note(ctx context.Context, id, what, code string, f func(*Request)) error {
	q, err := d.Show(ctx, id)
	if err != nil || q.Of == "" || q.Over() {
		return err
	}
	_, err = d.change(ctx, "heed", "request."+what, id, func(q Request) (Request, error) {
		if !q.Over() {
			f(&q)
			q.step(d.clock.Now(), "heed", what, code)
		}
		return q, nil
	})
	return err
}

// Answer notes what a recipient said: it is at work, it did it, or it will not.
// Saying the same again changes nothing, and what was answered stays.
func (d *Desk) Answer(ctx context.Context, id, by string, s Status) (Request, error) {
	q, err := d.Show(ctx, id)
	if err != nil {
		return q, err
	}
	if q.Of == "" || s != Done && s != Refused && s != Working {
		return q, errReason
	}
	if q.Over() || s == Working && slices.ContainsFunc(q.Steps, func(s Step) bool { return s.Code == string(Working) }) {
		return q, nil
	}
	return d.change(ctx, by, "request.answered", id, func(q Request) (Request, error) {
		if q.Over() {
			return q, nil
		}
		now := d.clock.Now()
		q.step(now, by, "answered", string(s))
		if s != Working {
			q.Status, q.Closed = s, now
		}
		return q, nil
	})
}

// Begin marks a request as begun, with what is known then; it will be finished.
func (d *Desk) Begin(ctx context.Context, id, by string, leaving int) (Request, error) {
	return d.answer(ctx, by, "request.begun", id, func(q *Request) error {
		if q.Status == Waiting {
			return errProof
		}
		q.Status, q.Leaving = Working, max(q.Leaving, leaving)
		return nil
	})
}

// Keep notes what a law makes the brand keep apart.
func (d *Desk) Keep(ctx context.Context, id, by string, kept []Kept) (Request, error) {
	return d.answer(ctx, by, "request.kept", id, func(q *Request) error {
		q.Kept = kept
		return nil
	})
}

// Certify ends an erasure with its certificate.
func (d *Desk) Certify(ctx context.Context, id, by string, c Certificate) (Request, error) {
	return d.answer(ctx, by, "request.done", id, func(q *Request) error {
		q.Proof, q.Backups, q.Left = c.ID, c.Backups, c.Left
		return d.end(q, Done, by, "done", "erased")
	})
}

// Mark adds a step to a request that is not over.
func (d *Desk) Mark(ctx context.Context, id, what, code string) (Request, error) {
	return d.answer(ctx, "heed", "request."+what, id, func(q *Request) error {
		q.step(d.clock.Now(), "heed", what, code)
		return nil
	})
}
