package racetest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/heed-platform/heed/internal/clock"
	"github.com/heed-platform/heed/internal/fact"
	"github.com/heed-platform/heed/internal/keep/internal/store"
	given "github.com/heed-platform/heed/internal/keep/keeptest/giventest"
)

// handles opens a place as often as the engine allows, up to three times.
func handles(t *testing.T, open given.Place) (is []store.Identity, ds []store.Data) {
	t.Helper()
	for len(is) < 3 {
		i, d := open(t)
		is, ds = append(is, i), append(ds, d)
		if !d.Capabilities().ManyNodes {
			break
		}
	}
	return is, ds
}

// race runs f as n racers that start together.
func race(n int, f func(racer int)) {
	var all sync.WaitGroup
	gate := make(chan struct{})
	for racer := range n {
		all.Go(func() {
			<-gate
			f(racer)
		})
	}
	close(gate)
	all.Wait()
}

// unreadable counts racers who went away with a key that is not the one kept:
// what they seal with it nobody can open.
func unreadable(t *testing.T, is []store.Identity, round uint64) (lost int64) {
	t.Helper()
	const racers, each = 8, 5
	keys := [racers][each]string{}
	race(racers, func(racer int) {
		var mine []store.Fragment
		var links []store.Link
		for n := range uint64(each) {
			f := given.Frag(round*each + n)
			f.Key = fmt.Appendf(nil, "key of racer %d", racer)
			mine = append(mine, f)
			links = append(links, given.Link(round*each, round*each+n, racer%2 == 0, clock.Instant(racer), uint64(racer)))
		}
		for {
			stand, _, err := is[racer%len(is)].Admit(t.Context(), mine, links)
			if errors.Is(err, store.ErrStale) {
				continue
			}
			if err != nil {
				t.Error(err)
			}
			for _, f := range stand {
				for n := range uint64(each) {
					if f.Hash == given.Hash(round*each+n) {
						keys[racer][n] = string(f.Key)
					}
				}
			}
			return
		}
	})
	for n := range uint64(each) {
		found, err := is[0].Find(t.Context(), given.Hashes(round*each+n))
		given.Must(t, err)
		if len(found) != 1 {
			t.Fatalf("%d rows of one hash", len(found))
		}
		for racer := range racers {
			if keys[racer][n] != string(found[0].Key) {
				lost++
			}
		}
	}
	return lost
}

// careless answers with the caller's own keys, as a cache in front of
// "insert, on conflict do nothing" does.
type careless struct{ store.Identity }

func (c careless) Admit(ctx context.Context, fs []store.Fragment, links []store.Link) ([]store.Fragment, []store.Edge, error) {
	_, edges, err := c.Identity.Admit(ctx, fs, links)
	return fs, edges, err
}

// testAdmitRace: two nodes that admit one hash both get the winner's key.
func testAdmitRace(t *testing.T, open given.Place) {
	is, _ := handles(t, open)
	for round := range uint64(10) {
		if lost := unreadable(t, is, round); lost > 0 {
			t.Fatalf("round %d: %d keys are lost", round, lost)
		}
	}
	found, err := is[0].Find(t.Context(), given.Hashes(0))
	given.Must(t, err)
	fs, edges, whole, err := is[0].Component(t.Context(), []fact.FragmentID{found[0].ID}, 10)
	given.Must(t, err)
	if len(fs) != 5 || len(edges) != 8 || !whole {
		t.Errorf("%d fragments, %d edges", len(fs), len(edges))
	}
	for _, e := range edges {
		if want := map[bool]clock.Instant{true: 0, false: 1}[e.Verified]; e.At != want {
			t.Errorf("the smallest edge is at %d, kept is %d", want, e.At)
		}
	}
	for n := range is {
		is[n] = careless{is[n]}
	}
	if lost := unreadable(t, is, 99); lost == 0 {
		t.Error("control: careless nodes lost no key, so this test sees nothing")
	}
}

