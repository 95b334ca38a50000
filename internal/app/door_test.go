package app_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/heed-platform/heed/internal/fact"
	"github.com/heed-platform/heed/internal/keep/catalog"
	"github.com/heed-platform/heed/internal/keep/gate"
	"github.com/heed-platform/heed/internal/person"
	"github.com/heed-platform/heed/internal/reach/delivery"
	"github.com/heed-platform/heed/internal/reach/webhook"
	"github.com/heed-platform/heed/internal/web/api"
)

const ourSite = "https://heed.example"

// lettered opens a heed in which each of them got one letter about running, and
// returns the letters.
func lettered(t *testing.T, database string, ids ...string) (h *house, letters map[string]delivery.Kept) {
	t.Helper()
	h = &house{env: map[string]string{"HEED_DATABASE": database, "HEED_PUBLIC_URL": ourSite}}
	h.begin(t, t.TempDir())
	t.Cleanup(h.close)
	h.UseOutbox()
	h.furnish()
	h.goLive("aurora-week")
	for _, id := range ids {
		h.reader(t, id)
		h.buys(t, id, "shoe-boreal", "Running shoes")
	}
	h.offer(t)
	letters = map[string]delivery.Kept{}
	for _, m := range h.Outbox().List() {
		id, _, _ := strings.Cut(m.To.Reveal(), "@")
		letters[id] = m
	}
	if len(letters) != len(ids) {
		t.Fatalf("%d letters for %d people", len(letters), len(ids))
	}
	return h, letters
}

