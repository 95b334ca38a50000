package vault

import (
	"context"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"hash"
	"sync"
	"sync/atomic"
	"time"

	"github.com/heed-platform/heed/internal/clock"
	"github.com/heed-platform/heed/internal/keep/internal/store"
	"github.com/heed-platform/heed/internal/person"
)

// Vault seals and opens.
type Vault struct {
	ids   store.Identity
	data  store.Data
	clock clock.Clock

	keyFile  string
	ring     atomic.Pointer[keyring]
	filing   sync.Mutex // one change of the key file at a time
	rotating sync.Mutex

	root  [keySize]byte // of the workspace: index, tombstone and link keys derive from it
	index *hasher
	tombs *hasher
	meta  *box

	evidence int           // how much of it is looked at for one person
	patience time.Duration // with the scrubbing, of whoever is being erased

	cache *cache // nil when other processes may change what it holds
	lives lives
	slots chan int // free places in the audit chain; nil when there is one writer
}

// auditChains is how many audit chains one process writes where several
// transactions run side by side: in one chain they would all wait for each other.
const auditChains = 16

// Open opens the vault over its two stores. The key file is made on the first
// start only: existing data without its key file is ErrKeyMissing.
func Open(ctx context.Context, ids store.Identity, data store.Data, keyFile string, clk clock.Clock) (*Vault, error) {
	wrapped, err := ids.Meta(ctx, Root)
	if err != nil {
		return nil, fmt.Errorf("read the workspace key: %w", err)
	}
	if len(wrapped) == 0 {
		if err := unbound(ctx, data); err != nil {
			return nil, err
		}
	}
	ring, err := openKeyring(keyFile, len(wrapped) == 0, clk.Now())
	if err != nil {
		return nil, err
	}
	v := &Vault{ids: ids, data: data, clock: clk, keyFile: keyFile, evidence: clusterLimit, patience: scrubTime}
	v.ring.Store(ring)
	if len(wrapped) == 0 {
		var root [keySize]byte
		_, _ = rand.Read(root[:])
		// Two nodes may start at once: the row that is there wins.
		wrapped, err = ids.SetMeta(ctx, Root, ring.wrap(root, []byte(Root)), true)
		if err != nil {
			return nil, fmt.Errorf("write the workspace key: %w", err)
		}
	}
	if err := v.Refresh(ctx); err != nil {
		return nil, err
	}
	if v.root, err = v.keys().unwrap(wrapped, []byte(Root)); err != nil {
		return nil, v.misfit(wrapped, err)
	}
	if err := v.current(ctx); err != nil {
		return nil, err
	}
	v.index, v.tombs = newHasher(v.derive("index")), newHasher(v.derive("tombstone"))
	v.meta = newBox(v.derive("meta"), 0)
	if data.Capabilities().OneProcess {
		v.cache = newCache(cacheSize)
	}
	if data.Capabilities().RowLocks {
		v.slots = make(chan int, auditChains)
		for n := range auditChains {
			v.slots <- n
		}
	}
	return v, nil
}

// Binding is the name of the mark by which a data store knows its identity store.
const Binding = "identity_store"

// unbound fails when the data store belongs to some identity store already.
func unbound(ctx context.Context, data store.Data) error {
	return data.Read(ctx, func(r store.Reader) error {
		mark, err := r.Meta(ctx, Binding)
		if err == nil && len(mark) > 0 {
			return ErrStoreMissing
		}
		return err
	})
}

// derive makes one of the workspace's keys from its root (HKDF-SHA256, RFC 5869).
func (v *Vault) derive(label string) [keySize]byte {
	key, err := hkdf.Key(sha256.New, v.root[:], nil, "heed "+label, keySize)
	if err != nil {
		panic("hkdf gives 32 bytes: " + err.Error())
	}
	return [keySize]byte(key)
}

// Key is a named key of the workspace, for links, receipts and one-time tokens.
func (v *Vault) Key(label string) [32]byte { return v.derive("key " + label) }

// Data is the data store, for what is about nobody: definitions, sources, tallies.
func (v *Vault) Data() store.Data { return v.data }

// Identity is the identity store.
func (v *Vault) Identity() store.Identity { return v.ids }

// HashOf is how an identifier is found. The value must be canonical.
func (v *Vault) HashOf(id person.Identifier) person.Hash {
	return v.index.sum(string(id.NS), id.Value.Reveal())
}

func (v *Vault) tombOf(id person.Identifier) person.Hash {
	return v.tombs.sum(string(id.NS), id.Value.Reveal())
}

// Digest is a keyed hash of words that must not be readable where it is kept.
func (v *Vault) Digest(words ...string) person.Hash { return v.index.sum(words...) }

// SealNote seals bytes that belong to no fragment, such as quarantined input.
func (v *Vault) SealNote(name string, body []byte) []byte {
	return v.meta.seal(place{kind: kindQuarantine, bound: []byte(name)}, body)
}

// OpenNote opens what SealNote sealed under the same name.
func (v *Vault) OpenNote(name string, blob []byte) ([]byte, error) {
	return v.meta.open(place{kind: kindQuarantine, bound: []byte(name)}, blob)
}

// hasher is HMAC-SHA-256 cut to 16 bytes, over length-prefixed words.
type hasher struct{ macs sync.Pool } // keyed once: that is most of the work on short words

func newHasher(key [keySize]byte) *hasher {
	return &hasher{sync.Pool{New: func() any { return hmac.New(sha256.New, key[:]) }}}
}

func (h *hasher) sum(words ...string) person.Hash {
	mac := h.macs.Get().(hash.Hash) //nolint:errcheck,forcetypeassert // the pool holds nothing else
	defer h.macs.Put(mac)
	mac.Reset()
	var room [256]byte
	text := room[:0]
	for _, w := range words {
		text = binary.BigEndian.AppendUint32(text, uint32(len(w)))
		text = append(text, w...)
	}
	mac.Write(text)
	var full [sha256.Size]byte
	return person.Hash(mac.Sum(full[:0])[:16])
}
