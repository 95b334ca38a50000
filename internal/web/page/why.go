package page

import (
	"net/http"

	"github.com/heed-platform/heed/internal/problem"
	"github.com/heed-platform/heed/internal/web/page/look"
)

// Reason is why one message was sent, in words for the person who got it. It
// names what was used, never the values.
type Reason struct {
	Brand     string
	Email     string // where the brand can be asked
	Channel   string // "email", "text message"
	At        string // "2 November 2026"
	What      string // what it was about: the purpose in the brand's words
	Moment    string // fits "because …"
	Used      []Used
	Recipient string // who carried it
	Stop      string // where to stop it
}

// Used is one thing that the message was written from or sent to.
type Used struct {
	What    string // "your email address"
	Promise string // the title of the notice it was given under
}

// why shows why a message was sent, to whoever has the link in it. It shows that
// message only.
func (d Deps) why(w http.ResponseWriter, r *http.Request) error {
	reason, err := d.Links.Reason(r.Context(), r.PathValue("token"))
	switch {
	case err == nil:
		return d.render(w, r, http.StatusOK, look.Page{In: "en", Name: "why.html", Title: "Why this message", Data: reason, Narrow: true})
	case problem.Of(err).Kind == problem.NotFound, problem.Of(err).Kind == problem.Withheld, problem.Of(err).Kind == problem.Invalid:
		return d.Look.NoLink(w, r)
	}
	return err
}
