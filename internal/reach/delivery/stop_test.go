package delivery

import (
	"context"
	"testing"
	"time"

	"github.com/heed-platform/heed/internal/decide/campaign"
	"github.com/heed-platform/heed/internal/fact"
	"github.com/heed-platform/heed/internal/keep/gate"
	"github.com/heed-platform/heed/internal/problem"
)

// What happens between the decision and the delivery, and what comes of it.
func TestWorker_whatStandsInTheWay(t *testing.T) {
	t.Parallel()
	change := func(f func(c *campaign.Approved)) func(h *house) {
		return func(h *house) {
			c := h.approved[0]
			f(&c)
			h.approve(c)
		}
	}
	prefer := func(p fact.Preference) func(h *house) {
		return func(h *house) {
			if _, err := gate.Declare(h.t.Context(), h.keep.Gate, h.who("ada"), gate.Statement{Preference: &p, By: "person"}); err != nil {
				h.t.Fatal(err)
			}
		}
	}
	tests := []struct {
		name    string
		purpose string
		between func(h *house)
		state   string
		code    string
		due     time.Duration // from then, for waiting
	}{
		{"paused", marketing, change(func(c *campaign.Approved) { c.Status = "paused" }), "waiting", "campaign_paused", pausedLook},
		{"paused too long", marketing, func(h *house) {
			change(func(c *campaign.Approved) { c.Status = "paused" })(h)
			h.clock.Advance(oldest + time.Hour)
		}, "done", "campaign_paused", 0},
		{"ended", marketing, change(func(c *campaign.Approved) { c.Status = "ended" }), "done", "campaign_ended", 0},
		{"superseded", marketing, change(func(c *campaign.Approved) { c.Status = "superseded" }), "done", "campaign_superseded", 0},
		{"superseded service", service, change(func(c *campaign.Approved) { c.Status = "superseded" }), "done", "sent", 0},
		{"other content under the same number", marketing, change(func(c *campaign.Approved) { c.Hash = "another" }), "dead", "campaign_changed", 0},
		{"gone", marketing, func(h *house) { h.approve() }, "dead", "campaign_unknown", 0},
		{"no channel", marketing, func(h *house) { h.worker.Channels = nil }, "waiting", "channel_missing", 5 * time.Second},
		{"template divides by zero", marketing, change(func(c *campaign.Approved) {
			c.Message.Text = "{{ 1 | divided_by: traits.zero }}"
		}), "dead", "template-divided-by-zero", 0},
		{"template does not parse", marketing, change(func(c *campaign.Approved) { c.Message.Text = "{{ traits.a" }), "dead", "template-syntax", 0},
		{"reads what messages do not have", marketing, change(func(c *campaign.Approved) { c.Message.Text = "{{ weather.today }}" }), "dead", "message-field-unknown", 0},
		{"reads what its notice does not promise", marketing, change(func(c *campaign.Approved) {
			c.Message.Text = "{{ traits.phone }}"
		}), "done", "not_covered", 0},
		{"moment over", marketing, func(h *house) { h.clock.Advance(15 * 24 * time.Hour) }, "done", "moment_over", 0},
		{"quiet hours", marketing, func(h *house) { h.clock.Set(noon.Add(10 * time.Hour)) }, "waiting", "quiet_hours", 10 * time.Hour},
		{"quiet hours do not stop service", service, func(h *house) { h.clock.Set(noon.Add(10 * time.Hour)) }, "done", "sent", 0},
		{"break", marketing, func(h *house) {
			prefer(fact.Preference{Break: h.clock.Now().Add(24 * time.Hour)})(h)
		}, "waiting", "on_break", breakLook},
		{"break does not stop service", service, func(h *house) {
			prefer(fact.Preference{Break: h.clock.Now().Add(24 * time.Hour)})(h)
		}, "done", "sent", 0},
		{"channel refused", marketing, prefer(fact.Preference{Channels: []string{"post"}}), "done", "channel_refused", 0},
		{"erased", marketing, func(h *house) {
			pass, err := gate.Ask[gate.Honor](h.t.Context(), h.keep.Gate, gate.Asking{
				Subject: h.who("ada"), Purpose: "essential.legal_obligation", By: "person", Role: "person",
			})
			if err == nil {
				_, err = gate.Erase(h.t.Context(), pass)
			}
			if err != nil {
				h.t.Fatal(err)
			}
		}, "", "", 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			h, w := wired(t, tt.purpose, nil)
			tt.between(h)
			h.due()
			if tt.state == "" {
				if len(w.letters) != 0 {
					t.Fatal("sent to somebody who was erased")
				}
				return
			}
			j := h.job()
			if j.State != tt.state || j.Code != tt.code {
				t.Fatalf("job %+v, want %s %s", j, tt.state, tt.code)
			}
			if got := j.Due.Sub(h.clock.Now()); tt.due != 0 && (got < tt.due*9/10 || got > tt.due*11/10) {
				t.Errorf("due in %v, want %v", got, tt.due)
			}
			if tt.state == "waiting" && tt.code != "channel_missing" && j.Attempt != 0 {
				t.Errorf("waiting counted as a try: %+v", j)
			}
			sent := 0
			if tt.code == "sent" {
				sent = 1
			}
			d, _ := h.ledger("ada")
			if len(w.letters) != sent || len(d) != sent || w.bare != 0 {
				t.Errorf("%d letters, %d disclosures, want %d", len(w.letters), len(d), sent)
			}
		})
	}
}

