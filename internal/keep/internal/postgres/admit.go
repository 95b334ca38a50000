package postgres

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"

	"github.com/heed-platform/heed/internal/fact"
	"github.com/heed-platform/heed/internal/keep/internal/store"
	"github.com/heed-platform/heed/internal/person"
)

// Admit inserts what is new, joins the links, and returns how things stand.
// Most of the time nothing is new: then it only reads, and locks nobody.
func (i *Identity) Admit(ctx context.Context, frags []store.Fragment, links []store.Link) (stand []store.Fragment, better []store.Edge, err error) {
	frags = store.FoldFragments(frags)
	hashes := column(frags, func(f store.Fragment) person.Hash { return f.Hash })
	for _, l := range links {
		hashes = append(hashes, l.A, l.B)
	}
	hashes = distinct(hashes)
	err = i.db.write(ctx, func(tx pgx.Tx) error {
		if stand, err = byHash(ctx, tx, hashes); err != nil {
			return err
		}
		if news := lacking(frags, stand); len(news) > 0 {
			if err := insert(ctx, tx, news); err != nil {
				return err
			}
			// Another node may have been first: what counts is what is there, and
			// only a new statement sees it.
			if stand, err = byHash(ctx, tx, hashes); err != nil {
				return err
			}
		}
		edges, err := resolve(links, stand)
		if err != nil {
			return err
		}
		better, err = join(ctx, tx, store.FoldEdges(edges))
		return err
	})
	if err != nil {
		return nil, nil, wrap("admit", err)
	}
	slices.SortFunc(stand, func(a, b store.Fragment) int { return cmp.Compare(a.ID, b.ID) })
	return stand, better, nil
}

// lacking are those of frags that are not there, or not yet verified.
func lacking(frags, there []store.Fragment) []store.Fragment {
	verified := make(map[person.Hash]bool, len(there))
	for _, f := range there {
		verified[f.Hash] = f.Verified
	}
	return slices.DeleteFunc(slices.Clone(frags), func(f store.Fragment) bool {
		is, found := verified[f.Hash]
		return found && (is || !f.Verified)
	})
}

// insert goes by hash, so that two nodes with the same news wait for each other
// instead of locking each other out.
func insert(ctx context.Context, tx pgx.Tx, frags []store.Fragment) error {
	_, err := tx.Exec(ctx, `INSERT INTO heed_keys.fragment (part, id, hash, tomb, ns, ref, key, verified, created)
		SELECT part, nextval('heed_keys.fragment_number') * 16 + part, hash, tomb, ns, ref, key, verified, created
		FROM unnest($1::smallint[], $2::bytea[], $3::bytea[], $4::text[], $5::bytea[], $6::bytea[], $7::boolean[], $8::bigint[])
			w (part, hash, tomb, ns, ref, key, verified, created) ORDER BY hash
		ON CONFLICT (part, hash) DO UPDATE SET verified = true WHERE excluded.verified AND NOT fragment.verified`,
		column(frags, func(f store.Fragment) int16 { return partOf(f.Hash) }),
		hashBytes(column(frags, func(f store.Fragment) person.Hash { return f.Hash })),
		hashBytes(column(frags, func(f store.Fragment) person.Hash { return f.Tomb })),
		column(frags, func(f store.Fragment) string { return string(f.NS) }),
		column(frags, func(f store.Fragment) []byte { b := f.Ref.Bytes(); return b[:] }),
		column(frags, func(f store.Fragment) []byte { return full(f.Key) }),
		column(frags, func(f store.Fragment) bool { return f.Verified }),
		column(frags, func(f store.Fragment) int64 { return int64(f.Created) }))
	return err
}

func resolve(links []store.Link, stand []store.Fragment) ([]store.Edge, error) {
	ids := make(map[person.Hash]fact.FragmentID, len(stand))
	for _, f := range stand {
		ids[f.Hash] = f.ID
	}
	edges := make([]store.Edge, len(links))
	for n, l := range links {
		edges[n] = store.Edge{A: ids[l.A], B: ids[l.B], Verified: l.Verified, At: l.At, Message: l.Message}
		if edges[n].A == 0 || edges[n].B == 0 {
			return nil, fmt.Errorf("a link names a fragment that was not admitted: %w", store.ErrNotFound)
		}
	}
	return edges, nil
}

const edgeColumns = "SELECT e.a, e.b, e.verified, e.at, e.message, e.cut FROM heed_keys.edge e "

func scanEdge(row pgx.CollectableRow) (e store.Edge, err error) {
	var message []byte
	if err := row.Scan(&e.A, &e.B, &e.Verified, &e.At, &message, &e.Cut); err != nil {
		return e, err
	}
	e.Message = person.Hash(message)
	return e, nil
}

// join keeps the smallest (at, message) of each pair, and returns the edges
// that are new or better. What was cut by hand stays cut.
func join(ctx context.Context, tx pgx.Tx, edges []store.Edge) ([]store.Edge, error) {
	there, err := collect(ctx, tx, edgeColumns+"JOIN unnest($1::bigint[], $2::bigint[]) w (a, b) ON e.a = w.a AND e.b = w.b", scanEdge,
		column(edges, lower), column(edges, upper))
	if err != nil {
		return nil, err
	}
	news := slices.DeleteFunc(edges, func(e store.Edge) bool {
		return slices.ContainsFunc(there, func(o store.Edge) bool {
			return o.A == e.A && o.B == e.B && o.Verified == e.Verified && !e.Before(o)
		})
	})
	if len(news) == 0 {
		return nil, nil
	}
	// Whoever cuts or buries an end waits for this edge, or this edge for them.
	ends := sorted(append(column(news, lower), column(news, upper)...))
	stand, err := byID(ctx, tx, ends, "FOR KEY SHARE OF f")
	if err != nil {
		return nil, err
	}
	if len(stand) < len(ends) {
		return nil, fmt.Errorf("an end was buried meanwhile: %w", store.ErrStale)
	}
	better, err := collect(ctx, tx, `INSERT INTO heed_keys.edge AS e (a, b, verified, at, message, cut)
		SELECT a, b, verified, at, message, EXISTS (SELECT FROM heed_keys.edge c WHERE c.a = w.a AND c.b = w.b AND c.cut)
		FROM unnest($1::bigint[], $2::bigint[], $3::boolean[], $4::bigint[], $5::bytea[]) w (a, b, verified, at, message)
		ORDER BY a, b, verified
		ON CONFLICT (a, b, verified) DO UPDATE SET at = excluded.at, message = excluded.message
			WHERE (excluded.at, excluded.message) < (e.at, e.message)
		RETURNING a, b, verified, at, message, cut`, scanEdge,
		column(news, lower), column(news, upper),
		column(news, func(e store.Edge) bool { return e.Verified }),
		column(news, func(e store.Edge) int64 { return int64(e.At) }),
		hashBytes(column(news, func(e store.Edge) person.Hash { return e.Message })))
	return store.FoldEdges(better), err
}

func lower(e store.Edge) fact.FragmentID { return e.A }

func upper(e store.Edge) fact.FragmentID { return e.B }
