package identity

import (
	"bytes"
	"cmp"
	"slices"

	"github.com/heed-platform/heed/internal/fact"
	"github.com/heed-platform/heed/internal/person"
)

// class is when in the order of acceptance an edge has its turn.
type class uint8

const (
	named   class = iota // verified, between two names
	device               // verified, with a device
	claimed              // unproven
)

// link is an edge whose ends are places in solver.nodes, with what became of it.
type link struct {
	Edge

	a, b  int32
	class class
	void  bool // cut, or an end is barred: as if it had never been said
	code  Code // empty while nothing speaks against it
	ns    person.Namespace
}

// solver decides one set of nodes and edges. It is made for one answer.
type solver struct {
	rules Rules
	nodes []Node  // by id, each once
	space []int32 // by node: which of rules.spaces is its own
	links []link  // in order of acceptance, one a pair

	verified []bool // by node: a verified event named it
	crowd    []crowd
	set      sets
	totals   []int // by space: fragments
}

// crowd says that too many people are behind a node for it to link them.
type crowd uint8

const (
	shared   crowd = 1 << iota // a device on which different people signed in
	crowded                    // an identifier that many people have
	pretends                   // a device that claimed to be many people
)

func prepare(nodes []Node, edges []Edge, r Rules) *solver {
	if len(r.spaces) == 0 {
		r.spaces = []space{{}}
	}
	s := &solver{rules: r, nodes: slices.Clone(nodes)}
	slices.SortFunc(s.nodes, func(x, y Node) int { return cmp.Compare(x.ID, y.ID) })
	s.nodes = foldNodes(s.nodes)

	n := len(s.nodes)
	places, flags := make([]int32, 3*n), make([]bool, 2*n)
	s.space, s.set.forest, s.set.size = places[:n], places[n:2*n], places[2*n:]
	s.verified, s.set.proven = flags[:n], flags[n:]
	s.crowd = make([]crowd, n)
	s.totals = make([]int, len(r.spaces))
	for i := range s.nodes {
		at := r.at(s.nodes[i].NS)
		s.space[i] = int32(at)
		s.totals[at]++
	}
	s.connect(edges)
	s.set.prepare(s)
	return s
}

// foldNodes keeps one of the nodes with the same id.
func foldNodes(nodes []Node) []Node {
	out := nodes[:0]
	for _, n := range nodes {
		if k := len(out); k > 0 && out[k-1].ID == n.ID {
			out[k-1].Verified = out[k-1].Verified || n.Verified
			continue
		}
		out = append(out, n)
	}
	return out
}

