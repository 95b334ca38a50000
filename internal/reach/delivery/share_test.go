package delivery

import (
	"context"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/heed-platform/heed/internal/decide/campaign"
	"github.com/heed-platform/heed/internal/keep/gate"
	"github.com/heed-platform/heed/internal/line"
)

// partner is a recipient's program in place of a wire.
type partner struct {
	answers []error // one for each call; nil afterwards
	keys    []string
	letters []gate.Letter
	labels  []Label
}

func (*partner) Protection() string { return "tls, signed" }

func (p *partner) Hand(_ context.Context, label Label, h gate.Handed) error {
	l, err := h.Open()
	if err != nil {
		return err
	}
	p.keys, p.letters, p.labels = append(p.keys, label.Key), append(p.letters, l), append(p.labels, label)
	if n := len(p.keys); n <= len(p.answers) {
		return p.answers[n-1]
	}
	return nil
}

// handed opens a house whose only campaign hands data to the payment house.
func handed(t *testing.T, p *partner, payload string) *house {
	t.Helper()
	h := open(t, &wire{}, campaign.Approved{
		Version: 1, Hash: "h", Status: "live",
		Definition: campaign.Definition{
			Key: "pay", Label: "Pay", About: "Takes a payment.", Purpose: payments, Channel: "webhook", Audience: "all",
			Recipient: "payment-house", Trigger: campaign.Trigger{Send: true},
			Message: campaign.Message{Payload: payload},
		},
	})
	h.worker.Channels, h.worker.Hands = nil, map[string]Hand{"webhook": p}
	h.tell("order@1", "ada", "")
	err := h.line.Look(t.Context(), []line.Look{{Fragment: h.inspect("ada").Profile().Anchor, Campaign: "pay", Due: h.clock.Now()}})
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func TestWorker_handsOver(t *testing.T) {
	t.Parallel()
	p := &partner{}
	h := handed(t, p, `{"name": "{{ traits.first_name }}"}`)
	h.due()
	if j := h.job(); j.Code != "sent" || len(p.letters) != 1 {
		t.Fatalf("%+v, %d payloads", j, len(p.letters))
	}
	if got := p.letters[0].Payload.Reveal(); got != `{"name": "Ada <b>"}` {
		t.Errorf("payload %s", got)
	}
	if p.labels[0].Recipient != "payment-house" || !p.letters[0].To.IsZero() {
		t.Errorf("label %+v", p.labels[0])
	}
	d, o := h.ledger("ada")
	if len(d) != 1 || d[0].Recipient != "payment-house" || d[0].Country != "IE" || d[0].Protection != "tls, signed" {
		t.Fatalf("disclosures %+v", d)
	}
	if diff := cmp.Diff([]string{"traits.first_name"}, d[0].Fields); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"sent"}, statuses(o)); diff != "" {
		t.Error(diff)
	}
}

// A recipient that does not answer gets the payload again, under the same key.
func TestWorker_handsOverAgainUnderTheSameKey(t *testing.T) {
	t.Parallel()
	p := &partner{answers: []error{Fail(Unknown, "webhook_unreachable", nil)}}
	h := handed(t, p, `{"name": "{{ traits.first_name }}"}`)
	h.due()
	h.clock.Advance(time.Minute)
	h.due()
	if len(p.keys) != 2 || p.keys[0] != p.keys[1] {
		t.Fatalf("keys %v", p.keys)
	}
	if _, o := h.ledger("ada"); cmp.Diff([]string{"unknown", "sent"}, statuses(o)) != "" {
		t.Errorf("outcomes %+v", o)
	}
}

// What its notice does not promise for the purpose is not handed over, whatever
// the campaign says.
func TestWorker_handsNothingThatWasNotPromised(t *testing.T) {
	t.Parallel()
	p := &partner{}
	h := handed(t, p, `{"phone": "{{ traits.phone }}"}`)
	h.due()
	if d, _ := h.ledger("ada"); len(p.keys) != 0 || len(d) != 0 {
		t.Errorf("%d payloads, %+v", len(p.keys), d)
	}
	if j := h.job(); j.State != "done" || j.Code != "not_covered" {
		t.Errorf("job %+v", j)
	}
}
