package api_test

import (
	"context"
	"testing"

	"github.com/heed-platform/heed/internal/account/leak"
	"github.com/heed-platform/heed/internal/clock"
	"github.com/heed-platform/heed/internal/keep/catalog"
	"github.com/heed-platform/heed/internal/web/api"
)

type kept struct {
	Fine bool `json:"fine"`
}

// promises answers everything, and notes who was looked for.
func (s *served) promises() api.Promises {
	return api.Promises{
		Conformance: func(context.Context, catalog.Actor, string) (any, error) {
			s.note("conformance")
			return kept{true}, nil
		},
		Retention: func(context.Context, int) (any, error) { return []kept{{true}}, nil },
		Reask:     func(context.Context, catalog.Actor, string) (any, error) { return kept{true}, nil },
		Leaks:     func(context.Context) (any, error) { return []kept{{true}}, nil },
		Leak:      func(context.Context, string) (any, error) { return kept{true}, nil },
		OpenLeak: func(_ context.Context, _ catalog.Actor, what string, _ clock.Instant, scope leak.Scope) (any, error) {
			s.note("open " + what)
			return scope, nil
		},
		AssessLeak: func(_ context.Context, _ catalog.Actor, _ string, scope *leak.Scope) (any, error) { return scope, nil },
		LeakReport: func(context.Context, string) (string, error) { return "# Report", nil },
		TellOfLeak: func(context.Context, catalog.Actor, string, string) (any, error) { return kept{true}, nil },
		CloseLeak:  func(context.Context, catalog.Actor, string, string) (any, error) { return kept{true}, nil },
	}
}

// TestPromises_bodies: what a leak is about is read strictly.
func TestPromises_bodies(t *testing.T) {
	t.Parallel()
	tests := []struct {
		target, body string
		code         int
	}{
		{"/api/leaks", `{"what":"x","scope":{"sources":["server"],"since":"2026-01-01T00:00:00Z"}}`, 201},
		{"/api/leaks", `{"what":"x","scope":{"source":["server"]}}`, 400},
		{"/api/leaks", `{"scope":{}}`, 400},
		{"/api/leaks", `{"what":"x","learned":"yesterday"}`, 400},
		{"/api/leaks/1/assess", `{"scope":null}`, 200},
		{"/api/leaks/1/tell", `{}`, 400},
		{"/api/leaks/1/close", `{"why":"  "}`, 400},
	}
	s := serve(t)
	for _, test := range tests {
		if w := s.as("privacy", "POST", test.target, test.body); w.Code != test.code {
			t.Errorf("%s %s: %d %s", test.target, test.body, w.Code, w.Body)
		}
	}
}
