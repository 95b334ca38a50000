package door

import (
	"context"
	"crypto/subtle"
	"errors"
	"net/http"
	"net/url"
	"strings"

	"github.com/heed-platform/heed/internal/account/access"
	"github.com/heed-platform/heed/internal/problem"
	"github.com/heed-platform/heed/internal/web"
)

// FieldName is the name of the input that carries Field in every form.
const FieldName = "csrf"

// maxForm bounds what a form of ours may hold.
const maxForm = 64 << 10

// Desk is what the door asks of account/access.
type Desk interface {
	Visitor(ctx context.Context, secret string) (access.Visitor, error)
}

// Deps is what the door stands on.
type Deps struct {
	Desk      Desk
	PublicURL func() string // how the world reaches us; says whether cookies travel by TLS
}

// Door is the way in to every page behind it.
type Door struct {
	Deps

	site *http.CrossOriginProtection
}

// New hangs a door.
func New(d Deps) *Door { return &Door{Deps: d, site: http.NewCrossOriginProtection()} }

// Page is a page for a visitor who has come far enough.
type Page func(w http.ResponseWriter, r *http.Request, v access.Visitor) error

// Field is what a form of the visitor's session carries in the input FieldName.
func Field(v access.Visitor) string { return v.Form }

var (
	errSite = problem.New(problem.Forbidden, "form-from-elsewhere", "This form was sent by another site or by a page that is too old; open the page again and send it from there.")
	errForm = problem.New(problem.TooLarge, "form-too-large", "The form holds more than a page of ours asks for.")
)

// With is a page that needs a visitor of at least this scope. Whoever has not
// come that far is asked for a code first and brought back. A request that
// changes something must come from a page of this very session.
func (d *Door) With(scope access.Scope, page Page) web.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		private(w)
		safe := r.Method == http.MethodGet || r.Method == http.MethodHead
		if !safe {
			if err := d.own(w, r); err != nil {
				return err
			}
		}
		v, err := d.visitor(r)
		if errors.Is(err, access.ErrNobody) || err == nil && v.Scope < scope {
			return d.ask(w, r)
		}
		if err != nil {
			return err
		}
		if !safe && !carries(r, v) {
			return errSite
		}
		return page(w, r, v)
	}
}

// private keeps a page out of caches, and its address from other sites.
func private(w http.ResponseWriter) {
	h := w.Header()
	h.Set("Cache-Control", "no-store")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Vary", "Cookie")
}

// own reads the form of a request that changes something, if this site sent it.
func (d *Door) own(w http.ResponseWriter, r *http.Request) error {
	if err := d.site.Check(r); err != nil {
		return errSite.Because(err)
	}
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	if strings.HasPrefix(r.Header.Get("Content-Type"), "application/json") {
		return nil // its page reads it; the token is in a header
	}
	if err := r.ParseForm(); err != nil {
		return errForm.Because(err)
	}
	return nil
}

// carries reports whether a request names the session it belongs to: in the
// form, or for programs in a header that no other site can set.
func carries(r *http.Request, v access.Visitor) bool {
	given := r.PostForm.Get(FieldName)
	if given == "" {
		given = r.Header.Get("X-Heed-Form")
	}
	return v.Form != "" && subtle.ConstantTimeCompare([]byte(given), []byte(v.Form)) == 1
}

func (d *Door) visitor(r *http.Request) (access.Visitor, error) {
	c, err := r.Cookie(d.cookie())
	if err != nil || c.Value == "" {
		return access.Visitor{}, access.ErrNobody
	}
	return d.Desk.Visitor(r.Context(), c.Value)
}

// secure reports whether the world reaches us by TLS. Without it we run on this
// machine only, for trying out (config.Check).
func (d *Door) secure() bool { return strings.HasPrefix(d.PublicURL(), "https://") }

func (d *Door) cookie() string {
	if d.secure() {
		return "__Host-heed"
	}
	return "heed"
}

// let gives the browser the secret of a session.
func (d *Door) let(w http.ResponseWriter, secret string) {
	http.SetCookie(w, &http.Cookie{ //nolint:gosec // without TLS only on this machine
		Name: d.cookie(), Value: secret, Path: "/", Secure: d.secure(), HttpOnly: true, SameSite: http.SameSiteLaxMode,
	})
}

// ask sends somebody to the page that asks for a code.
func (d *Door) ask(w http.ResponseWriter, r *http.Request) error {
	if wantsJSON(r) {
		return access.ErrNobody
	}
	http.Redirect(w, r, "/me/code?next="+url.QueryEscape(r.URL.RequestURI()), http.StatusSeeOther)
	return nil
}

// wantsJSON reports whether a program asks.
func wantsJSON(r *http.Request) bool {
	return strings.Contains(r.Header.Get("Accept"), "application/json")
}
