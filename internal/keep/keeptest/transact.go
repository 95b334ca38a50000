package keeptest

import (
	"context"
	"errors"
	"testing"

	"github.com/heed-platform/heed/internal/fact"
	"github.com/heed-platform/heed/internal/keep/internal/store"
	given "github.com/heed-platform/heed/internal/keep/keeptest/giventest"
)

var errOurs = errors.New("ours")

// testUndone: a write that fails or panics leaves nothing, and the next one works.
func testUndone(t *testing.T, open given.Place) {
	_, d := open(t)
	work := func(w store.Writer) {
		ctx := t.Context()
		given.Must(t, errors.Join(w.Append(ctx, given.Facts(1, 1, 3)), w.SetMeta(ctx, "a", []byte("b")), w.PutTimers(ctx, []store.Timer{{Fragment: 1, Due: 1}})))
		_, err := w.Enqueue(ctx, []store.Job{{Kind: "k", Unique: "u"}})
		given.Must(t, err)
	}
	err := d.Write(t.Context(), func(w store.Writer) error { work(w); return errOurs })
	if !errors.Is(err, errOurs) {
		t.Errorf("the caller's error became %v", err)
	}
	func() {
		defer func() { given.Equal(t, "the panic goes on", recover(), any("ours")) }()
		_ = d.Write(t.Context(), func(w store.Writer) error { work(w); panic("ours") })
	}()
	if err := d.Read(t.Context(), func(store.Reader) error { return errOurs }); !errors.Is(err, errOurs) {
		t.Errorf("the caller's error became %v", err)
	}
	func() {
		defer func() { given.Equal(t, "the panic goes on", recover(), any("ours")) }()
		_ = d.Read(t.Context(), func(store.Reader) error { panic("ours") })
	}()
	given.Write(t, d, func(ctx context.Context, w store.Writer) error {
		timers, err := w.DueTimers(ctx, 10, 10)
		given.Must(t, err)
		value, err := w.Meta(ctx, "a")
		given.Must(t, err)
		jobs, err := w.Jobs(ctx, "k", "waiting", 10)
		given.Must(t, err)
		given.Equal(t, "left", len(given.Collect(t, w.Facts(ctx, 1, 1)))+len(timers)+len(value)+len(jobs), 0)
		work(w)
		return nil
	})
	given.Equal(t, "done in the end", given.Chain(t, d, 1, 1), given.Facts(1, 1, 3))
}

// testDoomed: when a change failed, nothing of the transaction is kept, whatever
// the caller makes of the error; a question that found nothing does no harm.
func testDoomed(t *testing.T, open given.Place) {
	_, d := open(t)
	for name, fail := range map[string]func(context.Context, store.Writer) error{
		"append": func(ctx context.Context, w store.Writer) error { return w.Append(ctx, given.Facts(1, 7, 7)) },
		"settle": func(ctx context.Context, w store.Writer) error { return w.Settle(ctx, store.Job{ID: 9, State: "done"}) },
		"drop":   func(ctx context.Context, w store.Writer) error { return w.DropFacts(ctx, 1, []uint64{9}) },
		"audit": func(ctx context.Context, w store.Writer) error {
			return w.AppendAudit(ctx, []store.Audit{{Writer: "w", N: 3}})
		},
		"spine": func(ctx context.Context, w store.Writer) error { return w.PutSpine(ctx, []store.Spine{{Name: "\x00"}}) },
	} {
		var inside error
		err := d.Write(t.Context(), func(w store.Writer) error {
			ctx := t.Context()
			given.Must(t, w.SetMeta(ctx, "a", []byte(name)))
			inside = fail(ctx, w)
			if err := w.SetMeta(ctx, "b", nil); err == nil {
				t.Errorf("%s: the transaction went on", name)
			}
			return nil
		})
		if inside == nil || err == nil {
			t.Errorf("%s: %v inside, %v outside; want errors", name, inside, err)
		}
		for _, known := range []error{store.ErrStale, store.ErrNotFound, store.ErrFenced} {
			if errors.Is(inside, known) != errors.Is(err, known) {
				t.Errorf("%s: %v inside, %v outside", name, inside, err)
			}
		}
	}
	given.Write(t, d, func(ctx context.Context, w store.Writer) error {
		value, err := w.Meta(ctx, "a")
		given.Must(t, err)
		given.Equal(t, "left", string(value), "")
		if _, err := w.Job(ctx, 99); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("%v, want ErrNotFound", err)
		}
		return w.SetMeta(ctx, "a", []byte("kept"))
	})
	given.Read(t, d, func(ctx context.Context, r store.Reader) {
		value, err := r.Meta(ctx, "a")
		given.Must(t, err)
		given.Equal(t, "after a question without an answer", string(value), "kept")
	})
}

