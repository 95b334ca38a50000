package api

import (
	"context"
	"net/http"
	"strings"

	"github.com/heed-platform/heed/internal/account/leak"
	"github.com/heed-platform/heed/internal/clock"
	"github.com/heed-platform/heed/internal/keep/catalog"
	"github.com/heed-platform/heed/internal/web/api/describe"
)

// Promises is whether promises were kept, and what is done when one was not.
// What is returned as any is JSON-ready; none of it names anybody but by
// pseudonyms.
type Promises struct {
	Conformance func(ctx context.Context, by catalog.Actor, why string) (any, error)
	Retention   func(ctx context.Context, most int) (any, error)
	// Reask counts who may be asked again under a notice that has changed.
	Reask func(ctx context.Context, by catalog.Actor, notice string) (any, error)

	Leaks      func(ctx context.Context) (any, error)
	Leak       func(ctx context.Context, id string) (any, error)
	OpenLeak   func(ctx context.Context, by catalog.Actor, what string, learned clock.Instant, s leak.Scope) (any, error)
	AssessLeak func(ctx context.Context, by catalog.Actor, id string, s *leak.Scope) (any, error)
	LeakReport func(ctx context.Context, id string) (string, error)
	TellOfLeak func(ctx context.Context, by catalog.Actor, id, campaign string) (any, error)
	CloseLeak  func(ctx context.Context, by catalog.Actor, id, why string) (any, error)
}

// comparers are who may hold uses against promises.
var comparers = []catalog.Role{catalog.Privacy, catalog.Auditor, catalog.Admin}

func promiseRoutes() []route {
	there := func(d *Deps) bool { return d.Promises.Conformance != nil }
	found := describe.Open("The case: clock, law, scope, who is affected in numbers, every step.")
	texts := func(about string) describe.Schema {
		return describe.Listed(about, describe.Text("A key of the workspace."))
	}
	scope := []describe.Prop{
		describe.May("since", describe.Moment("Data from this time on.")), describe.May("until", describe.Moment("Data until this time.")),
		describe.May("sources", texts("Data that came from these.")), describe.May("recipients", texts("Data that had been handed to these.")),
		describe.May("categories", texts("Only these kinds of data, with all below them.")), describe.May("audience", describe.Text("Only who belongs to it now.")),
	}
	return []route{
		{
			method: get, path: "/api/conformance", roles: comparers, why: true, about: "Holds everything that left against what had been promised when it did; exceptions first.",
			answer: describe.Open("at, disclosures, exceptions, uses."), needs: there, do: (*visit).conformance,
		},
		{
			method: get, path: "/api/retention/report", roles: witnesses, about: "What the last runs of retention removed, by kind of data and notice, the newest first.",
			query:  []describe.Prop{describe.May("limit", describe.Integer("At most so many runs, 1 unless told."))},
			answer: describe.Object(describe.Need("runs", describe.List(describe.Open("One run: began, ended, facts, people_gone, removed …")))), needs: there, do: (*visit).retention,
		},
		{
			method: get, path: "/api/notices/{id}/reask", roles: planners, about: "Counts who may be asked again under a version of a notice, such as newsletter@3, and who not before when.",
			answer: describe.Open("may_be_asked, agreed, not_before by month; small numbers are hidden."), needs: there, do: (*visit).reask,
		},
		{method: get, path: "/api/leaks", roles: approvers, about: "Every leak on file, the one that is due first first.", answer: describe.Object(describe.Need("leaks", describe.List(found))), needs: there, do: (*visit).leaks},
		{
			method: post, path: "/api/leaks", roles: approvers, why: true, about: "Puts a leak on file, starts its clock and counts who is affected.",
			body:   describe.Object(describe.Need("what", describe.Text("What happened, in a sentence; name nobody.")), describe.May("learned", describe.Moment("When somebody learned of it; now unless told.")), describe.May("scope", describe.Object(scope...))),
			answer: found, status: http.StatusCreated, needs: there, do: (*visit).openLeak,
		},
		{method: get, path: "/api/leaks/{id}", roles: approvers, about: "One leak.", answer: found, needs: there, do: (*visit).leak},
		{
			method: post, path: "/api/leaks/{id}/assess", roles: approvers, why: true, about: "Counts again who is affected, with another scope as more is known, or with the one on file.",
			body: describe.Object(describe.May("scope", describe.Object(scope...))), answer: found, needs: there, do: (*visit).assessLeak,
		},
		{
			method: get, path: "/api/leaks/{id}/report", roles: approvers, about: "Drafts the report to the authority.",
			answer: describe.Object(describe.Need("report", describe.Text("Markdown; what only people know is asked for in square brackets."))), needs: there, do: (*visit).leakReport,
		},
		{
			method: post, path: "/api/leaks/{id}/tell", roles: approvers, why: true, about: "Considers everybody who is affected for a live campaign that somebody else approved.",
			body: describe.Object(describe.Need("campaign", describe.Text("Its key."))), answer: describe.Open("How many were considered and what became of them."), status: http.StatusAccepted, needs: there, do: (*visit).tellOfLeak,
		},
		{
			method: post, path: "/api/leaks/{id}/close", roles: approvers, about: "Ends a case; what it said stays.",
			body: describe.Object(describe.Need("why", describe.Text("Why it is over, in a sentence."))), answer: found, needs: there, do: (*visit).closeLeak,
		},
	}
}

