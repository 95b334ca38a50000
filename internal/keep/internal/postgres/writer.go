package postgres

import (
	"cmp"
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/heed-platform/heed/internal/fact"
	"github.com/heed-platform/heed/internal/keep/internal/store"
)

// writer is one transaction.
type writer struct {
	reader

	spread bool
	failed error // the first change that failed; then nothing is committed
}

var _ store.Writer = (*writer)(nil)

func (w *writer) change(ctx context.Context, what string, f func() error) error {
	err := w.failed
	if err == nil {
		err = ctx.Err()
	}
	if err == nil {
		err = classify(ctx, f(), w.tx.Conn().IsClosed())
	}
	if w.failed == nil {
		w.failed = wrap(what, err)
	}
	return wrap(what, err)
}

// put runs one statement over all rows.
func put[T any](ctx context.Context, w *writer, what string, rows []T, sql string, columns func([]T) []any) error {
	return w.change(ctx, what, func() error {
		if len(rows) == 0 {
			return nil
		}
		_, err := w.tx.Exec(ctx, sql, columns(rows)...)
		return err
	})
}

// PutStates writes in id order, so that two writers wait for each other instead
// of locking each other out.
func (w *writer) PutStates(ctx context.Context, states []store.State) error {
	return put(ctx, w, "put states", store.Last(states, func(s store.State) fact.FragmentID { return s.Fragment }),
		`INSERT INTO heed.state (fragment, n, version, pages, body, seen)
		SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::integer[], $4::integer[], $5::bytea[], $6::bytea[])
		ON CONFLICT (fragment) DO UPDATE SET n = excluded.n, version = excluded.version, pages = excluded.pages,
			body = excluded.body, seen = excluded.seen`, func(s []store.State) []any {
			return []any{
				column(s, func(s store.State) int64 { return int64(s.Fragment) }), column(s, func(s store.State) int64 { return int64(s.N) }),
				column(s, func(s store.State) int { return s.Version }), column(s, func(s store.State) int { return s.Pages }),
				column(s, func(s store.State) []byte { return full(s.Body) }), column(s, func(s store.State) []byte { return full(s.Seen) }),
			}
		})
}

// PutSeenPages writes pages of message entries.
func (w *writer) PutSeenPages(ctx context.Context, pages []store.SeenPage) error {
	last := store.LastFunc(pages, func(a, b store.SeenPage) int {
		return cmp.Or(cmp.Compare(a.Fragment, b.Fragment), cmp.Compare(a.Page, b.Page))
	})
	return put(ctx, w, "put seen pages", last, `INSERT INTO heed.seen_page (fragment, page, entries)
		SELECT * FROM unnest($1::bigint[], $2::integer[], $3::bytea[])
		ON CONFLICT (fragment, page) DO UPDATE SET entries = excluded.entries`, func(p []store.SeenPage) []any {
		return []any{
			column(p, func(p store.SeenPage) int64 { return int64(p.Fragment) }), column(p, func(p store.SeenPage) int { return p.Page }),
			column(p, func(p store.SeenPage) []byte { return full(p.Entries) }),
		}
	})
}

// ClearStates removes the projections that rebuild makes again.
func (w *writer) ClearStates(ctx context.Context) error {
	return w.change(ctx, "clear states", func() error {
		var batch pgx.Batch
		batch.Queue("DELETE FROM heed.state")
		batch.Queue("DELETE FROM heed.seen_page")
		return w.tx.SendBatch(ctx, &batch).Close()
	})
}

// PutSpine appends lines.
func (w *writer) PutSpine(ctx context.Context, rows []store.Spine) error {
	return put(ctx, w, "put spine", rows, `INSERT INTO heed.spine (pseudonym, at, name, item, minor, currency, quantity)
		SELECT pseudonym, at, name, item, minor, currency, quantity
		FROM unnest($1::bigint[], $2::bigint[], $3::text[], $4::text[], $5::bigint[], $6::text[], $7::bigint[])
			WITH ORDINALITY w (pseudonym, at, name, item, minor, currency, quantity, place) ORDER BY place`, func(s []store.Spine) []any {
		return []any{
			column(s, func(s store.Spine) int64 { return s.Pseudonym }), column(s, func(s store.Spine) int64 { return int64(s.At) }),
			column(s, func(s store.Spine) string { return s.Name }), column(s, func(s store.Spine) string { return s.Item }),
			column(s, func(s store.Spine) int64 { return s.Minor }), column(s, func(s store.Spine) string { return s.Currency }),
			column(s, func(s store.Spine) int64 { return s.Quantity }),
		}
	})
}

