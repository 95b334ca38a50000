package vault

import (
	"context"
	"fmt"
	"slices"

	"github.com/heed-platform/heed/internal/fact"
	"github.com/heed-platform/heed/internal/keep/internal/store"
)

// Cluster is every fragment that evidence reaches from some identifiers, and
// the evidence. Who of them is one person, know decides.
type Cluster struct {
	Fragments map[fact.FragmentID]*Fragment
	Edges     []store.Edge
	Whole     bool // false: more evidence exists than may be looked at
}

// clusterLimit bounds the evidence looked at for one person; what lies beyond
// is refused by the rules as person_full long before.
const clusterLimit = 20_000

// Bound sets another limit for the evidence looked at for one person; call it
// before anything is asked. Tests of crowds need small ones.
func (v *Vault) Bound(evidence int) { v.evidence = evidence }

// ClusterOf reads the cluster around ids.
func (v *Vault) ClusterOf(ctx context.Context, ids ...fact.FragmentID) (Cluster, error) {
	life := v.lives.now()
	rows, edges, whole, err := v.ids.Component(ctx, ids, v.evidence)
	if err != nil {
		return Cluster{}, fmt.Errorf("read edges: %w", err)
	}
	c := Cluster{Fragments: make(map[fact.FragmentID]*Fragment, len(rows)), Edges: edges, Whole: whole}
	for _, r := range rows {
		if c.Fragments[r.ID], err = v.openRow(ctx, r, life); err != nil {
			return Cluster{}, err
		}
	}
	return c, nil
}

// Clusters reads the clusters around many ids. Each fragment is in one of them
// only, and all that hangs together is in the same. A cluster that is not whole
// is one crowd that is too large by itself, never many people that were asked
// for together.
func (v *Vault) Clusters(ctx context.Context, ids []fact.FragmentID) ([]Cluster, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	c, err := v.ClusterOf(ctx, ids...)
	if err != nil {
		return nil, err
	}
	if c.Whole || len(ids) == 1 {
		return []Cluster{c}, nil
	}
	half := (len(ids) + 1) / 2
	found, err := v.Clusters(ctx, ids[:half])
	if err != nil {
		return nil, err
	}
	rest := slices.DeleteFunc(slices.Clone(ids[half:]), func(id fact.FragmentID) bool {
		return slices.ContainsFunc(found, func(c Cluster) bool { return c.Fragments[id] != nil })
	})
	more, err := v.Clusters(ctx, rest)
	return append(found, more...), err
}
