package vault

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/heed-platform/heed/internal/clock"
	"github.com/heed-platform/heed/internal/fact"
	"github.com/heed-platform/heed/internal/keep/internal/store"
	"github.com/heed-platform/heed/internal/problem"
)

// A rotation goes: a new key is put into the identity store, wrapped under the old
// one, so that every node can take it over (adopt); it is put into the key file
// beside the old one; nothing new is taken under the old one any more (Raise);
// every key is wrapped anew; the data store learns the epoch; then the old key is
// destroyed (retire). At each step all keys that are in use are in the key file,
// and each step can be done again. So whoever is killed has lost nothing, and the
// next Rotate goes on where it stopped.

const (
	rewrapPage = 500
	// overlap is how long after a rotation a node may still take over the new key.
	overlap = time.Hour

	rotatedName = "rotated"
	floorName   = "key_epoch" // in the data store: identity stores of older epochs are refused
)

// What can be wrong between a key file, an identity store and a data store.
var (
	ErrKeyOld = problem.New(problem.Unavailable, "key-file-old",
		"The keys of this identity store were rotated while this node was away; copy heed.kek from a node where they were.")
	ErrStoreOld = problem.New(problem.Conflict, "key-store-old",
		"This identity store is a copy from before the last rotation of keys, whose key was destroyed; put back the current one, or restore a copy made after the rotation.")
	ErrStoreMissing = problem.New(problem.Conflict, "identity-store-missing",
		"The database has data but its identity store is empty; name the right one with --keys or HEED_KEYS, or restore a copy of it. heed never makes new keys over existing data.")
	ErrKeysDamaged = problem.New(problem.Conflict, "keys-damaged",
		"Some keys in the identity store do not open, so the old key was not destroyed; heed verify names them. Restore the identity store or erase those people, then rotate again.")
)

// Rotation says what a rotation did.
type Rotation struct {
	Epoch uint16 // of the key in use now
	Keys  int    // that were wrapped anew
}

// rotated is what the identity store remembers of the last rotation.
type rotated struct {
	Epoch uint16        `json:"epoch"`
	At    clock.Instant `json:"at"`
}

func (v *Vault) keys() *keyring { return v.ring.Load() }

func handOver(epoch uint16) string { return fmt.Sprintf("kek %d", epoch) }

// Rotate makes a new key-encryption key, wraps every key anew and destroys the old
// one, or finishes a rotation that was interrupted. progress is told how many keys
// were looked at.
func (v *Vault) Rotate(ctx context.Context, progress func(done int)) (Rotation, error) {
	v.rotating.Lock()
	defer v.rotating.Unlock()
	if err := v.Refresh(ctx); err != nil {
		return Rotation{}, err
	}
	if len(v.keys().Epochs) == 1 {
		if err := v.beginRotation(ctx); err != nil {
			return Rotation{}, fmt.Errorf("begin rotation: %w", err)
		}
	}
	epoch := v.keys().Current
	if err := v.ids.Raise(ctx, epoch); err != nil {
		return Rotation{}, err
	}
	n, err := v.rewrapAll(ctx, progress)
	if err != nil {
		return Rotation{}, fmt.Errorf("wrap keys anew: %w", err)
	}
	err = v.data.Write(ctx, func(w store.Writer) error {
		return w.SetMeta(ctx, floorName, binary.BigEndian.AppendUint16(nil, epoch))
	})
	if err != nil {
		return Rotation{}, fmt.Errorf("remember epoch: %w", err)
	}
	done, err := json.Marshal(rotated{epoch, v.clock.Now()})
	if err == nil {
		_, err = v.ids.SetMeta(ctx, rotatedName, done, false)
	}
	if err != nil {
		return Rotation{}, fmt.Errorf("end rotation: %w", err)
	}
	return Rotation{epoch, n}, v.Refresh(ctx)
}

// beginRotation offers a new key to all nodes. When another one was faster, its
// key is taken.
func (v *Vault) beginRotation(ctx context.Context) error {
	ring := v.keys()
	next := ring.Current + 1
	var key [keySize]byte
	_, _ = rand.Read(key[:])
	if _, err := v.ids.SetMeta(ctx, handOver(next), ring.wrap(key, []byte(handOver(next))), true); err != nil {
		return err
	}
	return v.Refresh(ctx)
}

// Refresh brings this node's key file to where the identity store is: it takes over
// a key that a rotation offers, and destroys those that no key is wrapped under.
func (v *Vault) Refresh(ctx context.Context) error {
	v.filing.Lock()
	defer v.filing.Unlock()
	// What is put into the file follows from what was read from it: nodes that
	// share a folder do this one after the other.
	return alone(v.keyFile, func() error {
		ring, err := openKeyring(v.keyFile, false, 0)
		if err != nil {
			return err
		}
		// Whoever puts another file in its place by mistake does not take the key
		// away that this process still holds.
		switch known := v.keys(); {
		case ring.Current < known.Current:
			return ErrKeyOld
		case ring.Current == known.Current && ring.Epochs[ring.Current] != known.Epochs[known.Current]:
			return ErrKeyWrong
		}
		v.ring.Store(ring)
		if err := v.adopt(ctx); err != nil {
			return fmt.Errorf("take over a key: %w", err)
		}
		if err := v.retire(ctx); err != nil {
			return fmt.Errorf("destroy a key: %w", err)
		}
		return nil
	})
}

