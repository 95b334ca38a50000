package identity

import (
	"cmp"
	"slices"
)

// findCrowdedNames marks names, like a shop's own address, that more strong
// identifiers of one namespace were verified with than the rules allow.
func (s *solver) findCrowdedNames() {
	cols := len(s.set.strongs)
	if cols == 0 {
		return
	}
	with := make([]int, len(s.nodes)*cols)
	for i := range s.links {
		l := &s.links[i]
		if l.void || l.class != named {
			continue
		}
		for _, end := range [2][2]int32{{l.a, l.b}, {l.b, l.a}} {
			name, other := end[0], end[1]
			c := slices.Index(s.set.strongs, s.space[other])
			if c < 0 || s.rule(name).Strong {
				continue
			}
			with[int(name)*cols+c]++
			if with[int(name)*cols+c] > s.rule(name).People {
				s.crowd[name] |= crowded
			}
		}
	}
}

// tie is one person, so far, that a device was named with.
type tie struct {
	device, person int32
	claimed        bool
}

func (t tie) mark() crowd {
	if t.claimed {
		return pretends
	}
	return crowded
}

// findCrowdedDevices marks devices that more named people use than the rules
// allow, though none of them signed in: a till that asks for an email, a kiosk.
// Claims count among themselves, so that nobody can unlink a verified device by
// claiming.
func (s *solver) findCrowdedDevices() {
	if !s.mayCrowdDevices() {
		return
	}
	var ties []tie
	for i := range s.links {
		l := &s.links[i]
		if l.void || s.isDevice(l.a) == s.isDevice(l.b) {
			continue
		}
		d, name := l.a, l.b
		if s.isDevice(name) {
			d, name = name, d
		}
		if s.crowd[name]&crowded == 0 {
			ties = append(ties, tie{d, s.set.root(name), l.class == claimed})
		}
	}
	slices.SortFunc(ties, func(x, y tie) int {
		return cmp.Or(cmp.Compare(x.device, y.device), cmp.Compare(x.mark(), y.mark()), cmp.Compare(x.person, y.person))
	})
	ties = slices.Compact(ties)
	for i, run := 0, 0; i < len(ties); i++ {
		run++
		if i == 0 || ties[i].device != ties[i-1].device || ties[i].claimed != ties[i-1].claimed {
			run = 1
		}
		if d := ties[i].device; run > s.rule(d).People {
			s.crowd[d] |= ties[i].mark()
		}
	}
}

// mayCrowdDevices reports whether there are enough names at all.
func (s *solver) mayCrowdDevices() bool {
	names, least := 0, len(s.nodes)
	for i, n := range s.totals {
		if r := &s.rules.spaces[i]; !r.Device {
			names += n
		} else if n > 0 {
			least = min(least, r.People)
		}
	}
	return names > least
}

// findShared marks devices that stand between two people with different strong
// identifiers, and reports whether it found new ones. Evidence is every
// verified edge, accepted or not, to a fragment of such a person, and every
// strong identifier that was claimed on the device: whoever signs in without
// proof still says that somebody else holds it now.
func (s *solver) findShared() bool {
	cols := len(s.set.strongs)
	if cols == 0 {
		return false
	}
	seen := make([]int32, len(s.nodes)*cols) // 1 + the strong fragment seen
	found := false
	see := func(d int32, c int, strong int32) {
		at := &seen[int(d)*cols+c]
		switch {
		case strong < 0 || *at == strong+1:
		case *at == 0:
			*at = strong + 1
		case s.crowd[d]&shared == 0:
			s.crowd[d] |= shared
			found = true
		}
	}
	seeAll := func(d, member int32) {
		for c := range cols {
			see(d, c, s.set.strong[int(s.set.root(member))*cols+c])
		}
	}
	for i := range s.nodes {
		if s.isDevice(int32(i)) {
			seeAll(int32(i), int32(i))
		}
	}
	for i := range s.links {
		l := &s.links[i]
		if l.void {
			continue
		}
		for _, end := range [2][2]int32{{l.a, l.b}, {l.b, l.a}} {
			d, other := end[0], end[1]
			if !s.isDevice(d) {
				continue
			}
			if l.Verified {
				seeAll(d, other)
			} else if c := slices.Index(s.set.strongs, s.space[other]); c >= 0 {
				see(d, c, other)
			}
		}
	}
	return found
}
