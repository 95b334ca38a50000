package identity_test

import (
	"fmt"
	"testing"

	"github.com/heed-platform/heed/internal/clock"
	"github.com/heed-platform/heed/internal/fact"
	"github.com/heed-platform/heed/internal/know/identity"
	"github.com/heed-platform/heed/internal/person"
)

// typical is one person with an account, a card, an email and two devices.
func typical() ([]identity.Node, []identity.Edge) {
	var nodes []identity.Node
	for i, ns := range []person.Namespace{person.AnonymousID, person.UserID, person.Email, person.MemberID, person.AnonymousID} {
		nodes = append(nodes, identity.Node{ID: fact.FragmentID(10 + i), NS: ns, Verified: true})
	}
	var edges []identity.Edge
	for i, b := range []fact.FragmentID{10, 12, 13, 14} {
		edges = append(edges, identity.Edge{A: 11, B: b, Verified: true, At: clock.Instant(i) * day, Message: hash(fmt.Sprint(i))})
	}
	return nodes, edges
}

// bomb is one account with n identifiers of one namespace, one an hour.
func bomb(ns person.Namespace, n int) ([]identity.Node, []identity.Edge) {
	nodes := []identity.Node{{ID: 1, NS: person.UserID, Verified: true}}
	var edges []identity.Edge
	for i := range n {
		id := fact.FragmentID(2 + i)
		nodes = append(nodes, identity.Node{ID: id, NS: ns, Verified: true})
		edges = append(edges, identity.Edge{A: 1, B: id, Verified: true, At: clock.Instant(i) * day / 24, Message: hash(fmt.Sprint(i))})
	}
	return nodes, edges
}

// tablet is n people who sign in on one device and on one of their own.
func tablet(n int) ([]identity.Node, []identity.Edge) {
	nodes := []identity.Node{{ID: 1, NS: person.DeviceID, Verified: true}}
	var edges []identity.Edge
	for i := range n {
		user, own := fact.FragmentID(2+2*i), fact.FragmentID(3+2*i)
		nodes = append(nodes,
			identity.Node{ID: user, NS: person.UserID, Verified: true},
			identity.Node{ID: own, NS: person.AnonymousID, Verified: true})
		at := clock.Instant(i) * day / 24
		edges = append(edges,
			identity.Edge{A: 1, B: user, Verified: true, At: at, Message: hash(fmt.Sprint(i))},
			identity.Edge{A: user, B: own, Verified: true, At: at, Message: hash(fmt.Sprint(i))})
	}
	return nodes, edges
}

// chain is n users in a row with a device between each two, the worst for
// finding shared devices one after the other.
func chain(n int) ([]identity.Node, []identity.Edge) {
	var nodes []identity.Node
	var edges []identity.Edge
	for i := range n {
		id := fact.FragmentID(1 + i)
		ns := []person.Namespace{person.UserID, person.AnonymousID, person.MemberID, person.AnonymousID}[i%4]
		nodes = append(nodes, identity.Node{ID: id, NS: ns, Verified: true})
		if i > 0 {
			edges = append(edges, identity.Edge{A: id - 1, B: id, Verified: true, At: clock.Instant(i) * day, Message: hash(fmt.Sprint(i))})
		}
	}
	return nodes, edges
}

func BenchmarkResolve(b *testing.B) {
	r := identity.DefaultRules()
	b.Run("alone", func(b *testing.B) {
		nodes, _ := typical()
		run(b, nodes[:1], nil, r)
	})
	b.Run("typical", func(b *testing.B) {
		nodes, edges := typical()
		run(b, nodes, edges, r)
	})
	b.Run("family tablet", func(b *testing.B) {
		nodes, edges := tablet(2)
		run(b, nodes, edges, r)
	})
	b.Run("10000 emails", func(b *testing.B) {
		nodes, edges := bomb(person.Email, 10_000)
		run(b, nodes, edges, r)
	})
	b.Run("10000 anonymous ids", func(b *testing.B) {
		nodes, edges := bomb(person.AnonymousID, 10_000)
		run(b, nodes, edges, r)
	})
	b.Run("5000 people on a tablet", func(b *testing.B) {
		nodes, edges := tablet(5000)
		run(b, nodes, edges, r)
	})
	b.Run("chain of 1000", func(b *testing.B) {
		nodes, edges := chain(1000)
		run(b, nodes, edges, r)
	})
}

func run(b *testing.B, nodes []identity.Node, edges []identity.Edge, r identity.Rules) {
	b.Helper()
	b.ReportAllocs()
	for b.Loop() {
		identity.Resolve(nodes, edges, r)
	}
}

func BenchmarkCanonical(b *testing.B) {
	for _, tt := range []struct {
		ns    person.Namespace
		value string
	}{{person.UserID, "ann-42"}, {person.Email, "Ann.Lee@Example.com"}, {person.Phone, "+49 30 901820"}} {
		b.Run(string(tt.ns), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := identity.Canonical(tt.ns, tt.value, "DE"); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
