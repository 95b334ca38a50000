package app

import (
	"context"

	"github.com/heed-platform/heed/internal/fact"
	"github.com/heed-platform/heed/internal/keep/gate"
	"github.com/heed-platform/heed/internal/know"
	"github.com/heed-platform/heed/internal/know/identity"
	"github.com/heed-platform/heed/internal/line"
)

// Split undoes a wrong merge of the person whom asking is about: off and from
// (the person's anchor when it is the zero Subject) become two people. The
// audiences of both are settled anew before it returns; nobody is spoken to
// because of it.
func (a *App) Split(ctx context.Context, asking gate.Asking, off, from gate.Subject) (gate.Parts, error) {
	pass, err := gate.Ask[gate.Operate](ctx, a.Keep.Gate, asking)
	if err != nil {
		return gate.Parts{}, err
	}
	rules := a.World().Know.Rules()
	var both []line.Look
	parts, err := gate.Split(ctx, pass, off, from, func(x, from fact.FragmentID, n []gate.Node, e []gate.Edge) [][2]fact.FragmentID {
		both = []line.Look{{Fragment: x, Silent: true}, {Fragment: from, Silent: true}}
		return identity.Split(x, from, know.Nodes(n), know.Edges(e), rules)
	})
	if err != nil {
		return gate.Parts{}, err
	}
	return parts, a.Line.Look(ctx, both)
}
