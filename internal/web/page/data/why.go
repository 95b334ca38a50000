package data

import (
	"context"
	"net/http"

	"github.com/heed-platform/heed/internal/account/access"
	"github.com/heed-platform/heed/internal/account/rights"
	"github.com/heed-platform/heed/internal/problem"
	"github.com/heed-platform/heed/internal/web/page/door"
	"github.com/heed-platform/heed/internal/web/page/look"
)

// Why explains messages and takes what people say about them.
type Why interface {
	// Reason is one decision about the visitor; the problem is NotFound.
	Reason(ctx context.Context, v access.Visitor, decision string) (rights.Why, error)
	// Read is whose message a link is of, and which; the problem is link-unknown.
	// It lets nobody in.
	Read(token string) (v access.Visitor, decision string, err error)
	// Stop ends messages of this kind ("kind") or about this topic ("topic").
	Stop(ctx context.Context, v access.Visitor, y rights.Why, what, language string) error
	// Creepy puts on the record that a message went too far.
	Creepy(ctx context.Context, v access.Visitor, y rights.Why) error
}

// whyPage is what why.html shows.
type whyPage struct {
	rights.Why

	CSRF   string // "" on a message's own link, which is proof enough to lower
	Full   bool   // more than this message may be shown
	Done   string
	Action string
}

// why is the page of somebody who came in: by a link, to the message it stood in;
// by a code, to any.
func (d Deps) why(w http.ResponseWriter, r *http.Request, v access.Visitor) error {
	id := r.PathValue("decision")
	if v.Scope < access.Full && v.Decision != id {
		return d.With(access.Full, d.why)(w, r)
	}
	return d.explain(w, r, v, id, door.Field(v))
}

// link is the page behind the link in a message. It shows that message only, and
// lets nobody in: what it can do lies in the link.
func (d Deps) link(w http.ResponseWriter, r *http.Request) error {
	h := w.Header()
	h.Set("Cache-Control", "no-store")
	h.Set("Referrer-Policy", "no-referrer")
	v, id, err := d.Why.Read(r.PathValue("token"))
	if err != nil {
		return d.Look.NoLink(w, r)
	}
	if r.Method == http.MethodPost {
		r.Body = http.MaxBytesReader(w, r.Body, 4<<10)
		if err := r.ParseForm(); err != nil {
			return errAction.Because(err)
		}
	}
	return d.explain(w, r, v, id, "")
}

var errAction = problem.New(problem.Invalid, "why-action-unknown", "A message can be stopped (kind, topic) or called creepy, and nothing else here.")

func (d Deps) explain(w http.ResponseWriter, r *http.Request, v access.Visitor, id, csrf string) error {
	y, err := d.Why.Reason(r.Context(), v, id)
	if err != nil {
		switch problem.Of(err).Kind { //nolint:exhaustive // the others are no answer about a link
		case problem.NotFound, problem.Withheld, problem.Gone, problem.Invalid:
			return d.Look.NoLink(w, r)
		}
		return err
	}
	say := d.Look.Words(r)
	p := whyPage{CSRF: csrf, Full: v.Scope == access.Full, Action: r.URL.Path}
	if r.Method == http.MethodPost {
		if p.Done = r.PostForm.Get("do"); p.Done == "creepy" {
			err = d.Why.Creepy(r.Context(), v, y)
		} else if p.Done == "kind" || p.Done == "topic" {
			err = d.Why.Stop(r.Context(), v, y, p.Done, say.Tag())
		} else {
			err = errAction
		}
		if err != nil {
			return err
		}
		if y, err = d.Why.Reason(r.Context(), v, id); err != nil {
			return err
		}
	}
	if p.Why = y; look.JSON(r) {
		return reply(w, y)
	}
	title := "why.title"
	if !y.Chosen {
		title = "why.not_title"
	}
	return d.Look.Render(w, r, http.StatusOK, look.Page{
		Set: pages, Name: "why.html", Title: say.T(title), Data: p, Here: "/me/why", Inside: p.Full, CSRF: csrf, Narrow: !p.Full,
	})
}
