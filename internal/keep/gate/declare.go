package gate

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/heed-platform/heed/internal/fact"
	"github.com/heed-platform/heed/internal/keep/internal/store"
	"github.com/heed-platform/heed/internal/keep/internal/vault"
)

// Statement is what a person said: about uses of their data, or about how they
// want to be spoken to.
type Statement struct {
	Grants     []fact.Grant
	Preference *fact.Preference
	By         string // "person", or "role:token-name" of who typed it in
}

// Receipt says that a statement is in force.
type Receipt struct {
	Records []string // ids in the consent ledger
	// Leaving counts messages that had started to leave before the statement
	// was in force; none starts afterwards.
	Leaving int
}

// drain is how long the answer to a withdrawal waits for messages that were
// already leaving, before it names them instead.
const drain = 2 * time.Second

// Declare writes what a person said into the ledger. When it returns, the
// statement is in force: no use that it forbids starts after that. A
// withdrawal, a refusal and a preference reach every fragment of the person, so
// that they survive a later split; a grant stays with the anchor.
func Declare(ctx context.Context, g *Gate, s Subject, st Statement) (Receipt, error) {
	id, err := g.find(ctx, s)
	if err != nil {
		return Receipt{}, err
	}
	h, err := g.hold(ctx, id)
	if err != nil {
		return Receipt{}, err
	}
	var receipt Receipt
	var held []store.Job
	err = g.vault.Write(ctx, g.writer, h.members(), func(tx *vault.Tx) error {
		receipt = Receipt{}
		for _, grant := range st.Grants {
			if grant.Record == "" {
				grant.Record = uuid.NewString()
			}
			grant.Received = tx.Now
			if err := g.declareGrant(tx, h, grant, st.By); err != nil {
				return err
			}
			receipt.Records = append(receipt.Records, grant.Record)
		}
		if st.Preference != nil {
			p := *st.Preference
			p.Set = tx.Now
			for _, id := range h.group.Members {
				if err := g.record(tx, tx.Chain(id), fact.KindPreference, fact.AppendPreference(nil, &p)); err != nil {
					return err
				}
			}
		}
		held, err = tx.Store.Leased(ctx, h.group.Members, tx.Now)
		return err
	})
	if err != nil {
		return Receipt{}, err
	}
	receipt.Leaving, err = g.waitFor(ctx, held)
	return receipt, err
}

func (g *Gate) declareGrant(tx *vault.Tx, h *held, grant fact.Grant, by string) error {
	reach := []fact.FragmentID{h.group.Anchor}
	if grant.Status == fact.Granted {
		// The person speaks for all their fragments as they are now; an older no
		// on one of them is settled, until that set is another one.
		grant.Resolves = h.group.Members
	} else {
		reach = h.group.Members
	}
	for _, id := range reach {
		c := tx.Chain(id)
		if err := g.record(tx, c, fact.KindGrant, fact.AppendGrant(nil, &grant)); err != nil {
			return err
		}
		tx.Audit(vault.AuditFact(c, vault.AuditEntry{What: "grant." + grant.Status.String(), By: by, Ref: grant.Purpose}))
	}
	return nil
}

// waitFor waits until the jobs that were held have ended, at most drain, and
// counts those that have not.
func (g *Gate) waitFor(ctx context.Context, jobs []store.Job) (int, error) {
	deadline := g.clock.Now().Add(drain)
	for {
		left := 0
		for _, j := range jobs {
			var now store.Job
			err := g.vault.Data().Read(ctx, func(r store.Reader) (err error) {
				now, err = r.Job(ctx, j.ID)
				return err
			})
			if err != nil {
				return 0, fmt.Errorf("look at what is leaving: %w", err)
			}
			if now.Fence == j.Fence && now.State == "waiting" && now.Lease >= g.clock.Now() {
				left++
			}
		}
		if left == 0 || g.clock.Now() >= deadline {
			return left, nil
		}
		select {
		case <-ctx.Done():
			return left, ctx.Err()
		case <-time.After(20 * time.Millisecond):
		}
	}
}
