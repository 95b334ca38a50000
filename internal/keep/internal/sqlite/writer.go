package sqlite

import (
	"context"
	"fmt"

	"github.com/heed-platform/heed/internal/fact"
	"github.com/heed-platform/heed/internal/keep/internal/store"
)

// writer is one transaction.
type writer struct {
	reader

	last   int64 // row of the last fact
	failed error // the first change that failed; then nothing is committed
}

var _ store.Writer = (*writer)(nil)

func (w *writer) change(ctx context.Context, what string, f func() error) error {
	err := w.failed
	if err == nil {
		err = ctx.Err()
	}
	if err == nil {
		err = classify(ctx, f())
	}
	if w.failed == nil {
		w.failed = wrap(what, err)
	}
	return wrap(what, err)
}

// each runs one statement a row.
func each[T any](c conn, rows []T, sql string, args func(T) []any) error {
	for _, r := range rows {
		if err := c.exec(sql, args(r)...); err != nil {
			return err
		}
	}
	return nil
}

// Lock has nothing to lock here: this transaction is the only writer.
func (w *writer) Lock(ctx context.Context, ids []fact.FragmentID) ([]store.State, error) {
	return w.States(ctx, ids)
}

// PutStates writes in the order of the table, which touches each page once.
func (w *writer) PutStates(ctx context.Context, states []store.State) error {
	return w.change(ctx, "put states", func() error {
		return each(w.c, store.Last(states, func(s store.State) fact.FragmentID { return s.Fragment }),
			`INSERT INTO state (fragment, n, version, pages, body, seen) VALUES (?, ?, ?, ?, ?, ?)
			ON CONFLICT (fragment) DO UPDATE SET n = excluded.n, version = excluded.version, pages = excluded.pages,
				body = excluded.body, seen = excluded.seen`,
			func(s store.State) []any { return []any{s.Fragment, s.N, s.Version, s.Pages, s.Body, s.Seen} })
	})
}

// PutSeenPages writes pages of message entries.
func (w *writer) PutSeenPages(ctx context.Context, pages []store.SeenPage) error {
	return w.change(ctx, "put seen pages", func() error {
		return each(w.c, pages, `INSERT INTO seen_page (fragment, page, entries) VALUES (?, ?, ?)
			ON CONFLICT (fragment, page) DO UPDATE SET entries = excluded.entries`,
			func(p store.SeenPage) []any { return []any{p.Fragment, p.Page, p.Entries} })
	})
}

// ClearStates removes the projections that rebuild makes again.
func (w *writer) ClearStates(ctx context.Context) error {
	return w.change(ctx, "clear states", func() error {
		if err := w.c.exec("DELETE FROM state"); err != nil {
			return err
		}
		return w.c.exec("DELETE FROM seen_page")
	})
}

// PutSpine appends lines.
func (w *writer) PutSpine(ctx context.Context, rows []store.Spine) error {
	return w.change(ctx, "put spine", func() error {
		return each(w.c, rows, "INSERT INTO spine (pseudonym, at, name, item, minor, currency, quantity) VALUES (?, ?, ?, ?, ?, ?, ?)",
			func(r store.Spine) []any {
				return []any{r.Pseudonym, r.At, r.Name, r.Item, r.Minor, r.Currency, r.Quantity}
			})
	})
}

// PutDefinitions writes versions of what teams wrote.
func (w *writer) PutDefinitions(ctx context.Context, defs []store.Definition) error {
	return w.change(ctx, "put definitions", func() error {
		return each(w.c, defs, `INSERT INTO definition (kind, key, version, hash, status, body, author, approve, answer, at)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
			ON CONFLICT (kind, key, version) DO UPDATE SET hash = excluded.hash, status = excluded.status, body = excluded.body,
				author = excluded.author, approve = excluded.approve, answer = excluded.answer, at = excluded.at`,
			func(d store.Definition) []any {
				return []any{d.Kind, d.Key, d.Version, d.Hash, d.Status, d.Body, d.Author, d.Approve, d.Answer, d.At}
			})
	})
}

