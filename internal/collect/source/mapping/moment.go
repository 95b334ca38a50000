package mapping

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// usual are the ways to write a time that cannot be mistaken for another.
var usual = []string{
	"2006-01-02 15:04:05", "2006-01-02", "2006-01-02T15:04:05Z07:00", "2006-01-02T15:04:05",
	"2006-01-02 15:04:05Z07:00", "2006-01-02 15:04", "2006-01-02T15:04", "2006-01-02T15:04:05-0700",
}

// tokens turn our words for the parts of a time into Go's. Longer ones first.
var tokens = []struct{ ours, goes string }{
	{"YYYY", "2006"},
	{"YY", "06"},
	{"MMMM", "January"},
	{"MMM", "Jan"},
	{"MM", "01"},
	{"M", "1"},
	{"DD", "02"},
	{"D", "2"},
	{"hh", "15"},
	{"h", "3"},
	{"mm", "04"},
	{"ss", "05"},
	{"AM", "PM"},
	{"ZZ", "-0700"},
	{"Z", "Z07:00"},
}

// layoutOf translates "DD.MM.YYYY hh:mm" for package time.
func layoutOf(ours string) (string, error) {
	if ours == "unix" || ours == "unix_ms" {
		return ours, nil
	}
	var b strings.Builder
next:
	for rest := ours; rest != ""; {
		for _, t := range tokens {
			if strings.HasPrefix(rest, t.ours) {
				b.WriteString(t.goes)
				rest = rest[len(t.ours):]
				continue next
			}
		}
		if !strings.ContainsRune(" -/.:,T'", rune(rest[0])) {
			return "", fmt.Errorf("%q is not a way to write a time; use YYYY MM DD hh mm ss and the like, unix or unix_ms", ours)
		}
		b.WriteByte(rest[0])
		rest = rest[1:]
	}
	return b.String(), nil
}

// moment reads a time by the first layout that fits.
func moment(text string, layouts []string, zone *time.Location) (time.Time, bool) {
	for _, l := range layouts {
		if l == "unix" || l == "unix_ms" {
			n, err := strconv.ParseInt(text, 10, 64)
			if err != nil || n > 1<<50 || n < -1<<50 {
				continue
			}
			if l == "unix" {
				n *= 1000
			}
			return between(time.UnixMilli(n).UTC())
		}
		if t, err := time.ParseInLocation(l, text, zone); err == nil {
			return between(t.UTC())
		}
	}
	return time.Time{}, false
}

// between refuses what is a slip of the pen rather than a time.
func between(t time.Time) (time.Time, bool) { return t, t.Year() >= 1900 && t.Year() <= 9999 }
