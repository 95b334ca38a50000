package profile

import (
	"cmp"
	"slices"

	"github.com/heed-platform/heed/internal/fact"
	"github.com/heed-platform/heed/internal/know/profile/order"
	"github.com/heed-platform/heed/internal/person"
)

// Rules are what a workspace may say about folding. The zero Rules are the
// usual ones: the better origin speaks, then the newer value.
type Rules struct {
	// Newest names attributes whose newest value speaks, whatever its origin.
	Newest map[string]bool
}

// Fold makes one person of their fragments by the usual rules.
func Fold(
	ref person.Ref, anchor fact.FragmentID, members []fact.FragmentID, states map[fact.FragmentID]fact.State,
) *fact.Profile {
	return Rules{}.Fold(ref, anchor, members, states)
}

// Fold makes one person of their fragments, in whatever order they are given.
// Members without a state count where consent is settled for all of them. It
// keeps every candidate value of an attribute, the one that speaks first, and
// leaves Identifiers to Named. It shares no memory with the states that later
// folding would change.
func (r Rules) Fold(
	ref person.Ref, anchor fact.FragmentID, members []fact.FragmentID, of map[fact.FragmentID]fact.State,
) *fact.Profile {
	p := &fact.Profile{Ref: ref, Anchor: anchor, Fragments: slices.Clone(members)}
	slices.Sort(p.Fragments)
	states := statesOf(p.Fragments, of)
	for _, s := range states {
		if s.First != 0 && (p.First == 0 || s.First < p.First) {
			p.First = s.First
		}
		p.Last = max(p.Last, s.Last)
		p.Uncovered += s.Uncovered
		p.Full = p.Full || s.Full
	}
	p.Attributes = foldAttributes(states, r)
	p.Grants = foldGrants(p.Fragments, states)
	p.Preference = foldPreferences(states)
	p.Counters = foldCounters(states)
	p.Purchases, p.Spends = order.Totals(states)
	p.Contacted = foldContacted(states)
	p.Friends = foldFriends(states)
	p.Memberships = foldMemberships(states)
	return p
}

func statesOf(members []fact.FragmentID, of map[fact.FragmentID]fact.State) []*fact.State {
	out := make([]*fact.State, 0, len(members))
	for _, id := range members {
		if s, ok := of[id]; ok {
			out = append(out, &s)
		}
	}
	return out
}

// Named lists the identifiers of the members that somebody has spelled out, by
// fragment: on events of their own, or on an event of another member.
func Named(members []fact.FragmentID, of map[fact.FragmentID]fact.State) []fact.Named {
	var byTies map[fact.FragmentID]person.Identifier
	out := make([]fact.Named, 0, len(members))
	for _, id := range members {
		s := of[id]
		n := fact.Named{Identifier: s.Identifier, Fragment: id, Verified: s.Verified}
		if n.Identifier.Value.IsZero() {
			if byTies == nil {
				byTies = namedByTies(statesOf(members, of))
			}
			n.Identifier = byTies[id]
		}
		if !n.Identifier.Value.IsZero() {
			out = append(out, n)
		}
	}
	return out
}

func namedByTies(states []*fact.State) map[fact.FragmentID]person.Identifier {
	out := map[fact.FragmentID]person.Identifier{}
	for _, s := range states {
		for _, t := range s.Ties {
			if !t.Identifier.Value.IsZero() {
				out[t.Other] = smaller(out[t.Other], t.Identifier)
			}
		}
	}
	return out
}

// foldAttributes lists the candidates of each name, the one that speaks first.
func foldAttributes(states []*fact.State, rules Rules) []fact.Attribute {
	var all []fact.Attribute
	for _, s := range states {
		all = append(all, s.Attributes...)
	}
	slices.SortFunc(all, func(a, b fact.Attribute) int {
		if a.Name != b.Name {
			return cmp.Compare(a.Name, b.Name)
		}
		return rules.compare(&a, &b)
	})
	out := all[:0]
	for from := 0; from < len(all); {
		to := from + 1
		for to < len(all) && all[to].Name == all[from].Name {
			to++
		}
		out = append(out, rules.stand(all[from:to])...)
		from = to
	}
	return out
}

// compare orders two values of one name, the one that speaks first. The text
// breaks the last tie: nothing may depend on the order of fragments.
func (r Rules) compare(a, b *fact.Attribute) int {
	origin := cmp.Compare(rank(a.Origin), rank(b.Origin))
	if r.Newest[a.Name] {
		origin = 0
	}
	return cmp.Or(
		origin, compareBool(a.Claimed, b.Claimed),
		cmp.Compare(b.At, a.At), slices.Compare(b.Message[:], a.Message[:]),
		cmp.Compare(rank(a.Origin), rank(b.Origin)), cmp.Compare(a.Value.Reveal(), b.Value.Reveal()),
	)
}

