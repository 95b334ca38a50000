package page_test

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"log/slog"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"github.com/heed-platform/heed/internal/clock"
	"github.com/heed-platform/heed/internal/keep/gate"
	"github.com/heed-platform/heed/internal/policy/define"
	"github.com/heed-platform/heed/internal/reach/delivery"
	"github.com/heed-platform/heed/internal/web"
	"github.com/heed-platform/heed/internal/web/page"
	"github.com/heed-platform/heed/internal/web/page/look"
)

// ways is a set of links with one good token.
type ways struct {
	stops, opens, looks int
	what                []page.Stop
	err                 error
}

func (l *ways) Open(token string) (page.Link, bool) {
	l.opens++
	if token == "topic" {
		return page.Link{What: "running", Topic: true, Channel: "email", Who: "p1"}, true
	}
	return page.Link{What: "offers by email", Channel: "email", Who: "p1"}, token == "good"
}

func (l *ways) Stop(_ context.Context, _ string, s page.Stop) error {
	l.stops++
	l.what = append(l.what, s)
	return l.err
}

func serve(l *ways, box *delivery.Outbox) http.Handler {
	mux := http.NewServeMux()
	page.Routes(mux, page.Deps{
		Clock: clock.NewStill(1), Links: l, Look: look.New(func() define.Brand { return define.Brand{Name: "Linden & Lark", Language: "en"} }), Outbox: func() *delivery.Outbox { return box },
		Try: []page.Try{{Command: "heed tail", About: "Watch events arrive."}},
		Follow: func(w http.ResponseWriter, r *http.Request, token string) error {
			http.Redirect(w, r, "/me/preferences?by="+token, http.StatusSeeOther)
			return nil
		},
		Looked: func(*http.Request, string, string) { l.looks++ },
	})
	return web.Wrap(mux, web.NewMetrics(), clock.NewStill(1), slog.New(slog.DiscardHandler))
}

