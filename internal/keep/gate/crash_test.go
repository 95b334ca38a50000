package gate_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/heed-platform/heed/internal/keep"
	"github.com/heed-platform/heed/internal/keep/gate"
	"github.com/heed-platform/heed/internal/keep/internal/store"
	"github.com/heed-platform/heed/internal/keep/internal/vault"
	house "github.com/heed-platform/heed/internal/line/linetest"
)

// faults is a database that fails at one moment of a transaction, as when the
// line to it is cut.
type faults struct {
	store.Data

	before, after bool // the commit
}

func (d *faults) Write(ctx context.Context, f func(store.Writer) error) error {
	err := d.Data.Write(ctx, func(w store.Writer) error {
		if err := f(w); err != nil {
			return err
		}
		if d.before {
			return store.ErrDown
		}
		return nil
	})
	if err == nil && d.after {
		return store.ErrDown
	}
	return err
}

// Whatever happens around the commit, each letter that may leave has its row;
// a row without a letter is what a sender looks for that takes over (Pending).
func TestClear_aRowForEveryLetter(t *testing.T) {
	t.Parallel()
	house.OnBoth(t, func(t *testing.T, h *house.House) {
		t.Helper()
		ctx := t.Context()
		h.Member("ada")
		data := &faults{Data: h.Keep.Vault().Data()}
		v, err := vault.Open(ctx, h.Keep.Vault().Identity(), data, h.KeyFile(), h.Clock)
		if err != nil {
			t.Fatal(err)
		}
		g := gate.New(v, h.Know, "node-faulty", h.Clock)
		g.Adopt(h.Rules)
		left := map[string]bool{}
		for n := range 12 {
			pass, err := gate.Ask[gate.Contact](ctx, g, house.Writing(house.User("ada")))
			if err != nil {
				t.Fatal(err)
			}
			view, err := gate.See(pass)
			if err != nil {
				t.Fatal(err)
			}
			decision := fmt.Sprintf("d-%d", n)
			data.before, data.after = n%3 == 1, n%3 == 2
			cleared, err := gate.Clear(ctx, view, house.Letter(decision))
			data.before, data.after = false, false
			if (n%3 == 0) != (err == nil) || err != nil && !errors.Is(err, keep.ErrDown) {
				t.Fatalf("letter %d: %v", n, err)
			}
			if l, err := cleared.Open(); err == nil {
				left[l.ID] = true
			}
			trace, err := g.Pending(ctx, house.User("ada"), decision)
			if wrote := n%3 != 1; err != nil || (trace.Disclosure != "") != wrote || trace.Status != "" {
				t.Errorf("letter %d: %+v, %v", n, trace, err)
			}
		}
		for _, d := range h.Disclosures(house.User("ada")) {
			delete(left, d.ID)
		}
		if len(left) != 0 {
			t.Errorf("%d letters left without a row", len(left))
		}
	})
}
