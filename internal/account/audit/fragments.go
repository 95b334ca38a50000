package audit

import (
	"context"
	"encoding/hex"
	"fmt"
	"slices"

	"github.com/heed-platform/heed/internal/fact"
	"github.com/heed-platform/heed/internal/keep"
)

// page is how many fragments are read from one snapshot.
const page = 200

// untold is a fact that should be in the audit chain and was not, when the chain
// was read: it may have been written since.
type untold struct {
	fragment fact.FragmentID
	key      key
}

// key is how an audit entry names a fact.
type key struct {
	name string
	n    uint64
}

// audited are the kinds of facts that an audit entry tells of in the same
// transaction.
var audited = []fact.Kind{fact.KindGrant, fact.KindDisclosure, fact.KindCut, fact.KindNote}

// fragments walks every fragment of the identity store.
func (c *check) fragments(ctx context.Context) error {
	var after fact.FragmentID
	for {
		rows, err := c.vault.Identity().Scan(ctx, after, page)
		if err != nil {
			return fmt.Errorf("walk over fragments: %w", err)
		}
		if len(rows) == 0 {
			return nil
		}
		ids := make([]fact.FragmentID, len(rows))
		for i, r := range rows {
			ids[i] = r.ID
		}
		after = ids[len(ids)-1]
		frags, err := c.open(ctx, ids)
		if err != nil {
			return err
		}
		c.joints = map[fact.FragmentID]joints{}
		err = c.vault.Data().Read(ctx, func(r keep.Reader) error {
			for _, f := range frags {
				if err := c.fragment(ctx, r, f); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
		// What a split is about to do is looked at again later.
		said := c.joints
		err = c.edges(ctx, said, func(id fact.FragmentID, _ string) { c.parted[id] = said[id] })
		if err != nil {
			return err
		}
	}
}

// open opens the fragments' keys; a key that does not open spoils only its own.
func (c *check) open(ctx context.Context, ids []fact.FragmentID) ([]*keep.Fragment, error) {
	got, err := c.vault.Fragments(ctx, ids)
	if err != nil && fatal(ctx, err) {
		return nil, err
	}
	out := make([]*keep.Fragment, 0, len(ids))
	for _, id := range ids {
		if err != nil { // one of them is damaged, so each is asked for alone
			one, err := c.vault.Fragments(ctx, []fact.FragmentID{id})
			switch {
			case err != nil && fatal(ctx, err):
				return nil, err
			case err != nil:
				c.report.add(fmt.Sprintf("key of fragment %d", id), "it does not open; nobody can read this fragment: "+err.Error())
				continue
			}
			got = one
		}
		if f := got[id]; f != nil { // else it was erased since
			out = append(out, f)
		}
	}
	return out, nil
}

// fragment checks one chain against its state, what the entries say about it,
// and its state against what the facts give.
func (c *check) fragment(ctx context.Context, r keep.Reader, f *keep.Fragment) error {
	c.report.Fragments++
	var last uint64
	said, name := c.said(f)
	again := refolding{vault: c.vault}
	damage, err := c.vault.VerifyFragment(ctx, r, f, func(l keep.Fact) {
		last = l.N
		c.report.Facts++
		if l.Kind == fact.KindEvent {
			c.events++
		}
		said = c.tell(f, said, name, l)
		again.take(l)
	})
	where := func(n uint64) string { return fmt.Sprintf("fragment %d fact %d", f.ID, n) }
	switch {
	case err != nil && fatal(ctx, err):
		return err
	case err != nil:
		c.report.add(where(last+1), err.Error())
	case damage != nil && damage.Where == fmt.Sprintf("state of fragment %d", f.ID):
		c.report.add(damage.Where, damage.Why)
	case damage != nil:
		c.report.add(where(last+1), damage.Why)
	}
	if last == 0 && len(said) > 0 {
		alive, err := c.vault.Fragments(ctx, []fact.FragmentID{f.ID})
		if err != nil || len(alive) == 0 { // erased since its key was read
			c.met -= len(said)
			return err
		}
	}
	for _, t := range said {
		if t.n > last {
			c.report.add(where(t.n), "it is not there, and "+c.ledger.place(t)+" tells of it; facts were cut off")
		}
	}
	if damage != nil || err != nil {
		return nil //nolint:nilerr // the failure is the finding
	}
	c.joints[f.ID] = joints{again.state.Ties, again.cuts}
	return c.state(ctx, r, f, &again)
}

// said is what the entries say about a fragment, by number, and marks it as
// heard; name is the fragment's in the chain.
func (c *check) said(f *keep.Fragment) ([]told, string) {
	name := f.AuditName()
	var key [12]byte
	if _, err := hex.Decode(key[:], []byte(name)); err != nil {
		return nil, name
	}
	said := c.ledger.about(key)
	c.met += len(said)
	return said, name
}

// tell compares one fact with the entries about it, which come first in said,
// and returns those about later ones.
func (c *check) tell(f *keep.Fragment, said []told, name string, l keep.Fact) []told {
	heard := false
	for len(said) > 0 && said[0].n <= l.N {
		if t := said[0]; t.n == l.N {
			heard = true
			if t.tag != l.Tag {
				c.report.add(fmt.Sprintf("fragment %d fact %d", f.ID, l.N), "it is not the one that "+c.ledger.place(t)+" tells of")
			}
		}
		said = said[1:]
	}
	if !heard && slices.Contains(audited, l.Kind) {
		c.untold = append(c.untold, untold{f.ID, key{name, l.N}})
	}
	return said
}

// gone counts entries about people whose keys are gone. Without an erasure there
// can be none.
func (c *check) gone() {
	c.report.Gone = len(c.ledger.all) - c.met
	if c.report.Gone > 0 && !c.erased {
		c.report.add("identity store", fmt.Sprintf("%d audit entries tell of people whose keys are gone, though nobody was erased", c.report.Gone))
	}
}
