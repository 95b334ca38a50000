package profile

import (
	"cmp"
	"slices"
	"time"

	"github.com/heed-platform/heed/internal/clock"
	"github.com/heed-platform/heed/internal/fact"
	"github.com/heed-platform/heed/internal/know/profile/order"
)

// How long a message is remembered: one that caps count for the longest window a
// cap may have, a year; any other for a month.
const (
	countedFor   = 366 * 24 * time.Hour
	contactedFor = 31 * 24 * time.Hour

	counted = "marketing"
)

// ApplyEdge remembers by which identifier the other fragment was named.
func ApplyEdge(s *fact.State, e *fact.Edge) {
	t := fact.Tie{Other: e.Other, Identifier: e.Identifier, Verified: e.Verified}
	i, found := slices.BinarySearchFunc(s.Ties, t.Other, func(x fact.Tie, id fact.FragmentID) int { return cmp.Compare(x.Other, id) })
	if !found {
		s.Ties = slices.Insert(s.Ties, i, t)
	} else {
		if !t.Identifier.Value.IsZero() {
			s.Ties[i].Identifier = smaller(s.Ties[i].Identifier, t.Identifier)
		}
		s.Ties[i].Verified = s.Ties[i].Verified || t.Verified
	}
	if len(s.Ties) > maxTies {
		s.Ties, s.Full = s.Ties[:maxTies], true
	}
}

// ApplyGrant enters one entry of the consent ledger, in the order of the chain.
// Of each (purpose, channel, topic) the state keeps the entry that stands, and
// the newest with which the person settled a conflict, if that is another.
func ApplyGrant(s *fact.State, g *fact.Grant) {
	from, found := slices.BinarySearchFunc(s.Grants, *g, compareGrants)
	to := from
	for to < len(s.Grants) && compareGrants(s.Grants[to], *g) == 0 {
		to++
	}
	keep := []fact.Grant{*g}
	if found {
		keep = keepGrants(s.Grants[from:to], g)
	}
	s.Grants = slices.Replace(s.Grants, from, to, keep...)
}

// keepGrants puts the entry that stands first.
func keepGrants(old []fact.Grant, g *fact.Grant) []fact.Grant {
	stands := old[0]
	if supersedes(g, &stands) {
		stands = *g
	}
	keep := []fact.Grant{stands}
	if len(stands.Resolves) > 0 {
		return keep
	}
	settled := append(slices.Clone(old), *g)
	settled = slices.DeleteFunc(settled, func(x fact.Grant) bool { return len(x.Resolves) == 0 })
	for i := range settled {
		if i == 0 || supersedes(&settled[i], &keep[len(keep)-1]) {
			keep = append(keep[:1], settled[i])
		}
	}
	return keep
}

// supersedes reports whether g, heard after old, takes its place. A refusal
// takes the place of every yes before it, whatever clocks say; a yes only that
// of a refusal which was received earlier.
func supersedes(g, old *fact.Grant) bool {
	no, was := g.Status != fact.Granted, old.Status != fact.Granted
	switch {
	case no && !was:
		return true
	case was && !no:
		return g.Received > old.Received
	case no:
		return cmp.Or(cmp.Compare(g.Received, old.Received), cmp.Compare(g.Status, old.Status)) >= 0
	}
	return g.Received >= old.Received
}

// signal is the method of grants that a browser makes on its own (GPC). They
// stand beside what the person said, and neither replaces the other.
const signal = "gpc"

func compareGrants(a, b fact.Grant) int {
	return cmp.Or(
		cmp.Compare(a.Purpose, b.Purpose), cmp.Compare(a.Channel, b.Channel), cmp.Compare(a.Topic, b.Topic),
		compareBool(a.Method == signal, b.Method == signal),
	)
}

func compareBool(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return 1
	}
	return -1
}

// ApplyPreference enters what the person set, in the order of the chain: the
// last word holds even when the server's clock went back before it.
func ApplyPreference(s *fact.State, p *fact.Preference) { s.Preference = *p }

// ApplyMembership enters that the person entered or left an audience, in the
// order of the chain. Exits are kept too: they end an entry on another fragment.
func ApplyMembership(s *fact.State, m *fact.Membership) {
	i, found := slices.BinarySearchFunc(s.Memberships, *m, compareMemberships)
	if !found {
		s.Memberships = slices.Insert(s.Memberships, i, fact.Membership{})
	}
	s.Memberships[i] = *m
}

func compareMemberships(a, b fact.Membership) int {
	return cmp.Or(cmp.Compare(a.Audience, b.Audience), cmp.Compare(a.Purpose, b.Purpose))
}

// ApplyDisclosure counts what left as a message, if it was one.
func ApplyDisclosure(s *fact.State, d *fact.Disclosure) {
	if d.Class == "" {
		return
	}
	contacted(s, fact.Contacted{Channel: d.Channel, Class: d.Class, At: d.At, ID: order.KeyOf("disclosure", d.ID)})
}

// ApplyOutcome gives the slot of a message back that failed or was refused. The
// message may stand on another fragment: people who are joined change anchor.
func ApplyOutcome(s *fact.State, o *fact.Outcome) {
	if o.Status != "failed" && o.Status != "refused" {
		return
	}
	id := order.KeyOf("disclosure", o.Disclosure)
	for i := range s.Contacted {
		if s.Contacted[i].ID == id {
			s.Contacted[i].Back = true
			return
		}
	}
	contacted(s, fact.Contacted{At: o.At, ID: id, Back: true})
}

func contacted(s *fact.State, c fact.Contacted) {
	i, _ := slices.BinarySearchFunc(s.Contacted, c, compareContacted)
	s.Contacted = forget(slices.Insert(s.Contacted, i, c))
}

// forget leaves out what is too long before the newest.
func forget(all []fact.Contacted) []fact.Contacted {
	var newest clock.Instant
	for i := range all {
		newest = max(newest, all[i].At)
	}
	return slices.DeleteFunc(all, func(c fact.Contacted) bool {
		kept := contactedFor
		if c.Class == counted {
			kept = countedFor
		}
		return c.At <= newest.Add(-kept)
	})
}

func compareContacted(a, b fact.Contacted) int {
	return cmp.Or(cmp.Compare(a.At, b.At), cmp.Compare(a.ID, b.ID))
}
