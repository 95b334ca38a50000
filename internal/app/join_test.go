package app_test

import (
	"errors"
	"html"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/heed-platform/heed/internal/fact"
	"github.com/heed-platform/heed/internal/keep/catalog"
	"github.com/heed-platform/heed/internal/keep/gate"
	"github.com/heed-platform/heed/internal/person"
)

// page asks for a page, or posts a form to it; head is pairs of header names and
// values.
func (h *house) page(method, target string, form url.Values, head ...string) *httptest.ResponseRecorder {
	h.t.Helper()
	h.clock.Advance(time.Second)
	r := httptest.NewRequest(method, target, strings.NewReader(form.Encode()))
	r.Host = "heed.test"
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for i := 0; i+1 < len(head); i += 2 {
		r.Header.Set(head[i], head[i+1])
	}
	w := httptest.NewRecorder()
	h.Handler().ServeHTTP(w, r)
	return w
}

// shop is a house whose forms stand open and whose messages stay in it.
func (h *house) shop() {
	h.t.Helper()
	h.furnish()
	h.UseOutbox()
	h.SetPublicURL("http://heed.test")
}

var hiddens = regexp.MustCompile(`<input type="hidden" name="([a-z]+)" value="([^"]*)">`)

// blank is a form as a browser has it before anybody typed: what is hidden in it.
func (h *house) blank(path string, head ...string) url.Values {
	h.t.Helper()
	w := h.page(http.MethodGet, path, nil, head...)
	if w.Code != http.StatusOK || strings.Contains(w.Body.String(), "checked") {
		h.t.Fatalf("%s answers %d, or with a tick in it:\n%s", path, w.Code, w.Body)
	}
	out := url.Values{}
	for _, m := range hiddens.FindAllStringSubmatch(w.Body.String(), -1) {
		out.Set(m[1], html.UnescapeString(m[2]))
	}
	return out
}

// fill fills a form in and sends it.
func (h *house) fill(path string, answers map[string]string, head ...string) *httptest.ResponseRecorder {
	h.t.Helper()
	form := h.blank(path, head...)
	for name, value := range answers {
		form.Set(name, value)
	}
	return h.page(http.MethodPost, path, form, head...)
}

var confirmLink = regexp.MustCompile(`/confirm/[A-Z2-7]+`)

// asked is the link in the newest message that asks an address.
func (h *house) asked() string {
	h.t.Helper()
	if err := h.CatchUp(h.t.Context()); err != nil {
		h.t.Fatal(err)
	}
	for _, m := range h.Outbox().List() {
		if link := confirmLink.FindString(m.Text.Reveal()); link != "" {
			return link
		}
	}
	h.t.Fatal("no address was asked")
	return ""
}

func (h *house) may(ns person.Namespace, value, purpose, channel, recipient string) string {
	h.t.Helper()
	_, err := gate.Ask[gate.Contact](h.t.Context(), h.Keep.Gate, gate.Asking{
		Subject: gate.ByIdentifier(person.Ident(ns, value)), Purpose: purpose, Channel: channel, Recipient: recipient,
	})
	if denied, no := errors.AsType[*gate.Denied](err); no {
		return denied.Ruling.Code
	}
	if errors.Is(err, gate.ErrNobody) {
		return "nobody"
	}
	if err != nil {
		h.t.Fatal(err)
	}
	return "yes"
}

const letters = "marketing.communications.email"

