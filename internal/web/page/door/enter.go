package door

import (
	"errors"
	"maps"
	"net/http"
	"net/url"
	"slices"

	"github.com/heed-platform/heed/internal/account/access"
	"github.com/heed-platform/heed/internal/reach/delivery"
	"github.com/heed-platform/heed/internal/web"
	"github.com/heed-platform/heed/internal/web/page/look"
)

// enter is the link of a message. Looking at it changes nothing, because
// scanners and previews look at every link; its button takes the link in, once,
// and leads on under an address that says nothing. Whoever came in by it before,
// in the same browser, is led on as well.
func (d *Door) enter(w http.ResponseWriter, r *http.Request) error {
	token := r.PathValue("token")
	e, err := d.Desk.Read(token)
	if err != nil {
		return d.noLink(w, r, err)
	}
	if r.Method != http.MethodPost {
		d.Bursts.Looked(web.Address(r), e.Ref.String(), token, d.Clock.Now())
		return d.render(w, r, http.StatusOK, look.Page{Name: "enter.html", Title: d.Look.Words(r).T("door.enter_title")})
	}
	if _, err := d.ours(r); err != nil {
		return err
	}
	if v, err := d.visitor(r); err == nil && v.Ref == e.Ref {
		http.Redirect(w, r, inside(e.Page), http.StatusSeeOther)
		return nil
	}
	secret, _, page, err := d.Desk.Exchange(r.Context(), token)
	if err != nil {
		return d.noLink(w, r, err)
	}
	if err := d.letIn(w, r, secret); err != nil {
		return err
	}
	http.Redirect(w, r, inside(page), http.StatusSeeOther)
	return nil
}

// noLink answers a link that opens nothing, whatever is wrong with it: the same
// page and status.
func (d *Door) noLink(w http.ResponseWriter, r *http.Request, err error) error {
	if !errors.Is(err, delivery.ErrLink) || look.JSON(r) {
		return err
	}
	return d.Look.NoLink(w, r)
}

// Follow lets somebody in by the link to stop that they hold, to lower more
// finely what the link would stop. The request is known to come from that
// link's own page.
func (d *Door) Follow(w http.ResponseWriter, r *http.Request, token string) error {
	if _, err := d.ours(r); err != nil {
		return err
	}
	if v, err := d.visitor(r); err == nil && v.Scope == access.Full {
		http.Redirect(w, r, Home, http.StatusSeeOther)
		return nil
	}
	secret, _, err := d.Desk.Follow(r.Context(), token)
	if err != nil {
		return d.noLink(w, r, err)
	}
	if err := d.letIn(w, r, secret); err != nil {
		return err
	}
	http.Redirect(w, r, Home, http.StatusSeeOther)
	return nil
}

// out is /me/out: ends this session, or all of them.
func (d *Door) out(w http.ResponseWriter, r *http.Request) error {
	v, err := d.visitor(r)
	if err != nil && !errors.Is(err, access.ErrNobody) {
		return err
	}
	in := err == nil
	say := d.Look.Words(r)
	if r.Method != http.MethodPost && in {
		return d.render(w, r, http.StatusOK, look.Page{Name: "out.html", Title: say.T("door.out_title"), Data: Field(v)})
	}
	if r.Method == http.MethodPost && in {
		if err := d.leave(w, r, v); err != nil {
			return err
		}
	}
	if look.JSON(r) {
		return reply(w, struct {
			Out bool `json:"out"`
		}{true})
	}
	return d.render(w, r, http.StatusOK, look.Page{Name: "left.html", Title: say.T("door.left_title")})
}

// leave ends the sessions that a form of this very session names.
func (d *Door) leave(w http.ResponseWriter, r *http.Request, v access.Visitor) error {
	if _, err := d.ours(r); err != nil {
		return err
	}
	if err := read(w, r); err != nil {
		return err
	}
	if !carries(r, v) {
		return errSite
	}
	if r.PostForm.Get("all") != "" && v.Scope == access.Full {
		if err := d.Desk.EndAll(r.Context(), v); err != nil {
			return err
		}
	}
	return d.letIn(w, r, "")
}

// sorted are the names of a form.
func sorted(v url.Values) []string { return slices.Sorted(maps.Keys(v)) }