// find is where the node of an id stands.
func (s *solver) find(id fact.FragmentID) (int32, bool) {
	lo, hi := 0, len(s.nodes)
	for lo < hi {
		mid := int(uint(lo+hi) >> 1)
		if s.nodes[mid].ID < id {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	return int32(lo), lo < len(s.nodes) && s.nodes[lo].ID == id
}

func (s *solver) rule(i int32) *space   { return &s.rules.spaces[s.space[i]] }
func (s *solver) isDevice(i int32) bool { return s.rule(i).Device }

// connect makes links of edges: the best edge of each pair, cut if any of the
// pair is, in order of acceptance.
func (s *solver) connect(edges []Edge) {
	s.links = make([]link, 0, len(edges))
	for _, e := range edges {
		if e.A > e.B {
			e.A, e.B = e.B, e.A
		}
		a, okA := s.find(e.A)
		b, okB := s.find(e.B)
		if !okA || !okB || a == b {
			continue
		}
		l := link{Edge: e, a: a, b: b, void: e.Cut || s.rules.Barred[e.A] || s.rules.Barred[e.B]}
		switch {
		case !e.Verified:
			l.class = claimed
		case s.isDevice(a) || s.isDevice(b):
			l.class = device
		}
		s.links = append(s.links, l)
	}
	slices.SortFunc(s.links, func(x, y link) int {
		if c := cmp.Or(cmp.Compare(x.a, y.a), cmp.Compare(x.b, y.b)); c != 0 {
			return c
		}
		return compareSaid(&x, &y)
	})
	s.links = foldPairs(s.links)
	slices.SortFunc(s.links, func(x, y link) int { return s.compareLinks(&x, &y) })
}

// foldPairs keeps the first link of each pair, which is the best one.
func foldPairs(links []link) []link {
	out := links[:0]
	for _, l := range links {
		if n := len(out); n > 0 && out[n-1].a == l.a && out[n-1].b == l.b {
			out[n-1].Cut, out[n-1].void = out[n-1].Cut || l.Cut, out[n-1].void || l.void
			continue
		}
		out = append(out, l)
	}
	return out
}

// compareSaid puts verified before claimed, then earlier before later.
func compareSaid(x, y *link) int {
	if c := cmp.Compare(x.class, y.class); c != 0 {
		return c
	}
	if c := cmp.Compare(x.At, y.At); c != 0 {
		return c
	}
	return bytes.Compare(x.Message[:], y.Message[:])
}

// compareLinks is the order of acceptance. Edges of one message are told apart
// by how strong their ends are (the weakest identifier of an event is the first
// to be refused), and only then by their ids, which depend on arrival.
func (s *solver) compareLinks(x, y *link) int {
	if c := compareSaid(x, y); c != 0 {
		return c
	}
	// Only edges of one message come this far.
	xs, xw := s.byStrength(x)
	ys, yw := s.byStrength(y)
	return cmp.Or(s.compareNodes(xw, yw), s.compareNodes(xs, ys), cmp.Compare(x.a, y.a), cmp.Compare(x.b, y.b))
}

func (s *solver) byStrength(l *link) (strong, weak int32) {
	if s.compareNodes(l.a, l.b) > 0 {
		return l.b, l.a
	}
	return l.a, l.b
}

func (s *solver) compareNodes(i, j int32) int {
	return compare(s.rule(i), s.rule(j), s.nodes[i].NS, s.nodes[j].NS)
}

// settle decides every link. A device turns out to be shared only when it is
// seen between two people, which may take away what joined others; so the
// whole is decided again without it, until no more turn up.
func (s *solver) settle() {
	clear(s.crowd)
	for i := range s.nodes {
		s.verified[i] = s.nodes[i].Verified
	}
	for i := range s.links {
		if l := &s.links[i]; l.Verified && !l.void {
			s.verified[l.a], s.verified[l.b] = true, true
		}
	}
	s.findCrowdedNames()
	for {
		s.set.start(s)
		n := 0
		for ; n < len(s.links) && s.links[n].class == named; n++ {
			s.decide(&s.links[n])
		}
		s.findShared()
		s.findCrowdedDevices()
		for ; n < len(s.links); n++ {
			s.decide(&s.links[n])
		}
		if !s.findShared() {
			return
		}
	}
}

// decide accepts a link, joining its sides, or says why not.
func (s *solver) decide(l *link) {
	l.code, l.ns = s.judge(l)
	if l.code == "" {
		s.set.join(l.a, l.b)
	}
}

func (s *solver) judge(l *link) (Code, person.Namespace) {
	behind := s.crowd[l.a] | s.crowd[l.b]
	switch {
	case l.Cut:
		return Undone, ""
	case l.void:
		if s.rules.Barred[l.A] {
			return Nobody, s.nodes[l.a].NS
		}
		return Nobody, s.nodes[l.b].NS
	case behind&shared != 0:
		return SharedDevice, s.behind(l, shared)
	case behind&crowded != 0:
		return TooManyPeople, s.behind(l, crowded)
	case behind&pretends != 0 && l.class == claimed:
		return TooManyPeople, s.behind(l, pretends)
	}
	a, b := s.set.root(l.a), s.set.root(l.b)
	if a == b {
		return "", ""
	}
	if l.class == claimed && (s.set.proven[a] || s.set.proven[b] || !s.isDevice(l.a) && !s.isDevice(l.b)) {
		return ClaimedOnly, ""
	}
	return s.set.refuse(&s.rules, a, b)
}

// behind is the namespace of the end that has the mark.
func (s *solver) behind(l *link, mark crowd) person.Namespace {
	if s.crowd[l.a]&mark != 0 {
		return s.nodes[l.a].NS
	}
	return s.nodes[l.b].NS
}

// people reads the answer off the sets.
func (s *solver) people() []Person {
	at := make([]int32, len(s.nodes)) // by root: 1 + which person
	count := int32(0)
	for i := range s.nodes {
		if r := s.set.root(int32(i)); at[r] == 0 {
			count++
			at[r] = count
		}
	}
	people := make([]Person, count)
	all := make([]fact.FragmentID, len(s.nodes))
	for i := range s.nodes {
		r := s.set.root(int32(i))
		p := &people[at[r]-1]
		if p.Fragments == nil {
			n := s.set.size[r]
			p.Fragments, all = all[:0:n], all[n:]
			p.Anchor, p.Ref = s.nodes[i].ID, s.nodes[i].Ref
		} else if j, _ := s.find(p.Anchor); s.compareNodes(int32(i), j) < 0 {
			p.Anchor, p.Ref = s.nodes[i].ID, s.nodes[i].Ref
		}
		p.Fragments = append(p.Fragments, s.nodes[i].ID)
	}
	for i := range s.links {
		l := &s.links[i]
		a, b := &people[at[s.set.root(l.a)]-1], &people[at[s.set.root(l.b)]-1]
		if l.code == "" {
			if a.Accepted == nil {
				a.Accepted = make([]Edge, 0, len(a.Fragments))
			}
			a.Accepted = append(a.Accepted, l.Edge)
			continue
		}
		a.Refused = append(a.Refused, Refusal{l.Edge, l.code, l.ns})
		if a != b {
			b.Refused = append(b.Refused, Refusal{l.Edge, l.code, l.ns})
		}
	}
	return people
}