func ask(h http.Handler, method, target, kind, body string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, target, strings.NewReader(body))
	r.RemoteAddr, r.Host = "127.0.0.1:5000", "127.0.0.1:8480"
	if kind != "" {
		r.Header.Set("Content-Type", kind)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

const form = "application/x-www-form-urlencoded"

func TestUnsubscribe_lookingChangesNothing(t *testing.T) {
	t.Parallel()
	l := &ways{}
	for _, method := range []string{"GET", "HEAD", "OPTIONS", "PUT", "DELETE"} {
		w := ask(serve(l, nil), method, "/u/good", "", "")
		if (w.Code == 200) != (method == "GET" || method == "HEAD") {
			t.Errorf("%s: %d", method, w.Code)
		}
	}
	if l.stops != 0 || l.looks != 2 {
		t.Errorf("looking stopped something %d times; %d looks were noted", l.stops, l.looks)
	}
	w := ask(serve(l, nil), "GET", "/u/good", "", "")
	for _, want := range []string{"Stop “offers by email”?", "Linden &amp; Lark", `<form method="post">`, `name="List-Unsubscribe" value="One-Click"`} {
		if !strings.Contains(w.Body.String(), want) {
			t.Errorf("no %s in\n%s", want, w.Body)
		}
	}
}

func TestUnsubscribe_oneClick(t *testing.T) {
	t.Parallel()
	var multi bytes.Buffer
	m := multipart.NewWriter(&multi)
	_ = m.WriteField("List-Unsubscribe", "One-Click")
	_ = m.Close()
	tests := []struct {
		name, target, kind, body string
		status, stops            int
	}{
		{"form", "/u/good", form, "List-Unsubscribe=One-Click", 200, 1},
		{"slash", "/u/good/", form, "List-Unsubscribe=One-Click", 200, 1},
		{"multipart", "/u/good", m.FormDataContentType(), multi.String(), 200, 1},
		{"no type", "/u/good", "", "List-Unsubscribe=One-Click", 200, 1},
		{"odd type", "/u/good", "text/plain", "List-Unsubscribe=One-Click", 200, 1},
		{"no body", "/u/good", form, "", 400, 0},
		{"in the address only", "/u/good?List-Unsubscribe=One-Click", form, "", 400, 0},
		{"another word", "/u/good", form, "List-Unsubscribe=Yes", 400, 0},
		{"broken multipart", "/u/good", "multipart/form-data", "x", 400, 0},
		{"endless", "/u/good", form, "List-Unsubscribe=One-Click&x=" + strings.Repeat("y", 1<<20), 400, 0},
		{"not ours", "/u/bad", form, "List-Unsubscribe=One-Click", 404, 0},
	}
	for _, test := range tests {
		l := &ways{}
		w := ask(serve(l, nil), "POST", test.target, test.kind, test.body)
		if w.Code != test.status || l.stops != test.stops || w.Header().Get("Location") != "" || w.Header().Get("Set-Cookie") != "" {
			t.Errorf("%s: %d, %d stops, %v", test.name, w.Code, l.stops, w.Header())
		}
	}
}

// The page offers what the message was about, then what comes the same way, then
// everything; what is stopped already is not offered again.
func TestUnsubscribe_offersTheNarrowestFirst(t *testing.T) {
	t.Parallel()
	tests := []struct {
		target, body string
		stop         page.Stop
		then         string // what the answer still offers, in order
	}{
		{"/u/topic", "", "", "own channel all choose"},
		{"/u/good", "", "", "own all choose"},
		{"/u/topic", "List-Unsubscribe=One-Click", page.StopOwn, "channel all choose"},
		{"/u/good", "List-Unsubscribe=One-Click", page.StopOwn, "all choose"},
		{"/u/topic", "List-Unsubscribe=One-Click&what=channel", page.StopChannel, "all choose"},
		{"/u/topic", "List-Unsubscribe=One-Click&what=all", page.StopAll, "choose"},
	}
	offers := regexp.MustCompile(`<button( class="[a-z]+" name="what" value="([a-z]+)")?>`)
	for _, test := range tests {
		l := &ways{}
		method := "POST"
		if test.body == "" {
			method = "GET"
		}
		w := ask(serve(l, nil), method, test.target, form, test.body)
		var got []string
		for _, m := range offers.FindAllStringSubmatch(w.Body.String(), -1) {
			got = append(got, cmp.Or(m[2], "own"))
		}
		if w.Code != 200 || strings.Join(got, " ") != test.then || method == "POST" && (len(l.what) != 1 || l.what[0] != test.stop) {
			t.Errorf("%s %s: %d, stopped %q, then offers %q", test.target, test.body, w.Code, l.what, got)
		}
	}
	l := &ways{}
	if w := ask(serve(l, nil), "POST", "/u/topic", form, "List-Unsubscribe=One-Click&what=choose"); w.Code != http.StatusSeeOther || l.stops != 0 {
		t.Errorf("choosing: %d, %d stops", w.Code, l.stops)
	}
	if w := ask(serve(l, nil), "POST", "/u/topic", form, "List-Unsubscribe=One-Click&what=everything"); w.Code != http.StatusBadRequest || l.stops != 0 {
		t.Errorf("another word: %d, %d stops", w.Code, l.stops)
	}
}

func TestUnsubscribe_whenItCannotBeKept(t *testing.T) {
	t.Parallel()
	press := func(err error) int {
		return ask(serve(&ways{err: err}, nil), "POST", "/u/good", form, "List-Unsubscribe=One-Click").Code
	}
	if got := press(errors.New("disk")); got != 503 {
		t.Errorf("a failure is answered %d, as if it were done", got)
	}
	if got := press(gate.ErrNobody); got != 200 {
		t.Errorf("somebody who was erased is answered %d", got)
	}
}

func TestUnsubscribe_machinesThatPress(t *testing.T) {
	t.Parallel()
	l := &ways{}
	h := serve(l, nil)
	var last *httptest.ResponseRecorder
	for range 11 {
		last = ask(h, "POST", "/u/good", form, "List-Unsubscribe=One-Click")
	}
	if last.Code != 429 || last.Header().Get("Retry-After") == "" || l.stops != 10 {
		t.Errorf("%d after %d stops", last.Code, l.stops)
	}
}

// TestUnsubscribe_badTokensLookAlike compares whole answers.
func TestUnsubscribe_badTokensLookAlike(t *testing.T) {
	t.Parallel()
	answers := map[string]bool{}
	for _, token := range []string{"bad", "x", strings.Repeat("A", 3000), "%00", "..%2f", "good2", "eyJhbGciOiJub25lIn0.e30."} {
		for _, method := range []string{"GET", "POST"} {
			w := ask(serve(&ways{}, nil), method, "/u/"+token, form, "List-Unsubscribe=One-Click")
			w.Header().Del("X-Request-Id")
			answers[http.StatusText(w.Code)+w.Header().Get("Content-Type")+w.Body.String()] = true
		}
	}
	if len(answers) != 1 {
		t.Errorf("%d different answers", len(answers))
	}
}

// TestPages_areCleanAndStrict reads every page as a browser does.
func TestPages_areCleanAndStrict(t *testing.T) {
	t.Parallel()
	h, far := serve(&ways{}, delivery.NewOutbox()), serve(&ways{}, nil)
	for name, w := range map[string]*httptest.ResponseRecorder{
		"leave":  ask(h, "GET", "/u/good", "", ""),
		"left":   ask(h, "POST", "/u/good", form, "List-Unsubscribe=One-Click"),
		"link":   ask(h, "GET", "/u/bad", "", ""),
		"outbox": ask(h, "GET", "/", "", ""),
		"server": ask(far, "GET", "/", "", ""),
	} {
		body := w.Body.String()
		head := w.Header()
		if head.Get("Content-Type") != "text/html; charset=utf-8" || head.Get("Cache-Control") != "no-store" || head.Get("Referrer-Policy") != "no-referrer" || head.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s: headers %v", name, head)
		}
		for _, want := range []string{"default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'"} {
			if csp := head.Get("Content-Security-Policy"); !strings.Contains(csp, want) || strings.Contains(csp, "script") || strings.Contains(csp, "unsafe") {
				t.Errorf("%s: %s", name, csp)
			}
		}
		for _, want := range []string{`<!doctype html>`, `<html lang="en" dir="ltr">`, `name="viewport"`, `<title>`, `<h1>`, `<main`} {
			if !strings.Contains(body, want) {
				t.Errorf("%s has no %s", name, want)
			}
		}
		if regexp.MustCompile(`(?i)<script|javascript:|\son\w+=|style=|https?://`).MatchString(body) {
			t.Errorf("%s runs, styles or calls something:\n%s", name, body)
		}
		closed(t, name, body)
	}
}

