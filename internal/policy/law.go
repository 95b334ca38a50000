package policy

import (
	"slices"
	"strings"

	"github.com/heed-platform/heed/internal/policy/define"
)

// law is all the packs that hold in one place, taken together: where two
// speak, the stricter one counts.
type law struct {
	packs []define.Pack
	terms map[place]terms
	label string
}

type place struct{ purpose, channel string }

// terms is what a law says about one purpose on one channel.
type terms struct {
	spoken      bool // some pack speaks of it
	mode        define.Mode
	bases       []define.Basis // accepted by every pack that speaks
	gpc         bool           // a GPC signal stops it
	minors      bool           // closed to minors
	unknownAge  bool           // closed while the age is unknown
	ownPurchase bool
}

func newLaw(packs []define.Pack) *law {
	l := &law{packs: packs, terms: map[place]terms{}}
	labels := make([]string, len(packs))
	for i, p := range packs {
		labels[i] = p.Label
	}
	l.label = strings.Join(labels, " and ")
	return l
}

// compileLaws makes one law for every jurisdiction that a pack lists and for
// each country of which it lists a part. A country without its part gets the
// packs of all its parts, for the person may live in any of them.
func (r *Rules) compileLaws(packs []define.Pack) {
	r.exact, r.within = map[string]*law{}, map[string]*law{}
	codes := map[string]bool{}
	for _, p := range packs {
		for _, j := range p.Jurisdictions {
			codes[j], codes[country(j)] = true, true
		}
	}
	r.strictest = r.settle(newLaw(packs))
	for code := range codes {
		r.exact[code] = r.settle(newLaw(holding(packs, func(j string) bool {
			return j == code || j == country(code) || country(j) == code
		})))
		if whole := holding(packs, func(j string) bool { return j == code }); len(whole) > 0 && code == country(code) {
			r.within[code] = r.settle(newLaw(whole))
		}
	}
}

func holding(packs []define.Pack, in func(string) bool) []define.Pack {
	var list []define.Pack
	for _, p := range packs {
		if slices.ContainsFunc(p.Jurisdictions, in) {
			list = append(list, p)
		}
	}
	return list
}

func country(code string) string {
	c, _, _ := strings.Cut(code, "-")
	return c
}

// settle works out the terms of every purpose on every channel it may use.
func (r *Rules) settle(l *law) *law {
	for key, p := range r.purposes {
		for _, channel := range append([]string{""}, p.Channels...) {
			l.terms[place{key, channel}] = l.settle(key, channel)
		}
	}
	return l
}

func (l *law) settle(purpose, channel string) terms {
	t := terms{mode: define.NoticeOnly, ownPurchase: len(l.packs) > 0}
	for _, p := range l.packs {
		t.gpc = t.gpc || define.WithinAny(purpose, p.GPC.Stops)
		t.ownPurchase = t.ownPurchase && p.Sensitive.OwnPurchase
		for _, m := range p.Minors {
			if define.WithinAny(purpose, m.Purposes) {
				t.minors, t.unknownAge = true, t.unknownAge || !m.Open
			}
		}
		said, ok := speak(p, purpose, channel)
		if !ok {
			continue
		}
		if t.spoken {
			t.bases = slices.DeleteFunc(t.bases, func(b define.Basis) bool { return !slices.Contains(said.Bases, b) })
		} else {
			t.bases = slices.Clone(said.Bases)
		}
		t.spoken, t.mode = true, min(t.mode, said.Mode)
	}
	if !t.spoken {
		t.mode = define.Forbidden
	}
	return t
}

// speak finds the pack's term: the longest purpose, then the named channel.
func speak(p define.Pack, purpose, channel string) (define.Term, bool) {
	var best define.Term
	found := false
	for _, t := range p.Modes {
		if !define.Within(purpose, t.Purpose) || t.Channel != "" && t.Channel != channel {
			continue
		}
		if !found || len(t.Purpose) > len(best.Purpose) ||
			len(t.Purpose) == len(best.Purpose) && t.Channel != "" {
			best, found = t, true
		}
	}
	return best, found
}

// law is the law of a place; a place that no pack knows has the strictest of
// all.
func (r *Rules) law(jurisdiction string) *law {
	if l := r.exact[jurisdiction]; l != nil {
		return l
	}
	if l := r.within[country(jurisdiction)]; l != nil {
		return l
	}
	return r.strictest
}

// mayReach reports whether data may go to a country, given the recipient's
// safeguards.
func (l *law) mayReach(to *recipient) bool {
	if to.Safeguards != "" {
		return true
	}
	for _, p := range l.packs {
		if !slices.Contains(p.Transfers.Free, to.Country) && !slices.Contains(p.Transfers.Free, "*") {
			return false
		}
	}
	return len(l.packs) > 0
}
