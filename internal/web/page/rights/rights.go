package rights

import (
	"context"
	"embed"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/heed-platform/heed/internal/account/access"
	"github.com/heed-platform/heed/internal/account/request"
	"github.com/heed-platform/heed/internal/account/request/erasure"
	"github.com/heed-platform/heed/internal/clock"
	"github.com/heed-platform/heed/internal/problem"
	"github.com/heed-platform/heed/internal/web"
	"github.com/heed-platform/heed/internal/web/page/door"
	"github.com/heed-platform/heed/internal/web/page/look"
)

// Deps is what the pages stand on.
type Deps struct {
	Look   *look.Look
	With   func(access.Scope, door.Page) web.Handler
	Again  func(w http.ResponseWriter, r *http.Request, next string) error
	Clock  clock.Clock
	Rights Rights
}

// Rights is what a person may demand.
type Rights interface {
	// Requests are those of the visitor, newest first, with the parts of those who were told.
	Requests(ctx context.Context, v access.Visitor) ([]Shown, error)
	// Use answers a right that can be answered at once.
	Use(ctx context.Context, v access.Visitor, right request.Right, language string) (request.Request, error)
	// Say takes in what somebody has to look at, in the person's own words.
	Say(ctx context.Context, v access.Visitor, right request.Right, text string) (request.Request, error)
	// Before is what erasing would take, and what not.
	Before(ctx context.Context, v access.Visitor) (Before, error)
	Erase(ctx context.Context, v access.Visitor) (erasure.Proof, error)
	// Receipt is the request that a receipt was handed out for; the problem is ticket-unknown.
	Receipt(ctx context.Context, secret string) (request.Request, []erasure.Recipient, error)
}

// Shown is a request with the parts of those who were told.
type Shown struct {
	request.Request

	Label      string              `json:"label,omitempty"` // what it is about, in the brand's words
	Recipients []erasure.Recipient `json:"recipients"`
}

// Before is what a person is told before they erase themselves.
type Before struct {
	Values     int
	Events     int
	Recipients []string
	Kept       []request.Kept
	Quarantine int           // days that events which nobody understood are kept
	Backups    clock.Instant // until when a backup could be read if it were done now
}

//go:embed html/*.html
var files embed.FS

var pages = look.Parse(files) //nolint:gochecknoglobals // a table that nothing writes to

