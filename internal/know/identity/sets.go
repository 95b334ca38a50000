package identity

import (
	"slices"

	"github.com/heed-platform/heed/internal/clock"
	"github.com/heed-platform/heed/internal/person"
)

// forest is a union-find: by fragment, another one of the same set. The last of
// such a way, its root, stands for the set.
type forest []int32

// plant makes a forest of n single trees.
func plant(n int) forest {
	f := make(forest, n)
	for i := range f {
		f[i] = int32(i)
	}
	return f
}

func (f forest) root(x int32) int32 {
	for f[x] != x {
		f[x] = f[f[x]]
		x = f[x]
	}
	return x
}

// graft makes one set of two and reports whether they were two.
func (f forest) graft(a, b int32) bool {
	a, b = f.root(a), f.root(b)
	f[b] = a
	return a != b
}

// sets are the people while they grow: a forest that knows of each set what the
// rules ask. Columns exist only for rules that the input could break at
// all, which for nearly everybody are none.
type sets struct {
	forest

	size   []int32
	proven []bool // holds a verified name

	strongs []int32           // strong spaces with two fragments or more
	strong  []int32           // by set and strongs: the fragment that it holds, or -1
	limits  []int32           // other spaces with more fragments than one person may have
	times   [][]clock.Instant // by set and limits: when its fragments were first named, sorted
}

// prepare makes the columns; forest, size and proven have room already.
func (t *sets) prepare(s *solver) {
	n := len(s.nodes)
	for i := range s.rules.spaces {
		switch r := &s.rules.spaces[i]; {
		case r.Strong && s.totals[i] > 1:
			t.strongs = append(t.strongs, int32(i))
		case !r.Strong && s.totals[i] > r.Limit:
			t.limits = append(t.limits, int32(i))
		}
	}
	t.strong = make([]int32, n*len(t.strongs))
	t.times = make([][]clock.Instant, n*len(t.limits))
}

// start puts every fragment into a set of its own.
func (t *sets) start(s *solver) {
	for i := range s.nodes {
		t.forest[i], t.size[i] = int32(i), 1
		t.proven[i] = s.verified[i] && !s.isDevice(int32(i))
		for c, sp := range t.strongs {
			t.strong[i*len(t.strongs)+c] = -1
			if s.space[i] == sp {
				t.strong[i*len(t.strongs)+c] = int32(i)
			}
		}
	}
	if len(t.limits) == 0 {
		return
	}
	first := firstNamed(s)
	for i := range s.nodes {
		for c, sp := range t.limits {
			t.times[i*len(t.limits)+c] = nil
			if s.space[i] == sp {
				t.times[i*len(t.limits)+c] = first[i : i+1 : i+1]
			}
		}
	}
}

// firstNamed is, by node, the earliest time of its links; verified ones count
// before claimed ones, so that a claim can't date an identifier back.
func firstNamed(s *solver) []clock.Instant {
	first := make([]clock.Instant, len(s.nodes))
	known := make([]bool, len(s.nodes))
	for i := range s.links {
		l := &s.links[i]
		if l.void {
			continue
		}
		for _, x := range [2]int32{l.a, l.b} {
			byClaim := l.class == claimed && s.verified[x]
			if !known[x] || l.At < first[x] && !byClaim {
				first[x], known[x] = l.At, true
			}
		}
	}
	return first
}

// join makes one set of two; within one set it does nothing.
func (t *sets) join(a, b int32) {
	a, b = t.root(a), t.root(b)
	if a == b {
		return
	}
	if t.size[a] < t.size[b] {
		a, b = b, a
	}
	t.forest[b] = a
	t.size[a] += t.size[b]
	t.proven[a] = t.proven[a] || t.proven[b]
	for c, n := 0, len(t.strongs); c < n; c++ {
		if held := t.strong[int(b)*n+c]; held >= 0 {
			t.strong[int(a)*n+c] = held
		}
	}
	for c, n := 0, len(t.limits); c < n; c++ {
		t.times[int(a)*n+c] = merge(t.times[int(a)*n+c], t.times[int(b)*n+c])
	}
}

// refuse says which rule forbids that two sets become one, if any does.
func (t *sets) refuse(r *Rules, a, b int32) (Code, person.Namespace) {
	for c, n := 0, len(t.strongs); c < n; c++ {
		if t.strong[int(a)*n+c] >= 0 && t.strong[int(b)*n+c] >= 0 {
			return TwoPeople, r.spaces[t.strongs[c]].Name
		}
	}
	for c, n := 0, len(t.limits); c < n; c++ {
		if s := &r.spaces[t.limits[c]]; s.exceeded(t.times[int(a)*n+c], t.times[int(b)*n+c]) {
			return OverLimit, s.Name
		}
	}
	if int(t.size[a]+t.size[b]) > r.MaxFragments {
		return PersonFull, ""
	}
	return "", ""
}

// exceeded reports whether some span shorter than the period would hold more
// than the limit, given that neither x nor y alone has such a span.
func (s *space) exceeded(x, y []clock.Instant) bool {
	if len(x) == 0 || len(y) == 0 || len(x)+len(y) <= s.Limit {
		return false
	}
	if s.per == 0 {
		return true
	}
	if len(x) < len(y) {
		x, y = y, x
	}
	// Only spans that hold one of y can be new.
	from, _ := slices.BinarySearch(x, y[0].Add(-s.per))
	to, _ := slices.BinarySearch(x, y[len(y)-1].Add(s.per))
	all := merge(x[from:to:to], y)
	for i := s.Limit; i < len(all); i++ {
		if all[i].Sub(all[i-s.Limit]) < s.per {
			return true
		}
	}
	return false
}

// merge makes one sorted list of two; it may use up x.
func merge(x, y []clock.Instant) []clock.Instant {
	if len(x) == 0 {
		return y
	}
	if len(y) == 0 || x[len(x)-1] <= y[0] {
		return append(x, y...)
	}
	out := make([]clock.Instant, 0, len(x)+len(y))
	for len(x) > 0 && len(y) > 0 {
		if y[0] < x[0] {
			x, y = y, x
		}
		out, x = append(out, x[0]), x[1:]
	}
	return append(append(out, x...), y...)
}
