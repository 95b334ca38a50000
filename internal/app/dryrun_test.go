package app_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/heed-platform/heed/internal/app"
	"github.com/heed-platform/heed/internal/decide/campaign"
	"github.com/heed-platform/heed/internal/fact"
	"github.com/heed-platform/heed/internal/keep/catalog"
	"github.com/heed-platform/heed/internal/keep/gate"
	"github.com/heed-platform/heed/internal/person"
	"github.com/heed-platform/heed/internal/problem"
)

var planner = catalog.Actor{Role: catalog.Marketer, Name: "milan"}

// crowd is what the dry run of the bulk texts is held to.
const (
	card  = 13 // gave their number for the card
	ready = 14 // said yes to texts
	busy  = 11 // said yes, and take mail only
	tired = 3  // said yes, and take a break
	loose = 12 // gave no number at all
)

// crowded tells heed of them.
func (h *house) crowded(t *testing.T) {
	t.Helper()
	n := 0
	somebody := func(events ...map[string]any) string {
		id := fmt.Sprintf("u-%03d", n)
		n++
		batch := []map[string]any{{
			"type": "identify", "messageId": "i-" + id, "userId": id, "traits": map[string]any{"country": "DE", "firstName": "Kim"},
			"context": map[string]any{"notice": "order@1"},
		}}
		for i, e := range events {
			e["userId"], e["messageId"] = id, fmt.Sprintf("m-%s-%d", id, i)
			batch = append(batch, e)
		}
		if a := h.tell(t, "server", batch...); a.Accepted != len(batch) {
			t.Fatalf("accepted %+v", a)
		}
		return id
	}
	phone := func(notice string) map[string]any {
		return map[string]any{
			"type": "identify", "traits": map[string]any{"phone": fmt.Sprintf("+4930123%04d", n)}, "context": map[string]any{"notice": notice},
		}
	}
	says := func(id string, st gate.Statement) string {
		st.By = "person"
		if _, err := gate.Declare(context.Background(), h.Keep.Gate, gate.ByIdentifier(person.Ident(person.UserID, id)), st); err != nil {
			t.Fatal(err)
		}
		return id
	}
	subscriber := func() string {
		return says(somebody(phone("texts@1")), gate.Statement{Grants: []fact.Grant{{
			Purpose: "marketing.communications.sms", Status: fact.Granted, Notice: "texts@1", Method: "form", Source: "test",
		}}})
	}
	prefer := func(id string, p fact.Preference) { says(id, gate.Statement{Preference: &p}) }
	for range card {
		somebody(phone("membership@3"))
	}
	for range ready {
		subscriber()
	}
	for range busy {
		prefer(subscriber(), fact.Preference{Channels: []string{"email"}})
	}
	for range tired {
		prefer(subscriber(), fact.Preference{Break: h.clock.Now().Add(2000 * time.Hour)})
	}
	for range loose {
		somebody()
	}
}

// counted is a number as the report shows it.
func counted(n int) gate.Total { return gate.TotalOf(n) }

