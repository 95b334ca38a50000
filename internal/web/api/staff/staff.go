// Package staff is what colleagues may do with one person through the API:
// every look goes through the gate, in the colleague's role, with a reason, and
// is on the person's own record before anything is shown.
//
// Looking and mending (show, explain, decisions, split) are Operate; what the
// person may demand (export, erase) is Honor, asked for by whoever hears the
// person. It formats nothing: account does. Start reading at People.
package staff

import (
	"context"
	"slices"

	"github.com/heed-platform/heed/internal/account/ledger"
	"github.com/heed-platform/heed/internal/account/rights"
	"github.com/heed-platform/heed/internal/decide/campaign"
	"github.com/heed-platform/heed/internal/fact"
	"github.com/heed-platform/heed/internal/keep/catalog"
	"github.com/heed-platform/heed/internal/keep/gate"
	"github.com/heed-platform/heed/internal/know"
	"github.com/heed-platform/heed/internal/policy"
	"github.com/heed-platform/heed/internal/problem"
	"github.com/heed-platform/heed/internal/web/api"
)

// People is api.People over the gate. Know and Workspace are those in force.
type People struct {
	Gate      *gate.Gate
	Know      func() *know.Knowledge
	Workspace func() catalog.Workspace
	// Part makes off and from two people, and settles what follows from it.
	Part func(ctx context.Context, a gate.Asking, off, from gate.Subject) (gate.Parts, error)
	// Gone erases somebody, and everything that follows from it.
	Gone func(ctx context.Context, a gate.Asking) (any, error)
}

var _ api.People = People{}

// The purposes that stand behind what staff do, best first: they help somebody
// who asks; what a person may demand, the law demands of us.
var (
	helping  = []string{"essential.service.operations.support", "essential.service", "essential"}
	honoring = []string{"essential.legal_obligation", "essential.service.operations.support", "essential.service", "essential"}
)

// asking is a visit as the gate's question. A person's rights do not hang on how
// a workspace calls its purposes, so any that is essential will do.
func (p People) asking(v api.Visit, wanted []string) gate.Asking {
	defined := map[string]bool{}
	var essential []string
	for _, d := range p.Workspace().Policy().Purposes {
		defined[d.Key] = true
		if policy.Within(d.Key, "essential") {
			essential = append(essential, d.Key)
		}
	}
	slices.Sort(essential)
	purpose := wanted[0]
	for _, key := range slices.Concat(wanted, essential) {
		if defined[key] {
			purpose = key
			break
		}
	}
	return gate.Asking{Subject: v.Subject, Purpose: purpose, By: v.By.Name, Role: string(v.By.Role), Why: v.Why}
}

func (p People) inspect(ctx context.Context, v api.Visit) (d gate.Dossier, err error) {
	pass, err := gate.Ask[gate.Operate](ctx, p.Gate, p.asking(v, helping))
	if err != nil {
		return d, err
	}
	return gate.Inspect(ctx, pass)
}

// Find is the person's id.
func (p People) Find(ctx context.Context, v api.Visit) (string, error) {
	d, err := p.inspect(ctx, v)
	if err != nil {
		return "", err
	}
	return d.Ref().String(), nil
}

// Show is what is known, each value with where it comes from.
func (p People) Show(ctx context.Context, v api.Visit) (any, error) {
	d, err := p.inspect(ctx, v)
	if err != nil {
		return nil, err
	}
	return rights.Show(d), nil
}

// Explain is who this is, why we think so, and what may be used for what.
func (p People) Explain(ctx context.Context, v api.Visit) (any, error) {
	d, err := p.inspect(ctx, v)
	if err != nil {
		return nil, err
	}
	return rights.Explain(d, p.Know(), p.Workspace().Policy())
}

// Export is everything, for the person to take along.
func (p People) Export(ctx context.Context, v api.Visit) (any, error) {
	pass, err := gate.Ask[gate.Honor](ctx, p.Gate, p.asking(v, honoring))
	if err != nil {
		return nil, err
	}
	d, err := gate.Release(ctx, pass)
	if err != nil {
		return nil, err
	}
	return rights.Export(d, p.Workspace())
}

// Erase destroys the person's data and proves it.
func (p People) Erase(ctx context.Context, v api.Visit) (any, error) {
	return p.Gone(ctx, p.asking(v, honoring))
}

// Split parts people who were joined wrongly.
func (p People) Split(ctx context.Context, v api.Visit, off, from gate.Subject) (gate.Parts, error) {
	return p.Part(ctx, p.asking(v, helping), off, from)
}

// Declare writes down what the person said.
func (p People) Declare(ctx context.Context, v api.Visit, said gate.Statement) (gate.Receipt, error) {
	return gate.Declare(ctx, p.Gate, v.Subject, said)
}

var errDecision = problem.New(problem.NotFound, "decision-missing", "No decision about this person has this id.")

func (p People) decision(ctx context.Context, v api.Visit, id string) (gate.Dossier, *fact.Decision, error) {
	d, err := p.inspect(ctx, v)
	if err != nil {
		return d, nil, err
	}
	book, err := ledger.Read(d)
	if err != nil {
		return d, nil, err
	}
	for i := range book.Decisions {
		if book.Decisions[i].ID == id {
			return d, &book.Decisions[i], nil
		}
	}
	return d, nil, errDecision
}

// Decision is one decision with its reasons.
func (p People) Decision(ctx context.Context, v api.Visit, id string) (any, error) {
	d, found, err := p.decision(ctx, v, id)
	if err != nil {
		return nil, err
	}
	return ledger.DecisionLineOf(d.Ref(), found), nil
}

// Replayed compares what the guards said with what they say to the same
// question now.
type Replayed struct {
	Same bool                `json:"same"`
	Then ledger.DecisionLine `json:"then"`
	Now  ledger.DecisionLine `json:"now"`
}

// Replay asks the guards of a decision the same question again.
func (p People) Replay(ctx context.Context, v api.Visit, id string) (any, error) {
	d, found, err := p.decision(ctx, v, id)
	if err != nil {
		return nil, err
	}
	same, reasons, err := campaign.Replay(*found)
	if err != nil {
		return nil, err
	}
	again := *found
	again.Reasons = reasons
	return Replayed{Same: same, Then: ledger.DecisionLineOf(d.Ref(), found), Now: ledger.DecisionLineOf(d.Ref(), &again)}, nil
}
