package app

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/heed-platform/heed/internal/account/access"
	"github.com/heed-platform/heed/internal/account/ledger"
	"github.com/heed-platform/heed/internal/account/request"
	"github.com/heed-platform/heed/internal/account/request/erasure"
	"github.com/heed-platform/heed/internal/account/request/instant"
	"github.com/heed-platform/heed/internal/account/rights"
	"github.com/heed-platform/heed/internal/keep/gate"
	"github.com/heed-platform/heed/internal/policy"
	"github.com/heed-platform/heed/internal/policy/define"
	rightspage "github.com/heed-platform/heed/internal/web/page/rights"
)

// demands is what a person may demand, as the pages need it.
type demands struct{ *App }

// rightsArea mounts the pages about people's rights.
func (a *App) rightsArea(mux *http.ServeMux) {
	rightspage.Routes(mux, rightspage.Deps{
		Look: a.looks(), With: a.Door().With, Again: a.Door().Again, Clock: a.Clock, Rights: demands{a},
	})
}

// honoring is the purpose for doing what a person may demand. Rights do not hang
// on how a workspace calls its purposes, so any that is essential will do.
func (a *App) honoring() string {
	for _, key := range []string{lawful, "essential.service.operations.support", "essential.service"} {
		if _, ok := a.rules().Purpose(key); ok {
			return key
		}
	}
	for _, p := range a.definitions().Purposes {
		if policy.Within(p.Key, "essential") {
			return p.Key
		}
	}
	return lawful
}

// Requests are those of the visitor.
func (r demands) Requests(ctx context.Context, v access.Visitor) ([]rightspage.Shown, error) {
	d, _, err := r.own(ctx, v)
	if err != nil {
		return nil, err
	}
	group, _, _ := d.Group()
	all, err := r.App.Requests().Of(ctx, group.Members)
	if err != nil {
		return nil, err
	}
	var out []rightspage.Shown
	for _, q := range slices.DeleteFunc(all, func(q request.Request) bool { return q.Of != "" }) {
		told, err := r.Eraser().Recipients(ctx, q)
		if err != nil {
			return nil, err
		}
		out = append(out, rightspage.Shown{Request: q, Label: r.aboutLabel(q.About), Recipients: told})
	}
	return out, nil
}

// aboutLabel says what a request is about in the brand's words; "" is everything.
func (a *App) aboutLabel(about string) string {
	if key, one := strings.CutPrefix(about, define.ToRecipient); one {
		if r, ok := a.rules().Recipient(key); ok {
			return r.Label
		}
	}
	if p, ok := a.rules().Purpose(about); ok {
		return p.Label
	}
	if strings.HasPrefix(about, "traits.") {
		return a.rules().Label(about)
	}
	return ""
}

// Use answers a right at once.
func (r demands) Use(ctx context.Context, v access.Visitor, right request.Right, language string) (request.Request, error) {
	q, _, err := r.Instant().Use(ctx, r.askingOf(v, "used a right"), level(v), instant.Wish{Right: right, Language: language})
	return q, err
}

// Say takes in what somebody has to look at. The words stand on the person's own
// record; the request says that there are some.
func (r demands) Say(ctx context.Context, v access.Visitor, right request.Right, text string) (request.Request, error) {
	d, pass, err := r.own(ctx, v)
	if err != nil {
		return request.Request{}, err
	}
	group, _, _ := d.Group()
	q, err := r.App.Requests().Open(ctx, request.Asked{
		Right: right, Fragment: d.Found(), Members: group.Members, Place: d.Jurisdiction(), Level: level(v), By: gate.Themselves, About: "words",
	})
	if err != nil {
		return q, err
	}
	return q, gate.Word(ctx, pass, "request "+q.ID, text)
}

// Before is what erasing would take, and what not.
func (r demands) Before(ctx context.Context, v access.Visitor) (rightspage.Before, error) {
	d, _, err := r.own(ctx, v)
	if err != nil {
		return rightspage.Before{}, err
	}
	shown, err := rights.Own(d, r.World().Know, r.definitions(), r.rules(), v.Fragment)
	if err != nil {
		return rightspage.Before{}, err
	}
	book, err := ledger.Read(d)
	if err != nil {
		return rightspage.Before{}, err
	}
	receivers, err := rights.Receivers(d, r.definitions())
	if err != nil {
		return rightspage.Before{}, err
	}
	parts, err := r.Eraser().Retained(d)
	if err != nil {
		return rightspage.Before{}, err
	}
	out := rightspage.Before{
		Values: len(shown.All()), Events: len(book.Events), Quarantine: int(r.Config.Quarantine / (24 * time.Hour)), Backups: gate.Until(r.Clock.Now()),
	}
	for _, one := range receivers {
		out.Recipients = append(out.Recipients, one.Label)
	}
	for _, p := range parts {
		out.Kept = append(out.Kept, request.Kept{Label: p.Label, Law: p.Law, Count: p.Count(), Until: p.Until})
	}
	return out, nil
}

// Erase erases the visitor.
func (r demands) Erase(ctx context.Context, v access.Visitor) (erasure.Proof, error) {
	return r.Eraser().Erase(ctx, r.askingOf(v, "asked to be erased"), level(v))
}

// Receipt is the request that a receipt was handed out for.
func (r demands) Receipt(ctx context.Context, secret string) (request.Request, []erasure.Recipient, error) {
	q, err := r.Eraser().Receipt(ctx, secret)
	if err != nil {
		return q, nil, err
	}
	told, err := r.Eraser().Recipients(ctx, q)
	return q, told, err
}
