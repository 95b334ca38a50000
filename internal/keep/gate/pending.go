package gate

import (
	"context"
	"fmt"

	"github.com/heed-platform/heed/internal/fact"
	"github.com/heed-platform/heed/internal/keep/internal/store"
	"github.com/heed-platform/heed/internal/keep/internal/vault"
)

// Trace is what the ledger knows of the last try of a message.
type Trace struct {
	Disclosure string // "" when nothing was ever about to leave
	Status     string // of its outcome; "" when nobody wrote down what became of it
}

// Pending looks up whether a decision's message has left before. A sender that
// takes over from one that died asks it: a disclosure without an outcome means
// that the message may have left.
func (g *Gate) Pending(ctx context.Context, s Subject, decision string) (Trace, error) {
	id, err := g.find(ctx, s)
	if err != nil {
		return Trace{}, err
	}
	h, err := g.hold(ctx, id)
	if err != nil {
		return Trace{}, err
	}
	// Who this person is may have been another matter when the disclosure was
	// written, so everybody near is looked at.
	t := tracer{decision: decision, outcomes: map[string]string{}}
	err = g.vault.Data().Read(ctx, func(r store.Reader) error {
		for _, f := range h.cluster.Fragments {
			if err := g.vault.Facts(ctx, r, f, t.meet); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return Trace{}, fmt.Errorf("look for what has left: %w", err)
	}
	return Trace{Disclosure: t.last.ID, Status: t.outcomes[t.last.ID]}, nil
}

// tracer reads facts and keeps what concerns one decision.
type tracer struct {
	decision string
	last     fact.Disclosure
	outcomes map[string]string
}

func (t *tracer) meet(f vault.Fact) error {
	if f.Payload == nil {
		return nil // emptied by retention, long after any message's life
	}
	switch f.Kind {
	case fact.KindDisclosure:
		d, err := fact.ParseDisclosure(f.Payload)
		if err != nil {
			return err
		}
		if d.Decision == t.decision && d.At >= t.last.At {
			t.last = d
		}
	case fact.KindOutcome:
		o, err := fact.ParseOutcome(f.Payload)
		if err != nil {
			return err
		}
		t.outcomes[o.Disclosure] = o.Status
	default:
	}
	return nil
}
