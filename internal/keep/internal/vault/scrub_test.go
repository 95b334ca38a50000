package vault_test

import (
	"context"
	"testing"
	"time"

	"github.com/heed-platform/heed/internal/fact"
	"github.com/heed-platform/heed/internal/keep/internal/store"
	"github.com/heed-platform/heed/internal/keep/internal/vault"
)

// slow is a data store whose scrubbing a test makes fail or last.
type slow struct {
	store.Data

	scrub func(context.Context) error
	times int
}

func (s *slow) Scrub(ctx context.Context) error {
	s.times++
	if s.scrub != nil {
		return s.scrub(ctx)
	}
	return s.Data.Scrub(ctx)
}

// Whoever is erased is erased, though the files cannot be scrubbed now or not as
// fast as anybody waits; the scrubbing is remembered, over a restart too.
func TestErase_scrubsLater(t *testing.T) {
	t.Parallel()
	for name, scrub := range map[string]func(context.Context) error{
		"it fails":         func(context.Context) error { return store.ErrFull },
		"it takes forever": func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			onBoth(t, func(t *testing.T, s stores) {
				t.Helper()
				data := &slow{Data: s.data, scrub: scrub}
				v := s.over(t, s.ids, data)
				v.Patience(20 * time.Millisecond)
				ada := admit(t, v, "ada")[0]
				write(t, v, ada, "a secret")
				got, err := v.Erase(t.Context(), "node-test", []fact.FragmentID{ada.ID}, vault.AuditEntry{What: "person.erase", Ref: "e1"})
				if err != nil {
					t.Fatal(err)
				}
				if len(got.Done) != 3 || len(got.Underway) != 1 {
					t.Fatalf("%+v", got)
				}
				if len(states(t, s, ada.ID)) != 0 || s.told(t, "e1") != 1 {
					t.Fatal("something of them is left")
				}
				short, stop := context.WithTimeout(t.Context(), 20*time.Millisecond)
				if n, err := v.FinishScrubs(short); n != 0 || err == nil {
					t.Fatalf("scrubbed %d, %v", n, err)
				}
				stop()
				// Another process goes on, and then there is nothing left to do.
				again := &slow{Data: s.data}
				next := s.over(t, s.ids, again)
				for _, want := range []int{1, 0} {
					if n, err := next.FinishScrubs(t.Context()); n != want || err != nil {
						t.Fatalf("scrubbed %d, want %d: %v", n, want, err)
					}
				}
				if again.times != 1 {
					t.Fatalf("scrubbed %d times", again.times)
				}
			})
		})
	}
}

// An erasure that is scrubbed in time says so.
func TestErase_scrubs(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, s stores) {
		t.Helper()
		ada := admit(t, s.v, "ada")[0]
		got, err := s.v.Erase(t.Context(), "node-test", []fact.FragmentID{ada.ID}, vault.AuditEntry{What: "person.erase", Ref: "e1"})
		if err != nil || len(got.Done) != 4 || len(got.Underway) != 0 {
			t.Fatalf("%+v %v", got, err)
		}
		if n, err := s.v.FinishScrubs(t.Context()); n != 0 || err != nil {
			t.Fatalf("%d are left to scrub, %v", n, err)
		}
	})
}
