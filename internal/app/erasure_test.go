package app_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/heed-platform/heed/internal/fact"
	"github.com/heed-platform/heed/internal/keep/catalog"
	"github.com/heed-platform/heed/internal/keep/gate"
	"github.com/heed-platform/heed/internal/person"
)

// passenger is how one of those who are erased, or are not, is called.
func passenger(n int) (user, mail, phone, device string) {
	return fmt.Sprintf("%s-user-%d", canary, n), fmt.Sprintf("%s.%d@bird.example", canary, n),
		fmt.Sprintf("+49151424242%02d", n), fmt.Sprintf("%s-phone-%d", canary, n)
}

// settle lets some people live with the shop: values, consent, orders, messages.
func (h *house) settle(t *testing.T, people int) {
	t.Helper()
	for n := range people {
		user, mail, phone, device := passenger(n)
		yes := map[string]any{"categoryPreferences": map[string]any{"marketing.communications.email": true}}
		h.tell(t, "server",
			map[string]any{
				"type": "track", "anonymousId": device, "event": "Product Viewed", "messageId": "view-" + user,
				"properties": map[string]any{"product_id": "shoe-aurora"}, "timestamp": "2026-03-01T10:00:00Z",
			},
			map[string]any{
				"type": "identify", "userId": user, "anonymousId": device, "messageId": "who-" + user, "timestamp": "2026-03-02T10:00:00Z",
				"traits":  map[string]any{"email": mail, "phone": phone},
				"context": map[string]any{"consent": yes, "notice": "newsletter@2"},
			},
			map[string]any{"type": "identify", "userId": user, "messageId": "account-" + user, "timestamp": "2026-03-02T11:00:00Z", "traits": map[string]any{"email": mail, "firstName": bird("first")}},
			map[string]any{
				"type": "track", "userId": user, "event": "Order Completed", "messageId": "order-" + user, "timestamp": "2026-03-10T10:30:00Z",
				"properties": map[string]any{
					"order_id": "o-" + user, "currency": "EUR", "total": 14,
					"products": []map[string]any{{"product_id": "sock-trail", "category": "Socks", "price": 14, "quantity": 1}},
				},
			},
		)
	}
	if err := h.CatchUp(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// honor opens a pass in a person's own name.
func (h *house) honor(id person.Identifier) (gate.Pass[gate.Honor], error) {
	return gate.Ask[gate.Honor](context.Background(), h.Keep.Gate, gate.Asking{
		Subject: gate.ByIdentifier(id), Purpose: "essential.legal_obligation", By: "person", Role: "person", Why: "asked to be erased",
	})
}

// erase destroys a person and returns the proof.
func (h *house) erase(t *testing.T, id person.Identifier) gate.Certificate {
	t.Helper()
	pass, err := h.honor(id)
	if err != nil {
		t.Fatal(err)
	}
	c, err := gate.Erase(t.Context(), pass)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// traces looks for what points at a person's fragments: their keyed hashes, their
// sealed keys, and what was said by and about them.
func (h *house) traces(t *testing.T, p *fact.Profile) *scanner {
	t.Helper()
	s := &scanner{}
	rows, err := h.Keep.Vault().Identity().Get(t.Context(), p.Fragments)
	if err != nil || len(rows) != len(p.Fragments) {
		t.Fatalf("%d of %d fragments, %v", len(rows), len(p.Fragments), err)
	}
	for _, r := range rows {
		ref := r.Ref.Bytes()
		s.raw("a keyed hash", r.Hash[:])
		s.raw("a sealed key", r.Key)
		s.raw("a person's id", ref[:])
		s.text("a person's id", r.Ref.String())
	}
	for _, n := range p.Identifiers {
		s.text("an identifier", n.Value.Reveal())
	}
	return s
}

// live is the scanner over the files that heed works with. A PostgreSQL server's
// log of changes is a backup: what it still holds is sealed, and the keys to it
// are gone.
func (s *scanner) live(t *testing.T, h *house) []string {
	t.Helper()
	found := s.folder(t, h.env["HEED_DATA"])
	for _, address := range []string{h.env["HEED_DATABASE"], h.env["HEED_KEYS"]} {
		if address != "" {
			found = append(found, s.relations(t, address)...)
		}
	}
	return found
}

// After "erased" there is no clear value, no keyed hash and no key of the person
// in any live file, and everybody else is as they were.
func TestErasure(t *testing.T) {
	t.Parallel()
	housed(t, func(t *testing.T, h *house) {
		h.furnish()
		h.UseOutbox()
		h.goLive("order-received", "running-complements", "aurora-week")
		h.settle(t, 6)
		before := h.everybody(t)
		user, mail, phone, device := passenger(3)
		she := one(t, before, person.UserID, user)
		if len(before) != 6 || len(she.Identifiers) != 4 || len(she.Grants) == 0 || len(she.Contacted) == 0 {
			t.Fatalf("%d people, she has %d identifiers, %d grants, %d messages", len(before), len(she.Identifiers), len(she.Grants), len(she.Contacted))
		}
		s := h.traces(t, she)
		if len(s.live(t, h)) == 0 {
			t.Error("control: her hashes and keys are not found while she is there")
		}

		pass, err := h.honor(person.Ident(person.Email, mail))
		if err != nil {
			t.Fatal(err)
		}
		begun := time.Now()
		proof, err := gate.Erase(t.Context(), pass)
		if err != nil {
			t.Fatal(err)
		}
		if took := time.Since(begun); took > time.Minute {
			t.Errorf("erasing took %s", took)
		}
		for _, f := range s.live(t, h) {
			t.Error(f)
		}
		h.proves(t, proof, s)

		// Everybody else is as they were.
		others := slices.DeleteFunc(before, func(p *fact.Profile) bool { return p.Ref == she.Ref })
		if diff := cmp.Diff(values(others), values(h.everybody(t))); diff != "" {
			t.Errorf("somebody else was changed (- before, + after):\n%s", diff)
		}
		h.rebuilds(t)

		// Twice is once, whether with the same word or by asking again.
		if again, err := gate.Erase(t.Context(), pass); err != nil || again.Tombstones != proof.Tombstones {
			t.Errorf("erasing again: %+v, %v", again, err)
		}
		for _, id := range []person.Identifier{
			person.Ident(person.UserID, user), person.Ident(person.Email, mail), person.Ident(person.Phone, phone), person.Ident(person.AnonymousID, device),
		} {
			if _, err := h.honor(id); !errors.Is(err, gate.ErrNobody) {
				t.Errorf("%s still leads somewhere: %v", id.NS, err)
			}
		}
		h.verifies(t)
	})
}

// proves checks the certificate: it says what was done and by when no backup can
// be read, and it points at nobody.
func (h *house) proves(t *testing.T, c gate.Certificate, s *scanner) {
	t.Helper()
	if c.Fragments != 4 || c.Left != 0 || c.ID == "" || c.At != h.clock.Now() || len(c.Tombstones) != 64 || len(c.Steps) == 0 {
		t.Errorf("the proof says %+v", c)
	}
	if within := c.Backups.Sub(c.At); within <= 0 || within > 7*24*time.Hour {
		t.Errorf("backups are unreadable after %s", within)
	}
	raw, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range s.in("the proof", raw) {
		t.Error(f)
	}
}

// What comes in late about somebody who was erased starts anew: another person,
// without what was agreed to before, and without the points, orders and values
// that are gone.
func TestErasure_lateEvents(t *testing.T) {
	t.Parallel()
	housed(t, func(t *testing.T, h *house) {
		h.furnish()
		h.UseOutbox()
		h.goLive("running-complements", "aurora-week")
		h.settle(t, 2)
		user, mail, phone, device := passenger(0)
		old := one(t, h.everybody(t), person.UserID, user)
		h.erase(t, person.Ident(person.UserID, user))
		h.clock.Advance(time.Hour)

		// Her phone was offline and tells what she did, and agreed to, before; the
		// shop imports last year's list once more.
		yes := map[string]any{"consent": map[string]any{"categoryPreferences": map[string]any{
			"marketing.communications.email": true, "marketing.communications.sms": true,
		}}, "notice": "newsletter@2"}
		late := []map[string]any{
			{
				"type": "identify", "userId": user, "anonymousId": device, "messageId": "late-1", "timestamp": "2026-03-02T10:00:00Z",
				"traits": map[string]any{"email": mail, "phone": phone}, "context": yes,
			},
			{"type": "track", "userId": user, "event": "Product Viewed", "messageId": "late-2", "timestamp": "2026-03-02T11:00:00Z", "context": yes},
		}
		h.tell(t, "server", late...)
		h.tell(t, "web", map[string]any{"type": "track", "anonymousId": device, "event": "Product Viewed", "messageId": "late-3", "timestamp": "2026-03-02T12:00:00Z", "context": yes})
		history, err := json.Marshal(map[string]any{"batch": []map[string]any{
			{"type": "identify", "userId": user, "messageId": "list-1", "timestamp": "2026-03-02T13:00:00Z", "traits": map[string]any{"email": mail}, "context": yes},
		}})
		if err != nil {
			t.Fatal(err)
		}
		if status, answer := h.post("/v1/import", h.keys["server"], string(history)); status != http.StatusOK {
			t.Fatalf("import answered %d %s", status, answer)
		}

		anew := one(t, h.everybody(t), person.UserID, user)
		if anew.Ref == old.Ref {
			t.Error("she is the same person as before")
		}
		if len(anew.Grants) > 0 {
			t.Errorf("what she had agreed to came back: %+v", anew.Grants)
		}
		if len(anew.Purchases)+len(anew.Spends)+len(anew.Contacted) > 0 {
			t.Errorf("what she had came back: %+v %+v", anew.Purchases, anew.Spends)
		}
		if sent, err := h.Send(t.Context(), "aurora-week", catalog.Actor{Role: catalog.Marketer, Name: "sender"}); err != nil {
			t.Fatal(err)
		} else if err := h.CatchUp(t.Context()); err != nil {
			t.Fatal(err)
		} else if h.Outbox().Len() > 1 { // the other may have got it
			t.Errorf("of %+v, %d messages left", sent, h.Outbox().Len())
		}

		// What her browser remembers is not her word; what she says from now on is.
		now := h.clock.Now().Time().Format(time.RFC3339)
		h.tell(t, "web", map[string]any{"type": "page", "anonymousId": device, "messageId": "new-1", "timestamp": now, "context": yes})
		if back := one(t, h.everybody(t), person.UserID, user); len(back.Grants) > 0 {
			t.Errorf("her browser's memory gave back what she had agreed to: %+v", back.Grants)
		}
		h.tell(t, "server", map[string]any{"type": "track", "event": "Segment Consent Preference Updated", "userId": user, "messageId": "new-2", "timestamp": now, "context": yes})
		if back := one(t, h.everybody(t), person.UserID, user); len(back.Grants) == 0 {
			t.Error("she agreed anew, and it does not count")
		}
		h.rebuilds(t)
	})
}

// Erasing while events about the same person keep arriving: nothing fails, and in
// the end only what came after is there.
func TestErasure_racesWithIngest(t *testing.T) {
	t.Parallel()
	housed(t, func(t *testing.T, h *house) {
		h.furnish()
		h.settle(t, 3)
		user, mail, _, device := passenger(1)
		others := values(slices.DeleteFunc(h.everybody(t), func(p *fact.Profile) bool {
			return slices.ContainsFunc(p.Identifiers, func(n fact.Named) bool { return n.Value.Reveal() == user })
		}))
		stop := make(chan struct{})
		var writers sync.WaitGroup
		for w := range 4 {
			writers.Go(func() {
				for n := 0; ; n++ {
					select {
					case <-stop:
						return
					default:
					}
					h.tell(t, "server",
						map[string]any{"type": "identify", "userId": user, "anonymousId": device, "traits": map[string]any{"email": mail}, "messageId": fmt.Sprintf("race-%d-%d", w, n)},
						map[string]any{"type": "track", "userId": user, "event": "Product Viewed", "messageId": fmt.Sprintf("race-%d-%d-view", w, n)},
					)
				}
			})
		}
		erased := 0
		for erased < 4 {
			pass, err := h.honor(person.Ident(person.UserID, user))
			if errors.Is(err, gate.ErrNobody) {
				continue // nothing arrived since the last time
			}
			if err == nil {
				_, err = gate.Erase(t.Context(), pass)
			}
			if err != nil {
				t.Errorf("erasing under load: %v", err)
			}
			erased++
		}
		close(stop)
		writers.Wait()
		if t.Failed() {
			return
		}
		last := one(t, h.everybody(t), person.UserID, user)
		if len(last.Purchases) > 0 || len(last.Grants) > 0 {
			t.Errorf("something of before the first erasure is there: %+v %+v", last.Purchases, last.Grants)
		}
		h.rebuilds(t)
		s := h.traces(t, last)
		h.erase(t, person.Ident(person.UserID, user))
		for _, f := range s.live(t, h) {
			t.Error(f)
		}
		if diff := cmp.Diff(others, values(h.everybody(t))); diff != "" {
			t.Errorf("somebody else was changed (- before, + after):\n%s", diff)
		}
		h.verifies(t)
	})
}
