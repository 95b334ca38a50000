// Package prefs is /me/preferences: where people choose how they are treated, see
// what they get for what they give, take a change back, and find the receipt of
// everything they ever said.
//
// What the page answers as saved is in force. It works without JavaScript and as
// JSON (Accept: application/json). A visitor who came by a link of a message can
// only lower; for anything more the door asks for a code, and what they had filled
// in survives. Links may fill the form in beforehand (?break=30), and nothing
// happens until somebody presses the button: see docs/guide/preferences.md.
//
// What can be chosen and what it means is account/wish's. Start reading at Routes.
package prefs

import (
	"context"
	"embed"
	"encoding/json"
	"errors"
	"net/http"

	"github.com/heed-platform/heed/internal/account/access"
	"github.com/heed-platform/heed/internal/account/wish"
	"github.com/heed-platform/heed/internal/clock"
	"github.com/heed-platform/heed/internal/problem"
	"github.com/heed-platform/heed/internal/web"
	"github.com/heed-platform/heed/internal/web/page/door"
	"github.com/heed-platform/heed/internal/web/page/look"
)

// Desk is where choices are read and kept. wish.Desk is one.
type Desk interface {
	Sheet(ctx context.Context, v access.Visitor, languages ...string) (wish.Sheet, error)
	Save(ctx context.Context, v access.Visitor, shown, sent wish.Choices, language, evidence string) (wish.Saved, error)
	Undo(ctx context.Context, v access.Visitor, language string) (wish.Saved, error)
	Last(ctx context.Context, v access.Visitor) (wish.Saved, error)
	Entries(ctx context.Context, v access.Visitor) ([]wish.Entry, error)
	Receipt(ctx context.Context, v access.Visitor, id string) (wish.Receipt, error)
}

// Door lets people in. *door.Door is one.
type Door interface {
	With(scope access.Scope, page door.Page) web.Handler
	Again(w http.ResponseWriter, r *http.Request, next string) error
}

// Deps is what the pages stand on.
type Deps struct {
	Look  *look.Look
	Door  Door
	Desk  Desk
	Clock clock.Clock
}

//go:embed html/*.html
var files embed.FS

var pages = look.Parse(files) //nolint:gochecknoglobals // a table that nothing writes to

// Path is where the page stands.
const Path = "/me/preferences"

// Routes adds the pages to mux.
func Routes(mux *http.ServeMux, d Deps) {
	mux.Handle(Path, d.Door.With(access.Lower, d.choices))
	mux.Handle("POST "+Path+"/undo", d.Door.With(access.Lower, d.undo))
	mux.Handle("GET "+Path+"/receipts", d.Door.With(access.Full, d.receipts))
	mux.Handle("GET "+Path+"/receipts/{id}", d.Door.With(access.Full, d.receipt))
}

// choices is the page, and what it answers.
func (d Deps) choices(w http.ResponseWriter, r *http.Request, v access.Visitor) error {
	switch r.Method {
	case http.MethodGet, http.MethodHead:
		return d.show(w, r, v)
	case http.MethodPost:
		return d.save(w, r, v)
	case http.MethodPut:
		return d.put(w, r, v)
	}
	w.Header().Set("Allow", "GET, HEAD, POST, PUT")
	return web.ErrMethod
}

// sheet reads the visitor's sheet, and answers in the language they set.
func (d Deps) sheet(r *http.Request, v access.Visitor) (wish.Sheet, *http.Request, error) {
	s, err := d.Desk.Sheet(r.Context(), v, d.Look.Words(r).Tag())
	if err != nil {
		return s, r, err
	}
	before := d.Look.Words(r).Tag()
	r = look.Prefer(r, s.Choices[wish.Language])
	if tag := d.Look.Words(r).Tag(); tag != before {
		s, err = d.Desk.Sheet(r.Context(), v, tag)
	}
	return s, r, err
}

func (d Deps) show(w http.ResponseWriter, r *http.Request, v access.Visitor) error {
	s, r, err := d.sheet(r, v)
	if err != nil {
		return err
	}
	last, err := d.Desk.Last(r.Context(), v)
	if err != nil {
		return err
	}
	if look.JSON(r) {
		return reply(w, answer{Scope: v.Scope.String(), Form: door.Field(v), Choices: offered(s, v)})
	}
	offer := propose(s, r.URL.Query(), d.Clock.Now())
	return d.render(w, r, v, http.StatusOK, view{sheet: s, values: offer.values, proposed: offer.any, length: offer.days, last: last})
}

// save takes the form.
func (d Deps) save(w http.ResponseWriter, r *http.Request, v access.Visitor) error {
	in, faults, err := parse(r.PostForm, d.Look.Words(r), d.Clock.Now())
	if err != nil {
		return err
	}
	if len(faults) > 0 {
		s, r, err := d.sheet(r, v)
		if err != nil {
			return err
		}
		return d.render(w, r, v, http.StatusUnprocessableEntity, view{sheet: s, values: in.sent, typed: r.PostForm, faults: faults})
	}
	_, err = d.Desk.Save(r.Context(), v, in.shown, in.sent, d.Look.Words(r).Tag(), "form "+Path)
	switch {
	case errors.Is(err, wish.ErrMore):
		return d.Door.Again(w, r, Path)
	case err != nil:
		return err
	}
	http.Redirect(w, r, Path+"#said", http.StatusSeeOther)
	return nil
}

func (d Deps) undo(w http.ResponseWriter, r *http.Request, v access.Visitor) error {
	saved, err := d.Desk.Undo(r.Context(), v, d.Look.Words(r).Tag())
	if look.JSON(r) {
		if err != nil {
			return err
		}
		return reply(w, saved)
	}
	if err != nil && problem.Of(err).Kind == problem.Gone {
		http.Redirect(w, r, Path+"?late=1", http.StatusSeeOther)
		return nil
	}
	if err != nil {
		return err
	}
	http.Redirect(w, r, Path+"#said", http.StatusSeeOther)
	return nil
}

// answer is what programs read.
type answer struct {
	Scope   string       `json:"scope"`
	Form    string       `json:"form"` // for the header X-Heed-Form of what changes something
	Choices wish.Choices `json:"choices"`
}

var errBody = problem.New(problem.Invalid, "choices-unreadable", "Send JSON such as {\"choices\":{\"topic.shoes\":\"off\"}}, with the names that a GET shows; what is left out stays as it is.")

// put takes the choices that a program names; the others stay as they are.
func (d Deps) put(w http.ResponseWriter, r *http.Request, v access.Visitor) error {
	var in struct {
		Choices wish.Choices `json:"choices"`
	}
	dec := json.NewDecoder(r.Body)
	dec.DisallowUnknownFields()
	if err := dec.Decode(&in); err != nil || len(in.Choices) == 0 {
		return errBody.Because(err)
	}
	s, r, err := d.sheet(r, v)
	if err != nil {
		return err
	}
	now := offered(s, v)
	for name := range in.Choices {
		if _, known := now[name]; !known {
			return errBody.At("/choices/"+name, "is not a choice of this person")
		}
	}
	saved, err := d.Desk.Save(r.Context(), v, now, in.Choices, d.Look.Words(r).Tag(), "json "+Path)
	if err != nil {
		return err
	}
	return reply(w, saved)
}

func reply(w http.ResponseWriter, v any) error {
	body, err := json.Marshal(v)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json")
	_, err = w.Write(append(body, '\n'))
	return err
}