func TestDryRun_isWhatHappens(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, h *house) {
		t.Helper()
		h.UseOutbox()
		h.furnish()
		h.crowded(t)
		r, err := h.DryRun(t.Context(), "bulk-sms", 0, planner)
		if err != nil {
			t.Fatal(err)
		}
		got := map[string]string{}
		for name, n := range map[string]gate.Total{
			"audience": r.Audience, "withheld": r.Withheld, "stopped": r.Stopped, "held out": r.HeldOut, "later": r.Later, "receive": r.Receive,
		} {
			got[name] = n.String()
		}
		want := map[string]string{
			// Those who take a break are few; no sum gives them away.
			"audience": fmt.Sprint(card + ready + busy), "withheld": fmt.Sprint(card), "stopped": fmt.Sprint(busy),
			"held out": "0", "later": "0", "receive": fmt.Sprint(ready),
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("the sums:\n%s", diff)
		}
		if len(r.Promises) != 2 || r.Promises[0].Code != "not_covered" || r.Promises[0].People != counted(card) ||
			!strings.Contains(r.Promises[0].Missing+r.Promises[0].Marketer, "membership") ||
			r.Promises[1].Code != "on_break" || r.Promises[1].People.String() != "fewer than 10" {
			t.Errorf("the promises: %+v", r.Promises)
		}
		for _, g := range r.Guards {
			want := map[string]string{"permission": fmt.Sprint(card), "break": "fewer than 10", "channel_preference": fmt.Sprint(busy)}[g.Guard]
			if want == "" {
				want = "0"
			}
			if g.People.String() != want {
				t.Errorf("%s stops %s, and should stop %s: %+v", g.Guard, g.People, want, g.Codes)
			}
		}
		text, err := json.Marshal(r)
		if err != nil || strings.Contains(string(text), fmt.Sprintf("%q", fmt.Sprint(tired))) || !strings.Contains(string(text), `"people":"fewer than 10"`) {
			t.Errorf("%v %s", err, text)
		}
		// And now it happens.
		h.goLive("bulk-sms")
		if _, err := h.Send(t.Context(), "bulk-sms", planner); err != nil {
			t.Fatal(err)
		}
		for range 2 { // the same version is sent to the same person once
			if err := h.CatchUp(t.Context()); err != nil {
				t.Fatal(err)
			}
			if n := h.Outbox().Len(); n != ready {
				t.Fatalf("%d texts left, and %d were counted before", n, ready)
			}
			h.clock.Advance(time.Hour)
			if _, err := h.Send(t.Context(), "bulk-sms", planner); err != nil {
				t.Fatal(err)
			}
		}
	})
}

// TestDryRun_versions: a draft that waits for approval, or what is live.
func TestDryRun_versions(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, h *house) {
		t.Helper()
		h.furnish()
		h.goLive("bulk-sms", "order-shipped")
		for _, c := range []struct {
			key     string
			version int64
			by      catalog.Actor
			code    string
		}{
			{"bulk-sms", 0, planner, ""},
			{"bulk-sms", 1, planner, ""},
			{"bulk-sms", 2, planner, "campaign-missing"},
			{"no-such", 0, planner, "campaign-missing"},
			{"bulk-sms", 0, catalog.Actor{Role: catalog.Marketer}, "asker-missing"},
			{"aurora-week", 0, planner, ""},
			{"order-shipped", 0, planner, ""},
		} {
			r, err := h.DryRun(t.Context(), c.key, c.version, c.by)
			if code := codeOf(err); code != c.code {
				t.Errorf("%s@%d: %q, %v", c.key, c.version, code, err)
			} else if err == nil && (r.Campaign != c.key || r.Version != 1 || r.Audience != counted(0)) {
				t.Errorf("%+v", r)
			}
		}
		shelf, err := h.Shelf(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		status := map[string]catalog.Status{}
		for _, s := range shelf {
			status[s.Key] = s.Status
			if s.Key == "order-shipped" && s.Moment != "event:Order Shipped" {
				t.Errorf("%+v", s)
			}
		}
		if status["bulk-sms"] != catalog.Live || status["aurora-week"] != catalog.Draft {
			t.Errorf("%v", status)
		}
	})
}

func codeOf(err error) string {
	if err == nil {
		return ""
	}
	return problem.Of(err).Code
}

