package identity

import (
	"github.com/heed-platform/heed/internal/fact"
)

// Split says which pairs to cut so that x and from are two people again; zero
// from is the anchor of x's person. Each time it undoes the edge that joined
// the two sides, which is the last in order of acceptance on the way between
// them, and decides everything again, until they are apart. So when one edge
// had merged two people, cutting what Split says leaves exactly those two. It
// is empty when x and from are not one person.
func Split(x, from fact.FragmentID, nodes []Node, edges []Edge, r Rules) [][2]fact.FragmentID {
	if from == 0 {
		p, _ := Of(x, nodes, edges, r)
		from = p.Anchor
	}
	s := prepare(nodes, edges, r)
	a, okA := s.find(x)
	b, okB := s.find(from)
	if !okA || !okB || a == b {
		return nil
	}
	var cuts [][2]fact.FragmentID
	for s.settle(); s.set.root(a) == s.set.root(b); s.settle() {
		l := s.joint(a, b)
		l.Cut, l.void = true, true
		cuts = append(cuts, [2]fact.FragmentID{l.A, l.B})
	}
	return cuts
}

// joint is the accepted link by which two fragments of one person came
// together: before it, in order of acceptance, they were apart.
func (s *solver) joint(a, b int32) *link {
	f := plant(len(s.nodes))
	for i := range s.links {
		if l := &s.links[i]; l.code == "" && f.graft(l.a, l.b) && f.root(a) == f.root(b) {
			return l
		}
	}
	return nil
}
