package policy

import (
	"time"

	"github.com/heed-platform/heed/internal/clock"
	"github.com/heed-platform/heed/internal/fact"
	"github.com/heed-platform/heed/internal/policy/define"
)

// Endless is how many days a promise lasts that names no number of them: it ends
// when the person says so.
const Endless = 0

// Lasts tells for how many days after it happened the promise keeps a category,
// for the longest of its purposes, and whether it covers the category at all.
// Every later version of the promise that still covers it may shorten that, and
// so may the category; nothing lengthens it.
func (r *Rules) Lasts(ref, category string) (days int, covered bool) {
	if r == nil || r.notices[ref] == nil || category == "" {
		return 0, false
	}
	return r.lasts(r.notices[ref], category, nil)
}

// lasts is Lasts for one purpose, or with nil for all.
func (r *Rules) lasts(n *notice, category string, p *purpose) (days int, covered bool) {
	for v := n; v != nil; v = v.later {
		own, ok := r.says(v, category, p)
		if !ok && v == n {
			return 0, false
		}
		if ok {
			days = shorter(days, own)
		}
	}
	for _, c := range r.clocked {
		if define.Within(category, c.Key) {
			days = shorter(days, c.KeepDays)
		}
	}
	return days, true
}

// says is what one version says by itself: of several covers the longest.
func (r *Rules) says(n *notice, category string, p *purpose) (days int, covered bool) {
	for _, c := range n.Covers {
		if p != nil && !p.covers(c.Purposes) || !r.holds([]string{c.Category}, category) {
			continue
		}
		own := c.KeepDays
		if own == 0 {
			own = n.KeepDays
		}
		if covered && (days == Endless || own == Endless) {
			days = Endless
		} else {
			days = max(days, own)
		}
		covered = true
	}
	return days, covered
}

// shorter is the smaller of two numbers of days, of which 0 is the largest.
func shorter(a, b int) int {
	if a == Endless || b != Endless && b < a {
		return b
	}
	return a
}

// Keeps reports whether a promise still keeps at now what happened at a moment. A
// promise that does not cover the category keeps nothing.
func (r *Rules) Keeps(ref, category string, at, now clock.Instant) bool {
	days, covered := r.Lasts(ref, category)
	return covered && (days == Endless || now < at.Add(time.Duration(days)*day))
}

// Agreed reports whether the person agreed to a purpose under a promise that still
// keeps the category for it: its days begin when they said so. A word taken back
// keeps nothing.
func (r *Rules) Agreed(grants []fact.Grant, category string, now clock.Instant) bool {
	for _, g := range grants {
		n, p := r.notices[g.Notice], r.purposes[g.Purpose]
		if g.Status != fact.Granted || n == nil || p == nil {
			continue
		}
		days, covered := r.lasts(n, category, p)
		if covered && (days == Endless || now < g.Received.Add(time.Duration(days)*day)) {
			return true
		}
	}
	return false
}

// Soonest is the smallest number of days after which anything may be over; 0
// when nothing ever is.
func (r *Rules) Soonest() int {
	if r == nil {
		return 0
	}
	days := 0
	for _, n := range r.notices {
		days = shorter(days, n.KeepDays)
		for _, c := range n.Covers {
			days = shorter(days, c.KeepDays)
		}
	}
	for _, c := range r.clocked {
		days = shorter(days, c.KeepDays)
	}
	for _, s := range r.sources {
		days = shorter(days, s.Expire)
	}
	return days
}

const day = 24 * time.Hour

// over reports whether the promise of a value has ended for this purpose, though
// the value is still there: it goes with the next run of retention, and is used
// for nothing until then.
func (c *Case) over(n *notice, f Field) bool {
	if f.At == 0 || !n.clocks && len(c.r.clocked) == 0 {
		return false
	}
	days, covered := c.r.lasts(n, f.Category, c.purpose)
	return covered && days != Endless && c.q.Now >= f.At.Add(time.Duration(days)*day) && !c.agreed(f.Category)
}

// agreed is accepted, by a promise whose own days have not ended.
func (c *Case) agreed(category string) bool {
	for _, g := range c.s.Grants {
		n, yes := c.permits(g)
		if !yes || !c.r.holds(n.promised[c.q.Purpose], category) {
			continue
		}
		days, _ := c.r.lasts(n, category, c.purpose)
		if days == Endless || c.q.Now < g.Received.Add(time.Duration(days)*day) {
			return true
		}
	}
	return false
}
