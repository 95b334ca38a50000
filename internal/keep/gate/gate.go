package gate

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"

	"github.com/heed-platform/heed/internal/clock"
	"github.com/heed-platform/heed/internal/fact"
	"github.com/heed-platform/heed/internal/keep/internal/store"
	"github.com/heed-platform/heed/internal/keep/internal/vault"
	"github.com/heed-platform/heed/internal/person"
	"github.com/heed-platform/heed/internal/policy"
	"github.com/heed-platform/heed/internal/problem"
)

// Node is one fragment as identity resolution sees it.
type Node struct {
	ID       fact.FragmentID
	NS       person.Namespace
	Ref      person.Ref
	Verified bool
	Created  clock.Instant
}

// Edge is one piece of evidence as identity resolution sees it.
type Edge struct {
	A, B     fact.FragmentID
	Verified bool
	At       clock.Instant
	Message  person.Hash
	Cut      bool
}

// Group is one person: the anchor and all fragments.
type Group struct {
	Anchor  fact.FragmentID
	Members []fact.FragmentID // sorted
}

// Knowledge is what the gate asks of the know stage. It has one implementation
// (know, wired in app), and is an interface because keep must not import know.
type Knowledge interface {
	// Person says which fragments are one person with id.
	Person(id fact.FragmentID, nodes []Node, edges []Edge) Group
	// People sorts all nodes into people.
	People(nodes []Node, edges []Edge) []Group
	// Fold makes one profile of the states of a group's members. nodes are sorted
	// by id; there may be others among them.
	Fold(ref person.Ref, g Group, nodes []Node, states map[fact.FragmentID]fact.State) *fact.Profile
	// Apply folds one fact into its fragment's state.
	Apply(s *fact.State, kind fact.Kind, payload []byte) error
	// Canonical is the form of an identifier that is hashed.
	Canonical(id person.Identifier) (person.Identifier, error)
}

// Gate is the door. One exists per process.
type Gate struct {
	vault  *vault.Vault
	know   Knowledge
	rules  atomic.Pointer[policy.Rules]
	clock  clock.Clock
	writer string
}

// New makes the gate over a vault; only keep.Open calls it. Until Adopt is
// called it has no rules and denies everything.
func New(v *vault.Vault, know Knowledge, writer string, clk clock.Clock) *Gate {
	return &Gate{vault: v, know: know, clock: clk, writer: writer}
}

// Adopt puts rules in force for every question from now on.
func (g *Gate) Adopt(r *policy.Rules) { g.rules.Store(r) }

// Rules are those in force; nil denies everything.
func (g *Gate) Rules() *policy.Rules { return g.rules.Load() }

// ErrNobody answers a question about somebody heed does not know. It reads like
// any other "not found", so that it confirms nothing.
var ErrNobody = problem.New(problem.NotFound, "person-not-found", "There is no such person here, or nothing may be said about them.")

// Subject names the person a question is about, in one of four ways.
type Subject struct {
	ident person.Identifier
	ref   person.Ref
	id    fact.FragmentID
	point person.Hash
}

// ByIdentifier is the person that an identifier points at.
func ByIdentifier(id person.Identifier) Subject { return Subject{ident: id} }

// ByRef is the person with this id.
func ByRef(r person.Ref) Subject { return Subject{ref: r} }

// ByFragment is the person that a fragment belongs to.
func ByFragment(id fact.FragmentID) Subject { return Subject{id: id} }

// held is one person, open, inside the gate.
type held struct {
	asked   fact.FragmentID // the fragment by which they were found; 0 in walks over everybody
	profile *fact.Profile
	group   Group
	frags   map[fact.FragmentID]*vault.Fragment // of the group
	cluster vault.Cluster
	nodes   []Node
	edges   []Edge
	crowd   bool // more hangs together than may be looked at, so who it is stays open
}

func (h *held) members() []*vault.Fragment {
	out := make([]*vault.Fragment, 0, len(h.group.Members))
	for _, id := range h.group.Members {
		out = append(out, h.frags[id])
	}
	return out
}

// find settles which fragment a subject means.
func (g *Gate) find(ctx context.Context, s Subject) (fact.FragmentID, error) {
	switch {
	case s.id != 0:
		return s.id, nil
	case !s.ref.IsZero():
		f, err := g.vault.ByRef(ctx, s.ref)
		if err != nil {
			return 0, nobody(err)
		}
		return f.ID, nil
	case !s.ident.Value.IsZero():
		canonical, err := g.know.Canonical(s.ident)
		if err != nil {
			return 0, ErrNobody.Because(err)
		}
		f, err := g.vault.Find(ctx, canonical)
		if err != nil {
			return 0, nobody(err)
		}
		return f.ID, nil
	case s.point != person.Hash{}:
		return g.findPoint(ctx, s.point)
	}
	return 0, ErrNobody
}

func nobody(err error) error {
	if errors.Is(err, store.ErrNotFound) {
		return ErrNobody
	}
	return err
}

// hold reads who may be one person with id and lets know decide. Where evidence
// had to be left out, know cannot: then the fragment stands alone, and rule lets
// nobody but the person and staff use it.
func (g *Gate) hold(ctx context.Context, id fact.FragmentID) (*held, error) {
	c, err := g.vault.ClusterOf(ctx, id)
	if err != nil {
		return nil, err
	}
	if c.Fragments[id] == nil {
		return nil, ErrNobody
	}
	h := &held{asked: id, cluster: c, crowd: !c.Whole, group: Group{Anchor: id, Members: []fact.FragmentID{id}}}
	h.nodes, h.edges = NodesOf(c)
	if c.Whole {
		h.group = g.know.Person(id, h.nodes, h.edges)
	}
	h.frags = make(map[fact.FragmentID]*vault.Fragment, len(h.group.Members))
	for _, m := range h.group.Members {
		h.frags[m] = c.Fragments[m]
	}
	return h, nil
}

// NodesOf is a cluster as identity resolution sees it, for the line.
func NodesOf(c vault.Cluster) ([]Node, []Edge) {
	nodes := make([]Node, 0, len(c.Fragments))
	for _, f := range c.Fragments {
		nodes = append(nodes, Node{ID: f.ID, NS: f.NS, Ref: f.Ref, Verified: f.Verified, Created: f.Created})
	}
	slices.SortFunc(nodes, func(a, b Node) int { return int(a.ID - b.ID) })
	edges := make([]Edge, len(c.Edges))
	for i, e := range c.Edges {
		edges[i] = Edge(e)
	}
	return nodes, edges
}

// open reads one person whole, from a snapshot.
func (g *Gate) open(ctx context.Context, id fact.FragmentID) (*held, error) {
	h, err := g.hold(ctx, id)
	if err != nil {
		return nil, err
	}
	err = g.vault.Data().Read(ctx, func(r store.Reader) error {
		states, err := g.vault.States(ctx, r, h.frags)
		if err != nil {
			return err
		}
		h.profile = g.fold(h, states)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("open person: %w", err)
	}
	return h, nil
}

func (g *Gate) fold(h *held, states map[fact.FragmentID]fact.State) *fact.Profile {
	return aged(g.Rules(), g.know.Fold(h.frags[h.group.Anchor].Ref, h.group, h.nodes, states))
}
