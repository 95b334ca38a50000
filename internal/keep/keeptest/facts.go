package keeptest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/heed-platform/heed/internal/clock"
	"github.com/heed-platform/heed/internal/fact"
	"github.com/heed-platform/heed/internal/keep/internal/store"
	given "github.com/heed-platform/heed/internal/keep/keeptest/giventest"
	"github.com/heed-platform/heed/internal/keep/keeptest/longtest"
)

// testChains writes chains that are interleaved in time.
func testChains(t *testing.T, open given.Place) {
	_, d := open(t)
	for n := uint64(1); n <= 9; n += 3 {
		given.Write(t, d, func(ctx context.Context, w store.Writer) error {
			var mixed []store.Fact
			for m := n; m < n+3; m++ {
				for id := fact.FragmentID(5); id >= 1; id-- {
					mixed = append(mixed, given.Facts(id, m, m)...)
				}
			}
			if err := w.Append(ctx, mixed); err != nil {
				return err
			}
			// The writer sees its own work.
			given.Equal(t, "own work", len(given.Collect(t, w.Facts(ctx, 3, 1))), int(n)+2)
			return w.Append(ctx, nil)
		})
	}
	for id := fact.FragmentID(1); id <= 5; id++ {
		given.Equal(t, "whole chain", given.Chain(t, d, id, 0), given.Facts(id, 1, 9))
		given.Equal(t, "from the first", given.Chain(t, d, id, 1), given.Facts(id, 1, 9))
		given.Equal(t, "end of chain", given.Chain(t, d, id, 7), given.Facts(id, 7, 9))
		given.Equal(t, "past the end", given.Chain(t, d, id, 10), nil)
	}
	given.Equal(t, "nobody's chain", given.Chain(t, d, 77, 0), nil)
	given.Read(t, d, func(ctx context.Context, r store.Reader) {
		for f, err := range r.Facts(ctx, 2, 4) {
			given.Must(t, err)
			given.Equal(t, "the first of those asked for", f, given.Facts(2, 4, 4)[0])
			break
		}
	})
}

func testStale(t *testing.T, open given.Place) {
	_, d := open(t)
	given.Write(t, d, func(ctx context.Context, w store.Writer) error {
		return w.Append(ctx, append(given.Facts(1, 1, 9), given.Facts(2, 1, 9)...))
	})
	for name, stale := range map[string][]store.Fact{
		"repeated":             given.Facts(1, 9, 9),
		"gap":                  given.Facts(1, 11, 11),
		"zero":                 given.Facts(1, 0, 0),
		"gap within":           append(given.Facts(2, 10, 10), given.Facts(2, 12, 12)...),
		"twice":                append(given.Facts(2, 10, 10), given.Facts(2, 10, 10)...),
		"new chain with a gap": given.Facts(99, 2, 2),
		"one of two":           append(given.Facts(1, 10, 10), given.Facts(2, 11, 11)...),
	} {
		err := d.Write(t.Context(), func(w store.Writer) error { return w.Append(t.Context(), stale) })
		if !errors.Is(err, store.ErrStale) {
			t.Errorf("%s: %v, want ErrStale", name, err)
		}
	}
	given.Equal(t, "nothing was added", len(given.Chain(t, d, 1, 1))+len(given.Chain(t, d, 2, 1))+len(given.Chain(t, d, 99, 1)), 18)
	given.Write(t, d, func(ctx context.Context, w store.Writer) error { return w.Append(ctx, given.Facts(1, 10, 11)) })
	given.Equal(t, "and the chain goes on", given.Chain(t, d, 1, 1), given.Facts(1, 1, 11))
}

