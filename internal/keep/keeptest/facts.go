package keeptest

import (
	"context"
	"errors"
	"testing"

	"github.com/heed-platform/heed/internal/fact"
	"github.com/heed-platform/heed/internal/keep/internal/store"
)

func chain(t *testing.T, d store.Data, id fact.FragmentID, from uint64) (got []store.Fact) {
	t.Helper()
	read(t, d, func(ctx context.Context, r store.Reader) { got = collect(t, r.Facts(ctx, id, from)) })
	return got
}

// testFacts: chains of many fragments, interleaved, read back in order.
func testFacts(t *testing.T, open Place) {
	_, d := open(t)
	for n := uint64(1); n <= 9; n += 3 {
		write(t, d, func(ctx context.Context, w store.Writer) error {
			for id := fact.FragmentID(1); id <= 5; id++ {
				if err := w.Append(ctx, facts(id, n, n+2)); err != nil {
					return err
				}
			}
			return nil
		})
	}
	for id := fact.FragmentID(1); id <= 5; id++ {
		equal(t, "whole chain", chain(t, d, id, 0), facts(id, 1, 9))
		equal(t, "from the first", chain(t, d, id, 1), facts(id, 1, 9))
		equal(t, "end of chain", chain(t, d, id, 7), facts(id, 7, 9))
		equal(t, "past the end", chain(t, d, id, 10), nil)
	}
	equal(t, "nobody's chain", chain(t, d, 77, 0), nil)
	for name, stale := range map[string][]store.Fact{
		"repeated": facts(1, 9, 9), "gap": facts(1, 11, 11), "zero": facts(1, 0, 0), "gap within": {facts(2, 10, 10)[0], facts(2, 12, 12)[0]},
		"new chain with a gap": facts(99, 2, 2),
	} {
		err := d.Write(t.Context(), func(w store.Writer) error { return w.Append(t.Context(), stale) })
		if !errors.Is(err, store.ErrStale) {
			t.Errorf("%s: %v, want ErrStale", name, err)
		}
	}
}

func testStates(t *testing.T, open Place) {
	_, d := open(t)
	one := store.State{Fragment: 3, N: 4, Version: 2, Body: []byte("body"), Seen: []byte("seen"), Pages: 1}
	two := store.State{Fragment: 9, N: 1, Version: 2, Body: []byte("other")}
	write(t, d, func(ctx context.Context, w store.Writer) error {
		got, err := w.Lock(ctx, []fact.FragmentID{9, 3, 3, 5})
		equal(t, "locked before there were any", got, nil)
		if err != nil {
			return err
		}
		if err := w.PutStates(ctx, []store.State{two, one}); err != nil {
			return err
		}
		got, err = w.Lock(ctx, []fact.FragmentID{9, 3, 3, 5})
		equal(t, "locked", got, []store.State{one, two})
		return err
	})
	read(t, d, func(ctx context.Context, r store.Reader) {
		got, err := r.States(ctx, []fact.FragmentID{9, 3, 5})
		must(t, err)
		equal(t, "states", got, []store.State{one, two})
	})
}
