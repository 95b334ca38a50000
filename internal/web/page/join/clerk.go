package join

import (
	"context"
	"crypto/subtle"
	"net/http"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/heed-platform/heed/internal/clock"
	"github.com/heed-platform/heed/internal/collect/form"
	"github.com/heed-platform/heed/internal/policy/define"
	"github.com/heed-platform/heed/internal/problem"
	"github.com/heed-platform/heed/internal/web"
	"github.com/heed-platform/heed/internal/web/page/look"
)

// Clerk is a colleague at the till, signed in.
type Clerk struct {
	Name string // of their token
	Form string // what every form of this session carries, so that no other page can send it
}

// Staff lets colleagues in. Errors of kind Unauthenticated or Forbidden ask for
// a token again.
type Staff struct {
	Enter func(ctx context.Context, token string) (secret string, err error)
	Who   func(ctx context.Context, secret string) (Clerk, error)
	Leave func(ctx context.Context, secret string) error
	Forms func() []string // keys of the forms that clerks fill in
}

const maxProof = 60

var errNobody = problem.New(problem.Unauthenticated, "clerk-unknown", "This page is for colleagues at the till; sign in with your token.")

func (s *site) secure() bool { return strings.HasPrefix(s.PublicURL(), "https://") }

func (s *site) cookie() string {
	if s.secure() {
		return "__Host-heed-clerk"
	}
	return "heed-clerk"
}

// clerk is who sits at the till.
func (s *site) clerk(r *http.Request) (Clerk, error) {
	c, err := r.Cookie(s.cookie())
	if err != nil || c.Value == "" {
		return Clerk{}, errNobody
	}
	return s.Staff.Who(r.Context(), c.Value)
}

// behind shows a page to a clerk, and everybody else the way in.
func (s *site) behind(w http.ResponseWriter, r *http.Request, page func(Clerk) error) error {
	by, err := s.clerk(r)
	switch {
	case err == nil:
		return page(by)
	case stranger(err):
		return s.way(w, r, http.StatusOK, "")
	}
	return err
}

// stranger reports whether somebody has to show a token again.
func stranger(err error) bool {
	kind := problem.Of(err).Kind
	return kind == problem.Unauthenticated || kind == problem.Forbidden || kind == problem.NotFound
}

type deskView struct {
	Clerk *Clerk
	Token look.Field
	Forms []define.Form
}

// way is the page that asks for a token.
func (s *site) way(w http.ResponseWriter, r *http.Request, status int, fault string) error {
	t := s.Look.Words(r)
	view := deskView{Token: look.Field{Name: "token", Label: t.T("clerk.token"), Hint: t.T("clerk.token_hint"), Kind: "password", Autocomplete: "current-password", Required: true}}
	p := look.Page{Set: pages, Name: "desk.html", Title: t.T("clerk.title"), Data: view, Narrow: true}
	if fault != "" {
		view.Token.Error = t.T(fault)
		p.Data, p.Faults = view, []look.Fault{{Field: "token", Text: view.Token.Error}}
	}
	return s.Look.Render(w, r, status, p)
}

// desk lists the forms; there is nothing else to see.
func (s *site) desk(w http.ResponseWriter, r *http.Request) error {
	return s.behind(w, r, func(by Clerk) error {
		t := s.Look.Words(r)
		view := deskView{Clerk: &by}
		for _, key := range s.Staff.Forms() {
			if f, ok := s.Form(key, t.Tag()); ok {
				view.Forms = append(view.Forms, f.Form)
			}
		}
		return s.Look.Render(w, r, http.StatusOK, look.Page{Set: pages, Name: "desk.html", Title: t.T("clerk.title"), Data: view, Narrow: true})
	})
}

// signIn takes a token and gives the browser a session for one shift.
func (s *site) signIn(w http.ResponseWriter, r *http.Request) error {
	if !s.sameSite(r) {
		return errElsewhere
	}
	if err := r.ParseForm(); err != nil {
		return errPost.Because(err)
	}
	if !s.tokens.Allow(web.Address(r), s.Clock.Now()) {
		return web.ErrTooFast
	}
	secret, err := s.Staff.Enter(r.Context(), strings.TrimSpace(r.PostForm.Get("token")))
	switch {
	case err != nil && stranger(err):
		return s.way(w, r, http.StatusForbidden, "clerk.wrong_token")
	case err != nil:
		return err
	}
	http.SetCookie(w, &http.Cookie{ //nolint:gosec // without TLS only on this machine
		Name: s.cookie(), Value: secret, Path: "/", Secure: s.secure(), HttpOnly: true, SameSite: http.SameSiteStrictMode,
	})
	http.Redirect(w, r, "/clerk", http.StatusSeeOther)
	return nil
}

