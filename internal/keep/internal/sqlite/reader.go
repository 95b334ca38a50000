package sqlite

import (
	"context"
	"iter"

	"github.com/heed-platform/heed/internal/clock"
	"github.com/heed-platform/heed/internal/fact"
	"github.com/heed-platform/heed/internal/keep/internal/store"
)

// reader reads one snapshot.
type reader struct {
	c    conn
	ends *view
}

var _ store.Reader = (*reader)(nil)

// batch is how many rows an iterator fetches at once: no statement stays open
// while the caller has a row in hand, so the caller may ask other things.
const batch = 512

// rows runs a query and makes a value of each row.
func rows[T any](ctx context.Context, c conn, sql string, scan func(*stmt) T, args ...any) ([]T, error) {
	var all []T
	return all, query(ctx, c, sql, func(s *stmt) { all = append(all, scan(s)) }, args...)
}

func query(ctx context.Context, c conn, sql string, row func(*stmt), args ...any) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return classify(ctx, c.query(sql, func(s *stmt) error { row(s); return nil }, args...))
}

const stateColumns = "SELECT fragment, n, version, pages, body, seen FROM state "

func scanState(s *stmt) store.State {
	return store.State{
		Fragment: fragment(s, 0), N: uint64(s.ColumnInt64(1)), Version: s.ColumnInt(2),
		Pages: s.ColumnInt(3), Body: blob(s, 4), Seen: blob(s, 5),
	}
}

// States returns the rows that exist, by fragment.
func (r *reader) States(ctx context.Context, ids []fact.FragmentID) ([]store.State, error) {
	all := make([]store.State, 0, len(ids))
	for _, id := range sorted(ids) {
		err := query(ctx, r.c, stateColumns+"WHERE fragment = ?", func(s *stmt) { all = append(all, scanState(s)) }, id)
		if err != nil {
			return nil, wrap("read states", err)
		}
	}
	return all, nil
}

// ScanStates returns the next states.
func (r *reader) ScanStates(ctx context.Context, after fact.FragmentID, limit int) ([]store.State, error) {
	all, err := rows(ctx, r.c, stateColumns+"WHERE fragment > ? ORDER BY fragment LIMIT ? + 0", scanState, after, limit)
	return all, wrap("scan states", err)
}

// SeenPage is nil when there is no such page.
func (r *reader) SeenPage(ctx context.Context, id fact.FragmentID, n int) ([]byte, error) {
	var entries []byte
	err := query(ctx, r.c, "SELECT entries FROM seen_page WHERE fragment = ? AND page = ?",
		func(s *stmt) { entries = blob(s, 0) }, id, n)
	return entries, wrap("read seen page", err)
}

// SpineCount counts by name.
func (r *reader) SpineCount(ctx context.Context, since clock.Instant) (map[string]int64, error) {
	counts := map[string]int64{}
	err := query(ctx, r.c, "SELECT name, count(*) FROM spine WHERE at >= ? GROUP BY name",
		func(s *stmt) { counts[s.ColumnText(0)] = s.ColumnInt64(1) }, since)
	return counts, wrap("count spine", err)
}

// Spines yields by time, then by when they came.
func (r *reader) Spines(ctx context.Context, since clock.Instant) iter.Seq2[store.Spine, error] {
	type row struct {
		seq int64
		store.Spine
	}
	scan := func(s *stmt) row {
		return row{s.ColumnInt64(0), store.Spine{
			Pseudonym: s.ColumnInt64(1), At: instant(s, 2), Name: s.ColumnText(3), Item: s.ColumnText(4),
			Minor: s.ColumnInt64(5), Currency: s.ColumnText(6), Quantity: s.ColumnInt64(7),
		}}
	}
	return func(yield func(store.Spine, error) bool) {
		last := row{seq: -1, Spine: store.Spine{At: since}}
		for {
			next, err := rows(ctx, r.c, `SELECT seq, pseudonym, at, name, item, minor, currency, quantity FROM spine
				WHERE (at, seq) > (?, ?) ORDER BY at, seq LIMIT ? + 0`, scan, last.At, last.seq, batch)
			if err != nil {
				yield(store.Spine{}, wrap("read spine", err))
				return
			}
			for _, last = range next {
				if !yield(last.Spine, nil) {
					return
				}
			}
			if len(next) < batch {
				return
			}
		}
	}
}

// Definitions are all versions of a kind, or of all kinds.
func (r *reader) Definitions(ctx context.Context, kind string) ([]store.Definition, error) {
	all, err := rows(ctx, r.c, `SELECT kind, key, version, hash, status, body, author, approve, answer, at
		FROM definition WHERE ?1 = '' OR kind = ?1 ORDER BY kind, key, version`, func(s *stmt) store.Definition {
		return store.Definition{
			Kind: s.ColumnText(0), Key: s.ColumnText(1), Version: s.ColumnInt64(2), Hash: s.ColumnText(3), Status: s.ColumnText(4),
			Body: blob(s, 5), Author: s.ColumnText(6), Approve: s.ColumnText(7), Answer: s.ColumnText(8), At: instant(s, 9),
		}
	}, kind)
	return all, wrap("read definitions", err)
}

// Sources are all of them, by key.
func (r *reader) Sources(ctx context.Context) ([]store.Source, error) {
	all, err := rows(ctx, r.c, "SELECT key, key_hash, body FROM source ORDER BY key", func(s *stmt) store.Source {
		return store.Source{Key: s.ColumnText(0), KeyHash: hash(s, 1), Body: blob(s, 2)}
	})
	return all, wrap("read sources", err)
}

// Tokens are all of them, by name.
func (r *reader) Tokens(ctx context.Context) ([]store.Token, error) {
	all, err := rows(ctx, r.c, "SELECT name, role, hash, at FROM token ORDER BY name", func(s *stmt) store.Token {
		return store.Token{Name: s.ColumnText(0), Role: s.ColumnText(1), Hash: hash(s, 2), At: instant(s, 3)}
	})
	return all, wrap("read tokens", err)
}

// Tallies are all of them, by source.
func (r *reader) Tallies(ctx context.Context) ([]store.Tally, error) {
	all, err := rows(ctx, r.c, "SELECT source, accepted, duplicate, quarantined, refused FROM tally ORDER BY source", func(s *stmt) store.Tally {
		return store.Tally{
			Source: s.ColumnText(0), Accepted: s.ColumnInt64(1), Duplicate: s.ColumnInt64(2),
			Quarantined: s.ColumnInt64(3), Refused: s.ColumnInt64(4),
		}
	})
	return all, wrap("read tallies", err)
}

// Items are those named, or all, by id.
func (r *reader) Items(ctx context.Context, ids []string) ([]store.Item, error) {
	scan := func(s *stmt) store.Item { return store.Item{ID: s.ColumnText(0), Body: blob(s, 1)} }
	if ids == nil {
		all, err := rows(ctx, r.c, "SELECT id, body FROM item ORDER BY id", scan)
		return all, wrap("read items", err)
	}
	var all []store.Item
	for _, id := range sorted(ids) {
		one, err := rows(ctx, r.c, "SELECT id, body FROM item WHERE id = ?", scan, id)
		if err != nil {
			return nil, wrap("read items", err)
		}
		all = append(all, one...)
	}
	return all, nil
}

// Meta is nil when there is none.
func (r *reader) Meta(ctx context.Context, name string) ([]byte, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	value, err := r.c.meta(name)
	return value, wrap("read meta", classify(ctx, err))
}
