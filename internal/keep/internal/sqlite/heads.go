package sqlite

import (
	"slices"
	"sync"

	"zombiezen.com/go/sqlite/sqlitex"

	"github.com/heed-platform/heed/internal/fact"
)

// layerSize is how many chains grow before their heads are written to disk.
const layerSize = 1 << 18

// head is the end of a fragment's chain; zero when it has none.
type head struct {
	seq int64 // the row
	n   uint64
}

// end is a head as some commit left it.
type end struct {
	head

	commit int64
	older  *end
}

// layer holds the heads that changed during one stretch of commits.
type layer struct {
	ends map[fact.FragmentID]*end
	keys []fact.FragmentID // sorted, once nothing is added any more
	upTo int64             // the last row of the stretch
}

// heads knows where every chain ends. Writing each head to disk with its fact
// would touch a random page for every fact; so they gather in memory and a
// sweep writes them in key order, a few with every commit. After a crash the
// facts behind the sweep tell them again.
//
// Readers have snapshots, and a head may be newer than theirs: commits are
// counted in the database, and ends remember theirs.
type heads struct {
	size int // of a layer

	mu      sync.RWMutex
	layers  []*layer // oldest first; the last one grows, the others are swept
	changes int      // of layers

	// The writer's alone.
	commits int64
	last    int64 // row of the last fact
	swept   int   // keys of the oldest layer that are on disk
}

// load reads the heads that were not swept.
func (h *heads) load(c conn) error {
	var swept int64
	if err := c.query("SELECT commits, swept FROM sweep", func(s *stmt) error {
		h.commits, swept = s.ColumnInt64(0), s.ColumnInt64(1)
		return nil
	}); err != nil {
		return err
	}
	top := &layer{ends: map[fact.FragmentID]*end{}}
	h.last = swept
	if err := c.query("SELECT seq, fragment, n FROM fact WHERE seq > ? ORDER BY seq", func(s *stmt) error {
		h.last = s.ColumnInt64(0)
		top.ends[fragment(s, 1)] = &end{head: head{h.last, uint64(s.ColumnInt64(2))}, commit: h.commits}
		return nil
	}, swept); err != nil {
		return err
	}
	h.replace([]*layer{top})
	h.swept = 0
	return nil
}

func (h *heads) replace(layers []*layer) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.layers = layers
	h.changes++
}

// view is what one snapshot sees.
type view struct {
	heads   *heads
	layers  []*layer
	commit  int64
	pending map[fact.FragmentID]head // a writer's own
}

// begin takes the snapshot of a transaction that has read nothing yet. The
// layers must be those of that moment: when they change meanwhile, it begins
// again.
func (h *heads) begin(c conn) (*view, error) {
	for {
		layers, before := h.now()
		v := &view{heads: h, layers: layers}
		err := c.query("SELECT commits FROM sweep", func(s *stmt) error {
			v.commit = s.ColumnInt64(0)
			return nil
		})
		if err != nil {
			return nil, err
		}
		if _, after := h.now(); before == after {
			return v, nil
		}
		if err := c.exec("ROLLBACK"); err != nil {
			return nil, err
		}
		if err := c.exec("BEGIN"); err != nil {
			return nil, err
		}
	}
}

func (h *heads) now() (layers []*layer, changes int) {
	h.mu.RLock()
	defer h.mu.RUnlock()
	return h.layers, h.changes
}

// find is the head that the snapshot sees, if it is not on disk.
func (v *view) find(id fact.FragmentID) (head, bool) {
	if h, own := v.pending[id]; own {
		return h, true
	}
	v.heads.mu.RLock()
	defer v.heads.mu.RUnlock()
	for _, l := range slices.Backward(v.layers) {
		for e := l.ends[id]; e != nil; e = e.older {
			if e.commit <= v.commit {
				return e.head, true
			}
		}
	}
	return head{}, false
}

