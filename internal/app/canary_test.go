package app_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/heed-platform/heed/internal/fact"
	"github.com/heed-platform/heed/internal/keep/catalog"
	"github.com/heed-platform/heed/internal/keep/gate"
	"github.com/heed-platform/heed/internal/keep/keeptest/pgtest"
	"github.com/heed-platform/heed/internal/person"
)

// The canary stands in every personal field of everything that is told; its
// telephone number is of digits.
const (
	canary      = "canaryqxzv"
	canaryPhone = "+4915142424207"
	canaryMail  = canary + ".mail@bird.example"
	spineItem   = "item-that-may-stand-in-clear"
)

// bird is a value with the canary in it, and with what breaks careless writers.
func bird(field string) string { return canary + " " + field + ` é ' " < % \ ✓` }

// canaries is one event of each kind, the canary in every field that may say
// something about somebody.
func canaries() []map[string]any {
	contextOf := func() map[string]any {
		return map[string]any{
			"ip": "203.0.113.7", "userAgent": bird("agent"), "locale": canary, "timezone": "Europe/" + canary,
			"page":        map[string]any{"url": "https://shop.example/?q=" + canary, "path": "/" + canary, "referrer": "https://" + canary + ".example/", "title": bird("title"), "search": "?q=" + canary},
			"campaign":    map[string]any{"name": bird("campaign"), "term": bird("term")},
			"device":      map[string]any{"id": canary + "-device", "token": canary + "-push-token", "advertisingId": canary + "-ads", "adTrackingEnabled": true},
			"location":    map[string]any{"city": bird("city"), "latitude": 52.1},
			"network":     map[string]any{"carrier": bird("carrier")},
			"externalIds": []map[string]any{{"id": canary + "-card", "type": "member_id", "collection": "users", "encoding": "none"}, {"id": canary + "-loyal", "type": "loyalty", "collection": "users", "encoding": "none"}},
			"traits":      map[string]any{"nickname": bird("nickname")},
			"consent":     map[string]any{"categoryPreferences": map[string]any{"marketing.communications.email": true, bird("category"): true}, "evidence": bird("evidence")},
		}
	}
	events := []map[string]any{
		{"type": "identify", "traits": map[string]any{
			"email": canaryMail, "phone": canaryPhone, "firstName": bird("first"), "lastName": bird("last"),
			"address": map[string]any{"street": bird("street"), "city": bird("city"), "country": "DE"},
			"size":    canary, bird("a trait's own name"): bird("trait"), "birthday": "1990-01-01", "expecting": bird("expecting"),
		}},
		{"type": "track", "event": "Order Completed", "properties": map[string]any{
			"order_id": canary + "-order", "currency": "EUR", "total": 119, "coupon": canary + "-coupon", "email": canaryMail,
			"products": []map[string]any{{"product_id": spineItem, "name": bird("product"), "category": bird("category"), "brand": bird("brand"), "variant": canary, "price": 119, "quantity": 1}},
		}},
		{"type": "track", "event": "Products Searched", "properties": map[string]any{"query": bird("query")}},
		{"type": "track", "event": bird("an event nobody approved"), "properties": map[string]any{bird("a property's name"): bird("property")}},
		{"type": "track", "event": "Friend Added", "properties": map[string]any{"friend_id": canary + "-friend"}},
		{"type": "page", "name": bird("page"), "properties": map[string]any{"url": "https://shop.example/" + canary}},
		{"type": "screen", "name": bird("screen"), "properties": map[string]any{"title": bird("screen's title")}},
		{"type": "group", "groupId": canary + "-group", "traits": map[string]any{"name": bird("group")}},
		{"type": "alias", "previousId": canary + "-before"},
	}
	for i, e := range events {
		e["messageId"] = fmt.Sprintf("%s-message-%d", canary, i)
		e["timestamp"] = noon.Time().Add(-time.Hour).Format(time.RFC3339)
		e["userId"], e["anonymousId"], e["context"] = canary+"-user", canary+"-browser", contextOf()
	}
	return events
}

// housed opens a heed on each engine; on PostgreSQL the identity store lies
// there too, apart.
func housed(t *testing.T, f func(t *testing.T, h *house)) {
	t.Helper()
	for name := range databases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := &house{env: map[string]string{}}
			if name == "postgres" {
				h.env["HEED_DATABASE"], h.env["HEED_KEYS"] = pgtest.URL(t), pgtest.URL(t)
			}
			h.begin(t, t.TempDir())
			t.Cleanup(h.close)
			f(t, h)
		})
	}
}

