package app

import (
	"context"
	"log/slog"
	"net/http"

	"github.com/heed-platform/heed/internal/collect/consent"
	"github.com/heed-platform/heed/internal/collect/event"
	"github.com/heed-platform/heed/internal/fact"
	"github.com/heed-platform/heed/internal/keep"
	"github.com/heed-platform/heed/internal/keep/catalog"
	"github.com/heed-platform/heed/internal/keep/gate"
	"github.com/heed-platform/heed/internal/know"
	"github.com/heed-platform/heed/internal/know/audience"
	"github.com/heed-platform/heed/internal/policy"
	"github.com/heed-platform/heed/internal/problem"
	"github.com/heed-platform/heed/internal/web/api"
	"github.com/heed-platform/heed/internal/web/api/ingest"
	"github.com/heed-platform/heed/internal/web/api/plan"
	"github.com/heed-platform/heed/internal/web/api/staff"
	"github.com/heed-platform/heed/internal/web/page"
)

// First is what was made because the database was empty.
func (a *App) First() First { return a.first }

// SetPublicURL says how the world reaches this server.
func (a *App) SetPublicURL(url string) { a.public.Store(&url) }

// PublicURL is how the world reaches this server; "" before it listens.
func (a *App) PublicURL() string {
	if u := a.public.Load(); u != nil {
		return *u
	}
	return a.Config.PublicURL
}

var errDraining = problem.New(problem.Unavailable, "draining", "heed is shutting down; send this to another node or again in a moment.")

// Drain makes heed say that it is not ready; what is in hand goes on.
func (a *App) Drain() { a.draining.Store(true) }

func (a *App) ready(ctx context.Context) error {
	if a.draining.Load() {
		return errDraining
	}
	return a.Keep.Ready(ctx)
}

// Handler is the public port.
func (a *App) Handler() http.Handler {
	return api.New(api.Deps{
		Log: a.Log, Clock: a.Clock, Metrics: a.metrics, Ready: a.ready, Actor: a.Actor, Watch: a.Line.Watch,
		Rules:     func() *policy.Rules { return a.World().Rules },
		Ingest:    a.ingest(),
		Pages:     page.Deps{Look: a.looks(), Links: links{a}, Outbox: a.Outbox, Try: a.tries, Areas: a.areas(), Follow: a.Door().Follow, Looked: a.looked},
		Registry:  a.Keep,
		Workspace: changes{a},
		People: staff.People{
			Gate: a.Keep.Gate, Know: func() *know.Knowledge { return a.World().Know },
			Workspace: func() catalog.Workspace { return a.World().Workspace }, Part: a.Split,
			Gone: func(ctx context.Context, asking gate.Asking) (any, error) { return a.EraseFor(ctx, asking) },
		},
		Requests:  a.requests(),
		Promises:  a.promises(),
		Audiences: a.counting(),
		Quarantine: api.Quarantine{
			List: a.Keep.Quarantined,
			Replay: func(ctx context.Context, ids []int64, by catalog.Actor) (any, error) {
				return a.Replay(ctx, by.String(), ids)
			},
			Drop: func(ctx context.Context, ids []int64, by catalog.Actor) error {
				return a.Keep.DropQuarantined(ctx, by.String(), ids)
			},
		},
		SMS: a.texts(), Feedback: a.feedback(),
		Deliveries: api.Deliveries{
			List: a.Keep.Queue.List,
			Retry: func(ctx context.Context, id int64, by catalog.Actor) error {
				return a.Keep.Queue.Retry(ctx, id, by.String())
			},
			Drop: func(ctx context.Context, id int64, by catalog.Actor) error {
				return a.Keep.Queue.Drop(ctx, id, by.String())
			},
		},
	})
}

func (a *App) ingest() ingest.Deps {
	return ingest.Deps{
		Line: taught{a.Line, &a.learner}, Source: a.Source, Grants: a.Grants, PublicURL: a.PublicURL,
		Refused: func(ctx context.Context, source string, n int64) error {
			return a.Keep.AddTallies(ctx, []keep.Tally{{Source: source, Refused: n}})
		},
	}
}

// counting is what may be counted before anything is said to anybody.
func (a *App) counting() api.Audiences {
	counts := plan.Counts{Gate: a.Keep.Gate, Audiences: func() *audience.Set { return a.World().Audiences }}
	return api.Audiences{
		Preview: counts.Preview, PreviewExpression: counts.PreviewExpression,
		DryRun: func(ctx context.Context, key string, by catalog.Actor) (any, error) { return a.DryRun(ctx, key, 0, by) },
	}
}

// changes is the life of definitions as the API knows it.
type changes struct{ *App }

// Send considers everybody once and counts them.
func (c changes) Send(ctx context.Context, campaign string, by catalog.Actor) (int, error) {
	sent, err := c.App.Send(ctx, campaign, by)
	return sent.Considered, err
}

// AdminHandler is metrics and profiling, for this machine only.
func (a *App) AdminHandler() http.Handler { return api.Admin(a.metrics) }

// Grants reads what an event says about consent, in the words of the workspace.
// What was said and could not be taken is told at the log level debug.
func (a *App) Grants(src event.Source, e *fact.Event, gpc bool) []fact.Grant {
	h := consent.Hear(e, gpc, a.World().Consent)
	for _, r := range h.Refused {
		a.Log.Debug("a signal was not taken", slog.String("source", src.Key), slog.String("where", r.Where), slog.String("why", r.Why))
	}
	return h.Grants
}
