package line_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/heed-platform/heed/internal/clock"
	"github.com/heed-platform/heed/internal/fact"
	"github.com/heed-platform/heed/internal/keep"
	"github.com/heed-platform/heed/internal/keep/gate"
	"github.com/heed-platform/heed/internal/know/audience"
	"github.com/heed-platform/heed/internal/line"
	house "github.com/heed-platform/heed/internal/line/linetest"
	"github.com/heed-platform/heed/internal/policy"
	"github.com/heed-platform/heed/internal/problem"
)

// poison is an audience that cannot be asked about whoever viewed too much.
type poison struct{ house.Everybody }

const secret = "Zaphod-7f3a" // a value that must be in no log

func (poison) Match(s fact.Sight, _ clock.Instant) policy.Tri {
	for _, a := range s.Profile.Attributes {
		if strings.Contains(a.Value.Reveal(), secret) {
			panic("the audience met " + a.Value.Reveal())
		}
	}
	return policy.Yes
}

func viewed(message, user string) string {
	return fmt.Sprintf(`{"type":"track","event":"Product Viewed","messageId":%q,"userId":%q}`, message, user)
}

// poisoned opens a house in which events of "zap" cannot be applied.
func poisoned(t *testing.T, h *house.House) {
	t.Helper()
	h.Member("zap")
	h.Clock.Advance(time.Second) // so that this name is the newer one
	h.Tell(house.Server(house.Promise), `{"type":"identify","userId":"zap","traits":{"first_name":"`+secret+`"}}`)
	h.Members = poison{}
	h.Adopt(nil, house.Campaign("Product Viewed"))
}

// An event that cannot be applied is put aside; its neighbors in the batch and in
// the group are applied, and the balance holds.
func TestAccept_poisonFailsNobodyElse(t *testing.T) {
	t.Parallel()
	house.OnBoth(t, func(t *testing.T, h *house.House) {
		t.Helper()
		poisoned(t, h)
		const requests, events = 8, 9
		var wg sync.WaitGroup
		for r := range requests {
			wg.Go(func() {
				var bodies []string
				for n := range events {
					user := fmt.Sprintf("user-%d-%d", r, n)
					if r%2 == 0 && n == r {
						user = "zap"
					}
					bodies = append(bodies, viewed(fmt.Sprintf("m-%d-%d", r, n), user))
				}
				answers, err := h.Line.Accept(t.Context(), h.Batch(house.Server(house.Promise), bodies...))
				if err != nil {
					t.Error(err)
					return
				}
				for n, a := range answers {
					want := line.Answer{Outcome: line.Accepted}
					if r%2 == 0 && n == r {
						want = line.Answer{Outcome: line.Quarantined, Code: "cannot_apply", Why: a.Why}
					}
					if diff := cmp.Diff(want, a); diff != "" || len(answers) != events {
						t.Errorf("request %d event %d of %d: %s", r, n, len(answers), diff)
					}
				}
			})
		}
		wg.Wait()
		aside, err := h.Keep.Quarantined(t.Context(), 0, 100)
		if err != nil || len(aside) != requests/2 {
			t.Fatalf("%d put aside, %v", len(aside), err)
		}
		tallies, err := h.Keep.Tallies(t.Context())
		want := []keep.Tally{{Source: "server", Accepted: 2 + requests*events - requests/2, Quarantined: requests / 2}}
		if diff := cmp.Diff(want, tallies); diff != "" || err != nil {
			t.Errorf("%v\n%s", err, diff)
		}
		if strings.Contains(h.Log(), secret) || !strings.Contains(h.Log(), "set aside") {
			t.Errorf("the log says %s", h.Log())
		}
		// When that is mended it can be tried again.
		h.Members = nil
		h.Adopt(nil, house.Campaign("Product Viewed"))
		raw, err := h.Keep.OpenQuarantined(aside[0])
		if err != nil {
			t.Fatal(err)
		}
		again := h.Batch(house.Server(house.Promise), string(raw))
		again.Replay = true
		if answers, err := h.Line.Accept(t.Context(), again); err != nil || answers[0].Outcome != line.Accepted {
			t.Errorf("%+v, %v", answers, err)
		}
	})
}

