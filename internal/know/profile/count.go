package profile

import (
	"cmp"
	"math"
	"slices"

	"github.com/heed-platform/heed/internal/fact"
)

// daysKept is how far back a counter knows its days.
const daysKept = 400

// CounterOf is the name under which an event is counted: a track event's own,
// "page" or "screen" for views, and "" for what nobody did.
func CounterOf(e *fact.Event) string {
	switch e.Type {
	case fact.Track:
		if len(e.Name) > maxName {
			return ""
		}
		return e.Name
	case fact.Page, fact.Screen:
		return e.Type.String()
	case fact.Identify, fact.Group, fact.Alias:
	}
	return ""
}

// count counts the event.
func count(s *fact.State, e *fact.Event) {
	c := fact.Counter{Name: CounterOf(e), Notice: e.Notice, Count: 1, First: e.At, Last: e.At}
	if c.Name == "" {
		return
	}
	if e.Notice == "" {
		s.Uncovered++
	}
	i, found := slices.BinarySearchFunc(s.Counters, c, compareCounters)
	if !found {
		c.Days = []fact.DayCount{{Day: fact.Day(e.At), Count: 1}}
		s.Counters = slices.Insert(s.Counters, i, c)
		if len(s.Counters) > maxCounters {
			s.Counters, s.Full = s.Counters[:maxCounters], true
		}
		return
	}
	k := &s.Counters[i]
	k.Count++
	k.First, k.Last = min(k.First, e.At), max(k.Last, e.At)
	k.Days = addDay(k.Days, fact.DayCount{Day: fact.Day(e.At), Count: 1})
	k.Days = recent(k.Days, fact.Day(k.Last))
}

func compareCounters(a, b fact.Counter) int {
	return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.Notice, b.Notice))
}

func addDay(days []fact.DayCount, d fact.DayCount) []fact.DayCount {
	i, found := slices.BinarySearchFunc(days, d.Day, func(x fact.DayCount, day int32) int { return cmp.Compare(x.Day, day) })
	if !found {
		return slices.Insert(days, i, d)
	}
	if days[i].Count > math.MaxInt32-d.Count {
		days[i].Count = math.MaxInt32
	} else {
		days[i].Count += d.Count
	}
	return days
}

// recent leaves out days that are too long before the last.
func recent(days []fact.DayCount, last int32) []fact.DayCount {
	i := 0
	for i < len(days) && int64(days[i].Day) <= int64(last)-daysKept {
		i++
	}
	return slices.Delete(days, 0, i)
}
