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
			if err := above(ctx, tx, news); err != nil {
				return err
			}
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

// insert goes by part and hash, so that two nodes with the same news wait for
// each other instead of locking each other out.
func insert(ctx context.Context, tx pgx.Tx, frags []store.Fragment) error {
	var batch pgx.Batch
	for part := range int16(parts) {
		some := slices.DeleteFunc(slices.Clone(frags), func(f store.Fragment) bool { return partOf(f.Hash) != part })
		if len(some) == 0 {
			continue
		}
		batch.Queue(fmt.Sprintf(`INSERT INTO heed_keys.fragment_%d AS f (part, id, hash, tomb, ns, ref, key, verified, created)
			SELECT $1::smallint, nextval('heed_keys.fragment_number') * 16 + $1::smallint, hash, tomb, ns, ref, key, verified, created
			FROM unnest($2::bytea[], $3::bytea[], $4::text[], $5::bytea[], $6::bytea[], $7::boolean[], $8::bigint[])
				w (hash, tomb, ns, ref, key, verified, created) ORDER BY hash
			ON CONFLICT (hash) DO UPDATE SET verified = true WHERE excluded.verified AND NOT f.verified`, part), part,
			hashBytes(column(some, func(f store.Fragment) person.Hash { return f.Hash })),
			hashBytes(column(some, func(f store.Fragment) person.Hash { return f.Tomb })),
			column(some, func(f store.Fragment) string { return string(f.NS) }),
			column(some, func(f store.Fragment) []byte { b := f.Ref.Bytes(); return b[:] }),
			column(some, func(f store.Fragment) []byte { return full(f.Key) }),
			column(some, func(f store.Fragment) bool { return f.Verified }),
			column(some, func(f store.Fragment) int64 { return int64(f.Created) }))
	}
	return tx.SendBatch(ctx, &batch).Close()
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

// among lists the edges from any of one to any of the other. The planner would
// try each of one with each of the other, if it could (+ 0).
func among(ctx context.Context, tx pgx.Tx, one, other []fact.FragmentID) ([]store.Edge, error) {
	return collect(ctx, tx, edgeColumns+"WHERE e.a = ANY ($1) AND e.b + 0 = ANY ($2) ORDER BY e.a, e.b, e.verified", scanEdge, one, other)
}

// join keeps the smallest (at, message) of each pair, and returns the edges
// that are new or better. What was cut by hand stays cut.
func join(ctx context.Context, tx pgx.Tx, edges []store.Edge) ([]store.Edge, error) {
	there, err := among(ctx, tx, column(edges, lower), column(edges, upper))
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
	stand, err := byID(ctx, tx, ends, "FOR KEY SHARE")
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
