package app_test

import (
	"context"
	"log/slog"
	"path/filepath"
	"testing"
	"time"

	"github.com/heed-platform/heed/internal/app"
	"github.com/heed-platform/heed/internal/clock"
	"github.com/heed-platform/heed/internal/collect/event"
	"github.com/heed-platform/heed/internal/config"
	"github.com/heed-platform/heed/internal/keep/gate"
	"github.com/heed-platform/heed/internal/keep/keeptest/pgtest"
	"github.com/heed-platform/heed/internal/line"
	"github.com/heed-platform/heed/internal/person"
)

// engines opens a fresh app on each database.
func engines(t *testing.T, f func(t *testing.T, open func() *app.App)) {
	t.Helper()
	for name, database := range map[string]func(testing.TB) string{
		"sqlite":   func(testing.TB) string { return "" },
		"postgres": pgtest.URL,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir, url := t.TempDir(), database(t)
			env := map[string]string{"HEED_DATA": filepath.Join(dir, "data"), "HEED_DATABASE": url, "HEED_WRITE_KEY": "wk-test", "HEED_ADMIN_TOKEN": "at-test-0123456789"}
			f(t, func() *app.App {
				cfg, err := config.Load(config.Flags{}, func(k string) (string, bool) { v, ok := env[k]; return v, ok && v != "" })
				if err != nil {
					t.Fatal(err)
				}
				a, err := app.Open(context.Background(), cfg, clock.System{}, slog.New(slog.DiscardHandler))
				if err != nil {
					t.Fatal(err)
				}
				return a
			})
		})
	}
}

func accept(t *testing.T, a *app.App, body string) []line.Answer {
	t.Helper()
	src, ok := a.Source("wk-test")
	if !ok {
		t.Fatal("the first source is not there")
	}
	parsed, err := event.Batch([]byte(body), src, clock.System{}.Now())
	if err != nil {
		t.Fatal(err)
	}
	b := line.Batch{Source: src.Key}
	for _, v := range parsed.Verdicts {
		if v.Code != "" {
			t.Fatalf("%s: %s", v.Code, v.Why)
		}
		b.Arrivals = append(b.Arrivals, line.Arrival{Event: v.Event})
	}
	answers, err := a.Line.Accept(context.Background(), b)
	if err != nil {
		t.Fatal(err)
	}
	return answers
}

func TestApp_anEventIsAppliedOnceAndReadable(t *testing.T) {
	t.Parallel()
	engines(t, func(t *testing.T, open func() *app.App) {
		t.Helper()
		a := open()
		body := `{"batch":[
		 {"type":"identify","messageId":"m1","userId":"ada","anonymousId":"phone-1","traits":{"email":"Ada@Example.com","plan":"gold"}},
		 {"type":"track","messageId":"m2","anonymousId":"phone-1","event":"Product Viewed","properties":{"product_id":"p1"}}]}`
		for i, want := range []line.Outcome{line.Accepted, line.Duplicate} {
			for _, got := range accept(t, a, body) {
				if got.Outcome != want {
					t.Fatalf("round %d: %+v", i, got)
				}
			}
		}
		if err := a.Close(); err != nil {
			t.Fatal(err)
		}
		a = open()
		defer func() { _ = a.Close() }()
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		pass, err := gate.Ask[gate.Operate](ctx, a.Keep.Gate, gate.Asking{
			Subject: gate.ByIdentifier(person.Ident(person.AnonymousID, "phone-1")), Purpose: "essential.service.operations.support",
			By: "test", Role: "operator", Why: "to see it work",
		})
		if err != nil {
			t.Fatal(err)
		}
		d, err := gate.Inspect(ctx, pass)
		if err != nil {
			t.Fatal(err)
		}
		p := d.Profile()
		if len(p.Fragments) != 3 || len(p.Identifiers) != 3 || p.Identifiers[0].NS != person.UserID {
			t.Fatalf("fragments %v, identifiers %v", p.Fragments, p.Identifiers)
		}
		if len(p.Attributes) == 0 || len(p.Counters) != 1 || p.Counters[0].Name != "Product Viewed" {
			t.Fatalf("attributes %d, counters %+v", len(p.Attributes), p.Counters)
		}
		rebuilt, err := a.Rebuild(ctx, func(int) {})
		if err != nil || rebuilt.Differed != 0 || rebuilt.Fragments != 3 {
			t.Fatalf("rebuilt %+v, %v", rebuilt, err)
		}
	})
}
