package line

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/heed-platform/heed/internal/clock"
	"github.com/heed-platform/heed/internal/collect/sharing"
	"github.com/heed-platform/heed/internal/fact"
	"github.com/heed-platform/heed/internal/keep"
	"github.com/heed-platform/heed/internal/keep/gate"
)

// people are the persons that a group of batches touches.
type people struct {
	set     *Settings
	frags   map[fact.FragmentID]*keep.Fragment
	asked   []fact.FragmentID // whose persons were read; none when nothing follows from it
	nodes   []gate.Node       // by id
	of      map[fact.FragmentID]*human
	humans  []*human // met in this transaction, in the order first met
	watched bool
}

// human is one of them: the fragments, and what happened to them in this batch.
type human struct {
	group   gate.Group
	crowd   bool // who this is stays open, so nothing follows from it
	met     bool
	touched []*step
	looks   []Look
	ruled   []Ruled // decisions of this batch, for whoever watches
}

// peopleOf reads who the events' fragments are. When nothing follows from who
// somebody is, it reads nothing: a fragment alone is enough to fold an event.
func (l *Line) peopleOf(ctx context.Context, set *Settings, steps []*step, looks []Look) (*people, error) {
	p := &people{set: set, frags: map[fact.FragmentID]*keep.Fragment{}, of: map[fact.FragmentID]*human{}, watched: l.feed.watched()}
	var ids []fact.FragmentID
	for _, s := range steps {
		for _, f := range s.frags {
			if p.frags[f.ID] == nil {
				p.frags[f.ID] = f
				ids = append(ids, f.ID)
			}
		}
		for _, f := range s.other { // to be locked; who it is does not matter
			if p.frags[f.ID] == nil {
				p.frags[f.ID] = f
			}
		}
	}
	for _, k := range looks {
		ids = append(ids, k.Fragment)
	}
	if len(ids) == 0 || !p.watched && !follows(set, steps, looks) {
		return p, nil
	}
	slices.Sort(ids)
	p.asked = slices.Compact(ids)
	return p, p.read(ctx, l.keep.Vault())
}

// read finds everybody who hangs together with those asked about.
func (p *people) read(ctx context.Context, v *keep.Vault) error {
	clusters, err := v.Clusters(ctx, p.asked)
	if err != nil {
		return err
	}
	for _, c := range clusters {
		nodes, edges := gate.NodesOf(c)
		if !c.Whole { // too many to hold them all: those who are meant stand alone
			nodes = slices.DeleteFunc(nodes, func(n gate.Node) bool {
				_, meant := slices.BinarySearch(p.asked, n.ID)
				return !meant
			})
		}
		p.nodes = append(p.nodes, nodes...)
		for _, n := range nodes {
			if p.frags[n.ID] == nil {
				p.frags[n.ID] = c.Fragments[n.ID]
			}
		}
		for _, group := range gate.GroupsOf(p.set.Know, c.Whole, nodes, edges) {
			h := &human{group: group, crowd: !c.Whole}
			for _, id := range group.Members {
				p.of[id] = h
			}
		}
	}
	slices.SortFunc(p.nodes, func(a, b gate.Node) int { return cmp.Compare(a.ID, b.ID) })
	return nil
}

var errRegrouped = errors.New("people were joined or parted meanwhile")

// still fails with errRegrouped when others have joined or parted these people
// since they were read. Whoever has the database to itself need not ask.
func (p *people) still(ctx context.Context, l *Line) error {
	if len(p.asked) == 0 || !l.keep.ManyWriters() {
		return nil
	}
	now := &people{set: p.set, asked: p.asked, frags: map[fact.FragmentID]*keep.Fragment{}, of: map[fact.FragmentID]*human{}}
	if err := now.read(ctx, l.keep.Vault()); err != nil {
		return err
	}
	if len(now.of) != len(p.of) {
		return errRegrouped
	}
	for id, h := range p.of {
		if o := now.of[id]; o == nil || !slices.Equal(o.group.Members, h.group.Members) {
			return errRegrouped
		}
	}
	return nil
}

