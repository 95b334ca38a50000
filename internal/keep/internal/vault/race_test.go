package vault_test

import (
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/heed-platform/heed/internal/clock"
	"github.com/heed-platform/heed/internal/fact"
	"github.com/heed-platform/heed/internal/keep/internal/store"
	"github.com/heed-platform/heed/internal/keep/internal/vault"
)

// Many transactions of one node, each with an audit entry: none gives up, none
// is written twice, and the chains have no gap.
func TestWrite_auditedSideBySide(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, s stores) {
		t.Helper()
		const hands, rounds = 16, 20
		var wg sync.WaitGroup
		for h := range hands {
			wg.Go(func() {
				f := admit(t, s.v, fmt.Sprintf("user-%d", h))[0]
				for n := range rounds {
					err := s.v.Write(t.Context(), "node-test", []*vault.Fragment{f}, func(tx *vault.Tx) error {
						c := tx.Chain(f.ID)
						tx.Append(c, fact.KindNote, tx.Now, fmt.Appendf(nil, "%d", n))
						tx.Audit(vault.AuditFact(c, vault.AuditEntry{What: "test"}))
						return nil
					})
					if err != nil {
						t.Error(err)
						return
					}
				}
			})
		}
		wg.Wait()
		told := map[string]int{}
		err := s.data.Read(t.Context(), func(r store.Reader) error {
			damage, _, err := s.v.VerifyAudit(t.Context(), r, func(e vault.AuditEntry, _ clock.Instant) { told[e.Person]++ })
			return errors.Join(err, errors.Join(func() (errs []error) {
				for _, d := range damage {
					errs = append(errs, errors.New(d.Where+": "+d.Why))
				}
				return errs
			}()...))
		})
		if err != nil {
			t.Fatal(err)
		}
		for name, n := range told {
			if n != rounds {
				t.Errorf("%s is told of %d times", name, n)
			}
		}
		if len(told) != hands {
			t.Errorf("%d people are told of", len(told))
		}
	})
}

// Transactions that want the same fragments in every order wait for each other
// and never in a circle.
func TestWrite_manyFragmentsInAnyOrder(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, s stores) {
		t.Helper()
		const hands, rounds, people = 8, 15, 12
		var names []string
		for n := range people {
			names = append(names, fmt.Sprintf("user-%d", n))
		}
		frags := admit(t, s.v, names...)
		var wg sync.WaitGroup
		for h := range hands {
			wg.Go(func() {
				for n := range rounds {
					var some []*vault.Fragment
					for i := range 5 {
						some = append(some, frags[(h*7+n*3+(5-i)*(h+1))%people])
					}
					err := s.v.Write(t.Context(), "node-test", some, func(tx *vault.Tx) error {
						for _, f := range some {
							tx.Append(tx.Chain(f.ID), fact.KindNote, tx.Now, []byte("x"))
						}
						return nil
					})
					if err != nil {
						t.Error(err)
						return
					}
				}
			})
		}
		wg.Wait()
		total := 0
		for _, f := range frags {
			got, err := payloads(t, s.v, f)
			if err != nil {
				t.Fatal(err)
			}
			total += len(got)
		}
		if total != hands*rounds*5 {
			t.Fatalf("%d facts of %d", total, hands*rounds*5)
		}
	})
}

// The time of a transaction is that of its turn, not of its place in line: what
// the one before it wrote is older.
func TestWrite_timeIsThatOfTheTurn(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, s stores) {
		t.Helper()
		still := clock.NewStill(1_000)
		v, err := vault.Open(t.Context(), s.ids, s.data, s.dir+"/heed.kek", still)
		if err != nil {
			t.Fatal(err)
		}
		f := admit(t, v, "ada")[0]
		var first, second clock.Instant
		inside, started := make(chan struct{}), make(chan struct{})
		var wg sync.WaitGroup
		wg.Go(func() {
			err := v.Write(t.Context(), "node-test", []*vault.Fragment{f}, func(tx *vault.Tx) error {
				close(inside)
				<-started
				time.Sleep(100 * time.Millisecond) // so that the second one stands in line
				still.Set(5_000)
				first = 5_000
				tx.Append(tx.Chain(f.ID), fact.KindNote, first, []byte("x"))
				return nil
			})
			if err != nil {
				t.Error(err)
			}
		})
		<-inside
		wg.Go(func() {
			close(started)
			err := v.Write(t.Context(), "node-test", []*vault.Fragment{f}, func(tx *vault.Tx) error {
				second = tx.Now
				return nil
			})
			if err != nil {
				t.Error(err)
			}
		})
		wg.Wait()
		if second < first {
			t.Fatalf("the second transaction is of %d, the first of %d", second, first)
		}
	})
}

// A page of message entries that was damaged is put right by a rebuild.
func TestRebuild_mendsPages(t *testing.T) {
	t.Parallel()
	s := open(t, t.TempDir())
	ctx := t.Context()
	f := admit(t, s.v, "ada")[0]
	entry := func(p []byte) (vault.Entry, error) {
		return vault.EntryOf(s.v.Digest(string(p)), s.v.Digest(string(p))), nil
	}
	apply := func(*fact.State, fact.Kind, []byte) error { return nil }
	const many = 600
	err := s.v.Write(ctx, "node-test", []*vault.Fragment{f}, func(tx *vault.Tx) error {
		for n := range many {
			p := fmt.Appendf(nil, "message %d", n)
			e, _ := entry(p)
			tx.Append(tx.Chain(f.ID), fact.KindEvent, tx.Now, p)
			if err := tx.Mark(ctx, tx.Chain(f.ID), e); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	rebuild := func(want int) {
		t.Helper()
		got, err := s.v.Rebuild(ctx, vault.Folder{Apply: apply, Seen: entry}, func(int) {})
		if err != nil || got.Differed != want || got.Facts != many {
			t.Fatalf("%+v, %v; want %d that differ", got, err, want)
		}
	}
	rebuild(0)
	err = s.data.Write(ctx, func(w store.Writer) error {
		return w.PutSeenPages(ctx, []store.SeenPage{{Fragment: f.ID, Page: 1, Entries: nil}})
	})
	if err != nil {
		t.Fatal(err)
	}
	rebuild(1)
	rebuild(0)
}
