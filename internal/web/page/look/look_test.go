package look_test

import (
	"embed"
	"errors"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/heed-platform/heed/internal/policy/define"
	"github.com/heed-platform/heed/internal/problem"
	"github.com/heed-platform/heed/internal/web/page/browsertest"
	"github.com/heed-platform/heed/internal/web/page/look"
	"github.com/heed-platform/heed/internal/web/page/words"
)

func TestMain(m *testing.M) { browsertest.Main(m) }

var brand = define.Brand{
	Name: "Linden & Lark", Address: "Lindenstraße 12, Berlin", Email: "hello@lindenlark.example", Phone: "+49 30 5550100", Website: "https://lindenlark.example",
	Where: "Berlin", Zone: "Europe/Berlin", Language: "de",
}

func dress(b define.Brand) *look.Look { return look.New(func() define.Brand { return b }) }

// render answers one request with a page of one template.
func render(t *testing.T, l *look.Look, r *http.Request, template string, p look.Page) *httptest.ResponseRecorder {
	t.Helper()
	p.Set, p.Name = look.Parse(fstest.MapFS{"html/page.html": {Data: []byte(template)}}), "page.html"
	w := httptest.NewRecorder()
	if err := l.Render(w, r, http.StatusOK, p); err != nil {
		t.Fatal(err)
	}
	return w
}

func get(target string, head ...string) *http.Request {
	r := httptest.NewRequest(http.MethodGet, target, nil)
	for i := 0; i+1 < len(head); i += 2 {
		r.Header.Set(head[i], head[i+1])
	}
	return r
}

// TestRender_language: the address, then what was chosen before, then the
// person's own, then the browser's, then the brand's.
func TestRender_language(t *testing.T) {
	t.Parallel()
	l := dress(brand)
	for _, tt := range []struct {
		name string
		r    *http.Request
		want string
	}{
		{"the brand's", get("/x"), "de"},
		{"the browser's", get("/x", "Accept-Language", "fr-CH, en;q=0.8"), "fr"},
		{"the person's", look.Prefer(get("/x", "Accept-Language", "fr"), "es"), "es"},
		{"none of the person's", look.Prefer(get("/x", "Accept-Language", "fr"), ""), "fr"},
		{"chosen before", look.Prefer(get("/x", "Cookie", "heed-lang=en"), "es"), "en"},
		{"the address", look.Prefer(get("/x?lang=ar", "Cookie", "heed-lang=en"), "es"), "ar"},
		{"nonsense", get("/x?lang=xx", "Cookie", "heed-lang=yy", "Accept-Language", "zz"), "de"},
	} {
		w := render(t, l, tt.r, `<h1>{{T "common.back"}}</h1>`, look.Page{Title: "A page"})
		if want := `<html lang="` + tt.want + `" dir="` + words.For(tt.want).Dir() + `">`; !strings.Contains(w.Body.String(), want) {
			t.Errorf("%s: no %s", tt.name, want)
		}
		set := w.Header().Get("Set-Cookie")
		if (tt.name == "the address") != strings.HasPrefix(set, "heed-lang=ar") || strings.Contains(set, "xx") {
			t.Errorf("%s: cookie %q", tt.name, set)
		}
	}
}

func TestRender_escapes(t *testing.T) {
	t.Parallel()
	evil := `"><script>alert(1)</script>`
	l := dress(define.Brand{Name: evil, Address: evil, Website: "javascript:alert(1)", Email: evil, Phone: evil, Where: evil})
	w := render(t, l, get("/x?lang=en&a="+"%22%3E%3Cscript%3E"), `<h1>{{.A}}</h1>{{template "field" .Field}}{{template "choices" .Choices}}`, look.Page{
		Title: evil, Faults: []look.Fault{{Field: evil, Text: evil}}, CSRF: evil,
		Data: struct {
			A       string
			Field   look.Field
			Choices look.Choices
		}{evil, look.Field{Name: "a", Label: evil, Value: evil, Hint: evil, Error: evil}, look.Choices{Name: "b", Legend: evil, Options: []look.Option{{Value: evil, Label: evil, Hint: evil, Said: evil}}}},
	})
	if body := w.Body.String(); strings.Contains(body, "<script") || strings.Contains(body, `href="javascript:`) {
		t.Error(body)
	}
	if csp := w.Header().Get("Content-Security-Policy"); !strings.Contains(csp, "default-src 'none'") || strings.Contains(csp, "script") || strings.Contains(csp, "unsafe") {
		t.Error(csp)
	}
}

