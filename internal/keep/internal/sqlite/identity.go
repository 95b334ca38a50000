package sqlite

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/heed-platform/heed/internal/clock"
	"github.com/heed-platform/heed/internal/fact"
	"github.com/heed-platform/heed/internal/keep/internal/store"
	"github.com/heed-platform/heed/internal/person"
)

// Identity is the identity store in one file.
type Identity struct{ db *db }

var _ store.Identity = (*Identity)(nil)

// OpenIdentity opens or makes the identity store at path and brings it up to
// date. It refuses a file that another process holds.
func OpenIdentity(ctx context.Context, path string) (*Identity, error) {
	d, err := open(ctx, path, "identity")
	if err != nil {
		return nil, fmt.Errorf("open identity store: %w", err)
	}
	return &Identity{d}, nil
}

const fragmentColumns = "SELECT id, hash, tomb, ns, ref, key, verified, created FROM fragment "

func scanFragment(s *stmt) store.Fragment {
	var ref [16]byte
	s.ColumnBytes(4, ref[:])
	return store.Fragment{
		ID: fragment(s, 0), Hash: hash(s, 1), Tomb: hash(s, 2),
		NS: person.Namespace(s.ColumnText(3)), Ref: person.RefOf(ref), Key: blob(s, 5),
		Verified: s.ColumnBool(6), Created: instant(s, 7),
	}
}

func (c conn) fragments(into []store.Fragment, where string, args ...any) ([]store.Fragment, error) {
	err := c.query(fragmentColumns+where, func(s *stmt) error {
		into = append(into, scanFragment(s))
		return nil
	}, args...)
	return into, err
}

// Find returns the rows of the hashes that exist.
func (i *Identity) Find(ctx context.Context, hashes []person.Hash) ([]store.Fragment, error) {
	var found []store.Fragment
	err := i.db.read(ctx, func(c conn) (err error) {
		for h := range unique(hashes) {
			if found, err = c.fragments(found, "WHERE hash = ?", h); err != nil {
				return err
			}
		}
		return nil
	})
	return found, wrap("find fragments", err)
}

// Get returns the rows of the ids that exist.
func (i *Identity) Get(ctx context.Context, ids []fact.FragmentID) ([]store.Fragment, error) {
	var found []store.Fragment
	err := i.db.read(ctx, func(c conn) (err error) {
		for id := range unique(ids) {
			if found, err = c.fragments(found, "WHERE id = ?", id); err != nil {
				return err
			}
		}
		return nil
	})
	return found, wrap("get fragments", err)
}

// ByRef returns the rows of the person ids that exist.
func (i *Identity) ByRef(ctx context.Context, refs []person.Ref) ([]store.Fragment, error) {
	var found []store.Fragment
	err := i.db.read(ctx, func(c conn) (err error) {
		for ref := range unique(refs) {
			if ref.IsZero() {
				continue
			}
			if found, err = c.fragments(found, "WHERE ref = ? AND ref <> zeroblob(16)", ref); err != nil {
				return err
			}
		}
		return nil
	})
	return found, wrap("get fragments by person", err)
}

// Scan returns up to limit rows with id greater than after, by id.
func (i *Identity) Scan(ctx context.Context, after fact.FragmentID, limit int) ([]store.Fragment, error) {
	var found []store.Fragment
	err := i.db.read(ctx, func(c conn) (err error) {
		found, err = c.fragments(nil, "WHERE id > ? ORDER BY id LIMIT ? + 0", after, limit)
		return err
	})
	return found, wrap("scan fragments", err)
}

// Admit inserts what is new, joins the links, and returns how things stand.
// When nothing is new it costs no sync.
func (i *Identity) Admit(ctx context.Context, frags []store.Fragment, links []store.Link) ([]store.Fragment, []store.Edge, error) {
	var stand []store.Fragment
	var better []store.Edge
	err := i.db.simply(ctx, func(c conn) (err error) {
		stand = nil
		ids := make(map[person.Hash]fact.FragmentID, len(frags))
		for _, f := range store.FoldFragments(frags) {
			if f, err = c.admit(f); err != nil {
				return err
			}
			ids[f.Hash] = f.ID
			stand = append(stand, f)
		}
		edges := make([]store.Edge, len(links))
		for n, l := range links {
			edges[n] = store.Edge{Verified: l.Verified, At: l.At, Message: l.Message}
			for end, h := range map[*fact.FragmentID]person.Hash{&edges[n].A: l.A, &edges[n].B: l.B} {
				if ids[h] == 0 {
					found, err := c.fragments(nil, "WHERE hash = ?", h)
					if err != nil {
						return err
					}
					if len(found) == 0 {
						return fmt.Errorf("a link names a fragment that was not admitted: %w", store.ErrNotFound)
					}
					ids[h] = found[0].ID
					stand = append(stand, found[0])
				}
				*end = ids[h]
			}
		}
		better, err = c.join(store.FoldEdges(edges))
		return err
	})
	if err != nil {
		return nil, nil, wrap("admit", err)
	}
	slices.SortFunc(stand, func(a, b store.Fragment) int { return cmp.Compare(a.ID, b.ID) })
	return stand, better, nil
}

