package door

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/heed-platform/heed/internal/clock"
	"github.com/heed-platform/heed/internal/reach/delivery"
)

func TestWith_asksForACodeAndLeadsBack(t *testing.T) {
	t.Parallel()
	h := open(t, nil)
	b := h.browser()
	away := b.get("/me/data?tab=2&lang=de")
	if away.Code != http.StatusSeeOther || away.Header().Get("Location") != "/me/code?next="+url.QueryEscape("/me/data?tab=2") {
		t.Fatalf("%d to %s", away.Code, away.Header().Get("Location"))
	}
	in := b.enter("/me/data?tab=2")
	if in.Code != http.StatusSeeOther || in.Header().Get("Location") != "/me/data?tab=2" {
		t.Fatalf("%d to %s\n%s", in.Code, in.Header().Get("Location"), in.Body)
	}
	got := b.get("/me/data?tab=2")
	if got.Code != http.StatusOK || !strings.HasPrefix(got.Body.String(), "data "+h.ref().String()) {
		t.Errorf("%d %s", got.Code, got.Body)
	}
	for header, want := range map[string]string{"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"} {
		if got.Header().Get(header) != want {
			t.Errorf("%s: %s", header, got.Header().Get(header))
		}
	}
	c := in.Result().Cookies()[0]
	if c.Name != "__Host-heed" || !c.Secure || !c.HttpOnly || c.SameSite != http.SameSiteLaxMode || c.Path != "/" || c.Domain != "" || len(c.Value) < 26 {
		t.Errorf("cookie %+v", c)
	}
}

// What somebody filled in waits until they are in; it is sent by hand.
func TestWith_aFormIsNeverLost(t *testing.T) {
	t.Parallel()
	h := open(t, nil)
	b := h.browser()
	page := b.post("/me/data", "csrf", "of a session that is over", "note", `"quoted" & <b>`, "topic", "a", "topic", "b")
	if page.Code != http.StatusForbidden || len(h.saved) != 0 {
		t.Fatalf("%d, %d saved", page.Code, len(h.saved))
	}
	wrongly := b.submit(page, "", "address", "what?")
	give := b.submit(wrongly, "", "address", "ada@example.com")
	again := b.submit(give, "", "code", "00000000")
	if wrongly.Code != http.StatusBadRequest || again.Code != http.StatusBadRequest || give.Code != http.StatusOK {
		t.Fatalf("%d, %d, %d", wrongly.Code, give.Code, again.Code)
	}
	waiting := b.submit(again, "", "code", h.code())
	if waiting.Code != http.StatusOK || len(h.saved) != 0 {
		t.Fatalf("%d, %d saved by signing in", waiting.Code, len(h.saved))
	}
	if done := b.submit(waiting, ""); done.Code != http.StatusOK || len(h.saved) != 1 {
		t.Fatalf("%d, %d saved\n%s", done.Code, len(h.saved), done.Body)
	}
	if got := h.saved[0]; got.Get("note") != `"quoted" & <b>` || len(got["topic"]) != 2 || len(got["csrf"]) != 1 {
		t.Errorf("%v", got)
	}
	// A page from an earlier session of the same browser.
	page = b.post("/me/data", "csrf", "old", "note", "again")
	if page.Code != http.StatusOK || len(h.saved) != 1 || !strings.Contains(page.Body.String(), `value="again"`) {
		t.Fatalf("%d, %d saved", page.Code, len(h.saved))
	}
	if b.submit(page, ""); len(h.saved) != 2 {
		t.Error("it was lost")
	}
}

