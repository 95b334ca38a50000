package app

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/heed-platform/heed/internal/fact"
	"github.com/heed-platform/heed/internal/keep/catalog"
	"github.com/heed-platform/heed/internal/know"
	"github.com/heed-platform/heed/internal/know/identity"
	"github.com/heed-platform/heed/internal/line"
	"github.com/heed-platform/heed/internal/person"
	"github.com/heed-platform/heed/internal/policy/define"
)

// remember tells the world's knowledge what every version of the workspace said
// of blocked values, and where the brand was: what was named then may come again.
func remember(entries []catalog.Entry, w *World) error {
	var spaces []identity.Namespace
	var regions []string
	for _, e := range entries {
		switch {
		case e.Status == catalog.Draft:
		case e.Kind == catalog.Namespace:
			var n define.Namespace
			if err := json.Unmarshal(e.Body, &n); err != nil {
				return fmt.Errorf("namespace %s: %w", e.Key, err)
			}
			spaces = append(spaces, identity.Namespace{Name: person.Namespace(n.Key), Blocked: n.Blocked})
		case e.Kind == catalog.Brand:
			var b define.Brand
			if err := json.Unmarshal(e.Body, &b); err != nil {
				return fmt.Errorf("brand %s: %w", e.Key, err)
			}
			regions = append(regions, region(b.Jurisdiction))
		}
	}
	lists, err := identity.NewLists(spaces)
	if err != nil {
		return err
	}
	w.Know.Remember(lists, append(regions, region(w.Rules.Brand().Jurisdiction)))
	return nil
}

// region is the country of a jurisdiction.
func region(jurisdiction string) string {
	if len(jurisdiction) > 2 {
		return jurisdiction[:2]
	}
	return jurisdiction
}

// barredMeta is where the fragments lie that were found to be blocked.
const barredMeta = "blocked"

// barred is what was found, and by which list.
type barred struct {
	List    []byte            `json:"list"`
	Met     []fact.FragmentID `json:"met"`     // by the last walk over everybody
	Settled []fact.FragmentID `json:"settled"` // whose people were looked at since they were blocked
}

func (a *App) barred(ctx context.Context) (b barred, err error) {
	raw, err := a.Keep.Meta(ctx, barredMeta)
	if err != nil || len(raw) == 0 {
		return b, err
	}
	if err := json.Unmarshal(raw, &b); err != nil {
		return b, fmt.Errorf("read blocked fragments: %w", err)
	}
	return b, nil
}

func (a *App) setBarred(ctx context.Context, b barred) error {
	raw, err := json.Marshal(b)
	if err != nil {
		return fmt.Errorf("write blocked fragments: %w", err)
	}
	return a.Keep.SetMeta(ctx, barredMeta, raw)
}

// bar parts whom an identifier joined that is blocked now. Values that the lists
// spell are looked up. Whatever else they may mean (patterns, another case) takes
// a walk over everybody: until it was made for these lists, what the last one
// found stays apart.
func (a *App) bar(ctx context.Context, k *know.Knowledge) (found []fact.FragmentID, err error) {
	spelled, whole := k.Rules().Spelled()
	if len(spelled) > 0 {
		frags, _, err := a.Keep.Vault().Known(ctx, spelled)
		if err != nil {
			return nil, err
		}
		for _, f := range frags {
			if f != nil {
				found = append(found, f.ID)
			}
		}
	}
	if !whole {
		b, err := a.barred(ctx)
		if err != nil {
			return nil, err
		}
		found = append(found, b.Met...)
	}
	in := make(map[fact.FragmentID]bool, len(found))
	for _, id := range found {
		in[id] = true
	}
	k.Bar(in)
	return slices.Sorted(maps.Keys(in)), nil
}

// settleBlocked makes the walk when the lists have changed, and looks at those
// who were parted or joined because of it; nobody is spoken to for that.
func (a *App) settleBlocked(ctx context.Context) error {
	k := a.World().Know
	b, err := a.barred(ctx)
	if err != nil {
		return err
	}
	if list := a.Keep.Vault().Digest("blocked", k.Rules().Listing()); !slices.Equal(b.List, list[:]) {
		b.List = list[:]
		if b.Met, err = a.meet(ctx, k); err != nil {
			return err
		}
		if err := a.setBarred(ctx, b); err != nil {
			return err
		}
	}
	found, err := a.bar(ctx, k)
	if err != nil || slices.Equal(found, b.Settled) {
		return err
	}
	if err := a.lookAround(ctx, append(found, b.Settled...)); err != nil {
		return err
	}
	b.Settled = found
	return a.setBarred(ctx, b)
}

// meet walks over everybody for those whose identifier the lists block.
func (a *App) meet(ctx context.Context, k *know.Knowledge) ([]fact.FragmentID, error) {
	if _, whole := k.Rules().Spelled(); whole {
		return nil, nil
	}
	met := map[fact.FragmentID]bool{}
	try := func(id fact.FragmentID, i person.Identifier) {
		if !i.Value.IsZero() && k.Blocks(i) {
			met[id] = true
		}
	}
	err := a.Keep.Vault().EachState(ctx, func(id fact.FragmentID, s *fact.State) {
		try(id, s.Identifier)
		for _, t := range s.Ties {
			try(t.Other, t.Identifier)
		}
	})
	return slices.Sorted(maps.Keys(met)), err
}

// lookAround looks at everybody whom evidence reaches from these fragments.
func (a *App) lookAround(ctx context.Context, ids []fact.FragmentID) error {
	slices.Sort(ids)
	clusters, err := a.Keep.Vault().Clusters(ctx, slices.Compact(ids))
	if err != nil {
		return err
	}
	for _, c := range clusters {
		for some := range slices.Chunk(slices.Sorted(maps.Keys(c.Fragments)), timerPage) {
			looks := make([]line.Look, len(some))
			for i, id := range some {
				looks[i] = line.Look{Fragment: id, Silent: true}
			}
			if err := a.Line.Look(ctx, looks); err != nil {
				return err
			}
		}
	}
	return nil
}
