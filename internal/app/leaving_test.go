package app_test

import (
	"fmt"
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/heed-platform/heed/internal/clock"
	"github.com/heed-platform/heed/internal/fact"
	"github.com/heed-platform/heed/internal/keep/catalog"
	"github.com/heed-platform/heed/internal/keep/gate"
	"github.com/heed-platform/heed/internal/person"
	"github.com/heed-platform/heed/workspace"
)

// bought is an order of one thing, told by the shop's server or a till under the
// notice of orders.
func bought(name, item, category string, at clock.Instant) map[string]any {
	return map[string]any{
		"type": "track", "event": "Order Completed", "userId": name, "messageId": fmt.Sprintf("%s-%s-%d", name, item, at), "timestamp": at.Format(),
		"context": map[string]any{"notice": "order@1"},
		"properties": map[string]any{
			"order_id": name + "-" + item, "currency": "EUR", "total": 119,
			"products": []map[string]any{{"product_id": item, "category": category, "price": 119, "quantity": 1}},
		},
	}
}

// runner likes our letters and runs in shoes of ours.
func (h *house) runner(t *testing.T, names ...string) {
	t.Helper()
	for _, name := range names {
		h.tell(t, "server", map[string]any{
			"type": "identify", "userId": name, "messageId": "hello-" + name, "traits": map[string]any{"email": name + "@example.com", "firstName": name},
			"context": map[string]any{"notice": "newsletter@2", "consent": map[string]any{"categoryPreferences": map[string]any{"marketing.communications.email": true}}},
		}, bought(name, "shoe-bora", "Running shoes", h.clock.Now().Add(-40*24*time.Hour)))
	}
}

// send considers everybody for a campaign, and lets leave what may.
func (h *house) send(t *testing.T, campaign string) {
	t.Helper()
	h.clock.Advance(time.Second)
	if _, err := h.Send(t.Context(), campaign, catalog.Actor{Role: catalog.Marketer, Name: "sender"}); err != nil {
		t.Fatal(err)
	}
	h.until(t, h.clock.Now())
}

