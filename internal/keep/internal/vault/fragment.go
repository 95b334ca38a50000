package vault

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"sync/atomic"

	"github.com/heed-platform/heed/internal/clock"
	"github.com/heed-platform/heed/internal/fact"
	"github.com/heed-platform/heed/internal/keep/internal/store"
	"github.com/heed-platform/heed/internal/person"
)

// Fragment is one identifier with its key in hand.
type Fragment struct {
	ID       fact.FragmentID
	Hash     person.Hash
	NS       person.Namespace
	Ref      person.Ref
	Verified bool
	Created  clock.Instant

	tomb person.Hash
	key  [keySize]byte
	seen atomic.Uint64 // how many burials had begun and ended when its row was read
}

func (f *Fragment) box() *box { return newBox(f.key, 0) }

// Pseudonym is the fragment's name on the spine; only its key can compute it.
func (f *Fragment) Pseudonym() int64 {
	mac := hmac.New(sha256.New, f.key[:])
	mac.Write([]byte("heed spine"))
	return int64(binary.BigEndian.Uint64(mac.Sum(nil)))
}

// Tomb is what stays of the fragment when it is erased: a keyed hash that tells
// only whoever names the identifier again.
func (f *Fragment) Tomb() person.Hash { return f.tomb }

// AuditName is the fragment's name in the audit chain; it dies with the key.
func (f *Fragment) AuditName() string {
	mac := hmac.New(sha256.New, f.key[:])
	mac.Write([]byte("heed audit"))
	return fmt.Sprintf("%x", mac.Sum(nil)[:12])
}

// Name is an identifier somebody used, canonical, and whether it was verified.
type Name struct {
	Identifier person.Identifier
	Verified   bool
}

// Tie says that Names[A] and Names[B] of one Admit came together.
type Tie struct {
	A, B     int
	Verified bool
	At       clock.Instant
	Message  person.Hash
}

// Admitted is what Admit found or made.
type Admitted struct {
	Fragments []*Fragment     // one for each name, in order
	Edges     []store.Edge    // those that are new or better evidence than before
	Erased    []clock.Instant // per name: when this identifier was erased; zero is never
}

// Admit finds or makes the fragments of the names and joins them by the ties.
// It is durable when it returns; if what follows fails, an orphan stays, which
// is harmless.
func (v *Vault) Admit(ctx context.Context, names []Name, ties []Tie) (Admitted, error) {
	if len(names) == 0 {
		return Admitted{}, nil
	}
	hashes := make([]person.Hash, len(names))
	for i, n := range names {
		hashes[i] = v.HashOf(n.Identifier)
	}
	links := make([]store.Link, 0, len(ties))
	for _, t := range ties {
		if hashes[t.A] != hashes[t.B] {
			links = append(links, store.Link{A: hashes[t.A], B: hashes[t.B], Verified: t.Verified, At: t.At, Message: t.Message})
		}
	}
	if got, ok := v.cache.admit(hashes, names, links); ok {
		return Admitted{Fragments: got, Erased: make([]clock.Instant, len(names))}, nil
	}
	var out Admitted
	err := retry(ctx, func() (err error) {
		out, err = v.admit(ctx, names, hashes, links)
		return err
	})
	if err != nil {
		return Admitted{}, fmt.Errorf("admit identifiers: %w", err)
	}
	return out, nil
}

func (v *Vault) admit(ctx context.Context, names []Name, hashes []person.Hash, links []store.Link) (Admitted, error) {
	life := v.lives.now()
	rows, tombs := v.newRows(names, hashes, v.clock.Now())
	found, edges, err := v.ids.Admit(ctx, rows, links)
	if errors.Is(err, store.ErrEpoch) { // another node rotates keys
		err = errors.Join(v.Refresh(ctx), store.ErrStale)
	}
	if errors.Is(err, store.ErrNotFound) {
		err = fmt.Errorf("an end of a link was buried: %w: %w", store.ErrStale, err)
	}
	if err != nil {
		return Admitted{}, err
	}
	byHash, err := v.openRows(ctx, found, life)
	if err != nil {
		return Admitted{}, err
	}
	erased, err := v.erasedAt(ctx, tombs)
	if err != nil {
		return Admitted{}, err
	}
	out := Admitted{Fragments: make([]*Fragment, len(names)), Edges: edges, Erased: make([]clock.Instant, len(names))}
	for i, h := range hashes {
		if out.Fragments[i] = byHash[h]; out.Fragments[i] == nil {
			return Admitted{}, fmt.Errorf("a row was buried before it was read back: %w", store.ErrStale)
		}
		out.Erased[i] = erased[tombs[i]]
		if out.Erased[i] == 0 { // an erased identifier asks the store again each time
			v.cache.keep(out.Fragments[i])
		}
	}
	v.cache.join(byHash, links)
	return out, nil
}

