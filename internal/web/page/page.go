package page

import (
	"embed"
	"net/http"

	"github.com/heed-platform/heed/internal/clock"
	"github.com/heed-platform/heed/internal/reach/delivery"
	"github.com/heed-platform/heed/internal/web"
	"github.com/heed-platform/heed/internal/web/page/look"
)

// Deps is what the pages stand on.
type Deps struct {
	Clock  clock.Clock
	Look   *look.Look
	Links  Links
	Outbox func() *delivery.Outbox // nil when messages really leave
	Try    []Try                   // what to try next, for whoever reads the outbox
	Areas  []func(*http.ServeMux)  // the Routes of the packages below this one

	// Follow lets the holder of a link to stop into their preferences.
	Follow func(w http.ResponseWriter, r *http.Request, token string) error
	// Looked notes that somebody looked at a link about who.
	Looked func(r *http.Request, who, token string)
}

// Try is one thing to try next.
type Try struct {
	Command string // for a terminal; "" for none
	About   string // a sentence
}

//go:embed html/*.html
var files embed.FS

var pages = look.Parse(files) //nolint:gochecknoglobals // a table that nothing writes to

// Routes adds the pages to mux.
func Routes(mux *http.ServeMux, d Deps) {
	mux.Handle("/page.css", get(d.Look.Style))
	// One person presses a few times; more than once a second is a machine.
	presses := web.NewLimiter(1, 10)
	out := web.Handler(func(w http.ResponseWriter, r *http.Request) error { return d.out(w, r, presses) })
	mux.Handle("/u/{token}", out)
	mux.Handle("/u/{token}/{$}", out)
	mux.Handle("/{$}", get(d.home))
	mux.Handle("/outbox/{number}", get(d.message))
	mux.Handle("/outbox/{number}/html", get(d.body))
	for _, area := range d.Areas {
		area(mux)
	}
}

// get serves GET and HEAD.
func get(h web.Handler) web.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			w.Header().Set("Allow", "GET, HEAD")
			return web.ErrMethod
		}
		return h(w, r)
	}
}

// render writes a page of the set.
func (d Deps) render(w http.ResponseWriter, r *http.Request, p look.Page) error {
	p.Set = pages
	return d.Look.Render(w, r, http.StatusOK, p)
}
