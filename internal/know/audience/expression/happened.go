package expression

import (
	"github.com/heed-platform/heed/internal/clock"
)

// count is how often something happened, over all promises that it may be
// counted under.
type count struct {
	path string // "events.Order Completed"
	name string
	days int64 // 0 is ever
}

func (t count) value(r *Reading) value {
	if r.hides(events, t.path) {
		return value{}
	}
	var n int64
	found := false
	all := r.person.Counters
	for i := range all {
		if all[i].Name != t.name {
			continue
		}
		found = true
		if t.days == 0 {
			n += all[i].Count
			continue
		}
		for _, d := range all[i].Days {
			n += t.counted(r, int64(d.Day), int64(d.Count))
		}
	}
	if !found {
		if v := r.nothing(t.path); v.kind == unknown {
			return v
		}
	}
	return value{kind: integer, n: n}
}

// counted gives n when the day lies in the window, and says when it leaves or
// enters it.
func (t count) counted(r *Reading, on, n int64) int64 {
	today := r.today()
	switch {
	case on > today:
		r.wake(clock.Instant(on) * day)
		return 0
	case on <= today-t.days:
		return 0
	}
	r.wake(clock.Instant(on+t.days) * day)
	return n
}

// occurred is when something happened first, or last.
type occurred struct {
	path string
	name string
	last bool
}

func (t occurred) value(r *Reading) value {
	if r.hides(events, t.path) {
		return value{}
	}
	v := value{kind: absent}
	all := r.person.Counters
	for i := range all {
		c := &all[i]
		if c.Name != t.name || c.Count == 0 {
			continue
		}
		at := int64(c.First)
		if t.last {
			at = int64(c.Last)
		}
		if v.kind == absent || t.last == (at > v.n) {
			v = value{kind: instant, n: at}
		}
	}
	if v.kind == absent {
		return r.nothing(t.path)
	}
	return v
}
