package look

import (
	"bytes"
	"html/template"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/heed-platform/heed/internal/policy/define"
	"github.com/heed-platform/heed/internal/web/page/words"
)

// Look is how the pages of one brand look.
type Look struct {
	brand func() define.Brand
	own   *Set // the pages for errors
	press *press
}

// New makes the look of whoever brand says is in force.
func New(brand func() define.Brand) *Look {
	return &Look{brand: brand, own: Parse(files), press: &press{ready: map[edition]*template.Template{}}}
}

// Page is what Render writes.
type Page struct {
	Set   *Set
	Name  string // the template of Set that writes what stands in <main>
	Title string // in <title>; the template writes its own <h1>
	Data  any    // the template's dot

	Faults []Fault // what was wrong with a form: a summary with links stands above everything
	Here   string  // the address of the section this page belongs to: "/me/data"
	Inside bool    // the reader is signed in: show the sections
	CSRF   string  // field value for the way out; "" shows none
	Narrow bool    // one short text in the middle: a card
	In     string  // the only language it is written in; "" is the reader's
	Wide   bool    // tables and two columns
	Frame  bool    // may show our own pages in a frame
}

// frame is what layout.html is given.
type frame struct {
	Page

	Main      template.HTML
	Brand     define.Brand
	Style     string
	Languages []words.Words
	Query     func(lang string) string
	Sections  []Section
}

// Section is one of a person's own pages.
type Section struct {
	Name string // key of its name in words
	Path string
}

var sections = []Section{
	{"common.preferences", "/me/preferences"}, {"common.data", "/me/data"}, {"common.recipients", "/me/recipients"}, {"common.rights", "/me/rights"},
}

// allowed is what a page may do: show our own style, send its own form. No
// script, from nowhere.
const (
	allowed = "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
	framing = allowed + "; frame-src 'self'"
)

// Render writes a page whole or not at all, in the language of whoever asked.
func (l *Look) Render(w http.ResponseWriter, r *http.Request, status int, p Page) error {
	say := l.Words(r)
	if p.In != "" {
		say = words.For(p.In)
	}
	brand := l.brand()
	f := frame{
		Page: p, Brand: brand, Style: stylePath(brand), Languages: words.All(), Sections: sections,
		Query: func(lang string) string { return query(r, lang) },
	}
	var b bytes.Buffer
	if err := l.press.write(&b, say, f); err != nil {
		return err
	}
	l.keepLanguage(w, r)
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Language", say.Tag())
	h.Set("Content-Security-Policy", allowed)
	if p.Frame {
		h.Set("Content-Security-Policy", framing)
	}
	h.Set("Cache-Control", "no-store")
	h.Set("X-Robots-Tag", "noindex")
	h.Set("Content-Length", strconv.Itoa(b.Len()))
	w.WriteHeader(status)
	if r.Method == http.MethodHead {
		return nil
	}
	_, err := b.WriteTo(w)
	return err
}

// query is the page's own address in another language.
func query(r *http.Request, lang string) string {
	q := r.URL.Query()
	q.Set("lang", lang)
	return "?" + q.Encode()
}

// Words is the language to answer r in, in the brand's time zone: the one that
// the address names (?lang=), that was chosen before, that the person set
// (Prefer), that the browser asks for, the brand's.
func (l *Look) Words(r *http.Request) words.Words {
	brand := l.brand()
	chosen := ""
	if c, err := r.Cookie(cookie); err == nil {
		chosen = c.Value
	}
	say := words.For(r.URL.Query().Get("lang"), chosen, preferred(r), words.Accepted(r.Header.Get("Accept-Language")), brand.Language)
	if zone, err := time.LoadLocation(brand.Zone); err == nil {
		say = say.In(zone)
	}
	return say
}

// cookie holds a language that was chosen by hand, until the browser closes. It
// says nothing else, so it stands without asking.
const cookie = "heed-lang"

func (l *Look) keepLanguage(w http.ResponseWriter, r *http.Request) {
	lang := r.URL.Query().Get("lang")
	if !words.Speaks(lang) {
		return
	}
	http.SetCookie(w, &http.Cookie{ //nolint:gosec // a language is no secret; Secure would lose it on a plain address
		Name: cookie, Value: words.For(lang).Tag(), Path: "/", HttpOnly: true, SameSite: http.SameSiteLaxMode,
	})
}

// Clean is the address of r without the language in it, for going back to after
// a form was kept.
func Clean(r *http.Request) string {
	q := r.URL.Query()
	q.Del("lang")
	u := url.URL{Path: r.URL.Path, RawQuery: q.Encode()}
	return u.String()
}