// offer sends the letter to everybody who may get it.
func (h *house) offer(t *testing.T) {
	t.Helper()
	h.clock.Advance(8 * 24 * time.Hour) // no cap is reached
	h.clock.Set(noon.Add(h.clock.Now().Sub(noon).Truncate(24 * time.Hour)))
	if err := h.CatchUp(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := h.Send(t.Context(), "aurora-week", catalog.Actor{Role: catalog.Marketer, Name: "sender"}); err != nil {
		t.Fatal(err)
	}
	if err := h.CatchUp(t.Context()); err != nil {
		t.Fatal(err)
	}
}

var links = regexp.MustCompile(`https://heed\.example(/[^\s"<>]+)`)

// linksOf are the addresses of ours in a message, its header's included.
func linksOf(m delivery.Kept) (out []string) {
	for _, l := range links.FindAllStringSubmatch(m.Text.Reveal()+" "+m.HTML.Reveal()+" "+m.Label.Unsubscribe, -1) {
		out = append(out, l[1])
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// wayOut is the link of the message's List-Unsubscribe header.
func wayOut(m delivery.Kept) string { return strings.TrimPrefix(m.Label.Unsubscribe, ourSite) }

func (h *house) visit(method, target, from string, form url.Values) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, target, strings.NewReader(form.Encode()))
	r.RemoteAddr = from
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	w := httptest.NewRecorder()
	h.Handler().ServeHTTP(w, r)
	return w
}

// Looking at every link of a real message, by anybody, as often as they like,
// changes nothing; machines that do are counted.
func TestLinks_lookingChangesNothing(t *testing.T) {
	t.Parallel()
	ids := []string{"ann", "bob", "cem", "dee", "eva", "fay"}
	h, letters := lettered(t, "", ids...)
	before := values(h.everybody(t))
	for _, id := range ids {
		all := linksOf(letters[id])
		if len(all) != 3 {
			t.Fatalf("%s got %d links: %v", id, len(all), all)
		}
		for _, link := range all {
			for _, method := range []string{http.MethodHead, http.MethodGet, http.MethodGet, http.MethodOptions} {
				w := h.visit(method, link, "198.51.100.9:1", nil)
				if method != http.MethodOptions && w.Code >= http.StatusBadRequest || len(w.Result().Cookies()) > 0 {
					t.Errorf("%s of a link: %d, %v", method, w.Code, w.Header())
				}
			}
		}
	}
	if diff := cmp.Diff(before, values(h.everybody(t))); diff != "" {
		t.Errorf("looking changed something:\n%s", diff)
	}
	if err := h.CatchUp(t.Context()); err != nil {
		t.Fatal(err)
	}
	w := httptest.NewRecorder()
	h.AdminHandler().ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	if !strings.Contains(w.Body.String(), `heed_door_events{what="link_bursts"} 1`) {
		t.Error("nobody counted the scanner")
	}
	for _, id := range ids {
		if code := h.mayWrite(t, id); code != "" {
			t.Errorf("looking stopped %s: %s", id, code)
		}
	}
}

// mayWrite asks whether somebody may be written to about running now; "" is yes.
func (h *house) mayWrite(t *testing.T, id string) (code string) {
	t.Helper()
	_, err := gate.Ask[gate.Contact](t.Context(), h.Keep.Gate, gate.Asking{
		Subject: gate.ByIdentifier(person.Ident(person.UserID, id)), Purpose: "marketing.communications.email", Channel: "email", Topic: "shoes.running",
		Recipient: "mail-relay",
	})
	if denied, ok := errors.AsType[*gate.Denied](err); ok {
		return denied.Ruling.Code
	}
	if err != nil {
		t.Fatal(err)
	}
	return ""
}

// The mail program's own button works without cookies and without going anywhere
// else; what it stops is what the message was about.
func TestUnsubscribe_threeWidths(t *testing.T) {
	t.Parallel()
	onBothURLs(t, func(t *testing.T, database string) {
		t.Helper()
		ids := []string{"own", "channel", "all", "else"}
		h, letters := lettered(t, database, ids...)
		for _, id := range ids[:3] {
			form := url.Values{"List-Unsubscribe": {"One-Click"}}
			if id != "own" {
				form.Set("what", id)
			}
			for range 2 {
				w := h.visit(http.MethodPost, wayOut(letters[id]), "192.0.2.3:1", form)
				if w.Code != http.StatusOK || w.Header().Get("Location") != "" || len(w.Result().Cookies()) > 0 {
					t.Fatalf("%s: %d %v", id, w.Code, w.Header())
				}
			}
		}
		people := h.everybody(t)
		want := map[string]string{"own": "marketing.communications.email email shoes.running", "channel": "marketing email ", "all": "marketing  ", "else": ""}
		for id, want := range want {
			var got []string
			for _, g := range one(t, people, person.UserID, id).Grants {
				if g.Status == fact.Withdrawn {
					got = append(got, g.Purpose+" "+g.Channel+" "+g.Topic)
				}
			}
			if strings.Join(got, ", ") != want {
				t.Errorf("%s withdrew %q, want %q", id, got, want)
			}
		}
		for _, id := range ids {
			if got := h.mayWrite(t, id); (got == "withdrawn") != (id != "else") || id == "else" && got != "" {
				t.Errorf("%s: %q", id, got)
			}
		}
	})
}

// onBothURLs tells the same on each database, to whoever opens it themselves.
func onBothURLs(t *testing.T, f func(t *testing.T, database string)) {
	t.Helper()
	for name, database := range databases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f(t, database(t))
		})
	}
}

