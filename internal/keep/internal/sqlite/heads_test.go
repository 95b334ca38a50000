package sqlite_test

import (
	"context"
	"encoding/binary"
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/heed-platform/heed/internal/fact"
	"github.com/heed-platform/heed/internal/keep/internal/sqlite"
	"github.com/heed-platform/heed/internal/keep/internal/store"
	given "github.com/heed-platform/heed/internal/keep/keeptest/giventest"
	"github.com/heed-platform/heed/internal/keep/keeptest/longtest"
)

// image copies the file and its log as a crash would leave them.
func image(t *testing.T, from, to string) {
	t.Helper()
	for _, suffix := range []string{"", "-wal"} {
		b, err := os.ReadFile(from + suffix)
		given.Must(t, err)
		given.Must(t, os.WriteFile(to+suffix, b, 0o600))
	}
}

// TestHeads_crash: whatever was swept when the power went, every chain is whole.
func TestHeads_crash(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "heed.db")
	d, err := sqlite.OpenData(t.Context(), path)
	given.Must(t, err)
	defer d.Close()
	d.SetLayer(5)
	random := rand.New(rand.NewPCG(1, 2))
	last := map[fact.FragmentID]uint64{}
	deepest := 0
	for round := range longtest.Rounds(17, 80) {
		given.Write(t, d, func(ctx context.Context, w store.Writer) error {
			for range 1 + random.IntN(4) {
				id := fact.FragmentID(1 + random.IntN(12))
				if random.IntN(6) == 0 {
					given.Must(t, w.Forget(ctx, []fact.FragmentID{id}))
					last[id] = 0
					continue
				}
				given.Must(t, w.Append(ctx, given.Facts(id, last[id]+1, last[id]+2)))
				last[id] += 2
			}
			return nil
		})
		deepest = max(deepest, d.Layers())
		if round%4 != 0 {
			continue
		}
		copied := filepath.Join(t.TempDir(), "heed.db")
		image(t, path, copied)
		for range 2 { // after the crash, and after a clean stop
			c, err := sqlite.OpenData(t.Context(), copied)
			given.Must(t, err)
			for id, n := range last {
				given.Equal(t, "chain", given.Chain(t, c, id, 1), given.Facts(id, 1, n))
			}
			given.Must(t, c.Close())
		}
	}
	if deepest < 2 {
		t.Error("nothing was swept, so this test has seen nothing")
	}
}

// TestHeads_fault: after a fault the writer begins again from what the file says.
func TestHeads_fault(t *testing.T) {
	t.Parallel()
	d, err := sqlite.OpenData(t.Context(), filepath.Join(t.TempDir(), "heed.db"))
	given.Must(t, err)
	defer d.Close()
	for n := uint64(1); n <= 6; n++ {
		given.Write(t, d, func(ctx context.Context, w store.Writer) error { return w.Append(ctx, given.Facts(1, n, n)) })
		given.Must(t, d.Read(t.Context(), func(r store.Reader) error {
			// A reader from before the fault keeps its snapshot.
			given.Must(t, d.Break())
			given.Write(t, d, func(ctx context.Context, w store.Writer) error {
				return w.Append(ctx, given.Facts(fact.FragmentID(n+1), 1, 1))
			})
			given.Equal(t, "before", given.Collect(t, r.Facts(t.Context(), 1, 1)), given.Facts(1, 1, n))
			given.Equal(t, "before", given.Collect(t, r.Facts(t.Context(), fact.FragmentID(n+1), 1)), nil)
			return nil
		}))
	}
	given.Equal(t, "after", given.Chain(t, d, 1, 1), given.Facts(1, 1, 6))
}

// TestWrite_full: a full disk has a name, loses nothing and passes.
func TestWrite_full(t *testing.T) {
	t.Parallel()
	d, err := sqlite.OpenData(t.Context(), filepath.Join(t.TempDir(), "heed.db"))
	given.Must(t, err)
	defer d.Close()
	given.Must(t, d.SetRoom(1)) // never less than there is
	kept, refused := uint64(0), 0
	for kept < 2000 {
		err := d.Write(t.Context(), func(w store.Writer) error {
			return w.Append(t.Context(), given.Facts(1, kept+1, kept+50))
		})
		switch {
		case err == nil:
			kept += 50
		case errors.Is(err, store.ErrFull):
			refused++
			given.Must(t, d.SetRoom(1_000_000))
		default:
			t.Fatal(err)
		}
	}
	if refused == 0 {
		t.Error("the disk was never full")
	}
	given.Equal(t, "kept", len(given.Chain(t, d, 1, 1)), int(kept))
}

// TestHeads_undone: what a commit that never came would have shown is taken back.
func TestHeads_undone(t *testing.T) {
	t.Parallel()
	for _, layer := range []int{1, 2, 100} {
		d, err := sqlite.OpenData(t.Context(), filepath.Join(t.TempDir(), "heed.db"))
		given.Must(t, err)
		d.SetLayer(layer)
		for n := uint64(1); n <= 5; n++ {
			both := append(given.Facts(1, n, n), given.Facts(fact.FragmentID(n+10), 1, 2)...)
			if err := d.AppendThenStop(t.Context(), both); !errors.Is(err, context.Canceled) {
				t.Fatal(err)
			}
			// Somebody else's commit gets the number that this one would have had.
			given.Write(t, d, func(ctx context.Context, w store.Writer) error { return w.Append(ctx, given.Facts(99, n, n)) })
			given.Equal(t, "undone", given.Chain(t, d, 1, 1), given.Facts(1, 1, n-1))
			given.Equal(t, "undone", given.Chain(t, d, fact.FragmentID(n+10), 1), nil)
			given.Write(t, d, func(ctx context.Context, w store.Writer) error { return w.Append(ctx, both) })
			given.Equal(t, "done", given.Chain(t, d, 1, 1), given.Facts(1, 1, n))
		}
		given.Must(t, d.Close())
	}
}

// TestHeads_readers: while heads are swept under their feet, readers see the
// chains of their moment.
func TestHeads_readers(t *testing.T) {
	t.Parallel()
	d, err := sqlite.OpenData(t.Context(), filepath.Join(t.TempDir(), "heed.db"))
	given.Must(t, err)
	defer d.Close()
	d.SetLayer(1)
	const people, rounds = 4, 120
	var all sync.WaitGroup
	var done atomic.Bool
	for range 3 {
		all.Go(func() {
			for !done.Load() {
				err := d.Read(t.Context(), func(r store.Reader) error {
					value, err := r.Meta(t.Context(), "n")
					if err != nil {
						return err
					}
					want := binary.BigEndian.Uint64(append(make([]byte, 8-len(value)), value...))
					for id := fact.FragmentID(1); id <= people; id++ {
						n := uint64(0)
						for f, err := range r.Facts(t.Context(), id, 1) {
							if n++; err != nil || f.N != n {
								t.Errorf("fact %d: %d, %v", n, f.N, err)
							}
						}
						if n != want {
							t.Errorf("fragment %d has %d facts at moment %d", id, n, want)
						}
					}
					return nil
				})
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	for n := uint64(1); n <= rounds; n++ {
		given.Write(t, d, func(ctx context.Context, w store.Writer) error {
			for id := fact.FragmentID(1); id <= people; id++ {
				given.Must(t, w.Append(ctx, given.Facts(id, n, n)))
			}
			return w.SetMeta(ctx, "n", binary.BigEndian.AppendUint64(nil, n))
		})
	}
	done.Store(true)
	all.Wait()
}
