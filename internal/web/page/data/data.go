package data

import (
	"context"
	"embed"
	"net/http"
	"net/url"
	"strings"

	"github.com/heed-platform/heed/internal/account/access"
	"github.com/heed-platform/heed/internal/account/rights"
	"github.com/heed-platform/heed/internal/problem"
	"github.com/heed-platform/heed/internal/web"
	"github.com/heed-platform/heed/internal/web/page/door"
	"github.com/heed-platform/heed/internal/web/page/look"
)

// Deps is what the pages stand on.
type Deps struct {
	Look *look.Look
	With func(access.Scope, door.Page) web.Handler
	Mine Mine
	Why  Why
}

// Mine is a person's own data, and what they may do about it. A change is in
// force when its call returns.
type Mine interface {
	Own(ctx context.Context, v access.Visitor) (rights.Mine, error)
	Download(ctx context.Context, v access.Visitor) (rights.Exported, error)
	// Correct sets an attribute to what was typed; "" removes it.
	Correct(ctx context.Context, v access.Visitor, name, typed string) error
	Guess(ctx context.Context, v access.Visitor, on bool) error
	// Apart says that an identifier is somebody else's.
	Apart(ctx context.Context, v access.Visitor, fragment string) error
	Receivers(ctx context.Context, v access.Visitor) ([]rights.Receiver, error)
	Object(ctx context.Context, v access.Visitor, recipient, language string) error
}

//go:embed html/*.html copy/*.html
var files embed.FS

var pages = look.Parse(files) //nolint:gochecknoglobals // a table that nothing writes to

// Routes adds the pages.
func Routes(mux *http.ServeMux, d Deps) {
	full := func(path string, page door.Page, methods ...string) {
		mux.Handle(path, only(d.With(access.Full, page), methods...))
	}
	full("/me/data", d.data, http.MethodGet)
	full("/me/data/correct", d.correct, http.MethodPost)
	full("/me/data/remove", d.remove, http.MethodPost)
	full("/me/data/guesses", d.guesses, http.MethodPost)
	full("/me/data/apart", d.apart, http.MethodPost)
	full("/me/data/download", d.download, http.MethodPost)
	full("/me/recipients", d.recipients, http.MethodGet)
	full("/me/recipients/object", d.object, http.MethodPost)
	mux.Handle("/me/why/{decision}", only(d.With(access.Lower, d.why), http.MethodGet, http.MethodPost))
	mux.Handle("/why/{token}", only(d.Look.Handle(d.link), http.MethodGet, http.MethodPost))
}

func only(h web.Handler, methods ...string) web.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		for _, m := range methods {
			if r.Method == m || r.Method == http.MethodHead && m == http.MethodGet {
				return h(w, r)
			}
		}
		w.Header().Set("Allow", strings.Join(methods, ", "))
		return web.ErrMethod
	}
}

// dataPage is what data.html shows.
type dataPage struct {
	rights.Mine

	CSRF     string
	Done     string // the key of what was just done
	Fault    string // the attribute that could not be corrected
	Typed    string // what was typed there
	Sections []section
}

// section is one heading of the page, with what stands under it.
type section struct {
	Key  string
	Held []rights.Held
	Page *dataPage
}

func (d Deps) data(w http.ResponseWriter, r *http.Request, v access.Visitor) error {
	done := r.URL.Query().Get("done")
	switch done {
	case "changed", "removed", "apart", "guesses_off", "guesses_on":
	default:
		done = ""
	}
	return d.show(w, r, v, http.StatusOK, dataPage{Done: done})
}

func (d Deps) show(w http.ResponseWriter, r *http.Request, v access.Visitor, status int, p dataPage) error {
	mine, err := d.Mine.Own(r.Context(), v)
	if err != nil {
		return err
	}
	if look.JSON(r) {
		return reply(w, mine)
	}
	p.Mine, p.CSRF = mine, door.Field(v)
	for _, s := range []section{{"said", mine.Said, &p}, {"seen", mine.Seen, &p}, {"guessed", mine.Guessed, &p}, {"bought", mine.Bought, &p}} {
		if len(s.Held) > 0 {
			p.Sections = append(p.Sections, s)
		}
	}
	say := d.Look.Words(r)
	page := look.Page{Set: pages, Name: "data.html", Title: say.T("data.title"), Data: &p, Here: "/me/data", Inside: true, CSRF: p.CSRF}
	if p.Fault != "" {
		page.Faults = []look.Fault{{Field: p.Fault, Text: say.T("data.unfit")}}
	}
	return d.Look.Render(w, r, status, page)
}

// correct sets a value to what is right. What does not fit is shown again with
// what was typed.
func (d Deps) correct(w http.ResponseWriter, r *http.Request, v access.Visitor) error {
	name, typed := r.PostForm.Get("name"), strings.TrimSpace(r.PostForm.Get("value"))
	if typed == "" {
		return d.show(w, r, v, http.StatusBadRequest, dataPage{Fault: name})
	}
	err := d.Mine.Correct(r.Context(), v, name, typed)
	if err != nil && problem.Of(err).Kind == problem.Invalid && !look.JSON(r) {
		return d.show(w, r, v, http.StatusBadRequest, dataPage{Fault: name, Typed: typed})
	}
	return d.back(w, r, err, "changed")
}

func (d Deps) remove(w http.ResponseWriter, r *http.Request, v access.Visitor) error {
	return d.back(w, r, d.Mine.Correct(r.Context(), v, r.PostForm.Get("name"), ""), "removed")
}

func (d Deps) guesses(w http.ResponseWriter, r *http.Request, v access.Visitor) error {
	on := r.PostForm.Get("guesses") == "on"
	done := map[bool]string{true: "guesses_on", false: "guesses_off"}[on]
	return d.back(w, r, d.Mine.Guess(r.Context(), v, on), done)
}

func (d Deps) apart(w http.ResponseWriter, r *http.Request, v access.Visitor) error {
	return d.back(w, r, d.Mine.Apart(r.Context(), v, r.PostForm.Get("identifier")), "apart")
}

// back leads to the page again, so that loading it anew sends nothing twice.
func (Deps) back(w http.ResponseWriter, r *http.Request, err error, done string) error {
	if err != nil {
		return err
	}
	if look.JSON(r) {
		return reply(w, struct {
			Done string `json:"done"`
		}{done})
	}
	http.Redirect(w, r, "/me/data?done="+url.QueryEscape(done), http.StatusSeeOther)
	return nil
}