// until lets time pass and does what is due.
func (h *house) until(t *testing.T, at clock.Instant) {
	t.Helper()
	h.clock.Set(at)
	if err := h.CatchUp(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// add applies the example workspace with one more file.
func (h *house) add(t *testing.T, name, text string) {
	t.Helper()
	files := fstest.MapFS{name: {Data: []byte(text)}}
	err := fs.WalkDir(workspace.Files, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		raw, err := fs.ReadFile(workspace.Files, path)
		files[path] = &fstest.MapFile{Data: raw}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := h.Apply(t.Context(), files, catalog.Actor{Role: catalog.Admin, Name: "furnisher"}); err != nil {
		t.Fatal(err)
	}
}

// auroraWeek is that campaign of the example workspace, alone.
func auroraWeek(t *testing.T) string {
	t.Helper()
	all, err := fs.ReadFile(workspace.Files, "campaigns/letters.yaml")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(all), "- key: aurora-week")
	own, _, _ := strings.Cut(rest, "\n- key:")
	return "- key: aurora-week" + own
}

// got counts the messages that an address got.
func (h *house) got(address string) int {
	n := 0
	for _, m := range h.Outbox().List() {
		if m.To.Reveal() == address {
			n++
		}
	}
	return n
}

// Between the decision and the leaving a night passes, and much can happen in a
// night: what is no longer true in the morning stops the message.
func TestLeaving_whatChangedOvernight(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, h *house) {
		h.furnish()
		h.UseOutbox()
		h.goLive("aurora-week")
		h.runner(t, "as-it-was", "bought", "gave-back", "stopped", "muted", "rests", "erased", "moved-out")
		evening := clock.At(time.Date(2026, 3, 10, 20, 5, 0, 0, time.UTC)) // 21:05 in Berlin
		h.clock.Set(evening)
		h.send(t, "aurora-week")
		if n := h.Outbox().Len(); n != 0 {
			t.Fatalf("%d letters left at night", n)
		}

		// The till had been offline, and tells now what was bought in the afternoon.
		h.tell(t, "till", bought("bought", "shoe-aurora", "Running shoes", evening.Add(-4*time.Hour)), bought("gave-back", "shoe-aurora", "Running shoes", evening.Add(-5*time.Hour)))
		h.tell(t, "till", map[string]any{
			"type": "track", "event": "Order Refunded", "userId": "gave-back", "messageId": "back", "context": map[string]any{"notice": "order@1"},
			"properties": map[string]any{"order_id": "gave-back-shoe-aurora", "products": []map[string]any{{"product_id": "shoe-aurora", "quantity": 1}}},
		})
		h.tell(t, "server", map[string]any{
			"type": "track", "event": "Order Refunded", "userId": "moved-out", "messageId": "bora-back", "context": map[string]any{"notice": "order@1"},
			"properties": map[string]any{"order_id": "moved-out-shoe-bora", "products": []map[string]any{{"product_id": "shoe-bora", "quantity": 1}}},
		})
		says := func(name string, s gate.Statement) {
			t.Helper()
			s.By = "person"
			if _, err := gate.Declare(t.Context(), h.Keep.Gate, gate.ByIdentifier(person.Ident(person.UserID, name)), s); err != nil {
				t.Fatal(err)
			}
		}
		says("stopped", gate.Statement{Grants: []fact.Grant{{Purpose: "marketing.communications.email", Status: fact.Withdrawn, Method: "unsubscribe", Source: "link"}}})
		says("muted", gate.Statement{Preference: &fact.Preference{Muted: []string{"shoes"}}})
		says("rests", gate.Statement{Preference: &fact.Preference{Break: evening.Add(30 * 24 * time.Hour)}})
		h.erase(t, person.Ident(person.UserID, "erased"))

		h.until(t, clock.At(time.Date(2026, 3, 11, 7, 5, 0, 0, time.UTC)))
		for name, n := range map[string]int{
			"as-it-was": 1, "gave-back": 1, "bought": 0, "stopped": 0, "muted": 0, "rests": 0, "erased": 0, "moved-out": 0,
		} {
			if got := h.got(name + "@example.com"); got != n {
				t.Errorf("%s got %d letters, not %d", name, got, n)
			}
		}
		h.rebuilds(t)
		h.verifies(t)
	})
}

// A limit of so many in a day counts the last 24 hours, not the calendar: one
// minute before midnight and one after are the same day.
func TestLeaving_aDayIsTwentyFourHours(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, h *house) {
		h.furnish()
		h.UseOutbox()
		h.runner(t, "ann")
		said := gate.Statement{By: "person", Preference: &fact.Preference{Caps: []fact.Cap{{Count: 1, Hours: 24}}, Zone: "Pacific/Auckland"}}
		if _, err := gate.Declare(t.Context(), h.Keep.Gate, gate.ByIdentifier(person.Ident(person.UserID, "ann")), said); err != nil {
			t.Fatal(err)
		}
		h.add(t, "campaigns/second.yaml", strings.NewReplacer("key: aurora-week", "key: second", "shoe-aurora", "sock-trail").Replace(auroraWeek(t)))
		h.goLive("aurora-week", "second")
		// Where ann is it is 12:59 and then 13:01; in Berlin the day changes between.
		h.clock.Set(clock.At(time.Date(2026, 3, 10, 22, 59, 0, 0, time.UTC)))
		h.send(t, "aurora-week")
		if got := h.got("ann@example.com"); got != 1 {
			t.Fatalf("ann got %d letters", got)
		}
		h.clock.Set(clock.At(time.Date(2026, 3, 10, 23, 1, 0, 0, time.UTC)))
		h.send(t, "second")
		if got := h.got("ann@example.com"); got != 1 {
			t.Errorf("two minutes later ann got another: %d", got)
		}
		h.until(t, clock.At(time.Date(2026, 3, 11, 23, 5, 0, 0, time.UTC)))
		if got := h.got("ann@example.com"); got != 2 {
			t.Errorf("a day later ann has %d letters, not 2", got)
		}
	})
}
