package prefs_test

import (
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/heed-platform/heed/internal/account/access"
	"github.com/heed-platform/heed/internal/account/housetest"
	"github.com/heed-platform/heed/internal/account/wish"
	"github.com/heed-platform/heed/internal/clock"
	"github.com/heed-platform/heed/internal/fact"
	"github.com/heed-platform/heed/internal/keep/catalog"
	"github.com/heed-platform/heed/internal/keep/gate"
	"github.com/heed-platform/heed/internal/person"
	"github.com/heed-platform/heed/internal/policy"
	"github.com/heed-platform/heed/internal/policy/define"
	"github.com/heed-platform/heed/internal/web"
	"github.com/heed-platform/heed/internal/web/page/browsertest"
	"github.com/heed-platform/heed/internal/web/page/door"
	"github.com/heed-platform/heed/internal/web/page/look"
	"github.com/heed-platform/heed/internal/web/page/prefs"
)

func TestMain(m *testing.M) { browsertest.Main(m) }

// ajar is a door that knows two visitors by the value of their cookie.
type ajar struct {
	look *look.Look
	who  access.Visitor
}

func (d ajar) With(scope access.Scope, page door.Page) web.Handler {
	return d.look.Handle(func(w http.ResponseWriter, r *http.Request) error {
		v := d.who
		if c, err := r.Cookie("heed"); err == nil && c.Value == "full" {
			v.Scope, v.Session = access.Full, "full"
		}
		if v.Scope < scope {
			return d.Again(w, r, r.URL.Path)
		}
		if r.Method != http.MethodGet {
			_ = r.ParseForm()
			if r.PostForm.Get("csrf") != v.Form && r.Header.Get("X-Heed-Form") != v.Form {
				w.WriteHeader(http.StatusForbidden)
				return nil
			}
		}
		return page(w, r, v)
	})
}

func (ajar) Again(w http.ResponseWriter, r *http.Request, next string) error {
	w.WriteHeader(http.StatusForbidden)
	_, err := io.WriteString(w, "a code, then "+next+" with "+r.PostForm.Encode())
	return err
}

// shop is a heed with one customer, and the page over it.
type shop struct {
	*housetest.House

	t   *testing.T
	url string
	ref person.Ref
}

func open(t *testing.T, h *housetest.House) *shop {
	t.Helper()
	h.Hears("server",
		housetest.Event{
			"type": "identify", "userId": "ada", "traits": map[string]any{"email": "ada@example.com", "phone": "+4915112345678", "first_name": "Ada"},
			"context": map[string]any{"notice": "newsletter@2", "device": map[string]any{"id": "phone-1"}},
		},
		housetest.Event{"type": "track", "userId": "ada", "event": "Order Completed", "properties": map[string]any{
			"order_id": "o1", "currency": "EUR", "products": []any{map[string]any{"product_id": "p1", "category": "Running shoes", "price": 10, "quantity": 1}},
		}},
	)
	by := housetest.Subject(person.UserID, "ada")
	h.Says(by, fact.Grant{Purpose: "marketing.communications.email", Status: fact.Granted, Notice: "newsletter@2", Language: "en", Method: "form", Evidence: "form 1"})
	d := h.Inspect(by)
	who := access.Visitor{Ref: d.Ref(), Fragment: d.Profile().Anchor, Scope: access.Lower, Session: "lower", Form: "token"}
	l := look.New(func() define.Brand { return h.Rules.Brand() })
	mux := http.NewServeMux()
	mux.Handle("GET /page.css", web.Handler(l.Style))
	prefs.Routes(mux, prefs.Deps{Look: l, Door: ajar{l, who}, Clock: h.Clock, Desk: wish.Desk{
		Keep: h.Keep, Clock: h.Clock, Rules: func() *policy.Rules { return h.Rules }, Workspace: func() catalog.Workspace { return h.Workspace },
	}})
	server := httptest.NewServer(web.Wrap(mux, web.NewMetrics(), clock.System{}, slog.New(slog.DiscardHandler)))
	t.Cleanup(server.Close)
	return &shop{House: h, t: t, url: server.URL, ref: d.Ref()}
}

var (
	full  = &http.Cookie{Name: "heed", Value: "full", HttpOnly: true}
	lower = &http.Cookie{Name: "heed", Value: "lower", HttpOnly: true}
)