// testClaimRace: each job goes to one racer.
func testClaimRace(t *testing.T, open given.Place) {
	_, ds := handles(t, open)
	const jobs = 300
	for n := range jobs {
		if n%100 == 0 {
			var some []store.Job
			for m := range 100 {
				some = append(some, store.Job{Kind: "k", Due: clock.Instant(n + m), Unique: fmt.Sprint(n + m)})
			}
			given.Enqueue(t, ds[0], some...)
		}
	}
	var claimed sync.Map
	var total, again atomic.Int64
	race(6, func(racer int) {
		d := ds[racer%len(ds)]
		for empty := 0; empty < 2; {
			var got []store.Job
			err := d.Write(t.Context(), func(w store.Writer) (err error) {
				got, err = w.Claim(t.Context(), "k", 1000, 2000, 7)
				return err
			})
			if err != nil {
				t.Error(err)
				return
			}
			for _, j := range got {
				total.Add(1)
				if _, twice := claimed.LoadOrStore(j.ID, true); twice || j.Fence != 1 {
					again.Add(1)
				}
			}
			if len(got) == 0 {
				empty++
			}
		}
	})
	given.Equal(t, "claimed", total.Load(), jobs)
	given.Equal(t, "claimed twice", again.Load(), 0)

	// One key, many nodes: once.
	var added atomic.Int64
	race(6, func(racer int) {
		err := ds[racer%len(ds)].Write(t.Context(), func(w store.Writer) error {
			n, err := w.Enqueue(t.Context(), []store.Job{{Kind: "k", Unique: "only"}, {Kind: "k", Unique: "one"}})
			added.Add(int64(n))
			return err
		})
		if err != nil {
			t.Error(err)
		}
	})
	given.Equal(t, "added", added.Load(), 2)
}

