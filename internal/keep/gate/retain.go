package gate

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/google/uuid"

	"github.com/heed-platform/heed/internal/clock"
	"github.com/heed-platform/heed/internal/fact"
	"github.com/heed-platform/heed/internal/keep/internal/store"
	"github.com/heed-platform/heed/internal/keep/internal/vault"
	"github.com/heed-platform/heed/internal/policy"
)

// Clocks say what of a person's facts is over. They only look: what they name is
// emptied by Retain.
type Clocks struct {
	// Since is how old the oldest event of somebody must be before any of their
	// facts is read.
	Since clock.Instant
	// Over judges one fact: whether it is over, and, of an event of which only a
	// part is, the bytes of what is left. It counts what is over as it goes.
	Over func(d Dossier, l Line) (over bool, rest []byte, err error)
	// Bare reports whether somebody of whom nothing else is left may go whole, from
	// the kinds of the facts that are left of them.
	Bare func(kinds map[fact.Kind]bool) bool
	// Fold is how facts become a state.
	Fold Fold
	// Tally writes what was counted since the last call into the value of Name, in
	// the very transaction that empties it. Nil is a dry run, which writes nothing.
	Tally func(old []byte) ([]byte, error)
	Name  string
	// Begin forgets what was counted and not tallied: a transaction begins again.
	Begin func()
	// Gone counts somebody who went whole.
	Gone func()
}

// Retained says how far a step of Retain got.
type Retained struct {
	Next fact.FragmentID // 0 when everybody was met
	Read int             // people whose facts were read
}

// Retain empties what is over of one page of people, after the fragment named,
// each person in a transaction of their own. Who is being erased, joined or
// parted meanwhile is met again by the next run.
func Retain(ctx context.Context, g *Gate, after fact.FragmentID, c Clocks) (Retained, error) {
	var out Retained
	rules := g.Rules()
	if rules == nil {
		return out, errNoRules
	}
	rows, err := g.vault.Identity().Scan(ctx, after, rollPage)
	if err != nil || len(rows) == 0 {
		return out, err
	}
	people, err := g.met(ctx, rows)
	if err != nil {
		return out, err
	}
	if err := g.unfold(ctx, people); err != nil {
		return out, err
	}
	for _, h := range people {
		if h.profile == nil || h.profile.First > c.Since {
			continue
		}
		if err := g.retain(ctx, h, c, &out); err != nil && !errors.Is(err, ErrNobody) && !errors.Is(err, vault.ErrErased) {
			return out, err
		}
	}
	out.Next = rows[len(rows)-1].ID
	return out, nil
}

// retain looks first, without holding anybody up; most people have nothing over.
func (g *Gate) retain(ctx context.Context, h *held, c Clocks, out *Retained) error {
	out.Read++
	c.Begin()
	over, told, kinds := 0, false, map[fact.Kind]bool{}
	d := g.lookAt(h)
	err := d.Facts(ctx, func(l Line) error {
		told = told || l.Kind == fact.KindEvent
		if l.Payload == nil {
			return nil
		}
		gone, rest, err := c.Over(d, l)
		switch {
		case err != nil:
			return err
		case gone:
			over++
		}
		if !gone || rest != nil {
			kinds[l.Kind] = true
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("look for what is over: %w", err)
	}
	bare := told && !h.crowd && c.Bare(kinds) // who never told anything is somebody else's to judge
	if c.Tally == nil {
		if bare {
			c.Gone()
		}
		return nil
	}
	if bare {
		return g.leaveNothing(ctx, h, c)
	}
	if over == 0 {
		return nil
	}
	return g.within(ctx, h.group.Anchor, func(tx *vault.Tx, h *held) error {
		c.Begin()
		emptied, err := g.empty(ctx, tx, h, c)
		if err != nil || emptied == 0 {
			return err
		}
		if err := tally(ctx, tx.Store, c); err != nil {
			return err
		}
		return tx.Store.PutTimers(ctx, []store.Timer{{Fragment: h.group.Anchor, Due: tx.Now}})
	})
}

// lookAt is a dossier for rules that look at somebody without using anything.
func (g *Gate) lookAt(h *held) Dossier {
	return Dossier{d: g.decide(policy.Operate, h, Asking{By: "retention", Role: "heed", Why: "what is over goes"}, g.clock.Now())}
}

func (g *Gate) empty(ctx context.Context, tx *vault.Tx, h *held, c Clocks) (emptied int, err error) {
	h.profile = g.fold(h, chainsOf(tx, h))
	d := g.lookAt(h)
	folder := vault.Folder{Apply: func(s *fact.State, kind fact.Kind, payload []byte) error {
		return c.Fold(s, kind, payload, g.messageOf)
	}}
	for _, m := range h.members() {
		n, err := tx.Drop(ctx, m, folder, func(l vault.Fact) (bool, []byte, error) {
			return c.Over(d, Line{m.ID, m.NS, l.N, l.Kind, l.Received, l.Payload})
		})
		if err != nil {
			return 0, fmt.Errorf("empty what is over: %w", err)
		}
		if n > 0 {
			tx.Audit(vault.AuditEntry{What: "retention.emptied", By: "heed", Person: m.AuditName(), Ref: fmt.Sprintf("%d facts", n)})
		}
		emptied += n
	}
	return emptied, nil
}

func tally(ctx context.Context, w store.Writer, c Clocks) error {
	old, err := w.Meta(ctx, c.Name)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return fmt.Errorf("read what retention counted: %w", err)
	}
	value, err := c.Tally(old)
	if err != nil {
		return err
	}
	return w.SetMeta(ctx, c.Name, value)
}

// leaveNothing erases somebody of whom only evidence is left of who they were:
// the keys go, as when they ask for it themselves. It is looked at again under
// the locks whether that is still so; what comes in afterwards begins anew.
func (g *Gate) leaveNothing(ctx context.Context, h *held, c Clocks) error {
	ids := slices.Clone(h.group.Members)
	var still bool
	err := g.within(ctx, h.group.Anchor, func(tx *vault.Tx, h *held) error {
		still = false
		if !slices.Equal(ids, h.group.Members) {
			return nil
		}
		c.Begin()
		emptied, err := g.empty(ctx, tx, h, c)
		if err != nil {
			return err
		}
		kinds := map[fact.Kind]bool{}
		for _, m := range h.members() {
			err := g.vault.Facts(ctx, tx.Store, m, func(l vault.Fact) error {
				if l.Payload != nil {
					kinds[l.Kind] = true
				}
				return nil
			})
			if err != nil {
				return err
			}
		}
		requests, err := tx.Store.RequestsOf(ctx, ids)
		if err != nil {
			return err
		}
		still = c.Bare(kinds) && len(requests) == 0
		if still {
			c.Gone()
		}
		if emptied == 0 && !still {
			return nil
		}
		return tally(ctx, tx.Store, c)
	})
	if err != nil || !still {
		return err
	}
	_, err = g.vault.Erase(ctx, g.writer, ids, vault.AuditEntry{What: "person.erase", By: "heed:retention", Ref: uuid.NewString()})
	return err
}
