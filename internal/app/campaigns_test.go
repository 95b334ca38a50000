package app_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/heed-platform/heed/internal/fact"
	"github.com/heed-platform/heed/internal/keep/gate"
	"github.com/heed-platform/heed/internal/person"
)

// reader is somebody who takes letters that are chosen by what they bought.
func (h *house) reader(t *testing.T, id string) {
	t.Helper()
	h.tell(t, "server", map[string]any{
		"type": "identify", "messageId": "i-" + id, "userId": id, "traits": map[string]any{"email": id + "@example.com", "country": "DE"},
		"context": map[string]any{"notice": "newsletter@2"},
	})
	h.declare(t, id, gate.Statement{Grants: []fact.Grant{{
		Purpose: "marketing.communications.email", Status: fact.Granted, Notice: "newsletter@2", Method: "form", Source: "test",
	}}})
}

func (h *house) declare(t *testing.T, id string, st gate.Statement) {
	t.Helper()
	st.By = "person"
	if _, err := gate.Declare(context.Background(), h.Keep.Gate, gate.ByIdentifier(person.Ident(person.UserID, id)), st); err != nil {
		t.Fatal(err)
	}
}

// buys tells of an order in the online shop.
func (h *house) buys(t *testing.T, id, item, category string) {
	t.Helper()
	order := fmt.Sprintf("o-%s-%d", id, h.clock.Now())
	h.tell(t, "server", map[string]any{
		"type": "track", "event": "Order Completed", "messageId": order, "userId": id, "context": map[string]any{"notice": "order@1"},
		"properties": map[string]any{"order_id": order, "products": []any{map[string]any{"product_id": item, "category": category, "quantity": 1}}},
	})
}

// left is what left, oldest first: to whom, and the subject.
func (h *house) left() []string {
	var out []string
	for _, m := range h.Outbox().List() {
		id, _, _ := strings.Cut(strings.Trim(m.To.Reveal(), `"`), "@")
		out = append(out, id+": "+m.Subject.Reveal())
	}
	slices.Reverse(out)
	return out
}

// passes lets time go by, an hour at a time, and does what falls due.
func (h *house) passes(t *testing.T, d time.Duration) {
	t.Helper()
	for end := h.clock.Now().Add(d); h.clock.Now() < end; {
		h.clock.Advance(min(time.Hour, end.Sub(h.clock.Now())))
		if err := h.CatchUp(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
}

// TestCampaigns_consumable: coffee comes back when it is about used up, by day,
// once, and not to whoever bought some since.
func TestCampaigns_consumable(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, h *house) {
		t.Helper()
		h.UseOutbox()
		h.furnish()
		h.goLive("coffee-again")
		for _, id := range []string{"once", "twice"} {
			h.reader(t, id)
			h.buys(t, id, "coffee-dawn", "Coffee")
		}
		h.passes(t, 10*24*time.Hour)
		h.buys(t, "twice", "coffee-dusk", "Coffee")
		h.passes(t, 7*24*time.Hour)
		if diff := cmp.Diff([]string(nil), h.left()); diff != "" {
			t.Errorf("on day 17:\n%s", diff)
		}
		h.passes(t, 3*24*time.Hour)
		want := []string{"once: Is the coffee nearly finished?"}
		if diff := cmp.Diff(want, h.left()); diff != "" {
			t.Fatalf("on day 20:\n%s", diff)
		}
		if day := h.Outbox().List()[0].At.Sub(noon).Hours() / 24; day < 18 || day > 18.1 {
			t.Errorf("it left on day %.2f", day)
		}
		h.passes(t, 15*24*time.Hour)
		if diff := cmp.Diff(append(want, "twice: Is the coffee nearly finished?"), h.left()); diff != "" {
			t.Errorf("on day 35:\n%s", diff)
		}
	})
}

// TestCampaigns_caps: her own cap holds over all campaigns together, and what
// waits for a place longer than its moment lasts is gone.
func TestCampaigns_caps(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, h *house) {
		t.Helper()
		h.UseOutbox()
		h.furnish()
		h.goLive("aurora-week", "coffee-again")
		for _, id := range []string{"free", "weekly"} {
			h.reader(t, id)
			h.buys(t, id, "shoe-brook", "Running shoes")
			h.buys(t, id, "coffee-dawn", "Coffee")
		}
		h.declare(t, "weekly", gate.Statement{Preference: &fact.Preference{Caps: []fact.Cap{{Count: 1, Hours: 168}}}})
		h.passes(t, 17*24*time.Hour)
		if _, err := h.Send(t.Context(), "aurora-week", planner); err != nil {
			t.Fatal(err)
		}
		h.passes(t, 8*24*time.Hour)
		got := h.left()
		slices.Sort(got)
		want := []string{"free: Is the coffee nearly finished?", "free: The Aurora for ten euros less", "weekly: The Aurora for ten euros less"}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("what left:\n%s", diff)
		}
	})
}

// A break is a matter of time: what is sent meanwhile waits for its end, or is
// over before.
func TestCampaigns_aOneOffWaitsForTheEndOfABreak(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, h *house) {
		t.Helper()
		h.UseOutbox()
		h.furnish()
		h.goLive("aurora-week")
		for _, id := range []string{"free", "day", "month", "swimmer"} {
			h.reader(t, id)
			if id != "swimmer" {
				h.buys(t, id, "shoe-brook", "Running shoes")
			}
		}
		for id, days := range map[string]time.Duration{"day": 1, "month": 30, "swimmer": 1} {
			h.declare(t, id, gate.Statement{Preference: &fact.Preference{Break: h.clock.Now().Add(days * 24 * time.Hour)}})
		}
		sent, err := h.Send(t.Context(), "aurora-week", planner)
		if err != nil || sent.Considered != 3 {
			t.Fatalf("%d are considered, want the three runners: %v", sent.Considered, err)
		}
		h.passes(t, 23*time.Hour)
		const offer = ": The Aurora for ten euros less"
		if diff := cmp.Diff([]string{"free" + offer}, h.left()); diff != "" {
			t.Errorf("during the break:\n%s", diff)
		}
		h.passes(t, 5*24*time.Hour)
		if diff := cmp.Diff([]string{"free" + offer, "day" + offer}, h.left()); diff != "" {
			t.Errorf("after the moment:\n%s", diff)
		}
		h.passes(t, 30*24*time.Hour)
		if n := len(h.left()); n != 2 {
			t.Errorf("%d messages after the month", n)
		}
	})
}

// What the card's text promises, it does: the till tells that a parcel left, and
// the text goes to the card's number.
func TestCampaigns_theTillsParcel(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, h *house) {
		t.Helper()
		h.UseOutbox()
		h.furnish()
		h.goLive("order-shipped", "bulk-sms")
		h.tell(t, "till", map[string]any{
			"type": "identify", "messageId": "card", "userId": "member-1", "traits": map[string]any{"phone": "+4915112345678", "country": "DE"},
		})
		h.clock.Advance(time.Hour)
		h.tell(t, "till", map[string]any{
			"type": "track", "event": "Order Shipped", "messageId": "parcel", "userId": "member-1", "properties": map[string]any{"order_id": "o-1"},
		})
		if _, err := h.Send(t.Context(), "bulk-sms", planner); err != nil {
			t.Fatal(err)
		}
		h.passes(t, time.Hour)
		texts := h.Outbox().List()
		if len(texts) != 1 || !strings.Contains(texts[0].Text.Reveal(), "your parcel is on its way") {
			t.Errorf("%d texts left, want the one about the parcel", len(texts))
		}
	})
}
