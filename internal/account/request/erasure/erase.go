package erasure

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/heed-platform/heed/internal/account/request"
	"github.com/heed-platform/heed/internal/account/request/tell"
	"github.com/heed-platform/heed/internal/account/rights"
	"github.com/heed-platform/heed/internal/clock"
	"github.com/heed-platform/heed/internal/keep"
	"github.com/heed-platform/heed/internal/keep/gate"
	"github.com/heed-platform/heed/internal/policy"
	"github.com/heed-platform/heed/internal/policy/define"
	"github.com/heed-platform/heed/internal/problem"
)

// Eraser erases people.
type Eraser struct {
	Keep        *keep.Keep
	Desk        *request.Desk
	Teller      *tell.Teller
	Rules       func() *policy.Rules
	Definitions func() define.Definitions
	Clock       clock.Clock
}

// Proof is what a person gets who was erased. It names nobody; Receipt opens the
// page that shows how far the recipients are, and nothing else.
type Proof struct {
	rights.Proof

	Request    string         `json:"request"`
	Receipt    string         `json:"receipt"`
	Leaving    int            `json:"may_have_left,omitempty"` // messages that were leaving when it began
	Recipients []Recipient    `json:"recipients"`
	Kept       []request.Kept `json:"kept"`
}

// Recipient is somebody who is told to erase as well.
type Recipient struct {
	Recipient string         `json:"recipient"`
	Label     string         `json:"label"`
	Request   string         `json:"request"`
	Way       string         `json:"way"`
	Status    request.Status `json:"status"`
}

// remembered is how long the receipt opens: as long as requests are kept.
const remembered = 2 * 365 * 24 * time.Hour

// kindReceipt is the kind of the ticket behind a receipt.
const kindReceipt = "erased"

// Erase erases the person whom asking is about, in their own name.
func (e *Eraser) Erase(ctx context.Context, a gate.Asking, level request.Level) (Proof, error) {
	by := a.Role
	if a.Role != gate.Themselves {
		by = a.Role + ":" + a.By
	}
	pass, err := gate.Ask[gate.Honor](ctx, e.Keep.Gate, a)
	if err != nil {
		return Proof{}, err
	}
	d, err := gate.Release(ctx, pass)
	if err != nil {
		return Proof{}, err
	}
	group, _, _ := d.Group()
	q, err := e.Desk.Open(ctx, request.Asked{
		Right: request.Erasure, Fragment: d.Found(), Members: group.Members, Place: d.Jurisdiction(), Level: level, By: by,
	})
	if err != nil {
		return Proof{}, err
	}
	if q.Status == request.Waiting && level >= request.Erasure.Needs() {
		if q, err = e.Desk.Prove(ctx, q.ID, by, level); err != nil {
			return Proof{}, err
		}
	}
	// From here on it happens, whether or not somebody still waits for it.
	ctx = context.WithoutCancel(ctx)
	if q, err = e.Desk.Begin(ctx, q.ID, by, 0); err != nil {
		return Proof{}, err
	}
	return e.finish(ctx, a, q, by)
}

// finish does everything that is left to do; each step may have been done before.
func (e *Eraser) finish(ctx context.Context, a gate.Asking, q request.Request, by string) (Proof, error) {
	pass, err := gate.Ask[gate.Honor](ctx, e.Keep.Gate, a)
	if err != nil {
		return Proof{}, err
	}
	leaving, err := gate.Hush(ctx, pass)
	if err != nil {
		return Proof{}, err
	}
	if leaving > 0 {
		if q, err = e.Desk.Begin(ctx, q.ID, by, leaving); err != nil {
			return Proof{}, err
		}
	}
	if q, err = e.announce(ctx, a, q); err != nil {
		return Proof{}, err
	}
	// The ledger is read when nothing can be added to it any more.
	d, pass, err := e.open(ctx, a)
	if err != nil {
		return Proof{}, err
	}
	if err := e.Teller.Recipients(ctx, pass, d, q, by); err != nil {
		return Proof{}, err
	}
	if q, err = e.retain(ctx, pass, d, q, by); err != nil {
		return Proof{}, err
	}
	if pass, err = gate.Ask[gate.Honor](ctx, e.Keep.Gate, a); err != nil {
		return Proof{}, err
	}
	done, err := gate.Erase(ctx, pass)
	if err != nil {
		return Proof{}, err
	}
	if q, err = e.Desk.Certify(ctx, q.ID, by, request.Certificate{ID: done.ID, Backups: done.Backups, Left: done.Left}); err != nil {
		return Proof{}, err
	}
	return e.proof(ctx, q, done)
}

