package gate

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/heed-platform/heed/internal/fact"
	"github.com/heed-platform/heed/internal/keep/internal/store"
	"github.com/heed-platform/heed/internal/keep/internal/vault"
)

// regroupings bounds how often a transaction begins again because others joined,
// parted or erased the person while it waited for its turn.
const regroupings = 5

// within runs f in one transaction that holds everybody who belongs to id. Who
// that is can change until the locks are there, so it is looked at again then:
// a withdrawal must reach, and a send must see, every fragment of the person.
func (g *Gate) within(ctx context.Context, id fact.FragmentID, f func(tx *vault.Tx, h *held) error) error {
	for range regroupings {
		before, err := g.hold(ctx, id)
		if err != nil {
			return err
		}
		err = g.vault.Write(ctx, g.writer, before.members(), func(tx *vault.Tx) error {
			h, err := g.hold(ctx, id)
			if errors.Is(err, ErrNobody) {
				return vault.ErrErased
			}
			if err != nil {
				return err
			}
			if !slices.Equal(h.group.Members, before.group.Members) {
				return errRegrouped
			}
			return f(tx, h)
		})
		if !errors.Is(err, errRegrouped) && !errors.Is(err, vault.ErrErased) {
			return err
		}
	}
	return fmt.Errorf("the person changed %d times meanwhile: %w", regroupings, store.ErrStale)
}

var errRegrouped = errors.New("the person was joined or parted meanwhile")