// A form that another site makes a browser send changes nothing, whatever it holds.
func TestWith_refusesOtherSites(t *testing.T) {
	t.Parallel()
	h := open(t, nil)
	b := h.browser()
	b.enter("/me/data")
	field := strings.Fields(b.get("/me/data").Body.String())[2]
	tests := []struct {
		name, fetch, origin, field string
		status                     int
	}{
		{"our own page", "same-origin", site, field, http.StatusOK},
		{"our own page in an old browser", "", site, field, http.StatusOK},
		{"a program", "", "", field, http.StatusOK},
		{"another site that knows the field", "cross-site", "https://evil.example", field, http.StatusForbidden},
		{"a neighbor", "same-site", "https://shop.example", field, http.StatusForbidden},
		{"an old browser on another site", "", "https://evil.example", field, http.StatusForbidden},
		{"a frame without origin", "", "null", field, http.StatusForbidden},
		{"an address typed in", "none", "", "", http.StatusForbidden},
		{"nobody knows who, without the field", "", "", "", http.StatusForbidden},
		{"nobody knows who, with another field", "", "", strings.Repeat("0", len(field)), http.StatusForbidden},
		{"nobody knows who, with half the field", "", "", field[:8], http.StatusForbidden},
	}
	for _, tt := range tests {
		before := len(h.saved)
		b.header = http.Header{"Sec-Fetch-Site": {tt.fetch}, "Origin": {tt.origin}}
		if tt.fetch == "" {
			b.header["Sec-Fetch-Site"] = nil
		}
		if tt.origin == "" {
			b.header["Origin"] = nil
		}
		got := b.post("/me/data", "csrf", tt.field)
		if got.Code != tt.status || (len(h.saved) > before) != (tt.status == http.StatusOK) {
			t.Errorf("%s: %d, %d saved", tt.name, got.Code, len(h.saved)-before)
		}
		if tt.status == http.StatusForbidden && strings.Contains(got.Body.String(), field) {
			t.Errorf("%s: the answer holds the field", tt.name)
		}
	}
	if b.header = (http.Header{"Sec-Fetch-Site": {"cross-site"}}); b.post("/me/out", "csrf", field).Code != http.StatusForbidden || len(b.cookies) == 0 {
		t.Error("another site signed somebody out")
	}
	if got := b.post("/me/code", "address", "ada@example.com"); got.Code != http.StatusForbidden {
		t.Errorf("another site asked for a code: %d", got.Code)
	}
}

// Known and unknown addresses get the same pages, byte for byte but for the try.
func TestCode_saysNothingAboutAddresses(t *testing.T) {
	t.Parallel()
	h := open(t, nil)
	seen := map[string]bool{}
	for _, address := range []string{"ada@example.com", "eve@example.com"} {
		page := h.browser().submit(h.browser().get("/me/code"), "", "address", address)
		body := strings.ReplaceAll(page.Body.String(), address, "ADDRESS")
		for _, in := range hidden.FindAllStringSubmatch(body, -1) {
			if in[1] == "try" {
				body = strings.ReplaceAll(body, in[2], "TRY")
			}
		}
		head := page.Header().Clone()
		head.Del("X-Request-Id")
		head.Del("Content-Length")
		seen[fmt.Sprint(page.Code, head, body)] = true
		wrong := h.browser().submit(page, "", "code", "12345678")
		if wrong.Code != http.StatusBadRequest {
			t.Errorf("a wrong code: %d", wrong.Code)
		}
	}
	if len(seen) != 1 {
		t.Errorf("%d different answers", len(seen))
	}
}

func TestCode_limitsOnePlace(t *testing.T) {
	t.Parallel()
	h := open(t, nil)
	b := h.browser()
	for n := range 14 {
		got := b.post("/me/code", "address", fmt.Sprintf("somebody%d@example.com", n), "next", "/me/data?x=1")
		if want := map[bool]int{true: http.StatusOK, false: http.StatusTooManyRequests}[n < 10]; got.Code != want {
			t.Fatalf("asking %d: %d", n+1, got.Code)
		}
		if !strings.Contains(got.Body.String(), fmt.Sprintf("somebody%d@example.com", n)) || !strings.Contains(got.Body.String(), "/me/data?x=1") {
			t.Error("what was typed is lost")
		}
	}
	other := h.browser()
	other.from = "198.51.100.7:1"
	if got := other.post("/me/code", "address", "ada@example.com"); got.Code != http.StatusOK {
		t.Errorf("another place: %d", got.Code)
	}
	for range 40 {
		b.post("/me/code", "try", "made up", "code", "1")
	}
	if got := b.post("/me/code", "try", "made up", "code", "1"); got.Code != http.StatusTooManyRequests {
		t.Errorf("giving without end: %d", got.Code)
	}
}

