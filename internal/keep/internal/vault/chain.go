package vault

import (
	"context"
	"fmt"

	"github.com/heed-platform/heed/internal/clock"
	"github.com/heed-platform/heed/internal/fact"
	"github.com/heed-platform/heed/internal/keep/internal/store"
)

// Projection is the version of the code that folds facts into states. Raising
// it makes `heed doctor` ask for a rebuild.
const Projection = 1

// Chain is one fragment inside a transaction: its state, open, and its end.
type Chain struct {
	Fragment *Fragment
	State    fact.State

	box     *box
	tag     [tagSize]byte // of the last fact
	stored  uint64        // N as the store has it
	seen    seen
	pending []store.Fact
	changed bool
	emptied bool // a rebuild met an event that retention had emptied
}

// append seals a fact as the next of the chain.
func (c *Chain) append(kind fact.Kind, received clock.Instant, payload []byte) {
	c.State.N++
	blob := c.box.seal(place{kind: uint8(kind), fragment: c.Fragment.ID, n: c.State.N, prev: c.tag, received: received}, payload)
	c.tag = tagOf(blob)
	c.pending = append(c.pending, store.Fact{
		Fragment: c.Fragment.ID, N: c.State.N, Kind: kind, Received: received, Body: blob,
	})
	c.changed = true
}

// openState reads a state row into a chain.
func openState(f *Fragment, row store.State) (*Chain, error) {
	c := &Chain{Fragment: f, box: f.box(), stored: row.N}
	body, err := c.box.open(place{kind: kindState, fragment: f.ID, n: row.N}, row.Body)
	if err != nil {
		return nil, fmt.Errorf("state of fragment %d: %w", f.ID, err)
	}
	if len(body) < tagSize {
		return nil, fmt.Errorf("state of fragment %d: %w", f.ID, ErrTampered)
	}
	copy(c.tag[:], body)
	c.State, err = fact.ParseState(body[tagSize:])
	if err != nil {
		return nil, fmt.Errorf("state of fragment %d: %w", f.ID, err)
	}
	c.seen, err = openSeen(row.Seen, row.Pages)
	if err != nil {
		return nil, fmt.Errorf("state of fragment %d: %w", f.ID, err)
	}
	return c, nil
}

// newChain is a fragment of which no fact is stored yet.
func newChain(f *Fragment) *Chain { return &Chain{Fragment: f, box: f.box()} }

func (c *Chain) row() store.State {
	body := append(make([]byte, 0, 512), c.tag[:]...)
	body = fact.AppendState(body, &c.State)
	entries, pages := c.seen.row()
	return store.State{
		Fragment: c.Fragment.ID, N: c.State.N, Version: Projection,
		Body: c.box.seal(place{kind: kindState, fragment: c.Fragment.ID, n: c.State.N}, body),
		Seen: entries, Pages: pages,
	}
}

// Fact is one opened line of a chain.
type Fact struct {
	N        uint64
	Kind     fact.Kind
	Received clock.Instant
	Payload  []byte // nil when retention emptied it
	Tag      [tagSize]byte
}

// facts opens a fragment's chain from its first fact and hands it out in order.
// It stops with ErrTampered at the first line that was changed, moved, left out
// or put in.
func (v *Vault) facts(ctx context.Context, r store.Reader, f *Fragment, yield func(Fact) error) (end [tagSize]byte, n uint64, err error) {
	b := f.box()
	for row, err := range r.Facts(ctx, f.ID, 1) {
		if err != nil {
			return end, n, fmt.Errorf("facts of fragment %d: %w", f.ID, err)
		}
		if row.N != n+1 {
			return end, n, fmt.Errorf("facts of fragment %d: number %d is missing: %w", f.ID, n+1, ErrTampered)
		}
		n = row.N
		open := Fact{N: row.N, Kind: row.Kind, Received: row.Received}
		if len(row.Body) > tagSize {
			open.Payload, err = b.open(place{kind: uint8(row.Kind), fragment: f.ID, n: row.N, prev: end, received: row.Received}, row.Body)
			if err != nil {
				return end, n, fmt.Errorf("facts of fragment %d: number %d: %w", f.ID, row.N, err)
			}
			if open.Payload == nil {
				open.Payload = []byte{} // nil is what retention emptied
			}
		}
		end = tagOf(row.Body)
		open.Tag = end
		if err := yield(open); err != nil {
			return end, n, err
		}
	}
	return end, n, nil
}
