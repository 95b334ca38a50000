package postgres

import (
	"cmp"
	"context"
	"fmt"
	"iter"
	"slices"

	"github.com/jackc/pgx/v5"

	"github.com/heed-platform/heed/internal/fact"
	"github.com/heed-platform/heed/internal/keep/internal/store"
)

// Facts yields a chain in order.
func (r *reader) Facts(ctx context.Context, id fact.FragmentID, from uint64) iter.Seq2[store.Fact, error] {
	return pages(store.Fact{N: max(from, 1) - 1}, func(last store.Fact) ([]store.Fact, error) {
		return rows(ctx, r, "read facts", "SELECT fragment, n, kind, received, body FROM heed.fact WHERE fragment = $1 AND n > $2 ORDER BY n LIMIT $3",
			func(row pgx.CollectableRow) (f store.Fact, err error) {
				err = row.Scan(&f.Fragment, &f.N, &f.Kind, &f.Received, &f.Body)
				f.Body = short(f.Body)
				return f, err
			}, id, last.N, page)
	})
}

// Lock takes the rows in id order. Fragments without a row get one first, or
// there would be nothing to wait for; States does not show it. When one of the
// rows is forgotten while we wait for it, we begin again.
func (w *writer) Lock(ctx context.Context, ids []fact.FragmentID) ([]store.State, error) {
	ids = sorted(ids)
	var states []store.State
	err := w.change(ctx, "lock fragments", func() (err error) {
		for locked := -1; locked < len(ids); {
			if locked, states, err = w.lock(ctx, ids); err != nil {
				return err
			}
		}
		return nil
	})
	return states, err
}

func (w *writer) lock(ctx context.Context, ids []fact.FragmentID) (locked int, states []store.State, err error) {
	const one = "SELECT fragment, n, version, pages, body, seen FROM heed.state WHERE fragment = ANY ($1) ORDER BY fragment FOR UPDATE"
	take := func(rows pgx.Rows) error {
		found, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (s store.State, err error) {
			var version *int
			err = row.Scan(&s.Fragment, &s.N, &version, &s.Pages, &s.Body, &s.Seen)
			s.Body, s.Seen = short(s.Body), short(s.Seen)
			if version == nil {
				return store.State{}, err
			}
			s.Version = *version
			return s, err
		})
		for _, s := range found {
			locked++
			if s.Fragment != 0 {
				states = append(states, s)
			}
		}
		return err
	}
	var batch pgx.Batch
	batch.Queue("INSERT INTO heed.state (fragment) SELECT id FROM unnest($1::bigint[]) id ORDER BY id ON CONFLICT (fragment) DO NOTHING", ids)
	if w.spread {
		for _, id := range ids {
			batch.Queue(one, []fact.FragmentID{id}).Query(take)
		}
	} else {
		batch.Queue(one, ids).Query(take)
	}
	err = w.tx.SendBatch(ctx, &batch).Close()
	return locked, states, err
}

// Append adds facts to the ends of their chains. The key (fragment, n) stops
// whoever is second, and a first fact of ours needs the one before it.
func (w *writer) Append(ctx context.Context, facts []store.Fact) error {
	return w.change(ctx, "append facts", func() error {
		if len(facts) == 0 {
			return nil
		}
		rows := slices.Clone(facts)
		slices.SortStableFunc(rows, func(a, b store.Fact) int { return cmp.Compare(a.Fragment, b.Fragment) })
		before, err := predecessors(rows)
		if err != nil {
			return err
		}
		var found int
		var batch pgx.Batch
		batch.Queue(`INSERT INTO heed.fact (fragment, n, kind, received, body)
			SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::smallint[], $4::bigint[], $5::bytea[])`,
			column(rows, ownerOf), column(rows, numberOf),
			column(rows, func(f store.Fact) int16 { return int16(f.Kind) }),
			column(rows, func(f store.Fact) int64 { return int64(f.Received) }),
			column(rows, func(f store.Fact) []byte { return full(f.Body) }))
		batch.Queue(`SELECT count(*) FROM heed.fact f JOIN unnest($1::bigint[], $2::bigint[]) w (fragment, n)
			ON f.fragment = w.fragment AND f.n = w.n`, column(before, ownerOf), column(before, numberOf)).
			QueryRow(func(row pgx.Row) error { return row.Scan(&found) })
		if err := w.tx.SendBatch(ctx, &batch).Close(); err != nil {
			return stale(err)
		}
		if found < len(before) {
			return fmt.Errorf("a fact does not follow its chain's last one: %w", store.ErrStale)
		}
		return nil
	})
}

func ownerOf(f store.Fact) int64 { return int64(f.Fragment) }

func numberOf(f store.Fact) int64 { return int64(f.N) }

// predecessors names the facts that must be there for rows, which are sorted by
// fragment, to continue their chains.
func predecessors(rows []store.Fact) (before []store.Fact, err error) {
	for i, f := range rows {
		continued := i > 0 && rows[i-1].Fragment == f.Fragment
		if f.N == 0 || continued && f.N != rows[i-1].N+1 {
			return nil, fmt.Errorf("fact %d of fragment %d does not follow: %w", f.N, f.Fragment, store.ErrStale)
		}
		if !continued && f.N > 1 {
			before = append(before, store.Fact{Fragment: f.Fragment, N: f.N - 1})
		}
	}
	return before, nil
}

// DropFacts empties bodies but for their last 16 bytes.
func (w *writer) DropFacts(ctx context.Context, id fact.FragmentID, ns []uint64) error {
	return w.change(ctx, "drop facts", func() error {
		numbers := sorted(column(ns, func(n uint64) int64 { return int64(n) }))
		done, err := w.tx.Exec(ctx, `UPDATE heed.fact SET body = substr(body, greatest(1, length(body) - 15))
			WHERE fragment = $1 AND n = ANY ($2)`, id, numbers)
		if err == nil && done.RowsAffected() < int64(len(numbers)) {
			err = fmt.Errorf("a fact of fragment %d: %w", id, store.ErrNotFound)
		}
		return err
	})
}

// Forget removes all that is kept of the fragments but the spine.
func (w *writer) Forget(ctx context.Context, ids []fact.FragmentID) error {
	if _, err := w.Lock(ctx, ids); err != nil {
		return wrap("forget", err)
	}
	return w.change(ctx, "forget", func() error {
		var batch pgx.Batch
		for _, table := range []string{"fact", "seen_page", "job", "timer", "ticket", "state"} {
			batch.Queue("DELETE FROM heed."+table+" WHERE fragment = ANY ($1)", ids)
		}
		batch.Queue("UPDATE heed.request SET fragment = 0 WHERE fragment = ANY ($1)", ids)
		return w.tx.SendBatch(ctx, &batch).Close()
	})
}
