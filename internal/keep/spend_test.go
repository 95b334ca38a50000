package keep_test

import (
	"sync"
	"sync/atomic"
	"testing"

	"github.com/heed-platform/heed/internal/clock"
	"github.com/heed-platform/heed/internal/keep"
)

func TestSpend_once(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, k *keep.Keep) {
		t.Helper()
		var first atomic.Int64
		var all sync.WaitGroup
		for range 8 {
			all.Go(func() {
				ok, err := k.Spend(t.Context(), "a link", keep.Ticket{Kind: "spent", Fragment: 7, Until: 2000})
				if err != nil {
					t.Error(err)
				}
				if ok {
					first.Add(1)
				}
			})
		}
		all.Wait()
		if first.Load() != 1 {
			t.Errorf("%d were the first", first.Load())
		}
		if ok, err := k.Spend(t.Context(), "another link", keep.Ticket{Kind: "spent", Until: 2000}); !ok || err != nil {
			t.Errorf("another: %v, %v", ok, err)
		}
	})
}

func TestCount_begins(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, k *keep.Keep) {
		t.Helper()
		for _, step := range []struct {
			now  clock.Instant
			want int64
		}{{1000, 1}, {1001, 2}, {2000, 3}, {2001, 1}, {2002, 2}} {
			n, err := k.Count(t.Context(), "an address", keep.Ticket{Kind: "asked", Until: max(2000, step.now+500)}, step.now)
			if n != step.want || err != nil {
				t.Errorf("at %d: counted %d, want %d, %v", step.now, n, step.want, err)
			}
		}
	})
}
