package data

import (
	"net/http"

	"github.com/heed-platform/heed/internal/account/access"
	"github.com/heed-platform/heed/internal/account/rights"
	"github.com/heed-platform/heed/internal/web/page/door"
	"github.com/heed-platform/heed/internal/web/page/look"
)

// recipientsPage is what recipients.html shows.
type recipientsPage struct {
	CSRF    string
	Done    bool
	Number  int // of companies to which something went, or may have gone
	Sub     int // of those to whom they pass it on
	Have    []rights.Receiver
	Nothing []rights.Receiver // to whom something was to go, and did not arrive
}

func (d Deps) recipients(w http.ResponseWriter, r *http.Request, v access.Visitor) error {
	all, err := d.Mine.Receivers(r.Context(), v)
	if err != nil {
		return err
	}
	p := recipientsPage{CSRF: door.Field(v), Done: r.URL.Query().Get("done") == "objected", Have: rights.Arrived(all)}
	p.Number, p.Sub = len(p.Have), subs(p.Have)
	for _, one := range all {
		if !one.Arrived {
			p.Nothing = append(p.Nothing, one)
		}
	}
	if look.JSON(r) {
		return reply(w, struct {
			Number     int               `json:"number"`
			Recipients []rights.Receiver `json:"recipients"`
		}{p.Number, all})
	}
	return d.Look.Render(w, r, http.StatusOK, look.Page{
		Set: pages, Name: "recipients.html", Title: d.Look.Words(r).T("recipients.title"), Data: p, Here: "/me/recipients", Inside: true, CSRF: p.CSRF,
	})
}

// subs counts those who get it from somebody else only.
func subs(have []rights.Receiver) int {
	known := map[string]bool{}
	for _, r := range have {
		known[r.Label] = true
	}
	n := 0
	for _, r := range have {
		for _, s := range r.Sub {
			if !known[s.Label] {
				known[s.Label] = true
				n++
			}
		}
	}
	return n
}

func (d Deps) object(w http.ResponseWriter, r *http.Request, v access.Visitor) error {
	if err := d.Mine.Object(r.Context(), v, r.PostForm.Get("recipient"), d.Look.Words(r).Tag()); err != nil {
		return err
	}
	if look.JSON(r) {
		return reply(w, struct {
			Done string `json:"done"`
		}{"objected"})
	}
	http.Redirect(w, r, "/me/recipients?done=objected", http.StatusSeeOther)
	return nil
}
