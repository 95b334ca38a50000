package look

import (
	"mime"
	"net/http"
	"strconv"
	"strings"

	"github.com/heed-platform/heed/internal/problem"
	"github.com/heed-platform/heed/internal/web"
)

// faultPage is what fault.html shows.
type faultPage struct {
	Title, Text string
	Number      string
}

// Handle makes h answer its errors with a page in the reader's language; a
// program that asked for JSON gets the problem itself.
func (l *Look) Handle(h web.Handler) web.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		err := h(w, r)
		if err == nil || JSON(r) {
			return err
		}
		p, status := web.Note(r, err)
		if s := web.Pause(p.Kind); s > 0 {
			w.Header().Set("Retry-After", strconv.Itoa(s))
		}
		say := l.Words(r)
		var data faultPage
		switch p.Kind {
		case problem.NotFound, problem.Gone, problem.Withheld:
			data.Title, data.Text = say.T("common.gone_title"), say.T("common.gone_text")
		case problem.TooMany:
			data.Title, data.Text = say.T("common.fast_title"), say.T("common.fast_text")
		case problem.Unavailable, problem.Timeout, problem.Internal:
			data.Title, data.Text = say.T("common.later_title"), say.T("common.later_text")
		default:
			data.Title, data.Text = say.T("common.wrong_title"), say.T("common.wrong_text")
		}
		if p.Kind == problem.Internal {
			data.Number = web.ID(r)
		}
		return l.Render(w, r, status, Page{Set: l.own, Name: "fault.html", Title: data.Title, Data: data, Narrow: true})
	}
}

// NoLink is the one page for every link and code that opens nothing: tampered
// with, over, used up, somebody else's. They all look alike.
func (l *Look) NoLink(w http.ResponseWriter, r *http.Request) error {
	say := l.Words(r)
	data := faultPage{Title: say.T("common.link_title"), Text: say.T("common.link_text")}
	return l.Render(w, r, http.StatusNotFound, Page{Set: l.own, Name: "fault.html", Title: data.Title, Data: data, Narrow: true})
}

// JSON reports whether r asks for JSON and not for a page.
func JSON(r *http.Request) bool {
	for part := range strings.SplitSeq(r.Header.Get("Accept"), ",") {
		kind, _, err := mime.ParseMediaType(part)
		if err == nil && (kind == "application/json" || kind == "application/problem+json") {
			return true
		}
		if err == nil && kind == "text/html" {
			return false
		}
	}
	return false
}