// Looking at a link changes nothing, however often; its button lets in once.
func TestEnter(t *testing.T) {
	t.Parallel()
	h := open(t, nil)
	link := h.link("/me/preferences")
	before := len(h.Inspect(ada).History())
	scanner := h.browser()
	for _, method := range []string{http.MethodHead, http.MethodGet, http.MethodGet, "OPTIONS", "PUT"} {
		for range 10 {
			scanner.do(method, link, nil)
		}
	}
	if n := len(h.Inspect(ada).History()); n != before+1 || len(scanner.cookies) != 0 {
		t.Errorf("%d facts, cookies %v", n-before-1, scanner.cookies)
	}
	b := h.browser()
	page := b.get(link)
	in := b.submit(page, link)
	if page.Code != http.StatusOK || in.Code != http.StatusSeeOther || in.Header().Get("Location") != "/me/preferences" {
		t.Fatalf("%d, %d to %s", page.Code, in.Code, in.Header().Get("Location"))
	}
	if got := b.get("/me/preferences"); !strings.HasPrefix(got.Body.String(), "preferences lower") {
		t.Errorf("%s", got.Body)
	}
	if got := b.get("/me/data"); got.Code != http.StatusSeeOther || !strings.HasPrefix(got.Header().Get("Location"), "/me/code") {
		t.Errorf("a link opened everything: %d", got.Code)
	}
	if got := b.submit(page, link); got.Code != http.StatusSeeOther {
		t.Errorf("the same browser again: %d", got.Code)
	}
	// Whoever has it later, and everything that is no link, gets one answer.
	late, cut, stop := h.browser().submit(page, link), h.browser().get(link[:len(link)-3]), h.browser().get("/me/enter/"+strings.TrimPrefix(h.desk.Links.Unsubscribe(delivery.Unsubscribe{Ref: h.ref(), Purpose: "marketing"}), site+"/u/"))
	h.Clock.Advance(2 * time.Hour)
	over := h.browser().get(link)
	for what, got := range map[string]*httptest.ResponseRecorder{"cut": cut, "of another kind": stop, "over": over} {
		if got.Code != http.StatusNotFound || got.Body.String() != late.Body.String() || got.Header().Get("Set-Cookie") != "" {
			t.Errorf("%s: %d\n%s", what, got.Code, got.Body)
		}
	}
	if late.Code != http.StatusNotFound {
		t.Errorf("used before: %d", late.Code)
	}
}

// Whoever comes in with more gets a new secret, and the old one opens nothing.
func TestCode_aSecretIsNeverPromoted(t *testing.T) {
	t.Parallel()
	h := open(t, nil)
	b := h.browser()
	link := h.link("/me/preferences")
	b.submit(b.get(link), link)
	lower := b.cookies["__Host-heed"]
	b.enter("/me/data")
	if b.cookies["__Host-heed"] == lower || len(lower) < 26 {
		t.Error("the secret stayed the same")
	}
	b.cookies["__Host-heed"] = lower
	if got := b.get("/me/preferences"); got.Code != http.StatusSeeOther {
		t.Errorf("the old secret still opens: %d", got.Code)
	}
}

func TestOut(t *testing.T) {
	t.Parallel()
	h := open(t, nil)
	here, there := h.browser(), h.browser()
	here.enter("/me/data")
	there.enter("/me/data")
	page := here.get("/me/out")
	if got := here.submit(page, ""); got.Code != http.StatusOK || len(here.cookies) != 0 {
		t.Errorf("%d, cookies %v", got.Code, here.cookies)
	}
	if there.get("/me/data").Code != http.StatusOK {
		t.Error("the other one was signed out")
	}
	here.enter("/me/data")
	here.submit(here.get("/me/out"), "", "all", "yes")
	if there.get("/me/data").Code != http.StatusSeeOther {
		t.Error("the other one is still in")
	}
	if got := here.get("/me/out"); got.Code != http.StatusOK {
		t.Errorf("signed out and asked again: %d", got.Code)
	}
}

// Next leads to people's own pages and nowhere else.
func TestCode_leadsNowhereElse(t *testing.T) {
	t.Parallel()
	for next, want := range map[string]string{
		"/me/data": "/me/data", "/me/data?a=1&b=%20x": "/me/data?a=1&b=%20x", "/me/why/d1": "/me/why/d1",
		"": Home, "https://evil.example/me/data": Home, "//evil.example/me/": Home, `/\evil.example`: Home, "/me/../admin": Home,
		"/api/people": Home, "javascript:alert(1)": Home, "/me//evil.example": Home, "/me/data\r\nSet-Cookie: x": Home,
		"/me/%2e%2e/x": Home, "/mexico": Home, "http:/me/data": Home,
	} {
		if got := inside(next); got != want {
			t.Errorf("%q leads to %q", next, got)
		}
	}
}

