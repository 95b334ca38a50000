package template

import (
	"strconv"
	"strings"
	"time"

	"github.com/heed-platform/heed/internal/clock"
)

// dated is the filter date. What is not a time comes out as it went in.
func dated(w work, v Value, args []Value) Value {
	zone := w.options.Zone
	if zone == nil {
		zone = time.UTC
	}
	t, ok := moment(v, zone, w.options.Now)
	if !ok {
		return v
	}
	format := "%A, %B %-e, %Y at %-l:%M %P %z"
	if has(args, 0) {
		format = args[0].string()
	}
	return of(strftime(t, format))
}

// moment reads a time: seconds since 1970, “now”, “today” or a written date. A
// written date or time without a zone is the person's own, on any clock.
func moment(v Value, zone *time.Location, now clock.Instant) (time.Time, bool) {
	switch {
	case v.sort == isTime:
		return clock.Instant(v.num).Time().In(zone), true
	case v.sort == isNumber:
		return fromSeconds(v.num, zone)
	case v.sort == isText:
		return written(v.text, zone, now)
	}
	return time.Time{}, false
}

const maxSeconds = 8.64e12 // as far as ECMAScript's dates go

func fromSeconds(s float64, zone *time.Location) (time.Time, bool) {
	if !(s >= -maxSeconds && s <= maxSeconds) {
		return time.Time{}, false
	}
	return time.UnixMilli(int64(s * 1000)).In(zone), true
}

func written(s string, zone *time.Location, now clock.Instant) (time.Time, bool) {
	if s == "now" || s == "today" {
		return now.Time().In(zone), true
	}
	if s != "" && strings.Trim(s, "0123456789") == "" {
		f, err := strconv.ParseFloat(s, 64)
		if err != nil {
			return time.Time{}, false
		}
		return fromSeconds(f, zone)
	}
	for _, layout := range []string{
		time.RFC3339Nano, "2006-01-02T15:04Z07:00", "2006-01-02T15:04:05Z0700", "2006-01-02 15:04:05Z07:00",
		"2006-01-02 15:04:05 Z0700", time.RFC1123Z, "2 Jan 2006 15:04:05 -0700",
	} {
		if t, err := time.Parse(layout, s); err == nil {
			return t.In(zone), true
		}
	}
	for _, layout := range []string{
		time.DateOnly, "2006-01-02T15:04:05", "2006-01-02T15:04", time.DateTime, "2006-01-02 15:04", "2006-01",
		"2006/01/02", "January 2, 2006", "Jan 2, 2006", "2 January 2006", "2 Jan 2006", "January 2 2006",
	} {
		if t, err := time.ParseInLocation(layout, s, zone); err == nil {
			return t, true
		}
	}
	return time.Time{}, false
}

// directive is one %… of a date format.
type directive struct {
	flags string
	width int // -1 is none
	code  byte
}

// parseDirective reads behind the %, and returns how many bytes that is; 0 if
// it is none.
func parseDirective(s string) (directive, int) {
	d := directive{width: -1}
	i := 0
	for i < len(s) && strings.IndexByte("-_0^#:", s[i]) >= 0 {
		i++
	}
	d.flags = s[:i]
	for from := i; i < len(s) && isDigit(s[i]); i++ {
		d.width, _ = strconv.Atoi(s[from:min(i+1, from+3)]) // at most 999; digits cannot fail
	}
	if i < len(s) && (s[i] == 'E' || s[i] == 'O') {
		i++
	}
	if i >= len(s) {
		return d, 0
	}
	d.code = s[i]
	return d, i + 1
}

const dateCodes = "aAbBCdeHIjklLmMNpPqsSuUwWyYzZhtn%"

// badDateCode is the first code of a format that does not exist, as written.
func badDateCode(format string) string {
	for i := 0; i < len(format); i++ {
		if format[i] != '%' {
			continue
		}
		d, n := parseDirective(format[i+1:])
		if n == 0 || strings.IndexByte(dateCodes, d.code) < 0 {
			return format[i : i+1+advance(format[i+1:], 0, max(n, 1))]
		}
		i += n
	}
	return ""
}

