package vault

import (
	"sync"

	"github.com/heed-platform/heed/internal/clock"
	"github.com/heed-platform/heed/internal/fact"
	"github.com/heed-platform/heed/internal/keep/internal/store"
	"github.com/heed-platform/heed/internal/person"
)

// cacheSize bounds the fragments and edges held; about 150 bytes each.
const cacheSize = 200_000

// cache spares the identity store what this process knows already. It exists
// only where this process is the only one, so what it holds cannot be stale;
// erasing empties it. A nil cache holds nothing.
type cache struct {
	mu    sync.RWMutex
	size  int
	frags map[person.Hash]*Fragment
	edges map[edgeKey]evidence
}

type edgeKey struct {
	a, b     fact.FragmentID
	verified bool
}

type evidence struct {
	at      clock.Instant
	message person.Hash
}

func newCache(size int) *cache {
	return &cache{size: size, frags: map[person.Hash]*Fragment{}, edges: map[edgeKey]evidence{}}
}

func keyOf(a, b fact.FragmentID, verified bool) edgeKey {
	return edgeKey{min(a, b), max(a, b), verified}
}

// admit answers from memory when every name is known as well as it is now
// claimed and no link is better evidence than what is stored.
func (c *cache) admit(hashes []person.Hash, names []Name, links []store.Link) ([]*Fragment, bool) {
	if c == nil {
		return nil, false
	}
	c.mu.RLock()
	defer c.mu.RUnlock()
	out := make([]*Fragment, len(hashes))
	for i, h := range hashes {
		f := c.frags[h]
		if f == nil || names[i].Verified && !f.Verified {
			return nil, false
		}
		out[i] = f
	}
	for _, l := range links {
		known, ok := c.edges[keyOf(c.frags[l.A].ID, c.frags[l.B].ID, l.Verified)]
		if !ok || better(evidence{l.At, l.Message}, known) {
			return nil, false
		}
	}
	return out, true
}

func better(a, b evidence) bool {
	if a.at != b.at {
		return a.at < b.at
	}
	return string(a.message[:]) < string(b.message[:])
}

func (c *cache) keep(f *Fragment) {
	if c == nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.frags) >= c.size {
		for h := range c.frags { // any one: map order is random enough for eviction
			delete(c.frags, h)
			break
		}
	}
	c.frags[f.Hash] = f
}

func (c *cache) join(byHash map[person.Hash]*Fragment, links []store.Link) {
	if c == nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, l := range links {
		k := keyOf(byHash[l.A].ID, byHash[l.B].ID, l.Verified)
		known, ok := c.edges[k]
		if len(c.edges) >= c.size && !ok {
			for e := range c.edges {
				delete(c.edges, e)
				break
			}
		}
		if e := (evidence{l.At, l.Message}); !ok || better(e, known) {
			c.edges[k] = e
		}
	}
}

// empty forgets everything; it is called when somebody is erased.
func (c *cache) empty() {
	if c == nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	clear(c.frags)
	clear(c.edges)
}

// drop forgets a fragment that turned out to be erased: whoever read it before
// it was buried may have put it here afterwards.
func (c *cache) drop(f *Fragment) {
	if c == nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.frags[f.Hash] != nil && c.frags[f.Hash].ID == f.ID {
		delete(c.frags, f.Hash)
	}
}
