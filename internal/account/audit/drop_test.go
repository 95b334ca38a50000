package audit_test

import (
	"testing"

	"github.com/heed-platform/heed/internal/account/housetest"
	"github.com/heed-platform/heed/internal/fact"
	"github.com/heed-platform/heed/internal/keep"
	"github.com/heed-platform/heed/internal/keep/gate"
	"github.com/heed-platform/heed/internal/line"
	"github.com/heed-platform/heed/internal/person"
)

// What retention emptied is gone, and everything else holds: the chain verifies,
// a rebuild gives the same (the messages that are known too), the person's copy is made of what is left.
func TestVerify_dropped(t *testing.T) {
	t.Parallel()
	housetest.On(t, func(t *testing.T, h *housetest.House) {
		live(h)
		ctx := t.Context()
		viewed := housetest.Event{"type": "track", "userId": "user-0", "event": "Product Viewed", "messageId": "m-viewed", "properties": map[string]any{"product_id": "p9"}}
		h.Hears("server", viewed)
		nothing := func(*fact.Event) {}
		f, err := h.Keep.Vault().Find(ctx, person.Ident(person.UserID, "user-0"))
		if err != nil {
			t.Fatal(err)
		}
		named := ""
		dropped, err := h.Keep.Vault().Drop(ctx, h.Keep.Writer, f, line.Folding(h.Keep, nothing), func(l keep.Fact) bool {
			if l.Kind != fact.KindEvent {
				return false
			}
			e, err := fact.ParseEvent(l.Payload)
			if err != nil {
				t.Error(err)
			}
			named += e.Name + " "
			return e.Name == "Product Viewed"
		}, keep.AuditEntry{What: "retention", By: "heed"})
		if err != nil || dropped != 2 {
			t.Fatalf("%d dropped of %q, %v", dropped, named, err)
		}
		again := func() (events, bodies int) {
			pass, err := gate.Ask[gate.Honor](ctx, h.Keep.Gate, gate.Asking{
				Subject: housetest.Subject(person.UserID, "user-0"), Purpose: "essential.legal_obligation", By: "person", Role: "person", Why: "asked",
			})
			if err != nil {
				t.Fatal(err)
			}
			d, err := gate.Release(ctx, pass)
			if err != nil {
				t.Fatal(err)
			}
			for _, l := range d.History() {
				if l.Kind == fact.KindEvent && l.Fragment == f.ID {
					events++
					if l.Payload != nil {
						bodies++
					}
				}
			}
			return events, bodies
		}
		if events, bodies := again(); events != 3 || bodies != 1 {
			t.Errorf("%d events in the copy, %d with a body", events, bodies)
		}
		if r := verify(t, h); !r.Sound() {
			t.Errorf("after dropping: %+v", r.Damage)
		}
		r, err := line.Rebuild(ctx, h.Keep, nothing, func(int) {})
		if err != nil || r.Differed != 0 {
			t.Errorf("a rebuild differs in %d states, %v", r.Differed, err)
		}
		before := h.Keep
		h.Close()
		h.Open()
		if events, bodies := again(); before == h.Keep || events != 3 || bodies != 1 {
			t.Errorf("after reopening %d events, %d with a body", events, bodies)
		}
	})
}
