package expression

import (
	"github.com/heed-platform/heed/internal/clock"
	"github.com/heed-platform/heed/internal/policy"
)

// window is within, older or ahead: how a moment lies to now. It is the only
// place, with the counts per day and the last purchase, where time passes.
type window struct {
	of   source
	span clock.Instant
	how  func(r *Reading, at, span clock.Instant) bool
}

func (t window) judge(r *Reading) policy.Tri {
	v := asTime(t.of.value(r))
	if v.kind == unknown {
		return policy.Unknown
	}
	return tri(v.kind == instant && t.how(r, clock.Instant(v.n), t.span))
}

// within: at is past, and not longer ago than span.
func within(r *Reading, at, length clock.Instant) bool {
	r.wake(at)
	r.wake(at + length + 1)
	return at <= r.now && r.now-at <= length
}

// older: at is past, and longer ago than span.
func older(r *Reading, at, length clock.Instant) bool {
	r.wake(at + length + 1)
	return r.now-at > length
}

// ahead: at is still to come, and not later than span from now.
func ahead(r *Reading, at, length clock.Instant) bool {
	r.wake(at)
	r.wake(at - length)
	return at > r.now && at-r.now <= length
}

// moment is text read as a time.
type moment struct{ of source }

func (t moment) value(r *Reading) value { return asTime(t.of.value(r)) }