func (e *Eraser) open(ctx context.Context, a gate.Asking) (d gate.Dossier, pass gate.Pass[gate.Honor], err error) {
	if pass, err = gate.Ask[gate.Honor](ctx, e.Keep.Gate, a); err != nil {
		return d, pass, err
	}
	d, err = gate.Release(ctx, pass)
	return d, pass, err
}

// announced is the step that says that the person was told.
const announced = "announced"

// announce tells the person on every proven address, once.
func (e *Eraser) announce(ctx context.Context, a gate.Asking, q request.Request) (request.Request, error) {
	if slices.ContainsFunc(q.Steps, func(s request.Step) bool { return s.What == announced }) {
		return q, nil
	}
	d, pass, err := e.open(ctx, a)
	if err != nil {
		return q, err
	}
	mute, err := e.Teller.Person(ctx, pass, d, e.Definitions(), q, a.Purpose)
	if err != nil {
		return q, err
	}
	for _, channel := range mute {
		if q, err = e.Desk.Mark(ctx, q.ID, "unannounced", channel); err != nil {
			return q, err
		}
	}
	return e.Desk.Mark(ctx, q.ID, announced, "")
}

func (e *Eraser) proof(ctx context.Context, q request.Request, done gate.Certificate) (Proof, error) {
	body, err := json.Marshal(struct {
		Request string `json:"request"`
	}{q.ID})
	if err != nil {
		return Proof{}, fmt.Errorf("write receipt: %w", err)
	}
	secret := rand.Text()
	err = e.Keep.Issue(ctx, secret, keep.Ticket{Kind: kindReceipt, Until: e.Clock.Now().Add(remembered), Body: body})
	if err != nil {
		return Proof{}, err
	}
	told, err := e.Recipients(ctx, q)
	return Proof{rights.EraseProof(done), q.ID, secret, q.Leaving, told, slices.Concat([]request.Kept{}, q.Kept)}, err
}

// Recipients says how far those are who were told because of a request.
func (e *Eraser) Recipients(ctx context.Context, q request.Request) ([]Recipient, error) {
	parts, err := e.Desk.Parts(ctx, q)
	if err != nil {
		return nil, err
	}
	out := make([]Recipient, len(parts))
	for i, p := range parts {
		out[i] = Recipient{p.Recipient, p.Recipient, p.ID, p.Way, p.Status}
		if r, ok := e.Rules().Recipient(p.Recipient); ok {
			out[i].Label = r.Label
		}
	}
	return out, nil
}

// Receipt is the request that a receipt was handed out for; the problem is
// ticket-unknown.
func (e *Eraser) Receipt(ctx context.Context, secret string) (request.Request, error) {
	t, err := e.Keep.Show(ctx, kindReceipt, secret, e.Clock.Now())
	if err != nil {
		return request.Request{}, err
	}
	var in struct {
		Request string `json:"request"`
	}
	if err := json.Unmarshal(t.Body, &in); err != nil {
		return request.Request{}, fmt.Errorf("read receipt: %w", err)
	}
	q, err := e.Desk.Show(ctx, in.Request)
	if err != nil && problem.Of(err).Kind == problem.NotFound {
		return q, keep.ErrNoTicket.Because(err)
	}
	return q, err
}

// inHand is how many interrupted erasures one look takes up.
const inHand = 100

// Resume goes on with erasures that have begun and not ended, but for those that
// somebody may be working on.
func (e *Eraser) Resume(ctx context.Context, purpose string) error {
	begun, err := e.Desk.List(ctx, request.Working, inHand)
	if err != nil {
		return err
	}
	var failed []error
	for _, q := range begun {
		if q.Right == request.Erasure && q.Of == "" && e.Clock.Now().Sub(q.Steps[len(q.Steps)-1].At) > time.Minute {
			failed = append(failed, e.resume(ctx, q, purpose))
		}
	}
	return errors.Join(failed...)
}

func (e *Eraser) resume(ctx context.Context, q request.Request, purpose string) error {
	a := gate.Asking{Subject: gate.ByFragment(q.Fragment), Purpose: purpose, By: "heed", Role: "heed", Why: "an erasure goes on: " + q.ID}
	gone := q.Fragment == 0
	if !gone {
		_, err := e.finish(ctx, a, q, "heed")
		if gone = errors.Is(err, gate.ErrNobody); !gone {
			return err
		}
	}
	// The keys were destroyed, and only the last word is missing.
	_, err := e.Desk.Certify(ctx, q.ID, "heed", request.Certificate{ID: q.ID, Backups: gate.Until(e.Clock.Now())})
	return err
}
