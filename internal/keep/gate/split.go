package gate

import (
	"context"
	"fmt"

	"github.com/heed-platform/heed/internal/fact"
	"github.com/heed-platform/heed/internal/keep/internal/vault"
	"github.com/heed-platform/heed/internal/person"
	"github.com/heed-platform/heed/internal/problem"
)

// ErrNotJoined says that there is nothing to split.
var ErrNotJoined = problem.New(problem.Conflict, "not-joined", "These are not one person, so there is nothing to split.")

// Parts are the two people that a split left.
type Parts struct {
	Kept  person.Ref // whom the pass was about
	Other person.Ref // who was split off
	Cuts  int        // pairs whose edges join nothing any more
}

// Split undoes a wrong merge: off and from (the anchor when it is the zero
// Subject) become two people. pairs says which edges to cut, from the evidence.
// Facts stay where they arrived, so both sides are as if it had never happened.
// The cut is on both chains, with who did it and why.
func Split(ctx context.Context, p Pass[Operate], off, from Subject, pairs func(x, from fact.FragmentID, n []Node, e []Edge) [][2]fact.FragmentID) (Parts, error) {
	d := p.d
	if !d.ok() {
		return Parts{}, errVoid
	}
	g := d.gate
	x, err := g.find(ctx, off)
	if err != nil {
		return Parts{}, err
	}
	var other fact.FragmentID
	if from != (Subject{}) {
		if other, err = g.find(ctx, from); err != nil {
			return Parts{}, err
		}
	}
	var cuts [][2]fact.FragmentID
	err = g.within(ctx, d.held.asked, func(tx *vault.Tx, h *held) error {
		if _, in := h.frags[x]; !in {
			return ErrNotJoined
		}
		if from == (Subject{}) {
			other = h.group.Anchor
		}
		cuts = pairs(x, other, h.nodes, h.edges)
		if len(cuts) == 0 {
			return ErrNotJoined
		}
		return g.recordCuts(tx, d, cuts)
	})
	if err != nil {
		return Parts{}, err
	}
	// What is on the record and not yet cut is there to be cut again; the other
	// way round nobody would know who did it.
	if err := g.vault.Identity().Cut(ctx, cuts); err != nil {
		return Parts{}, fmt.Errorf("cut edges: %w", err)
	}
	kept, err := g.hold(ctx, other)
	if err != nil {
		return Parts{}, err
	}
	away, err := g.hold(ctx, x)
	if err != nil {
		return Parts{}, err
	}
	return Parts{Kept: kept.ref(), Other: away.ref(), Cuts: len(cuts)}, nil
}

func (g *Gate) recordCuts(tx *vault.Tx, d *decision, cuts [][2]fact.FragmentID) error {
	for _, pair := range cuts {
		for i, id := range pair {
			c := tx.Chain(id)
			if c == nil {
				continue // evidence against, between others
			}
			cut := fact.Cut{Other: pair[1-i], By: d.asking.Role + ":" + d.asking.By, Why: d.asking.Why, At: tx.Now}
			if err := g.record(tx, c, fact.KindCut, fact.AppendCut(nil, &cut)); err != nil {
				return err
			}
			tx.Audit(vault.AuditFact(c, vault.AuditEntry{What: "person.split", By: cut.By}))
		}
	}
	return nil
}

func (h *held) ref() person.Ref { return h.frags[h.group.Anchor].Ref }