func (v *Vault) adopt(ctx context.Context) error {
	for { // who was idle may have missed several
		ring := v.keys()
		next := ring.Current + 1
		offer, err := v.ids.Meta(ctx, handOver(next))
		if err != nil || len(offer) == 0 {
			return err
		}
		key, err := ring.unwrap(offer, []byte(handOver(next)))
		if err != nil {
			return ErrKeyWrong.Because(err)
		}
		if err := v.file(ring.with(next, key, v.clock.Now())); err != nil {
			return err
		}
	}
}

// retire drops the keys of before from the file once the rotation is over. The
// offer of the new one, which only they open, stays for other nodes a while.
func (v *Vault) retire(ctx context.Context) error {
	raw, err := v.ids.Meta(ctx, rotatedName)
	if err != nil || len(raw) == 0 {
		return err
	}
	var last rotated
	if err := json.Unmarshal(raw, &last); err != nil {
		return err
	}
	ring := v.keys()
	if last.Epoch != ring.Current {
		return nil
	}
	if len(ring.Epochs) > 1 {
		if err := v.file(ring.alone()); err != nil {
			return err
		}
	}
	if !v.data.Capabilities().OneProcess && v.clock.Now().Sub(last.At) < overlap {
		return nil
	}
	for epoch := last.Epoch; ; epoch-- {
		offer, err := v.ids.Meta(ctx, handOver(epoch))
		if err != nil || len(offer) == 0 {
			return err
		}
		if _, err := v.ids.SetMeta(ctx, handOver(epoch), nil, false); err != nil {
			return err
		}
	}
}

// file makes a ring the one in force, on disk first.
func (v *Vault) file(ring *keyring) error {
	raw, err := ring.bytes()
	if err != nil {
		return err
	}
	if err := replaceDurably(v.keyFile, raw); err != nil {
		return fmt.Errorf("write key file: %w", err)
	}
	v.ring.Store(ring)
	return nil
}

// rewrapAll wraps the workspace's key and everybody's under the current epoch. It
// walks until it has found nothing to do from end to end.
func (v *Vault) rewrapAll(ctx context.Context, progress func(done int)) (n int, err error) {
	ring := v.keys()
	if _, err := v.ids.SetMeta(ctx, Root, ring.wrap(v.root, []byte(Root)), false); err != nil {
		return 0, err
	}
	for {
		changed, broken, err := v.rewrapOnce(ctx, ring, progress)
		n += changed
		if err != nil || changed == 0 {
			if err == nil && broken != nil {
				err = ErrKeysDamaged.Because(broken)
			}
			return n, err
		}
	}
}

func (v *Vault) rewrapOnce(ctx context.Context, ring *keyring, progress func(done int)) (changed int, broken, err error) {
	var after fact.FragmentID
	looked := 0
	for {
		rows, err := v.ids.Scan(ctx, after, rewrapPage)
		if err != nil || len(rows) == 0 {
			return changed, broken, err
		}
		after = rows[len(rows)-1].ID
		var anew []store.Rewrap
		for _, r := range rows {
			if epoch, err := epochOf(r.Key); err == nil && epoch == ring.Current {
				continue
			}
			key, err := ring.unwrap(r.Key, r.Hash[:])
			if err != nil {
				broken = fmt.Errorf("fragment %d: %w", r.ID, err)
				continue
			}
			anew = append(anew, store.Rewrap{Fragment: r, Key: ring.wrap(key, r.Hash[:])})
		}
		if len(anew) > 0 {
			if err := retry(ctx, func() error { return v.ids.Rewrap(ctx, anew) }); err != nil {
				return changed, broken, err
			}
		}
		changed += len(anew)
		looked += len(rows)
		progress(looked)
	}
}

// Epochs says which key is in use, since when (0 is unknown), and whether a
// rotation was begun and not finished.
func (v *Vault) Epochs() (current uint16, since clock.Instant, unfinished bool) {
	ring := v.keys()
	return ring.Current, ring.Made[ring.Current], len(ring.Epochs) > 1
}

// misfit names what is wrong when the key that something is wrapped under is not
// in the file.
func (v *Vault) misfit(wrapped []byte, err error) error {
	epoch, eerr := epochOf(wrapped)
	switch {
	case eerr != nil || !errors.Is(err, errEpoch):
		return ErrKeyWrong.Because(err)
	case epoch > v.keys().Current:
		return ErrKeyOld.Because(err)
	default:
		return ErrStoreOld.Because(err)
	}
}

// current fails with ErrStoreOld when the data store has seen a later epoch than
// this identity store is of.
func (v *Vault) current(ctx context.Context) error {
	return v.data.Read(ctx, func(r store.Reader) error {
		raw, err := r.Meta(ctx, floorName)
		if err == nil && len(raw) == 2 && binary.BigEndian.Uint16(raw) > v.keys().Current {
			err = ErrStoreOld
		}
		return err
	})
}
