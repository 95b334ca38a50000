package snippet_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/heed-platform/heed/internal/web/snippet"
)

func TestScript_isSmall(t *testing.T) {
	t.Parallel()
	if n := len(snippet.Script()); n >= 4096 {
		t.Errorf("the script has %d bytes, and is to have fewer than 4096", n)
	}
}

func TestTag_escapes(t *testing.T) {
	t.Parallel()
	if got := snippet.Tag("https://heed.example", `k"><script>`); strings.Contains(got, `"><script>`) {
		t.Error(got)
	}
}

func TestRoutes(t *testing.T) {
	t.Parallel()
	mux := http.NewServeMux()
	snippet.Routes(mux)
	ask := func(method, tag string) *httptest.ResponseRecorder {
		r := httptest.NewRequest(method, "/analytics.js", nil)
		r.Header.Set("If-None-Match", tag)
		w := httptest.NewRecorder()
		mux.ServeHTTP(w, r)
		return w
	}
	w := ask(http.MethodGet, "")
	if w.Code != http.StatusOK || w.Body.String() != snippet.Script() || !strings.HasPrefix(w.Header().Get("Content-Type"), "text/javascript") {
		t.Errorf("%d %v", w.Code, w.Header())
	}
	if w := ask(http.MethodGet, w.Header().Get("ETag")); w.Code != http.StatusNotModified || w.Body.Len() > 0 {
		t.Errorf("known already: %d", w.Code)
	}
	if w := ask(http.MethodPost, ""); w.Code != http.StatusMethodNotAllowed || w.Header().Get("Allow") == "" {
		t.Errorf("POST: %d", w.Code)
	}
}

// site is a page with the snippet in it, and the heed that it speaks to.
type site struct {
	*httptest.Server

	mu     sync.Mutex
	events []map[string]any
	fails  int // answers that are refusals before one is not
	tab    context.Context
	t      *testing.T
}

// visit opens a page whose script tag has some attributes, in a browser of its own.
func visit(t *testing.T, attributes, before string) *site {
	t.Helper()
	s := &site{t: t}
	mux := http.NewServeMux()
	snippet.Routes(mux)
	mux.HandleFunc("/page/", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		_, _ = fmt.Fprintf(w, `<!doctype html><title>Shop</title><script>%s</script><script defer src="/analytics.js" %s></script>`, before, attributes)
	})
	mux.HandleFunc("/v1/batch", s.take)
	s.Server = httptest.NewServer(mux)
	t.Cleanup(s.Close)
	if browser.err != nil {
		t.Fatalf("Chromium does not start (tools/needs.sh installs it): %v", browser.err)
	}
	tab, end := chromedp.NewContext(browser.inner, chromedp.WithNewBrowserContext())
	t.Cleanup(end)
	s.tab = tab
	if err := chromedp.Do(tab); err != nil { // opens it, on a context without an end
		t.Fatal(err)
	}
	s.open("/page/one?token=secret")
	return s
}

// browser is the Chromium of this test binary.
var browser struct {
	inner context.Context
	err   error
}

func TestMain(m *testing.M) {
	options := append([]chromedp.ExecAllocatorOption{}, chromedp.DefaultExecAllocatorOptions[:]...)
	if os.Getuid() == 0 {
		options = append(options, chromedp.NoSandbox) // Chromium has none for root
	}
	path, err := exec.LookPath("chromium")
	browser.err = err
	outer, stop := chromedp.NewExecAllocator(context.Background(), append(options, chromedp.ExecPath(path))...)
	inner, end := chromedp.NewContext(outer)
	if browser.inner = inner; err == nil {
		browser.err = chromedp.Do(inner)
	}
	code := m.Run()
	end()
	stop()
	os.Exit(code)
}

func (s *site) open(path string) {
	s.t.Helper()
	ctx, stop := context.WithTimeout(s.tab, time.Minute)
	defer stop()
	if err := chromedp.Do(ctx, chromedp.Navigate(s.URL+path)); err != nil {
		s.t.Fatal(err)
	}
}

