package sqlite

import (
	"context"
	"iter"
	"maps"
	"slices"

	"github.com/heed-platform/heed/internal/fact"
	"github.com/heed-platform/heed/internal/keep/internal/store"
)

// Component walks the edges breadth first, smaller ids first, until it has
// everything or limit fragments.
func (i *Identity) Component(ctx context.Context, ids []fact.FragmentID, limit int) (frags []store.Fragment, edges []store.Edge, whole bool, err error) {
	err = i.db.read(ctx, func(c conn) (err error) {
		frags, edges, whole, err = c.component(ids, limit)
		return err
	})
	return frags, edges, whole, wrap("read component", err)
}

func (c conn) component(ids []fact.FragmentID, limit int) (frags []store.Fragment, edges []store.Edge, whole bool, err error) {
	known := map[fact.FragmentID]bool{}
	frontier := slices.Sorted(unique(ids))
	for whole = true; whole && len(frontier) > 0; {
		found := make([]store.Fragment, 0, len(frontier))
		for _, id := range frontier {
			if found, err = c.fragments(found, "WHERE id = ?", id); err != nil {
				return nil, nil, false, err
			}
		}
		if room := limit - len(known); len(found) > room {
			found, whole = found[:room], false
		}
		next := map[fact.FragmentID]bool{}
		for _, f := range found {
			known[f.ID] = true
		}
		frags = append(frags, found...)
		for _, f := range found {
			if err := c.neighbors(f.ID, limit, known, next); err != nil {
				return nil, nil, false, err
			}
		}
		frontier = slices.Sorted(maps.Keys(next))
	}
	slices.SortFunc(frags, func(a, b store.Fragment) int { return int(a.ID - b.ID) })
	for _, f := range frags {
		if edges, err = c.edgesAmong(edges, f.ID, frags[len(frags)-1].ID, known); err != nil {
			return nil, nil, false, err
		}
	}
	return frags, edges, whole, nil
}

// neighbors adds to next the smallest unknown ends of id's edges. As many as
// limit could be known already, so twice limit and one always suffice to fill
// the component or to show that it is larger.
func (c conn) neighbors(id fact.FragmentID, limit int, known, next map[fact.FragmentID]bool) error {
	add := func(s *stmt) error {
		if n := fragment(s, 0); !known[n] {
			next[n] = true
		}
		return nil
	}
	if err := c.query("SELECT DISTINCT a FROM edge WHERE b = ? AND cut = 0 ORDER BY a LIMIT ? + 0", add, id, 2*limit+1); err != nil {
		return err
	}
	return c.query("SELECT DISTINCT b FROM edge WHERE a = ? AND cut = 0 ORDER BY b LIMIT ? + 0", add, id, 2*limit+1)
}

func (c conn) edgesAmong(into []store.Edge, a, last fact.FragmentID, known map[fact.FragmentID]bool) ([]store.Edge, error) {
	err := c.query("SELECT b, verified, at, message, cut FROM edge WHERE a = ? AND b <= ? ORDER BY b, verified", func(s *stmt) error {
		if b := fragment(s, 0); known[b] {
			into = append(into, store.Edge{
				A: a, B: b, Verified: s.ColumnBool(1), At: instant(s, 2), Message: hash(s, 3), Cut: s.ColumnBool(4),
			})
		}
		return nil
	}, a, last)
	return into, err
}

// unique yields each value once, in the order given.
func unique[T comparable](values []T) iter.Seq[T] {
	return func(yield func(T) bool) {
		seen := make(map[T]bool, len(values))
		for _, v := range values {
			if !seen[v] {
				seen[v] = true
				if !yield(v) {
					return
				}
			}
		}
	}
}
