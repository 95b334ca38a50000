package audit

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/heed-platform/heed/internal/fact"
	"github.com/heed-platform/heed/internal/keep"
)

// joints is what the facts of one fragment say about who belongs to it.
type joints struct {
	ties []fact.Tie
	cuts []fact.FragmentID
}

// pair is two fragments, the smaller id first.
type pair struct{ a, b fact.FragmentID }

func pairOf(a, b fact.FragmentID) pair { return pair{min(a, b), max(a, b)} }

// bond is what the identity store says about a pair.
type bond struct{ joined, verified, cut bool }

// edges compares the edges of the identity store with the facts that tell of
// them, for some fragments: who is one person hangs on nothing else. The store
// commits first, so an edge that no fact tells of may be of an event that was
// interrupted; it is counted. The other way round, something was taken away.
func (c *check) edges(ctx context.Context, said map[fact.FragmentID]joints, damage func(id fact.FragmentID, why string)) error {
	near := slices.Collect(maps.Keys(said))
	for _, j := range said {
		near = append(near, j.others()...)
	}
	cluster, err := c.vault.ClusterOf(ctx, near...)
	switch {
	case err != nil && fatal(ctx, err):
		return fmt.Errorf("read edges: %w", err)
	case err != nil || !cluster.Whole: // a key does not open, which is named, or too much hangs together
		return c.halves(ctx, said, damage)
	}
	stored := map[pair]bond{}
	for _, e := range cluster.Edges {
		j := stored[pairOf(e.A, e.B)]
		j.joined, j.verified, j.cut = true, j.verified || e.Verified, j.cut || e.Cut
		stored[pairOf(e.A, e.B)] = j
	}
	for _, id := range slices.Sorted(maps.Keys(said)) {
		if cluster.Fragments[id] == nil {
			continue // erased since its facts were read
		}
		for _, t := range said[id].ties {
			j := stored[pairOf(id, t.Other)]
			if cluster.Fragments[t.Other] != nil && (!j.joined || t.Verified && !j.verified) {
				damage(id, fmt.Sprintf("its facts join it to fragment %d, and the identity store does not; an edge was taken away", t.Other))
			}
		}
		for _, other := range said[id].cuts {
			if j := stored[pairOf(id, other)]; j.joined && !j.cut {
				damage(id, fmt.Sprintf("its facts say that it was split from fragment %d, and the identity store joins them; split them again", other))
			}
		}
	}
	return c.untoldEdges(ctx, said, cluster, stored)
}

func (j joints) others() []fact.FragmentID {
	out := slices.Clone(j.cuts)
	for _, t := range j.ties {
		out = append(out, t.Other)
	}
	return out
}

// halves looks at fewer fragments at once where not all can be looked at. Of a
// crowd that is too large by itself nobody can tell who is who, and nobody does.
func (c *check) halves(ctx context.Context, said map[fact.FragmentID]joints, damage func(fact.FragmentID, string)) error {
	if len(said) < 2 {
		return nil
	}
	ids := slices.Sorted(maps.Keys(said))
	for _, half := range [][]fact.FragmentID{ids[:len(ids)/2], ids[len(ids)/2:]} {
		some := make(map[fact.FragmentID]joints, len(half))
		for _, id := range half {
			some[id] = said[id]
		}
		if err := c.edges(ctx, some, damage); err != nil {
			return err
		}
	}
	return nil
}

// untoldEdges counts the edges that begin at one of the fragments and of which
// neither end's facts tell.
func (c *check) untoldEdges(ctx context.Context, said map[fact.FragmentID]joints, cluster keep.Cluster, stored map[pair]bond) error {
	ends := map[fact.FragmentID]*keep.Fragment{}
	for p, j := range stored {
		if _, mine := said[p.a]; mine && !j.cut {
			ends[p.a], ends[p.b] = cluster.Fragments[p.a], cluster.Fragments[p.b]
		}
	}
	if len(ends) == 0 {
		return nil
	}
	var states map[fact.FragmentID]fact.State
	err := c.vault.Data().Read(ctx, func(r keep.Reader) (err error) {
		states, err = c.vault.States(ctx, r, ends)
		return err
	})
	if err != nil {
		if fatal(ctx, err) {
			return err
		}
		return nil // a state that does not open is damage that is named with its fragment
	}
	tells := func(id, other fact.FragmentID) bool {
		return slices.ContainsFunc(states[id].Ties, func(t fact.Tie) bool { return t.Other == other })
	}
	for p, j := range stored {
		if _, mine := said[p.a]; mine && !j.cut && !tells(p.a, p.b) && !tells(p.b, p.a) {
			c.report.Loose++
		}
	}
	return nil
}