func TestJoin_nothingCountsBeforeTheAddressAnswers(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, h *house) {
		h.shop()
		shown := h.page(http.MethodGet, "/join/newsletter", nil).Body.String()
		for _, want := range []string{"We choose what we write about by what you bought", "offers before they are in the shop window", "the link in every letter"} {
			if !strings.Contains(shown, want) {
				t.Errorf("the promise lacks %q", want)
			}
		}
		w := h.fill("/join/newsletter", map[string]string{"email": "Ann@Example.com", "first_name": "Ann", "yes-0": "1", "shoe_size": "38"})
		if w.Code != http.StatusSeeOther || !strings.HasPrefix(w.Header().Get("Location"), "/join/newsletter/done?asked=email") {
			t.Fatalf("%d %v", w.Code, w.Header())
		}
		if got := h.may(person.Email, "ann@example.com", letters, "email", "mail-relay"); got != "nobody" {
			t.Errorf("before she answered: %s", got)
		}
		link := h.asked()
		for _, method := range []string{http.MethodGet, http.MethodHead, http.MethodGet} {
			if w := h.page(method, link, nil); w.Code != http.StatusOK {
				t.Fatalf("%s %s: %d", method, link, w.Code)
			}
		}
		if got := h.may(person.Email, "ann@example.com", letters, "email", "mail-relay"); got != "nobody" {
			t.Errorf("a scanner that looked at the link said yes: %s", got)
		}
		if w := h.page(http.MethodPost, link, url.Values{}); w.Code != http.StatusOK || !strings.Contains(w.Body.String(), "Welcome!") {
			t.Fatalf("%d %s", w.Code, w.Body)
		}
		if got := h.may(person.Email, "ann@example.com", letters, "email", "mail-relay"); got != "yes" {
			t.Errorf("after she answered: %s", got)
		}
		h.knows(link)
		again, foreign := h.page(http.MethodPost, link, url.Values{}), h.page(http.MethodPost, "/confirm/"+strings.Repeat("A", 26), url.Values{})
		if again.Code != http.StatusNotFound || again.Body.String() != foreign.Body.String() {
			t.Errorf("a link that was used answers %d and its own page", again.Code)
		}
		h.rebuilds(t)
		h.verifies(t)
	})
}

// knows checks what is kept of Ann, and how it is proved.
func (h *house) knows(link string) {
	h.t.Helper()
	p := one(h.t, h.everybody(h.t), person.Email, "ann@example.com")
	kept := map[string]string{}
	for _, a := range p.Attributes {
		kept[a.Name] = a.Value.Reveal() + " " + a.Notice + " " + a.Origin.String() + " " + a.Source
	}
	if kept["first_name"] != `"Ann" newsletter@2 declared forms` || kept["shoe_size"] != "" || kept["signup_email"] != `"ann@example.com" confirm@1 declared forms` {
		h.t.Errorf("kept: %v", kept)
	}
	if len(p.Grants) != 1 {
		h.t.Fatalf("grants: %+v", p.Grants)
	}
	g := p.Grants[0]
	if g.Purpose != letters || g.Channel != "email" || g.Status != fact.Granted || g.Notice != "newsletter@2" || g.Language != "en" || g.Method != "form" || g.Message == "" {
		h.t.Errorf("%+v", g)
	}
	notice, _ := h.World().Rules.Notice("newsletter@2")
	for _, want := range []string{"form newsletter/en ", "notice newsletter@2 " + notice.Hash(), "box yes-0", "ticked 2026-03-10T", "confirmed by email 2026-03-10T"} {
		if !strings.Contains(g.Evidence, want) {
			h.t.Errorf("the evidence lacks %q: %s", want, g.Evidence)
		}
	}
	if strings.Contains(g.Evidence, strings.TrimPrefix(link, "/confirm/")) {
		h.t.Error("the evidence holds the secret of the link")
	}
}

func TestJoin_whatNobodyConfirmsGoes(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, h *house) {
		h.shop()
		h.fill("/join/newsletter", map[string]string{"email": "ann@example.com", "yes-0": "1"})
		gone := h.asked()
		h.fill("/join/newsletter", map[string]string{"email": "bob@example.com", "yes-0": "1"})
		stays := h.asked()
		h.page(http.MethodPost, stays, url.Values{})
		if n := len(h.everybody(t)); n != 2 {
			t.Fatalf("%d people and sign-ups, want 2", n)
		}
		h.clock.Advance(15 * 24 * time.Hour)
		if err := h.CatchUp(t.Context()); err != nil {
			t.Fatal(err)
		}
		people := h.everybody(t)
		if len(people) != 1 {
			t.Fatalf("%d people are left, want 1", len(people))
		}
		one(t, people, person.Email, "bob@example.com")
		if w := h.page(http.MethodPost, gone, url.Values{}); w.Code != http.StatusNotFound {
			t.Errorf("a link that is over answers %d", w.Code)
		}
		h.verifies(t)
	})
}

