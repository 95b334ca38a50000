package keeptest

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/heed-platform/heed/internal/clock"
	"github.com/heed-platform/heed/internal/fact"
	"github.com/heed-platform/heed/internal/keep/internal/store"
	given "github.com/heed-platform/heed/internal/keep/keeptest/giventest"
)

func claim(t testing.TB, d store.Data, kind string, now, until clock.Instant, limit int) (jobs []store.Job) {
	t.Helper()
	given.Write(t, d, func(ctx context.Context, w store.Writer) (err error) {
		jobs, err = w.Claim(ctx, kind, now, until, limit)
		return err
	})
	return jobs
}

func settle(t testing.TB, d store.Data, j store.Job) error {
	t.Helper()
	return d.Write(t.Context(), func(w store.Writer) error { return w.Settle(t.Context(), j) })
}

func bodies(jobs []store.Job) (out []string) {
	for _, j := range jobs {
		out = append(out, string(j.Body))
	}
	return out
}

func testQueue(t *testing.T, open given.Place) {
	_, d := open(t)
	given.Equal(t, "added", given.Enqueue(t, d,
		store.Job{Kind: "send", Fragment: 1, Due: 30, Body: []byte("third")},
		store.Job{Kind: "send", Fragment: 2, Due: 10, Body: []byte("first"), Attempt: 2},
		store.Job{Kind: "send", Fragment: 2, Due: 20, Body: []byte("second")},
		store.Job{Kind: "send", Fragment: 2, Due: 500, Body: []byte("later")},
		store.Job{Kind: "other", Fragment: 1, Due: 1, Body: []byte("other")},
		// What a job was elsewhere does not count: it waits, free, unclaimed.
		store.Job{Kind: "send", Fragment: 3, Due: 40, Lease: 900, Fence: 7, State: "done", Code: "x", Body: []byte("fourth")},
	), 6)
	given.Equal(t, "added nothing", given.Enqueue(t, d), 0)
	given.Equal(t, "before anything is due", claim(t, d, "send", 9, 100, 10), nil)
	got := claim(t, d, "send", 100, 200, 2)
	given.Equal(t, "longest due first", bodies(got), []string{"first", "second"})
	want := store.Job{ID: got[0].ID, Kind: "send", Fragment: 2, Due: 10, Attempt: 2, Lease: 200, Fence: 1, State: "waiting", Body: []byte("first")}
	given.Equal(t, "claimed", got[0], want)
	given.Equal(t, "the rest", bodies(claim(t, d, "send", 100, 200, 10)), []string{"third", "fourth"})
	given.Equal(t, "all are held", claim(t, d, "send", 199, 300, 10), nil)
	given.Read(t, d, func(ctx context.Context, r store.Reader) {
		job, err := r.Job(ctx, got[0].ID)
		given.Must(t, err)
		given.Equal(t, "read back", job, want)
		if _, err := r.Job(ctx, 1<<40); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("a job that never was: %v, want ErrNotFound", err)
		}
		held, err := r.Leased(ctx, []fact.FragmentID{3, 2, 2, 9}, 150)
		given.Must(t, err)
		given.Equal(t, "held", len(held), 3)
		held, err = r.Leased(ctx, []fact.FragmentID{2, 3}, 200)
		given.Must(t, err)
		given.Equal(t, "held when the lease is over", held, nil)
		waiting, err := r.Jobs(ctx, "send", "waiting", 3)
		given.Must(t, err)
		given.Equal(t, "newest first", bodies(waiting), []string{"fourth", "later", "second"})
	})

	// Postponed, ended, dead.
	late := got[0]
	late.Due, late.Attempt, late.Code = 250, 3, "try again"
	given.Must(t, settle(t, d, late))
	done := got[1]
	done.State = "done"
	given.Must(t, settle(t, d, done))
	given.Equal(t, "a lease that ran out is free, one that was settled waits", bodies(claim(t, d, "send", 200, 210, 1)), []string{"third"})
	again := claim(t, d, "send", 260, 300, 10)
	given.Equal(t, "due again", bodies(again), []string{"third", "fourth", "first"})
	given.Equal(t, "its attempt and code", fmt.Sprint(again[2].Attempt, again[2].Code), "3try again")
	dead := again[2]
	dead.State, dead.Code = "dead", "gone"
	given.Must(t, settle(t, d, dead))
	given.Read(t, d, func(ctx context.Context, r store.Reader) {
		for state, want := range map[string][]string{"dead": {"first"}, "done": {"second"}} {
			jobs, err := r.Jobs(ctx, "send", state, 10)
			given.Must(t, err)
			given.Equal(t, state, bodies(jobs), want)
		}
		held, err := r.Leased(ctx, []fact.FragmentID{2}, 270)
		given.Must(t, err)
		given.Equal(t, "a settled job is held by nobody", held, nil)
	})
	given.Equal(t, "ended jobs never come back", bodies(claim(t, d, "send", 10_000, 20_000, 10)), []string{"third", "fourth", "later"})
}

func testUnique(t *testing.T, open given.Place) {
	_, d := open(t)
	job := store.Job{Kind: "send", Unique: "decision-1", Body: []byte("1")}
	other := job
	other.Kind = "evaluate"
	given.Equal(t, "once in a batch, once a kind", given.Enqueue(t, d, job, job, other), 2)
	given.Equal(t, "again", given.Enqueue(t, d, job), 0)
	given.Equal(t, "no key, no limit", given.Enqueue(t, d, store.Job{Kind: "send"}, store.Job{Kind: "send"}), 2)
	for _, j := range claim(t, d, "send", 1, 2, 10) {
		j.State = "done"
		given.Must(t, settle(t, d, j))
	}
	given.Equal(t, "for ever", given.Enqueue(t, d, job, store.Job{Kind: "send", Unique: "decision-2"}), 1)
}

