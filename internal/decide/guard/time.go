package guard

import (
	"slices"
	"sync"
	"time"

	"github.com/heed-platform/heed/internal/clock"
	"github.com/heed-platform/heed/internal/fact"
)

// longest is the longest window of a cap in hours, and more than any that can be
// set: what is longer counts all that is known.
const longest = 100 * 366 * 24

func days(n int) time.Duration { return time.Duration(min(n, longest/24)) * 24 * time.Hour }

// frequencyCap counts in rolling windows. Each cap holds by itself, so a
// person's own can only lower what the brand's allows.
func frequencyCap(c *Case, _ *Zones) finding {
	own := capped(c, c.Wish.Caps)
	brand := capped(c, c.Caps)
	if own == 0 && brand == 0 {
		return finding{}
	}
	f := finding{code: "cap_reached", until: max(own, brand)}
	if own >= brand {
		f.marketer = "This person wants no more messages than they already got in this time."
		f.person = "You asked for no more messages than this in that time."
	} else {
		f.marketer = "The brand's own limit for this person is reached."
		f.person = "We write only so often, and that was it for now."
	}
	return f
}

// capped is when the last of the caps frees a place; zero when all have one.
func capped(c *Case, caps []fact.Cap) clock.Instant {
	var free clock.Instant
	for _, k := range caps {
		if k.Channel == "" || k.Channel == c.Channel {
			free = max(free, frees(c, k))
		}
	}
	return free
}

// frees is when a cap frees a place; zero is now.
func frees(c *Case, k fact.Cap) clock.Instant {
	window := Window(k)
	var in []clock.Instant
	for _, s := range c.Contacted {
		// A clock that was set back must not widen the window: what was sent
		// "later" than now counts too.
		if (k.Channel == "" || s.Channel == k.Channel) && s.At.Add(window) > c.Now {
			in = append(in, s.At)
		}
	}
	switch {
	case k.Count <= 0:
		return never
	case len(in) < k.Count:
		return 0
	}
	slices.Sort(in)
	return in[len(in)-k.Count].Add(window)
}

// Window is how long a message counts for a cap. A cap that names no time, or
// more than any, counts for longer than anybody lives.
func Window(k fact.Cap) time.Duration {
	hours := k.Hours
	if hours <= 0 || hours > longest {
		hours = longest
	}
	return time.Duration(hours) * time.Hour
}

// Zones finds time zones by name and remembers them. The zero Zones is ready,
// and nil looks each time. Many may use it at once.
type Zones struct{ known sync.Map }

// find is the zone of an IANA name; the machine's own zone is none.
func (z *Zones) find(name string) (*time.Location, bool) {
	if name == "" || name == "Local" {
		return nil, false
	}
	if z != nil {
		if at, ok := z.known.Load(name); ok {
			place, ok := at.(*time.Location)
			return place, ok
		}
	}
	place, err := time.LoadLocation(name)
	if err != nil {
		return nil, false
	}
	if z != nil {
		z.known.Store(name, place)
	}
	return place, true
}

// quietHours holds a message back while it is quiet time where the person is.
// Their own hours replace nothing: the brand's hold as well.
func quietHours(c *Case, z *Zones) finding {
	if len(c.Quiet) == 0 && len(c.Wish.Quiet) == 0 {
		return finding{}
	}
	place, ok := z.find(c.Zone)
	if !ok {
		// Where it may be night, it may be night now.
		return finding{
			code: "zone_unknown", marketer: "Nobody can tell what time it is for this person.",
			person: "We could not tell what time it is where you are.",
		}
	}
	end := wake(c.Now, place, c.Quiet, c.Wish.Quiet)
	if end == c.Now {
		return finding{}
	}
	return finding{
		code: "quiet_hours", until: end,
		marketer: "It is quiet time where this person is; the message waits for its end.",
		person:   "It was not a time at which you want to hear from us.",
	}
}

// wake is the first instant from now on that lies in none of the stretches. One
// may begin where another ends, so it is asked until it stays.
func wake(now clock.Instant, place *time.Location, stretches ...[]Quiet) clock.Instant {
	at := now
	for range 64 {
		moved := at
		for _, list := range stretches {
			for _, q := range list {
				moved = endOf(moved, place, q)
			}
		}
		if moved == at {
			return at
		}
		at = moved
	}
	return never // together they fill the day
}

const dayMinutes = 24 * 60

// endOf is when the stretch that at lies in ends, in local time; at itself when
// it lies in none.
func endOf(at clock.Instant, place *time.Location, q Quiet) clock.Instant {
	if at == never || q.From < 0 || q.To < 0 || q.From > dayMinutes || q.To > dayMinutes || q.From == q.To {
		return never // the whole day, or nobody knows what was meant
	}
	local := at.Time().In(place)
	minute := local.Hour()*60 + local.Minute()
	in, next := minute >= q.From && minute < q.To, 0
	if q.From > q.To { // over midnight
		in = minute >= q.From || minute < q.To
		if minute >= q.From {
			next = 1
		}
	}
	if !in {
		return at
	}
	y, m, d := local.Date()
	end := clock.At(time.Date(y, m, d+next, 0, q.To, 0, 0, place))
	// On the night when clocks change, the end may not exist, or come twice;
	// never go back.
	for end <= at {
		end = end.Add(time.Hour)
	}
	return end
}