// Whoever unsubscribes an address has unsubscribed it, whomever it belongs to by
// then. A link from before links knew their address is the control: it stops only
// the person that it was about.
func TestUnsubscribe_holdsAtTheAddress(t *testing.T) {
	t.Parallel()
	for _, old := range []bool{false, true} {
		h, letters := lettered(t, "", "ann")
		// The address was never Ann's, and is given to whose it is.
		h.split(t, person.Ident(person.Email, "ann@example.com"))
		h.tell(t, "server", map[string]any{
			"type": "identify", "messageId": "i-bea", "userId": "bea", "traits": map[string]any{"email": "ann@example.com", "country": "DE"},
			"context": map[string]any{"notice": "newsletter@2"},
		})
		link := wayOut(letters["ann"])
		if old {
			u, err := h.Links().ReadUnsubscribe(strings.TrimPrefix(link, "/u/"))
			if err != nil {
				t.Fatal(err)
			}
			u.Point = person.Hash{}
			link = strings.TrimPrefix(h.Links().Unsubscribe(u), ourSite)
		}
		if w := h.visit(http.MethodPost, link, "192.0.2.3:1", url.Values{"List-Unsubscribe": {"One-Click"}}); w.Code != http.StatusOK {
			t.Fatalf("%d", w.Code)
		}
		people := h.everybody(t)
		stopped := func(id string) bool {
			return slices.ContainsFunc(one(t, people, person.UserID, id).Grants, func(g fact.Grant) bool {
				return g.Status == fact.Withdrawn && g.Method == "unsubscribe"
			})
		}
		if !stopped("ann") || stopped("bea") == old {
			t.Errorf("old link %v: the person it was about %v, the address's owner %v", old, stopped("ann"), stopped("bea"))
		}
	}
}

// The button beside the others leads on to the preferences, with no more rights
// than the link has.
func TestUnsubscribe_choose(t *testing.T) {
	t.Parallel()
	h, letters := lettered(t, "", "ann")
	form := url.Values{"List-Unsubscribe": {"One-Click"}, "what": {"choose"}}
	for range 2 {
		w := h.visit(http.MethodPost, wayOut(letters["ann"]), "192.0.2.3:1", form)
		if w.Code != http.StatusSeeOther || w.Header().Get("Location") != "/me/preferences" || len(w.Result().Cookies()) != 1 {
			t.Fatalf("%d %v", w.Code, w.Header())
		}
		v, err := h.Desk().Visitor(t.Context(), w.Result().Cookies()[0].Value)
		if err != nil || v.Scope.String() != "lower" || v.Ref != one(t, h.everybody(t), person.UserID, "ann").Ref {
			t.Errorf("%+v, %v", v, err)
		}
		h.clock.Advance(2 * time.Second)
	}
}

// feed is a carrier's call about an address.
func (h *house) feed(t *testing.T, carrier, id, body string, turn func(r *http.Request)) int {
	t.Helper()
	secret, err := h.WebhookSecret(carrier)
	if err != nil {
		t.Fatal(err)
	}
	now := h.clock.Now()
	signature, err := webhook.Sign(id, now, []byte(body), secret)
	if err != nil {
		t.Fatal(err)
	}
	r := httptest.NewRequest(http.MethodPost, api.FeedbackPath, strings.NewReader(body))
	r.Header.Set(webhook.HeaderID, id)
	r.Header.Set(webhook.HeaderTimestamp, fmt.Sprint(now.Time().Unix()))
	r.Header.Set(webhook.HeaderSignature, signature)
	if turn != nil {
		turn(r)
	}
	w := httptest.NewRecorder()
	h.Handler().ServeHTTP(w, r)
	return w.Code
}