// rank puts a value of no known origin last.
func rank(o fact.Origin) fact.Origin {
	if o < fact.Declared || o > fact.ThirdParty {
		return fact.ThirdParty + 1
	}
	return o
}

// stand leaves out what was taken back. Taking back reaches what was said until
// then from the same or a worse origin; a claim reaches claims only. A value
// that is too long to hold replaces older ones in the same way.
func (r Rules) stand(all []fact.Attribute) []fact.Attribute {
	gone := func(a fact.Attribute) bool { return a.Value.IsZero() || a.Value.Reveal() == "null" }
	if !slices.ContainsFunc(all, gone) {
		return current(all)
	}
	return current(slices.DeleteFunc(slices.Clone(all), func(a fact.Attribute) bool {
		return gone(a) || slices.ContainsFunc(all, func(d fact.Attribute) bool {
			return gone(d) && !newer(a.At, a.Message, d.At, d.Message) && (a.Claimed || !d.Claimed) &&
				(r.Newest[a.Name] || rank(d.Origin) <= rank(a.Origin))
		})
	}))
}

// current leaves out values that a newer one of the same origin replaced. What
// stays of one origin is one value, under every notice that it was given under:
// an old number never speaks because a promise does not cover the new one.
func current(all []fact.Attribute) []fact.Attribute {
	out := make([]fact.Attribute, 0, len(all))
	for _, a := range all {
		replaced := slices.ContainsFunc(out, func(b fact.Attribute) bool {
			return b.Origin == a.Origin && b.Claimed == a.Claimed && !b.Value.Equal(a.Value)
		})
		if !replaced {
			out = append(out, a)
		}
	}
	return out
}

func foldCounters(states []*fact.State) []fact.Counter {
	var all []fact.Counter
	for _, s := range states {
		all = append(all, s.Counters...)
	}
	slices.SortStableFunc(all, compareCounters)
	out := all[:0]
	for _, c := range all {
		n := len(out) - 1
		if n < 0 || compareCounters(out[n], c) != 0 {
			c.Days = slices.Clone(c.Days)
			out = append(out, c)
			continue
		}
		k := &out[n]
		k.Count += c.Count
		k.First, k.Last = min(k.First, c.First), max(k.Last, c.Last)
		for _, d := range c.Days {
			k.Days = addDay(k.Days, d)
		}
		k.Days = recent(k.Days, fact.Day(k.Last))
	}
	return out
}

func foldContacted(states []*fact.State) []fact.Contacted {
	var all []fact.Contacted
	back := map[uint64]bool{}
	for _, s := range states {
		for _, c := range s.Contacted {
			if c.Back {
				back[c.ID] = true
			}
			all = append(all, c)
		}
	}
	all = slices.DeleteFunc(forget(all), func(c fact.Contacted) bool { return c.Back || c.ID != 0 && back[c.ID] })
	slices.SortFunc(all, func(a, b fact.Contacted) int {
		return cmp.Or(compareContacted(a, b), cmp.Compare(a.Channel, b.Channel), cmp.Compare(a.Class, b.Class))
	})
	return all
}

func foldFriends(states []*fact.State) []fact.Friend {
	var all []fact.Friend
	for _, s := range states {
		all = append(all, s.Friends...)
	}
	slices.SortFunc(all, func(a, b fact.Friend) int {
		if c := compareFriends(a, b); c != 0 {
			return c
		}
		return compareBool(betterFriend(b, a), betterFriend(a, b))
	})
	all = slices.CompactFunc(all, func(a, b fact.Friend) bool { return compareFriends(a, b) == 0 })
	all = slices.DeleteFunc(all, func(f fact.Friend) bool { return f.Gone })
	slices.SortStableFunc(all, func(a, b fact.Friend) int {
		return cmp.Or(cmp.Compare(a.Relation, b.Relation), cmp.Compare(a.At, b.At))
	})
	return all
}

// foldMemberships keeps the latest word on each audience. At the same moment an
// exit wins.
func foldMemberships(states []*fact.State) []fact.Membership {
	var all []fact.Membership
	for _, s := range states {
		all = append(all, s.Memberships...)
	}
	slices.SortFunc(all, func(a, b fact.Membership) int {
		return cmp.Or(
			compareMemberships(a, b), cmp.Compare(b.At, a.At), compareBool(a.In, b.In), cmp.Compare(b.Generation, a.Generation),
		)
	})
	all = slices.CompactFunc(all, func(a, b fact.Membership) bool { return compareMemberships(a, b) == 0 })
	return slices.DeleteFunc(all, func(m fact.Membership) bool { return !m.In })
}