func TestPreview(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, h *house) {
		t.Helper()
		h.furnish()
		h.crowded(t)
		all := fmt.Sprint(card + ready + busy + tired)
		for _, c := range []struct {
			sketch            app.Sketch
			matched, withheld string
			code              string
		}{
			// What a purpose may know of a break is for the guards.
			{app.Sketch{Audience: "phone_number"}, fmt.Sprint(ready + busy + tired), fmt.Sprint(card), ""},
			{app.Sketch{Audience: "phone_number", Purpose: "essential.service.notifications.sms"}, fmt.Sprint(card), fmt.Sprint(ready + busy + tired), ""},
			{app.Sketch{Expression: `has(traits.phone)`, Purpose: "marketing.communications.sms"}, fmt.Sprint(ready + busy + tired), fmt.Sprint(card), ""},
			{app.Sketch{Expression: `in_audience("phone_number") && traits.country == "DE"`, Purpose: "essential.service"}, "", "", ""},
			{app.Sketch{Expression: `has(traits.phone)`}, "", "", "preview-unclear"},
			{app.Sketch{Expression: `has(traits.phone)`, Purpose: "marketing.communications.smoke"}, "", "", "preview-unclear"},
			{app.Sketch{Expression: `has(`, Purpose: "essential.service"}, "", "", "audience-mistaken"},
			{app.Sketch{Audience: "nobody"}, "", "", "audience-missing"},
			{app.Sketch{Audience: "phone_number", Expression: `true`}, "", "", "preview-unclear"},
			{app.Sketch{}, "", "", "preview-unclear"},
		} {
			p, err := h.Preview(t.Context(), c.sketch, planner)
			if codeOf(err) != c.code {
				t.Errorf("%+v: %v", c.sketch, err)
			}
			if err == nil && c.matched != "" && (p.Matched.String() != c.matched || p.Withheld.String() != c.withheld) {
				t.Errorf("%+v: %s match and %s are withheld, of %s: %+v", c.sketch, p.Matched, p.Withheld, all, p.Promises)
			}
		}
		if _, err := h.Preview(t.Context(), app.Sketch{Audience: "phone_number"}, catalog.Actor{}); codeOf(err) != "asker-missing" {
			t.Errorf("nobody may ask: %v", err)
		}
	})
}

// TestDryRun_guards: what each guard stops is counted beside the others.
func TestDryRun_guards(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, h *house) {
		t.Helper()
		h.furnish()
		const owners, others = 12, 15
		for i := range owners + others {
			id, address, item := fmt.Sprintf("r-%d", i), fmt.Sprintf("r%d@example.com", i), "shoe-brook"
			if i < owners {
				item = "shoe-aurora"
			}
			h.tell(t, "server",
				map[string]any{
					"type": "identify", "messageId": "i" + id, "userId": id, "traits": map[string]any{"email": address, "country": "DE"},
					"context": map[string]any{"notice": "newsletter@2", "messaging_subscriptions": []any{map[string]any{"key": address, "type": "EMAIL", "status": "SUBSCRIBED"}}},
				},
				map[string]any{
					"type": "track", "event": "Order Completed", "messageId": "o" + id, "userId": id, "context": map[string]any{"notice": "order@1"},
					"properties": map[string]any{"order_id": id, "products": []any{map[string]any{"product_id": item, "category": "Running shoes", "quantity": 1}}},
				},
			)
		}
		at := func(key string) campaign.Report {
			t.Helper()
			r, err := h.DryRun(t.Context(), key, 0, planner)
			if err != nil {
				t.Fatal(err)
			}
			return r
		}
		r := at("aurora-week")
		if r.Stopped != counted(owners) || r.Receive != counted(others) || r.Later != counted(0) {
			t.Errorf("by day: stopped %s, now %s, later %s: %+v", r.Stopped, r.Receive, r.Later, r.Promises)
		}
		h.clock.Set(noon.Add(11 * time.Hour)) // 23:00 in Berlin
		r = at("aurora-week")
		if r.Stopped != counted(owners) || r.Receive != counted(0) || r.Later != counted(others) {
			t.Errorf("by night: stopped %s, now %s, later %s", r.Stopped, r.Receive, r.Later)
		}
		for _, g := range r.Guards {
			if g.Guard == "quiet_hours" && g.People != counted(owners+others) || g.Guard == "already_bought" && g.People != counted(owners) {
				t.Errorf("%s stops %s", g.Guard, g.People)
			}
		}
	})
}
