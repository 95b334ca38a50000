package vault

import (
	"context"
	"errors"
	"fmt"

	"github.com/heed-platform/heed/internal/fact"
	"github.com/heed-platform/heed/internal/keep/internal/store"
)

// ErrErased says that a fragment was erased between finding it and writing to
// it; finding it again starts a new one.
var ErrErased = errors.New("the fragment was erased meanwhile")

// Erase destroys the fragments: tombstones and keys first, which cuts the facts
// loose in every copy, then the live rows. It returns the steps it took.
//
// It runs inside a write transaction of the data store, so that on SQLite no
// batch can slip in between; elsewhere Take checks that a fragment still lives.
func (v *Vault) Erase(ctx context.Context, writer string, ids []fact.FragmentID, entry AuditEntry) ([]string, error) {
	err := v.data.Write(ctx, func(w store.Writer) error {
		if _, err := w.Lock(ctx, ids); err != nil {
			return fmt.Errorf("lock fragments: %w", err)
		}
		if err := v.ids.Bury(ctx, ids, v.clock.Now()); err != nil {
			return fmt.Errorf("destroy keys: %w", err)
		}
		v.cache.bury(ids)
		if err := w.Forget(ctx, ids); err != nil {
			return fmt.Errorf("remove facts: %w", err)
		}
		tx := &Tx{Store: w, Now: v.clock.Now(), vault: v, writer: writer, audit: []AuditEntry{entry}}
		return tx.flushAudit(ctx)
	})
	if err != nil {
		return nil, err
	}
	if err := v.data.Scrub(ctx); err != nil {
		return nil, fmt.Errorf("scrub files: %w", err)
	}
	return []string{
		"tombstones written", "keys and keyed hashes destroyed", "facts, state, queue and timers removed", "live files scrubbed",
	}, nil
}

// alive fails with ErrErased when one of the fragments was buried. The answer
// holds for the rest of the transaction: Bury waits for the same locks.
func (v *Vault) alive(ctx context.Context, ids []fact.FragmentID) error {
	if v.cache != nil {
		if v.cache.buried(ids) {
			return ErrErased
		}
		return nil
	}
	rows, err := v.ids.Get(ctx, ids)
	if err != nil {
		return fmt.Errorf("look whether fragments live: %w", err)
	}
	if len(rows) != len(ids) {
		return ErrErased
	}
	return nil
}