// testLockBlocks: who holds a fragment holds it to the end of their transaction.
func testLockBlocks(t *testing.T, open given.Place) {
	_, ds := handles(t, open)
	first, second := ds[0], ds[len(ds)-1]
	given.Write(t, first, func(ctx context.Context, w store.Writer) error {
		return w.PutStates(ctx, []store.State{{Fragment: 1, N: 1, Version: 1}})
	})
	held, free := make(chan struct{}), make(chan struct{})
	var released atomic.Bool
	var all sync.WaitGroup
	all.Go(func() {
		err := first.Write(t.Context(), func(w store.Writer) error {
			_, err := w.Lock(t.Context(), []fact.FragmentID{2, 1})
			close(held)
			<-free
			released.Store(true)
			return errors.Join(err, w.PutStates(t.Context(), []store.State{{Fragment: 1, N: 2, Version: 1}}))
		})
		if err != nil {
			t.Error(err)
		}
	})
	<-held
	for _, ids := range [][]fact.FragmentID{{1, 9}, {2}} { // 2 has no state
		all.Go(func() {
			err := second.Write(t.Context(), func(w store.Writer) error {
				states, err := w.Lock(t.Context(), ids)
				if !released.Load() {
					t.Errorf("%v was locked while somebody held it", ids)
				}
				if ids[0] == 1 && (len(states) != 1 || states[0].N != 2) {
					t.Errorf("the state is stale: %v", states)
				}
				return err
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	// Whoever waits in vain gives up when their time is over.
	ctx, stop := context.WithTimeout(t.Context(), 50*time.Millisecond)
	err := second.Write(ctx, func(w store.Writer) error {
		_, err := w.Lock(ctx, []fact.FragmentID{1})
		return err
	})
	stop()
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("%v, want context.DeadlineExceeded", err)
	}
	if second.Capabilities().RowLocks {
		given.Write(t, second, func(ctx context.Context, w store.Writer) error {
			_, err := w.Lock(ctx, []fact.FragmentID{3})
			return err
		})
	}
	close(free)
	all.Wait()
}

// testChainRace: many append to one chain. Under Lock nobody is stale; without
// it somebody may be, and then knows it. Either way nothing is lost.
func testChainRace(t *testing.T, open given.Place) {
	_, ds := handles(t, open)
	const racers, each = 6, 15
	for id, locked := range map[fact.FragmentID]bool{1: true, 2: false} {
		race(racers, func(racer int) {
			d := ds[racer%len(ds)]
			for done := 0; done < each; {
				err := d.Write(t.Context(), func(w store.Writer) error {
					ctx := t.Context()
					if locked {
						if _, err := w.Lock(ctx, []fact.FragmentID{id}); err != nil {
							return err
						}
					}
					states, err := w.States(ctx, []fact.FragmentID{id})
					if err != nil {
						return err
					}
					next := uint64(1)
					if len(states) > 0 {
						next = states[0].N + 1
					}
					if err := w.Append(ctx, given.Facts(id, next, next)); err != nil {
						return err
					}
					return w.PutStates(ctx, []store.State{{Fragment: id, N: next, Version: 1}})
				})
				switch {
				case err == nil:
					done++
				case locked || !errors.Is(err, store.ErrStale):
					t.Errorf("locked %v: %v", locked, err)
					return
				}
			}
		})
		given.Equal(t, "the chain", given.Chain(t, ds[0], id, 1), given.Facts(id, 1, racers*each))
	}
}

// testCutRace: evidence that arrives while a pair is cut does not join it.
func testCutRace(t *testing.T, open given.Place) {
	is, _ := handles(t, open)
	for round := range uint64(10) {
		a, b := 2*round+1, 2*round+2
		ids := given.Admit(t, is[0], []uint64{a, b}, given.Link(a, b, false, 9, 9))
		race(4, func(racer int) {
			i := is[racer%len(is)]
			var err error
			if racer == 0 {
				err = i.Cut(t.Context(), [][2]fact.FragmentID{{ids[a], ids[b]}})
			} else {
				_, _, err = i.Admit(t.Context(), nil, []store.Link{given.Link(a, b, racer == 1, clock.Instant(racer), 1)})
			}
			if err != nil && !errors.Is(err, store.ErrStale) {
				t.Error(err)
			}
		})
		fs, _, _, err := is[0].Component(t.Context(), []fact.FragmentID{ids[a]}, 10)
		given.Must(t, err)
		if len(fs) != 1 {
			t.Fatalf("round %d: a cut pair is joined", round)
		}
	}
}

// testForgetRace: a fragment that is forgotten while others write to it has a
// chain that is whole from its first fact, or none.
func testForgetRace(t *testing.T, open given.Place) {
	_, ds := handles(t, open)
	for round := range fact.FragmentID(8) {
		id := round + 1
		race(4, func(racer int) {
			d := ds[racer%len(ds)]
			for range 4 {
				err := d.Write(t.Context(), func(w store.Writer) error {
					ctx := t.Context()
					states, err := w.Lock(ctx, []fact.FragmentID{id})
					if err != nil || racer == 0 {
						return errors.Join(err, w.Forget(ctx, []fact.FragmentID{id}))
					}
					next := uint64(1)
					if len(states) > 0 {
						next = states[0].N + 1
					}
					return errors.Join(w.Append(ctx, given.Facts(id, next, next)), w.PutStates(ctx, []store.State{{Fragment: id, N: next, Version: 1}}))
				})
				if err != nil {
					t.Error(err)
				}
			}
		})
		got := given.Chain(t, ds[0], id, 1)
		given.Equal(t, "chain", got, given.Facts(id, 1, uint64(len(got))))
		given.Read(t, ds[0], func(ctx context.Context, r store.Reader) {
			states, err := r.States(ctx, []fact.FragmentID{id})
			given.Must(t, err)
			if len(got) > 0 && (len(states) != 1 || states[0].N != uint64(len(got))) {
				t.Errorf("state %v for %d facts", states, len(got))
			}
		})
	}
}
