package sqlite

import (
	"cmp"
	"context"
	"fmt"
	"iter"
	"slices"

	"github.com/heed-platform/heed/internal/fact"
	"github.com/heed-platform/heed/internal/keep/internal/store"
)

// head is where a chain ends for this snapshot.
func (r *reader) head(ctx context.Context, id fact.FragmentID) (h head, err error) {
	if h, found := r.ends.find(id); found {
		return h, nil
	}
	err = query(ctx, r.c, "SELECT seq, n FROM head WHERE fragment = ?", func(s *stmt) {
		h = head{s.ColumnInt64(0), uint64(s.ColumnInt64(1))}
	}, id)
	return h, err
}

// chain lists the rows of a fragment's facts from number from on, in order, by
// walking back from the head.
func (r *reader) chain(ctx context.Context, id fact.FragmentID, from uint64) ([]int64, error) {
	h, err := r.head(ctx, id)
	if err != nil {
		return nil, err
	}
	var seqs []int64
	for n, seq := h.n, h.seq; n >= max(from, 1); n-- {
		prev, owner := int64(0), fact.FragmentID(-1)
		err := query(ctx, r.c, "SELECT prev, fragment FROM fact WHERE seq = ?", func(s *stmt) {
			prev, owner = s.ColumnInt64(0), fragment(s, 1)
		}, seq)
		if err != nil {
			return nil, err
		}
		if owner != id {
			return nil, fmt.Errorf("chain of fragment %d is broken at number %d", id, n)
		}
		seqs = append(seqs, seq)
		seq = prev
	}
	slices.Reverse(seqs)
	return seqs, nil
}

// Facts yields a chain in order.
func (r *reader) Facts(ctx context.Context, id fact.FragmentID, from uint64) iter.Seq2[store.Fact, error] {
	return func(yield func(store.Fact, error) bool) {
		seqs, err := r.chain(ctx, id, from)
		for _, seq := range seqs {
			f := store.Fact{Fragment: id}
			err = query(ctx, r.c, "SELECT n, kind, received, body FROM fact WHERE seq = ?", func(s *stmt) {
				f.N, f.Kind = uint64(s.ColumnInt64(0)), fact.Kind(s.ColumnInt64(1))
				f.Received, f.Body = instant(s, 2), blob(s, 3)
			}, seq)
			if err != nil || !yield(f, nil) {
				break
			}
		}
		if err != nil {
			yield(store.Fact{}, wrap("read facts", err))
		}
	}
}

// Append adds facts at the end of the table.
func (w *writer) Append(ctx context.Context, facts []store.Fact) error {
	return w.change(ctx, "append facts", func() error {
		for _, f := range facts {
			h, err := w.head(ctx, f.Fragment)
			if err != nil {
				return err
			}
			if f.N != h.n+1 {
				return fmt.Errorf("fact %d of fragment %d does not follow %d: %w", f.N, f.Fragment, h.n, store.ErrStale)
			}
			w.last++
			if err := w.c.exec("INSERT INTO fact (seq, fragment, n, kind, received, prev, body) VALUES (?, ?, ?, ?, ?, ?, ?)",
				w.last, f.Fragment, f.N, f.Kind, f.Received, h.seq, f.Body); err != nil {
				return err
			}
			w.ends.pending[f.Fragment] = head{w.last, f.N}
		}
		return nil
	})
}

// DropFacts empties bodies but for their last 16 bytes.
func (w *writer) DropFacts(ctx context.Context, id fact.FragmentID, ns []uint64) error {
	return w.change(ctx, "drop facts", func() error {
		if len(ns) == 0 {
			return nil
		}
		from := max(slices.Min(ns), 1)
		seqs, err := w.chain(ctx, id, from)
		if err != nil {
			return err
		}
		for _, n := range ns {
			if n < from || n >= from+uint64(len(seqs)) {
				return fmt.Errorf("fact %d of fragment %d: %w", n, id, store.ErrNotFound)
			}
			if err := w.c.exec("UPDATE fact SET body = substr(body, -16) WHERE seq = ? AND length(body) > 16", seqs[n-from]); err != nil {
				return err
			}
		}
		return nil
	})
}

// Forget removes all that is kept of the fragments but the spine.
func (w *writer) Forget(ctx context.Context, ids []fact.FragmentID) error {
	return w.change(ctx, "forget", func() error {
		for _, id := range sorted(ids) {
			seqs, err := w.chain(ctx, id, 1)
			if err != nil {
				return err
			}
			for _, seq := range seqs {
				if err := w.c.exec("DELETE FROM fact WHERE seq = ?", seq); err != nil {
					return err
				}
			}
			w.ends.pending[id] = head{}
			for _, table := range []string{"head", "state", "seen_page", "job", "timer", "ticket"} {
				if err := w.c.exec("DELETE FROM "+table+" WHERE fragment = ?", id); err != nil {
					return err
				}
			}
			if err := w.c.exec("UPDATE request SET fragment = 0 WHERE fragment = ?", id); err != nil {
				return err
			}
		}
		return nil
	})
}

// sorted lists each value once, smallest first.
func sorted[T cmp.Ordered](values []T) []T {
	out := slices.Clone(values)
	slices.Sort(out)
	return slices.Compact(out)
}
