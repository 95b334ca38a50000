package gate

import (
	"context"

	"github.com/heed-platform/heed/internal/clock"
	"github.com/heed-platform/heed/internal/fact"
	"github.com/heed-platform/heed/internal/keep/internal/store"
	"github.com/heed-platform/heed/internal/keep/internal/vault"
)

// Themselves is the role of a person who looks at their own data.
const Themselves = "person"

// Own opens everything for a person who came to their own pages. Looking at what
// is theirs changes nothing, so it leaves no note; that they came in is on the
// record where they came in. Anybody else is refused.
func Own(ctx context.Context, p Pass[Honor]) (Dossier, error) {
	if !p.d.ok() || p.d.asking.Role != Themselves {
		return Dossier{}, errVoid
	}
	out := Dossier{d: p.d}
	err := out.Facts(ctx, func(l Line) error {
		out.history = append(out.history, l)
		return nil
	})
	return out, err
}

// Word puts what a person said about a message or a request on their record: a
// note that no rule reads, such as "this is creepy".
func Word(ctx context.Context, p Pass[Honor], what, why string) error {
	d := p.d
	if !d.ok() {
		return errVoid
	}
	return d.gate.within(ctx, d.held.asked, func(tx *vault.Tx, h *held) error {
		note := fact.Note{By: d.asking.By, Role: d.asking.Role, What: what, Why: why, At: tx.Now}
		c := tx.Chain(h.group.Anchor)
		if err := d.gate.record(tx, c, fact.KindNote, fact.AppendNote(nil, &note)); err != nil {
			return err
		}
		tx.Audit(vault.AuditFact(c, vault.AuditEntry{What: "person.said", By: d.asking.Role + ":" + d.asking.By, Ref: what}))
		return nil
	})
}

// Hush stops every use of what Erase would take, service messages too, so that
// the ledgers that a dossier shows after it name everybody who will ever have
// received something. It returns how many messages may still be leaving; their
// disclosures are written already. What only a claim joins to the person is left
// as it is once they are gone.
func Hush(ctx context.Context, p Pass[Honor]) (leaving int, err error) {
	d := p.d
	if !d.ok() {
		return 0, errVoid
	}
	g := d.gate
	var jobs []store.Job
	err = g.within(ctx, d.held.asked, func(tx *vault.Tx, h *held) error {
		at := heard(tx, h)
		stop := fact.Grant{Record: hushRecord, Status: fact.Objected, Method: "erasure", Source: "heed", Said: tx.Now, Received: at}
		mine := provable(h)
		for _, id := range mine {
			c := tx.Chain(id)
			if err := g.record(tx, c, fact.KindGrant, fact.AppendGrant(nil, &stop)); err != nil {
				return err
			}
			tx.Audit(vault.AuditFact(c, vault.AuditEntry{What: "grant.objected", By: d.asking.Role + ":" + d.asking.By, Ref: "everything"}))
		}
		jobs, err = tx.Store.Leased(ctx, mine, tx.Now)
		return err
	})
	if err != nil {
		return 0, err
	}
	return g.waitFor(ctx, jobs), nil
}

// hushRecord is the record of the entry by which an erasure begins.
const hushRecord = "erasure"

// Until is until when copies of the identity store may still open somebody who
// is erased at t.
func Until(t clock.Instant) clock.Instant { return t.Add(keyBackups) }

// Jurisdiction is where the person said they live; "" when they did not.
func (d Dossier) Jurisdiction() string {
	if d.d == nil {
		return ""
	}
	return d.d.standing.Jurisdiction
}

// Found is the fragment by which the person of the dossier was found; 0 in walks
// over everybody.
func (d Dossier) Found() fact.FragmentID {
	if d.d == nil {
		return 0
	}
	return d.d.held.asked
}