// Nobody's data is anywhere in clear: not in a file, a table, a log, a metric, a
// refusal, the audit chain or a definition, whatever happened to it.
func TestCanary(t *testing.T) {
	t.Parallel()
	housed(t, func(t *testing.T, h *house) {
		s := &scanner{}
		s.text("the canary", canary)
		s.text("the telephone number", canaryPhone[1:])
		for _, id := range []string{canary + "-user", canary + "-browser", canary + "-card", canaryMail, canaryPhone, canaryPhone[1:]} {
			s.hashes("an identifier", id)
		}
		h.furnish()
		h.UseOutbox()
		h.goLive("order-received", "order-shipped", "running-complements", "aurora-week", "bulk-sms")

		for _, source := range []string{"server", "till", "web", "app", "card-desk"} {
			for _, e := range canaries() {
				e["messageId"] = source + e["messageId"].(string)
				h.tell(t, source, e)
			}
		}
		h.lives(t)
		refusals := h.refusals(t)
		if h.Outbox().Len() < 2 {
			t.Errorf("%d messages left, too few to test anything about messages", h.Outbox().Len())
		}

		var found []string
		found = append(found, s.in("the log", h.log.Bytes())...)
		found = append(found, s.in("the metrics", []byte(h.get(t, h.AdminHandler(), "/metrics")))...)
		for _, r := range refusals {
			found = append(found, s.in("an answer", []byte(r))...)
		}
		found = append(found, s.stores(t, h)...)
		h.close()
		found = append(found, s.folder(t, h.env["HEED_DATA"])...)
		for _, f := range found {
			t.Error(f)
		}

		// The control: what may stand in clear is found by the same scanner.
		control := &scanner{}
		control.text("the item", spineItem)
		if len(control.stores(t, h)) == 0 {
			t.Error("the scanner does not find what does stand in clear: this test proves nothing")
		}
		h.open()
		if mine := one(t, h.everybody(t), person.UserID, canary+"-user"); len(mine.Attributes) == 0 || len(mine.Purchases) == 0 {
			t.Error("what was told is not there, so nothing was tested")
		}
	})
}

// lives lets what happens to people's data happen to the canary's.
func (h *house) lives(t *testing.T) {
	t.Helper()
	ctx := t.Context()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	who := gate.ByIdentifier(person.Ident(person.UserID, canary+"-user"))
	said := gate.Statement{By: "person", Preference: &fact.Preference{Muted: []string{"shoes"}, Zone: "Europe/Berlin", Language: "de"}}
	for _, purpose := range []string{"marketing.communications.email", "marketing.communications.sms"} {
		said.Grants = append(said.Grants, fact.Grant{
			Purpose: purpose, Status: fact.Granted, Notice: "newsletter@2", Method: "form", Source: "web", Evidence: bird("form"), Said: noon,
		})
	}
	_, err := gate.Declare(ctx, h.Keep.Gate, who, said)
	must(err)
	h.tell(t, "server", map[string]any{
		"type": "track", "event": "Order Shipped", "userId": canary + "-user", "messageId": canary + "-shipped",
		"properties": map[string]any{"order_id": canary + "-order", "tracking": canary},
	})
	for _, c := range []string{"aurora-week", "bulk-sms"} {
		_, err = h.Send(ctx, c, catalog.Actor{Role: catalog.Marketer, Name: "sender"})
		must(err)
	}
	h.clock.Advance(time.Minute)
	must(h.CatchUp(ctx))
	asking := clerk
	asking.Subject, asking.Why = who, "they called"
	pass, err := gate.Ask[gate.Operate](ctx, h.Keep.Gate, asking)
	must(err)
	_, err = gate.Inspect(ctx, pass)
	must(err)
	h.everybody(t)
	asking.Subject = gate.ByIdentifier(person.Ident(person.AnonymousID, canary+"-browser"))
	_, err = h.Split(ctx, asking, asking.Subject, who)
	must(err)
	h.rebuilds(t)
}

