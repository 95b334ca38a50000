package gate

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"

	"github.com/heed-platform/heed/internal/clock"
	"github.com/heed-platform/heed/internal/fact"
	"github.com/heed-platform/heed/internal/keep/internal/store"
	"github.com/heed-platform/heed/internal/keep/internal/vault"
	"github.com/heed-platform/heed/internal/problem"
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

var errStatement = problem.New(problem.Invalid, "statement-unclear",
	"The statement cannot be entered: each entry says granted, denied, withdrawn or objected, and a yes names its purpose.")

// Declare writes what a person said into the ledger. When it returns, the
// statement is in force: no use that it forbids starts after that. A
// withdrawal, a refusal and a preference reach every fragment of the person, so
// that they survive a later split; a grant stays with the anchor. The person's
// audiences are due to be looked at again.
func Declare(ctx context.Context, g *Gate, s Subject, st Statement) (Receipt, error) {
	for _, grant := range st.Grants {
		if grant.Status < fact.Granted || grant.Status > fact.Objected || grant.Status == fact.Granted && grant.Purpose == "" {
			return Receipt{}, errStatement
		}
	}
	id, err := g.find(ctx, s)
	if err != nil {
		return Receipt{}, err
	}
	var receipt Receipt
	var leaving []store.Job
	err = g.within(ctx, id, func(tx *vault.Tx, h *held) (err error) {
		if receipt, err = g.enter(tx, h, st); err != nil {
			return err
		}
		if err := tx.Store.PutTimers(ctx, []store.Timer{{Fragment: h.group.Anchor, Due: tx.Now}}); err != nil {
			return err
		}
		leaving, err = tx.Store.Leased(ctx, h.group.Members, tx.Now)
		return err
	})
	if err != nil {
		return Receipt{}, err
	}
	receipt.Leaving = g.waitFor(ctx, leaving)
	return receipt, nil
}

// enter appends the statement to the chains.
func (g *Gate) enter(tx *vault.Tx, h *held, st Statement) (Receipt, error) {
	var receipt Receipt
	at := heard(tx, h)
	for _, grant := range st.Grants {
		if grant.Record == "" {
			grant.Record = uuid.NewString()
		}
		grant.Received = at
		at++
		if err := g.enterGrant(tx, h, grant, st.By); err != nil {
			return Receipt{}, err
		}
		receipt.Records = append(receipt.Records, grant.Record)
	}
	if st.Preference == nil {
		return receipt, nil
	}
	p := *st.Preference
	p.Set = tx.Now
	for _, id := range h.group.Members {
		c := tx.Chain(id)
		if err := g.record(tx, c, fact.KindPreference, fact.AppendPreference(nil, &p)); err != nil {
			return Receipt{}, err
		}
		tx.Audit(vault.AuditFact(c, vault.AuditEntry{What: "preference.set", By: st.By}))
	}
	return receipt, nil
}

// heard is a moment after everything that the person's ledger holds. It orders
// what they say: a clock that goes back must not make the newest word the oldest.
func heard(tx *vault.Tx, h *held) clock.Instant {
	at := tx.Now
	for _, id := range h.group.Members {
		for _, g := range tx.Chain(id).State.Grants {
			at = max(at, g.Received+1)
		}
	}
	return at
}

func (g *Gate) enterGrant(tx *vault.Tx, h *held, grant fact.Grant, by string) error {
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
// counts those of which that cannot be said. The statement is in force whatever
// happens here, so nothing here fails.
func (g *Gate) waitFor(ctx context.Context, jobs []store.Job) int {
	ctx, stop := context.WithTimeout(ctx, drain)
	defer stop()
	for pause := time.Millisecond; len(jobs) > 0; pause = min(2*pause, 50*time.Millisecond) {
		err := g.vault.Data().Read(ctx, func(r store.Reader) error {
			still := make([]store.Job, 0, len(jobs))
			for _, j := range jobs {
				now, err := r.Job(ctx, j.ID)
				if err != nil && !errors.Is(err, store.ErrNotFound) {
					return err
				}
				if err == nil && now.Fence == j.Fence && now.State == "waiting" && now.Lease >= g.clock.Now() {
					still = append(still, j)
				}
			}
			jobs = still
			return nil
		})
		if err != nil || ctx.Err() != nil {
			break
		}
		if len(jobs) > 0 {
			rest, wake := context.WithTimeout(ctx, pause)
			<-rest.Done()
			wake()
		}
	}
	return len(jobs)
}
