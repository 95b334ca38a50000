package vault_test

import (
	"context"
	"errors"
	"path/filepath"
	"slices"
	"sync"
	"testing"

	"github.com/heed-platform/heed/internal/clock"
	"github.com/heed-platform/heed/internal/fact"
	"github.com/heed-platform/heed/internal/keep/internal/store"
	"github.com/heed-platform/heed/internal/keep/internal/vault"
	"github.com/heed-platform/heed/internal/person"
)

// identity is a store in which a test can put something between two steps.
type identity struct {
	store.Identity

	asked  func()
	buried func() error
}

func (i *identity) Tombstones(ctx context.Context, tombs []person.Hash) ([]store.Tombstone, error) {
	found, err := i.Identity.Tombstones(ctx, tombs)
	if f := i.asked; f != nil {
		i.asked = nil
		f()
	}
	return found, err
}

func (i *identity) Bury(ctx context.Context, ids []fact.FragmentID, at clock.Instant) error {
	if err := i.Identity.Bury(ctx, ids, at); err != nil || i.buried == nil {
		return err
	}
	return i.buried()
}

// over opens a vault over stores with something in between.
func (s stores) over(t *testing.T, ids store.Identity, data store.Data) *vault.Vault {
	t.Helper()
	v, err := vault.Open(t.Context(), ids, data, filepath.Join(s.dir, "heed.kek"), clock.NewStill(2_000_000))
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func erase(v *vault.Vault, name string, frags ...*vault.Fragment) error {
	ids := make([]fact.FragmentID, len(frags))
	for i, f := range frags {
		ids[i] = f.ID
	}
	_, err := v.Erase(context.Background(), "node-test", ids, vault.AuditEntry{What: "person.erase", Ref: name})
	return err
}

// told counts what the audit chain says of an erasure.
func (s stores) told(t *testing.T, name string) (n int) {
	t.Helper()
	err := s.data.Read(t.Context(), func(r store.Reader) error {
		_, _, err := s.v.VerifyAudit(t.Context(), r, func(e vault.AuditEntry, _ clock.Instant) {
			if e.Ref == name {
				n++
			}
		})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// Somebody is erased while an event of theirs is between finding the fragment
// and writing to it. The next try finds a new fragment, and so does every other.
func TestErase_whileSomebodyIsAdmitted(t *testing.T) {
	t.Parallel()
	s := open(t, t.TempDir())
	ids := &identity{Identity: s.ids}
	v := s.over(t, ids, s.data)
	old := admit(t, s.v, "ada")[0] // by another vault, so that v has not cached it
	ids.asked = func() {
		if err := erase(v, "e1", old); err != nil {
			t.Error(err)
		}
	}
	late := admit(t, v, "ada")[0]
	if late.ID != old.ID {
		t.Fatal("the test did not meet the moment that it is about")
	}
	nothing := func(*vault.Tx) error { return nil }
	if err := v.Write(t.Context(), "node-test", []*vault.Fragment{late}, nothing); !errors.Is(err, vault.ErrErased) {
		t.Fatalf("writing to whom was erased meanwhile: %v", err)
	}
	again := admit(t, v, "ada")[0]
	if again.ID == old.ID {
		t.Fatal("the erased fragment is found for ever")
	}
	write(t, v, again, "alive")
}

// Keys are gone, and then the disk fails: nothing may be sealed under the old
// key any more, and somebody goes on.
func TestErase_interruptedAfterTheKeysWent(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := open(t, dir)
	ids := &identity{Identity: s.ids}
	v := s.over(t, ids, s.data)
	old := admit(t, v, "ada")[0]
	bob := admit(t, v, "bob")[0]
	write(t, v, old, "a secret of ada")
	write(t, v, bob, "bob's")
	ids.buried = func() error { return store.ErrFull }
	if err := erase(v, "e1", old); !errors.Is(err, store.ErrFull) {
		t.Fatalf("the disk was full and the answer is %v", err)
	}
	next := admit(t, v, "ada")[0]
	if next.ID == old.ID {
		t.Fatal("whoever was erased is found with the key that is gone")
	}
	write(t, v, next, "later")
	s.close()

	s = open(t, dir)
	if got, err := payloads(t, s.v, admit(t, s.v, "ada")[0]); err != nil || !slices.Equal(got, []string{"later"}) {
		t.Fatalf("what was acknowledged reads %q, %v", got, err)
	}
	if len(states(t, s, old.ID)) != 1 {
		t.Fatal("the test did not meet the moment that it is about")
	}
	for _, want := range []int{1, 0} { // the second time nothing is left to do
		if n, err := s.v.FinishErasures(t.Context(), "node-test", true); err != nil || n != want {
			t.Fatalf("finished %d, want %d: %v", n, want, err)
		}
	}
	if len(states(t, s, old.ID)) != 0 || s.told(t, "e1") != 1 {
		t.Fatalf("%d states are left, and the audit chain tells of it %d times", len(states(t, s, old.ID)), s.told(t, "e1"))
	}
	if got, err := payloads(t, s.v, admit(t, s.v, "bob")[0]); err != nil || len(got) != 1 {
		t.Fatalf("bob lost something: %q, %v", got, err)
	}
}

// A caller who goes away does not stop it half way.
func TestErase_goesOnWithoutItsCaller(t *testing.T) {
	t.Parallel()
	s := open(t, t.TempDir())
	ids := &identity{Identity: s.ids}
	v := s.over(t, ids, s.data)
	ada := admit(t, v, "ada")[0]
	write(t, v, ada, "a secret")
	ctx, cancel := context.WithCancel(t.Context())
	ids.buried = func() error { cancel(); return nil }
	if _, err := v.Erase(ctx, "node-test", []fact.FragmentID{ada.ID}, vault.AuditEntry{What: "person.erase", Ref: "e1"}); err != nil {
		t.Fatal(err)
	}
	if len(states(t, s, ada.ID)) != 0 || s.told(t, "e1") != 1 {
		t.Fatal("it stopped half way")
	}
}

// Events and erasures of the same person meet in every way. What was
// acknowledged and not erased afterwards can be read.
func TestErase_racesWriters(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, s stores) {
		t.Helper()
		const writers, rounds = 6, 15
		var acked sync.Map // payload → fragment
		var hands sync.WaitGroup
		for w := range writers {
			hands.Go(func() {
				for n := range rounds {
					text := string(rune('a'+w)) + string(rune('0'+n%10)) + string(rune('0'+n/10))
					for {
						got, err := s.v.Admit(t.Context(), []vault.Name{{Identifier: person.Ident(person.UserID, "ada")}, {Identifier: person.Ident(person.UserID, "bob")}}, nil)
						if err != nil {
							t.Error(err)
							return
						}
						err = s.v.Write(t.Context(), "node-test", got.Fragments, func(tx *vault.Tx) error {
							for _, f := range got.Fragments {
								tx.Append(tx.Chain(f.ID), fact.KindNote, tx.Now, []byte(text))
							}
							return nil
						})
						if errors.Is(err, vault.ErrErased) {
							continue
						}
						if err != nil {
							t.Error(err)
							return
						}
						acked.Store(text, got.Fragments[1])
						break
					}
				}
			})
		}
		hands.Go(func() {
			for n := range 8 {
				if err := erase(s.v, "e"+string(rune('0'+n)), admit(t, s.v, "ada")[0]); err != nil {
					t.Error(err)
					return
				}
			}
		})
		hands.Wait()
		bob := admit(t, s.v, "bob")[0]
		got, err := payloads(t, s.v, bob)
		if err != nil || len(got) != writers*rounds {
			t.Fatalf("bob has %d facts of %d: %v", len(got), writers*rounds, err)
		}
		slices.Sort(got)
		if len(slices.Compact(got)) != writers*rounds {
			t.Fatal("something was written twice")
		}
		acked.Range(func(_, f any) bool {
			if was, ok := f.(*vault.Fragment); !ok || was.ID != bob.ID {
				t.Error("bob was two fragments")
			}
			return true
		})
		if _, err := payloads(t, s.v, admit(t, s.v, "ada")[0]); err != nil {
			t.Fatalf("what came to ada after the last erasure cannot be read: %v", err)
		}
	})
}
