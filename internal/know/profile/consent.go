package profile

import (
	"bytes"
	"cmp"
	"slices"

	"github.com/heed-platform/heed/internal/fact"
)

// foldGrants gives, for each (purpose, channel, topic), the entry that stands
// for the person: over the fragments, the most restrictive of what stands on
// each. An entry that names exactly these fragments was said for all of them and
// settles what was said before.
func foldGrants(fragments []fact.FragmentID, states []*fact.State) []fact.Grant {
	var all []fact.Grant
	for _, s := range states {
		all = append(all, s.Grants...)
	}
	slices.SortStableFunc(all, compareGrants)
	var out []fact.Grant
	for from := 0; from < len(all); {
		to := from + 1
		for to < len(all) && compareGrants(all[to], all[from]) == 0 {
			to++
		}
		out = append(out, strictest(all[from], fragments, states))
		from = to
	}
	return out
}

// strictest is the entry that stands for the key of like.
func strictest(like fact.Grant, fragments []fact.FragmentID, states []*fact.State) fact.Grant {
	settled := settlement(like, fragments, states)
	var worst *fact.Grant
	consider := func(g *fact.Grant) {
		if worst == nil || compareStrict(g, worst) > 0 {
			worst = g
		}
	}
	heard := 0
	for _, s := range states {
		i, found := slices.BinarySearchFunc(s.Grants, like, compareGrants)
		if !found {
			continue
		}
		if stands := &s.Grants[i]; settled == nil || after(stands, settled) {
			heard++
			consider(stands)
		}
	}
	if settled != nil && heard < len(fragments) {
		consider(settled)
	}
	return *worst
}

// settlement is the newest entry with which the person settled the key of like
// for exactly these fragments.
func settlement(like fact.Grant, fragments []fact.FragmentID, states []*fact.State) *fact.Grant {
	var best *fact.Grant
	for _, s := range states {
		i, _ := slices.BinarySearchFunc(s.Grants, like, compareGrants)
		for ; i < len(s.Grants) && compareGrants(s.Grants[i], like) == 0; i++ {
			g := &s.Grants[i]
			if sameSet(g.Resolves, fragments) && (best == nil || cmp.Or(
				cmp.Compare(g.Received, best.Received), compareStrict(g, best)) > 0) {
				best = g
			}
		}
	}
	return best
}

func sameSet(named, sorted []fact.FragmentID) bool {
	if len(named) == 0 {
		return false
	}
	named = slices.Sorted(slices.Values(named))
	return slices.Equal(slices.Compact(named), sorted)
}

// after reports whether g was heard after the settlement, where a refusal at
// the same moment counts as later than a yes.
func after(g, settled *fact.Grant) bool {
	if g.Received == settled.Received {
		return g.Status > settled.Status
	}
	return g.Received > settled.Received
}

// compareStrict orders entries by how little they allow, then by how new they
// are. Their bytes break ties: nothing may depend on the order of fragments.
func compareStrict(a, b *fact.Grant) int {
	c := cmp.Or(cmp.Compare(strictness(a.Status), strictness(b.Status)), cmp.Compare(a.Received, b.Received))
	if c != 0 {
		return c
	}
	return bytes.Compare(fact.AppendGrant(nil, a), fact.AppendGrant(nil, b))
}

// strictness puts a status that we do not know above all others.
func strictness(s fact.GrantStatus) fact.GrantStatus {
	if s < fact.Granted {
		return fact.Objected + 1
	}
	return s
}

// foldPreferences makes one of what was set on several fragments: whatever any
// of them forbids is forbidden. What cannot be added up (zone, language, the
// order of channels) is as it was set last.
func foldPreferences(states []*fact.State) fact.Preference {
	var all []fact.Preference
	for _, s := range states {
		if s.Preference.Set != 0 {
			all = append(all, s.Preference)
		}
	}
	if len(all) == 0 {
		return fact.Preference{}
	}
	slices.SortFunc(all, func(a, b fact.Preference) int {
		return cmp.Or(cmp.Compare(b.Set, a.Set), slices.Compare(fact.AppendPreference(nil, &a), fact.AppendPreference(nil, &b)))
	})
	out := all[0]
	for _, p := range all[1:] {
		out.Muted = slices.Concat(out.Muted, p.Muted)
		out.Topics = common(out.Topics, p.Topics)
		out.Channels = common(out.Channels, p.Channels)
		out.Caps = slices.Concat(out.Caps, p.Caps)
		out.Break = max(out.Break, p.Break)
		out.Zone, out.Language = cmp.Or(out.Zone, p.Zone), cmp.Or(out.Language, p.Language)
		out.Location = nearer(out.Location, p.Location)
		out.Sharing = slices.Concat(out.Sharing, p.Sharing)
	}
	out.Muted = slices.Compact(slices.Sorted(slices.Values(out.Muted)))
	out.Caps = smallest(out.Caps)
	out.Sharing = stricter(out.Sharing)
	quiet(&out, all)
	return out
}

