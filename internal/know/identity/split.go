package identity

import (
	"slices"

	"github.com/heed-platform/heed/internal/fact"
)

// Split says which pairs to cut so that x and from are two people again; zero
// from is the anchor of x's person. Each time it undoes the edge that joined
// the two sides, which is the last in order of acceptance on the way between
// them, and decides everything again, until they are apart. So when one edge
// had merged two people, cutting what Split says leaves exactly those two. It
// is empty when x and from are not one person.
func Split(x, from fact.FragmentID, nodes []Node, edges []Edge, r Rules) [][2]fact.FragmentID {
	edges = slices.Clone(edges)
	var cuts [][2]fact.FragmentID
	for {
		p, ok := Of(x, nodes, edges, r)
		if from == 0 {
			from = p.Anchor
		}
		if !ok || x == from || !p.Has(from) {
			return cuts
		}
		last := p.joint(x, from)
		cuts = append(cuts, [2]fact.FragmentID{last.A, last.B})
		for i, e := range edges {
			if min(e.A, e.B) == last.A && max(e.A, e.B) == last.B {
				edges[i].Cut = true
			}
		}
	}
}

// joint is the accepted edge by which two fragments of one person came
// together: before it, in order of acceptance, they were apart.
func (p Person) joint(x, y fact.FragmentID) Edge {
	f := p.forest()
	for _, e := range p.Accepted {
		f.join(e)
		if f.root(x) == f.root(y) {
			return e
		}
	}
	return Edge{}
}

// forest is a union-find over the fragments of one person.
type forest struct {
	fragments []fact.FragmentID
	parent    []int
}

func (p Person) forest() forest {
	f := forest{p.Fragments, make([]int, len(p.Fragments))}
	for i := range f.parent {
		f.parent[i] = i
	}
	return f
}

func (f forest) root(id fact.FragmentID) int {
	i, _ := slices.BinarySearch(f.fragments, id)
	for f.parent[i] != i {
		f.parent[i] = f.parent[f.parent[i]]
		i = f.parent[i]
	}
	return i
}

// join reports whether the edge joined two sides.
func (f forest) join(e Edge) bool {
	a, b := f.root(e.A), f.root(e.B)
	f.parent[b] = a
	return a != b
}