// A sender that slept through its lease finds the door closed.
func TestWorker_sleeperSendsNothing(t *testing.T) {
	t.Parallel()
	h, w := wired(t, marketing, nil)
	stale := h.claim()
	h.clock.Advance(lease + time.Second)
	fresh := h.claim()
	if f := h.worker.try(t.Context(), stale); f.how != left || f.code != "lease_over" {
		t.Errorf("the sleeper: %+v", f)
	}
	if len(w.letters) != 0 {
		t.Fatal("the sleeper sent")
	}
	if f := h.worker.try(t.Context(), fresh); f.code != "sent" || len(w.letters) != 1 {
		t.Errorf("the holder: %+v, %d letters", f, len(w.letters))
	}
}

// A person's cap counts what other workers let leave meanwhile.
func TestWorker_capHoldsAcrossJobs(t *testing.T) {
	t.Parallel()
	h, w := wired(t, marketing, nil)
	for range 5 {
		h.clock.Advance(time.Minute)
		h.tell("newsletter@2", "ada", "Product Viewed")
	}
	h.due()
	if len(w.letters) != 3 { // the brand's cap
		t.Fatalf("%d letters left, want 3", len(w.letters))
	}
	waiting, err := h.keep.Queue.List(t.Context(), "delivery", "waiting", 10)
	if err != nil || len(waiting) != 3 {
		t.Fatalf("%+v, %v", waiting, err)
	}
	for _, j := range waiting {
		if j.Code != "cap_reached" || j.Due.Sub(h.clock.Now()) < 6*24*time.Hour {
			t.Errorf("waiting %+v", j)
		}
	}
}

func TestWorker_runStopsWithNothingInHand(t *testing.T) {
	t.Parallel()
	h, w := wired(t, marketing, nil)
	ctx, stop := context.WithCancel(t.Context())
	w.answer = func(int) error { stop(); return nil }
	h.worker.Run(ctx)
	if j := h.job(); j.State != "done" || j.Code != "sent" {
		t.Errorf("job %+v", j)
	}
}

// What gave up waits for people, who let it try again or drop it.
func TestBox(t *testing.T) {
	t.Parallel()
	h, w := wired(t, marketing, nil)
	good := h.approved[0]
	bad := good
	bad.Message.Text = "{{ 1 | divided_by: traits.zero }}"
	h.approve(bad)
	h.due()
	dead := h.job()
	if dead.State != "dead" || len(w.letters) != 0 {
		t.Fatalf("%+v", dead)
	}
	q := h.keep.Queue
	if err := q.Retry(t.Context(), dead.ID+1, "operator:test"); problem.Of(err).Code != "job-not-dead" {
		t.Errorf("another number: %v", err)
	}
	if err := q.Retry(t.Context(), dead.ID, "operator:test"); err != nil {
		t.Fatal(err)
	}
	if err := q.Retry(t.Context(), dead.ID, "operator:test"); problem.Of(err).Code != "job-not-dead" {
		t.Errorf("twice: %v", err)
	}
	h.due()
	if j := h.job(); j.State != "dead" || j.Attempt != 1 {
		t.Fatalf("still as bad as before: %+v", j)
	}
	clear(h.worker.messages)
	h.approve(good)
	if err := q.Retry(t.Context(), dead.ID, "operator:test"); err != nil {
		t.Fatal(err)
	}
	h.due()
	if j := h.job(); j.State != "done" || j.Code != "sent" || len(w.letters) != 1 {
		t.Fatalf("%+v, %d letters", j, len(w.letters))
	}
}

func TestBox_drop(t *testing.T) {
	t.Parallel()
	h, w := wired(t, marketing, nil)
	h.approve()
	h.due()
	if err := h.keep.Queue.Drop(t.Context(), h.job().ID, "operator:test"); err != nil {
		t.Fatal(err)
	}
	h.due()
	if j := h.job(); j.State != "done" || j.Code != "dropped" || len(w.letters) != 0 {
		t.Errorf("%+v", j)
	}
}
