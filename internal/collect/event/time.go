package event

import (
	"time"

	"github.com/heed-platform/heed/internal/clock"
	"github.com/heed-platform/heed/internal/collect/event/strict"
)

// when settles an event's time: what the event claims, moved by the error of
// the device's clock (its sentAt against our received), never after received.
// An event that carries both timestamp and originalTimestamp was corrected by
// whoever passed it on, and history is not moved at all.
//
// The formula is the Segment spec's: received − (sentAt − originalTimestamp).
func when(claim, original, sent []byte, history bool, received clock.Instant) (at clock.Instant, ok bool) {
	timestamp, said, ok1 := instant(claim)
	originally, saidOriginally, ok2 := instant(original)
	sentAt, saidSent, ok3 := instant(sent)
	if !ok1 || !ok2 || !ok3 {
		return 0, false
	}
	at = received
	switch {
	case said:
		at = timestamp
	case saidOriginally:
		at = originally
	}
	if saidSent && said != saidOriginally && !history {
		at = received - (sentAt - at)
	}
	return min(at, received), true
}

// The milliseconds that can be told from seconds: March 1973 to the year 9999.
const firstMilli, lastMilli = 100_000_000_000, 253_402_300_799_999

// instant reads a JSON value as a time; said is false when there is none.
func instant(raw []byte) (t clock.Instant, said, ok bool) {
	switch {
	case strict.IsNull(raw):
		return 0, false, true
	case raw[0] != '"':
		t, ok = millis(raw)
		return t, ok, ok
	case len(raw) == 2:
		return 0, false, true
	}
	text := raw[1 : len(raw)-1]
	if t, ok = iso(text); !ok {
		t, ok = millis(text)
	}
	return t, ok, ok
}

// millis reads milliseconds since 1970, with a fraction if need be.
func millis(b []byte) (clock.Instant, bool) {
	n, rest, ok := digits(b, 1, 15)
	if !ok || n < firstMilli || n > lastMilli {
		return 0, false
	}
	micros, rest, ok := fraction(rest, 3)
	return clock.Instant(n*1000 + micros), ok && len(rest) == 0
}

// iso reads 2006-01-02T15:04[:05[.999999999]][Z|±07:00|±0700|±07]. Without a
// zone it is UTC, as in Segment. What is finer than a microsecond is cut off.
func iso(b []byte) (clock.Instant, bool) {
	year, b, ok1 := number(b, 4, '-')
	month, b, ok2 := number(b, 2, '-')
	day, b, ok3 := number(b, 2, 0)
	if !ok1 || !ok2 || !ok3 || len(b) == 0 || (b[0] != 'T' && b[0] != 't' && b[0] != ' ') {
		return 0, false
	}
	hour, b, ok1 := number(b[1:], 2, ':')
	minute, b, ok2 := number(b, 2, 0)
	if !ok1 || !ok2 {
		return 0, false
	}
	second, micros := int64(0), int64(0)
	if len(b) > 0 && b[0] == ':' {
		if second, b, ok1 = number(b[1:], 2, 0); !ok1 {
			return 0, false
		}
		if micros, b, ok1 = fraction(b, 6); !ok1 {
			return 0, false
		}
	}
	offset, ok := zone(b)
	if !ok || hour > 23 || minute > 59 || second > 60 { // 60 is a leap second.
		return 0, false
	}
	days, ok := daysSince1970(year, month, day)
	if !ok {
		return 0, false
	}
	seconds := days*86400 + hour*3600 + minute*60 + second - offset
	return clock.Instant(seconds*1_000_000 + micros), true
}

// zone reads the rest of a time as seconds east of UTC.
func zone(b []byte) (int64, bool) {
	if len(b) == 0 || (len(b) == 1 && b[0]|0x20 == 'z') {
		return 0, true
	}
	sign := int64(1)
	switch b[0] {
	case '-':
		sign = -1
	case '+':
	default:
		return 0, false
	}
	hours, b, ok := number(b[1:], 2, 0)
	if len(b) > 0 && b[0] == ':' {
		b = b[1:]
	}
	minutes := int64(0)
	if len(b) > 0 {
		var ok2 bool
		minutes, b, ok2 = number(b, 2, 0)
		ok = ok && ok2
	}
	return sign * (hours*3600 + minutes*60), ok && len(b) == 0 && hours < 24 && minutes < 60
}

// number reads exactly n digits and, unless it is zero, the byte after them.
func number(b []byte, n int, after byte) (v int64, rest []byte, ok bool) {
	v, rest, ok = digits(b, n, n)
	if !ok || after == 0 {
		return v, rest, ok
	}
	if len(rest) == 0 || rest[0] != after {
		return 0, rest, false
	}
	return v, rest[1:], true
}

// digits reads at least least and at most most digits.
func digits(b []byte, least, most int) (v int64, rest []byte, ok bool) {
	i := 0
	for i < len(b) && i < most && b[i]-'0' <= 9 {
		v = v*10 + int64(b[i]-'0')
		i++
	}
	return v, b[i:], i >= least
}

// fraction reads a dot and digits, if they are there, as the first n places.
func fraction(b []byte, n int) (v int64, rest []byte, ok bool) {
	if len(b) == 0 || b[0] != '.' {
		return 0, b, true
	}
	i := 1
	for ; i < len(b) && b[i]-'0' <= 9; i++ {
		if i <= n {
			v = v*10 + int64(b[i]-'0')
		}
	}
	for places := i - 1; places < n; places++ {
		v *= 10
	}
	return v, b[i:], i > 1
}

// daysSince1970 counts days in the Gregorian calendar and refuses a day that
// no calendar has.
func daysSince1970(year, month, day int64) (int64, bool) {
	t := time.Date(int(year), time.Month(month), int(day), 0, 0, 0, 0, time.UTC)
	ok := month >= 1 && month <= 12 && day >= 1 && int64(t.Day()) == day
	return t.Unix() / 86400, ok
}
