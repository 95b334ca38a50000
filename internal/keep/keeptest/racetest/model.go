package racetest

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/heed-platform/heed/internal/clock"
	"github.com/heed-platform/heed/internal/fact"
	"github.com/heed-platform/heed/internal/keep/internal/store"
	given "github.com/heed-platform/heed/internal/keep/keeptest/giventest"
	"github.com/heed-platform/heed/internal/keep/keeptest/longtest"
)

// play runs random games; each has a part of the place to itself. rapid's own loop would open a place for each.
func play(t *testing.T, game func(t *rapid.T, number uint64)) {
	t.Helper()
	left := uint64(longtest.Rounds(8, 60))
	rapid.Check(t, func(rt *rapid.T) {
		if left == 0 {
			return
		}
		left--
		game(rt, left)
	})
}

// testIdentityModel compares edges and components with a map of pairs.
func testIdentityModel(t *testing.T, open given.Place) {
	i, _ := open(t)
	play(t, func(rt *rapid.T, number uint64) {
		const people = 9
		var ns []uint64
		for n := range uint64(people) {
			ns = append(ns, number*people+n)
		}
		ids := given.Admit(t, i, ns)
		type pair struct{ a, b fact.FragmentID }
		type line struct {
			pair
			verified bool
		}
		lines := map[line]store.Edge{}
		cut := map[pair]bool{}
		who := rapid.SampledFrom(ns)
		for range rapid.IntRange(1, 25).Draw(rt, "steps") {
			x, y := who.Draw(rt, "x"), who.Draw(rt, "y")
			p := pair{min(ids[x], ids[y]), max(ids[x], ids[y])}
			switch action := rapid.IntRange(0, 9).Draw(rt, "action"); {
			case x == y:
			case action == 0 || action == 1:
				mark := i.Cut
				if action == 1 {
					mark = i.Mend
				}
				given.Must(t, mark(t.Context(), [][2]fact.FragmentID{{ids[x], ids[y]}}))
				for l := range lines {
					if l.pair == p {
						cut[p] = action == 0
					}
				}
			default:
				l := given.Link(x, y, rapid.Bool().Draw(rt, "verified"), clock.Instant(rapid.IntRange(1, 4).Draw(rt, "at")), rapid.Uint64Range(1, 3).Draw(rt, "message"))
				_, better, err := i.Admit(t.Context(), nil, []store.Link{l})
				given.Must(t, err)
				key, e := line{p, l.Verified}, store.Edge{A: p.a, B: p.b, Verified: l.Verified, At: l.At, Message: l.Message, Cut: cut[p]}
				old, there := lines[key]
				wins := !there || cmp.Or(cmp.Compare(e.At, old.At), slices.Compare(e.Message[:], old.Message[:])) < 0
				if wins {
					lines[key] = e
				}
				given.Equal(t, "better", len(better) == 1, wins)
			}
		}
		for l, e := range lines {
			e.Cut = cut[l.pair]
			lines[l] = e
		}
		from, limit := ids[who.Draw(rt, "from")], rapid.IntRange(1, people).Draw(rt, "limit")
		known, frontier, whole := map[fact.FragmentID]bool{}, []fact.FragmentID{from}, true
		for len(frontier) > 0 && whole {
			if room := limit - len(known); len(frontier) > room {
				frontier, whole = frontier[:room], false
			}
			next := map[fact.FragmentID]bool{}
			for _, id := range frontier {
				known[id] = true
			}
			for _, e := range lines {
				if !e.Cut && known[e.A] != known[e.B] {
					next[e.A], next[e.B] = true, true
				}
			}
			maps.DeleteFunc(next, func(id fact.FragmentID, _ bool) bool { return known[id] })
			frontier = slices.Sorted(maps.Keys(next))
		}
		var among []store.Edge
		for _, e := range lines {
			if known[e.A] && known[e.B] {
				among = append(among, e)
			}
		}
		fs, edges, all, err := i.Component(t.Context(), []fact.FragmentID{from}, limit)
		given.Must(t, err)
		var got []fact.FragmentID
		for _, f := range fs {
			got = append(got, f.ID)
		}
		given.Equal(t, "fragments", got, slices.Sorted(maps.Keys(known)))
		given.Equal(t, "edges", edges, store.FoldEdges(among))
		given.Equal(t, "whole", all, whole)
	})
}

// game is the model of a data store: what a patient clerk would keep.
type game struct {
	kind   string
	base   fact.FragmentID
	chains map[fact.FragmentID][]store.Fact
	timers map[fact.FragmentID]clock.Instant
	jobs   map[string]store.Job // by unique key
}