// strftime writes a time in English, as C and Ruby do.
func strftime(t time.Time, format string) string {
	var b strings.Builder
	for i := 0; i < len(format); i++ {
		if format[i] != '%' {
			b.WriteByte(format[i])
			continue
		}
		d, n := parseDirective(format[i+1:])
		if n == 0 || strings.IndexByte(dateCodes, d.code) < 0 {
			b.WriteByte('%')
			continue
		}
		b.WriteString(d.pad(d.of(t)))
		i += n
	}
	return b.String()
}

// of is what the code stands for, before padding.
func (d directive) of(t time.Time) string {
	switch d.code {
	case 'a':
		return t.Format("Mon")
	case 'A':
		return t.Format("Monday")
	case 'b', 'h':
		return t.Format("Jan")
	case 'B':
		return t.Format("January")
	case 'p':
		return t.Format("PM")
	case 'P':
		return t.Format("pm")
	case 'q':
		return ordinal(t.Day())
	case 'z':
		if strings.Contains(d.flags, ":") {
			return t.Format("-07:00")
		}
		return t.Format("-0700")
	case 'Z':
		return t.Format("MST")
	case 'N':
		return fraction(t, d.width)
	case 't':
		return "\t"
	case 'n':
		return "\n"
	case '%':
		return "%"
	}
	return strconv.Itoa(d.number(t))
}

// number is what a code that stands for a number says.
func (d directive) number(t time.Time) int {
	switch d.code {
	case 'C':
		return t.Year() / 100
	case 'd', 'e':
		return t.Day()
	case 'H', 'k':
		return t.Hour()
	case 'I', 'l':
		return (t.Hour()+11)%12 + 1
	case 'j':
		return t.YearDay()
	case 'L':
		return t.Nanosecond() / 1e6
	case 'm':
		return int(t.Month())
	case 'M':
		return t.Minute()
	case 's':
		return int(t.Unix())
	case 'S':
		return t.Second()
	case 'u':
		return (int(t.Weekday())+6)%7 + 1
	case 'U':
		return (t.YearDay() + 6 - int(t.Weekday())) / 7
	case 'w':
		return int(t.Weekday())
	case 'W':
		return (t.YearDay() + 6 - (int(t.Weekday())+6)%7) / 7
	case 'y':
		return (t.Year()%100 + 100) % 100
	}
	return t.Year()
}

func ordinal(day int) string {
	if day/10 == 1 {
		return "th"
	}
	switch day % 10 {
	case 1:
		return "st"
	case 2:
		return "nd"
	case 3:
		return "rd"
	}
	return "th"
}

// fraction is milliseconds written as so many digits of a second.
func fraction(t time.Time, width int) string {
	if width <= 0 {
		width = 9
	}
	digits := t.Format(".000")[1:]
	if width < len(digits) {
		return digits[:width]
	}
	return digits + strings.Repeat("0", width-len(digits))
}

// pad gives the code its flags and its width.
func (d directive) pad(s string) string {
	width := d.width
	if width <= 0 {
		width = usualWidth(d.code)
	}
	fill := "0"
	if strings.IndexByte("aAbBceklpP", d.code) >= 0 {
		fill = " "
	}
	switch {
	case strings.Contains(d.flags, "^"):
		s = strings.ToUpper(s)
	case strings.Contains(d.flags, "#"):
		s = swapped(s)
	}
	switch {
	case strings.Contains(d.flags, "_"):
		fill = " "
	case strings.Contains(d.flags, "0"):
		fill = "0"
	}
	if strings.Contains(d.flags, "-") || len(s) >= width {
		return s
	}
	if fill == "0" && s[0] == '-' {
		return "-" + strings.Repeat("0", width-len(s)) + s[1:]
	}
	return strings.Repeat(fill, width-len(s)) + s
}

func usualWidth(code byte) int {
	switch code {
	case 'Y':
		return 4
	case 'j', 'L':
		return 3
	}
	if strings.IndexByte("CdeHIklmMSUWy", code) >= 0 {
		return 2
	}
	return 0
}

// swapped is upper case, or lower case for what is upper case already.
func swapped(s string) string {
	if u := strings.ToUpper(s); u != s {
		return u
	}
	return strings.ToLower(s)
}