func (v *Vault) newRows(names []Name, hashes []person.Hash, now clock.Instant) ([]store.Fragment, []person.Hash) {
	rows := make([]store.Fragment, 0, len(names))
	tombs := make([]person.Hash, len(names))
	ring := v.keys()
	at := make(map[person.Hash]int, len(names))
	for i, n := range names {
		tombs[i] = v.tombOf(n.Identifier)
		if j, again := at[hashes[i]]; again {
			rows[j].Verified = rows[j].Verified || n.Verified
			continue
		}
		at[hashes[i]] = len(rows)
		var key [keySize]byte
		var ref [16]byte
		_, _ = rand.Read(key[:])
		_, _ = rand.Read(ref[:])
		rows = append(rows, store.Fragment{
			Hash: hashes[i], Tomb: tombs[i], NS: n.Identifier.NS, Ref: person.RefOf(ref),
			Key: ring.wrap(key, hashes[i][:]), Epoch: ring.Current, Verified: n.Verified, Created: now,
		})
	}
	return rows, tombs
}

func (v *Vault) openRows(ctx context.Context, rows []store.Fragment, life uint64) (map[person.Hash]*Fragment, error) {
	out := make(map[person.Hash]*Fragment, len(rows))
	for _, r := range rows {
		f, err := v.openRow(ctx, r, life)
		if err != nil {
			return nil, err
		}
		out[r.Hash] = f
	}
	return out, nil
}

// openRow unwraps a row's key. life is what lives.now gave before it was read.
func (v *Vault) openRow(ctx context.Context, r store.Fragment, life uint64) (*Fragment, error) {
	key, err := v.keys().unwrap(r.Key, r.Hash[:])
	if errors.Is(err, errEpoch) { // another node rotates keys
		if err = v.Refresh(ctx); err == nil {
			key, err = v.keys().unwrap(r.Key, r.Hash[:])
		}
	}
	if err != nil {
		return nil, fmt.Errorf("fragment %d: %w", r.ID, err)
	}
	f := &Fragment{ID: r.ID, Hash: r.Hash, NS: r.NS, Ref: r.Ref, Verified: r.Verified, Created: r.Created, tomb: r.Tomb, key: key}
	f.seen.Store(life)
	return f, nil
}

func (v *Vault) erasedAt(ctx context.Context, tombs []person.Hash) (map[person.Hash]clock.Instant, error) {
	rows, err := v.ids.Tombstones(ctx, tombs)
	if err != nil {
		return nil, fmt.Errorf("read tombstones: %w", err)
	}
	out := make(map[person.Hash]clock.Instant, len(rows))
	for _, r := range rows {
		out[r.Tomb] = max(out[r.Tomb], r.At)
	}
	return out, nil
}

// Find returns the fragment of a canonical identifier, or store.ErrNotFound.
func (v *Vault) Find(ctx context.Context, id person.Identifier) (*Fragment, error) {
	life := v.lives.now()
	rows, err := v.ids.Find(ctx, []person.Hash{v.HashOf(id)})
	if err != nil {
		return nil, fmt.Errorf("find identifier: %w", err)
	}
	if len(rows) == 0 {
		return nil, store.ErrNotFound
	}
	return v.openRow(ctx, rows[0], life)
}

// ByRef returns the fragment that carries a person id, or store.ErrNotFound.
func (v *Vault) ByRef(ctx context.Context, ref person.Ref) (*Fragment, error) {
	life := v.lives.now()
	rows, err := v.ids.ByRef(ctx, []person.Ref{ref})
	if err != nil {
		return nil, fmt.Errorf("find person: %w", err)
	}
	if len(rows) == 0 {
		return nil, store.ErrNotFound
	}
	return v.openRow(ctx, rows[0], life)
}

// Fragments returns those of the ids that live, by id.
func (v *Vault) Fragments(ctx context.Context, ids []fact.FragmentID) (map[fact.FragmentID]*Fragment, error) {
	life := v.lives.now()
	rows, err := v.ids.Get(ctx, ids)
	if err != nil {
		return nil, fmt.Errorf("read fragments: %w", err)
	}
	out := make(map[fact.FragmentID]*Fragment, len(rows))
	for _, r := range rows {
		if out[r.ID], err = v.openRow(ctx, r, life); err != nil {
			return nil, err
		}
	}
	return out, nil
}