// testStopped: a caller who has gone gets context's error and nothing is kept.
func testStopped(t *testing.T, open given.Place) {
	i, d := open(t)
	ctx, stop := context.WithCancel(t.Context())
	err := d.Write(ctx, func(w store.Writer) error {
		given.Must(t, w.Append(ctx, given.Facts(1, 1, 1)))
		stop()
		return nil
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("stopped in the middle: %v, want context.Canceled", err)
	}
	for name, f := range map[string]func() error{
		"write": func() error { return d.Write(ctx, func(store.Writer) error { t.Error("ran"); return nil }) },
		"read":  func() error { return d.Read(ctx, func(store.Reader) error { t.Error("ran"); return nil }) },
		"scrub": func() error { return d.Scrub(ctx) },
		"ready": func() error { return d.Ready(ctx) },
		"find":  func() error { _, err := i.Find(ctx, given.Hashes(1)); return err },
		"admit": func() error { _, _, err := i.Admit(ctx, given.Frags(1), nil); return err },
		"bury":  func() error { return i.Bury(ctx, []fact.FragmentID{1}, 1) },
		"method": func() error {
			return d.Write(t.Context(), func(w store.Writer) error { return w.Append(ctx, given.Facts(1, 1, 1)) })
		},
		"reader": func() error {
			return d.Read(t.Context(), func(r store.Reader) error { _, err := r.States(ctx, []fact.FragmentID{1}); return err })
		},
	} {
		if err := f(); !errors.Is(err, context.Canceled) {
			t.Errorf("%s: %v, want context.Canceled", name, err)
		}
	}
	given.Equal(t, "left", given.Chain(t, d, 1, 1), nil)
	given.Write(t, d, func(ctx context.Context, w store.Writer) error { return w.Append(ctx, given.Facts(1, 1, 1)) })
}

// testSnapshot: a reader sees one moment, before and after others write.
func testSnapshot(t *testing.T, open given.Place) {
	_, d := open(t)
	put := func(n uint64) {
		given.Write(t, d, func(ctx context.Context, w store.Writer) error {
			return errors.Join(w.Append(ctx, given.Facts(1, n, n)), w.Append(ctx, given.Facts(fact.FragmentID(n+1), 1, 1)), w.SetMeta(ctx, "n", []byte{byte('0' + n)}),
				w.PutStates(ctx, []store.State{{Fragment: 1, N: n, Version: 1}}))
		})
	}
	put(1)
	put(2)
	given.Read(t, d, func(ctx context.Context, r store.Reader) {
		value, err := r.Meta(ctx, "n")
		given.Must(t, err)
		given.Equal(t, "this moment", string(value), "2")
		put(3)
		given.Write(t, d, func(ctx context.Context, w store.Writer) error { return w.Forget(ctx, []fact.FragmentID{2}) })
		value, err = r.Meta(ctx, "n")
		given.Must(t, err)
		given.Equal(t, "still that moment", string(value), "2")
		states, err := r.States(ctx, []fact.FragmentID{1})
		given.Must(t, err)
		given.Equal(t, "still that moment", states[0].N, 2)
		given.Equal(t, "still that moment", given.Collect(t, r.Facts(ctx, 1, 1)), given.Facts(1, 1, 2))
		given.Equal(t, "still that moment", given.Collect(t, r.Facts(ctx, 4, 1)), nil)
		given.Equal(t, "forgotten later", given.Collect(t, r.Facts(ctx, 2, 1)), given.Facts(2, 1, 1))
	})
	given.Equal(t, "the next moment", given.Chain(t, d, 1, 1), given.Facts(1, 1, 3))
	given.Equal(t, "the next moment", given.Chain(t, d, 2, 1), nil)
}

// testReopen: what was committed is there when the place is opened again.
func testReopen(t *testing.T, open given.Place) {
	i, d := open(t)
	ids := given.Admit(t, i, []uint64{1, 2, 3}, given.Link(1, 2, true, 5, 5))
	given.Must(t, i.Cut(t.Context(), [][2]fact.FragmentID{{ids[1], ids[2]}}))
	given.Must(t, i.Bury(t.Context(), []fact.FragmentID{ids[3]}, 9))
	given.Write(t, d, func(ctx context.Context, w store.Writer) error {
		return errors.Join(w.Append(ctx, given.Facts(1, 1, 5)), w.Append(ctx, given.Facts(2, 1, 5)), w.Append(ctx, given.Facts(1, 6, 6)))
	})
	given.Write(t, d, func(ctx context.Context, w store.Writer) error { return w.Forget(ctx, []fact.FragmentID{2}) })
	for range 2 {
		given.Must(t, errors.Join(i.Close(), d.Close()))
		i, d = open(t)
	}
	again := given.Admit(t, i, []uint64{1, 2, 3})
	if again[1] != ids[1] || again[2] != ids[2] || again[3] == ids[3] {
		t.Errorf("ids %v became %v", ids, again)
	}
	_, edges, _, err := i.Component(t.Context(), []fact.FragmentID{ids[1], ids[2]}, 5)
	given.Must(t, err)
	if len(edges) != 1 || !edges[0].Cut {
		t.Errorf("edges became %v", edges)
	}
	given.Write(t, d, func(ctx context.Context, w store.Writer) error {
		return errors.Join(w.Append(ctx, given.Facts(1, 7, 7)), w.Append(ctx, given.Facts(2, 1, 1)))
	})
	given.Equal(t, "chain", given.Chain(t, d, 1, 1), given.Facts(1, 1, 7))
	given.Equal(t, "chain", given.Chain(t, d, 2, 1), given.Facts(2, 1, 1))
}

func testClosed(t *testing.T, open given.Place) {
	i, d := open(t)
	for range 2 {
		given.Must(t, errors.Join(i.Close(), d.Close()))
	}
	_, err := i.Find(t.Context(), given.Hashes(1))
	for name, err := range map[string]error{
		"find": err, "ready": d.Ready(t.Context()),
		"write": d.Write(t.Context(), func(store.Writer) error { return nil }),
		"read":  d.Read(t.Context(), func(store.Reader) error { return nil }),
		"scrub": d.Scrub(t.Context()),
	} {
		if !errors.Is(err, store.ErrDown) {
			t.Errorf("%s: %v, want ErrDown", name, err)
		}
	}
}
