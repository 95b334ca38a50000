package sqlite

import (
	"context"

	"github.com/heed-platform/heed/internal/clock"
	"github.com/heed-platform/heed/internal/fact"
	"github.com/heed-platform/heed/internal/keep/internal/store"
	"github.com/heed-platform/heed/internal/person"
)

const ticketColumns = "SELECT kind, hash, fragment, until, tries, body FROM ticket WHERE kind = ? AND hash = ?"

func scanTicket(s *stmt) store.Ticket {
	return store.Ticket{
		Kind: s.ColumnText(0), Hash: hash(s, 1), Fragment: fragment(s, 2), Until: instant(s, 3), Tries: s.ColumnInt64(4), Body: blob(s, 5),
	}
}

// Ticket is one, or ErrNotFound.
func (r *reader) Ticket(ctx context.Context, kind string, hash person.Hash) (store.Ticket, error) {
	found, err := rows(ctx, r.c, ticketColumns, scanTicket, kind, hash)
	return only(found, "read ticket", err)
}

// only is the one row that was asked for.
func only[T any](found []T, what string, err error) (one T, _ error) {
	if err == nil && len(found) == 0 {
		err = store.ErrNotFound
	}
	if err != nil {
		return one, wrap(what, err)
	}
	return found[0], nil
}

// PutTickets adds tickets or replaces them.
func (w *writer) PutTickets(ctx context.Context, rows []store.Ticket) error {
	return w.change(ctx, "put tickets", func() error {
		return each(w.c, rows, `INSERT INTO ticket (kind, hash, fragment, until, tries, body) VALUES (?, ?, ?, ?, ?, ?)
			ON CONFLICT (kind, hash) DO UPDATE SET fragment = excluded.fragment, until = excluded.until, tries = excluded.tries, body = excluded.body`,
			func(t store.Ticket) []any { return []any{t.Kind, t.Hash, t.Fragment, t.Until, t.Tries, t.Body} })
	})
}

// TryTicket counts before anybody looks.
func (w *writer) TryTicket(ctx context.Context, kind string, hash person.Hash) (store.Ticket, error) {
	err := w.change(ctx, "try ticket", func() error {
		return w.c.exec("UPDATE ticket SET tries = tries + 1 WHERE kind = ? AND hash = ?", kind, hash)
	})
	if err != nil {
		return store.Ticket{}, err
	}
	return w.Ticket(ctx, kind, hash)
}

// DropTicket removes one and reports whether it was there.
func (w *writer) DropTicket(ctx context.Context, kind string, hash person.Hash) (there bool, err error) {
	err = w.change(ctx, "drop ticket", func() error {
		err := w.c.exec("DELETE FROM ticket WHERE kind = ? AND hash = ?", kind, hash)
		there = w.c.Changes() > 0
		return err
	})
	return there, err
}

// DropTicketsOf removes those of the fragments.
func (w *writer) DropTicketsOf(ctx context.Context, kind string, ids []fact.FragmentID) error {
	return w.change(ctx, "drop tickets", func() error {
		return each(w.c, ids, "DELETE FROM ticket WHERE fragment = ?1 AND (?2 = '' OR kind = ?2)", func(id fact.FragmentID) []any { return []any{id, kind} })
	})
}

// DropTicketsBefore removes those that were over before t.
func (w *writer) DropTicketsBefore(ctx context.Context, t clock.Instant) (dropped int64, err error) {
	err = w.change(ctx, "drop tickets", func() error {
		err := w.c.exec("DELETE FROM ticket WHERE until < ?", t)
		dropped = int64(w.c.Changes())
		return err
	})
	return dropped, err
}

// DropRequestsBefore removes those that were closed before t, but for one kind.
func (w *writer) DropRequestsBefore(ctx context.Context, t clock.Instant, but string) (dropped int64, err error) {
	err = w.change(ctx, "drop requests", func() error {
		err := w.c.exec("DELETE FROM request WHERE closed > 0 AND closed < ? AND claim <> ?", t, but)
		dropped = int64(w.c.Changes())
		return err
	})
	return dropped, err
}

const requestColumns = "SELECT id, claim, status, fragment, received, due, closed, body FROM request "

func scanRequest(s *stmt) store.Request {
	return store.Request{
		ID: s.ColumnText(0), Right: s.ColumnText(1), Status: s.ColumnText(2), Fragment: fragment(s, 3),
		Received: instant(s, 4), Due: instant(s, 5), Closed: instant(s, 6), Body: blob(s, 7),
	}
}

// Request is one, or ErrNotFound.
func (r *reader) Request(ctx context.Context, id string) (store.Request, error) {
	found, err := rows(ctx, r.c, requestColumns+"WHERE id = ?", scanRequest, id)
	return only(found, "read request", err)
}

// Requests lists by status, oldest due first.
func (r *reader) Requests(ctx context.Context, status string, limit int) ([]store.Request, error) {
	all, err := rows(ctx, r.c, requestColumns+"WHERE ?1 = '' OR status = ?1 ORDER BY due, id LIMIT ?2 + 0", scanRequest, status, limit)
	return all, wrap("list requests", err)
}

// RequestsOf lists those of the fragments, newest first.
func (r *reader) RequestsOf(ctx context.Context, ids []fact.FragmentID) ([]store.Request, error) {
	var all []store.Request
	for _, id := range sorted(ids) {
		found, err := rows(ctx, r.c, requestColumns+"WHERE fragment = ?", scanRequest, id)
		if err != nil {
			return nil, wrap("list requests", err)
		}
		all = append(all, found...)
	}
	store.NewestFirst(all)
	return all, nil
}

// PutRequests writes requests by id.
func (w *writer) PutRequests(ctx context.Context, rows []store.Request) error {
	return w.change(ctx, "put requests", func() error {
		return each(w.c, rows, `INSERT INTO request (id, claim, status, fragment, received, due, closed, body) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
			ON CONFLICT (id) DO UPDATE SET claim = excluded.claim, status = excluded.status, fragment = excluded.fragment,
				received = excluded.received, due = excluded.due, closed = excluded.closed, body = excluded.body`,
			func(q store.Request) []any {
				return []any{q.ID, q.Right, q.Status, q.Fragment, q.Received, q.Due, q.Closed, q.Body}
			})
	})
}