func testForget(t *testing.T, open given.Place) {
	_, d := open(t)
	given.Write(t, d, func(ctx context.Context, w store.Writer) error {
		for id := fact.FragmentID(1); id <= 3; id++ {
			if _, err := w.Enqueue(ctx, []store.Job{{Kind: "k", Fragment: id, Unique: fmt.Sprint(id)}}); err != nil {
				return err
			}
			if err := errors.Join(
				w.Append(ctx, given.Facts(id, 1, 5)),
				w.PutStates(ctx, []store.State{{Fragment: id, N: 5, Version: 1, Body: []byte("s")}}),
				w.PutSeenPages(ctx, []store.SeenPage{{Fragment: id, Page: 0, Entries: []byte("p")}}),
				w.PutTimers(ctx, []store.Timer{{Fragment: id, Due: 5}}),
				w.PutSpine(ctx, []store.Spine{{Pseudonym: int64(id), At: 5, Name: "Order Completed"}}),
			); err != nil {
				return err
			}
		}
		return nil
	})
	for range 2 {
		given.Write(t, d, func(ctx context.Context, w store.Writer) error { return w.Forget(ctx, []fact.FragmentID{3, 1, 3, 88}) })
	}
	given.Must(t, d.Scrub(t.Context()))
	left := func(id fact.FragmentID) (n int) {
		given.Write(t, d, func(ctx context.Context, w store.Writer) error {
			states, err := w.States(ctx, []fact.FragmentID{id})
			given.Must(t, err)
			page, err := w.SeenPage(ctx, id, 0)
			given.Must(t, err)
			jobs, err := w.Jobs(ctx, "k", "waiting", 10)
			given.Must(t, err)
			timers, err := w.DueTimers(ctx, 100, 10)
			given.Must(t, err)
			n = len(given.Collect(t, w.Facts(ctx, id, 1))) + len(states) + len(page)
			for _, j := range jobs {
				if j.Fragment == id {
					n++
				}
			}
			for _, timer := range timers {
				if timer.Fragment == id {
					n++
				}
			}
			return nil
		})
		return n
	}
	given.Equal(t, "left of the forgotten", left(1)+left(3), 0)
	given.Equal(t, "left of the other", left(2), 5+1+1+1+1)
	given.Read(t, d, func(ctx context.Context, r store.Reader) {
		given.Equal(t, "the spine stays", len(given.Collect(t, r.Spines(ctx, 0))), 3)
	})
	// The same id may begin a new chain.
	given.Write(t, d, func(ctx context.Context, w store.Writer) error { return w.Append(ctx, given.Facts(3, 1, 2)) })
	given.Equal(t, "a new chain", given.Chain(t, d, 3, 1), given.Facts(3, 1, 2))
}

func testDrop(t *testing.T, open given.Place) {
	_, d := open(t)
	given.Write(t, d, func(ctx context.Context, w store.Writer) error {
		all := given.Facts(1, 1, 6)
		all[3].Body = []byte("short")
		all[4].Body = nil
		return w.Append(ctx, all)
	})
	for range 2 {
		given.Write(t, d, func(ctx context.Context, w store.Writer) error {
			return errors.Join(w.DropFacts(ctx, 1, []uint64{5, 2, 4, 2}), w.DropFacts(ctx, 1, nil))
		})
	}
	want := given.Facts(1, 1, 6)
	want[1].Body = want[1].Body[len(want[1].Body)-16:]
	want[3].Body = []byte("short")
	want[4].Body = nil
	given.Equal(t, "dropped", given.Chain(t, d, 1, 1), want)
	for _, n := range []uint64{0, 7} {
		err := d.Write(t.Context(), func(w store.Writer) error { return w.DropFacts(t.Context(), 1, []uint64{1, n}) })
		if !errors.Is(err, store.ErrNotFound) {
			t.Errorf("fact %d: %v, want ErrNotFound", n, err)
		}
	}
	given.Equal(t, "all or none", given.Chain(t, d, 1, 1), want)
	given.Write(t, d, func(ctx context.Context, w store.Writer) error { return w.Append(ctx, given.Facts(1, 7, 7)) })
}

// testLong reads more than an iterator fetches at once, asking other things
// while it has a fact in hand.
func testLong(t *testing.T, open given.Place) {
	_, d := open(t)
	many := longtest.Rounds(1100, 5000)
	long := given.Facts(1, 1, uint64(many))
	long[700].Body = []byte(strings.Repeat("long ", 40_000))
	given.Write(t, d, func(ctx context.Context, w store.Writer) error {
		return errors.Join(w.Append(ctx, long), w.Append(ctx, given.Facts(2, 1, 3)))
	})
	given.Read(t, d, func(ctx context.Context, r store.Reader) {
		n := 0
		for f, err := range r.Facts(ctx, 1, 1) {
			given.Must(t, err)
			given.Equal(t, "in order", f, long[n])
			if n++; n%500 == 0 {
				given.Equal(t, "another chain meanwhile", given.Collect(t, r.Facts(ctx, 2, 1)), given.Facts(2, 1, 3))
			}
		}
		given.Equal(t, "all of them", n, many)
	})
}

