package vault

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"github.com/heed-platform/heed/internal/fact"
	"github.com/heed-platform/heed/internal/keep/internal/store"
)

// Folder makes a state of facts again. Seen gives the message entry of an event.
type Folder struct {
	Apply func(s *fact.State, kind fact.Kind, payload []byte) error
	Seen  func(payload []byte) (Entry, error)
}

// Rebuilt says what a rebuild found.
type Rebuilt struct {
	Fragments int
	Facts     uint64
	Differed  int // states whose bytes were not what the facts give
}

// rebuildPage is how many fragments one step of a rebuild reads.
const rebuildPage = 500

// Rebuild folds every fragment from its facts alone and puts the result in the
// place of the living state. progress is told how many fragments are done.
func (v *Vault) Rebuild(ctx context.Context, f Folder, progress func(done int)) (Rebuilt, error) {
	var out Rebuilt
	var after fact.FragmentID
	for {
		life := v.lives.now()
		rows, err := v.ids.Scan(ctx, after, rebuildPage)
		if err != nil {
			return out, fmt.Errorf("walk over fragments: %w", err)
		}
		if len(rows) == 0 {
			return out, nil
		}
		after = rows[len(rows)-1].ID
		for _, row := range rows {
			frag, err := v.openRow(ctx, row, life)
			if err != nil {
				return out, err
			}
			if err := v.rebuildOne(ctx, frag, f, &out); err != nil {
				return out, err
			}
		}
		progress(out.Fragments)
	}
}

func (v *Vault) rebuildOne(ctx context.Context, frag *Fragment, f Folder, out *Rebuilt) error {
	return v.data.Write(ctx, func(w store.Writer) error {
		rows, err := w.Lock(ctx, []fact.FragmentID{frag.ID})
		if err != nil {
			return fmt.Errorf("lock fragment: %w", err)
		}
		c := newChain(frag)
		tx := &Tx{Store: w, vault: v}
		c.tag, c.State.N, err = v.facts(ctx, w, frag, func(l Fact) error { return tx.refold(ctx, c, f, l) })
		if err != nil {
			return err
		}
		out.Fragments++
		out.Facts += c.State.N
		if c.State.N == 0 && len(rows) == 0 {
			return nil
		}
		if c.emptied && len(rows) == 1 {
			if err := c.retain(ctx, w, rows[0]); err != nil {
				return err
			}
		}
		if len(rows) == 1 && c.same(rows[0]) {
			if same, err := c.samePages(ctx, w); same || err != nil {
				return err
			}
		}
		out.Differed++
		pages := c.seen.changedPages(frag.ID)
		return errors.Join(
			w.PutStates(ctx, []store.State{c.row()}),
			nonempty(pages, func() error { return w.PutSeenPages(ctx, pages) }),
		)
	})
}

func (tx *Tx) refold(ctx context.Context, c *Chain, f Folder, l Fact) error {
	if l.Payload == nil { // retention emptied it; what it gave was taken out then
		c.emptied = c.emptied || l.Kind == fact.KindEvent
		return nil
	}
	if l.Kind == fact.KindEvent {
		entry, err := f.Seen(l.Payload)
		if err != nil {
			return err
		}
		if err := c.seen.add(ctx, fresh{tx.Store}, c.Fragment.ID, entry); err != nil {
			return err
		}
	}
	return f.Apply(&c.State, l.Kind, l.Payload)
}

// fresh is a reader whose message pages are all empty: a rebuild must not start
// from the pages it replaces.
type fresh struct{ store.Reader }

func (fresh) SeenPage(context.Context, fact.FragmentID, int) ([]byte, error) { return nil, nil }

// same compares what the facts give with the row that stands, opened.
func (c *Chain) same(row store.State) bool {
	old, err := openState(c.Fragment, row)
	if err != nil {
		return false
	}
	entries, pages := c.seen.row()
	return old.tag == c.tag && row.Version == Projection && row.Pages == pages && bytes.Equal(row.Seen, entries) &&
		bytes.Equal(fact.AppendState(nil, &old.State), fact.AppendState(nil, &c.State))
}

// samePages compares the pages of message entries with those that stand.
func (c *Chain) samePages(ctx context.Context, r store.Reader) (bool, error) {
	for n := range c.seen.pages {
		raw, err := r.SeenPage(ctx, c.Fragment.ID, n)
		if err != nil {
			return false, fmt.Errorf("read message set: %w", err)
		}
		if !bytes.Equal(raw, packEntries(c.seen.loaded[n])) {
			return false, nil
		}
	}
	return true, nil
}
