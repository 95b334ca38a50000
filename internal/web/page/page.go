package page

import (
	"bytes"
	"embed"
	"html/template"
	"net/http"
	"strconv"

	"github.com/heed-platform/heed/internal/clock"
	"github.com/heed-platform/heed/internal/reach/delivery"
	"github.com/heed-platform/heed/internal/web"
)

// Deps is what the pages stand on.
type Deps struct {
	Clock  clock.Clock
	Links  Links
	Outbox func() *delivery.Outbox // nil when messages really leave
	Try    []Try                   // what to try next, for whoever reads the outbox
}

// Try is one thing to try next.
type Try struct {
	Command string // for a terminal; "" for none
	About   string // a sentence
}

//go:embed html/*.html page.css
var files embed.FS

var pages = template.Must(template.ParseFS(files, "html/*.html")) //nolint:gochecknoglobals // a table that nothing writes to

// Routes adds the pages to mux.
func Routes(mux *http.ServeMux, d Deps) {
	mux.Handle("/page.css", look(style))
	// One person presses a few times; more than once a second is a machine.
	presses := web.NewLimiter(1, 10)
	out := web.Handler(func(w http.ResponseWriter, r *http.Request) error { return d.out(w, r, presses) })
	mux.Handle("/u/{token}", out)
	mux.Handle("/u/{token}/{$}", out)
	mux.Handle("/why/{token}", look(d.why))
	mux.Handle("/{$}", look(d.home))
	mux.Handle("/outbox/{number}", look(d.message))
	mux.Handle("/outbox/{number}/html", look(d.body))
}

// look serves GET and HEAD.
func look(h web.Handler) web.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			w.Header().Set("Allow", "GET, HEAD")
			return web.ErrMethod
		}
		return h(w, r)
	}
}

// allowed is what a page may do: show our own style, frame our own messages, send
// its own form. No script, from nowhere.
const allowed = "default-src 'none'; style-src 'self'; frame-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

// render writes a page whole or not at all.
func render(w http.ResponseWriter, status int, name string, data any) error {
	var b bytes.Buffer
	if err := pages.ExecuteTemplate(&b, name, data); err != nil {
		return err
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", allowed)
	h.Set("Cache-Control", "no-store")
	h.Set("X-Robots-Tag", "noindex")
	h.Set("Content-Length", strconv.Itoa(b.Len()))
	w.WriteHeader(status)
	_, err := b.WriteTo(w)
	return err
}

func style(w http.ResponseWriter, _ *http.Request) error {
	css, err := files.ReadFile("page.css")
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "text/css; charset=utf-8")
	w.Header().Set("Cache-Control", "public, max-age=3600")
	_, err = w.Write(css)
	return err
}