// ask sends one request and returns the status and the body.
func (s *shop) ask(method, path string, who *http.Cookie, kind, body string) (int, string, http.Header) {
	s.t.Helper()
	r, err := http.NewRequestWithContext(s.t.Context(), method, s.url+path, strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	r.AddCookie(who)
	r.Header.Set("Accept", "text/html")
	if kind == "json" {
		r.Header.Set("Accept", "application/json")
		r.Header.Set("X-Heed-Form", "token")
	} else if body != "" {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	got, err := client.Do(r)
	if err != nil {
		s.t.Fatal(err)
	}
	defer got.Body.Close()
	all, err := io.ReadAll(got.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	s.Clock.Advance(time.Second)
	return got.StatusCode, string(all), got.Header
}

var input = regexp.MustCompile(`<(?:input|select|textarea)[^>]*>`)

// form is what a browser would send of the page as it stands.
func (s *shop) form(who *http.Cookie, path string) url.Values {
	s.t.Helper()
	_, body, _ := s.ask(http.MethodGet, path, who, "", "")
	out := url.Values{}
	attr := func(tag, name string) string {
		m := regexp.MustCompile(name + `="([^"]*)"`).FindStringSubmatch(tag)
		if m == nil {
			return ""
		}
		return strings.NewReplacer("&amp;", "&", "&#43;", "+").Replace(m[1])
	}
	for _, tag := range input.FindAllString(body, -1) {
		name := attr(tag, ` name`)
		switch {
		case name == "" || strings.Contains(tag, " disabled"):
		case strings.HasPrefix(tag, "<select"):
			rest := body[strings.Index(body, tag):]
			rest = rest[:strings.Index(rest, "</select>")]
			if m := regexp.MustCompile(`value="([^"]*)" selected`).FindStringSubmatch(rest); m != nil {
				out.Set(name, m[1])
			}
		case strings.Contains(tag, `"checkbox"`) || strings.Contains(tag, `"radio"`):
			if strings.Contains(tag, " checked") {
				out.Set(name, attr(tag, ` value`))
			}
		default:
			out.Set(name, attr(tag, ` value`))
		}
	}
	return out
}

func (s *shop) preference() fact.Preference {
	s.t.Helper()
	return s.Inspect(gate.ByRef(s.ref)).Profile().Preference
}

const path = "/me/preferences"

func TestPage_sendingItAsItIsChangesNothing(t *testing.T) {
	t.Parallel()
	s := open(t, housetest.New(t, "sqlite", ""))
	for _, who := range []*http.Cookie{lower, full} {
		f := s.form(who, path)
		status, body, head := s.ask(http.MethodPost, path, who, "", f.Encode())
		if status != http.StatusSeeOther || head.Get("Location") != path+"#said" {
			t.Fatalf("%d %s", status, body)
		}
		if p := s.preference(); p.Set != 0 {
			t.Errorf("%+v", p)
		}
	}
}

func TestPage_savesAndTakesBack(t *testing.T) {
	t.Parallel()
	housetest.On(t, func(t *testing.T, h *housetest.House) {
		s := open(t, h)
		f := s.form(full, path)
		f.Del("purpose.marketing.communications.email")
		f.Del("topic.shoes")
		f.Set("break", "30")
		f.Set("quiet", "on")
		f.Set("quiet_from", "19:30")
		f.Set("quiet_to", "09:00")
		f.Set("channel.sms", "no")
		if status, body, _ := s.ask(http.MethodPost, path, full, "", f.Encode()); status != http.StatusSeeOther {
			t.Fatalf("%d %s", status, body)
		}
		p := s.preference()
		if p.Break <= s.Clock.Now() || p.QuietAt != 19*60+30 || len(p.Muted) != 1 || len(p.Channels) != 4 {
			t.Errorf("%+v", p)
		}
		_, body, _ := s.ask(http.MethodGet, path, full, "", "")
		for _, want := range []string{"Saved. It has held since", "Take it back", "Letters with offers by email: <strong>off</strong>", "Shoes: <strong>off</strong>", "Text message: <strong>Not at all</strong>"} {
			if !strings.Contains(body, want) {
				t.Errorf("no %q", want)
			}
		}
		if status, _, _ := s.ask(http.MethodPost, path+"/undo", full, "", "csrf=token"); status != http.StatusSeeOther {
			t.Errorf("undo: %d", status)
		}
		if p := s.preference(); p.Break != 0 || p.QuietOn || p.Muted != nil || p.Channels != nil {
			t.Errorf("%+v", p)
		}
		if _, body, _ := s.ask(http.MethodGet, path, full, "", ""); !strings.Contains(body, "Taken back.") || strings.Contains(body, "Take it back") {
			t.Error("the page does not say that it was taken back")
		}
		if _, _, head := s.ask(http.MethodPost, path+"/undo", full, "", "csrf=token"); head.Get("Location") != path+"?late=1" {
			t.Errorf("undo again: %v", head)
		}
	})
}

func TestPage_whoeverCameByALinkSeesNothingPrivate(t *testing.T) {
	t.Parallel()
	s := open(t, housetest.New(t, "sqlite", ""))
	f := s.form(full, path)
	f.Del("topic.baby")
	s.ask(http.MethodPost, path, full, "", f.Encode())
	_, body, _ := s.ask(http.MethodGet, path, lower, "", "")
	for _, secret := range []string{"ada@example.com", "5678", "first name", "phone-1", `name="topic.baby"`, "topic.baby=", "share.", `name="location"`, "receipts"} {
		if strings.Contains(body, secret) {
			t.Errorf("a link shows %q", secret)
		}
	}
	if !strings.Contains(body, "a…@e…") {
		t.Error("the address is not there at all")
	}
	// They can still say what they never want to hear of.
	f = s.form(lower, path)
	f.Set("mute.maternity", "on")
	if status, body, _ := s.ask(http.MethodPost, path, lower, "", f.Encode()); status != http.StatusSeeOther {
		t.Fatalf("%d %s", status, body)
	}
	if p := s.preference(); strings.Join(slices.Sorted(slices.Values(p.Muted)), " ") != "baby maternity" {
		t.Errorf("%v", p.Muted)
	}
	for _, below := range []string{path + "/receipts", path + "/receipts/x"} {
		if status, body, _ := s.ask(http.MethodGet, below, lower, "", ""); status != http.StatusForbidden {
			t.Errorf("%s: %d %s", below, status, body)
		}
	}
}

func TestPage_moreNeedsACodeAndNothingIsLost(t *testing.T) {
	t.Parallel()
	s := open(t, housetest.New(t, "sqlite", ""))
	f := s.form(lower, path)
	f.Set("purpose.marketing.communications.sms", "on")
	status, body, _ := s.ask(http.MethodPost, path, lower, "", f.Encode())
	if status != http.StatusForbidden || !strings.Contains(body, "a code, then /me/preferences with") || !strings.Contains(body, "purpose.marketing.communications.sms=on") {
		t.Errorf("%d %s", status, body)
	}
	if p := s.preference(); p.Set != 0 {
		t.Errorf("%+v", p)
	}
}

func TestPage_aFaultKeepsWhatWasTyped(t *testing.T) {
	t.Parallel()
	s := open(t, housetest.New(t, "sqlite", ""))
	f := s.form(full, path)
	f.Set("quiet", "on")
	f.Set("quiet_from", "20:00")
	f.Set("quiet_to", "20:00")
	f.Del("topic.home")
	status, body, _ := s.ask(http.MethodPost, path, full, "", f.Encode())
	if status != http.StatusUnprocessableEntity || !strings.Contains(body, `<a href="#f-quiet_from">`) || !strings.Contains(body, "<title>Error: ") {
		t.Errorf("%d", status)
	}
	if regexp.MustCompile(`name="topic.home"[^>]* checked`).MatchString(body) || !regexp.MustCompile(`name="topic.care"[^>]* checked`).MatchString(body) {
		t.Error("what was chosen is lost")
	}
	for _, bad := range []url.Values{{"csrf": {"token"}, "shown": {"often="}, "often": {"-1/3"}}, {"csrf": {"token"}, "shown": {"%zz"}}, {"csrf": {"token"}, "shown": {"zone="}, "zone": {"../etc"}}} {
		if status, body, _ := s.ask(http.MethodPost, path, full, "", bad.Encode()); status != http.StatusBadRequest || !strings.Contains(body, "<h1>") {
			t.Errorf("%v: %d", bad, status)
		}
	}
}

// TestPage_aLinkFillsInAndChangesNothing: another site's link may propose.
func TestPage_aLinkFillsInAndChangesNothing(t *testing.T) {
	t.Parallel()
	s := open(t, housetest.New(t, "sqlite", ""))
	_, body, _ := s.ask(http.MethodGet, path+"?break=30&topic.shoes=off&often=1/168&location=moon&else=1", full, "", "")
	if !strings.Contains(body, "filled in by the link") || regexp.MustCompile(`name="topic.shoes"[^>]* checked`).MatchString(body) || !strings.Contains(body, `<option value="1/168" selected>`) {
		t.Error("nothing is filled in")
	}
	if p := s.preference(); p.Set != 0 {
		t.Errorf("%+v", p)
	}
	f := s.form(full, path+"?break=30&topic.shoes=off")
	s.ask(http.MethodPost, path, full, "", f.Encode())
	if p := s.preference(); p.Break == 0 || len(p.Muted) != 1 {
		t.Errorf("%+v", p)
	}
}

func TestPage_speaksJSON(t *testing.T) {
	t.Parallel()
	s := open(t, housetest.New(t, "sqlite", ""))
	var got struct {
		Scope, Form string
		Choices     map[string]string
	}
	_, body, head := s.ask(http.MethodGet, path, full, "json", "")
	if err := json.Unmarshal([]byte(body), &got); err != nil || head.Get("Content-Type") != "application/json" {
		t.Fatalf("%v: %s", err, body)
	}
	if got.Scope != "full" || got.Form != "token" || got.Choices["purpose.marketing.communications.email"] != "on" || got.Choices["topic.shoes"] != "on" {
		t.Errorf("%+v", got)
	}
	status, body, _ := s.ask(http.MethodPut, path, full, "json", `{"choices":{"topic.shoes":"off","often":"1/168"}}`)
	if status != http.StatusOK || !strings.Contains(body, `"name":"topic.shoes"`) {
		t.Errorf("%d %s", status, body)
	}
	if p := s.preference(); len(p.Muted) != 1 || len(p.Caps) != 1 {
		t.Errorf("%+v", p)
	}
	for _, bad := range []string{``, `{}`, `{"choices":{"topic.shoes":1}}`, `{"choices":{"nothing":"on"}}`, `{"choices":{"often":"x"}}`, `{"else":1}`} {
		if status, body, _ := s.ask(http.MethodPut, path, full, "json", bad); status != http.StatusBadRequest || !strings.Contains(body, `"code":"choice`) {
			t.Errorf("%s: %d %s", bad, status, body)
		}
	}
	if status, _, _ := s.ask(http.MethodPut, path, lower, "json", `{"choices":{"purpose.marketing.communications.sms":"on"}}`); status != http.StatusForbidden {
		t.Errorf("a link raised: %d", status)
	}
	if status, _, head := s.ask(http.MethodDelete, path, full, "json", `{}`); status != http.StatusMethodNotAllowed || head.Get("Allow") == "" {
		t.Errorf("DELETE: %d", status)
	}
}

func TestReceipts(t *testing.T) {
	t.Parallel()
	s := open(t, housetest.New(t, "sqlite", ""))
	f := s.form(full, path)
	f.Set("purpose.marketing.communications.sms", "on")
	f.Del("topic.shoes")
	s.ask(http.MethodPost, path, full, "", f.Encode())
	_, body, _ := s.ask(http.MethodGet, path+"/receipts", full, "", "")
	links := regexp.MustCompile(`href="(/me/preferences/receipts/[^"]+)"`).FindAllStringSubmatch(body, -1)
	if len(links) != 3 {
		t.Fatalf("%d receipts:\n%s", len(links), body)
	}
	for _, link := range links {
		status, page, _ := s.ask(http.MethodGet, link[1], full, "", "")
		if status != http.StatusOK || !strings.Contains(page, "Linden &amp; Lark GmbH") {
			t.Errorf("%s: %d", link[1], status)
		}
		_, file, head := s.ask(http.MethodGet, link[1]+"?as=json", full, "", "")
		if !json.Valid([]byte(file)) || !strings.HasPrefix(head.Get("Content-Disposition"), "attachment") || !strings.Contains(file, `"pii_principal_id"`) {
			t.Errorf("%s: %s", link[1], file)
		}
	}
	if status, body, _ := s.ask(http.MethodGet, path+"/receipts/other", full, "", ""); status != http.StatusNotFound || !strings.Contains(body, "<h1>") {
		t.Errorf("%d", status)
	}
}

// TestPage_inABrowser looks at the pages, and uses them, without scripts.
func TestPage_inABrowser(t *testing.T) {
	t.Parallel()
	s := open(t, housetest.New(t, "sqlite", ""))
	browsertest.Page(t, s.url+path, full)
	browsertest.Shot(t, "preferences", s.url+path, 360, false, full)
	browsertest.Shot(t, "preferences-wide-night", s.url+path, 1280, true, full)
	browsertest.Shot(t, "preferences-link", s.url+path, 360, false, lower)
	browsertest.Shot(t, "preferences-arabic", s.url+path+"?lang=ar", 360, false, full)
	b := browsertest.Open(t, s.url, full)
	b.Go(s.url + path)
	b.Tick(`[name="purpose.marketing.communications.email"]`)
	b.Tick(`[name="topic.shoes"]`)
	if status := b.Press(`main form button`); status != http.StatusOK {
		t.Errorf("%d", status)
	}
	if said := b.Text("#said"); !strings.Contains(said, "Saved") {
		t.Error(said)
	}
	b.Check()
	b.Shot("preferences-saved")
	if status := b.Press("#said button"); status != http.StatusOK || !strings.Contains(b.Text("#said"), "Taken back") {
		t.Errorf("%d", status)
	}
	b.Go(s.url + path + "/receipts")
	b.Check()
	b.Press(".entries a")
	b.Check()
	b.Shot("receipt")
}
