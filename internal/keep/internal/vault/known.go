package vault

import (
	"context"
	"fmt"

	"github.com/heed-platform/heed/internal/clock"
	"github.com/heed-platform/heed/internal/fact"
	"github.com/heed-platform/heed/internal/keep/internal/store"
	"github.com/heed-platform/heed/internal/person"
)

// Known returns, for each canonical identifier, its fragment, nil when there is
// none, and when it was erased, zero when never. It makes nothing.
func (v *Vault) Known(ctx context.Context, ids []person.Identifier) ([]*Fragment, []clock.Instant, error) {
	hashes, tombs := make([]person.Hash, len(ids)), make([]person.Hash, len(ids))
	for i, id := range ids {
		hashes[i], tombs[i] = v.HashOf(id), v.tombOf(id)
	}
	life := v.lives.now()
	rows, err := v.ids.Find(ctx, hashes)
	if err != nil {
		return nil, nil, fmt.Errorf("find identifiers: %w", err)
	}
	byHash, err := v.openRows(ctx, rows, life)
	if err != nil {
		return nil, nil, err
	}
	at, err := v.erasedAt(ctx, tombs)
	if err != nil {
		return nil, nil, err
	}
	frags, erased := make([]*Fragment, len(ids)), make([]clock.Instant, len(ids))
	for i := range ids {
		frags[i], erased[i] = byHash[hashes[i]], at[tombs[i]]
	}
	return frags, erased, nil
}

// EachState opens every state there is, fragment by fragment, each page on a
// snapshot of its own.
func (v *Vault) EachState(ctx context.Context, f func(fact.FragmentID, *fact.State)) error {
	var after fact.FragmentID
	for {
		life := v.lives.now()
		rows, err := v.ids.Scan(ctx, after, rebuildPage)
		if err != nil {
			return fmt.Errorf("walk over fragments: %w", err)
		}
		if len(rows) == 0 {
			return nil
		}
		after = rows[len(rows)-1].ID
		frags := make(map[fact.FragmentID]*Fragment, len(rows))
		for _, row := range rows {
			if frags[row.ID], err = v.openRow(ctx, row, life); err != nil {
				return err
			}
		}
		var states map[fact.FragmentID]fact.State
		err = v.data.Read(ctx, func(r store.Reader) (err error) {
			states, err = v.States(ctx, r, frags)
			return err
		})
		if err != nil {
			return err
		}
		for id, s := range states {
			f(id, &s)
		}
	}
}
