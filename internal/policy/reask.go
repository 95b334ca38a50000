package policy

import (
	"github.com/heed-platform/heed/internal/clock"
	"github.com/heed-platform/heed/internal/fact"
	"github.com/heed-platform/heed/internal/policy/define"
)

// usualReask is how many months go by before somebody who said no is asked again
// where no law pack says it.
const usualReask = 12

// ReaskMonths is how many months must go by after a no before the person is asked
// again, by the strictest law of the place.
func (r *Rules) ReaskMonths(jurisdiction string) int {
	months := 0
	for _, d := range r.Deadlines(jurisdiction, "reask") {
		if d.Unit == "months" {
			months = max(months, d.Within)
		}
	}
	if months == 0 {
		return usualReask
	}
	return months
}

// Reask says from when somebody who said what the grants say may be asked to
// agree to a version of a notice; zero is never said no. agreed reports that they
// have agreed to this very version already, so nothing needs asking. A no to any
// purpose that the notice names counts, whoever heard it, a browser's signal too;
// a later yes to the same takes its place, because the ledger holds the latest.
func (r *Rules) Reask(jurisdiction string, grants []fact.Grant, ref string) (from clock.Instant, agreed bool) {
	n, ok := r.Notice(ref)
	if !ok {
		return 0, false
	}
	months := r.ReaskMonths(jurisdiction)
	for _, g := range grants {
		if g.Status == fact.Granted {
			agreed = agreed || g.Notice == ref
			continue
		}
		if g.Purpose == "" || names(n, g.Purpose) {
			from = max(from, clock.At(g.Received.Time().AddDate(0, months, 0)))
		}
	}
	return from, agreed
}

// names reports whether the notice is for the purpose, one above or one below it.
func names(n define.Notice, purpose string) bool {
	for _, c := range n.Covers {
		for _, p := range c.Purposes {
			if define.Within(p, purpose) || define.Within(purpose, p) {
				return true
			}
		}
	}
	return false
}

// Earlier reports whether one reference names an earlier version of the notice
// that the other names.
func (r *Rules) Earlier(ref, than string) bool {
	a, okA := r.Notice(ref)
	b, okB := r.Notice(than)
	return okA && okB && a.Key == b.Key && a.Version < b.Version
}
