package keep_test

import (
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/heed-platform/heed/internal/clock"
	"github.com/heed-platform/heed/internal/keep"
	"github.com/heed-platform/heed/internal/keep/keeptest/pgtest"
	"github.com/heed-platform/heed/internal/problem"
)

// onBoth opens an empty keep on each database.
func onBoth(t *testing.T, test func(t *testing.T, k *keep.Keep)) {
	t.Helper()
	for engine, url := range map[string]func(testing.TB) string{
		"sqlite":   func(tb testing.TB) string { return "sqlite:" + filepath.Join(tb.TempDir(), "heed.db") },
		"postgres": pgtest.URL,
	} {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			k, err := keep.Open(t.Context(), keep.Config{Database: url(t), Keys: "sqlite:" + filepath.Join(dir, "keys.db"), Folder: dir}, nil, clock.NewStill(1000))
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() {
				if err := k.Close(); err != nil {
					t.Error(err)
				}
			})
			test(t, k)
		})
	}
}

func TestTicket_lives(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, k *keep.Keep) {
		t.Helper()
		ctx := t.Context()
		issue := func(secret string) {
			t.Helper()
			if err := k.Issue(ctx, secret, keep.Ticket{Kind: "code", Fragment: 7, Until: 2000, Body: []byte("for the data page")}); err != nil {
				t.Fatal(err)
			}
		}
		unknown := func(what string, err error) {
			t.Helper()
			if problem.Of(err).Code != "ticket-unknown" {
				t.Errorf("%s: %v", what, err)
			}
		}
		issue("s1")
		got, err := k.Show(ctx, "code", "s1", 2000)
		if err != nil || string(got.Body) != "for the data page" || got.Fragment != 7 {
			t.Errorf("shown: %+v, %v", got, err)
		}
		_, err = k.Show(ctx, "code", "s1", 2001)
		unknown("over", err)
		_, err = k.Show(ctx, "session", "s1", 1)
		unknown("of another kind", err)
		for n := range int64(3) {
			if got, err = k.Try(ctx, "code", "s1", 1); err != nil || got.Tries != n+1 {
				t.Errorf("try %d: %+v, %v", n+1, got, err)
			}
		}
		_, err = k.Try(ctx, "code", "s2", 1)
		unknown("tried and never issued", err)
		var taken atomic.Int64
		var all sync.WaitGroup
		for range 8 {
			all.Go(func() {
				if _, err := k.Take(ctx, "code", "s1", 1); err == nil {
					taken.Add(1)
				}
			})
		}
		all.Wait()
		if taken.Load() != 1 {
			t.Errorf("%d took it", taken.Load())
		}
		issue("s3")
		if n, err := k.ExpireTickets(ctx, 2001); err != nil || n != 1 {
			t.Errorf("%d expired, %v", n, err)
		}
		_, err = k.Take(ctx, "code", "s3", 1)
		unknown("expired", err)
	})
}

func TestRequest_changesAreNotLost(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, k *keep.Keep) {
		t.Helper()
		ctx := t.Context()
		change := func() error {
			return k.ChangeRequest(ctx, "person", "request.step", "r1", func(q keep.Request) (keep.Request, error) {
				q.Right, q.Status, q.Body = "access", "open", append(q.Body, '.')
				return q, nil
			})
		}
		if err := change(); err != nil {
			t.Fatal(err)
		}
		var all sync.WaitGroup
		for range 8 {
			all.Go(func() {
				if err := change(); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		got, err := k.Request(ctx, "r1")
		if err != nil || len(got.Body) != 9 {
			t.Errorf("%d of 9 steps are there, %v", len(got.Body), err)
		}
		if _, err := k.Request(ctx, "r2"); problem.Of(err).Code != "request-unknown" {
			t.Errorf("no request: %v", err)
		}
	})
}