// testDataModel compares chains, timers and jobs with maps, over transactions
// of which some fail.
func testDataModel(t *testing.T, open given.Place) {
	_, d := open(t)
	play(t, func(rt *rapid.T, number uint64) {
		g := game{fmt.Sprint("game ", number), fact.FragmentID(number*100 + 1), map[fact.FragmentID][]store.Fact{}, map[fact.FragmentID]clock.Instant{}, map[string]store.Job{}}
		for range rapid.IntRange(1, 12).Draw(rt, "transactions") {
			before := game{g.kind, g.base, maps.Clone(g.chains), maps.Clone(g.timers), maps.Clone(g.jobs)}
			var wrong error
			err := d.Write(t.Context(), func(w store.Writer) error {
				for range rapid.IntRange(1, 6).Draw(rt, "steps") {
					if wrong = g.step(t, rt, w); wrong != nil {
						return wrong
					}
				}
				return nil
			})
			if (err != nil) != (wrong != nil) {
				t.Fatalf("%v, want %v", err, wrong)
			}
			if err != nil {
				g = before
			}
		}
		g.compare(t, d)
	})
}

// step does one thing to the store and to the model, and returns an error when
// the store refuses what the model expects it to refuse.
func (g *game) step(t *testing.T, rt *rapid.T, w store.Writer) error {
	ctx := t.Context()
	id := g.base + fact.FragmentID(rapid.IntRange(0, 3).Draw(rt, "fragment"))
	at := clock.Instant(rapid.IntRange(1, 9).Draw(rt, "at"))
	last := uint64(len(g.chains[id]))
	switch rapid.IntRange(0, 7).Draw(rt, "step") {
	case 0, 1:
		from := last + uint64(rapid.SampledFrom([]int{1, 1, 1, 1, 1, 0, 2}).Draw(rt, "from"))
		more := given.Facts(id, from, from+uint64(rapid.IntRange(0, 3).Draw(rt, "more")))
		err := w.Append(ctx, more)
		if from == last+1 {
			given.Must(t, err)
			g.chains[id] = append(slices.Clone(g.chains[id]), more...)
			return nil
		}
		if !errors.Is(err, store.ErrStale) {
			t.Fatalf("append %d after %d: %v", from, last, err)
		}
		return err
	case 2:
		given.Must(t, w.Forget(ctx, []fact.FragmentID{id}))
		delete(g.chains, id)
		delete(g.timers, id)
		maps.DeleteFunc(g.jobs, func(_ string, j store.Job) bool { return j.Fragment == id })
	case 3:
		given.Must(t, w.PutTimers(ctx, []store.Timer{{Fragment: id, Due: at}}))
		if due, set := g.timers[id]; !set || at < due {
			g.timers[id] = at
		}
	case 4:
		given.Must(t, w.ClearTimer(ctx, id, at))
		if g.timers[id] == at {
			delete(g.timers, id)
		}
	case 5:
		key := fmt.Sprint(rapid.IntRange(0, 5).Draw(rt, "key"))
		n, err := w.Enqueue(ctx, []store.Job{{Kind: g.kind, Fragment: id, Unique: key, Due: at}})
		given.Must(t, err)
		_, there := g.jobs[key]
		given.Equal(t, "enqueued", n == 0, there)
		if !there {
			g.jobs[key] = store.Job{Kind: g.kind, Fragment: id, Unique: key, Due: at, State: "waiting"}
		}
	default:
		got, err := w.Claim(ctx, g.kind, at, at+3, 2)
		given.Must(t, err)
		free := slices.DeleteFunc(slices.Collect(maps.Values(g.jobs)), func(j store.Job) bool {
			return j.State != "waiting" || j.Due > at || j.Lease > at
		})
		given.Equal(t, "claimed", len(got), min(2, len(free)))
		for _, j := range got {
			mine := g.jobs[j.Unique]
			mine.Lease, mine.Fence = at+3, mine.Fence+1
			given.Equal(t, "fence", j.Fence, mine.Fence)
			if at%2 == 0 {
				j.State = "done"
				given.Must(t, w.Settle(ctx, j))
				mine.State, mine.Lease = "done", 0
			}
			g.jobs[j.Unique] = mine
		}
	}
	return nil
}

func (g *game) compare(t *testing.T, d store.Data) {
	t.Helper()
	given.Write(t, d, func(ctx context.Context, w store.Writer) error {
		for n := range fact.FragmentID(4) {
			given.Equal(t, "chain", given.Collect(t, w.Facts(ctx, g.base+n, 1)), g.chains[g.base+n])
		}
		due, err := w.DueTimers(ctx, 100, 1000)
		given.Must(t, err)
		timers := map[fact.FragmentID]clock.Instant{}
		for _, timer := range due {
			if timer.Fragment >= g.base && timer.Fragment < g.base+4 {
				timers[timer.Fragment] = timer.Due
			}
		}
		given.Equal(t, "timers", timers, g.timers)
		jobs := map[string]store.Job{}
		for _, state := range []string{"waiting", "done"} {
			some, err := w.Jobs(ctx, g.kind, state, 100)
			given.Must(t, err)
			for _, j := range some {
				j.ID = 0
				jobs[j.Unique] = j
			}
		}
		given.Equal(t, "jobs", jobs, g.jobs)
		return nil
	})
}
