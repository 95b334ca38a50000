package command

import (
	"sync/atomic"

	"github.com/heed-platform/heed/internal/clock"
)

// stage is a clock that can be replaced: the demo tells the past under a still
// one and then goes on in the present.
type stage struct {
	clock.Clock

	later atomic.Pointer[clock.Clock]
}

// Now is the replacement's time once there is one.
func (s *stage) Now() clock.Instant {
	if c := s.later.Load(); c != nil {
		return (*c).Now()
	}
	return s.Clock.Now()
}

func (s *stage) now(c clock.Clock) { s.later.Store(&c) }
