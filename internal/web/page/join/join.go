package join

import (
	"context"
	"embed"
	"net/http"
	"net/url"
	"strings"

	"github.com/heed-platform/heed/internal/clock"
	"github.com/heed-platform/heed/internal/collect/form"
	"github.com/heed-platform/heed/internal/policy/define"
	"github.com/heed-platform/heed/internal/problem"
	"github.com/heed-platform/heed/internal/web"
	"github.com/heed-platform/heed/internal/web/page/look"
	"github.com/heed-platform/heed/internal/web/page/words"
)

// Deps is what the forms stand on.
type Deps struct {
	Look      *look.Look
	Clock     clock.Clock
	PublicURL func() string
	// Form finds a form in one of the languages, else in one that it has.
	Form      func(key string, languages ...string) (form.Form, bool)
	Canonical form.Canonical
	// Carries reports whether messages can leave on a channel.
	Carries func(channel string) bool
	// Post takes answers and returns the channels on which addresses are asked.
	Post func(ctx context.Context, f form.Form, a form.Answers, clerk *form.Clerk) ([]string, error)
	// Waiting is what a link of a message would confirm, and Confirm confirms it.
	Waiting func(ctx context.Context, token string) (Waiting, error)
	Confirm func(ctx context.Context, token string) (Waiting, error)
	Staff   Staff
}

// Waiting is a sign-up whose address has not answered yet.
type Waiting struct {
	Form     string // its id: "newsletter/en"
	Language string
	Mark     string
	Agreed   []string // the labels of the boxes that were ticked
}

//go:embed html/*.html
var files embed.FS

var pages = look.Parse(files) //nolint:gochecknoglobals // a table that nothing writes to

// maxPost bounds what a form may hold.
const maxPost = 64 << 10

// site is the forms with what they remember between requests.
type site struct {
	Deps

	posts  *web.Limiter // by address: a household fills in a few forms
	tokens *web.Limiter // by address: tries to sign in as a clerk
}

// Routes adds the forms to mux.
func Routes(mux *http.ServeMux, d Deps) {
	s := &site{Deps: d, posts: web.NewLimiter(0.1, 20), tokens: web.NewLimiter(0.05, 10)}
	page := func(get, post web.Handler) web.Handler {
		return d.Look.Handle(func(w http.ResponseWriter, r *http.Request) error {
			// With no-referrer a browser hides where a form comes from, from us too.
			w.Header().Set("Referrer-Policy", "same-origin")
			if r.PathValue("token") != "" {
				w.Header().Set("Referrer-Policy", "no-referrer")
			}
			switch {
			case r.Method == http.MethodGet || r.Method == http.MethodHead:
				return get(w, r)
			case r.Method == http.MethodPost && post != nil:
				r.Body = http.MaxBytesReader(w, r.Body, maxPost)
				return post(w, r)
			}
			w.Header().Set("Allow", "GET, HEAD"+map[bool]string{true: ", POST"}[post != nil])
			return web.ErrMethod
		})
	}
	mux.Handle("/join/{form}", s.shared(page(s.show, s.post)))
	mux.Handle("/join/{form}/done", page(s.done, nil))
	mux.Handle("/join/{form}/embed", page(s.embed, nil))
	mux.Handle("/confirm/{token}", page(s.waiting, s.confirm))
	mux.Handle("/clerk", page(s.desk, s.signIn))
	mux.Handle("/clerk/{form}", page(s.clerkShow, s.clerkPost))
	mux.Handle("/clerk/out", page(s.desk, s.signOut))
}

var (
	errForm   = problem.New(problem.NotFound, "form-unknown", "There is no such form here, or no longer.")
	errClosed = problem.New(problem.Unavailable, "form-closed", "The form asks for an address that heed cannot write to; set up the channel that carries the question.")
)

// find is the form of a path that may be filled in at a place, in the language
// that somebody chose or that fits them.
func (s *site) find(r *http.Request, place string, languages ...string) (form.Form, error) {
	f, ok := s.Form(r.PathValue("form"), append(languages, s.Look.Words(r).Tag())...)
	if !ok || !f.In(place) {
		return form.Form{}, errForm
	}
	for _, q := range f.Ask {
		if channel := define.Addresses()[q.Name]; q.Need && channel != "" && !s.Carries(channel) {
			return form.Form{}, errClosed
		}
	}
	return f, nil
}

// say is the language that a form's page is written in.
func say(f form.Form) words.Words { return words.For(f.Language) }

// render writes a page in the form's own language: what stands around a promise
// is read together with it.
func (s *site) render(w http.ResponseWriter, r *http.Request, status int, p look.Page, language string) error {
	p.Set = pages
	if s.Look.Words(r).Tag() != words.For(language).Tag() {
		p.In = language
	}
	return s.Look.Render(w, r, status, p)
}

// show is the empty form.
func (s *site) show(w http.ResponseWriter, r *http.Request) error {
	f, err := s.find(r, define.OnPage)
	if err != nil {
		return err
	}
	return s.fill(w, r, http.StatusOK, f, filled{})
}

// filled is what a form shows besides its questions.
type filled struct {
	raw      map[string]string // what was typed
	mistakes []form.Mistake
	note     string // a key of the words: why it is shown again
	clerk    *Clerk
	proof    string
}

