package app_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/heed-platform/heed/internal/account/ledger"
	"github.com/heed-platform/heed/internal/account/rights"
	"github.com/heed-platform/heed/internal/fact"
	"github.com/heed-platform/heed/internal/keep/gate"
	"github.com/heed-platform/heed/internal/person"
)

// caller is somebody with a session of their own.
type caller struct {
	*house

	cookie *http.Cookie
	form   string
}

var (
	codeIn = regexp.MustCompile(`\b(\d{3,4}) (\d{3,4})\b`)
	tryOf  = regexp.MustCompile(`name="try" value="([^"]+)"`)
	formOf = regexp.MustCompile(`name="csrf" value="([^"]+)"`)
)

// comesIn lets somebody in by a code that went to their address.
func (h *house) comesIn(t *testing.T, address string) *caller {
	t.Helper()
	asked := h.visit(http.MethodPost, "/me/code", "198.51.100.3:1", url.Values{"address": {address}, "next": {"/me/data"}})
	if err := h.CatchUp(t.Context()); err != nil {
		t.Fatal(err)
	}
	var code []string
	for _, m := range h.Outbox().List() {
		if found := codeIn.FindStringSubmatch(m.Text.Reveal()); found != nil && m.To.Reveal() == address && code == nil {
			code = found
		}
	}
	try := tryOf.FindStringSubmatch(asked.Body.String())
	if code == nil || try == nil {
		t.Fatalf("no code came: %s", asked.Body)
	}
	in := h.visit(http.MethodPost, "/me/code", "198.51.100.3:1", url.Values{"try": try[1:], "code": {code[1] + code[2]}, "next": {"/me/data"}})
	cookies := in.Result().Cookies()
	if len(cookies) == 0 {
		t.Fatalf("the code does not open: %d %s", in.Code, in.Body)
	}
	c := &caller{h, cookies[0], ""}
	if form := formOf.FindStringSubmatch(c.get(t, "/me/data").Body.String()); form != nil {
		c.form = form[1]
	}
	return c
}

func (c *caller) get(t *testing.T, path string) *httptest.ResponseRecorder {
	t.Helper()
	return c.call(httptest.NewRequest(http.MethodGet, ourSite+path, nil))
}

