package postgres

import (
	"context"
	"iter"

	"github.com/jackc/pgx/v5"

	"github.com/heed-platform/heed/internal/clock"
	"github.com/heed-platform/heed/internal/fact"
	"github.com/heed-platform/heed/internal/keep/internal/store"
	"github.com/heed-platform/heed/internal/person"
)

// reader reads one snapshot.
type reader struct{ tx pgx.Tx }

var _ store.Reader = (*reader)(nil)

// page is how many rows an iterator fetches at once: the connection is free
// while the caller has a row in hand, so the caller may ask other things.
const page = 512

// rows runs a query, makes a value of each row, and says what failed.
func rows[T any](ctx context.Context, r *reader, what, sql string, scan pgx.RowToFunc[T], args ...any) ([]T, error) {
	all, err := collect(ctx, r.tx, sql, scan, args...)
	return all, wrap(what, classify(ctx, err, r.tx.Conn().IsClosed()))
}

// pages yields rows a page at a time: next lists those after last.
func pages[T any](last T, next func(last T) ([]T, error)) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for {
			found, err := next(last)
			if err != nil {
				var none T
				yield(none, err)
				return
			}
			for _, last = range found {
				if !yield(last, nil) {
					return
				}
			}
			if len(found) < page {
				return
			}
		}
	}
}

const stateColumns = "SELECT fragment, n, version, pages, body, seen FROM heed.state "

func scanState(row pgx.CollectableRow) (s store.State, err error) {
	err = row.Scan(&s.Fragment, &s.N, &s.Version, &s.Pages, &s.Body, &s.Seen)
	s.Body, s.Seen = short(s.Body), short(s.Seen)
	return s, err
}

// States returns the rows that exist, by fragment.
func (r *reader) States(ctx context.Context, ids []fact.FragmentID) ([]store.State, error) {
	return rows(ctx, r, "read states", stateColumns+"WHERE fragment = ANY ($1) AND version IS NOT NULL ORDER BY fragment", scanState, ids)
}

// ScanStates returns the next states.
func (r *reader) ScanStates(ctx context.Context, after fact.FragmentID, limit int) ([]store.State, error) {
	return rows(ctx, r, "scan states", stateColumns+"WHERE fragment > $1 AND version IS NOT NULL ORDER BY fragment LIMIT $2", scanState, after, limit)
}

// SeenPage is nil when there is no such page.
func (r *reader) SeenPage(ctx context.Context, id fact.FragmentID, n int) ([]byte, error) {
	found, err := rows(ctx, r, "read seen page", "SELECT entries FROM heed.seen_page WHERE fragment = $1 AND page = $2", pgx.RowTo[[]byte], id, n)
	if err != nil || len(found) == 0 {
		return nil, err
	}
	return short(found[0]), nil
}

// SpineCount counts by name.
func (r *reader) SpineCount(ctx context.Context, since clock.Instant) (map[string]int64, error) {
	type count struct {
		Name string
		N    int64
	}
	found, err := rows(ctx, r, "count spine", "SELECT name, count(*) FROM heed.spine WHERE at >= $1 GROUP BY name", pgx.RowToStructByPos[count], since)
	counts := make(map[string]int64, len(found))
	for _, c := range found {
		counts[c.Name] = c.N
	}
	return counts, err
}

// Spines yields by time, then by when they came.
func (r *reader) Spines(ctx context.Context, since clock.Instant) iter.Seq2[store.Spine, error] {
	type row struct {
		Seq int64
		store.Spine
	}
	lines := pages(row{-1, store.Spine{At: since}}, func(last row) ([]row, error) {
		return rows(ctx, r, "read spine", `SELECT seq, pseudonym, at, name, item, minor, currency, quantity FROM heed.spine
			WHERE (at, seq) > ($1, $2) ORDER BY at, seq LIMIT $3`, pgx.RowToStructByPos[row], last.At, last.Seq, page)
	})
	return func(yield func(store.Spine, error) bool) {
		for line, err := range lines {
			if !yield(line.Spine, err) {
				return
			}
		}
	}
}