// begin forgets what an earlier try of the transaction noted.
func (p *people) begin(looks []Look) {
	p.humans = nil
	for _, h := range p.of {
		h.met, h.touched, h.looks, h.ruled = false, nil, nil, nil
	}
	for _, k := range looks {
		if h := p.of[k.Fragment]; h != nil {
			h.looks = append(h.looks, k)
			p.meet(h)
		}
	}
}

// follows reports whether anything depends on who these fragments are.
func follows(set *Settings, steps []*step, looks []Look) bool {
	if len(looks) > 0 || set.Audiences.Len() > 0 || set.Campaigns.Len() > 0 {
		return true
	}
	for _, s := range steps {
		if len(s.frags) > 1 && sharing.Phones(s.arrival.Event.Raw) { // what the person said may lie on another of their fragments
			return true
		}
		if len(s.arrival.Grants) > 0 {
			return true
		}
	}
	return false
}

// fragments are what the transaction must lock: those the events are about and
// all others of the same persons.
func (p *people) fragments(steps []*step) []*keep.Fragment {
	want := map[fact.FragmentID]bool{}
	for _, s := range steps {
		want[s.frags[0].ID] = true
		for _, f := range s.other {
			want[f.ID] = true
		}
	}
	for id := range p.of {
		want[id] = true
	}
	out := make([]*keep.Fragment, 0, len(want))
	for id := range want {
		if f := p.frags[id]; f != nil {
			out = append(out, f)
		}
	}
	slices.SortFunc(out, func(a, b *keep.Fragment) int { return cmp.Compare(a.ID, b.ID) })
	return out
}

func (p *people) meet(h *human) {
	if !h.met && !h.crowd {
		h.met = true
		p.humans = append(p.humans, h)
	}
}

// meetAll meets everybody whom the new evidence may have given or taken
// fragments, whether or not something happened to them.
func (p *people) meetAll() {
	rest := map[*human]bool{}
	for _, h := range p.of {
		rest[h] = true
	}
	for _, h := range slices.SortedFunc(maps.Keys(rest), func(a, b *human) int { return cmp.Compare(a.group.Anchor, b.group.Anchor) }) {
		p.meet(h)
	}
}

// touch notes that an event was applied to somebody.
func (p *people) touch(s *step) {
	h := p.of[s.frags[0].ID]
	if h == nil {
		return
	}
	h.touched = append(h.touched, s)
	p.meet(h)
}

// chains are all fragments of the person that id belongs to.
func (p *people) chains(tx *keep.Tx, id fact.FragmentID) []*keep.Chain {
	h := p.of[id]
	if h == nil {
		return []*keep.Chain{tx.Chain(id)}
	}
	out := make([]*keep.Chain, 0, len(h.group.Members))
	for _, m := range h.group.Members {
		out = append(out, tx.Chain(m))
	}
	return out
}

// members are the fragments of the person that id belongs to.
func (p *people) members(id fact.FragmentID) []fact.FragmentID {
	if h := p.of[id]; h != nil {
		return h.group.Members
	}
	return []fact.FragmentID{id}
}

// profile folds a person from the states of this transaction.
func (p *people) profile(tx *keep.Tx, h *human) (*fact.Profile, error) {
	states := make(map[fact.FragmentID]fact.State, len(h.group.Members))
	for _, id := range h.group.Members {
		c := tx.Chain(id)
		if c == nil {
			return nil, fmt.Errorf("fragment %d was not taken", id)
		}
		if c.State.N > 0 {
			states[id] = c.State
		}
	}
	return p.set.Know.Fold(p.frags[h.group.Anchor].Ref, h.group, p.nodes, states), nil
}

// Look asks the line to consider a person with no new event: a timer is due, or
// a campaign sends now.
type Look struct {
	Fragment fact.FragmentID
	Campaign string        // "" is a timer
	Due      clock.Instant // of the timer
	Silent   bool          // audiences are settled, and nothing is said because of it
}

func looksOf(group []*request) []Look {
	var out []Look
	for _, r := range group {
		out = append(out, r.look...)
	}
	return out
}

// Look considers people and returns when what follows is committed. Somebody who
// cannot be looked at is passed over, and put off if it was a timer that rang.
func (l *Line) Look(ctx context.Context, looks []Look) error {
	r := &request{look: looks, ready: make(chan struct{})}
	if err := l.submit(ctx, r); err != nil {
		return err
	}
	return r.err
}