// A person who cannot be looked at is put off; the others whose time has come are
// not held up, and the timer is not lost.
func TestLook_poisonIsPutOff(t *testing.T) {
	t.Parallel()
	house.OnBoth(t, func(t *testing.T, h *house.House) {
		t.Helper()
		poisoned(t, h)
		h.Member("ada")
		h.Member("bob")
		var looks []line.Look
		for _, user := range []string{"ada", "zap", "bob"} {
			looks = append(looks, line.Look{Fragment: h.Inspect(house.User(user)).Profile().Anchor, Due: h.Clock.Now()})
		}
		err := h.Keep.Vault().Write(t.Context(), h.Keep.Writer, nil, func(tx *keep.Tx) error {
			for _, k := range looks {
				if err := tx.Store.PutTimers(t.Context(), []keep.Timer{{Fragment: k.Fragment, Due: k.Due}}); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		c := house.Campaign("")
		c.Trigger.Event, c.Trigger.Enters = "", "new"
		h.Adopt([]audience.Definition{{Key: "new", Label: "New", Purpose: house.Letters, Expression: `has(traits.first_name)`}}, c)
		h.Settle()
		for _, user := range []string{"ada", "bob"} {
			if n := len(h.Facts(house.User(user), fact.KindDecision)); n != 1 {
				t.Errorf("%s: %d decisions", user, n)
			}
		}
		left, err := h.Keep.DueTimers(t.Context(), h.Clock.Now(), 10)
		if err != nil || len(left) != 0 {
			t.Errorf("due at once again: %+v, %v", left, err)
		}
		left, err = h.Keep.DueTimers(t.Context(), h.Clock.Now().Add(2*time.Hour), 10)
		if err != nil || len(left) != 1 || left[0].Fragment != looks[1].Fragment {
			t.Errorf("due later: %+v, %v", left, err)
		}
	})
}

// Whatever is in hand when heed stops is answered: applied, or refused aloud.
// Nobody waits for ever, and what was called accepted is there.
func TestClose_answersEverything(t *testing.T) {
	t.Parallel()
	house.OnBoth(t, func(t *testing.T, h *house.House) {
		t.Helper()
		const callers = 24
		var accepted, refused atomic.Int64
		var wg sync.WaitGroup
		l := h.Line
		for c := range callers {
			wg.Go(func() {
				for n := 0; ; n++ {
					ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
					_, err := l.Accept(ctx, h.Batch(house.Server(house.Promise), viewed(fmt.Sprintf("m-%d-%d", c, n), fmt.Sprintf("user-%d", c))))
					cancel()
					if err == nil {
						accepted.Add(1)
						continue
					}
					if problem.Of(err).Code == "shutting-down" {
						refused.Add(1)
					} else {
						t.Errorf("%v", err)
					}
					return
				}
			})
		}
		for accepted.Load() < 2*callers {
			time.Sleep(time.Millisecond)
		}
		l.Close()
		l.Close() // twice is once
		wg.Wait()
		if refused.Load() != callers {
			t.Errorf("%d of %d callers were told", refused.Load(), callers)
		}
		if err := l.Look(t.Context(), nil); problem.Of(err).Code != "shutting-down" {
			t.Errorf("a look after the end: %v", err)
		}
		h.Reopen()
		found := 0
		for c := range callers {
			found += len(h.Facts(house.User(fmt.Sprintf("user-%d", c)), fact.KindEvent))
		}
		if int64(found) != accepted.Load() {
			t.Errorf("%d accepted, %d there", accepted.Load(), found)
		}
	})
}

// A caller who goes away gets no answer, and finds out with the same message.
func TestAccept_callerGoesAway(t *testing.T) {
	t.Parallel()
	h := house.Open(t, t.TempDir(), "")
	b := h.Batch(house.Server(house.Promise), viewed("m", "ada"))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := h.Line.Accept(ctx, b); err != nil && !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	answers, err := h.Line.Accept(t.Context(), b)
	if err != nil || answers[0].Outcome != line.Duplicate {
		t.Errorf("%+v, %v", answers, err)
	}
}

// What stands in line is bounded by what it weighs.
func TestAccept_lineIsFull(t *testing.T) {
	t.Parallel()
	h := house.Open(t, t.TempDir(), "")
	idle := line.New(h.Keep, nil, h.Clock, nil) // nobody works it off
	b := line.Batch{Source: "server", Arrivals: []line.Arrival{{Event: fact.Event{Raw: make([]byte, 1<<20)}}}}
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	var full atomic.Int64
	for range 80 {
		wg.Go(func() {
			if _, err := idle.Accept(ctx, b); problem.Of(err).Code == "line-full" {
				full.Add(1)
			}
		})
	}
	for full.Load() < 16 {
		time.Sleep(time.Millisecond)
	}
	cancel()
	wg.Wait()
	if full.Load() != 16 {
		t.Errorf("%d were refused", full.Load())
	}
}

// A reused message id is put aside and changes nothing; a message is applied once
// for ever.
func TestAccept_idReused(t *testing.T) {
	t.Parallel()
	house.OnBoth(t, func(t *testing.T, h *house.House) {
		t.Helper()
		src := house.Server(house.Promise)
		for n, tt := range []struct {
			body string
			want line.Outcome
		}{
			{viewed("m", "ada"), line.Accepted},
			{viewed("m", "ada"), line.Duplicate},
			{`{"type":"track","event":"Order Completed","messageId":"m","userId":"ada"}`, line.Quarantined},
			{viewed("m", "ada"), line.Duplicate},
			{viewed("m", "bob"), line.Accepted}, // another fragment's message
		} {
			answers, err := h.Line.Accept(t.Context(), h.Batch(src, tt.body))
			if err != nil || answers[0].Outcome != tt.want {
				t.Errorf("%d: %+v, %v", n, answers, err)
			}
		}
		if p := h.Inspect(house.User("ada")).Profile(); len(p.Counters) != 1 || p.Counters[0].Count != 1 {
			t.Errorf("%+v", p.Counters)
		}
		aside, err := h.Keep.Quarantined(t.Context(), 0, 10)
		if err != nil || len(aside) != 1 || aside[0].Code != "id_reused" {
			t.Errorf("%+v, %v", aside, err)
		}
	})
}

// History is folded and says nothing to anybody.
func TestAccept_replaySendsNothing(t *testing.T) {
	t.Parallel()
	house.OnBoth(t, func(t *testing.T, h *house.House) {
		t.Helper()
		h.Member("ada")
		h.Adopt(nil, house.Campaign("Product Viewed"))
		b := h.Batch(house.Server(house.Promise), viewed("old", "ada"))
		b.Replay = true
		if _, err := h.Line.Accept(t.Context(), b); err != nil {
			t.Fatal(err)
		}
		if n := len(h.Facts(house.User("ada"), fact.KindDecision)); n != 0 {
			t.Errorf("%d decisions because of history", n)
		}
		if _, err := h.Line.Accept(t.Context(), h.Batch(house.Server(house.Promise), viewed("new", "ada"))); err != nil {
			t.Fatal(err)
		}
		if n := len(h.Facts(house.User("ada"), fact.KindDecision)); n != 1 {
			t.Errorf("control: %d decisions because of news", n)
		}
	})
}

// Whoever watches sees what was committed, without anything about the person.
func TestWatch(t *testing.T) {
	t.Parallel()
	h := house.Open(t, t.TempDir(), "")
	h.Member("ada")
	seen, stop := h.Line.Watch()
	h.Adopt(nil, house.Campaign("Product Viewed"))
	h.Tell(house.Server(house.Promise), `{"type":"track","event":"Product Viewed","userId":"ada"}`)
	h.Tell(house.Server(house.Promise), `{"type":"track","event":"My very own `+secret+`","userId":"ada"}`)
	ada := h.Inspect(house.User("ada")).Profile()
	for n, name := range []string{"Product Viewed", ""} {
		s := <-seen
		if s.Person != ada.Ref || s.Event != name || len(s.Named) != 1 || s.Fragments != 2 || (len(s.Decisions) == 1) != (n == 0) {
			t.Errorf("%+v", s)
		}
	}
	stop()
	stop()
	// Nobody listens, and somebody does not keep up: neither holds anybody up.
	slow, stop := h.Line.Watch()
	defer stop()
	for range 300 {
		h.Tell(house.Server(house.Promise), `{"type":"page","userId":"ada"}`)
	}
	if len(slow) != cap(slow) {
		t.Errorf("%d of %d lines", len(slow), cap(slow))
	}
}

var _ gate.Predicate = poison{}