// Definitions are all versions of a kind, or of all kinds.
func (r *reader) Definitions(ctx context.Context, kind string) ([]store.Definition, error) {
	return rows(ctx, r, "read definitions", `SELECT kind, key, version, hash, status, body, author, approve, answer, at
		FROM heed.definition WHERE $1 = '' OR kind = $1 ORDER BY kind, key, version`,
		func(row pgx.CollectableRow) (d store.Definition, err error) {
			err = row.Scan(&d.Kind, &d.Key, &d.Version, &d.Hash, &d.Status, &d.Body, &d.Author, &d.Approve, &d.Answer, &d.At)
			d.Body = short(d.Body)
			return d, err
		}, kind)
}

// Sources are all of them, by key.
func (r *reader) Sources(ctx context.Context) ([]store.Source, error) {
	return rows(ctx, r, "read sources", "SELECT key, key_hash, body FROM heed.source ORDER BY key",
		func(row pgx.CollectableRow) (s store.Source, err error) {
			var hash []byte
			if err := row.Scan(&s.Key, &hash, &s.Body); err != nil {
				return s, err
			}
			s.KeyHash, s.Body = person.Hash(hash), short(s.Body)
			return s, nil
		})
}

// Tokens are all of them, by name.
func (r *reader) Tokens(ctx context.Context) ([]store.Token, error) {
	return rows(ctx, r, "read tokens", "SELECT name, role, hash, at FROM heed.token ORDER BY name",
		func(row pgx.CollectableRow) (s store.Token, err error) {
			var hash []byte
			if err := row.Scan(&s.Name, &s.Role, &hash, &s.At); err != nil {
				return s, err
			}
			s.Hash = person.Hash(hash)
			return s, nil
		})
}

// Tallies are all of them, by source.
func (r *reader) Tallies(ctx context.Context) ([]store.Tally, error) {
	return rows(ctx, r, "read tallies", `SELECT source, sum(accepted)::bigint, sum(duplicate)::bigint, sum(quarantined)::bigint, sum(refused)::bigint
		FROM heed.tally GROUP BY source ORDER BY source`, pgx.RowToStructByPos[store.Tally])
}

// Items are those named, or all, by id.
func (r *reader) Items(ctx context.Context, ids []string) ([]store.Item, error) {
	return rows(ctx, r, "read items", "SELECT id, body FROM heed.item WHERE $1::text[] IS NULL OR id = ANY ($1) ORDER BY id",
		func(row pgx.CollectableRow) (i store.Item, err error) {
			err = row.Scan(&i.ID, &i.Body)
			i.Body = short(i.Body)
			return i, err
		}, ids)
}

// Meta is nil when there is none.
func (r *reader) Meta(ctx context.Context, name string) ([]byte, error) {
	value, err := meta(ctx, r.tx, "heed", name)
	return value, wrap("read meta", classify(ctx, err, r.tx.Conn().IsClosed()))
}

const auditColumns = "SELECT writer, n, at, previous, hash, body FROM heed.audit "

func scanAudit(row pgx.CollectableRow) (a store.Audit, err error) {
	err = row.Scan(&a.Writer, &a.N, &a.At, &a.Previous, &a.Hash, &a.Body)
	a.Previous, a.Hash, a.Body = short(a.Previous), short(a.Hash), short(a.Body)
	return a, err
}

// Audits yields a writer's chain.
func (r *reader) Audits(ctx context.Context, writer string, from uint64) iter.Seq2[store.Audit, error] {
	return pages(store.Audit{N: max(from, 1) - 1}, func(last store.Audit) ([]store.Audit, error) {
		return rows(ctx, r, "read audit", auditColumns+"WHERE writer = $1 AND n > $2 ORDER BY n LIMIT $3", scanAudit, writer, last.N, page)
	})
}

// Writers are the names of the audit chains.
func (r *reader) Writers(ctx context.Context) ([]string, error) {
	return rows(ctx, r, "list audit writers", "SELECT DISTINCT writer FROM heed.audit ORDER BY writer", pgx.RowTo[string])
}