func TestRender_wholeOrNotAtAll(t *testing.T) {
	t.Parallel()
	set := look.Parse(fstest.MapFS{"html/page.html": {Data: []byte(`<h1>{{.Nothing.There}}</h1>`)}})
	w := httptest.NewRecorder()
	if err := dress(brand).Render(w, get("/x"), http.StatusOK, look.Page{Set: set, Name: "page.html", Data: struct{ Nothing *look.Field }{}}); err == nil {
		t.Error("half a page was written")
	}
	if w.Body.Len() > 0 || w.Header().Get("Content-Type") != "" {
		t.Errorf("%v %s", w.Header(), w.Body)
	}
	w = render(t, dress(brand), httptest.NewRequest(http.MethodHead, "/x", nil), `<h1>A page</h1>`, look.Page{})
	if w.Body.Len() > 0 || w.Header().Get("Content-Length") == "0" {
		t.Errorf("HEAD: %v %s", w.Header(), w.Body)
	}
}

func TestParse_refusesWhatIsNoTemplate(t *testing.T) {
	t.Parallel()
	defer func() {
		if recover() == nil {
			t.Error("it was taken")
		}
	}()
	look.Parse(fs.FS(embed.FS{}))
}

func TestHandle_errorsArePages(t *testing.T) {
	t.Parallel()
	l := dress(brand)
	for kind, want := range map[problem.Kind]struct {
		status int
		key    string
	}{
		problem.NotFound: {404, "common.gone_title"}, problem.Withheld: {404, "common.gone_title"}, problem.TooMany: {429, "common.fast_title"},
		problem.Unavailable: {503, "common.later_title"}, problem.Internal: {500, "common.later_title"}, problem.Invalid: {400, "common.wrong_title"},
		problem.Forbidden: {403, "common.wrong_title"},
	} {
		h := l.Handle(func(http.ResponseWriter, *http.Request) error {
			return problem.New(kind, "some-code", "A sentence.").Because(errors.New("secret cause"))
		})
		w := httptest.NewRecorder()
		h.ServeHTTP(w, get("/x", "Accept", "text/html,application/xhtml+xml"))
		body := w.Body.String()
		if w.Code != want.status || !strings.Contains(body, words.For("de").T(want.key)) || strings.Contains(body, "secret") || strings.Contains(body, "some-code") {
			t.Errorf("%v: %d %s", kind, w.Code, body)
		}
		if (kind == problem.TooMany || kind == problem.Unavailable) != (w.Header().Get("Retry-After") != "") {
			t.Errorf("%v: Retry-After %q", kind, w.Header().Get("Retry-After"))
		}
		w = httptest.NewRecorder()
		h.ServeHTTP(w, get("/x", "Accept", "application/json"))
		if w.Code != want.status || w.Header().Get("Content-Type") != "application/problem+json" {
			t.Errorf("%v as JSON: %d %v", kind, w.Code, w.Header())
		}
	}
}

func TestJSON(t *testing.T) {
	t.Parallel()
	for accept, want := range map[string]bool{
		"": false, "*/*": false, "text/html,application/json": false, "application/json": true, "application/problem+json;q=0.9": true, "application/json, text/html": true, ";;": false,
	} {
		if look.JSON(get("/", "Accept", accept)) != want {
			t.Errorf("%q", accept)
		}
	}
}

func TestStyle(t *testing.T) {
	t.Parallel()
	l := dress(brand)
	page := render(t, l, get("/x"), `<h1>A page</h1>`, look.Page{}).Body.String()
	_, rest, _ := strings.Cut(page, `href="/page.css`)
	version, _, _ := strings.Cut(rest, `"`)
	for target, immutable := range map[string]bool{"/page.css" + version: true, "/page.css": false, "/page.css?v=old": false} {
		w := httptest.NewRecorder()
		if err := l.Style(w, get(target)); err != nil {
			t.Fatal(err)
		}
		if strings.Contains(w.Header().Get("Cache-Control"), "immutable") != immutable {
			t.Errorf("%s: %v", target, w.Header())
		}
	}
	if got := look.Clean(get("/me/data?lang=de&next=%2Fme")); got != "/me/data?next=%2Fme" {
		t.Error(got)
	}
}