func (c *caller) post(t *testing.T, path string, fields ...string) *httptest.ResponseRecorder {
	t.Helper()
	form := url.Values{"csrf": {c.form}}
	for i := 0; i < len(fields); i += 2 {
		form.Set(fields[i], fields[i+1])
	}
	r := httptest.NewRequest(http.MethodPost, ourSite+path, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	return c.call(r)
}

func (c *caller) call(r *http.Request) *httptest.ResponseRecorder {
	r.AddCookie(c.cookie)
	w := httptest.NewRecorder()
	c.Handler().ServeHTTP(w, r)
	return w
}

func whyLink(t *testing.T, text string) string {
	t.Helper()
	m := regexp.MustCompile(`https://heed\.example(/why/[A-Za-z0-9_-]+)`).FindStringSubmatch(text)
	if m == nil {
		t.Fatalf("no link to a reason in %s", text)
	}
	return m[1]
}

// book is somebody's ledgers, as staff see them.
func (h *house) book(t *testing.T, id string) (ledger.Book, *fact.Profile) {
	t.Helper()
	asking := clerk
	asking.Subject, asking.Why = gate.ByIdentifier(person.Ident(person.UserID, id)), "a test looks"
	pass, err := gate.Ask[gate.Operate](t.Context(), h.Keep.Gate, asking)
	if err != nil {
		t.Fatal(err)
	}
	d, err := gate.Inspect(t.Context(), pass)
	if err != nil {
		t.Fatal(err)
	}
	book, err := ledger.Read(d)
	if err != nil {
		t.Fatal(err)
	}
	return book, d.Profile()
}

// The link in a message shows that message, never a value, and can only lower:
// it stops such messages, and takes "this is creepy" once, however often it is
// pressed. Looking leaves no trace.
func TestWhy_ofOneMessage(t *testing.T) {
	t.Parallel()
	h, letters := lettered(t, "", "ann", "bob")
	link := whyLink(t, letters["ann"].Text.Reveal())
	before, _ := h.book(t, "ann")
	for range 3 {
		w := h.visit(http.MethodGet, link, "198.51.100.7:1", nil)
		for _, want := range []string{"Why you got this message", "email address", "Posthorn Mail", "No more of this", "This is creepy"} {
			if w.Code != http.StatusOK || !strings.Contains(w.Body.String(), want) {
				t.Fatalf("%d, without %q:\n%s", w.Code, want, w.Body)
			}
		}
		if strings.Contains(w.Body.String(), "ann@example.com") {
			t.Error("the page shows a value")
		}
	}
	if after, _ := h.book(t, "ann"); len(after.Notes) != len(before.Notes)+1 { // staff looked once more
		t.Errorf("looking left %d notes", len(after.Notes)-len(before.Notes)-1)
	}
	for range 2 {
		if w := h.visit(http.MethodPost, link, "198.51.100.7:1", url.Values{"do": {"creepy"}}); w.Code != http.StatusOK {
			t.Fatalf("%d %s", w.Code, w.Body)
		}
	}
	book, _ := h.book(t, "ann")
	said := 0
	for _, n := range book.Notes {
		if n.What == rights.Creepy {
			said++
		}
	}
	if said != 1 {
		t.Errorf("creepy stands %d times in the ledger", said)
	}
	if w := h.visit(http.MethodPost, link, "198.51.100.7:1", url.Values{"do": {"grant"}}); w.Code != http.StatusBadRequest {
		t.Errorf("another wish was answered %d", w.Code)
	}
	if w := h.visit(http.MethodPost, link, "198.51.100.7:1", url.Values{"do": {"kind"}}); !strings.Contains(w.Body.String(), "Such messages do not come any more") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	sent := h.Outbox().Len()
	h.offer(t)
	for _, m := range h.Outbox().List()[:h.Outbox().Len()-sent] {
		if m.To.Reveal() == "ann@example.com" && m.Purpose == "marketing.communications.email" {
			t.Error("another letter left")
		}
	}
	bad, cut := h.visit(http.MethodGet, "/why/AAAA", "198.51.100.7:1", nil), h.visit(http.MethodGet, link[:len(link)-2], "198.51.100.7:1", nil)
	foreign := h.visit(http.MethodGet, "/why/"+strings.TrimPrefix(wayOut(letters["bob"]), "/u/"), "198.51.100.7:1", nil)
	if bad.Code != http.StatusNotFound || bad.Body.String() != cut.Body.String() || bad.Body.String() != foreign.Body.String() {
		t.Errorf("links that open nothing do not look alike: %d %d %d", bad.Code, cut.Code, foreign.Code)
	}
}

// One person's decision is not another's to see.
func TestWhy_onlyOnesOwn(t *testing.T) {
	t.Parallel()
	h, _ := lettered(t, "", "ann", "bob")
	book, _ := h.book(t, "bob")
	ann := h.comesIn(t, "ann@example.com")
	if w := ann.get(t, "/me/why/"+book.Decisions[0].ID); w.Code != http.StatusNotFound {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	own, _ := h.book(t, "ann")
	if w := ann.get(t, "/me/why/"+own.Decisions[len(own.Decisions)-1].ID); w.Code != http.StatusOK {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

// What is not hers is parted from her, and what was guessed is left alone.
func TestData_apartAndGuesses(t *testing.T) {
	t.Parallel()
	h, _ := lettered(t, "", "ann")
	h.tell(t, "server",
		map[string]any{"type": "identify", "userId": "ann", "anonymousId": "tablet", "messageId": "t1"},
		map[string]any{"type": "track", "event": "Product Viewed", "anonymousId": "tablet", "messageId": "t2", "properties": map[string]any{"product_id": "x"}},
	)
	h.tell(t, "guesses", map[string]any{"type": "identify", "userId": "ann", "messageId": "g1", "traits": map[string]any{"size": "39"}, "context": map[string]any{"notice": "newsletter@2"}})
	ann := h.comesIn(t, "ann@example.com")
	page := ann.get(t, "/me/data").Body.String()
	if !strings.Contains(page, "tablet") || !strings.Contains(page, "What we guess") {
		t.Fatal(page)
	}
	tablet := regexp.MustCompile(`(?s)tablet</bdi>.*?name="identifier" value="(\d+)"`).FindStringSubmatch(page)[1]
	if w := ann.post(t, "/me/data/guesses", "guesses", "off"); w.Code != http.StatusSeeOther {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	if page := ann.get(t, "/me/data").Body.String(); !strings.Contains(page, "You switched guesses off") {
		t.Error(page)
	}
	for name, id := range map[string]string{"nobody's": "999999", "no number": "x"} {
		if w := ann.post(t, "/me/data/apart", "identifier", id); w.Code != http.StatusNotFound {
			t.Errorf("%s: %d", name, w.Code)
		}
	}
	if w := ann.post(t, "/me/data/apart", "identifier", tablet); w.Code != http.StatusSeeOther {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	if page := ann.get(t, "/me/data").Body.String(); strings.Contains(page, "tablet") {
		t.Error("it is still taken for hers")
	}
}

// What cannot be undone asks for a fresh code, a tick and her own page's form.
func TestErase_isNotDoneInPassing(t *testing.T) {
	t.Parallel()
	h, _ := lettered(t, "", "ann")
	ann := h.comesIn(t, "ann@example.com")
	form := ann.form
	ann.form = "somebody else's"
	ann.post(t, "/me/erase", "sure", "yes")
	ann.form = form
	if w := ann.post(t, "/me/erase"); w.Code != http.StatusBadRequest {
		t.Errorf("without a tick: %d", w.Code)
	}
	h.clock.Advance(11 * time.Minute)
	if w := ann.post(t, "/me/erase", "sure", "yes"); w.Code != http.StatusForbidden || !strings.Contains(w.Body.String(), `name="address"`) {
		t.Errorf("with an old code: %d %s", w.Code, w.Body)
	}
	if _, p := h.book(t, "ann"); len(p.Identifiers) == 0 {
		t.Error("she is gone")
	}
}