func testStates(t *testing.T, open given.Place) {
	_, d := open(t)
	one := store.State{Fragment: 3, N: 4, Version: 2, Body: []byte("body"), Seen: []byte("seen"), Pages: 1}
	two := store.State{Fragment: 9, N: 1, Version: 0, Body: []byte("other")}
	ids := []fact.FragmentID{9, 3, 3, 5}
	given.Write(t, d, func(ctx context.Context, w store.Writer) error {
		got, err := w.Lock(ctx, ids)
		given.Must(t, err)
		given.Equal(t, "locked before there were any", got, nil)
		return nil
	})
	given.Read(t, d, func(ctx context.Context, r store.Reader) {
		got, err := r.States(ctx, ids)
		given.Must(t, err)
		given.Equal(t, "locking creates nothing", got, nil)
		got, err = r.ScanStates(ctx, 0, 10)
		given.Must(t, err)
		given.Equal(t, "locking creates nothing", got, nil)
	})
	given.Write(t, d, func(ctx context.Context, w store.Writer) error {
		older := one
		older.Body = []byte("older")
		given.Must(t, w.PutStates(ctx, []store.State{two, older, one})) // the last of a fragment counts
		got, err := w.Lock(ctx, ids)
		given.Must(t, err)
		given.Equal(t, "locked", got, []store.State{one, two})
		given.Must(t, w.PutSeenPages(ctx, []store.SeenPage{{Fragment: 3, Page: 0, Entries: []byte("a")}, {Fragment: 3, Page: 1, Entries: []byte("b")}, {Fragment: 3, Page: 0, Entries: []byte("c")}}))
		return w.PutStates(ctx, nil)
	})
	given.Read(t, d, func(ctx context.Context, r store.Reader) {
		got, err := r.States(ctx, ids)
		given.Must(t, err)
		given.Equal(t, "states", got, []store.State{one, two})
		got, err = r.ScanStates(ctx, 0, 1)
		given.Must(t, err)
		given.Equal(t, "scan", got, []store.State{one})
		got, err = r.ScanStates(ctx, 3, 10)
		given.Must(t, err)
		given.Equal(t, "scan goes on", got, []store.State{two})
		for n, want := range []string{"c", "b", ""} {
			page, err := r.SeenPage(ctx, 3, n)
			given.Must(t, err)
			given.Equal(t, "page", string(page), want)
		}
	})
	two.Seen, two.Body = []byte("now"), nil
	given.Write(t, d, func(ctx context.Context, w store.Writer) error {
		return errors.Join(w.PutStates(ctx, []store.State{two}), w.Append(ctx, given.Facts(3, 1, 2)))
	})
	given.Read(t, d, func(ctx context.Context, r store.Reader) {
		got, err := r.States(ctx, []fact.FragmentID{9})
		given.Must(t, err)
		given.Equal(t, "rewritten", got, []store.State{two})
	})
	given.Write(t, d, func(ctx context.Context, w store.Writer) error { return w.ClearStates(ctx) })
	given.Read(t, d, func(ctx context.Context, r store.Reader) {
		got, err := r.States(ctx, ids)
		given.Must(t, err)
		page, err := r.SeenPage(ctx, 3, 1)
		given.Must(t, err)
		given.Equal(t, "cleared", len(got)+len(page), 0)
		given.Equal(t, "facts stay", len(given.Collect(t, r.Facts(ctx, 3, 1))), 2)
	})
}

func testSpine(t *testing.T, open given.Place) {
	_, d := open(t)
	var want []store.Spine
	for n := range 1200 {
		want = append(want, store.Spine{
			Pseudonym: int64(n) - 600, At: clock.Instant(n / 4), Name: []string{"Product Viewed", "Order Completed", "Ünï"}[n%3],
			Item: fmt.Sprint(n), Minor: int64(n) - 5, Currency: "EUR", Quantity: int64(n),
		})
	}
	// The later half arrives first; lines of one instant stay in their order.
	given.Write(t, d, func(ctx context.Context, w store.Writer) error {
		return errors.Join(w.PutSpine(ctx, want[600:]), w.PutSpine(ctx, want[:600]), w.PutSpine(ctx, nil))
	})
	given.Read(t, d, func(ctx context.Context, r store.Reader) {
		given.Equal(t, "by time", given.Collect(t, r.Spines(ctx, -1)), want)
		given.Equal(t, "at or after", given.Collect(t, r.Spines(ctx, 299)), want[1196:])
		given.Equal(t, "at or after, more than a page", given.Collect(t, r.Spines(ctx, 100)), want[400:])
		counts, err := r.SpineCount(ctx, 150)
		given.Must(t, err)
		given.Equal(t, "counts", counts, map[string]int64{"Product Viewed": 200, "Order Completed": 200, "Ünï": 200})
		counts, err = r.SpineCount(ctx, 1000)
		given.Must(t, err)
		given.Equal(t, "counts of nothing", counts, nil)
	})
}
