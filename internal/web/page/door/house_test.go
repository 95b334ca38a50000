package door

import (
	"cmp"
	"html"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/heed-platform/heed/internal/account/access"
	"github.com/heed-platform/heed/internal/account/housetest"
	"github.com/heed-platform/heed/internal/clock"
	"github.com/heed-platform/heed/internal/person"
	"github.com/heed-platform/heed/internal/policy/define"
	"github.com/heed-platform/heed/internal/reach/delivery"
	"github.com/heed-platform/heed/internal/web"
	"github.com/heed-platform/heed/internal/web/page/look"
)

const site = "https://heed.example"

var ada = housetest.Subject(person.UserID, "ada")

// house is a door before two pages of Ada's.
type house struct {
	*housetest.House

	t       *testing.T
	desk    *access.Desk
	door    *Door
	box     *delivery.Outbox
	h       http.Handler
	bursts  []string
	address string       // how a browser reaches it; "" is site
	saved   []url.Values // what reached the page that changes something
}

func open(t *testing.T, login *Login) *house {
	t.Helper()
	h := &house{House: housetest.New(t, "sqlite", ""), t: t, box: delivery.NewOutbox()}
	h.Hears("server", housetest.Event{
		"type": "identify", "userId": "ada", "traits": map[string]any{"email": "ada@example.com", "phone": "+4915112345678"},
	})
	h.desk = access.New(access.Options{
		Keep: h.Keep, Canonical: h.Know.Canonical, Clock: h.Clock, Log: slog.New(slog.DiscardHandler),
		Channels:  func() map[string]delivery.Channel { return map[string]delivery.Channel{"email": h.box, "sms": h.box} },
		Recipient: func(string) string { return "" },
		Code:      func(_, _, code string) access.Text { return access.Text{Subject: "Code", Text: "code " + code} },
		Entered: func(string, string, clock.Instant) access.Text {
			return access.Text{Subject: "Entered", Text: "somebody came in"}
		},
		Links: delivery.NewLinks(h.Keep.Vault().Key("links"), func() string { return site }),
	})
	if login != nil {
		login.Trips = h.desk
	}
	h.door = New(Deps{
		Desk: h.desk, Clock: h.Clock, PublicURL: func() string { return cmp.Or(h.address, site) }, Login: login,
		Look:   look.New(func() define.Brand { return define.Brand{Name: "Linden & Lark", Language: "en"} }),
		Bursts: NewBursts(func(kind string) { h.bursts = append(h.bursts, kind) }),
	})
	mux := http.NewServeMux()
	h.door.Routes(mux)
	mux.Handle("/page.css", web.Handler(h.door.Look.Style))
	mux.Handle("/me/preferences", h.door.With(access.Lower, func(w http.ResponseWriter, _ *http.Request, v access.Visitor) error {
		_, err := w.Write([]byte("preferences " + v.Scope.String() + " " + Field(v)))
		return err
	}))
	mux.Handle("/me/data", h.door.With(access.Full, func(w http.ResponseWriter, r *http.Request, v access.Visitor) error {
		if r.Method == http.MethodPost {
			h.saved = append(h.saved, r.PostForm)
		}
		_, err := w.Write([]byte("data " + v.Ref.String() + " " + Field(v)))
		return err
	}))
	h.h = web.Wrap(mux, web.NewMetrics(), h.Clock, slog.New(slog.DiscardHandler))
	return h
}

// browser keeps cookies, as browsers do.
type browser struct {
	h       *house
	cookies map[string]string
	from    string
	header  http.Header
}

func (h *house) browser() *browser {
	return &browser{h: h, cookies: map[string]string{}, from: "192.0.2.1:5000", header: http.Header{}}
}

func (b *browser) do(method, target string, form url.Values) *httptest.ResponseRecorder {
	b.h.t.Helper()
	r := httptest.NewRequest(method, target, strings.NewReader(form.Encode()))
	r.RemoteAddr, r.Host = b.from, "heed.example"
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Sec-Fetch-Site", "same-origin")
	}
	maps.Copy(r.Header, b.header)
	for name, value := range b.cookies {
		r.AddCookie(&http.Cookie{Name: name, Value: value})
	}
	w := httptest.NewRecorder()
	b.h.h.ServeHTTP(w, r)
	for _, c := range w.Result().Cookies() {
		if c.MaxAge < 0 {
			delete(b.cookies, c.Name)
		} else {
			b.cookies[c.Name] = c.Value
		}
	}
	return w
}

func (b *browser) get(target string) *httptest.ResponseRecorder {
	return b.do(http.MethodGet, target, nil)
}

func (b *browser) post(target string, pairs ...string) *httptest.ResponseRecorder {
	form := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		form.Add(pairs[i], pairs[i+1])
	}
	return b.do(http.MethodPost, target, form)
}

var (
	hidden = regexp.MustCompile(`<input type="hidden" name="([^"]*)" value="([^"]*)">`)
	form   = regexp.MustCompile(`(?s)<form method="post"(?: action="([^"]*)")?[^>]*>(.*?)</form>`)
	digits = regexp.MustCompile(`code (\d{8})`)
)

// submit sends the first form of a page as it stands, with these fields filled in.
func (b *browser) submit(page *httptest.ResponseRecorder, here string, pairs ...string) *httptest.ResponseRecorder {
	b.h.t.Helper()
	f := form.FindStringSubmatch(page.Body.String())
	if f == nil {
		b.h.t.Fatalf("%d, no form in\n%s", page.Code, page.Body)
	}
	for _, in := range hidden.FindAllStringSubmatch(f[2], -1) {
		pairs = append(pairs, in[1], html.UnescapeString(in[2]))
	}
	action := html.UnescapeString(f[1])
	if action == "" {
		action = here
	}
	return b.post(action, pairs...)
}

// code is the newest code that was sent.
func (h *house) code() string {
	h.t.Helper()
	h.desk.Due(h.t.Context())
	for _, m := range h.box.List() {
		if c := digits.FindStringSubmatch(m.Text.Reveal()); c != nil {
			return c[1]
		}
	}
	h.t.Fatal("no code was sent")
	return ""
}

// enter comes in with a code to next.
func (b *browser) enter(next string) *httptest.ResponseRecorder {
	b.h.t.Helper()
	ask := b.get("/me/code?next=" + url.QueryEscape(next))
	give := b.submit(ask, "", "address", "ada@example.com")
	return b.submit(give, "", "code", b.h.code())
}

func (h *house) ref() person.Ref {
	h.t.Helper()
	return h.Inspect(ada).Profile().Ref
}

// link is a way in, as a message carries it.
func (h *house) link(page string) string {
	h.t.Helper()
	full := h.desk.Links.Enter(delivery.Enter{Ref: h.ref(), Decision: "d1", Page: page, Until: h.Clock.Now() + 3_600_000_000})
	return strings.TrimPrefix(full, site)
}
