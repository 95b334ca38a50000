package postgres

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"

	"github.com/heed-platform/heed/internal/clock"
	"github.com/heed-platform/heed/internal/fact"
	"github.com/heed-platform/heed/internal/keep/internal/store"
	"github.com/heed-platform/heed/internal/person"
)

// Identity is the identity store in the schema heed_keys.
type Identity struct{ db *db }

var _ store.Identity = (*Identity)(nil)

// OpenIdentity connects to the database at url and brings the identity store's
// tables up to date.
func OpenIdentity(ctx context.Context, url string) (*Identity, error) {
	d, err := open(ctx, url, "heed_keys", "identity")
	if err != nil {
		return nil, fmt.Errorf("open identity store: %w", err)
	}
	return &Identity{d}, nil
}

// parts is how many tables the fragments lie in.
const parts = 16

// partOf says in which: the first half byte of the hash, which is also the last
// one of the id.
func partOf(h person.Hash) int16 { return int16(h[0] >> 4) }

func partOfID(id fact.FragmentID) int16 { return int16(id & (parts - 1)) }

const fragmentColumns = "SELECT f.id, f.hash, f.tomb, f.ns, f.ref, f.key, f.verified, f.created FROM heed_keys.fragment"

func scanFragment(row pgx.CollectableRow) (f store.Fragment, err error) {
	var hash, tomb, ref []byte
	if err := row.Scan(&f.ID, &hash, &tomb, &f.NS, &ref, &f.Key, &f.Verified, &f.Created); err != nil {
		return f, err
	}
	f.Hash, f.Tomb, f.Ref = person.Hash(hash), person.Hash(tomb), person.RefOf([16]byte(ref))
	return f, nil
}

// byKey asks every part for its rows, in one round trip. Asked for all at once,
// the planner would rather read small tables from end to end.
func byKey[K any](ctx context.Context, tx pgx.Tx, key string, keys []K, part func(K) int16, how string) (found []store.Fragment, err error) {
	var of [parts][]K
	for _, k := range keys {
		of[part(k)] = append(of[part(k)], k)
	}
	var batch pgx.Batch
	for n, some := range of {
		if len(some) == 0 {
			continue
		}
		batch.Queue(fmt.Sprintf("%s_%d f WHERE f.%s = ANY ($1) ORDER BY f.id %s", fragmentColumns, n, key, how), some).
			Query(func(rows pgx.Rows) error {
				more, err := pgx.CollectRows(rows, scanFragment)
				found = append(found, more...)
				return err
			})
	}
	return found, tx.SendBatch(ctx, &batch).Close()
}

func byHash(ctx context.Context, tx pgx.Tx, hashes []person.Hash) ([]store.Fragment, error) {
	return byKey(ctx, tx, "hash", hashBytes(hashes), func(h []byte) int16 { return partOf(person.Hash(h)) }, "")
}

// byID returns the rows by part and id; how may lock them in this order, which
// is the same for everybody.
func byID(ctx context.Context, tx pgx.Tx, ids []fact.FragmentID, how string) ([]store.Fragment, error) {
	return byKey(ctx, tx, "id", ids, partOfID, how)
}

func hashBytes(hashes []person.Hash) [][]byte {
	return column(hashes, func(h person.Hash) []byte { return h[:] })
}

// Find returns the rows of the hashes that exist.
func (i *Identity) Find(ctx context.Context, hashes []person.Hash) (found []store.Fragment, err error) {
	err = i.db.read(ctx, func(tx pgx.Tx) error {
		found, err = byHash(ctx, tx, distinct(hashes))
		return err
	})
	return found, wrap("find fragments", err)
}

// Get returns the rows of the ids that exist.
func (i *Identity) Get(ctx context.Context, ids []fact.FragmentID) (found []store.Fragment, err error) {
	err = i.db.read(ctx, func(tx pgx.Tx) error {
		found, err = byID(ctx, tx, sorted(ids), "")
		return err
	})
	return found, wrap("get fragments", err)
}

// ByRef returns the rows of the person ids that exist.
func (i *Identity) ByRef(ctx context.Context, refs []person.Ref) (found []store.Fragment, err error) {
	named := slices.DeleteFunc(slices.Clone(refs), person.Ref.IsZero)
	err = i.db.read(ctx, func(tx pgx.Tx) error {
		found, err = collect(ctx, tx, fragmentColumns+" f WHERE f.ref = ANY ($1)", scanFragment,
			column(named, func(r person.Ref) []byte { b := r.Bytes(); return b[:] }))
		return err
	})
	return found, wrap("get fragments by person", err)
}

// Scan returns up to limit rows with id greater than after, by id.
func (i *Identity) Scan(ctx context.Context, after fact.FragmentID, limit int) (found []store.Fragment, err error) {
	err = i.db.read(ctx, func(tx pgx.Tx) error {
		found, err = collect(ctx, tx, fragmentColumns+" f WHERE f.id > $1 ORDER BY f.id LIMIT $2", scanFragment, after, limit)
		return err
	})
	return found, wrap("scan fragments", err)
}

// Cut marks every edge between the pairs as cut.
func (i *Identity) Cut(ctx context.Context, pairs [][2]fact.FragmentID) error {
	return wrap("cut edges", i.mark(ctx, pairs, true))
}

