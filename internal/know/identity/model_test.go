package identity_test

import (
	"cmp"
	"slices"

	"github.com/heed-platform/heed/internal/clock"
	"github.com/heed-platform/heed/internal/fact"
	"github.com/heed-platform/heed/internal/know/identity"
	"github.com/heed-platform/heed/internal/person"
)

// model is the slow way to the same answer: the rules as sentences, with maps,
// nothing remembered that can be looked up again.
type model struct {
	spaces   []identity.Namespace // strongest first; small limits, so that they bite
	max      int
	nodes    map[fact.FragmentID]identity.Node
	edges    []identity.Edge
	who      map[fact.FragmentID]fact.FragmentID // the smallest fragment of the person so far
	verified map[fact.FragmentID]bool
	crowded  map[fact.FragmentID]bool
	pretends map[fact.FragmentID]bool
	shared   map[fact.FragmentID]bool
	refused  map[int]identity.Refusal // by place in edges
}

// small is what the properties run with.
func small() []identity.Namespace {
	return []identity.Namespace{
		{Name: person.UserID, Strong: true, Limit: 1},
		{Name: person.MemberID, Strong: true, Limit: 1},
		{Name: person.Email, Limit: 2, PerDays: 10, People: 2},
		{Name: person.Phone, Limit: 2, People: 1},
		{Name: person.DeviceID, Device: true, Limit: 2, PerDays: 5, People: 2},
		{Name: person.AnonymousID, Device: true, Limit: 3, PerDays: 5, People: 2},
	}
}

const smallMax = 7

func smallRules() identity.Rules {
	r, err := identity.NewRules(small())
	if err != nil {
		panic(err)
	}
	r.MaxFragments = smallMax
	return r
}

func slowly(nodes []identity.Node, edges []identity.Edge) []identity.Person {
	m := &model{
		spaces: small(), max: smallMax,
		nodes: map[fact.FragmentID]identity.Node{}, verified: map[fact.FragmentID]bool{},
		crowded: map[fact.FragmentID]bool{}, pretends: map[fact.FragmentID]bool{}, shared: map[fact.FragmentID]bool{},
	}
	for _, n := range nodes {
		m.nodes[n.ID] = n
		m.verified[n.ID] = n.Verified
	}
	m.sort(edges)
	m.crowdNames()
	m.pass(func(e identity.Edge) bool { return m.class(e) == 0 })
	m.crowdDevices()
	for more := true; more; {
		m.pass(func(e identity.Edge) bool { return m.class(e) == 0 })
		early := m.share()
		m.pass(func(identity.Edge) bool { return true })
		more = m.share() || early
	}
	return m.people()
}

func (m *model) space(id fact.FragmentID) identity.Namespace {
	return m.spaces[m.strength(id)]
}

func (m *model) strength(id fact.FragmentID) int {
	return slices.IndexFunc(m.spaces, func(s identity.Namespace) bool { return s.Name == m.nodes[id].NS })
}

func (m *model) class(e identity.Edge) int {
	switch {
	case !e.Verified:
		return 2
	case m.space(e.A).Device || m.space(e.B).Device:
		return 1
	}
	return 0
}

// sort keeps one edge a pair and puts them into order of acceptance.
func (m *model) sort(edges []identity.Edge) {
	order := func(x, y identity.Edge) int {
		weak := func(e identity.Edge) int { return max(m.strength(e.A), m.strength(e.B)) }
		strong := func(e identity.Edge) int { return min(m.strength(e.A), m.strength(e.B)) }
		return cmp.Or(
			cmp.Compare(m.class(x), m.class(y)), cmp.Compare(x.At, y.At), slices.Compare(x.Message[:], y.Message[:]),
			cmp.Compare(weak(x), weak(y)), cmp.Compare(strong(x), strong(y)), cmp.Compare(x.A, y.A), cmp.Compare(x.B, y.B))
	}
	best := map[[2]fact.FragmentID]identity.Edge{}
	for _, e := range edges {
		e.A, e.B = min(e.A, e.B), max(e.A, e.B)
		if e.A == e.B {
			continue
		}
		pair := [2]fact.FragmentID{e.A, e.B}
		old, ok := best[pair]
		cut := e.Cut || ok && old.Cut
		if !ok || order(e, old) < 0 {
			old = e
		}
		old.Cut = cut
		best[pair] = old
	}
	for _, e := range best {
		m.edges = append(m.edges, e)
		if e.Verified && !e.Cut {
			m.verified[e.A], m.verified[e.B] = true, true
		}
	}
	slices.SortFunc(m.edges, order)
}

// around is every uncut edge of a fragment, from its own end.
func (m *model) around(id fact.FragmentID) (out []identity.Edge) {
	for _, e := range m.edges {
		if e.B == id {
			e.A, e.B = e.B, e.A
		}
		if e.A == id && !e.Cut {
			out = append(out, e)
		}
	}
	return out
}

func (m *model) crowdNames() {
	for id := range m.nodes {
		if s := m.space(id); s.Device || s.Strong {
			continue
		}
		with := map[person.Namespace]int{}
		for _, e := range m.around(id) {
			if o := m.space(e.B); e.Verified && o.Strong {
				with[o.Name]++
				m.crowded[id] = m.crowded[id] || with[o.Name] > m.space(id).People
			}
		}
	}
}

