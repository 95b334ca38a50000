package vault

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/heed-platform/heed/internal/clock"
	"github.com/heed-platform/heed/internal/fact"
	"github.com/heed-platform/heed/internal/keep/internal/store"
)

// Tx is one transaction over sealed data. What it changed is written when the
// function given to Write returns nil.
type Tx struct {
	Store  store.Writer // for what is about nobody: definitions, tallies, timers
	Now    clock.Instant
	vault  *Vault
	chains map[fact.FragmentID]*Chain
	spine  []store.Spine
	audit  []AuditEntry
	writer string
	slot   int // of the audit chain, from 1; 0 is none taken
}

// Write locks the fragments, opens their states, runs f and commits everything
// at once. f may run more than once; it must change nothing but the Tx. Locks are
// taken at once and in order, so two transactions wait for each other and never
// in a circle.
func (v *Vault) Write(ctx context.Context, writer string, frags []*Fragment, f func(*Tx) error) error {
	return retry(ctx, func() error { return v.write(ctx, writer, frags, f) })
}

func (v *Vault) write(ctx context.Context, writer string, frags []*Fragment, f func(*Tx) error) error {
	var tx *Tx
	defer func() { tx.leave() }()
	return v.data.Write(ctx, func(w store.Writer) error {
		tx = &Tx{Store: w, vault: v, chains: map[fact.FragmentID]*Chain{}, writer: writer}
		if err := tx.take(ctx, frags); err != nil {
			return err
		}
		// Locks may have been waited for: what others wrote meanwhile was before.
		tx.Now = v.clock.Now()
		if err := f(tx); err != nil {
			return err
		}
		return tx.flush(ctx)
	})
}

// take locks the fragments and opens their chains.
func (tx *Tx) take(ctx context.Context, frags []*Fragment) error {
	byID := make(map[fact.FragmentID]*Fragment, len(frags))
	ids := make([]fact.FragmentID, 0, len(frags))
	once := make([]*Fragment, 0, len(frags))
	for _, f := range frags {
		if byID[f.ID] == nil {
			byID[f.ID] = f
			ids, once = append(ids, f.ID), append(once, f)
		}
	}
	if len(ids) == 0 {
		return nil
	}
	slices.Sort(ids)
	rows, err := tx.Store.Lock(ctx, ids)
	if err != nil {
		return fmt.Errorf("lock fragments: %w", err)
	}
	if err := tx.vault.alive(ctx, once); err != nil {
		return err
	}
	for _, row := range rows {
		if tx.chains[row.Fragment], err = openState(byID[row.Fragment], row); err != nil {
			return err
		}
	}
	for _, id := range ids {
		if tx.chains[id] == nil {
			tx.chains[id] = newChain(byID[id])
		}
	}
	return nil
}

// Chain is a fragment that was taken; nil when it was not.
func (tx *Tx) Chain(id fact.FragmentID) *Chain { return tx.chains[id] }

// Sight says whether the fragment has a message already.
func (tx *Tx) Sight(ctx context.Context, c *Chain, e Entry) (Sighting, error) {
	return c.seen.look(ctx, tx.Store, c.Fragment.ID, e)
}

// Mark remembers a message that was unseen.
func (tx *Tx) Mark(ctx context.Context, c *Chain, e Entry) error {
	c.changed = true
	return c.seen.add(ctx, tx.Store, c.Fragment.ID, e)
}

// Append seals a fact as the next of the chain. The caller folds it into
// c.State with the same code that a rebuild uses.
func (tx *Tx) Append(c *Chain, kind fact.Kind, received clock.Instant, payload []byte) {
	c.append(kind, received, payload)
}

// Changed makes the chain's state be written though no fact was added.
func (tx *Tx) Changed(c *Chain) { c.changed = true }

// Spine adds lines to the spine under the fragment's pseudonym.
func (tx *Tx) Spine(c *Chain, rows ...store.Spine) {
	p := c.Fragment.Pseudonym()
	for _, r := range rows {
		r.Pseudonym = p
		tx.spine = append(tx.spine, r)
	}
}

// Audit adds an entry to this writer's chain.
func (tx *Tx) Audit(e AuditEntry) { tx.audit = append(tx.audit, e) }

// SealJob seals a job's body under its fragment's key.
func (tx *Tx) SealJob(c *Chain, kind string, body []byte) []byte {
	return c.box.seal(place{kind: kindJob, fragment: c.Fragment.ID, bound: []byte(kind)}, body)
}

// OpenJob opens a job's body.
func (f *Fragment) OpenJob(job store.Job) ([]byte, error) {
	return f.box().open(place{kind: kindJob, fragment: f.ID, bound: []byte(job.Kind)}, job.Body)
}

func (tx *Tx) flush(ctx context.Context) error {
	ids := make([]fact.FragmentID, 0, len(tx.chains))
	for id, c := range tx.chains {
		if c.changed {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	var facts []store.Fact
	var states []store.State
	var pages []store.SeenPage
	for _, id := range ids {
		c := tx.chains[id]
		facts = append(facts, c.pending...)
		states = append(states, c.row())
		pages = append(pages, c.seen.changedPages(id)...)
	}
	err := errors.Join(
		nonempty(facts, func() error { return tx.Store.Append(ctx, facts) }),
		nonempty(states, func() error { return tx.Store.PutStates(ctx, states) }),
		nonempty(pages, func() error { return tx.Store.PutSeenPages(ctx, pages) }),
		nonempty(tx.spine, func() error { return tx.Store.PutSpine(ctx, tx.spine) }),
	)
	if err != nil {
		return fmt.Errorf("write facts: %w", err)
	}
	return tx.flushAudit(ctx)
}

func nonempty[T any](rows []T, f func() error) error {
	if len(rows) == 0 {
		return nil
	}
	return f()
}

// States opens the stored states of the fragments, without locking.
func (v *Vault) States(ctx context.Context, r store.Reader, frags map[fact.FragmentID]*Fragment) (map[fact.FragmentID]fact.State, error) {
	ids := make([]fact.FragmentID, 0, len(frags))
	for id := range frags {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	rows, err := r.States(ctx, ids)
	if err != nil {
		return nil, fmt.Errorf("read states: %w", err)
	}
	out := make(map[fact.FragmentID]fact.State, len(rows))
	for _, row := range rows {
		c, err := openState(frags[row.Fragment], row)
		if err != nil {
			return nil, err
		}
		out[row.Fragment] = c.State
	}
	return out, nil
}

// Facts hands out a fragment's chain in order, opened and checked.
func (v *Vault) Facts(ctx context.Context, r store.Reader, f *Fragment, yield func(Fact) error) error {
	_, _, err := v.facts(ctx, r, f, yield)
	return err
}