// Mend takes Cut back.
func (i *Identity) Mend(ctx context.Context, pairs [][2]fact.FragmentID) error {
	return wrap("mend edges", i.mark(ctx, pairs, false))
}

// mark locks the ends first: an edge that somebody is adding between them would
// otherwise not be marked.
func (i *Identity) mark(ctx context.Context, pairs [][2]fact.FragmentID, cut bool) error {
	return i.db.write(ctx, func(tx pgx.Tx) error {
		var ends []fact.FragmentID
		for _, p := range pairs {
			ends = append(ends, p[0], p[1])
		}
		if _, err := byID(ctx, tx, sorted(ends), "FOR UPDATE"); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, `UPDATE heed_keys.edge e SET cut = $3 FROM unnest($1::bigint[], $2::bigint[]) w (a, b)
			WHERE e.a = w.a AND e.b = w.b`,
			column(pairs, func(p [2]fact.FragmentID) fact.FragmentID { return min(p[0], p[1]) }),
			column(pairs, func(p [2]fact.FragmentID) fact.FragmentID { return max(p[0], p[1]) }), cut)
		return err
	})
}

// Tombstones returns those of tombs that were erased.
func (i *Identity) Tombstones(ctx context.Context, tombs []person.Hash) (found []store.Tombstone, err error) {
	err = i.db.read(ctx, func(tx pgx.Tx) error {
		found, err = collect(ctx, tx, "SELECT tomb, at FROM heed_keys.tombstone WHERE tomb = ANY ($1)",
			func(row pgx.CollectableRow) (s store.Tombstone, err error) {
				var tomb []byte
				if err := row.Scan(&tomb, &s.At); err != nil {
					return s, err
				}
				s.Tomb = person.Hash(tomb)
				return s, nil
			}, hashBytes(tombs))
		return err
	})
	return found, wrap("read tombstones", err)
}

// Meta is the bytes kept under a name; nil when there are none.
func (i *Identity) Meta(ctx context.Context, name string) (value []byte, err error) {
	err = i.db.read(ctx, func(tx pgx.Tx) error {
		value, err = meta(ctx, tx, "heed_keys", name)
		return err
	})
	return value, wrap("read meta", err)
}

// SetMeta keeps bytes under a name and returns what is kept.
func (i *Identity) SetMeta(ctx context.Context, name string, value []byte, insert bool) (kept []byte, err error) {
	conflict := "DO UPDATE SET value = excluded.value"
	if insert {
		conflict = "DO NOTHING"
	}
	err = i.db.write(ctx, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, "INSERT INTO heed_keys.meta (name, value) VALUES ($1, $2) ON CONFLICT (name) "+conflict, name, full(value)); err != nil {
			return err
		}
		kept, err = meta(ctx, tx, "heed_keys", name)
		return err
	})
	return kept, wrap("set meta", err)
}

func meta(ctx context.Context, tx pgx.Tx, schema, name string) ([]byte, error) {
	found, err := collect(ctx, tx, "SELECT value FROM "+schema+".meta WHERE name = $1", pgx.RowTo[[]byte], name)
	if err != nil || len(found) == 0 {
		return nil, err
	}
	return short(found[0]), nil
}

// Bury writes the tombstones, removes the rows and then their traces.
func (i *Identity) Bury(ctx context.Context, ids []fact.FragmentID, at clock.Instant) error {
	var gone string
	err := i.db.write(ctx, func(tx pgx.Tx) error {
		rows, err := byID(ctx, tx, sorted(ids), "FOR UPDATE")
		if err != nil {
			return err
		}
		var batch pgx.Batch
		batch.Queue(`INSERT INTO heed_keys.tombstone (tomb, at) SELECT DISTINCT t, $2::bigint FROM unnest($1::bytea[]) t ORDER BY t
			ON CONFLICT (tomb) DO UPDATE SET at = greatest(tombstone.at, excluded.at)`,
			hashBytes(column(rows, func(f store.Fragment) person.Hash { return f.Tomb })), at)
		batch.Queue("DELETE FROM heed_keys.edge WHERE a = ANY ($1) OR b = ANY ($1)", ids)
		for _, part := range sorted(column(ids, partOfID)) {
			batch.Queue(fmt.Sprintf("DELETE FROM heed_keys.fragment_%d WHERE id = ANY ($1)", part), ids)
		}
		batch.Queue("SELECT pg_current_xact_id()::text").QueryRow(func(row pgx.Row) error { return row.Scan(&gone) })
		return tx.SendBatch(ctx, &batch).Close()
	})
	if err == nil {
		err = i.scrub(ctx, column(ids, partOfID), gone)
	}
	return wrap("bury", err)
}

// Close closes the connections.
func (i *Identity) Close() error { return i.db.Close() }

// sorted lists each value once, smallest first.
func sorted[T cmp.Ordered](values []T) []T {
	out := slices.Clone(values)
	slices.Sort(out)
	return slices.Compact(out)
}

func distinct(hashes []person.Hash) []person.Hash {
	out := slices.Clone(hashes)
	slices.SortFunc(out, func(a, b person.Hash) int { return slices.Compare(a[:], b[:]) })
	return slices.Compact(out)
}