func TestJoin_aNewYesCountsAfterANo(t *testing.T) {
	t.Parallel()
	h := found(t, t.TempDir(), "")
	t.Cleanup(h.close)
	h.shop()
	join := func() {
		h.fill("/join/newsletter", map[string]string{"email": "ann@example.com", "yes-0": "1"})
		h.page(http.MethodPost, h.asked(), url.Values{})
	}
	join()
	h.clock.Advance(time.Hour)
	_, err := gate.Declare(t.Context(), h.Keep.Gate, gate.ByIdentifier(person.Ident(person.Email, "ann@example.com")), gate.Statement{
		By: "person", Grants: []fact.Grant{{Purpose: letters, Channel: "email", Status: fact.Withdrawn, Method: "unsubscribe", Said: h.clock.Now()}},
	})
	if err != nil {
		t.Fatal(err)
	}
	if got := h.may(person.Email, "ann@example.com", letters, "email", "mail-relay"); got == "yes" {
		t.Fatal("her no does not count")
	}
	h.clock.Advance(time.Hour)
	join()
	if got := h.may(person.Email, "ann@example.com", letters, "email", "mail-relay"); got != "yes" {
		t.Errorf("her own new yes does not count: %s", got)
	}
}

func TestJoin_whoeverHasTheAddressIsNotFlooded(t *testing.T) {
	t.Parallel()
	h := found(t, t.TempDir(), "")
	t.Cleanup(h.close)
	h.shop()
	var first string
	for i := range 6 {
		w := h.fill("/join/newsletter", map[string]string{"email": "victim@example.com", "yes-0": "1"})
		if i == 0 {
			first = w.Header().Get("Location")
		}
		if w.Code != http.StatusSeeOther || w.Header().Get("Location") != first {
			t.Errorf("the answer tells: %d %s", w.Code, w.Header().Get("Location"))
		}
	}
	h.asked()
	if n := h.Outbox().Len(); n != 3 {
		t.Errorf("%d questions to one address in a day, want 3", n)
	}
	// Whoever wants no word at all is not asked either.
	h.tell(t, "server", map[string]any{"type": "identify", "userId": "u1", "messageId": "m1", "traits": map[string]any{"email": "quiet@example.com"}})
	_, err := gate.Declare(t.Context(), h.Keep.Gate, gate.ByIdentifier(person.Ident(person.Email, "quiet@example.com")), gate.Statement{
		By: "person", Grants: []fact.Grant{{Status: fact.Objected, Method: "preferences", Said: h.clock.Now()}},
	})
	if err != nil {
		t.Fatal(err)
	}
	h.fill("/join/newsletter", map[string]string{"email": "quiet@example.com", "yes-0": "1"})
	if err := h.CatchUp(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n := h.Outbox().Len(); n != 3 {
		t.Error("somebody who objected to everything was asked")
	}
}

func TestJoin_inputSurvives(t *testing.T) {
	t.Parallel()
	h := found(t, t.TempDir(), "")
	t.Cleanup(h.close)
	h.shop()
	answers := map[string]string{"email": "no address", "first_name": `Ann "O'Neill" <b>`, "yes-1": "1"}
	tests := []struct {
		name   string
		change func(url.Values) []string
		status int
		ticked bool
		want   string
	}{
		{"wrong answers", func(url.Values) []string { return nil }, 422, true, "This is no email address"},
		{"the promise changed", func(f url.Values) []string { f.Set("mark", "0"); return nil }, 409, false, "has changed"},
		{"from a page that may not", func(url.Values) []string { return []string{"Origin", "https://evil.example"} }, 403, false, "came from another page"},
		{"from nowhere", func(url.Values) []string { return []string{"Origin", "null"} }, 403, false, "came from another page"},
		{"across sites", func(url.Values) []string { return []string{"Sec-Fetch-Site", "cross-site"} }, 403, false, "came from another page"},
	}
	for _, test := range tests {
		form := h.blank("/join/newsletter")
		for k, v := range answers {
			form.Set(k, v)
		}
		w := h.page(http.MethodPost, "/join/newsletter", form, test.change(form)...)
		body := w.Body.String()
		if w.Code != test.status || !strings.Contains(body, test.want) || !strings.Contains(body, `value="no address"`) || !strings.Contains(body, html.EscapeString(answers["first_name"])) {
			t.Errorf("%s: %d\n%s", test.name, w.Code, body)
		}
		if strings.Contains(body, "checked") != test.ticked {
			t.Errorf("%s: ticks stay %v, want %v", test.name, !test.ticked, test.ticked)
		}
	}
	if n := len(h.everybody(t)); n != 0 {
		t.Errorf("%d people came of forms that were refused", n)
	}
}

func TestJoin_embedded(t *testing.T) {
	t.Parallel()
	h := found(t, t.TempDir(), "")
	t.Cleanup(h.close)
	h.shop()
	w := h.page(http.MethodGet, "/join/newsletter/embed?lang=de", nil)
	text := w.Body.String()
	for _, want := range []string{`action="http://heed.test/join/newsletter"`, "Unser Brief, für Sie ausgesucht", `type="checkbox" name="yes-0"`, "Was Sie davon haben"} {
		if !strings.Contains(text, want) {
			t.Errorf("the snippet lacks %s:\n%s", want, text)
		}
	}
	form := url.Values{"email": {"ann@example.com"}, "yes-0": {"1"}}
	for _, m := range hiddens.FindAllStringSubmatch(text, -1) {
		form.Set(m[1], m[2])
	}
	const shop = "https://lindenlark.example"
	w = h.page(http.MethodOptions, "/join/newsletter", nil, "Origin", shop)
	if w.Code != http.StatusNoContent || w.Header().Get("Access-Control-Allow-Origin") != shop {
		t.Errorf("preflight: %d %v", w.Code, w.Header())
	}
	w = h.page(http.MethodPost, "/join/newsletter", form, "Origin", shop, "Sec-Fetch-Site", "cross-site", "Accept", "application/json")
	if w.Code != http.StatusAccepted || strings.TrimSpace(w.Body.String()) != `{"taken":true,"asked":["email"]}` || w.Header().Get("Access-Control-Allow-Origin") != shop {
		t.Errorf("%d %s %v", w.Code, w.Body, w.Header())
	}
	w = h.page(http.MethodPost, "/join/newsletter", form, "Origin", "https://evil.example", "Accept", "application/json")
	if w.Code != http.StatusForbidden || w.Header().Get("Access-Control-Allow-Origin") != "" {
		t.Errorf("another page: %d %v", w.Code, w.Header())
	}
	h.page(http.MethodPost, h.asked(), url.Values{})
	if g := one(t, h.everybody(t), person.Email, "ann@example.com").Grants; len(g) != 1 || g[0].Language != "de" {
		t.Errorf("%+v", g)
	}
}

func TestClerk(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, h *house) {
		h.shop()
		token, err := h.AddToken(t.Context(), catalog.Actor{Role: catalog.Admin, Name: "furnisher"}, catalog.Clerk, "till-1")
		if err != nil {
			t.Fatal(err)
		}
		auditor, err := h.AddToken(t.Context(), catalog.Actor{Role: catalog.Admin, Name: "furnisher"}, catalog.Auditor, "reads")
		if err != nil {
			t.Fatal(err)
		}
		for _, wrong := range []string{"", "at_nonsense", auditor} {
			if w := h.page(http.MethodPost, "/clerk", url.Values{"token": {wrong}}); w.Code != http.StatusForbidden || w.Header().Get("Set-Cookie") != "" {
				t.Errorf("token %q: %d", wrong, w.Code)
			}
		}
		if w := h.page(http.MethodGet, "/clerk/catalog", nil); !strings.Contains(w.Body.String(), `name="token"`) || strings.Contains(w.Body.String(), `name="last_name"`) {
			t.Errorf("the till stands open: %s", w.Body)
		}
		w := h.page(http.MethodPost, "/clerk", url.Values{"token": {token}})
		cookie, _, _ := strings.Cut(w.Header().Get("Set-Cookie"), ";")
		if w.Code != http.StatusSeeOther || !strings.HasPrefix(cookie, "heed-clerk=") {
			t.Fatalf("%d %v", w.Code, w.Header())
		}
		paper := map[string]string{
			"first_name": "Kurt", "last_name": "Stein", "address": "Lindenstr. 1", "postal_code": "10969", "city": "Berlin", "yes-0": "1",
		}
		if w := h.fill("/clerk/catalog", paper, "Cookie", cookie); w.Code != http.StatusUnprocessableEntity || !strings.Contains(w.Body.String(), `value="Stein"`) {
			t.Errorf("without a paper: %d", w.Code)
		}
		paper["proof"] = "4711"
		if w := h.page(http.MethodPost, "/clerk/catalog", url.Values{"last_name": {"X"}, "proof": {"1"}}, "Cookie", cookie); w.Code != http.StatusForbidden {
			t.Errorf("without the session's mark: %d", w.Code)
		}
		w = h.fill("/clerk/catalog", paper, "Cookie", cookie)
		if w.Code != http.StatusOK || !strings.Contains(w.Body.String(), "four times a year") || strings.Contains(w.Body.String(), "Stein") {
			t.Fatalf("%d %s", w.Code, w.Body)
		}
		people := h.everybody(t)
		if len(people) != 1 || len(people[0].Grants) != 1 {
			t.Fatalf("%+v", people)
		}
		g := people[0].Grants[0]
		if g.Method != "clerk" || g.Purpose != "marketing.communications.post" || !strings.Contains(g.Evidence, "paper 4711") || !strings.Contains(g.Evidence, "notice catalog@1") {
			t.Errorf("%+v", g)
		}
		h.byPhone(cookie)
		// Whoever may enter may not look: the token opens nothing of the API.
		r := httptest.NewRequest(http.MethodGet, "/api/definitions", nil)
		r.Header.Set("Authorization", "Bearer "+token)
		rec := httptest.NewRecorder()
		h.Handler().ServeHTTP(rec, r)
		if rec.Code != http.StatusForbidden && rec.Code != http.StatusNotFound {
			t.Errorf("a clerk in the API: %d", rec.Code)
		}
		h.page(http.MethodPost, "/clerk/out", url.Values{}, "Cookie", cookie)
		if w := h.page(http.MethodGet, "/clerk/catalog", nil, "Cookie", cookie); !strings.Contains(w.Body.String(), `name="token"`) {
			t.Error("signed out, and still in")
		}
	})
}