func testFence(t *testing.T, open given.Place) {
	_, d := open(t)
	given.Enqueue(t, d, store.Job{Kind: "send", Body: []byte("1")})
	first := claim(t, d, "send", 10, 20, 1)[0]
	second := claim(t, d, "send", 20, 30, 1)[0]
	if second.Fence <= first.Fence {
		t.Errorf("fence %d after %d", second.Fence, first.Fence)
	}
	first.State, second.State = "done", "done"
	if err := settle(t, d, first); !errors.Is(err, store.ErrFenced) {
		t.Errorf("the first holder: %v, want ErrFenced", err)
	}
	given.Must(t, settle(t, d, second))
	if err := settle(t, d, second); !errors.Is(err, store.ErrFenced) {
		t.Errorf("settled twice: %v, want ErrFenced", err)
	}
	second.ID = 1 << 40
	if err := settle(t, d, second); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("a job that never was: %v, want ErrNotFound", err)
	}
	given.Enqueue(t, d, store.Job{Kind: "never claimed"})
	given.Read(t, d, func(ctx context.Context, r store.Reader) {
		jobs, err := r.Jobs(ctx, "never claimed", "waiting", 1)
		given.Must(t, err)
		jobs[0].State = "done"
		second = jobs[0]
	})
	if err := settle(t, d, second); !errors.Is(err, store.ErrFenced) {
		t.Errorf("settled without a claim: %v, want ErrFenced", err)
	}
	// A holder whose lease ran out, while nobody else came, may still settle.
	given.Enqueue(t, d, store.Job{Kind: "slow"})
	slow := claim(t, d, "slow", 10, 20, 1)[0]
	slow.State = "done"
	given.Must(t, settle(t, d, slow))
}

func testDead(t *testing.T, open given.Place) {
	_, d := open(t)
	unbury := func(j store.Job) error {
		return d.Write(t.Context(), func(w store.Writer) error { return w.Unbury(t.Context(), j) })
	}
	given.Enqueue(t, d, store.Job{Kind: "send", Fragment: 1, Due: 10, Unique: "u", Body: []byte("body")})
	j := claim(t, d, "send", 10, 20, 1)[0]
	if err := unbury(j); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("a living job was unburied: %v, want ErrNotFound", err)
	}
	j.State, j.Code, j.Attempt = "dead", "why", 9
	given.Must(t, settle(t, d, j))
	given.Equal(t, "the dead are not claimed", claim(t, d, "send", 100, 200, 1), nil)
	j.State, j.Code, j.Attempt, j.Due = "waiting", "", 0, 50
	given.Must(t, unbury(j))
	if err := unbury(j); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("unburied twice: %v, want ErrNotFound", err)
	}
	given.Equal(t, "not before it is due", claim(t, d, "send", 49, 60, 1), nil)
	want := j
	want.Fence, want.Lease = 2, 60
	again := claim(t, d, "send", 50, 60, 1)
	given.Equal(t, "claimed again", again, []store.Job{want})
	again[0].State, again[0].Code = "dead", "why"
	given.Must(t, settle(t, d, again[0]))
	again[0].State, again[0].Code = "done", "dropped"
	given.Must(t, unbury(again[0]))
	given.Read(t, d, func(ctx context.Context, r store.Reader) {
		done, err := r.Job(ctx, j.ID)
		given.Must(t, err)
		given.Equal(t, "state", done.State+" "+done.Code, "done dropped")
	})
}

func testTimers(t *testing.T, open given.Place) {
	_, d := open(t)
	due := func(now clock.Instant, limit int) (timers []store.Timer) {
		given.Write(t, d, func(ctx context.Context, w store.Writer) (err error) {
			timers, err = w.DueTimers(ctx, now, limit)
			return err
		})
		return timers
	}
	put := func(timers ...store.Timer) {
		given.Write(t, d, func(ctx context.Context, w store.Writer) error { return w.PutTimers(ctx, timers) })
	}
	drop := func(id fact.FragmentID, at clock.Instant) {
		given.Write(t, d, func(ctx context.Context, w store.Writer) error { return w.ClearTimer(ctx, id, at) })
	}
	put(store.Timer{Fragment: 1, Due: 50}, store.Timer{Fragment: 2, Due: 40}, store.Timer{Fragment: 2, Due: 45}, store.Timer{Fragment: 3, Due: 40})
	put()
	given.Equal(t, "due", due(50, 10), []store.Timer{{Fragment: 2, Due: 40}, {Fragment: 3, Due: 40}, {Fragment: 1, Due: 50}})
	given.Equal(t, "due, at most", due(50, 1), []store.Timer{{Fragment: 2, Due: 40}})
	given.Equal(t, "not yet", due(39, 10), nil)
	put(store.Timer{Fragment: 1, Due: 60}, store.Timer{Fragment: 2, Due: 30})
	given.Equal(t, "earlier, never later", due(50, 10), []store.Timer{{Fragment: 2, Due: 30}, {Fragment: 3, Due: 40}, {Fragment: 1, Due: 50}})
	drop(2, 40)
	given.Equal(t, "moved meanwhile", due(39, 10), []store.Timer{{Fragment: 2, Due: 30}})
	drop(2, 30)
	drop(2, 30)
	given.Equal(t, "cleared", due(45, 10), []store.Timer{{Fragment: 3, Due: 40}})
	put(store.Timer{Fragment: 2, Due: 99})
	given.Equal(t, "set again", due(100, 10), []store.Timer{{Fragment: 3, Due: 40}, {Fragment: 1, Due: 50}, {Fragment: 2, Due: 99}})
}
