// Package plan counts people for those who plan: whom an audience would reach
// and what keeps the others back, before anything is said to anybody.
//
// It asks the gate about everybody, for the audience's purpose, and shows counts
// only; below ten they read "fewer than 10". Start reading at Counts.
package plan

import (
	"cmp"
	"context"
	"slices"

	"github.com/heed-platform/heed/internal/keep/catalog"
	"github.com/heed-platform/heed/internal/keep/gate"
	"github.com/heed-platform/heed/internal/know/audience"
	"github.com/heed-platform/heed/internal/know/audience/expression"
	"github.com/heed-platform/heed/internal/problem"
)

// Counts counts. Audiences are those in force.
type Counts struct {
	Gate      *gate.Gate
	Audiences func() *audience.Set
}

// Preview is what a marketer may know of an audience before it is used.
type Preview struct {
	audience.Preview

	Promises []Promise `json:"promises"` // what keeps people out who match or might, most first
}

// Promise is one ruling and how many people it keeps out.
type Promise struct {
	Code    string     `json:"code"`
	Missing string     `json:"missing,omitempty"`
	Says    string     `json:"says"`
	People  gate.Total `json:"people"`
}

var errAudience = problem.New(problem.NotFound, "audience-missing", "There is no audience of this name in force.")

// Preview counts an audience of the workspace.
func (c Counts) Preview(ctx context.Context, key string, by catalog.Actor) (any, error) {
	a, ok := c.Audiences().Find(key)
	if !ok {
		return nil, errAudience
	}
	return c.count(ctx, a, by)
}

// PreviewExpression counts one that is being written.
func (c Counts) PreviewExpression(ctx context.Context, text, purpose string, by catalog.Actor) (any, error) {
	const key = "preview"
	set, err := audience.Compile([]audience.Definition{{Key: key, Label: key, Expression: text, Purpose: purpose}}, expression.Schema{})
	if err != nil {
		return nil, err
	}
	a, ok := set.Find(key)
	if !ok {
		return nil, errAudience
	}
	return c.count(ctx, a, by)
}

func (c Counts) count(ctx context.Context, a *audience.Audience, by catalog.Actor) (Preview, error) {
	tally := audience.NewTally(a.Expression)
	people, err := gate.AskMany[gate.Personalize](ctx, c.Gate, gate.Asking{Purpose: a.Purpose, By: by.Name, Role: string(by.Role)}, tally)
	if err != nil {
		return Preview{}, err
	}
	out := Preview{Preview: tally.Preview(), Promises: []Promise{}}
	stopped := people.Withheld()
	order := make([]gate.Stopped, 0, len(stopped))
	for _, s := range stopped {
		order = append(order, s)
	}
	slices.SortFunc(order, func(a, b gate.Stopped) int {
		return cmp.Or(b.People-a.People, cmp.Compare(a.Ruling.Code, b.Ruling.Code), cmp.Compare(a.Ruling.Missing, b.Ruling.Missing))
	})
	for _, s := range order {
		out.Promises = append(out.Promises, Promise{Code: s.Ruling.Code, Missing: s.Ruling.Missing, Says: s.Ruling.Marketer, People: gate.TotalOf(s.People)})
	}
	// What is shown first is whom the gate would let through.
	out.Matched = people.Size()
	return out, nil
}