// Routes adds the pages.
func Routes(mux *http.ServeMux, d Deps) {
	mux.Handle("/me/rights", only(d.With(access.Lower, d.rights), http.MethodGet, http.MethodPost))
	mux.Handle("/me/rights/say", only(d.With(access.Full, d.say), http.MethodPost))
	mux.Handle("/me/erase", only(d.With(access.Full, d.erase), http.MethodGet, http.MethodPost))
	mux.Handle("/me/erased/{receipt}", only(d.Look.Handle(d.erased), http.MethodGet))
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

// once are the rights that a button answers at once, in the order of the page.
var once = []request.Right{request.Objection, request.OptOutOfSale, request.LimitSensitive, request.Restriction}

// rightsPage is what rights.html shows.
type rightsPage struct {
	CSRF     string
	Full     bool
	Done     string
	Number   string
	Once     []request.Right
	Requests []Shown
	Now      clock.Instant
	Said     string
	Fault    string
}

func (d Deps) rights(w http.ResponseWriter, r *http.Request, v access.Visitor) error {
	if r.Method == http.MethodPost {
		return d.use(w, r, v)
	}
	q := r.URL.Query()
	p := rightsPage{}
	if right, ok := request.ParseRight(q.Get("done")); ok {
		p.Done, p.Number = string(right), q.Get("number")
	}
	return d.show(w, r, v, http.StatusOK, p)
}

func (d Deps) show(w http.ResponseWriter, r *http.Request, v access.Visitor, status int, p rightsPage) error {
	p.CSRF, p.Full, p.Once, p.Now = door.Field(v), v.Scope == access.Full, once, d.Clock.Now()
	if p.Full {
		var err error
		if p.Requests, err = d.Rights.Requests(r.Context(), v); err != nil {
			return err
		}
	}
	if look.JSON(r) {
		return reply(w, struct {
			Requests []Shown `json:"requests"`
		}{append([]Shown{}, p.Requests...)})
	}
	say := d.Look.Words(r)
	page := look.Page{Set: pages, Name: "rights.html", Title: say.T("rights.title"), Data: p, Here: "/me/rights", Inside: true, CSRF: p.CSRF}
	if p.Fault != "" {
		page.Faults = []look.Fault{{Field: "text", Text: say.T(p.Fault)}}
	}
	return d.Look.Render(w, r, status, page)
}

var errRight = problem.New(problem.Invalid, "right-not-here", "This right has no button here; the page of your rights says how to use it.")

// use answers a right at once.
func (d Deps) use(w http.ResponseWriter, r *http.Request, v access.Visitor) error {
	right := request.Right(r.PostForm.Get("right"))
	if !slices.Contains(once, right) {
		return errRight
	}
	q, err := d.Rights.Use(r.Context(), v, right, d.Look.Words(r).Tag())
	if err != nil {
		return err
	}
	if look.JSON(r) {
		return reply(w, q)
	}
	http.Redirect(w, r, "/me/rights?done="+string(right)+"&number="+q.ID, http.StatusSeeOther) //nolint:gosec // a page of ours
	return nil
}

// most is how much somebody may write.
const most = 4000

// say takes in what no button does.
func (d Deps) say(w http.ResponseWriter, r *http.Request, v access.Visitor) error {
	text := strings.TrimSpace(r.PostForm.Get("text"))
	right := request.Right(r.PostForm.Get("right"))
	if right != request.Rectification && right != request.Access && right != request.Restriction {
		return errRight
	}
	if text == "" || len(text) > most {
		return d.show(w, r, v, http.StatusBadRequest, rightsPage{Said: text, Fault: "rights.say_fault"})
	}
	q, err := d.Rights.Say(r.Context(), v, right, text)
	if err != nil {
		return err
	}
	if look.JSON(r) {
		return reply(w, q)
	}
	http.Redirect(w, r, "/me/rights?done="+string(right)+"&number="+q.ID, http.StatusSeeOther) //nolint:gosec // a page of ours
	return nil
}

// fresh is how long ago a code may have been given for something that cannot be undone.
const fresh = 10 * time.Minute

// erasePage is what erase.html shows.
type erasePage struct {
	Before

	CSRF  string
	Fault bool
}

// erase shows what goes and what stays; then, with a fresh code and a tick, it is
// done, and the answer is the proof.
func (d Deps) erase(w http.ResponseWriter, r *http.Request, v access.Visitor) error {
	if d.Clock.Now().Sub(v.Began) > fresh {
		return d.Again(w, r, "/me/erase")
	}
	say := d.Look.Words(r)
	fault := r.Method == http.MethodPost && r.PostForm.Get("sure") != "yes"
	if r.Method == http.MethodPost && !fault {
		proof, err := d.Rights.Erase(r.Context(), v)
		if err != nil {
			return err
		}
		if look.JSON(r) {
			return reply(w, proof)
		}
		return d.Look.Render(w, r, http.StatusOK, look.Page{Set: pages, Name: "proof.html", Title: say.T("erase.proof_title"), Data: proof})
	}
	before, err := d.Rights.Before(r.Context(), v)
	if err != nil {
		return err
	}
	page := look.Page{
		Set: pages, Name: "erase.html", Title: say.T("erase.title"), Data: erasePage{before, door.Field(v), fault}, Here: "/me/erase", Inside: true, CSRF: door.Field(v),
	}
	status := http.StatusOK
	if fault {
		status, page.Faults = http.StatusBadRequest, []look.Fault{{Field: "sure", Text: say.T("erase.sure_fault")}}
	}
	return d.Look.Render(w, r, status, page)
}

// erasedPage is what erased.html shows.
type erasedPage struct {
	request.Request

	Recipients []erasure.Recipient
}

// erased shows how far an erasure is, to whoever holds its receipt. It names nobody.
func (d Deps) erased(w http.ResponseWriter, r *http.Request) error {
	h := w.Header()
	h.Set("Cache-Control", "no-store")
	h.Set("Referrer-Policy", "no-referrer")
	q, told, err := d.Rights.Receipt(r.Context(), r.PathValue("receipt"))
	if err != nil && problem.Of(err).Kind == problem.NotFound {
		return d.Look.NoLink(w, r)
	}
	if err != nil {
		return err
	}
	if look.JSON(r) {
		return reply(w, Shown{Request: q, Recipients: told})
	}
	return d.Look.Render(w, r, http.StatusOK, look.Page{
		Set: pages, Name: "erased.html", Title: d.Look.Words(r).T("erase.proof_title"), Data: &erasedPage{q, told},
	})
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
