package door

import (
	"crypto/subtle"
	"errors"
	"net/http"
	"net/url"
	"strings"

	"github.com/heed-platform/heed/internal/account/access"
	"github.com/heed-platform/heed/internal/problem"
	"github.com/heed-platform/heed/internal/web"
	"github.com/heed-platform/heed/internal/web/page/look"
)

// FieldName is the name of the input that carries Field in every form.
const FieldName = "csrf"

// HeaderName carries Field in requests of programs.
const HeaderName = "X-Heed-Form"

// maxForm bounds what a form of ours may hold.
const maxForm = 64 << 10

// Page is a page for a visitor who has come far enough.
type Page func(w http.ResponseWriter, r *http.Request, v access.Visitor) error

// Field is what a form of the visitor's session carries in the input FieldName.
func Field(v access.Visitor) string { return v.Form }

var (
	errSite = problem.New(problem.Forbidden, "form-from-elsewhere", "This form was sent by another site or by a page that is too old; open the page again and send it from there.")
	errForm = problem.New(problem.Invalid, "form-unreadable", "The form cannot be read, or holds more than a page of ours asks for.")
)

// With is a page that needs a visitor of at least this scope. Whoever has not
// come that far is asked for a code first and brought back, with the form that
// they had filled in. What changes something must come from a page of this very
// session.
func (d *Door) With(scope access.Scope, page Page) web.Handler {
	return d.Look.Handle(func(w http.ResponseWriter, r *http.Request) error {
		private(w)
		safe := r.Method == http.MethodGet || r.Method == http.MethodHead
		sure := false
		if !safe {
			var err error
			if sure, err = d.ours(r); err != nil {
				return err
			}
			if err := read(w, r); err != nil {
				return err
			}
		}
		v, err := d.visitor(r)
		switch {
		case errors.Is(err, access.ErrNobody) || err == nil && v.Scope < scope:
			return d.ask(w, r, look.Clean(r))
		case err != nil:
			return err
		case !safe && !carries(r, v) && sure && !isJSON(r):
			return d.goOn(w, r, v, r.URL.RequestURI(), r.PostForm) // a page from before they came in again
		case !safe && !carries(r, v):
			return errSite
		}
		return page(w, r, v)
	})
}

// Again asks a visitor for a code once more, before something that cannot be
// undone, and brings them back to next with the form that they had filled in.
func (d *Door) Again(w http.ResponseWriter, r *http.Request, next string) error {
	return d.ask(w, r, next)
}

// ours refuses requests that another site made a browser send. It is sure when
// the browser says that it was a page of ours; programs and very old browsers say
// nothing.
func (d *Door) ours(r *http.Request) (sure bool, err error) {
	switch r.Header.Get("Sec-Fetch-Site") {
	case "same-origin":
		return true, nil
	case "none":
		return false, nil
	case "":
	default:
		return false, errSite
	}
	origin := r.Header.Get("Origin")
	if origin == "" {
		return false, nil
	}
	if u, err := url.Parse(origin); origin == d.PublicURL() || err == nil && u.Host != "" && u.Host == r.Host {
		return true, nil
	}
	return false, errSite
}

// read takes the form of a request; the JSON of programs is left to the page.
func read(w http.ResponseWriter, r *http.Request) error {
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	if isJSON(r) {
		return nil
	}
	if err := r.ParseForm(); err != nil {
		return errForm.Because(err)
	}
	return nil
}

// isJSON reports whether a request brings JSON.
func isJSON(r *http.Request) bool {
	return strings.HasPrefix(r.Header.Get("Content-Type"), "application/json")
}

// carries reports whether a request names the session it belongs to: in the
// form, or for programs in a header that no other site can set.
func carries(r *http.Request, v access.Visitor) bool {
	given := r.PostForm.Get(FieldName)
	if given == "" {
		given = r.Header.Get(HeaderName)
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

// cookie is the name of the cookie that holds the session's secret. The prefix
// makes browsers keep it to this very host and to TLS.
func (d *Door) cookie() string { return d.named("heed") }

func (d *Door) named(name string) string {
	if d.secure() {
		return "__Host-" + name
	}
	return name
}

// keep gives the browser a secret until it closes; "" takes it away.
func (d *Door) keep(w http.ResponseWriter, name, secret string) {
	c := &http.Cookie{ //nolint:gosec // without TLS only on this machine
		Name: name, Value: secret, Path: "/", Secure: d.secure(), HttpOnly: true, SameSite: http.SameSiteLaxMode,
	}
	if secret == "" {
		c.MaxAge = -1
	}
	http.SetCookie(w, c)
}

// letIn gives the browser the secret of a new session and ends the one that it
// had: a secret from before never becomes one that opens more.
func (d *Door) letIn(w http.ResponseWriter, r *http.Request, secret string) error {
	if c, err := r.Cookie(d.cookie()); err == nil && c.Value != "" {
		if err := d.Desk.End(r.Context(), c.Value); err != nil {
			return err
		}
	}
	d.keep(w, d.cookie(), secret)
	return nil
}

// Inside is where next leads, if that is one of a person's own pages.
func inside(next string) string {
	u, err := url.Parse(next)
	if err != nil || u.Scheme != "" || u.Host != "" || u.User != nil || !strings.HasPrefix(u.Path, "/me/") ||
		strings.ContainsAny(next, "\\\r\n\t") || strings.Contains(u.Path, "//") || strings.Contains(u.Path, "..") {
		return Home
	}
	return u.RequestURI()
}