func TestFeedback(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, h *house) {
		t.Helper()
		h.furnish()
		for _, id := range []string{"ann", "bob", "cem"} {
			h.reader(t, id)
		}
		about := func(kind, id, more string) string {
			return `{"type":"` + kind + `","data":{"channel":"email","address":"` + id + `@example.com"` + more + `}}`
		}
		said := func(id string) (out []string) {
			for _, g := range one(t, h.everybody(t), person.UserID, id).Grants {
				if g.Status != fact.Granted {
					out = append(out, strings.Join([]string{g.Purpose, g.Channel, g.Status.String(), g.Method, g.Source}, " "))
				}
			}
			return out
		}
		tests := []struct {
			name, carrier, id, body string
			turn                    func(r *http.Request)
			status                  int
		}{
			{"forged", "mail-relay", "f1", about("complaint", "ann", ""), func(r *http.Request) { r.Header.Set(webhook.HeaderSignature, "v1,AAAA") }, http.StatusUnauthorized},
			{"not signed", "mail-relay", "f2", about("complaint", "ann", ""), func(r *http.Request) { r.Header.Del(webhook.HeaderSignature) }, http.StatusUnauthorized},
			{"under another id", "mail-relay", "f3", about("complaint", "ann", ""), func(r *http.Request) { r.Header.Set(webhook.HeaderID, "other") }, http.StatusUnauthorized},
			{"old", "mail-relay", "f4", about("complaint", "ann", ""), func(*http.Request) { h.clock.Advance(6 * time.Minute) }, http.StatusUnauthorized},
			{"by nobody of ours", "nobody", "f5", about("complaint", "ann", ""), nil, http.StatusUnauthorized},
			{"unclear", "mail-relay", "f6", `{"type":"opened","data":{"channel":"email","address":"ann@example.com"}}`, nil, http.StatusBadRequest},
			{"about nobody", "mail-relay", "f7", about("complaint", "stranger", ""), nil, http.StatusAccepted},
			{"a bounce that passes", "mail-relay", "f8", about("bounce", "ann", `,"passing":true`), nil, http.StatusAccepted},
			{"a complaint", "mail-relay", "g1", about("complaint", "bob", ""), nil, http.StatusAccepted},
			{"a dead address", "mail-relay", "g2", about("bounce", "CEM", ""), nil, http.StatusAccepted},
		}
		for _, tt := range tests {
			if got := h.feed(t, tt.carrier, tt.id, tt.body, tt.turn); got != tt.status {
				t.Errorf("%s: %d, want %d", tt.name, got, tt.status)
			}
		}
		if got := said("ann"); len(got) != 0 {
			t.Errorf("ann never said %v", got)
		}
		if diff := cmp.Diff([]string{"marketing email withdrawn complaint mail-relay"}, said("bob")); diff != "" {
			t.Error(diff)
		}
		if diff := cmp.Diff([]string{"marketing email denied bounce mail-relay"}, said("cem")); diff != "" {
			t.Error(diff)
		}
		// The same call again is answered alike and heard once.
		h.declare(t, "bob", statement("marketing", fact.Granted))
		if got := h.feed(t, "mail-relay", "g1", about("complaint", "bob", ""), nil); got != http.StatusAccepted || len(said("bob")) != 0 {
			t.Errorf("again: %d, %v", got, said("bob"))
		}
	})
}

// A code reaches somebody through the whole program.
func TestDoor_inWithACode(t *testing.T) {
	t.Parallel()
	h, _ := lettered(t, "")
	h.reader(t, "ann")
	w := h.visit(http.MethodPost, "/me/code", "192.0.2.3:1", url.Values{"address": {"ann@example.com"}})
	try := regexp.MustCompile(`name="try" value="([A-Z0-9]+)"`).FindStringSubmatch(w.Body.String())
	if w.Code != http.StatusOK || try == nil {
		t.Fatalf("%d\n%s", w.Code, w.Body)
	}
	h.Desk().Due(context.Background())
	letter := h.Outbox().List()[0]
	code := regexp.MustCompile(`\d{4} \d{4}`).FindString(letter.Text.Reveal())
	if letter.Label.Recipient != "mail-relay" || !strings.Contains(letter.Subject.Reveal(), "Linden & Lark") || code == "" {
		t.Fatalf("%+v", letter.Label)
	}
	in := h.visit(http.MethodPost, "/me/code", "192.0.2.3:1", url.Values{"try": {try[1]}, "code": {code}, "next": {"/me/data"}})
	if in.Code != http.StatusSeeOther || in.Header().Get("Location") != "/me/data" || len(in.Result().Cookies()) != 1 {
		t.Errorf("%d %v", in.Code, in.Header())
	}
	if strings.Contains(string(h.log.Bytes()), "ann@example.com") || strings.Contains(string(h.log.Bytes()), strings.ReplaceAll(code, " ", "")) {
		t.Error("the log tells")
	}
}

func statement(purpose string, s fact.GrantStatus) gate.Statement {
	return gate.Statement{Grants: []fact.Grant{{Purpose: purpose, Channel: "email", Status: s, Notice: "newsletter@2", Method: "form", Source: "test"}}}
}