// admit inserts f, or returns the row that has its hash.
func (c conn) admit(f store.Fragment) (store.Fragment, error) {
	found, err := c.fragments(nil, "WHERE hash = ?", f.Hash)
	if err != nil {
		return f, err
	}
	if len(found) == 0 {
		if floor, err := c.floor(); err != nil || f.Epoch < floor {
			return f, errors.Join(err, store.ErrEpoch)
		}
		err := c.exec("INSERT INTO fragment (hash, tomb, ns, ref, key, verified, created) VALUES (?, ?, ?, ?, ?, ?, ?)",
			f.Hash, f.Tomb, f.NS, f.Ref, f.Key, f.Verified, f.Created)
		f.ID = fact.FragmentID(c.LastInsertRowID())
		return f, err
	}
	if f.Verified && !found[0].Verified {
		found[0].Verified = true
		return found[0], c.exec("UPDATE fragment SET verified = 1 WHERE id = ?", found[0].ID)
	}
	return found[0], nil
}

// join keeps the smallest (at, message) of each pair, and returns the edges
// that are new or better. What was cut by hand stays cut.
func (c conn) join(edges []store.Edge) ([]store.Edge, error) {
	var better []store.Edge
	for _, e := range edges {
		wins := true
		err := c.query("SELECT verified, at, message, cut FROM edge WHERE a = ? AND b = ?", func(s *stmt) error {
			e.Cut = e.Cut || s.ColumnBool(3)
			if s.ColumnBool(0) == e.Verified {
				wins = e.Before(store.Edge{At: instant(s, 1), Message: hash(s, 2)})
			}
			return nil
		}, e.A, e.B)
		if err == nil && wins {
			better = append(better, e)
			err = c.exec(`INSERT INTO edge (a, b, verified, at, message, cut) VALUES (?, ?, ?, ?, ?, ?)
				ON CONFLICT (a, b, verified) DO UPDATE SET at = excluded.at, message = excluded.message`,
				e.A, e.B, e.Verified, e.At, e.Message, e.Cut)
		}
		if err != nil {
			return nil, err
		}
	}
	return better, nil
}

// Cut marks every edge between the pairs as cut.
func (i *Identity) Cut(ctx context.Context, pairs [][2]fact.FragmentID) error {
	return wrap("cut edges", i.mark(ctx, pairs, true))
}

// Mend takes Cut back.
func (i *Identity) Mend(ctx context.Context, pairs [][2]fact.FragmentID) error {
	return wrap("mend edges", i.mark(ctx, pairs, false))
}

func (i *Identity) mark(ctx context.Context, pairs [][2]fact.FragmentID, cut bool) error {
	return i.db.simply(ctx, func(c conn) error {
		for _, p := range pairs {
			if err := c.exec("UPDATE edge SET cut = ? WHERE a = ? AND b = ?", cut, min(p[0], p[1]), max(p[0], p[1])); err != nil {
				return err
			}
		}
		return nil
	})
}

// Tombstones returns those of tombs that were erased.
func (i *Identity) Tombstones(ctx context.Context, tombs []person.Hash) ([]store.Tombstone, error) {
	var found []store.Tombstone
	err := i.db.read(ctx, func(c conn) error {
		for t := range unique(tombs) {
			err := c.query("SELECT at FROM tombstone WHERE tomb = ?", func(s *stmt) error {
				found = append(found, store.Tombstone{Tomb: t, At: instant(s, 0)})
				return nil
			}, t)
			if err != nil {
				return err
			}
		}
		return nil
	})
	return found, wrap("read tombstones", err)
}

// Bury writes the tombstones, removes the rows and then their traces.
func (i *Identity) Bury(ctx context.Context, ids []fact.FragmentID, at clock.Instant) error {
	err := i.db.simply(ctx, func(c conn) error {
		for _, id := range ids {
			if err := c.bury(id, at); err != nil {
				return err
			}
		}
		return nil
	})
	if err == nil {
		err = i.db.scrub(ctx)
	}
	return wrap("bury", err)
}

func (c conn) bury(id fact.FragmentID, at clock.Instant) error {
	return errors.Join(
		c.exec(`INSERT INTO tombstone (tomb, at) SELECT tomb, ? FROM fragment WHERE id = ?
			ON CONFLICT (tomb) DO UPDATE SET at = max(at, excluded.at)`, at, id),
		c.exec("DELETE FROM edge WHERE a = ?", id),
		c.exec("DELETE FROM edge WHERE b = ?", id),
		c.exec("DELETE FROM fragment WHERE id = ?", id),
	)
}

// Meta is the bytes kept under a name; nil when there are none.
func (i *Identity) Meta(ctx context.Context, name string) ([]byte, error) {
	var value []byte
	err := i.db.read(ctx, func(c conn) (err error) {
		value, err = c.meta(name)
		return err
	})
	return value, wrap("read meta", err)
}

// SetMeta keeps bytes under a name and returns what is kept.
func (i *Identity) SetMeta(ctx context.Context, name string, value []byte, insert bool) ([]byte, error) {
	var kept []byte
	err := i.db.simply(ctx, func(c conn) (err error) {
		if insert {
			err = c.exec("INSERT INTO meta (name, value) VALUES (?, ?) ON CONFLICT (name) DO NOTHING", name, value)
		} else {
			err = c.setMeta(name, value)
		}
		if err != nil {
			return err
		}
		kept, err = c.meta(name)
		return err
	})
	return kept, wrap("set meta", err)
}

func (c conn) meta(name string) (value []byte, err error) {
	err = c.query("SELECT value FROM meta WHERE name = ?", func(s *stmt) error {
		value = blob(s, 0)
		return nil
	}, name)
	return value, err
}

func (c conn) setMeta(name string, value []byte) error {
	return c.exec("INSERT INTO meta (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value", name, value)
}

// Close closes the file.
func (i *Identity) Close() error { return i.db.Close() }
