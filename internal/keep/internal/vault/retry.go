package vault

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/heed-platform/heed/internal/keep/internal/store"
)

const (
	// attempts bounds how often work that lost a race is tried again.
	attempts = 12
	// longest is the most that it waits before that, give or take a half.
	longest = 200 * time.Millisecond
)

// retry does f again when another writer was first: at most attempts times, and
// each time a little later, for those that ran into each other must not do so
// again.
func retry(ctx context.Context, f func() error) error {
	var err error
	for n := range attempts {
		if err = f(); !errors.Is(err, store.ErrStale) {
			return err
		}
		if !rest(ctx, min(time.Millisecond<<n, longest)) {
			return err
		}
	}
	return fmt.Errorf("gave up after %d tries: %w", attempts, err)
}

// rest waits about d; false says that nobody waits for the work any more.
func rest(ctx context.Context, d time.Duration) bool {
	pause, stop := context.WithTimeout(ctx, d/2+rand.N(d)) //nolint:gosec // spreads load, keeps no secret
	defer stop()
	<-pause.Done()
	return ctx.Err() == nil
}
