package page

import (
	"context"
	"mime"
	"net/http"

	"github.com/heed-platform/heed/internal/problem"
	"github.com/heed-platform/heed/internal/web"
	"github.com/heed-platform/heed/internal/web/page/look"
)

// Link is what a link to stop stands for, in words for the page.
type Link struct {
	What     string // in the brand's words: "offers by email", "running"
	Topic    bool   // What is a topic, and narrower than its channel
	Channel  string // email, sms, …
	Who      string // whom it is about, as a name that says nothing
	Language string // of What
}

// Stop is how much a press of a button stops.
type Stop string

// The stops, the narrowest first, as the buttons say them.
const (
	StopOwn     Stop = ""        // what the link stands for: all that a mail program asks for
	StopChannel Stop = "channel" // all offers that come the same way
	StopAll     Stop = "all"     // all offers
	choose      Stop = "choose"  // nothing yet: to the preferences
)

// Links reads and keeps the links that messages carry.
type Links interface {
	// Open reads a link. It asks no database and takes the same time for a link
	// that is not ours.
	Open(token string) (Link, bool)
	// Stop withdraws what the link stands for, or more; doing it twice is doing it
	// once.
	Stop(ctx context.Context, token string, s Stop) error
}

const oneClick = "One-Click"

var errForm = problem.New(problem.Invalid, "unsubscribe-form", "Unsubscribing takes a form with List-Unsubscribe=One-Click; open the link and press its button.")

// out is the way out of a list. Looking changes nothing; only its form acts.
func (d Deps) out(w http.ResponseWriter, r *http.Request, presses *web.Limiter) error {
	w.Header().Set("Cache-Control", "no-store")
	token := r.PathValue("token")
	link, ours := d.Links.Open(token)
	switch {
	case r.Method != http.MethodGet && r.Method != http.MethodHead && r.Method != http.MethodPost:
		w.Header().Set("Allow", "GET, HEAD, POST")
		return web.ErrMethod
	case !ours:
		return d.Look.NoLink(w, r)
	case r.Method != http.MethodPost:
		d.Looked(r, link.Who, token)
		say := d.Look.Words(r)
		return d.render(w, r, look.Page{Name: "leave.html", Title: say.T("out.title", "what", link.What), Data: link, Narrow: true})
	case !presses.Allow(token, d.Clock.Now()):
		return web.ErrTooFast
	case !pressed(w, r):
		return errForm
	}
	s := Stop(r.PostFormValue("what"))
	switch s {
	case StopOwn, StopChannel, StopAll:
	case choose:
		return d.Follow(w, r, token)
	default:
		return errForm
	}
	err := d.Links.Stop(r.Context(), token, s)
	switch {
	case err == nil, problem.Of(err).Kind == problem.NotFound, problem.Of(err).Kind == problem.Gone:
		// Whoever is not here any more gets nothing any more.
		return d.left(w, r, link, s)
	}
	return errStop.Because(err)
}

// left says what was stopped, and offers what is wider.
func (d Deps) left(w http.ResponseWriter, r *http.Request, link Link, s Stop) error {
	data := struct {
		Link

		Stopped Stop
	}{link, s}
	return d.render(w, r, look.Page{Name: "left.html", Title: d.Look.Words(r).T("out.done_title"), Data: data, Narrow: true})
}

var errStop = problem.New(problem.Unavailable, "unsubscribe-later", "Your wish could not be kept just now; press the button again in a moment.")

// pressed reads the form that RFC 8058 prescribes, in either encoding. Nothing
// else about the request matters: no cookie, no origin, no login.
func pressed(w http.ResponseWriter, r *http.Request) bool {
	const most = 16 << 10
	r.Body = http.MaxBytesReader(w, r.Body, most)
	kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type")) // An odd type is read as a form, below.
	if kind == "multipart/form-data" {
		if err := r.ParseMultipartForm(most); err != nil { //nolint:gosec // MaxBytesReader bounds it, above
			return false
		}
	} else {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		if err := r.ParseForm(); err != nil {
			return false
		}
	}
	return r.PostFormValue("List-Unsubscribe") == oneClick
}
