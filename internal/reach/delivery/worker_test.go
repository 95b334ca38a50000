package delivery

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/heed-platform/heed/internal/fact"
	"github.com/heed-platform/heed/internal/keep/gate"
)

func statuses(all []fact.Outcome) (out []string) {
	for _, o := range all {
		out = append(out, o.Status)
	}
	return out
}

func TestWorker_letterLeavesOnceWithItsRow(t *testing.T) {
	t.Parallel()
	h, w := wired(t, marketing, nil)
	h.due()
	h.due()
	if len(w.letters) != 1 || w.bare != 0 {
		t.Fatalf("%d letters, %d bare", len(w.letters), w.bare)
	}
	l := w.letters[0]
	if got := l.To.Reveal(); got != "ada@mail.example" {
		t.Errorf("to %q", got)
	}
	if got := l.Subject.Reveal(); got != "Hello Ada <b>" {
		t.Errorf("subject %q", got)
	}
	if got := l.HTML.Reveal(); !strings.Contains(got, "Dear Ada &lt;b&gt;") {
		t.Errorf("html %q", got)
	}
	lines := strings.Split(l.Text.Reveal(), "\n")
	why, err := h.worker.Links.ReadWhy(token(strings.TrimPrefix(lines[1], "why: ")))
	if err != nil || why.Decision != w.keys[0] {
		t.Errorf("why %+v, %v", why, err)
	}
	stop, err := h.worker.Links.ReadUnsubscribe(token(strings.TrimPrefix(lines[2], "stop: ")))
	if err != nil || stop.Purpose != marketing || stop.Channel != "email" || stop.Ref != why.Ref {
		t.Errorf("stop %+v, %v", stop, err)
	}
	d, o := h.ledger("ada")
	if len(d) != 1 || len(o) != 1 || o[0].Disclosure != d[0].ID || o[0].Status != "sent" {
		t.Fatalf("ledger %+v %+v", d, o)
	}
	if diff := cmp.Diff([]string{"traits.email", "traits.first_name"}, d[0].Fields); diff != "" {
		t.Error(diff)
	}
	if d[0].Recipient != "mail-relay" || d[0].Country != "DE" || d[0].Class != "marketing" || d[0].Protection != "tls" {
		t.Errorf("disclosure %+v", d[0])
	}
	if j := h.job(); j.State != "done" || j.Code != "sent" {
		t.Errorf("job %+v", j)
	}
}

// The control: a sender that lets bytes go before the row is written must be
// caught by the wire that all other tests send through.
func TestWire_catchesBytesWithoutARow(t *testing.T) {
	t.Parallel()
	h, w := wired(t, marketing, nil)
	job := h.claim()
	pass, err := gate.Ask[gate.Contact](t.Context(), h.keep.Gate, gate.Asking{Subject: job.Subject, Purpose: marketing, Channel: "email", Recipient: "mail-relay"})
	if err != nil {
		t.Fatal(err)
	}
	v, err := gate.See(pass)
	if err != nil {
		t.Fatal(err)
	}
	cleared, err := gate.Clear(t.Context(), v, gate.Draft{To: "email", Recipient: "mail-relay", Decision: "of another message"})
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Send(t.Context(), Label{Key: "not yet written"}, cleared); err != errBare || w.bare != 1 { //nolint:errorlint // this very value
		t.Fatalf("not caught: %v", err)
	}
}

func TestWorker_withdrawnInBetweenStaysHere(t *testing.T) {
	t.Parallel()
	h, w := wired(t, marketing, nil)
	_, err := gate.Declare(t.Context(), h.keep.Gate, h.who("ada"), gate.Statement{By: "person", Grants: []fact.Grant{{
		Purpose: marketing, Status: fact.Withdrawn, Method: "unsubscribe", Said: h.clock.Now(),
	}}})
	if err != nil {
		t.Fatal(err)
	}
	h.due()
	if d, _ := h.ledger("ada"); len(w.letters) != 0 || len(d) != 0 {
		t.Fatalf("left: %d letters, %+v", len(w.letters), d)
	}
	if j := h.job(); j.State != "done" || j.Code != "withdrawn" {
		t.Errorf("job %+v", j)
	}
}