func (c *visit) conformance() (any, error) {
	return c.Promises.Conformance(c.r.Context(), c.by, c.why)
}

func (c *visit) retention() (any, error) {
	limit, err := c.number("limit", 1, 1, maxPage)
	if err != nil {
		return nil, err
	}
	runs, err := c.Promises.Retention(c.r.Context(), int(limit))
	if err != nil {
		return nil, err
	}
	return struct {
		Runs any `json:"runs"`
	}{runs}, nil
}

func (c *visit) reask() (any, error) {
	return c.Promises.Reask(c.r.Context(), c.by, c.r.PathValue("id"))
}

func (c *visit) leaks() (any, error) {
	all, err := c.Promises.Leaks(c.r.Context())
	if err != nil {
		return nil, err
	}
	return struct {
		Leaks any `json:"leaks"`
	}{all}, nil
}

func (c *visit) leak() (any, error) { return c.Promises.Leak(c.r.Context(), c.r.PathValue("id")) }

func (c *visit) openLeak() (any, error) {
	var in struct {
		What    string        `json:"what"`
		Learned clock.Instant `json:"learned"`
		Scope   leak.Scope    `json:"scope"`
	}
	if err := c.input(&in); err != nil {
		return nil, err
	}
	return c.Promises.OpenLeak(c.r.Context(), c.by, in.What, in.Learned, in.Scope)
}

func (c *visit) assessLeak() (any, error) {
	var in struct {
		Scope *leak.Scope `json:"scope"`
	}
	if err := c.input(&in); err != nil {
		return nil, err
	}
	return c.Promises.AssessLeak(c.r.Context(), c.by, c.r.PathValue("id"), in.Scope)
}

func (c *visit) leakReport() (any, error) {
	text, err := c.Promises.LeakReport(c.r.Context(), c.r.PathValue("id"))
	if err != nil {
		return nil, err
	}
	return struct {
		Report string `json:"report"`
	}{text}, nil
}

func (c *visit) tellOfLeak() (any, error) {
	var in struct {
		Campaign string `json:"campaign"`
	}
	if err := c.input(&in); err != nil {
		return nil, err
	}
	return c.Promises.TellOfLeak(c.r.Context(), c.by, c.r.PathValue("id"), in.Campaign)
}

func (c *visit) closeLeak() (any, error) {
	var in struct {
		Why string `json:"why"`
	}
	if err := c.input(&in); err != nil {
		return nil, err
	}
	if strings.TrimSpace(in.Why) == "" {
		return nil, errInput.At("/why", "is empty")
	}
	return c.Promises.CloseLeak(c.r.Context(), c.by, c.r.PathValue("id"), in.Why)
}