// signOut ends the session.
func (s *site) signOut(w http.ResponseWriter, r *http.Request) error {
	if !s.sameSite(r) {
		return errElsewhere
	}
	if c, err := r.Cookie(s.cookie()); err == nil {
		if err := s.Staff.Leave(r.Context(), c.Value); err != nil {
			return err
		}
	}
	http.SetCookie(w, &http.Cookie{ //nolint:gosec // without TLS only on this machine
		Name: s.cookie(), Path: "/", MaxAge: -1, Secure: s.secure(), HttpOnly: true, SameSite: http.SameSiteStrictMode,
	})
	http.Redirect(w, r, "/clerk", http.StatusSeeOther)
	return nil
}

// sameSite reports whether a post comes from a page of ours.
func (s *site) sameSite(r *http.Request) bool {
	if site := r.Header.Get("Sec-Fetch-Site"); site != "" {
		return site == "same-origin"
	}
	origin := r.Header.Get("Origin")
	return origin == "" || s.own(r, origin)
}

// clerkShow is an empty form for the next customer.
func (s *site) clerkShow(w http.ResponseWriter, r *http.Request) error {
	f, err := s.find(r, define.AtClerk, r.URL.Query().Get("lang"))
	if err != nil {
		return err
	}
	return s.behind(w, r, func(by Clerk) error {
		return s.fill(w, r, http.StatusOK, f, filled{clerk: &by})
	})
}

// entered is what is printed for the customer: what was promised and agreed to,
// and nothing that they told us.
type entered struct {
	Form   form.Form
	Proof  string
	At     clock.Instant
	Agreed []string
	Asked  []string
}

// clerkPost enters what a customer said, on the strength of a paper or a receipt.
func (s *site) clerkPost(w http.ResponseWriter, r *http.Request) error {
	if err := r.ParseForm(); err != nil {
		return errPost.Because(err)
	}
	f, err := s.find(r, define.AtClerk, r.PostForm.Get("language"))
	if err != nil {
		return err
	}
	return s.behind(w, r, func(by Clerk) error {
		in := filled{raw: f.Raw(r.PostForm), clerk: &by, proof: strings.TrimSpace(r.PostForm.Get("proof"))}
		switch {
		case !s.sameSite(r) || subtle.ConstantTimeCompare([]byte(r.PostForm.Get("csrf")), []byte(by.Form)) != 1:
			in.note = "join.note_elsewhere"
			unticked(in.raw)
			return s.fill(w, r, http.StatusForbidden, f, in)
		case r.PostForm.Get("mark") != f.Mark():
			in.note = "join.note_changed"
			unticked(in.raw)
			return s.fill(w, r, http.StatusConflict, f, in)
		}
		answers, mistakes := f.Take(r.PostForm, s.Canonical)
		if !proves(in.proof) {
			mistakes = append(mistakes, form.Mistake{Field: "proof", Code: form.Needed})
		}
		if in.mistakes = mistakes; len(mistakes) > 0 {
			return s.fill(w, r, http.StatusUnprocessableEntity, f, in)
		}
		asked, err := s.Post(r.Context(), f, answers, &form.Clerk{Proof: in.proof})
		if err != nil {
			_, status := web.Note(r, err)
			in.note = "join.note_later"
			return s.fill(w, r, status, f, in)
		}
		view := entered{Form: f, Proof: in.proof, At: s.Clock.Now()}
		for _, i := range answers.Agreed {
			view.Agreed = append(view.Agreed, f.Agree[i].Label)
		}
		for _, c := range asked {
			view.Asked = append(view.Asked, say(f).T("clerk.asked_"+c))
		}
		return s.render(w, r, http.StatusOK, look.Page{Name: "entered.html", Title: f.Title, Data: view}, f.Language)
	})
}

// proves reports whether a text can be the number of a paper.
func proves(number string) bool {
	return number != "" && utf8.RuneCountInString(number) <= maxProof && utf8.ValidString(number) &&
		!strings.ContainsFunc(number, unicode.IsControl) && strings.ContainsFunc(number, unicode.IsDigit)
}