// closed checks that every element is closed where it should be.
func closed(t *testing.T, name, body string) {
	t.Helper()
	void := map[string]bool{"meta": true, "link": true, "input": true, "br": true}
	var stack []string
	for z := html.NewTokenizer(strings.NewReader(body)); ; {
		switch z.Next() {
		case html.ErrorToken:
			if len(stack) > 0 {
				t.Errorf("%s leaves %v open", name, stack)
			}
			return
		case html.StartTagToken:
			if tag, _ := z.TagName(); !void[string(tag)] {
				stack = append(stack, string(tag))
			}
		case html.EndTagToken:
			tag, _ := z.TagName()
			if len(stack) == 0 || stack[len(stack)-1] != string(tag) {
				t.Errorf("%s closes %s in %v", name, tag, stack)
				return
			}
			stack = stack[:len(stack)-1]
		case html.TextToken, html.SelfClosingTagToken, html.CommentToken, html.DoctypeToken:
		}
	}
}

// TestHome_onlyNear keeps the outbox from everybody but the machine itself.
func TestHome_onlyNear(t *testing.T) {
	t.Parallel()
	h := serve(&ways{}, delivery.NewOutbox())
	tests := []struct {
		from, host, forwarded string
		near                  bool
	}{
		{"127.0.0.1:1", "127.0.0.1:8480", "", true},
		{"[::1]:1", "[::1]:8480", "", true},
		{"127.0.0.1:1", "localhost:8480", "", true},
		{"172.17.0.1:1", "172.17.0.2:8480", "", true},
		{"127.0.0.1:1", "rebound.example", "", false},
		{"203.0.113.9:1", "203.0.113.1:8480", "", false},
		{"127.0.0.1:1", "127.0.0.1", "203.0.113.9", false},
	}
	for _, test := range tests {
		for _, target := range []string{"/", "/outbox/1", "/outbox/1/html"} {
			r := httptest.NewRequest("GET", target, nil)
			r.RemoteAddr, r.Host = test.from, test.host
			if test.forwarded != "" {
				r.Header.Set("X-Forwarded-For", test.forwarded)
			}
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			if target == "/" && strings.Contains(w.Body.String(), "Outbox") != test.near {
				t.Errorf("%+v: shown is %v", test, !test.near)
			}
			if target != "/" && w.Code != 404 {
				t.Errorf("%+v %s: %d", test, target, w.Code)
			}
		}
	}
	if w := ask(h, "GET", "/", "", ""); !strings.Contains(w.Body.String(), "heed tail") || !strings.Contains(w.Body.String(), "Nothing has been sent yet.") {
		t.Errorf("%s", w.Body)
	}
	if w := ask(h, "GET", "/page.css", "", ""); w.Code != 200 || !strings.Contains(w.Body.String(), "prefers-color-scheme: dark") {
		t.Errorf("the style: %d", w.Code)
	}
}
