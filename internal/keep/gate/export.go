package gate

import (
	"context"
	"errors"
	"fmt"
	"maps"

	"github.com/heed-platform/heed/internal/clock"
	"github.com/heed-platform/heed/internal/fact"
	"github.com/heed-platform/heed/internal/keep/internal/store"
	"github.com/heed-platform/heed/internal/keep/internal/vault"
	"github.com/heed-platform/heed/internal/person"
	"github.com/heed-platform/heed/internal/policy"
)

// ExportAll hands out everybody of whom a fact or an identifier is known, once
// each, to an operator who has the database at hand anyway. Who asked, what for
// and why is in the audit chain before the first person is handed out; how many
// it were, after the last. Memory holds one page of people, without their
// histories: read those with Dossier.Facts. Each person is of one moment; people
// whom an event joins or a split parts meanwhile are as they were when met.
func ExportAll(ctx context.Context, g *Gate, what string, a Asking, f func(Dossier) error) error {
	rules := g.Rules()
	if rules == nil {
		return errNoRules
	}
	if a.By == "" || a.Role == "" || a.Why == "" {
		return errNoReason
	}
	if err := g.auditExport(ctx, a, what, "everybody, because: "+a.Why); err != nil {
		return err
	}
	n := 0
	err := g.roll(ctx, func(people []*held) error {
		if err := g.unfold(ctx, people); err != nil {
			return err
		}
		for _, h := range people {
			h, err := g.still(ctx, h)
			if err != nil {
				return err
			}
			if h == nil || h.profile == nil {
				continue // erased meanwhile, or nothing of them was ever committed
			}
			d := g.decide(policy.Operate, h, a, g.clock.Now())
			n++
			if err := f(Dossier{d: d}); err != nil {
				return err
			}
		}
		return nil
	})
	return errors.Join(err, g.auditExport(context.WithoutCancel(ctx), a, what, fmt.Sprintf("%d people", n)))
}

func (g *Gate) auditExport(ctx context.Context, a Asking, what, ref string) error {
	return g.vault.Write(ctx, g.writer, nil, func(tx *vault.Tx) error {
		tx.Audit(vault.AuditEntry{What: "export." + what, By: a.Role + ":" + a.By, Ref: ref})
		return nil
	})
}

// rollPage is how many fragments a walk for an export reads at a time.
const rollPage = 200

// roll meets everybody once, by anchor, a page at a time, without their states.
func (g *Gate) roll(ctx context.Context, f func([]*held) error) error {
	var after fact.FragmentID
	for {
		rows, err := g.vault.Identity().Scan(ctx, after, rollPage)
		if err != nil {
			return fmt.Errorf("walk over everybody: %w", err)
		}
		if len(rows) == 0 {
			return nil
		}
		after = rows[len(rows)-1].ID
		people, err := g.met(ctx, rows)
		if err != nil {
			return err
		}
		if err := f(people); err != nil {
			return err
		}
	}
}

// unfold reads the states of a page of people from one snapshot. Who has neither
// a fact nor an identifier that somebody spelled out gets no profile.
func (g *Gate) unfold(ctx context.Context, people []*held) error {
	all := map[fact.FragmentID]*vault.Fragment{}
	for _, h := range people {
		maps.Copy(all, h.frags)
	}
	return g.vault.Data().Read(ctx, func(r store.Reader) error {
		states, err := g.vault.States(ctx, r, all)
		if err != nil {
			return err
		}
		for _, h := range people {
			own := make(map[fact.FragmentID]fact.State, len(h.frags))
			for id := range h.frags {
				if s, ok := states[id]; ok {
					own[id] = s
				}
			}
			h.profile = g.fold(h, own)
			if err := g.name(ctx, r, h); err != nil {
				return err
			}
			if len(own) == 0 && len(h.profile.Identifiers) == 0 {
				h.profile = nil
			}
		}
		return nil
	})
}

// still is the person, read again where something of them was erased since the
// page was read; nil when nobody is left.
func (g *Gate) still(ctx context.Context, h *held) (*held, error) {
	alive, err := g.vault.Fragments(ctx, h.group.Members)
	if err != nil {
		return nil, err
	}
	if len(alive) == len(h.group.Members) {
		return h, nil
	}
	again, err := g.hold(ctx, h.group.Anchor)
	if errors.Is(err, ErrNobody) {
		return nil, nil //nolint:nilnil // nobody is left, and that is no failure
	}
	if err != nil {
		return nil, err
	}
	return again, g.unfold(ctx, []*held{again})
}

// name finds identifiers that nobody of the person spelled out: a device that
// several people share belongs to none of them, and only their events name it.
func (g *Gate) name(ctx context.Context, r store.Reader, h *held) error {
	unnamed := map[fact.FragmentID]bool{}
	for _, id := range h.group.Members {
		unnamed[id] = true
	}
	for _, n := range h.profile.Identifiers {
		delete(unnamed, n.Fragment)
	}
	if len(unnamed) == 0 {
		return nil
	}
	for _, e := range h.edges {
		for _, end := range [][2]fact.FragmentID{{e.A, e.B}, {e.B, e.A}} {
			id, other := end[0], end[1]
			neighbor := h.cluster.Fragments[other]
			if !unnamed[id] || neighbor == nil {
				continue
			}
			states, err := g.vault.States(ctx, r, map[fact.FragmentID]*vault.Fragment{other: neighbor})
			if err != nil {
				return err
			}
			for _, t := range states[other].Ties {
				if t.Other == id && !t.Identifier.Value.IsZero() {
					h.profile.Identifiers = append(h.profile.Identifiers, fact.Named{
						Identifier: t.Identifier, Fragment: id, Verified: h.frags[id].Verified,
					})
					delete(unnamed, id)
					break
				}
			}
		}
	}
	return nil
}

// Facts reads the person's facts, fragment by fragment in the order of the
// chains, from one snapshot, and holds none of them.
func (d Dossier) Facts(ctx context.Context, f func(Line) error) error {
	if d.d == nil {
		return errVoid
	}
	g := d.d.gate
	return g.vault.Data().Read(ctx, func(r store.Reader) error {
		for _, m := range d.d.held.members() {
			err := g.vault.Facts(ctx, r, m, func(l vault.Fact) error {
				return f(Line{m.ID, m.NS, l.N, l.Kind, l.Received, l.Payload})
			})
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// Ref is whom the dossier is about.
func (d Dossier) Ref() person.Ref {
	if d.d == nil {
		return person.Ref{}
	}
	return d.d.held.ref()
}

// Answer is what the gate would say to a question about this person at this
// moment, for the person and for each value that would be withheld, by path. It
// opens nothing.
func (d Dossier) Answer(q policy.Question) (policy.Ruling, map[string]policy.Ruling) {
	if d.d == nil {
		return policy.Ruling{}, nil
	}
	c := *d.d
	c.question = q
	if q.Now == 0 {
		c.question.Now = c.gate.clock.Now()
	}
	return c.rules.Person(c.question, c.standing), look(&c).rulings()
}

// Now is when the gate thinks it is.
func (d Dossier) Now() clock.Instant {
	if d.d == nil {
		return 0
	}
	return d.d.gate.clock.Now()
}