// nearer is the one of two words about location that lets less be known; "" is no
// word, and a word that we do not know lets nothing be known.
func nearer(a, b string) string {
	if a == "" || b == "" {
		return a + b
	}
	order := []string{fact.LocationNone, fact.LocationCity, fact.LocationStore, fact.LocationPrecise}
	return order[max(0, min(slices.Index(order, a), slices.Index(order, b)))]
}

// stricter keeps one word about each device and kind: no, where there is a no.
func stricter(shares []fact.Share) []fact.Share {
	about := func(a, b fact.Share) int {
		return cmp.Or(cmp.Compare(a.Device, b.Device), cmp.Compare(a.Kind, b.Kind))
	}
	shares = slices.SortedFunc(slices.Values(shares), func(a, b fact.Share) int {
		no := 0
		if a.Allowed != b.Allowed {
			if no = 1; b.Allowed {
				no = -1
			}
		}
		return cmp.Or(about(a, b), no)
	})
	return slices.CompactFunc(shares, func(a, b fact.Share) bool { return about(a, b) == 0 })
}

// common is what both lists hold, in the order of the first. An empty list is
// no choice; nothing in common is a list of only "", which allows none.
func common(a, b []string) []string {
	if len(a) == 0 || len(b) == 0 {
		return append(slices.Clone(a), b...)
	}
	both := slices.DeleteFunc(slices.Clone(a), func(s string) bool { return !slices.Contains(b, s) })
	if len(both) == 0 {
		return []string{""}
	}
	return both
}

// smallest keeps the lowest cap of each channel and window.
func smallest(caps []fact.Cap) []fact.Cap {
	window := func(a, b fact.Cap) int {
		return cmp.Or(cmp.Compare(a.Channel, b.Channel), cmp.Compare(a.Hours, b.Hours))
	}
	caps = slices.SortedFunc(slices.Values(caps), func(a, b fact.Cap) int {
		return cmp.Or(window(a, b), cmp.Compare(a.Count, b.Count))
	})
	return slices.CompactFunc(caps, func(a, b fact.Cap) bool { return window(a, b) == 0 })
}

const dayMinutes = 24 * 60

// quiet sets the shortest quiet time that holds the quiet times of all: the day
// without the longest stretch that nobody wants quiet.
func quiet(out *fact.Preference, all []fact.Preference) {
	all = slices.DeleteFunc(all, func(p fact.Preference) bool { return !p.QuietOn || p.QuietAt == p.QuietTo })
	switch {
	case len(all) == 0:
		return
	case len(all) == 1:
		out.QuietOn, out.QuietAt, out.QuietTo = true, all[0].QuietAt, all[0].QuietTo
		return
	}
	var silent [dayMinutes]bool
	for _, p := range all {
		length := p.QuietTo - p.QuietAt
		if length < 0 {
			length += dayMinutes
		}
		for i := range min(length, dayMinutes) {
			silent[((p.QuietAt+i)%dayMinutes+dayMinutes)%dayMinutes] = true
		}
	}
	out.QuietOn, out.QuietAt, out.QuietTo = true, 0, dayMinutes
	longest := 0
	for start := range dayMinutes {
		if silent[start] || !silent[(start+dayMinutes-1)%dayMinutes] {
			continue // an open stretch starts after a quiet minute
		}
		length := 1
		for !silent[(start+length)%dayMinutes] {
			length++
		}
		if length > longest {
			longest = length
			out.QuietAt, out.QuietTo = (start+length)%dayMinutes, start
		}
	}
}