// write is the view of the transaction that is about to write.
func (h *heads) write() *view {
	layers, _ := h.now()
	return &view{heads: h, layers: layers, commit: h.commits, pending: map[fact.FragmentID]head{}}
}

// settle is called at the end of a transaction, before it is committed: it
// counts the commit, sweeps some heads, and shows the new ones to readers, who
// see them once the commit is there. done must be told how the commit went.
func (h *heads) settle(c conn, v *view, some int) (done func(committed bool), err error) {
	swept, err := h.sweep(c, v, some)
	if err != nil {
		return nil, err
	}
	if len(v.pending) == 0 {
		return func(committed bool) { h.advance(committed, swept) }, nil
	}
	if err := c.exec("UPDATE sweep SET commits = ?", h.commits+1); err != nil {
		return nil, err
	}
	top := v.layers[len(v.layers)-1]
	h.mu.Lock()
	defer h.mu.Unlock()
	for id, e := range v.pending {
		top.ends[id] = &end{e, h.commits + 1, top.ends[id]}
	}
	return func(committed bool) {
		if committed {
			h.commits++
		} else {
			h.forget(top, v.pending)
		}
		h.advance(committed, swept)
	}, nil
}

// forget takes back what a commit that failed would have shown.
func (h *heads) forget(top *layer, pending map[fact.FragmentID]head) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for id := range pending {
		if e := top.ends[id]; e.older != nil {
			top.ends[id] = e.older
		} else {
			delete(top.ends, id)
		}
	}
}

// sweep writes some heads of the oldest layer, as they are now, in key order,
// and returns how far it is.
func (h *heads) sweep(c conn, v *view, some int) (swept int, err error) {
	if len(v.layers) < 2 {
		return 0, nil
	}
	oldest := v.layers[0]
	swept = min(h.swept+some, len(oldest.keys))
	for _, id := range oldest.keys[h.swept:swept] {
		e, _ := v.find(id)
		if e.n == 0 { // forgotten since
			continue
		}
		if err := c.exec(`INSERT INTO head (fragment, seq, n) VALUES (?, ?, ?)
			ON CONFLICT (fragment) DO UPDATE SET seq = excluded.seq, n = excluded.n`, id, e.seq, e.n); err != nil {
			return 0, err
		}
	}
	if swept == len(oldest.keys) {
		err = c.exec("UPDATE sweep SET swept = ?", oldest.upTo)
	}
	return swept, err
}

// advance follows the sweep: a layer that is on disk goes, one that is full is
// swept next.
func (h *heads) advance(committed bool, swept int) {
	if !committed {
		return
	}
	layers := h.layers
	if len(layers) > 1 {
		if h.swept = swept; swept == len(layers[0].keys) {
			layers, h.swept = layers[1:], 0
		}
	}
	if top := layers[len(layers)-1]; len(top.ends) >= h.size {
		layers = append(slices.Clone(layers), h.close(top))
	}
	if len(layers) != len(h.layers) {
		h.replace(layers)
	}
}

// close ends a layer's stretch and begins the next one.
func (h *heads) close(top *layer) (next *layer) {
	top.upTo = h.last
	top.keys = make([]fact.FragmentID, 0, len(top.ends))
	for id := range top.ends {
		top.keys = append(top.keys, id)
	}
	slices.Sort(top.keys)
	return &layer{ends: map[fact.FragmentID]*end{}}
}

// flush writes all heads, so that the next start has none to look for.
func (h *heads) flush(c conn) (err error) {
	end, err := sqlitex.ImmediateTransaction(c.Conn)
	if err != nil {
		return err
	}
	defer end(&err)
	h.replace(append(slices.Clone(h.layers), h.close(h.layers[len(h.layers)-1])))
	for len(h.layers) > 1 {
		v := h.write()
		swept, err := h.sweep(c, v, len(v.layers[0].keys))
		if err != nil {
			return err
		}
		h.advance(true, swept)
	}
	return nil
}
