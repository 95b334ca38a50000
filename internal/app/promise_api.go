package app

import (
	"context"
	"strings"

	"github.com/heed-platform/heed/internal/account/leak"
	"github.com/heed-platform/heed/internal/clock"
	"github.com/heed-platform/heed/internal/keep/catalog"
	"github.com/heed-platform/heed/internal/keep/gate"
	"github.com/heed-platform/heed/internal/web/api"
)

// promises is what the API says about promises and leaks.
func (a *App) promises() api.Promises {
	return api.Promises{
		Conformance: func(ctx context.Context, by catalog.Actor, why string) (any, error) {
			return a.Conformance(ctx, by, why)
		},
		Retention: func(ctx context.Context, most int) (any, error) { return a.RetentionReports(ctx, most) },
		Reask: func(ctx context.Context, by catalog.Actor, notice string) (any, error) {
			return a.Reask(ctx, by, notice)
		},
		Leaks: func(ctx context.Context) (any, error) { return leak.List(ctx, a.Keep) },
		Leak:  func(ctx context.Context, id string) (any, error) { return leak.Find(ctx, a.Keep, id) },
		OpenLeak: func(ctx context.Context, by catalog.Actor, what string, learned clock.Instant, s leak.Scope) (any, error) {
			return a.OpenLeak(ctx, by, what, learned, s)
		},
		AssessLeak: func(ctx context.Context, by catalog.Actor, id string, s *leak.Scope) (any, error) {
			return a.AssessLeak(ctx, by, id, s)
		},
		LeakReport: func(ctx context.Context, id string) (string, error) {
			var text strings.Builder
			err := a.DraftLeak(ctx, id, &text)
			return text.String(), err
		},
		TellOfLeak: func(ctx context.Context, by catalog.Actor, id, campaign string) (any, error) {
			sent, err := a.TellOfLeak(ctx, by, id, campaign)
			return told(sent), err
		},
		CloseLeak: func(ctx context.Context, by catalog.Actor, id, why string) (any, error) {
			return a.CloseLeak(ctx, by, id, why)
		},
	}
}

// told is what became of telling people.
type told struct {
	Considered int                     `json:"considered"`
	Withheld   map[string]gate.Stopped `json:"withheld"`
}
