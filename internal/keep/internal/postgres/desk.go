package postgres

import (
	"context"

	"github.com/jackc/pgx/v5"

	"github.com/heed-platform/heed/internal/clock"
	"github.com/heed-platform/heed/internal/fact"
	"github.com/heed-platform/heed/internal/keep/internal/store"
	"github.com/heed-platform/heed/internal/person"
)

func scanTicket(row pgx.CollectableRow) (t store.Ticket, err error) {
	var hash []byte
	if err := row.Scan(&t.Kind, &hash, &t.Fragment, &t.Until, &t.Tries, &t.Body); err != nil {
		return t, err
	}
	t.Hash, t.Body = person.Hash(hash), short(t.Body)
	return t, nil
}

// Ticket is one, or ErrNotFound.
func (r *reader) Ticket(ctx context.Context, kind string, hash person.Hash) (store.Ticket, error) {
	found, err := rows(ctx, r, "read ticket", "SELECT kind, hash, fragment, until, tries, body FROM heed.ticket WHERE kind = $1 AND hash = $2",
		scanTicket, kind, hash[:])
	return only(found, "read ticket", err)
}

// only is the one row that was asked for.
func only[T any](found []T, what string, err error) (one T, _ error) {
	if err != nil {
		return one, err
	}
	if len(found) == 0 {
		return one, wrap(what, store.ErrNotFound)
	}
	return found[0], nil
}

// PutTickets adds tickets or replaces them.
func (w *writer) PutTickets(ctx context.Context, rows []store.Ticket) error {
	return each(ctx, w, "put tickets", rows, `INSERT INTO heed.ticket (kind, hash, fragment, until, tries, body) VALUES ($1, $2, $3, $4, $5, $6)
		ON CONFLICT (kind, hash) DO UPDATE SET fragment = excluded.fragment, until = excluded.until, tries = excluded.tries, body = excluded.body`,
		func(t store.Ticket) []any {
			return []any{t.Kind, t.Hash[:], t.Fragment, t.Until, t.Tries, full(t.Body)}
		})
}

// TryTicket counts before anybody looks.
func (w *writer) TryTicket(ctx context.Context, kind string, hash person.Hash) (store.Ticket, error) {
	var found []store.Ticket
	err := w.change(ctx, "try ticket", func() (err error) {
		found, err = collect(ctx, w.tx, `UPDATE heed.ticket SET tries = tries + 1 WHERE kind = $1 AND hash = $2
			RETURNING kind, hash, fragment, until, tries, body`, scanTicket, kind, hash[:])
		return err
	})
	return only(found, "try ticket", err)
}

// DropTicket removes one and reports whether it was there.
func (w *writer) DropTicket(ctx context.Context, kind string, hash person.Hash) (there bool, err error) {
	err = w.change(ctx, "drop ticket", func() error {
		done, err := w.tx.Exec(ctx, "DELETE FROM heed.ticket WHERE kind = $1 AND hash = $2", kind, hash[:])
		there = done.RowsAffected() > 0
		return err
	})
	return there, err
}

// DropTicketsOf removes those of the fragments.
func (w *writer) DropTicketsOf(ctx context.Context, kind string, ids []fact.FragmentID) error {
	return w.change(ctx, "drop tickets", func() error {
		_, err := w.tx.Exec(ctx, "DELETE FROM heed.ticket WHERE fragment = ANY ($1) AND ($2 = '' OR kind = $2)", ids, kind)
		return err
	})
}

// DropTicketsBefore removes those that were over before t.
func (w *writer) DropTicketsBefore(ctx context.Context, t clock.Instant) (dropped int64, err error) {
	err = w.change(ctx, "drop tickets", func() error {
		done, err := w.tx.Exec(ctx, "DELETE FROM heed.ticket WHERE until < $1", t)
		dropped = done.RowsAffected()
		return err
	})
	return dropped, err
}

// DropRequestsBefore removes those that were closed before t, but for one kind.
func (w *writer) DropRequestsBefore(ctx context.Context, t clock.Instant, but string) (dropped int64, err error) {
	err = w.change(ctx, "drop requests", func() error {
		done, err := w.tx.Exec(ctx, "DELETE FROM heed.request WHERE closed > 0 AND closed < $1 AND claim <> $2", t, but)
		dropped = done.RowsAffected()
		return err
	})
	return dropped, err
}

const requestColumns = "SELECT id, claim, status, fragment, received, due, closed, body FROM heed.request "

func scanRequest(row pgx.CollectableRow) (q store.Request, err error) {
	err = row.Scan(&q.ID, &q.Right, &q.Status, &q.Fragment, &q.Received, &q.Due, &q.Closed, &q.Body)
	q.Body = short(q.Body)
	return q, err
}

// Request is one, or ErrNotFound.
func (r *reader) Request(ctx context.Context, id string) (store.Request, error) {
	found, err := rows(ctx, r, "read request", requestColumns+"WHERE id = $1", scanRequest, id)
	return only(found, "read request", err)
}

// Requests lists by status, oldest due first.
func (r *reader) Requests(ctx context.Context, status string, limit int) ([]store.Request, error) {
	return rows(ctx, r, "list requests", requestColumns+"WHERE $1 = '' OR status = $1 ORDER BY due, id LIMIT $2", scanRequest, status, limit)
}

// RequestsOf lists those of the fragments, newest first.
func (r *reader) RequestsOf(ctx context.Context, ids []fact.FragmentID) ([]store.Request, error) {
	all, err := rows(ctx, r, "list requests", requestColumns+"WHERE fragment = ANY ($1)", scanRequest, ids)
	store.NewestFirst(all)
	return all, err
}

// Request in a transaction is held to its end: what is written is made of what
// was read.
func (w *writer) Request(ctx context.Context, id string) (store.Request, error) {
	found, err := rows(ctx, &w.reader, "read request", requestColumns+"WHERE id = $1 FOR UPDATE", scanRequest, id)
	return only(found, "read request", err)
}

// PutRequests writes requests by id.
func (w *writer) PutRequests(ctx context.Context, rows []store.Request) error {
	return each(ctx, w, "put requests", rows, `INSERT INTO heed.request (id, claim, status, fragment, received, due, closed, body)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
		ON CONFLICT (id) DO UPDATE SET claim = excluded.claim, status = excluded.status, fragment = excluded.fragment,
			received = excluded.received, due = excluded.due, closed = excluded.closed, body = excluded.body`,
		func(q store.Request) []any {
			return []any{q.ID, q.Right, q.Status, q.Fragment, q.Received, q.Due, q.Closed, full(q.Body)}
		})
}
