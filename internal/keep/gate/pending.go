package gate

import (
	"context"
	"fmt"
	"maps"
	"slices"

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
	var t Trace
	err = g.vault.Data().Read(ctx, func(r store.Reader) error {
		t, err = g.trace(ctx, r, h, decision)
		return err
	})
	return t, err
}

// trace reads what left because of a decision. Who this person is may have been
// another matter when it left, so everybody near is looked at.
func (g *Gate) trace(ctx context.Context, r store.Reader, h *held, decision string) (Trace, error) {
	t := tracer{decision: decision, outcomes: map[string]string{}}
	for _, id := range slices.Sorted(maps.Keys(h.cluster.Fragments)) {
		if err := g.vault.Facts(ctx, r, h.cluster.Fragments[id], t.meet); err != nil {
			return Trace{}, fmt.Errorf("look for what has left: %w", err)
		}
	}
	return t.trace(), nil
}

// tracer reads facts and keeps what concerns one decision.
type tracer struct {
	decision string
	left     []string // the disclosures, in the order met
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
		if d.Decision == t.decision {
			t.left = append(t.left, d.ID)
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

// trace is the try that says most about whether the message has left: one that
// nobody settled, then one that arrived or was refused, then one of which nobody
// knows, then one that failed. No clock has a say in it.
func (t *tracer) trace() Trace {
	var out Trace
	best := -1
	for _, id := range t.left {
		says := 2
		switch t.outcomes[id] {
		case "":
			says = 3
		case "unknown":
			says = 1
		case "failed":
			says = 0
		}
		if says >= best {
			best, out = says, Trace{Disclosure: id, Status: t.outcomes[id]}
		}
	}
	return out
}
