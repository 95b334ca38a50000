package gate

import (
	"context"
	"fmt"

	"github.com/heed-platform/heed/internal/fact"
	"github.com/heed-platform/heed/internal/person"
	"github.com/heed-platform/heed/internal/policy"
)

// Fold folds one fact into its fragment's state; message is the keyed hash of an
// event's message, which breaks ties.
type Fold func(s *fact.State, kind fact.Kind, payload []byte, message func(*fact.Event) person.Hash) error

// Before is the person as they stood before one of their facts, laid before the
// rules of then: for an auditor who asks what a use could rest on. Facts received
// earlier are folded by the code that folds them now, which the caller brings; who belongs together is
// today's, and what retention has emptied is missing. A zero Dossier stays one.
func (d Dossier) Before(ctx context.Context, l Line, rules *policy.Rules, fold Fold) (Dossier, error) {
	if d.d == nil || rules == nil {
		return Dossier{}, errVoid
	}
	g := d.d.gate
	states := map[fact.FragmentID]fact.State{}
	err := d.Facts(ctx, func(f Line) error {
		if f.Payload == nil || f.Received > l.Received || f.Fragment == l.Fragment && f.N >= l.N {
			return nil
		}
		s := states[f.Fragment]
		if err := fold(&s, f.Kind, f.Payload, g.messageOf); err != nil {
			return fmt.Errorf("fold %s of then: %w", f.Kind, err)
		}
		s.N = f.N
		states[f.Fragment] = s
		return nil
	})
	if err != nil {
		return Dossier{}, err
	}
	then, h := *d.d, *d.d.held
	h.profile = g.fold(&h, states)
	then.held, then.rules = &h, rules
	then.question.Now = l.Received
	then.standing = standingOf(rules, h.profile, l.Received)
	return Dossier{d: &then}, nil
}

func (g *Gate) messageOf(e *fact.Event) person.Hash {
	return g.vault.Digest("message", e.Source, e.Message)
}

// Minor says whether a law that holds there treats the person as a minor.
func (d Dossier) Minor() policy.Tri {
	if d.d == nil {
		return policy.Unknown
	}
	return d.d.standing.Minor
}