// everything is a page with every piece there is.
const everything = `<h1>Everything</h1>
<p class="lead">A page with every piece, so that each is looked at.</p>
{{template "note" .Note}}
<form method="post"><div class="card"><h2>A form</h2>
{{template "field" .Field}}{{template "field" .Area}}{{template "choices" .Radio}}{{template "choices" .Select}}{{template "choices" .Switch}}
<p class="actions">{{template "button" .Button}}{{template "button" .Quiet}}{{template "button" .Danger}}</p></div></form>
<div class="card"><h2>Facts</h2>{{template "facts" .Rows}}</div>
<div class="scroll" tabindex="0" role="region" aria-label="A table"><table><caption>A table</caption><thead><tr><th scope="col">Who</th><th scope="col">What</th></tr></thead><tbody><tr><td>One</td><td><span class="chip">Two</span></td></tr></tbody></table></div>
<details><summary>More</summary><p class="hint">Hidden at first.</p></details>`

// TestPieces_inABrowser looks at every piece, in a brand's own colors.
func TestPieces_inABrowser(t *testing.T) {
	t.Parallel()
	corner := 4
	own := brand
	own.Theme = define.Theme{Light: define.Colors{Accent: "#5b2a86", Paper: "#f6f2ea"}, Corner: &corner, Fonts: []string{"Georgia", "serif"}}
	l := dress(own)
	set := look.Parse(fstest.MapFS{"html/page.html": {Data: []byte(everything)}})
	options := []look.Option{{Name: "", Value: "a", Label: "One", Chosen: true, Hint: "A hint"}, {Value: "b", Label: "Two", Said: "You get: something"}, {Value: "c", Label: "Three", Fixed: true}}
	rows := []look.Option{{Name: "p", Value: "on", Label: "First", Chosen: true}, {Name: "q", Value: "on", Label: "Second", Hint: "Off so far"}}
	data := map[string]any{
		"Note":   look.Note{Kind: "done", Title: "Saved", Text: "It holds.", Link: "/me", Label: "Go on"},
		"Field":  look.Field{Name: "email", Label: "Your email address", Hint: "We write to it once.", Error: "There is no @ in it.", Value: "ada", Kind: "email", Autocomplete: "email", Required: true},
		"Area":   look.Field{Name: "why", Label: "Why", Kind: "area"},
		"Radio":  look.Choices{Name: "r", Legend: "One of them", Hint: "Choose.", Error: "Choose one.", Options: options},
		"Select": look.Choices{Name: "s", Legend: "One of many", Kind: "select", Options: options},
		"Switch": look.Choices{Name: "t", Legend: "Each for itself", Kind: "switch", Options: rows},
		"Button": look.Button{Text: "Save"}, "Quiet": look.Button{Text: "Not now", Kind: "quiet", Name: "no", Value: "1"}, "Danger": look.Button{Text: "Erase", Kind: "danger"},
		"Rows": []look.Row{{Name: "Who", Value: "Linden & Lark"}, {Name: "Where", Value: "Berlin", Link: "/where"}},
	}
	mux := http.NewServeMux()
	mux.HandleFunc("/page.css", func(w http.ResponseWriter, r *http.Request) { _ = l.Style(w, r) })
	mux.HandleFunc("/x", func(w http.ResponseWriter, r *http.Request) {
		_ = l.Render(w, r, http.StatusOK, look.Page{
			Set: set, Name: "page.html", Title: "Everything", Data: data, Inside: true, Here: "/me/data", CSRF: "token",
			Faults: []look.Fault{{Field: "email", Text: "There is no @ in your email address."}, {Text: "And one more thing."}},
		})
	})
	mux.HandleFunc("/none", func(w http.ResponseWriter, r *http.Request) { _ = l.NoLink(w, r) })
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	browsertest.Page(t, server.URL+"/x")
	tab := browsertest.Open(t, server.URL)
	tab.Go(server.URL + "/none")
	tab.Check()
}