func TestWorker_triesAgainThenBuries(t *testing.T) {
	t.Parallel()
	h, w := wired(t, marketing, func(int) error { return Fail(Later, "smtp_451", nil) })
	for i, p := range pauses {
		h.due()
		j := h.job()
		if j.State != "waiting" || j.Code != "smtp_451" || j.Attempt != i+1 {
			t.Fatalf("after try %d: %+v", i+1, j)
		}
		if d := j.Due.Sub(h.clock.Now()); d < p*9/10 || d > p*11/10 {
			t.Errorf("after try %d: again in %v, want about %v", i+1, d, p)
		}
		// A night passes as quiet hours: go on at a noon.
		h.clock.Set(j.Due)
		for h.job().State == "waiting" && h.quiet() {
			h.clock.Advance(time.Hour)
		}
	}
	h.due()
	if j := h.job(); j.State != "dead" || j.Code != "smtp_451" || j.Attempt != len(pauses)+1 {
		t.Fatalf("at last: %+v", j)
	}
	d, o := h.ledger("ada")
	if len(w.keys) != len(pauses)+1 || len(d) != len(w.keys) || len(o) != len(w.keys) {
		t.Fatalf("%d tries, %d disclosures, %d outcomes", len(w.keys), len(d), len(o))
	}
	for i := range w.keys {
		if w.keys[i] != w.keys[0] || o[i].Status != "failed" {
			t.Errorf("try %d: key %s, outcome %s", i, w.keys[i], o[i].Status)
		}
	}
}

func (h *house) quiet() bool {
	hour := h.clock.Now().Time().Hour()
	return hour < 8 || hour >= 18
}

func TestWorker_otherSideAsksForTime(t *testing.T) {
	t.Parallel()
	f := Fail(Later, "http_429", nil)
	f.After = 90 * time.Minute
	h, _ := wired(t, marketing, func(int) error { return f })
	h.due()
	if d := h.job().Due.Sub(h.clock.Now()); d != f.After {
		t.Errorf("again in %v, want %v", d, f.After)
	}
}

func TestWorker_outcomes(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, purpose string
		class         Class
		state         string // of the job, afterwards
		outcome       string
		tries         int // after a day
	}{
		{"refused marketing", marketing, Refused, "done", "refused", 1},
		{"refused service", service, Refused, "done", "refused", 1},
		{"unknown marketing is never sent again", marketing, Unknown, "done", "unknown", 1},
		{"unknown service goes again", service, Unknown, "waiting", "unknown", 2},
		{"later", marketing, Later, "waiting", "failed", 2},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			h, w := wired(t, tt.purpose, func(int) error { return Fail(tt.class, "code", nil) })
			h.due()
			if j := h.job(); j.State != tt.state || j.Code != "code" {
				t.Errorf("job %+v", j)
			}
			if _, o := h.ledger("ada"); len(o) != 1 || o[0].Status != tt.outcome || o[0].Code != "code" {
				t.Errorf("outcomes %+v", o)
			}
			h.clock.Advance(time.Minute)
			h.due()
			if len(w.keys) != tt.tries || w.bare != 0 {
				t.Errorf("%d tries (%d bare), want %d", len(w.keys), w.bare, tt.tries)
			}
		})
	}
}

// A sender that dies between the gate's yes and the record of what happened.
func TestWorker_takesOverFromTheDead(t *testing.T) {
	t.Parallel()
	tests := []struct {
		purpose string
		outcome string // that the dead one still wrote
		tries   int    // of whoever takes over
		want    []string
		code    string
	}{
		{marketing, "", 0, []string{"unknown"}, "unknown"},
		{service, "", 1, []string{"unknown", "sent"}, "sent"},
		{marketing, "sent", 0, []string{"sent"}, "sent"},
		{service, "sent", 0, []string{"sent"}, "sent"},
		{marketing, "refused", 0, []string{"refused"}, "refused"},
		{marketing, "failed", 1, []string{"failed", "sent"}, "sent"},
		{marketing, "unknown", 0, []string{"unknown"}, "unknown"},
		{service, "unknown", 1, []string{"unknown", "sent"}, "sent"},
	}
	for _, tt := range tests {
		t.Run(tt.purpose+" "+tt.outcome, func(t *testing.T) {
			t.Parallel()
			h, w := wired(t, tt.purpose, nil)
			h.worker.Channels = map[string]Channel{"email": dying{}}
			func() {
				defer func() {
					if recover() == nil {
						t.Error("it did not die")
					}
				}()
				h.worker.try(t.Context(), h.claim())
			}()
			d, _ := h.ledger("ada")
			if len(d) != 1 {
				t.Fatalf("disclosures %+v", d)
			}
			if tt.outcome != "" {
				if err := h.keep.Gate.Settle(t.Context(), h.who("ada"), fact.Outcome{Disclosure: d[0].ID, Status: tt.outcome}); err != nil {
					t.Fatal(err)
				}
			}
			h.worker.Channels = map[string]Channel{"email": w}
			h.due()
			if len(w.keys) != 0 {
				t.Fatal("taken before the lease was over")
			}
			h.clock.Advance(lease + time.Second)
			h.due()
			_, o := h.ledger("ada")
			if diff := cmp.Diff(tt.want, statuses(o)); diff != "" || len(w.keys) != tt.tries || w.bare != 0 {
				t.Errorf("%d tries, outcomes: %s", len(w.keys), diff)
			}
			if j := h.job(); j.State != "done" || j.Code != tt.code {
				t.Errorf("job %+v", j)
			}
		})
	}
}