func (s *site) take(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.fails > 0 {
		s.fails--
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	var body struct {
		Batch    []map[string]any `json:"batch"`
		WriteKey string           `json:"writeKey"` //nolint:tagliatelle // the Segment spec's name
	}
	raw, _ := io.ReadAll(r.Body)
	if err := json.Unmarshal(raw, &body); err != nil || body.WriteKey != "wk" || r.Header.Get("Cookie") != "" {
		s.t.Errorf("%v: %s", err, raw)
	}
	s.events = append(s.events, body.Batch...)
}

// run runs a line of JavaScript in the page.
func (s *site) run(js string) string {
	s.t.Helper()
	ctx, stop := context.WithTimeout(s.tab, time.Minute)
	defer stop()
	out, err := chromedp.Run(ctx, chromedp.Evaluate[string]("String((function(){"+js+"})())"))
	if err != nil {
		s.t.Fatal(err)
	}
	return out
}

// names are the events that came, once there are n of them.
func (s *site) names(n int) []string {
	s.t.Helper()
	var out []string
	for range 1000 {
		out = nil
		s.mu.Lock()
		for _, e := range s.events {
			name, _ := e["event"].(string)
			if name == "" {
				name = fmt.Sprint(e["type"])
			}
			out = append(out, name)
		}
		s.mu.Unlock()
		if n == 0 { // nothing more is to come: one look, after the script has had its time
			time.Sleep(500 * time.Millisecond)
			n = -1
			continue
		}
		if len(out) >= n {
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	return out
}

const updated = "Segment Consent Preference Updated"

const yes = `heed.consent({"analytics.reporting.content_performance": true, "marketing.advertising.third_party.targeted": false})`

func TestSnippet_nothingBeforeAYes(t *testing.T) {
	t.Parallel()
	s := visit(t, `data-key="wk"`, `window.heed = [["page", "Home"]]`)
	s.run(`heed.track("Product Viewed", {product_id: "p1"}); heed.identify("u1", {plan: "gold"})`)
	if got := s.names(0); len(got) > 0 {
		t.Fatalf("before a yes %v came", got)
	}
	if got := s.run(`return localStorage.length + " " + document.cookie.length + " " + sessionStorage.length`); got != "0 0 0" {
		t.Fatalf("before a yes the browser keeps something: %s", got)
	}
	s.run(yes)
	if got, want := s.names(4), []string{"page", "Product Viewed", "identify", updated}; !slices.Equal(got, want) {
		t.Fatalf("after a yes %v came, want %v", got, want)
	}
	e := s.events[1]
	page := e["context"].(map[string]any)["page"].(map[string]any) //nolint:forcetypeassert // the test fails either way
	if e["anonymousId"] == nil || page["url"] != s.URL+"/page/one" || strings.Contains(fmt.Sprint(s.events), "secret") {
		t.Errorf("%v", e)
	}
	prefs := fmt.Sprint(s.events[3]["context"].(map[string]any)["consent"]) //nolint:forcetypeassert // likewise
	if !strings.Contains(prefs, "content_performance:true") || !strings.Contains(prefs, "targeted:false") {
		t.Errorf("the yes was not told: %s", prefs)
	}
	// The next page knows, and is the same browser.
	s.open("/page/two")
	s.run(`heed.page("Two")`)
	s.names(6)
	if last := s.events[5]; last["anonymousId"] != e["anonymousId"] || last["userId"] != "u1" {
		t.Errorf("the next page is another browser: %v", last)
	}
	// Taking it back is told once; then nothing is left but the no.
	s.run(`heed.consent({"analytics.reporting.content_performance": false})`)
	if got := s.names(7); len(got) != 7 || got[6] != updated {
		t.Fatalf("%v", got)
	}
	s.run(`heed.track("After")`)
	if kept := s.run(`return localStorage.heed`); strings.Contains(kept, `"a"`) || strings.Contains(kept, "u1") {
		t.Errorf("after a no the browser keeps %s", kept)
	}
	if got := s.names(0); len(got) != 7 {
		t.Errorf("after a no %v came", got[7:])
	}
}

func TestSnippet_aNoIsSilent(t *testing.T) {
	t.Parallel()
	s := visit(t, `data-key="wk"`, "")
	s.run(`heed.identify("u1"); heed.track("A"); heed.consent({"x": false}); heed.track("B"); return ""`)
	if got := s.names(0); len(got) > 0 {
		t.Errorf("%v came after a no", got)
	}
	if kept := s.run(`return localStorage.heed`); strings.Contains(kept, "u1") || strings.Contains(kept, `"a"`) {
		t.Errorf("a no keeps %s", kept)
	}
}

func TestSnippet_dropAndCookieless(t *testing.T) {
	t.Parallel()
	s := visit(t, `data-key="wk" data-consent="drop" data-storage="none"`, `Object.defineProperty(Navigator.prototype, "globalPrivacyControl", {value: true})`)
	s.run(`heed.track("Lost")`)
	s.run(yes)
	s.run(`heed.alias("u2")`)
	if got, want := s.names(2), []string{updated, "alias"}; !slices.Equal(got, want) {
		t.Fatalf("%v came, want %v", got, want)
	}
	if s.events[0]["context"].(map[string]any)["gpc"] != true { //nolint:forcetypeassert // the test fails either way
		t.Error("Global Privacy Control was not told")
	}
	if got := s.run(`return localStorage.length + document.cookie.length + sessionStorage.length`); got != "0" {
		t.Errorf("the cookieless mode keeps something")
	}
	s.open("/page/two")
	s.run(yes)
	s.names(3)
	if s.events[2]["anonymousId"] == s.events[0]["anonymousId"] {
		t.Error("the cookieless mode knows the browser again")
	}
}

func TestSnippet_losesNothingToABusyServer(t *testing.T) {
	t.Parallel()
	s := visit(t, `data-key="wk" data-consent="given"`, "")
	s.mu.Lock()
	s.fails = 1
	s.mu.Unlock()
	s.run(`heed.track("A")`)
	time.Sleep(300 * time.Millisecond)
	s.run(`heed.track("B")`)
	if got := s.names(2); !slices.Equal(got, []string{"A", "B"}) {
		t.Errorf("%v", got)
	}
}

func TestSnippet_anUnknownSettingIsSilent(t *testing.T) {
	t.Parallel()
	s := visit(t, `data-key="wk" data-consent="later"`, "")
	s.run(`heed.track("A")`)
	s.run(yes)
	if got := s.names(0); len(got) > 0 || s.run(`return localStorage.length`) != "0" {
		t.Errorf("%v came although nobody knows the setting", got)
	}
}