// Programs take the same steps in JSON.
func TestCode_json(t *testing.T) {
	t.Parallel()
	h := open(t, nil)
	b := h.browser()
	b.header = http.Header{"Accept": {"application/json"}, "Content-Type": {"application/json"}}
	send := func(target, body string) (int, string) {
		r := httptest.NewRequest(http.MethodPost, target, strings.NewReader(body))
		r.RemoteAddr, r.Header = b.from, b.header.Clone()
		for name, value := range b.cookies {
			r.AddCookie(&http.Cookie{Name: name, Value: value})
		}
		w := httptest.NewRecorder()
		h.h.ServeHTTP(w, r)
		for _, c := range w.Result().Cookies() {
			b.cookies[c.Name] = c.Value
		}
		return w.Code, strings.TrimSpace(w.Body.String())
	}
	if got := b.get("/me/data"); got.Code != http.StatusUnauthorized || !strings.Contains(got.Body.String(), "session-unknown") {
		t.Errorf("%d %s", got.Code, got.Body)
	}
	status, body := send("/me/code", `{"address":"ada@example.com"}`)
	try := strings.TrimSuffix(strings.TrimPrefix(body, `{"try":"`), `"}`)
	if status != http.StatusOK || len(try) < 26 {
		t.Fatalf("%d %s", status, body)
	}
	if status, body := send("/me/code", `{"try":"`+try+`","code":"1"}`); status != http.StatusBadRequest || !strings.Contains(body, "code-wrong") {
		t.Errorf("%d %s", status, body)
	}
	status, body = send("/me/code", `{"try":"`+try+`","code":"`+h.code()+`"}`)
	if status != http.StatusOK || !strings.HasPrefix(body, `{"scope":"full","form":"`) {
		t.Fatalf("%d %s", status, body)
	}
	if status, _ := send("/me/data", `{}`); status != http.StatusForbidden {
		t.Errorf("without the header: %d", status)
	}
	b.header.Set(HeaderName, strings.TrimSuffix(strings.TrimPrefix(body, `{"scope":"full","form":"`), `"}`))
	if status, body := send("/me/data", `{}`); status != http.StatusOK {
		t.Errorf("with the header: %d %s", status, body)
	}
	if status, body := send("/me/code", `{"address":"a@b.example","more":1}`); status != http.StatusBadRequest {
		t.Errorf("%d %s", status, body)
	}
}

func TestBursts(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		look   func(n int) (from, who, link string)
		want   string
		pause  time.Duration
		looked int
	}{
		{"one person reads and reads", func(int) (string, string, string) { return "a", "ada", "l" }, "", time.Second, 19},
		{"one link in a storm", func(int) (string, string, string) { return "a", "ada", "l" }, "link", time.Millisecond, 40},
		{"a scanner with many people's mail", func(n int) (string, string, string) { return "a", fmt.Sprint(n), fmt.Sprint(n) }, "people", time.Second, 9},
		{"many people from many places", func(n int) (string, string, string) { return fmt.Sprint(n), fmt.Sprint(n), fmt.Sprint(n) }, "", time.Millisecond, 50},
		{"an office, slowly", func(n int) (string, string, string) { return "a", fmt.Sprint(n), fmt.Sprint(n) }, "", 4 * time.Second, 50},
	}
	for _, tt := range tests {
		var got []string
		b := NewBursts(func(kind string) { got = append(got, kind) })
		clk := clock.NewStill(1_000_000_000)
		for n := range tt.looked {
			from, who, link := tt.look(n)
			b.Looked(from, who, link, clk.Now())
			clk.Advance(tt.pause)
		}
		if strings.Join(got, ",") != tt.want {
			t.Errorf("%s: %v, want %q once", tt.name, got, tt.want)
		}
	}
	var none *Bursts
	none.Looked("a", "b", "c", 1)
}
