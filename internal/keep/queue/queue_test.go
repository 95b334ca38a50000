package queue_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/heed-platform/heed/internal/fact"
	"github.com/heed-platform/heed/internal/keep"
	"github.com/heed-platform/heed/internal/keep/gate"
	"github.com/heed-platform/heed/internal/keep/queue"
	house "github.com/heed-platform/heed/internal/line/linetest"
)

const lease = 30 * time.Second

// decided opens a house in which letters to these people stand in the queue.
func decided(t *testing.T, h *house.House, users ...string) {
	t.Helper()
	h.Adopt(nil, house.Campaign("Product Viewed"))
	for _, u := range users {
		h.Member(u)
		h.Tell(house.Server(house.Promise), fmt.Sprintf(`{"type":"track","event":"Product Viewed","userId":%q}`, u))
	}
}

func claim(t *testing.T, h *house.House, want int) []queue.Claimed {
	t.Helper()
	jobs, err := h.Keep.Queue.Claim(t.Context(), queue.Delivery, lease, 100)
	if err != nil || len(jobs) != want {
		t.Fatalf("claimed %d, want %d: %v", len(jobs), want, err)
	}
	return jobs
}

// under is a letter that leaves under a claim.
func under(c queue.Claimed, decision string) gate.Draft {
	d := house.Letter(decision)
	d.Lease = c.Lease
	return d
}

// A sender that slept through its lease lets nothing leave and settles nothing,
// whether or not somebody else has the job by then.
func TestClaim_lateHolderIsRefused(t *testing.T) {
	t.Parallel()
	house.OnBoth(t, func(t *testing.T, h *house.House) {
		t.Helper()
		ctx := t.Context()
		decided(t, h, "ada")
		first := claim(t, h, 1)[0]
		claim(t, h, 0) // it is held
		h.Clock.Advance(lease + time.Microsecond)
		if _, err := h.Write(ctx, first.Subject, under(first, "d")); !errors.Is(err, keep.ErrFenced) {
			t.Errorf("after its lease a sender is told %v", err)
		}
		second := claim(t, h, 1)[0]
		if second.Lease.Fence <= first.Lease.Fence || second.ID != first.ID {
			t.Fatalf("%+v then %+v", first.Lease, second.Lease)
		}
		if _, err := h.Write(ctx, first.Subject, under(first, "d")); !errors.Is(err, keep.ErrFenced) {
			t.Errorf("a sender whose job is somebody else's is told %v", err)
		}
		for what, settle := range map[string]func() error{
			"end":   func() error { return h.Keep.Queue.End(ctx, first, "sent") },
			"bury":  func() error { return h.Keep.Queue.Bury(ctx, first, "failed") },
			"again": func() error { return h.Keep.Queue.Again(ctx, first, "failed", 0) },
			"wait":  func() error { return h.Keep.Queue.Wait(ctx, first, "quiet", 0) },
		} {
			if err := settle(); !errors.Is(err, keep.ErrFenced) {
				t.Errorf("%s by a late holder: %v", what, err)
			}
		}
		if _, err := h.Write(ctx, second.Subject, under(second, "d")); err != nil {
			t.Fatal(err)
		}
		if err := h.Keep.Queue.End(ctx, second, "sent"); err != nil {
			t.Fatal(err)
		}
		if _, err := h.Write(ctx, second.Subject, under(second, "d")); !errors.Is(err, keep.ErrFenced) {
			t.Errorf("a sender whose job has ended is told %v", err)
		}
		if n := len(h.Disclosures(house.User("ada"))); n != 1 {
			t.Errorf("%d letters left", n)
		}
	})
}

