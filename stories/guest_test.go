package stories_test

import (
	"fmt"
	"html"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"strings"
	"testing"
)

// guest is somebody with a browser that runs no script, on their own pages.
type guest struct {
	t       *testing.T
	shop    *shop
	browser *http.Client
	page    string // what it shows
	status  int
	at      string
}

// comes opens a page.
func (s *shop) comes(t *testing.T) *guest {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &guest{t: t, shop: s, browser: &http.Client{Jar: jar}}
}

// open follows a path to whatever page it leads to.
func (g *guest) open(path string) {
	g.t.Helper()
	r, err := http.NewRequest(http.MethodGet, g.shop.url+path, nil)
	if err != nil {
		g.t.Fatal(err)
	}
	g.do(r)
}

// send sends a form as the page that is open does.
func (g *guest) send(action string, fields ...string) {
	g.t.Helper()
	form := url.Values{}
	if m := csrf.FindStringSubmatch(g.page); m != nil {
		form.Set("csrf", m[1])
	}
	for i := 0; i < len(fields); i += 2 {
		form.Set(fields[i], fields[i+1])
	}
	r, err := http.NewRequest(http.MethodPost, g.shop.url+action, strings.NewReader(form.Encode()))
	if err != nil {
		g.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Origin", g.shop.url)
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	g.do(r)
}

var csrf = regexp.MustCompile(`name="csrf" value="([^"]+)"`)

func (g *guest) do(r *http.Request) {
	g.t.Helper()
	answer, err := g.browser.Do(r)
	if err != nil {
		g.t.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		g.t.Fatal(err)
	}
	g.page, g.status, g.at = html.UnescapeString(string(body)), answer.StatusCode, answer.Request.URL.Path
}

var sixDigits = regexp.MustCompile(`\b(\d{3,4}) (\d{3,4})\b`)

// signIn gives a code that came by mail, on whatever page asked for it.
func (g *guest) signIn(address string) {
	g.t.Helper()
	before := len(g.shop.mailsTo(address))
	g.send("/me/code", "address", address, "next", g.hidden("next"))
	wait(g.t, "a code by mail", func() bool { return len(g.shop.mailsTo(address)) > before })
	mails := g.shop.mailsTo(address)
	m := sixDigits.FindStringSubmatch(mails[len(mails)-1])
	if m == nil {
		g.t.Fatalf("no code in %s", mails[len(mails)-1])
	}
	g.send("/me/code", "try", g.hidden("try"), "next", g.hidden("next"), "address", address, "code", m[1]+m[2])
	if g.status != http.StatusOK || strings.HasPrefix(g.at, "/me/code") {
		g.t.Fatalf("the code led to %d %s\n%s", g.status, g.at, g.page)
	}
}

// hidden is the value of a hidden field of the page.
func (g *guest) hidden(name string) string {
	m := regexp.MustCompile(fmt.Sprintf(`name="%s" value="([^"]*)"`, name)).FindStringSubmatch(g.page)
	if m == nil {
		return ""
	}
	return m[1]
}

// reads fails unless the page says all of it.
func (g *guest) reads(words ...string) {
	g.t.Helper()
	for _, w := range words {
		if !strings.Contains(g.page, w) {
			_, main, _ := strings.Cut(g.page, "<main")
			main, _, _ = strings.Cut(main, "</main>")
			g.t.Errorf("%s (%d) does not say %q:\n<main%s", g.at, g.status, w, main)
			return
		}
	}
}

// readsNot fails when the page says any of it.
func (g *guest) readsNot(words ...string) {
	g.t.Helper()
	for _, w := range words {
		if strings.Contains(g.page, w) {
			g.t.Errorf("%s says %q", g.at, w)
		}
	}
}