// fill writes a form with what was typed into it.
func (s *site) fill(w http.ResponseWriter, r *http.Request, status int, f form.Form, in filled) error {
	view := s.view(f, in)
	return s.render(w, r, status, look.Page{Name: "form.html", Title: f.Title, Data: view, Faults: view.Faults}, f.Language)
}

// done says what happens next.
func (s *site) done(w http.ResponseWriter, r *http.Request) error {
	f, err := s.find(r, define.OnPage)
	if err != nil {
		return err
	}
	view := doneView{Title: f.Title, Thanks: f.Thanks}
	for c := range strings.SplitSeq(r.URL.Query().Get("asked"), ",") {
		if c == "email" || c == "sms" {
			view.Asked = append(view.Asked, say(f).T("join.asked_"+c))
		}
	}
	return s.render(w, r, http.StatusOK, look.Page{Name: "done.html", Title: f.Title, Data: view, Narrow: true}, f.Language)
}

type doneView struct {
	Title, Thanks string
	Asked         []string // what to do on each channel
}

// post takes a form that was filled in.
func (s *site) post(w http.ResponseWriter, r *http.Request) error {
	if err := r.ParseForm(); err != nil {
		return errPost.Because(err)
	}
	f, err := s.find(r, define.OnPage, r.PostForm.Get("language"))
	if err != nil {
		return err
	}
	in := filled{raw: f.Raw(r.PostForm)}
	switch {
	case !s.from(r, f):
		in.note = "join.note_elsewhere"
		unticked(in.raw)
		return s.refuse(w, r, http.StatusForbidden, f, in, errElsewhere)
	case r.PostForm.Get("mark") != f.Mark():
		in.note = "join.note_changed"
		unticked(in.raw)
		return s.refuse(w, r, http.StatusConflict, f, in, errChanged)
	case !s.posts.Allow(web.Address(r), s.Clock.Now()):
		in.note = "join.note_fast"
		return s.refuse(w, r, http.StatusTooManyRequests, f, in, web.ErrTooFast)
	}
	answers, mistakes := f.Take(r.PostForm, s.Canonical)
	if len(mistakes) > 0 {
		in.mistakes = mistakes
		return s.refuse(w, r, http.StatusUnprocessableEntity, f, in, problemOf(mistakes))
	}
	asked, err := s.Post(r.Context(), f, answers, nil)
	if err != nil {
		_, status := web.Note(r, err)
		in.note = "join.note_later"
		return s.refuse(w, r, status, f, in, err)
	}
	if look.JSON(r) {
		return accepted(w, asked)
	}
	q := url.Values{"lang": {f.Language}}
	if len(asked) > 0 {
		q.Set("asked", strings.Join(asked, ","))
	}
	http.Redirect(w, r, "/join/"+url.PathEscape(f.Key)+"/done?"+q.Encode(), http.StatusSeeOther)
	return nil
}

// refuse shows the form again with everything that was typed, or tells a program
// what is wrong.
func (s *site) refuse(w http.ResponseWriter, r *http.Request, status int, f form.Form, in filled, err error) error {
	if look.JSON(r) {
		return err
	}
	return s.fill(w, r, status, f, in)
}

// unticked takes the ticks out: a yes is given where the promise is read.
func unticked(raw map[string]string) {
	for name := range raw {
		if strings.HasPrefix(name, "yes-") {
			delete(raw, name)
		}
	}
}

// waiting is the page of a link in a message: it says what a press would do.
func (s *site) waiting(w http.ResponseWriter, r *http.Request) error {
	waits, err := s.Waiting(r.Context(), r.PathValue("token"))
	if err != nil {
		return s.noLink(w, r, err)
	}
	view := s.confirming(waits)
	return s.render(w, r, http.StatusOK, look.Page{Name: "confirm.html", Title: view.Title, Data: view, Narrow: true}, waits.Language)
}

// confirm is the press.
func (s *site) confirm(w http.ResponseWriter, r *http.Request) error {
	done, err := s.Confirm(r.Context(), r.PathValue("token"))
	if err != nil {
		return s.noLink(w, r, err)
	}
	view := s.confirming(done)
	return s.render(w, r, http.StatusOK, look.Page{Name: "welcome.html", Title: view.Title, Data: view, Narrow: true}, done.Language)
}

func (s *site) noLink(w http.ResponseWriter, r *http.Request, err error) error {
	if problem.Of(err).Kind == problem.NotFound {
		return s.Look.NoLink(w, r)
	}
	return err
}

type confirmView struct {
	Title, Thanks string
	Shown         define.Notice
	Agreed        []string
}

// confirming reads what a sign-up agreed to. The promise is shown when it is
// still the one that was shown then.
func (s *site) confirming(w Waiting) confirmView {
	key, _, _ := strings.Cut(w.Form, "/")
	view := confirmView{Title: words.For(w.Language).T("join.confirm_title"), Agreed: w.Agreed}
	f, ok := s.Form(key, w.Language)
	if !ok {
		return view
	}
	view.Thanks = f.Thanks
	if w.Mark == f.Mark() {
		view.Shown = f.Shown
	}
	return view
}
