package door

import (
	"context"
	"embed"
	"net/http"
	"strings"

	"github.com/heed-platform/heed/internal/account/access"
	"github.com/heed-platform/heed/internal/clock"
	"github.com/heed-platform/heed/internal/reach/delivery"
	"github.com/heed-platform/heed/internal/web"
	"github.com/heed-platform/heed/internal/web/page/look"
)

// Desk is what the door asks of account/access. *access.Desk is one.
type Desk interface {
	Ask(ctx context.Context, address, language string) (try string, err error)
	Give(ctx context.Context, try, code string) (secret string, v access.Visitor, err error)
	Visitor(ctx context.Context, secret string) (access.Visitor, error)
	Read(token string) (delivery.Enter, error)
	Exchange(ctx context.Context, token string) (secret string, v access.Visitor, page string, err error)
	Follow(ctx context.Context, token string) (secret string, v access.Visitor, err error)
	End(ctx context.Context, secret string) error
	EndAll(ctx context.Context, v access.Visitor) error
}

// Deps is what the door stands on.
type Deps struct {
	Desk      Desk
	Look      *look.Look
	Clock     clock.Clock
	PublicURL func() string // how the world reaches us; says whether cookies travel by TLS
	Login     *Login        // the brand's own sign-in; nil where it has none
	Bursts    *Bursts
}

// Door is the way in to every page behind it.
type Door struct {
	Deps

	asks, gives *web.Limiter // by where they come from
}

// New hangs a door. From one place ten codes may be asked for at once and one a
// minute afterwards; tries to give one, thirty and one every two seconds.
func New(d Deps) *Door {
	return &Door{Deps: d, asks: web.NewLimiter(1./60, 10), gives: web.NewLimiter(.5, 30)}
}

//go:embed html/*.html
var files embed.FS

var pages = look.Parse(files) //nolint:gochecknoglobals // a table that nothing writes to

// Home is where somebody begins who did not come for a certain page.
const Home = "/me/preferences"

// Routes adds the door's own pages.
func (d *Door) Routes(mux *http.ServeMux) {
	mux.Handle("/me", d.only(d.home, http.MethodGet))
	mux.Handle("/me/{$}", d.only(d.home, http.MethodGet))
	mux.Handle("/me/code", d.only(d.code, http.MethodGet, http.MethodPost))
	mux.Handle("/me/enter/{token}", d.only(d.enter, http.MethodGet, http.MethodPost))
	mux.Handle("/me/out", d.only(d.out, http.MethodGet, http.MethodPost))
	if d.Login != nil {
		mux.Handle("/me/login", d.only(d.login, http.MethodGet))
		mux.Handle(loginBack, d.only(d.back, http.MethodGet))
	}
}

// only serves some methods, and HEAD with GET; errors become pages.
func (d *Door) only(h web.Handler, methods ...string) web.Handler {
	return d.Look.Handle(func(w http.ResponseWriter, r *http.Request) error {
		private(w)
		for _, m := range methods {
			if r.Method == m || r.Method == http.MethodHead && m == http.MethodGet {
				return h(w, r)
			}
		}
		w.Header().Set("Allow", strings.Join(methods, ", "))
		return web.ErrMethod
	})
}

// private keeps a page out of caches, and its address from other sites.
func private(w http.ResponseWriter) {
	h := w.Header()
	h.Set("Cache-Control", "no-store")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Vary", "Cookie, Accept, Accept-Language")
}

func (*Door) home(w http.ResponseWriter, r *http.Request) error {
	http.Redirect(w, r, Home, http.StatusSeeOther)
	return nil
}

// render writes a page of the door's.
func (d *Door) render(w http.ResponseWriter, r *http.Request, status int, p look.Page) error {
	p.Set, p.Narrow = pages, true
	return d.Look.Render(w, r, status, p)
}
