package identity

import (
	"slices"

	"github.com/heed-platform/heed/internal/clock"
	"github.com/heed-platform/heed/internal/fact"
	"github.com/heed-platform/heed/internal/person"
)

// Node is one fragment. Verified says that a verified event named it at least
// once. Created is when it was first seen here; no rule reads it, because it
// tells the order of arrival.
type Node struct {
	ID       fact.FragmentID
	NS       person.Namespace
	Ref      person.Ref
	Verified bool
	Created  clock.Instant
}

// Edge says that two fragments were named together: in which message, when,
// and whether that message was verified. Which end is A does not matter. Cut
// takes back every edge of the pair, also those that are said later.
type Edge struct {
	A, B     fact.FragmentID
	Verified bool
	At       clock.Instant
	Message  person.Hash
	Cut      bool
}

// Code says why an edge joins nothing.
type Code string

// The reasons. An edge has one: the first of these that applies.
const (
	Undone        Code = "cut"             // undone by hand
	Nobody        Code = "blocked"         // an end is an identifier that points at nobody
	SharedDevice  Code = "shared_device"   // an end is a device on which different people signed in
	TooManyPeople Code = "too_many_people" // an end is an identifier that many people use
	ClaimedOnly   Code = "claimed_only"    // unproven, and one side is verified
	TwoPeople     Code = "two_people"      // both sides have a strong identifier of one namespace
	OverLimit     Code = "limit"           // the person would have too many of one namespace
	PersonFull    Code = "person_full"     // the person would have too many fragments
)

// Refusal is an edge that joins nothing. NS is the namespace whose rule refused
// it, where it was one's.
type Refusal struct {
	Edge Edge
	Code Code
	NS   person.Namespace
}

// Person is one human as far as the edges tell. Anchor is the fragment of the
// strongest namespace, the smallest id among equals; Ref is the anchor's.
// Fragments are sorted. Accepted holds the edges inside the person and Refused
// those of its fragments that join nothing (also listed with the other end's
// person), both in order of acceptance, with A less than B and one edge a pair.
type Person struct {
	Anchor    fact.FragmentID
	Ref       person.Ref
	Fragments []fact.FragmentID
	Accepted  []Edge
	Refused   []Refusal
}

// Resolve sorts fragments into people, in order of their smallest fragment.
// Every node is in exactly one person. Edges that name a fragment not among
// the nodes, or the same fragment twice, say nothing.
func Resolve(nodes []Node, edges []Edge, r Rules) []Person {
	if len(nodes) == 1 {
		return []Person{{Anchor: nodes[0].ID, Ref: nodes[0].Ref, Fragments: []fact.FragmentID{nodes[0].ID}}}
	}
	s := prepare(nodes, edges, r)
	s.settle()
	return s.people()
}

// Of is the person whom the fragment belongs to; false when it is not among
// the nodes.
func Of(id fact.FragmentID, nodes []Node, edges []Edge, r Rules) (Person, bool) {
	for _, p := range Resolve(nodes, edges, r) {
		if p.Has(id) {
			return p, true
		}
	}
	return Person{}, false
}

// Has reports whether the fragment belongs to the person.
func (p Person) Has(id fact.FragmentID) bool { return slices.Contains(p.Fragments, id) }
