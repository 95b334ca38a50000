// Package know is what the gate asks of this stage: who is one person, how
// facts fold into a state and states into a profile, and what an identifier's
// canonical form is.
//
// It joins identity and profile behind gate.Knowledge, so that keep never
// imports a stage. It holds no state but its rules and promises to be pure: the
// same evidence gives the same people. Start reading at Knowledge, then
// know/identity and know/profile.
package know

import (
	"cmp"
	"slices"
	"sync/atomic"

	"github.com/heed-platform/heed/internal/fact"
	"github.com/heed-platform/heed/internal/keep/gate"
	"github.com/heed-platform/heed/internal/know/identity"
	"github.com/heed-platform/heed/internal/know/profile"
	"github.com/heed-platform/heed/internal/person"
	"github.com/heed-platform/heed/internal/problem"
)

// Knowledge answers by one set of identity rules.
type Knowledge struct {
	rules  identity.Rules
	region string // where a phone number without a country code belongs, ISO 3166
	past   past
	barred atomic.Pointer[map[fact.FragmentID]bool]
}

var _ gate.Knowledge = (*Knowledge)(nil)

// New makes the knowledge of a workspace.
func New(rules identity.Rules, region string) *Knowledge {
	return &Knowledge{rules: rules, region: region}
}

// Rules are the identity rules it answers by.
func (k *Knowledge) Rules() identity.Rules {
	r := k.rules
	if barred := k.barred.Load(); barred != nil {
		r.Barred = *barred
	}
	return r
}

// Bar says which fragments point at nobody by these rules, from now on; the map
// must not change afterwards.
func (k *Knowledge) Bar(fragments map[fact.FragmentID]bool) { k.barred.Store(&fragments) }

// Person says which fragments are one person with id.
func (k *Knowledge) Person(id fact.FragmentID, nodes []gate.Node, edges []gate.Edge) gate.Group {
	if len(nodes) == 1 {
		return gate.Group{Anchor: id, Members: []fact.FragmentID{id}}
	}
	p, ok := k.Whole(id, nodes, edges)
	if !ok {
		return gate.Group{Anchor: id, Members: []fact.FragmentID{id}}
	}
	return gate.Group{Anchor: p.Anchor, Members: p.Fragments}
}

// People sorts all nodes into people. Each connected piece of evidence is
// settled once, in the order of their first nodes. Edges that name others say
// nothing.
func (k *Knowledge) People(nodes []gate.Node, edges []gate.Edge) []gate.Group {
	var out []gate.Group
	rules := k.Rules()
	for _, p := range pieces(nodes, edges) {
		for _, h := range identity.Resolve(p.nodes, p.edges, rules) {
			out = append(out, gate.Group{Anchor: h.Anchor, Members: h.Fragments})
		}
	}
	return out
}

// piece is one connected piece of evidence.
type piece struct {
	nodes []identity.Node
	edges []identity.Edge
}

func pieces(nodes []gate.Node, edges []gate.Edge) []*piece {
	place := make(map[fact.FragmentID]int, len(nodes))
	lead := make([]int, len(nodes))
	for i, n := range nodes {
		place[n.ID], lead[i] = i, i
	}
	root := func(i int) int {
		for lead[i] != i {
			lead[i] = lead[lead[i]]
			i = lead[i]
		}
		return i
	}
	edges = slices.DeleteFunc(slices.Clone(edges), func(e gate.Edge) bool {
		_, a := place[e.A]
		_, b := place[e.B]
		return !a || !b
	})
	for _, e := range edges {
		lead[root(place[e.B])] = root(place[e.A])
	}
	of := make([]*piece, len(nodes)) // by root
	var all []*piece
	for i, n := range nodes {
		r := root(i)
		if of[r] == nil {
			of[r] = &piece{}
			all = append(all, of[r])
		}
		of[r].nodes = append(of[r].nodes, identity.Node(n))
	}
	for _, e := range edges {
		p := of[root(place[e.A])]
		p.edges = append(p.edges, identity.Edge(e))
	}
	return all
}

// Whole is Person with the evidence for and against.
func (k *Knowledge) Whole(id fact.FragmentID, nodes []gate.Node, edges []gate.Edge) (identity.Person, bool) {
	return identity.Of(id, Nodes(nodes), Edges(edges), k.Rules())
}

// Nodes are the gate's nodes in the words of identity.
func Nodes(nodes []gate.Node) []identity.Node {
	out := make([]identity.Node, len(nodes))
	for i, n := range nodes {
		out[i] = identity.Node(n)
	}
	return out
}

// Edges are the gate's edges in the words of identity.
func Edges(edges []gate.Edge) []identity.Edge {
	out := make([]identity.Edge, len(edges))
	for i, e := range edges {
		out[i] = identity.Edge(e)
	}
	return out
}

// Fold makes one profile of the states of a group's members.
func (k *Knowledge) Fold(ref person.Ref, g gate.Group, nodes []gate.Node, states map[fact.FragmentID]fact.State) *fact.Profile {
	p := profile.Fold(ref, g.Anchor, g.Members, states)
	p.Identifiers = profile.Named(p.Fragments, states)
	for i := range p.Identifiers {
		named := &p.Identifiers[i]
		at, found := slices.BinarySearchFunc(nodes, named.Fragment, func(n gate.Node, id fact.FragmentID) int { return cmp.Compare(n.ID, id) })
		named.Verified = found && nodes[at].Verified
	}
	slices.SortStableFunc(p.Identifiers, func(a, b fact.Named) int { return k.rules.Compare(a.NS, b.NS) })
	return p
}

// Apply folds one fact that is no event into its fragment's state. Events need
// the workspace's key for their messages: the line folds them.
func (k *Knowledge) Apply(s *fact.State, kind fact.Kind, payload []byte) error {
	return profile.Apply(s, kind, payload)
}

var errBlocked = problem.New(problem.Invalid, "identifier-blocked", "This value names nobody in particular, so it joins nothing.")

// Canonical is the form of an identifier that is hashed.
func (k *Knowledge) Canonical(id person.Identifier) (person.Identifier, error) {
	value, err := identity.Canonical(id.NS, id.Value.Reveal(), k.region)
	if err != nil {
		return person.Identifier{}, err
	}
	if k.rules.Blocked(id.NS, value) {
		return person.Identifier{}, errBlocked
	}
	return person.Ident(id.NS, value), nil
}

// Text is Canonical for those who hash it at once and keep nothing: the canonical
// text, or false for a value that points at nobody.
func (k *Knowledge) Text(ns person.Namespace, value string) (string, bool) {
	id, err := k.Canonical(person.Ident(ns, value))
	if err != nil {
		return "", false
	}
	return id.Value.Reveal(), true
}