// byPhone gives a number to the clerk, who may have typed it wrongly: it counts
// when the phone has answered.
func (h *house) byPhone(cookie string) {
	h.t.Helper()
	w := h.fill("/clerk/texts", map[string]string{"phone": "+49 171 1234567", "first_name": "Kim", "yes-0": "1", "proof": "bon 12"}, "Cookie", cookie)
	if w.Code != http.StatusOK {
		h.t.Fatalf("%d %s", w.Code, w.Body)
	}
	const offers = "marketing.communications.sms"
	if got := h.may(person.Phone, "+491711234567", offers, "sms", "text-carrier"); got != "nobody" {
		h.t.Errorf("before the phone answered: %s", got)
	}
	h.page(http.MethodPost, h.asked(), url.Values{})
	if got := h.may(person.Phone, "+491711234567", offers, "sms", "text-carrier"); got != "yes" {
		h.t.Errorf("after the phone answered: %s", got)
	}
	p := one(h.t, h.everybody(h.t), person.Phone, "+491711234567")
	found := false
	for _, a := range p.Attributes {
		found = found || a.Name == "first_name" && a.Value.Reveal() == `"Kim"`
	}
	if !found {
		h.t.Error("what the clerk entered at once and the phone that answered are two people")
	}
}

// withheld is why one use may not see somebody's value; "" is that it may.
func (h *house) withheld(id person.Identifier, asking gate.Asking, path string) string {
	h.t.Helper()
	asking.Subject = gate.ByIdentifier(id)
	pass, err := gate.Ask[gate.Contact](h.t.Context(), h.Keep.Gate, asking)
	if err != nil {
		h.t.Fatalf("ask: %v", err)
	}
	view, err := gate.See(pass)
	if err != nil {
		h.t.Fatal(err)
	}
	return view.Withheld()[path].Code
}

// TestJoin_aYesTypedIntoAPageWaits lets a page say a number and yes to texts:
// nobody knows whose number it is before its owner has answered.
func TestJoin_aYesTypedIntoAPageWaits(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, h *house) {
		h.shop()
		h.tell(t, "text-form", map[string]any{
			"type": "identify", "anonymousId": "her-browser", "messageId": "m1", "traits": map[string]any{"phone": "+491711234567"},
			"context": map[string]any{"consent": map[string]any{"categoryPreferences": map[string]any{"marketing.communications.sms": true}}},
		})
		texts := gate.Asking{Purpose: "marketing.communications.sms", Channel: "sms", Recipient: "text-carrier"}
		browser := person.Ident(person.AnonymousID, "her-browser")
		if got := h.withheld(browser, texts, "traits.phone"); got != "address_unconfirmed" {
			t.Errorf("a number that somebody typed is withheld with %q", got)
		}
		h.fill("/join/texts", map[string]string{"phone": "+491711234567", "yes-0": "1"})
		h.page(http.MethodPost, h.asked(), url.Values{})
		if got := h.withheld(person.Ident(person.Phone, "+491711234567"), texts, "traits.phone"); got != "" {
			t.Errorf("a number that has answered is withheld with %q", got)
		}
	})
}