// The first holder writes its disclosure in the last moment of its lease; the
// second one, who had looked before that, must not send.
func TestClaim_secondHolderSeesWhatTheFirstDid(t *testing.T) {
	t.Parallel()
	house.OnBoth(t, func(t *testing.T, h *house.House) {
		t.Helper()
		ctx := t.Context()
		decided(t, h, "ada")
		first := claim(t, h, 1)[0]
		if _, err := h.Write(ctx, first.Subject, under(first, "d")); err != nil {
			t.Fatal(err)
		}
		h.Clock.Advance(lease + time.Microsecond)
		second := claim(t, h, 1)[0]
		if _, err := h.Write(ctx, second.Subject, under(second, "d")); !errors.Is(err, keep.ErrFenced) {
			t.Fatalf("the second holder is told %v", err)
		}
		trace, err := h.Keep.Gate.Pending(ctx, second.Subject, "d")
		if err != nil || trace.Disclosure == "" || trace.Status != "" {
			t.Fatalf("%+v, %v", trace, err)
		}
		for _, tt := range []struct {
			status string
			again  bool
		}{{"unknown", false}, {"sent", false}, {"refused", false}, {"failed", true}} {
			if err := h.Keep.Gate.Settle(ctx, second.Subject, fact.Outcome{Disclosure: trace.Disclosure, Status: tt.status}); err != nil {
				t.Fatal(err)
			}
			_, err := h.Write(ctx, second.Subject, under(second, "d"))
			if tt.again && err != nil || !tt.again && !errors.Is(err, keep.ErrFenced) {
				t.Errorf("after %s: %v", tt.status, err)
			}
		}
		if n := len(h.Disclosures(house.User("ada"))); n != 2 {
			t.Errorf("%d letters left", n)
		}
	})
}

// The answer to a withdrawal names what had begun to leave, waits for what ends
// meanwhile, and is an answer even when nobody waits for it.
func TestDeclare_namesWhatIsLeaving(t *testing.T) {
	t.Parallel()
	house.OnBoth(t, func(t *testing.T, h *house.House) {
		t.Helper()
		decided(t, h, "ada", "bob", "cy")
		for _, job := range claim(t, h, 3) {
			if _, err := h.Write(t.Context(), job.Subject, under(job, "d")); err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithCancel(t.Context())
			want := 1
			switch user := userOf(h, job); user {
			case "bob":
				time.AfterFunc(50*time.Millisecond, cancel)
			case "cy":
				want = 0
				time.AfterFunc(50*time.Millisecond, func() {
					if err := h.Keep.Queue.End(t.Context(), job, "sent"); err != nil {
						t.Error(err)
					}
				})
			}
			receipt, err := h.Declare(ctx, job.Subject, fact.Withdrawn)
			cancel()
			if err != nil || receipt.Leaving != want || len(receipt.Records) != 1 {
				t.Errorf("%s: %+v, %v", userOf(h, job), receipt, err)
			}
			if _, err := h.Write(t.Context(), job.Subject, house.Letter("other")); house.Code(err) != "withdrawn" {
				t.Errorf("after the answer: %v", err)
			}
		}
	})
}

func userOf(h *house.House, c queue.Claimed) string {
	return h.Inspect(c.Subject).Profile().Identifiers[0].Value.Reveal()
}

// What cannot be worked on ends by itself and does not keep its neighbors.
func TestClaim_oneThatCannotBeWorkedOn(t *testing.T) {
	t.Parallel()
	house.OnBoth(t, func(t *testing.T, h *house.House) {
		t.Helper()
		ctx := t.Context()
		decided(t, h, "ada", "bob", "cy")
		spoil(t, h, "bob")
		pass, err := gate.Ask[gate.Honor](ctx, h.Keep.Gate, house.Self(house.User("ada")))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := gate.Erase(ctx, pass); err != nil {
			t.Fatal(err)
		}
		if left := claim(t, h, 1); userOf(h, left[0]) != "cy" {
			t.Fatal("the wrong one is left")
		}
		dead, err := h.Keep.Queue.List(ctx, queue.Delivery, "dead", 10)
		if err != nil || len(dead) != 1 || dead[0].Code != "unreadable" {
			t.Fatalf("%+v, %v", dead, err)
		}
	})
}

// spoil adds a job whose body nobody sealed and ends the one that was.
func spoil(t *testing.T, h *house.House, user string) {
	t.Helper()
	anchor := h.Inspect(house.User(user)).Profile().Anchor
	err := h.Keep.Vault().Data().Write(t.Context(), func(w keep.Writer) error {
		jobs, err := w.Claim(t.Context(), queue.Delivery, h.Clock.Now(), h.Clock.Now(), 100)
		if err != nil {
			return err
		}
		for _, j := range jobs {
			if j.Fragment == anchor {
				j.State = "done"
			}
			if err := w.Settle(t.Context(), j); err != nil {
				return err
			}
		}
		_, err = w.Enqueue(t.Context(), []keep.Job{{Kind: queue.Delivery, Fragment: anchor, Due: h.Clock.Now(), Body: []byte("not sealed")}})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}
