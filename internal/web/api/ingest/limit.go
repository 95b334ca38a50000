package ingest

import (
	"sync"

	"golang.org/x/time/rate"

	"github.com/heed-platform/heed/internal/clock"
)

// limiter lets each name do so much a second, with a burst. It remembers a
// bounded number of names; when it has seen more, it forgets them all, which
// lets everybody through once more.
type limiter struct {
	rate  rate.Limit
	burst int

	mu    sync.Mutex
	names map[string]*rate.Limiter
}

const manyNames = 1 << 14

func (l *limiter) allow(name string, now clock.Instant) bool {
	l.mu.Lock()
	if l.names == nil || len(l.names) >= manyNames {
		l.names = map[string]*rate.Limiter{}
	}
	one := l.names[name]
	if one == nil {
		one = rate.NewLimiter(l.rate, l.burst)
		l.names[name] = one
	}
	l.mu.Unlock()
	return one.AllowN(now.Time(), 1)
}
