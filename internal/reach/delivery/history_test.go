package delivery

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/heed-platform/heed/internal/fact"
	"github.com/heed-platform/heed/internal/keep/gate"
	"github.com/heed-platform/heed/internal/keep/keeptest/longtest"
	"github.com/heed-platform/heed/internal/keep/queue"
)

// fates is how a send can go: nil is taken, errDies kills the sender on the way.
var fates = map[string]error{
	"taken": nil, "refused": Fail(Refused, "refused", nil), "later": Fail(Later, "later", nil),
	"unknown": Fail(Unknown, "unknown", nil), "odd": errors.New("what no channel should say"), "dies": errDies,
}

var errDies = errors.New("the process is gone")

// one works a job as a process does that may die in the middle, or at the end
// before the job is filed.
func (h *house) one(job queue.Claimed, filed bool) {
	defer func() {
		if r := recover(); r != nil && r != errDies { //nolint:errorlint // this very value
			panic(r)
		}
	}()
	f := h.worker.try(h.t.Context(), job)
	if !filed {
		return
	}
	if err := h.worker.file(h.t.Context(), job, f); err != nil && !strings.Contains(err.Error(), "fenced") {
		h.t.Log(err)
	}
}

// TestWorker_anyHistory plays senders that die, freeze and come back, servers
// that answer anything, and a person who takes their yes back, in any order.
func TestWorker_anyHistory(t *testing.T) {
	t.Parallel()
	rounds := longtest.Rounds(16, 100)
	rapid.Check(t, func(rt *rapid.T) {
		if rounds--; rounds < 0 {
			return
		}
		purpose := rapid.SampledFrom([]string{marketing, service}).Draw(rt, "purpose")
		next, withdrawn, maybe, over := "taken", false, false, false
		h, w := wired(t, purpose, func(int) error {
			switch {
			case over:
				rt.Errorf("sent again after the other side took or refused it")
			case maybe && purpose == marketing:
				rt.Errorf("marketing was sent again although it may have arrived")
			case withdrawn && purpose == marketing:
				rt.Errorf("sent after the yes was taken back")
			}
			switch next {
			case "taken", "refused":
				over = true
			case "unknown", "odd", "dies":
				maybe = true
			}
			if fates[next] == errDies { //nolint:errorlint // this very value
				panic(errDies)
			}
			return fates[next]
		})
		var frozen []queue.Claimed
		claim := func() []queue.Claimed {
			jobs, err := h.keep.Queue.Claim(t.Context(), queue.Delivery, lease, 10)
			if err != nil {
				rt.Fatal(err)
			}
			return jobs
		}
		rt.Repeat(map[string]func(*rapid.T){
			"work": func(rt *rapid.T) {
				next = rapid.SampledFrom([]string{"taken", "refused", "later", "later", "later", "later", "unknown", "odd", "dies", "dies"}).Draw(rt, "fate")
				filed := rapid.Bool().Draw(rt, "filed")
				for _, job := range claim() {
					h.one(job, filed)
				}
			},
			"freeze":      func(*rapid.T) { frozen = append(frozen, claim()...) },
			"freeze more": func(*rapid.T) { frozen = append(frozen, claim()...) },
			"thaw": func(*rapid.T) {
				for _, job := range frozen {
					h.one(job, true)
				}
				frozen = nil
			},
			"wait": func(rt *rapid.T) {
				h.clock.Advance(rapid.SampledFrom([]time.Duration{time.Second, lease + time.Second, 6 * time.Minute, time.Hour}).Draw(rt, "time"))
			},
			"withdraw": func(rt *rapid.T) {
				if rapid.IntRange(0, 9).Draw(rt, "seldom") > 0 {
					return
				}
				// The answer waits, for a while, for what a frozen sender holds.
				done := make(chan struct{})
				go func() {
					for {
						select {
						case <-done:
							return
						case <-time.After(5 * time.Millisecond):
							h.clock.Advance(time.Second)
						}
					}
				}()
				_, err := gate.Declare(t.Context(), h.keep.Gate, h.who("ada"), gate.Statement{By: "person", Grants: []fact.Grant{{
					Purpose: marketing, Status: fact.Withdrawn, Method: "unsubscribe", Said: h.clock.Now(),
				}}})
				close(done)
				if err != nil {
					rt.Fatal(err)
				}
				withdrawn = true
			},
		})
		// In the end somebody healthy takes over, and the books must close.
		next = "taken"
		for range len(pauses) + 3 {
			h.clock.Advance(25 * time.Hour)
			h.due()
		}
		if j := h.job(); j.State == "waiting" {
			rt.Errorf("the job never ended: %+v", j)
		}
		d, o := h.ledger("ada")
		settled := map[string]bool{}
		for _, x := range o {
			settled[x.Disclosure] = true
		}
		if w.bare != 0 || len(d) != len(w.keys) {
			rt.Errorf("%d sends, %d rows, %d without one", len(w.keys), len(d), w.bare)
		}
		for _, x := range d {
			if !settled[x.ID] {
				rt.Errorf("a row never got its outcome")
			}
		}
	})
}

// What servers say quotes addresses; none of it reaches the log.
func TestWorker_logNamesNobody(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	for class := range Later + 1 {
		h, _ := wired(t, marketing, func(int) error {
			return Fail(class, "smtp_550", fmt.Errorf("550 no ada@mail.example here"))
		})
		h.worker.Log = slog.New(slog.NewTextHandler(&log, nil))
		h.due()
	}
	h, _ := wired(t, marketing, func(int) error { return errors.New("ada@mail.example broke the channel") })
	h.worker.Log = slog.New(slog.NewTextHandler(&log, nil))
	h.due()
	if s := log.String(); strings.Contains(s, "ada@") || strings.Count(s, "did not leave") != 4 {
		t.Errorf("log:\n%s", s)
	}
}
