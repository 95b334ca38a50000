package guard

import (
	"slices"
	"time"

	"github.com/heed-platform/heed/internal/clock"
	"github.com/heed-platform/heed/internal/fact"
)

func days(n int) time.Duration { return time.Duration(n) * 24 * time.Hour }

// frequencyCap counts in rolling windows. Each cap holds by itself, so a
// person's own cap can only lower what the brand's allows.
func frequencyCap(c Case) finding {
	own := capped(c, c.Preference.Caps)
	brand := capped(c, c.Caps)
	if own == 0 && brand == 0 {
		return finding{}
	}
	f := finding{code: "cap_reached", until: max(own, brand)}
	if own >= brand {
		f.marketer, f.person = "This person wants no more messages than they already got in this time.", "You asked for no more messages than this in that time."
	} else {
		f.marketer, f.person = "The brand's own limit for this person is reached.", "We write only so often, and that was it for now."
	}
	return f
}

// capped is when the last of the caps frees a place; zero when all have one.
func capped(c Case, caps []fact.Cap) clock.Instant {
	var free clock.Instant
	for _, k := range caps {
		if k.Channel != "" && k.Channel != c.Channel || k.Hours <= 0 {
			continue
		}
		window := time.Duration(k.Hours) * time.Hour
		var in []clock.Instant
		for _, s := range c.Contacted {
			// A clock that was set back must not widen the window: what was
			// sent "later" than now counts too.
			if (k.Channel == "" || s.Channel == k.Channel) && s.At.Add(window) > c.Now {
				in = append(in, s.At)
			}
		}
		if len(in) < k.Count {
			continue
		}
		if k.Count <= 0 {
			return never
		}
		slices.Sort(in)
		free = max(free, in[len(in)-k.Count].Add(window))
	}
	return free
}

// never is an instant that no moment lives to see.
const never = clock.Instant(1) << 62

// quietHours holds a message back while it is night where the person is. Their
// own hours replace nothing: the brand's hold as well.
func quietHours(c Case) finding {
	zone := c.Preference.Zone
	if zone == "" {
		zone = c.Zone
	}
	place, err := time.LoadLocation(zone)
	if err != nil || zone == "" {
		// Not knowing where it is night, every hour may be.
		return finding{
			code: "zone_unknown", marketer: "Nobody knows what time it is for this person, and the brand names no zone.",
			person: "We do not know what time it is where you are.",
		}
	}
	stretches := []Quiet{c.Quiet}
	if c.Preference.QuietOn {
		stretches = append(stretches, c.Preference.Quiet)
	}
	end := wake(c.Now, place, stretches)
	if end == c.Now {
		return finding{}
	}
	return finding{
		code: "quiet_hours", until: end,
		marketer: "It is quiet time where this person is; the message waits for its end.",
		person:   "It was not a time at which you want to hear from us.",
	}
}

// wake is the first instant from now on that lies in none of the stretches. Two
// stretches may follow one another, so it is asked until it stays.
func wake(now clock.Instant, place *time.Location, stretches []Quiet) clock.Instant {
	at := now
	for range 8 {
		moved := at
		for _, q := range stretches {
			moved = endOf(moved, place, q)
		}
		if moved == at {
			return at
		}
		at = moved
	}
	return never // the stretches fill the day
}

// endOf is when the stretch that at lies in ends, in local time; at itself when
// it lies in none.
func endOf(at clock.Instant, place *time.Location, q Quiet) clock.Instant {
	local := at.Time().In(place)
	minute := local.Hour()*60 + local.Minute()
	in, days := false, 0
	switch {
	case q.From < q.To:
		in = minute >= q.From && minute < q.To
	case q.From > q.To: // over midnight
		in = minute >= q.From || minute < q.To
		if minute >= q.From {
			days = 1
		}
	}
	if !in {
		return at
	}
	y, m, d := local.Date()
	return clock.At(time.Date(y, m, d+days, q.To/60, q.To%60, 0, 0, place))
}
