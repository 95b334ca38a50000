package vault_test

import (
	"fmt"
	"testing"

	"github.com/heed-platform/heed/internal/fact"
	"github.com/heed-platform/heed/internal/keep/internal/vault"
	"github.com/heed-platform/heed/internal/person"
)

// A fragment with so many messages that their set has pages: after some facts
// were emptied the set is whole, and a rebuild keeps it so.
func TestDrop_manyMessages(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, s stores) {
		t.Helper()
		const messages = 900
		entry := func(payload []byte) vault.Entry {
			return vault.EntryOf(s.v.Digest("message", string(payload)), person.Hash{1})
		}
		folder := vault.Folder{
			Apply: func(*fact.State, fact.Kind, []byte) error { return nil },
			Seen:  func(payload []byte) (vault.Entry, error) { return entry(payload), nil },
		}
		f := admit(t, s.v, "ada")[0]
		sight := func(tx *vault.Tx, n int) vault.Sighting {
			seen, err := tx.Sight(t.Context(), tx.Chain(f.ID), entry(fmt.Appendf(nil, "message %d", n)))
			if err != nil {
				t.Fatal(err)
			}
			return seen
		}
		work := func(do func(tx *vault.Tx)) {
			t.Helper()
			err := s.v.Write(t.Context(), "node-test", []*vault.Fragment{f}, func(tx *vault.Tx) error { do(tx); return nil })
			if err != nil {
				t.Fatal(err)
			}
		}
		work(func(tx *vault.Tx) {
			for n := range messages {
				if sight(tx, n) != vault.Unseen {
					t.Fatalf("message %d is known before it came", n)
				}
				payload := fmt.Appendf(nil, "message %d", n)
				if err := tx.Mark(t.Context(), tx.Chain(f.ID), entry(payload)); err != nil {
					t.Fatal(err)
				}
				tx.Append(tx.Chain(f.ID), fact.KindEvent, tx.Now, payload)
			}
		})
		dropped, err := s.v.Drop(t.Context(), "node-test", f, folder, func(l vault.Fact) bool { return l.N%3 == 0 }, vault.AuditEntry{What: "retention"})
		if err != nil || dropped != messages/3 {
			t.Fatalf("%d dropped: %v", dropped, err)
		}
		if again, err := s.v.Drop(t.Context(), "node-test", f, folder, func(l vault.Fact) bool { return l.N%3 == 0 }, vault.AuditEntry{}); err != nil || again != 0 {
			t.Errorf("%d dropped twice: %v", again, err)
		}
		for range 2 {
			r, err := s.v.Rebuild(t.Context(), folder, nothing)
			if err != nil || r.Differed != 0 || r.Facts != messages {
				t.Fatalf("a rebuild: %+v, %v", r, err)
			}
			work(func(tx *vault.Tx) {
				for n := range messages {
					if sight(tx, n) != vault.Duplicate {
						t.Fatalf("message %d is no longer known", n)
					}
				}
			})
		}
	})
}