func (m *model) crowdDevices() {
	for id := range m.nodes {
		said, claimed := map[fact.FragmentID]bool{}, map[fact.FragmentID]bool{}
		for _, e := range m.around(id) {
			switch {
			case m.space(e.B).Device || m.crowded[e.B]:
			case e.Verified:
				said[m.who[e.B]] = true
			default:
				claimed[m.who[e.B]] = true
			}
		}
		if s := m.space(id); s.Device {
			m.crowded[id], m.pretends[id] = len(said) > s.People, len(claimed) > s.People
		}
	}
}

// share looks for devices between two people.
func (m *model) share() (found bool) {
	for id := range m.nodes {
		if !m.space(id).Device || m.shared[id] {
			continue
		}
		people := m.strongs(id)
		for _, e := range m.around(id) {
			if e.Verified {
				people = append(people, m.strongs(e.B)...)
			} else if m.space(e.B).Strong {
				people = append(people, e.B)
			}
		}
		for _, x := range people {
			for _, y := range people {
				if x != y && m.nodes[x].NS == m.nodes[y].NS {
					m.shared[id], found = true, true
				}
			}
		}
	}
	return found
}

// strongs are the strong fragments of the person whom id belongs to so far.
func (m *model) strongs(id fact.FragmentID) (out []fact.FragmentID) {
	for o := range m.nodes {
		if m.who[o] == m.who[id] && m.space(o).Strong {
			out = append(out, o)
		}
	}
	return out
}

// pass decides the edges that are asked for from nothing.
func (m *model) pass(which func(identity.Edge) bool) {
	m.who, m.refused = map[fact.FragmentID]fact.FragmentID{}, map[int]identity.Refusal{}
	for id := range m.nodes {
		m.who[id] = id
	}
	for i, e := range m.edges {
		if !which(e) {
			continue
		}
		if code, ns := m.judge(e); code != "" {
			m.refused[i] = identity.Refusal{Edge: e, Code: code, NS: ns}
			continue
		}
		from, to := max(m.who[e.A], m.who[e.B]), min(m.who[e.A], m.who[e.B])
		for id, w := range m.who {
			if w == from {
				m.who[id] = to
			}
		}
	}
}

func (m *model) judge(e identity.Edge) (identity.Code, person.Namespace) {
	first := func(mark map[fact.FragmentID]bool) person.Namespace {
		if mark[e.A] {
			return m.nodes[e.A].NS
		}
		return m.nodes[e.B].NS
	}
	switch {
	case e.Cut:
		return identity.Undone, ""
	case m.shared[e.A] || m.shared[e.B]:
		return identity.SharedDevice, first(m.shared)
	case m.crowded[e.A] || m.crowded[e.B]:
		return identity.TooManyPeople, first(m.crowded)
	case !e.Verified && (m.pretends[e.A] || m.pretends[e.B]):
		return identity.TooManyPeople, first(m.pretends)
	case m.who[e.A] == m.who[e.B]:
		return "", ""
	}
	var both []fact.FragmentID
	for id := range m.nodes {
		if m.who[id] == m.who[e.A] || m.who[id] == m.who[e.B] {
			both = append(both, id)
		}
	}
	if !e.Verified {
		proved := slices.ContainsFunc(both, func(id fact.FragmentID) bool { return m.verified[id] && !m.space(id).Device })
		if proved || !m.space(e.A).Device && !m.space(e.B).Device {
			return identity.ClaimedOnly, ""
		}
	}
	for _, s := range m.spaces {
		if s.Strong && len(m.of(both, s)) > 1 {
			return identity.TwoPeople, s.Name
		}
	}
	for _, s := range m.spaces {
		if !s.Strong && m.tooMany(both, s) {
			return identity.OverLimit, s.Name
		}
	}
	if len(both) > m.max {
		return identity.PersonFull, ""
	}
	return "", ""
}

// of are when the fragments of a namespace were first named.
func (m *model) of(ids []fact.FragmentID, s identity.Namespace) (times []clock.Instant) {
	for _, id := range ids {
		if m.nodes[id].NS != s.Name {
			continue
		}
		var said, claims []clock.Instant
		for _, e := range m.around(id) {
			if e.Verified {
				said = append(said, e.At)
			} else {
				claims = append(claims, e.At)
			}
		}
		if len(said) == 0 {
			said = claims
		}
		if len(said) == 0 {
			said = []clock.Instant{0}
		}
		times = append(times, slices.Min(said))
	}
	return times
}

func (m *model) tooMany(ids []fact.FragmentID, s identity.Namespace) bool {
	times := m.of(ids, s)
	for _, from := range times {
		n := 0
		for _, t := range times {
			if s.PerDays == 0 || t >= from && t < from+clock.Instant(s.PerDays)*day {
				n++
			}
		}
		if n > s.Limit {
			return true
		}
	}
	return false
}

func (m *model) people() (people []identity.Person) {
	ids := make([]fact.FragmentID, 0, len(m.nodes))
	for id := range m.nodes {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	for _, id := range ids {
		if m.who[id] != id {
			continue
		}
		var p identity.Person
		for _, o := range ids {
			if m.who[o] == id {
				p.Fragments = append(p.Fragments, o)
				if p.Anchor == 0 || m.strength(o) < m.strength(p.Anchor) {
					p.Anchor = o
				}
			}
		}
		p.Ref = m.nodes[p.Anchor].Ref
		for i, e := range m.edges {
			if m.who[e.A] != id && m.who[e.B] != id {
				continue
			}
			if r, ok := m.refused[i]; ok {
				p.Refused = append(p.Refused, r)
			} else {
				p.Accepted = append(p.Accepted, e)
			}
		}
		people = append(people, p)
	}
	return people
}