// PutDefinitions writes versions of what teams wrote. There are few: one
// statement each, in one round trip.
func (w *writer) PutDefinitions(ctx context.Context, defs []store.Definition) error {
	return each(ctx, w, "put definitions", defs, `INSERT INTO heed.definition (kind, key, version, hash, status, body, author, approve, answer, at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
		ON CONFLICT (kind, key, version) DO UPDATE SET hash = excluded.hash, status = excluded.status, body = excluded.body,
			author = excluded.author, approve = excluded.approve, answer = excluded.answer, at = excluded.at`,
		func(d store.Definition) []any {
			return []any{d.Kind, d.Key, d.Version, d.Hash, d.Status, full(d.Body), d.Author, d.Approve, d.Answer, d.At}
		})
}

func each[T any](ctx context.Context, w *writer, what string, rows []T, sql string, args func(T) []any) error {
	return w.change(ctx, what, func() error {
		var batch pgx.Batch
		for _, r := range rows {
			batch.Queue(sql, args(r)...)
		}
		return w.tx.SendBatch(ctx, &batch).Close()
	})
}

// PutSources writes sources by key.
func (w *writer) PutSources(ctx context.Context, rows []store.Source) error {
	return each(ctx, w, "put sources", rows, `INSERT INTO heed.source (key, key_hash, body) VALUES ($1, $2, $3)
		ON CONFLICT (key) DO UPDATE SET key_hash = excluded.key_hash, body = excluded.body`,
		func(s store.Source) []any { return []any{s.Key, s.KeyHash[:], full(s.Body)} })
}

// PutTokens writes tokens by name.
func (w *writer) PutTokens(ctx context.Context, rows []store.Token) error {
	return each(ctx, w, "put tokens", rows, `INSERT INTO heed.token (name, role, hash, at) VALUES ($1, $2, $3, $4)
		ON CONFLICT (name) DO UPDATE SET role = excluded.role, hash = excluded.hash, at = excluded.at`,
		func(t store.Token) []any { return []any{t.Name, t.Role, t.Hash[:], t.At} })
}

// PutItems writes items by id.
func (w *writer) PutItems(ctx context.Context, items []store.Item) error {
	return put(ctx, w, "put items", store.Last(items, func(i store.Item) string { return i.ID }),
		`INSERT INTO heed.item (id, body) SELECT * FROM unnest($1::text[], $2::bytea[])
		ON CONFLICT (id) DO UPDATE SET body = excluded.body`, func(i []store.Item) []any {
			return []any{column(i, func(i store.Item) string { return i.ID }), column(i, func(i store.Item) []byte { return full(i.Body) })}
		})
}

// AddTallies adds to this connection's rows.
func (w *writer) AddTallies(ctx context.Context, rows []store.Tally) error {
	slot := w.tx.Conn().PgConn().PID() % 64
	return each(ctx, w, "add tallies", rows, `INSERT INTO heed.tally (source, slot, accepted, duplicate, quarantined, refused)
		VALUES ($1, $2, $3, $4, $5, $6)
		ON CONFLICT (source, slot) DO UPDATE SET accepted = tally.accepted + excluded.accepted, duplicate = tally.duplicate + excluded.duplicate,
			quarantined = tally.quarantined + excluded.quarantined, refused = tally.refused + excluded.refused`,
		func(t store.Tally) []any {
			return []any{t.Source, slot, t.Accepted, t.Duplicate, t.Quarantined, t.Refused}
		})
}

// SetMeta keeps bytes under a name.
func (w *writer) SetMeta(ctx context.Context, name string, value []byte) error {
	return each(ctx, w, "set meta", []string{name}, `INSERT INTO heed.meta (name, value) VALUES ($1, $2)
		ON CONFLICT (name) DO UPDATE SET value = excluded.value`, func(name string) []any { return []any{name, full(value)} })
}

// AppendAudit adds entries to the ends of their chains.
func (w *writer) AppendAudit(ctx context.Context, entries []store.Audit) error {
	return w.change(ctx, "append audit", func() error {
		for _, a := range entries {
			done, err := w.tx.Exec(ctx, `INSERT INTO heed.audit (writer, n, at, previous, hash, body) SELECT $1, $2, $3, $4, $5, $6
				WHERE $2 = 1 + (SELECT coalesce(max(n), 0) FROM heed.audit WHERE writer = $1)`,
				a.Writer, int64(a.N), a.At, full(a.Previous), full(a.Hash), full(a.Body))
			if err != nil {
				return stale(err)
			}
			if done.RowsAffected() == 0 {
				return fmt.Errorf("audit entry %d does not follow: %w", a.N, store.ErrStale)
			}
		}
		return nil
	})
}

// LastAudit is the end of a chain.
func (w *writer) LastAudit(ctx context.Context, name string) (store.Audit, error) {
	found, err := rows(ctx, &w.reader, "read last audit", auditColumns+"WHERE writer = $1 ORDER BY n DESC LIMIT 1", scanAudit, name)
	if err != nil || len(found) == 0 {
		return store.Audit{}, err
	}
	return found[0], nil
}
