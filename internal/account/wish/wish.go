// Package wish is what a person can choose about how they are treated: what their
// data may be used for, which subjects, over which channels, how often, when, and
// what their devices may tell.
//
// Everything that can be chosen has a name and a value (Choices), the same on the
// page, in JSON and in the record, so that one comparison says what changed, and
// whether it lowers or raises what is allowed. Only the difference between what
// somebody was shown and what they sent is carried over: a page that lay open for
// an hour does not take back what was said in between.
//
// It promises: what Save answered is in force and in the ledger, and Undo, within
// a minute and from the same session, restores what that very Save lowered and
// nothing else. What a gate would refuse, a Sheet does not show as allowed: it
// asks the gate. It decides no law and sends nothing.
//
// Start reading at Choices, then Desk.Save.
package wish

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/heed-platform/heed/internal/clock"
	"github.com/heed-platform/heed/internal/fact"
	"github.com/heed-platform/heed/internal/policy/define"
)

// Choices are values by name:
//
//	purpose.KEY        on, off          what data may be used for
//	topic.KEY          on, off          subjects; off is silent
//	only               on, off          nothing but the subjects that are on
//	channel.NAME       1, 2, …, no      how to be reached, the liked first
//	often              "" or 2/168      at most 2 messages in 168 hours
//	quiet              "" or 20:00-08:00
//	break              "" or an instant until which nothing comes
//	zone, language     an IANA name, a tag; "" is the brand's
//	location           "" is no word said; none, city, store, precise
//	share.DEVICE.KIND  yes, no          what a device may tell; DEVICE 0 is every one
//
// What somebody cannot choose is not in it.
type Choices map[string]string

// The names, or what they begin with.
const (
	Purposes = "purpose."
	Topics   = "topic."
	Only     = "only"
	Channels = "channel."
	Often    = "often"
	Quiet    = "quiet"
	Break    = "break"
	Zone     = "zone"
	Language = "language"
	Location = "location"
	Shares   = "share."
)

// The values of what is on or off.
const (
	On  = "on"
	Off = "off"
	Yes = "yes"
	No  = "no"
)

// Difference is one choice that is another than before.
type Difference struct {
	Name  string `json:"name"`
	From  string `json:"from"`
	To    string `json:"to"`
	Lower bool   `json:"lower"` // less is allowed than before
}

// Compare lists what differs, by name. What to does not name stays as it is.
func Compare(from, to Choices) []Difference {
	var out []Difference
	for name, value := range to {
		if was, known := from[name]; known && was != value {
			out = append(out, Difference{name, was, value, lowers(name, was, value)})
		}
	}
	slices.SortFunc(out, func(a, b Difference) int { return strings.Compare(a.Name, b.Name) })
	return out
}

// Lowering keeps the differences by which less is allowed.
func Lowering(all []Difference) []Difference {
	return slices.DeleteFunc(slices.Clone(all), func(d Difference) bool { return !d.Lower })
}

// lowers reports whether a change allows less, and nothing more. What is neither
// more nor less, such as a language, does not lower.
func lowers(name, from, to string) bool {
	kind, _, _ := strings.Cut(name, ".")
	switch kind + "." {
	case Purposes, Topics:
		return to == Off
	case Channels, Shares:
		return to == No
	}
	switch name {
	case Only:
		return to == On
	case Often:
		return rate(to) < rate(from)
	case Quiet:
		return holds(to, from)
	case Break:
		return to > from // RFC 3339 in UTC: later is greater, "" is least
	case Location:
		return known(to) < known(from)
	}
	return false
}

var locations = []string{fact.LocationNone, fact.LocationCity, fact.LocationStore, fact.LocationPrecise}

// known is how much a word about location lets be known. No word holds nothing
// back.
func known(location string) int {
	if i := slices.Index(locations, location); i >= 0 {
		return i
	}
	return len(locations)
}

// rate is how many messages an hour a limit lets through; no limit is beyond all.
func rate(often string) float64 {
	c, ok := ParseOften(often)
	if !ok {
		return 1e9
	}
	return float64(c.Count) / float64(c.Hours)
}

// ParseOften reads "2/168".
func ParseOften(s string) (fact.Cap, bool) {
	count, hours, _ := strings.Cut(s, "/")
	n, err := strconv.Atoi(count)
	h, err2 := strconv.Atoi(hours)
	const year = 8760
	if err != nil || err2 != nil || n < 0 || n > year || h < 1 || h > year {
		return fact.Cap{}, false
	}
	return fact.Cap{Count: n, Hours: h}, true
}

func often(c fact.Cap) string { return strconv.Itoa(c.Count) + "/" + strconv.Itoa(c.Hours) }

// ParseQuiet reads "20:00-08:00" as minutes after midnight. A time that begins as
// it ends is refused: nobody can tell whether it is never or always.
func ParseQuiet(s string) (at, to int, ok bool) {
	from, until, _ := strings.Cut(s, "-")
	a, err := time.Parse("15:04", from)
	b, err2 := time.Parse("15:04", until)
	at, to = a.Hour()*60+a.Minute(), b.Hour()*60+b.Minute()
	return at, to, err == nil && err2 == nil && at != to
}

const dayMinutes = 24 * 60

func clockTime(minutes int) string {
	minutes = ((minutes % dayMinutes) + dayMinutes) % dayMinutes
	two := func(n int) string { return strconv.Itoa(n/10) + strconv.Itoa(n%10) }
	return two(minutes/60) + ":" + two(minutes%60)
}

// holds reports whether every quiet minute of b is one of a.
func holds(a, b string) bool {
	at, to, quiet := ParseQuiet(b)
	if !quiet {
		return true
	}
	for m := at; m != to; m = (m + 1) % dayMinutes {
		if !silent(a, m) {
			return false
		}
	}
	return true
}

func silent(quiet string, minute int) bool {
	at, to, ok := ParseQuiet(quiet)
	if !ok {
		return false
	}
	if at < to {
		return at <= minute && minute < to
	}
	return minute >= at || minute < to
}

// valid reports whether a value is one that its name can have. What is on or off
// is checked by the caller, who knows the names.
func valid(name, value string, now clock.Instant) bool {
	const farthest = 2 * 366 * 24 * time.Hour
	kind, _, _ := strings.Cut(name, ".")
	switch kind + "." {
	case Purposes, Topics:
		return value == On || value == Off
	case Shares:
		return value == Yes || value == No
	case Channels:
		n, err := strconv.Atoi(value)
		return value == No || err == nil && 1 <= n && n <= 9
	}
	switch name {
	case Only:
		return value == On || value == Off
	case Often:
		_, ok := ParseOften(value)
		return value == "" || ok
	case Quiet:
		_, _, ok := ParseQuiet(value)
		return value == "" || ok
	case Break:
		var at clock.Instant
		return value == "" || at.UnmarshalText([]byte(value)) == nil && at.Format() == value && at < now.Add(farthest)
	case Zone:
		_, err := time.LoadLocation(value)
		return err == nil && value != "Local"
	case Language:
		return len(value) <= 35
	case Location:
		return value == "" || slices.Contains(locations, value)
	}
	return false
}

// under lists the topics that lie above key, the nearest first.
func under(key string) []string {
	var above []string
	for i := strings.LastIndexByte(key, '.'); i > 0; i = strings.LastIndexByte(key, '.') {
		key = key[:i]
		above = append(above, key)
	}
	return above
}

// within reports whether a topic is one of the list or lies under one.
func within(key string, list []string) bool {
	return slices.ContainsFunc(list, func(k string) bool { return k != "" && define.Within(key, k) })
}
