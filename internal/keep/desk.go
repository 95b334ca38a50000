package keep

import (
	"context"
	"errors"
	"fmt"

	"github.com/heed-platform/heed/internal/clock"
	"github.com/heed-platform/heed/internal/fact"
	"github.com/heed-platform/heed/internal/keep/internal/store"
	"github.com/heed-platform/heed/internal/keep/internal/vault"
	"github.com/heed-platform/heed/internal/problem"
)

// ErrNoTicket answers a secret that opens nothing: never handed out, taken
// before, or over. Nobody learns which.
var ErrNoTicket = problem.New(problem.NotFound, "ticket-unknown", "This opens nothing, or nothing any more.")

// Issue hands a ticket out: it replaces one of the same kind with the same
// secret. The ticket's Hash is made here, and its Body sealed; it names people
// only by their fragment.
func (k *Keep) Issue(ctx context.Context, secret string, t Ticket) error {
	t.Hash = k.SecretHash("ticket "+t.Kind, secret)
	t.Body = k.vault.SealNote("ticket "+t.Kind, t.Body)
	return k.data.Write(ctx, func(w store.Writer) error { return w.PutTickets(ctx, []store.Ticket{t}) })
}

// Show reads a ticket that is not over at now.
func (k *Keep) Show(ctx context.Context, kind, secret string, now clock.Instant) (Ticket, error) {
	t, err := read(ctx, k, "ticket", func(r store.Reader) (Ticket, error) {
		return r.Ticket(ctx, kind, k.SecretHash("ticket "+kind, secret))
	})
	return k.valid(t, now, err)
}

// Try raises the ticket's Tries, durably, before it returns what may be checked.
func (k *Keep) Try(ctx context.Context, kind, secret string, now clock.Instant) (t Ticket, err error) {
	werr := k.data.Write(ctx, func(w store.Writer) error {
		t, err = w.TryTicket(ctx, kind, k.SecretHash("ticket "+kind, secret))
		if errors.Is(err, store.ErrNotFound) {
			return nil
		}
		return err
	})
	return k.valid(t, now, errors.Join(err, werr))
}

// Take removes the ticket and returns it: one of all who take it at once gets it.
func (k *Keep) Take(ctx context.Context, kind, secret string, now clock.Instant) (t Ticket, err error) {
	hash := k.SecretHash("ticket "+kind, secret)
	err = k.data.Write(ctx, func(w store.Writer) error {
		var err error
		if t, err = w.Ticket(ctx, kind, hash); err != nil {
			return err
		}
		there, err := w.DropTicket(ctx, kind, hash)
		if err == nil && !there {
			err = store.ErrNotFound
		}
		return err
	})
	return k.valid(t, now, err)
}

func (k *Keep) valid(t Ticket, now clock.Instant, err error) (Ticket, error) {
	if errors.Is(err, store.ErrNotFound) || err == nil && t.Until < now {
		return Ticket{}, ErrNoTicket.Because(err)
	}
	if err != nil {
		return Ticket{}, fmt.Errorf("ticket: %w", err)
	}
	if t.Body, err = k.vault.OpenNote("ticket "+t.Kind, t.Body); err != nil {
		return Ticket{}, fmt.Errorf("open ticket: %w", err)
	}
	return t, nil
}

// Revoke ends the tickets of the fragments, of one kind or ("") of all.
func (k *Keep) Revoke(ctx context.Context, kind string, ids []fact.FragmentID) error {
	return k.data.Write(ctx, func(w store.Writer) error { return w.DropTicketsOf(ctx, kind, ids) })
}

// ExpireTickets removes those that were over before t.
func (k *Keep) ExpireTickets(ctx context.Context, t clock.Instant) (n int64, err error) {
	err = k.data.Write(ctx, func(w store.Writer) error {
		n, err = w.DropTicketsBefore(ctx, t)
		return err
	})
	return n, err
}

// Request is one right that was asked for; ErrNoTicket's like when there is none.
func (k *Keep) Request(ctx context.Context, id string) (Request, error) {
	q, err := read(ctx, k, "request", func(r store.Reader) (Request, error) { return r.Request(ctx, id) })
	if errors.Is(err, store.ErrNotFound) {
		return Request{}, errNoRequest.Because(err)
	}
	return q, err
}

var errNoRequest = problem.New(problem.NotFound, "request-unknown", "There is no such request here.")

// Requests lists those in a status ("" is any), oldest due first.
func (k *Keep) Requests(ctx context.Context, status string, limit int) ([]Request, error) {
	return read(ctx, k, "requests", func(r store.Reader) ([]Request, error) { return r.Requests(ctx, status, limit) })
}

// RequestsOf lists those of the fragments, newest first.
func (k *Keep) RequestsOf(ctx context.Context, ids []fact.FragmentID) ([]Request, error) {
	return read(ctx, k, "requests", func(r store.Reader) ([]Request, error) { return r.RequestsOf(ctx, ids) })
}

// ExpireRequests removes those that were closed before t, but for one kind.
func (k *Keep) ExpireRequests(ctx context.Context, t clock.Instant, but string) (n int64, err error) {
	err = k.data.Write(ctx, func(w store.Writer) error {
		n, err = w.DropRequestsBefore(ctx, t, but)
		return err
	})
	return n, err
}

// ChangeRequest writes what f makes of a request, in one transaction with the
// audit entry that says so. A request that is not there yet is zero but for its ID.
func (k *Keep) ChangeRequest(ctx context.Context, by, what, id string, f func(Request) (Request, error)) error {
	return k.vault.Write(ctx, k.Writer, nil, func(tx *vault.Tx) error {
		q, err := tx.Store.Request(ctx, id)
		if errors.Is(err, store.ErrNotFound) {
			q, err = Request{ID: id}, nil
		}
		if err != nil {
			return err
		}
		if q, err = f(q); err != nil {
			return err
		}
		q.ID = id
		tx.Audit(vault.AuditEntry{What: what, By: by, Ref: id})
		return tx.Store.PutRequests(ctx, []store.Request{q})
	})
}
