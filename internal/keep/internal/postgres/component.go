package postgres

import (
	"cmp"
	"context"
	"slices"

	"github.com/jackc/pgx/v5"

	"github.com/heed-platform/heed/internal/fact"
	"github.com/heed-platform/heed/internal/keep/internal/store"
)

// Component walks the edges breadth first, smaller ids first, until it has
// everything or limit fragments.
func (i *Identity) Component(ctx context.Context, ids []fact.FragmentID, limit int) (frags []store.Fragment, edges []store.Edge, whole bool, err error) {
	err = i.db.read(ctx, func(tx pgx.Tx) error {
		known, all, err := reachable(ctx, tx, ids, limit)
		if err != nil {
			return err
		}
		whole = all
		if frags, err = byID(ctx, tx, sorted(known), ""); err != nil {
			return err
		}
		slices.SortFunc(frags, func(a, b store.Fragment) int { return cmp.Compare(a.ID, b.ID) })
		edges, err = among(ctx, tx, known, known)
		return err
	})
	if err != nil {
		return nil, nil, false, wrap("read component", err)
	}
	return frags, edges, whole, nil
}

func reachable(ctx context.Context, tx pgx.Tx, ids []fact.FragmentID, limit int) (known []fact.FragmentID, whole bool, err error) {
	exist, err := byID(ctx, tx, sorted(ids), "")
	frontier := sorted(column(exist, func(f store.Fragment) fact.FragmentID { return f.ID }))
	for err == nil && len(frontier) > 0 {
		if room := limit - len(known); len(frontier) > room {
			return append(known, frontier[:room]...), false, nil
		}
		known = append(known, frontier...)
		frontier, err = collect(ctx, tx, `SELECT id FROM (
				SELECT b AS id FROM heed_keys.edge WHERE a = ANY ($1) AND NOT cut
				UNION SELECT a FROM heed_keys.edge WHERE b = ANY ($1) AND NOT cut
			) next WHERE id <> ALL ($2) ORDER BY id LIMIT $3`, pgx.RowTo[fact.FragmentID], frontier, known, limit+1)
	}
	return known, err == nil, err
}
