package request

import (
	"slices"
	"time"

	"github.com/heed-platform/heed/internal/clock"
	"github.com/heed-platform/heed/internal/policy"
)

// Due is the last moment to answer something that came in at from, by one law's
// clock, in the zone in which the brand keeps its calendar.
//
// Periods are counted as Regulation (EEC, Euratom) No 1182/71, Art. 3, counts
// them, and so are those of other laws, none of which says otherwise: the day on
// which it came in is not counted; a month ends on the day with the same number,
// or on the last day of a month that has none; the last day counts whole. Where
// the law says so (forward), a last day on a Saturday, a Sunday or a holiday moves
// to the next working day. Working days are all but those. A holiday that the law
// pack does not list counts as a working day, which makes the day earlier, never
// later. Hours are hours.
func Due(from clock.Instant, d policy.Deadline, zone *time.Location) clock.Instant {
	return due(from, d, zone, d.Within)
}

// Extended is Due after the law's longer period, counted from the same day. A law
// that knows none gives the day that Due gives.
func Extended(from clock.Instant, d policy.Deadline, zone *time.Location) clock.Instant {
	return due(from, d, zone, d.Within+d.Extended)
}

func due(from clock.Instant, d policy.Deadline, zone *time.Location, count int) clock.Instant {
	if d.Unit == "hours" {
		return from.Add(time.Duration(count) * time.Hour)
	}
	y, m, day := from.Time().In(zone).Date()
	last := time.Date(y, m, day, 0, 0, 0, 0, zone)
	switch d.Unit {
	case "months":
		first := time.Date(y, m+time.Month(count), 1, 0, 0, 0, 0, zone)
		days := first.AddDate(0, 1, -1).Day()
		last = first.AddDate(0, 0, min(day, days)-1)
	case "business_days":
		for left := count; left > 0; {
			last = last.AddDate(0, 0, 1)
			if working(last, d.Holidays) {
				left--
			}
		}
	default:
		last = last.AddDate(0, 0, count)
	}
	for d.Forward && !working(last, d.Holidays) {
		last = last.AddDate(0, 0, 1)
	}
	return clock.At(last.AddDate(0, 0, 1)) - 1
}

func working(day time.Time, holidays []string) bool {
	return day.Weekday() != time.Saturday && day.Weekday() != time.Sunday &&
		!slices.Contains(holidays, day.Format("01-02")) && !slices.Contains(holidays, day.Format(time.DateOnly))
}

// strictest is the law's clock that runs out first.
func strictest(from clock.Instant, all []policy.Deadline, zone *time.Location) (policy.Deadline, clock.Instant) {
	var best policy.Deadline
	var at clock.Instant
	for i, d := range all {
		if t := Due(from, d, zone); i == 0 || t < at {
			best, at = d, t
		}
	}
	return best, at
}
