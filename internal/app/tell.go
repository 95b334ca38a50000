package app

import (
	"context"
	"fmt"
	"io/fs"
	"slices"

	"github.com/heed-platform/heed/internal/collect/event"
	"github.com/heed-platform/heed/internal/keep/catalog"
	"github.com/heed-platform/heed/internal/line"
	"github.com/heed-platform/heed/internal/problem"
)

var errTold = problem.New(problem.Invalid, "event-not-understood", "The event was not understood; its code and place are named.")

// Tell takes one event from a source, as its bytes, through the same door that
// requests take.
func (a *App) Tell(ctx context.Context, source string, body []byte) error {
	src, ok := a.SourceNamed(source)
	if !ok {
		return errTold.At(source, "there is no such source")
	}
	parsed, err := event.Single(body, 0, src, a.Clock.Now())
	if err != nil {
		return err
	}
	v := &parsed.Verdicts[0]
	if v.Code != "" {
		return errTold.At(v.Code, v.Why)
	}
	arrival := line.Arrival{Event: v.Event, Grants: a.Grants(src, &v.Event, false), Elsewhere: v.Elsewhere}
	answers, err := taught{a.Line, &a.learner}.Accept(ctx, line.Batch{Source: src.Key, Arrivals: []line.Arrival{arrival}})
	if err != nil {
		return err
	}
	if answers[0].Outcome == line.Quarantined {
		return errTold.At(answers[0].Code, answers[0].Why)
	}
	return nil
}

// CatchUp does everything that is due now: timers, deliveries, errands.
func (a *App) CatchUp(ctx context.Context) error {
	a.letters.due(ctx, a.Log)
	if err := a.forgetSignups(ctx); err != nil {
		return err
	}
	if err := a.timers(ctx); err != nil {
		return err
	}
	a.Desk().Due(ctx)
	if err := a.deliverDue(ctx); err != nil {
		return err
	}
	return a.carryErrands(ctx)
}

// Split parts a workspace into what privacy applies and what marketing writes.
func Split(files fs.FS) (promises, campaigns catalog.Workspace) {
	w, _ := catalog.Load(files, shapes()...)
	mine := func(d catalog.Definition) bool { return d.Kind == catalog.Audience || d.Kind == catalog.Campaign }
	promises, campaigns = w, w
	promises.Definitions = slices.DeleteFunc(slices.Clone(w.Definitions), mine)
	campaigns.Definitions = slices.DeleteFunc(slices.Clone(w.Definitions), func(d catalog.Definition) bool { return !mine(d) })
	return promises, campaigns
}

// Put puts definitions that were read in force for an actor, as Apply does.
func (a *App) Put(ctx context.Context, w catalog.Workspace, by catalog.Actor) ([]catalog.Entry, error) {
	changed, err := a.Change(ctx, by, "workspace.apply", func(all []catalog.Entry) ([]catalog.Entry, error) {
		return catalog.Plan(all, w, by, a.Clock.Now())
	})
	if err != nil {
		return nil, fmt.Errorf("apply: %w", err)
	}
	return changed, nil
}