// PutSources writes sources by key.
func (w *writer) PutSources(ctx context.Context, rows []store.Source) error {
	return w.change(ctx, "put sources", func() error {
		return each(w.c, rows, `INSERT INTO source (key, key_hash, body) VALUES (?, ?, ?)
			ON CONFLICT (key) DO UPDATE SET key_hash = excluded.key_hash, body = excluded.body`,
			func(r store.Source) []any { return []any{r.Key, r.KeyHash, r.Body} })
	})
}

// PutTokens writes tokens by name.
func (w *writer) PutTokens(ctx context.Context, rows []store.Token) error {
	return w.change(ctx, "put tokens", func() error {
		return each(w.c, rows, `INSERT INTO token (name, role, hash, at) VALUES (?, ?, ?, ?)
			ON CONFLICT (name) DO UPDATE SET role = excluded.role, hash = excluded.hash, at = excluded.at`,
			func(r store.Token) []any { return []any{r.Name, r.Role, r.Hash, r.At} })
	})
}

// PutItems writes items by id.
func (w *writer) PutItems(ctx context.Context, items []store.Item) error {
	return w.change(ctx, "put items", func() error {
		return each(w.c, items, "INSERT INTO item (id, body) VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET body = excluded.body",
			func(r store.Item) []any { return []any{r.ID, r.Body} })
	})
}

// AddTallies adds to the counts of sources.
func (w *writer) AddTallies(ctx context.Context, rows []store.Tally) error {
	return w.change(ctx, "add tallies", func() error {
		return each(w.c, rows, `INSERT INTO tally (source, accepted, duplicate, quarantined, refused) VALUES (?, ?, ?, ?, ?)
			ON CONFLICT (source) DO UPDATE SET accepted = accepted + excluded.accepted, duplicate = duplicate + excluded.duplicate,
				quarantined = quarantined + excluded.quarantined, refused = refused + excluded.refused`,
			func(r store.Tally) []any {
				return []any{r.Source, r.Accepted, r.Duplicate, r.Quarantined, r.Refused}
			})
	})
}

// SetMeta keeps bytes under a name.
func (w *writer) SetMeta(ctx context.Context, name string, value []byte) error {
	return w.change(ctx, "set meta", func() error { return w.c.setMeta(name, value) })
}

const auditColumns = "SELECT writer, n, at, previous, hash, body FROM audit "

func scanAudit(s *stmt) store.Audit {
	return store.Audit{
		Writer: s.ColumnText(0), N: uint64(s.ColumnInt64(1)), At: instant(s, 2),
		Previous: blob(s, 3), Hash: blob(s, 4), Body: blob(s, 5),
	}
}

// AppendAudit adds entries to the ends of their chains.
func (w *writer) AppendAudit(ctx context.Context, entries []store.Audit) error {
	return w.change(ctx, "append audit", func() error {
		for _, a := range entries {
			last, err := w.LastAudit(ctx, a.Writer)
			if err != nil {
				return err
			}
			if a.N != last.N+1 {
				return fmt.Errorf("audit entry %d does not follow %d: %w", a.N, last.N, store.ErrStale)
			}
			if err := w.c.exec("INSERT INTO audit (writer, n, at, previous, hash, body) VALUES (?, ?, ?, ?, ?, ?)",
				a.Writer, a.N, a.At, a.Previous, a.Hash, a.Body); err != nil {
				return err
			}
		}
		return nil
	})
}

// LastAudit is the end of a chain.
func (w *writer) LastAudit(ctx context.Context, name string) (last store.Audit, err error) {
	err = query(ctx, w.c, auditColumns+"WHERE writer = ? ORDER BY n DESC LIMIT 1", func(s *stmt) { last = scanAudit(s) }, name)
	return last, wrap("read last audit", err)
}
