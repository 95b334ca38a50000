package store

import (
	"bytes"
	"cmp"
	"slices"

	"github.com/heed-platform/heed/internal/person"
)

// Before reports whether e takes the place of o between one pair.
func (e Edge) Before(o Edge) bool {
	return e.At < o.At || e.At == o.At && bytes.Compare(e.Message[:], o.Message[:]) < 0
}

// FoldEdges puts the smaller end first, drops edges from a fragment to itself
// and keeps the smallest of each (pair, Verified), sorted by them.
func FoldEdges(edges []Edge) []Edge {
	out := make([]Edge, 0, len(edges))
	for _, e := range edges {
		e.A, e.B = min(e.A, e.B), max(e.A, e.B)
		if e.A != e.B {
			out = append(out, e)
		}
	}
	slices.SortStableFunc(out, func(x, y Edge) int {
		switch {
		case x.A != y.A:
			return cmp.Compare(x.A, y.A)
		case x.B != y.B:
			return cmp.Compare(x.B, y.B)
		case x.Verified != y.Verified:
			return cmp.Compare(rank(x.Verified), rank(y.Verified))
		case x.Before(y):
			return -1
		case y.Before(x):
			return 1
		}
		return 0
	})
	return slices.CompactFunc(out, func(x, y Edge) bool {
		return x.A == y.A && x.B == y.B && x.Verified == y.Verified
	})
}

func rank(b bool) int {
	if b {
		return 1
	}
	return 0
}

// FoldFragments keeps the first of each hash, verified if any of them is, by hash.
func FoldFragments(frags []Fragment) []Fragment {
	out := slices.Clone(frags)
	slices.SortStableFunc(out, func(x, y Fragment) int { return bytes.Compare(x.Hash[:], y.Hash[:]) })
	verified := map[person.Hash]bool{}
	for _, f := range out {
		verified[f.Hash] = verified[f.Hash] || f.Verified
	}
	out = slices.CompactFunc(out, func(x, y Fragment) bool { return x.Hash == y.Hash })
	for i := range out {
		out[i].Verified = verified[out[i].Hash]
	}
	return out
}

// Last keeps the last row of each key, sorted by key: what writing them one
// after the other would leave, in an order in which two writers cannot block
// each other.
func Last[T any, K cmp.Ordered](rows []T, key func(T) K) []T {
	return LastFunc(rows, func(x, y T) int { return cmp.Compare(key(x), key(y)) })
}

// LastFunc is Last for keys of several parts.
func LastFunc[T any](rows []T, compare func(x, y T) int) []T {
	out := slices.Clone(rows)
	slices.Reverse(out)
	slices.SortStableFunc(out, compare)
	return slices.CompactFunc(out, func(x, y T) bool { return compare(x, y) == 0 })
}
