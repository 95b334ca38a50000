package vault

import (
	"context"
	"fmt"
	"slices"

	"github.com/heed-platform/heed/internal/fact"
	"github.com/heed-platform/heed/internal/keep/internal/store"
)

// Drop empties those facts of a fragment that pick names, because their time is
// over, and folds the state again from what is left. It returns how many it
// emptied. The chain still verifies, and a message that was dropped is still
// known: whoever repeats it is told so. entry, if it has a What, says in the
// audit chain that it happened; when nothing is picked, nothing is written.
func (v *Vault) Drop(ctx context.Context, writer string, frag *Fragment, f Folder, pick func(Fact) bool, entry AuditEntry) (dropped int, err error) {
	err = v.Write(ctx, writer, []*Fragment{frag}, func(tx *Tx) error {
		dropped, err = tx.Drop(ctx, frag, f, func(l Fact) (bool, []byte, error) { return pick(l), nil, nil })
		if err == nil && dropped > 0 && entry.What != "" {
			entry.Person = frag.AuditName()
			tx.Audit(entry)
		}
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("drop facts: %w", err)
	}
	return dropped, nil
}

// Drop is the vault's, in a transaction that has taken the fragment and appended
// nothing to it yet. Of an event, pick may return what is left of it: that is
// appended as a fact of its own, received when the event was.
func (tx *Tx) Drop(ctx context.Context, frag *Fragment, f Folder, pick func(Fact) (over bool, rest []byte, err error)) (int, error) {
	c := tx.chains[frag.ID]
	var over []uint64
	var rests []Fact
	var again fact.State
	_, n, err := tx.vault.facts(ctx, tx.Store, frag, func(l Fact) error {
		if l.Payload == nil {
			return nil
		}
		gone, rest, err := pick(l)
		if err != nil {
			return err
		}
		if !gone {
			return f.Apply(&again, l.Kind, l.Payload)
		}
		over = append(over, l.N)
		if rest != nil {
			rests = append(rests, Fact{Received: l.Received, Payload: rest})
		}
		return nil
	})
	if err != nil || len(over) == 0 {
		return 0, err
	}
	if err := tx.Store.DropFacts(ctx, frag.ID, over); err != nil {
		return 0, err
	}
	again.N = n
	c.State = again
	tx.Changed(c)
	for _, l := range rests {
		tx.Append(c, fact.KindRest, l.Received, l.Payload)
		if err := f.Apply(&c.State, fact.KindRest, l.Payload); err != nil {
			return 0, err
		}
	}
	return len(over), nil
}

// retain puts the messages of emptied facts back into a set that was made of the
// facts which are left: row holds all of them.
func (c *Chain) retain(ctx context.Context, r store.Reader, row store.State) error {
	stood, err := openSeen(row.Seen, row.Pages)
	if err != nil {
		return fmt.Errorf("state of fragment %d: %w", row.Fragment, err)
	}
	made := c.seen
	for _, e := range made.entries() {
		was, err := stood.look(ctx, r, row.Fragment, e)
		if err == nil && was != Duplicate {
			err = stood.add(ctx, r, row.Fragment, e)
		}
		if err != nil {
			return err
		}
	}
	for n := range stood.pages { // rebuild compares them all
		if _, err := stood.page(ctx, r, row.Fragment, n); err != nil {
			return err
		}
	}
	c.seen = stood
	return nil
}

// entries are all that are in memory.
func (s *seen) entries() []Entry {
	all := slices.Clone(s.list)
	for _, page := range s.loaded {
		all = append(all, page...)
	}
	return all
}
