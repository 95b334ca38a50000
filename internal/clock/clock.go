// Package clock is the time that the rest of heed is given.
//
// Time is int64 microseconds, UTC: one number in Go, SQL and JSON. Everything
// that needs the present takes a Clock; rules take an Instant. It does not
// schedule anything. Start reading at Instant.
package clock

import (
	"sync/atomic"
	"time"
)

// Instant is microseconds since 1970-01-01T00:00:00Z.
type Instant int64

// At converts a time.Time; it keeps microseconds.
func At(t time.Time) Instant { return Instant(t.UnixMicro()) }

// Time converts back, in UTC.
func (i Instant) Time() time.Time { return time.UnixMicro(int64(i)).UTC() }

// Add moves by d, which keeps microseconds.
func (i Instant) Add(d time.Duration) Instant { return i + Instant(d.Microseconds()) }

// Sub is the time from o to i.
func (i Instant) Sub(o Instant) time.Duration { return time.Duration(i-o) * time.Microsecond }

// Format is RFC 3339 with microseconds, UTC.
func (i Instant) Format() string { return i.Time().Format("2006-01-02T15:04:05.000000Z07:00") }

// MarshalText writes RFC 3339.
func (i Instant) MarshalText() ([]byte, error) { return []byte(i.Format()), nil }

// UnmarshalText reads RFC 3339.
func (i *Instant) UnmarshalText(b []byte) error {
	t, err := time.Parse(time.RFC3339Nano, string(b))
	if err != nil {
		return err
	}
	*i = At(t)
	return nil
}

// Clock tells the present. Its implementations are System and Still.
type Clock interface {
	Now() Instant
}

// System is the machine's clock; inside a testing/synctest bubble it is the
// bubble's.
type System struct{}

// Now is the machine's time.
func (System) Now() Instant { return At(time.Now()) }

// Still is a clock that moves only when told to.
type Still struct{ now atomic.Int64 }

// NewStill holds the clock at t.
func NewStill(t Instant) *Still {
	s := &Still{}
	s.Set(t)
	return s
}

// Now is where the clock was put.
func (s *Still) Now() Instant { return Instant(s.now.Load()) }

// Set puts the clock at t.
func (s *Still) Set(t Instant) { s.now.Store(int64(t)) }

// Advance moves the clock by d.
func (s *Still) Advance(d time.Duration) { s.now.Add(d.Microseconds()) }

// After tells when d has passed, for those who wait and do not look at the time.
// Inside a testing/synctest bubble it is the bubble's time that passes.
func After(d time.Duration) <-chan time.Time { return time.After(d) } //nolint:forbidigo // this is the owner