// refusals asks for everything that is refused, with the canary in it, and
// returns the answers.
func (h *house) refusals(t *testing.T) []string {
	t.Helper()
	var packed bytes.Buffer
	w := gzip.NewWriter(&packed)
	_, _ = w.Write([]byte(`{"batch":[{"userId":"` + canary))
	_ = w.Close()
	var out []string
	for _, body := range []string{
		`{"batch":[{"type":"shout","userId":"` + canary + `"}]}`,
		`{"batch":[{"type":"track","event":"x","userId":"` + canary + `","userId":"` + canary + `"}]}`,
		`{"batch":[{"type":"track","event":"x","userId":{"` + canary + `":1}}]}`,
		`{"batch":[{"type":"identify","userId":"u","traits":{"` + canaryMail + `":1,"` + canaryMail + `":2}}]}`,
		`{"batch":[{"type":"identify","userId":"u","traits":{"` + canaryPhone + `":{"x":"\u0000"}}}]}`,
		`{"batch":[{"type":"track","event":"x","userId":"` + canary + strings.Repeat("x", 300) + `"}]}`,
		`{"batch":[{"type":"track","event":"x","timestamp":"` + canary + `","userId":"` + canary + `"}]}`,
		`{"batch":[{"type":"identify","traits":{"email":"` + canary + `@@@","phone":"` + canary + `"}}]}`,
		`{"batch":[{"type":"track","event":"x","messageId":"` + canary + `-message-0","userId":"` + canary + `-user"}]}`,
		`{"batch":["` + canary + `"]}`,
		`{"batch":"` + canary + `"}`, `{"batch":[` + canary + `]}`, `{"` + canary + `":1}`, canary, "\xff" + canary,
		`{"batch":[{"userId":"` + canary, packed.String(),
	} {
		_, answer := h.post("/v1/batch", h.keys["server"], body)
		out = append(out, answer)
	}
	for _, key := range []string{canary, ""} {
		_, answer := h.post("/v1/batch", key, `{"batch":[{"type":"track","event":"x","userId":"`+canary+`"}]}`)
		out = append(out, answer)
	}
	for _, ask := range []struct{ method, path, token, body string }{
		{http.MethodGet, "/api/people?email=" + canaryMail, "", ""},
		{http.MethodGet, "/api/people?email=" + canaryMail, canary, ""},
		{http.MethodPost, "/api/people/find", "at-test-0123456789", `{"ns":"email","value":"nobody-` + canaryMail + `"}`},
		{http.MethodPost, "/api/people/find", "at-test-0123456789", `{"ns":"email","value":["` + canary + `"]}`},
		{http.MethodGet, "/api/people/" + canary, "at-test-0123456789", ""},
		{http.MethodGet, "/api/" + canary, "at-test-0123456789", ""},
		{http.MethodPost, "/api/apply", "at-test-0123456789", `{"files":"` + canary + `"}`},
		{http.MethodPost, "/u/" + canary, "", ""},
		{http.MethodGet, "/me/why/" + canary, "", ""},
		{http.MethodGet, "/v1/projects/" + canary + "/settings", "", ""},
		{http.MethodPut, "/v1/batch?" + canary, "", canary},
	} {
		r := httptest.NewRequest(ask.method, ask.path, strings.NewReader(ask.body))
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("X-Heed-Reason", "to see what is answered")
		r.Header.Set("User-Agent", canary)
		r.Header.Set("Referer", "https://"+canary+".example/")
		if ask.token != "" {
			r.Header.Set("Authorization", "Bearer "+ask.token)
		}
		w := httptest.NewRecorder()
		h.Handler().ServeHTTP(w, r)
		if w.Code < 400 {
			t.Errorf("%s %s was answered %d", ask.method, ask.path, w.Code)
		}
		out = append(out, fmt.Sprint(w.Header())+w.Body.String())
	}
	// Commands and calls that fail inside.
	nobody := clerk
	nobody.Subject = gate.ByIdentifier(person.Ident(person.Email, "nobody-"+canaryMail))
	_, err := gate.Ask[gate.Operate](context.Background(), h.Keep.Gate, nobody)
	out = append(out, err.Error())
	err = h.Tell(context.Background(), "server", []byte(`{"type":"identify","traits":{"plan":"`+canary+`"}}`))
	out = append(out, err.Error())
	return out
}

// get reads a page of a handler.
func (*house) get(t *testing.T, from http.Handler, path string) string {
	t.Helper()
	w := httptest.NewRecorder()
	from.ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
	if w.Code != http.StatusOK {
		t.Fatalf("%s answered %d", path, w.Code)
	}
	return w.Body.String()
}
