package audience

import (
	"cmp"
	"slices"

	"github.com/heed-platform/heed/internal/problem"
)

// Set is all audiences of a workspace, with an index from what they read to
// them. It never changes and may be asked by many goroutines at once. The zero
// Set, and no Set at all, have no audiences.
type Set struct {
	all      []*Audience // sorted by key
	purposes []string    // sorted
	reads    map[string][]int
	above    map[string][]int // by the paths above those that are read
	always   []int            // they read nothing, so anything may be the first sign of a person
}

func newSet(all []*Audience) *Set {
	slices.SortFunc(all, func(a, b *Audience) int { return cmp.Compare(a.Key, b.Key) })
	t := &Set{all: all, reads: map[string][]int{}, above: map[string][]int{}}
	for i, a := range all {
		t.purposes = append(t.purposes, a.Purpose)
		fields := a.Expression.Fields()
		if len(fields) == 0 {
			t.always = append(t.always, i)
		}
		for _, f := range fields {
			t.reads[f] = append(t.reads[f], i)
			for at := range f {
				if f[at] == '.' {
					t.above[f[:at]] = append(t.above[f[:at]], i)
				}
			}
		}
	}
	slices.Sort(t.purposes)
	t.purposes = slices.Compact(t.purposes)
	return t
}

// Len is how many audiences there are.
func (t *Set) Len() int {
	if t == nil {
		return 0
	}
	return len(t.all)
}

// All are the audiences, sorted by key. A person who is new, was merged or
// split, or whose permissions changed, must be looked at in all of them.
func (t *Set) All() []*Audience {
	if t == nil {
		return nil
	}
	return slices.Clone(t.all)
}

// Find is the audience of a key.
func (t *Set) Find(key string) (*Audience, bool) {
	if t == nil {
		return nil, false
	}
	i, found := slices.BinarySearchFunc(t.all, key, func(a *Audience, key string) int { return cmp.Compare(a.Key, key) })
	if !found {
		return nil, false
	}
	return t.all[i], true
}

// Purposes are those that audiences are kept for, sorted.
func (t *Set) Purposes() []string {
	if t == nil {
		return nil
	}
	return slices.Clone(t.purposes)
}

// Touched are the audiences whose answer for a known person can change when
// these fields of theirs change, sorted by key. A change of "purchases" touches
// what reads "purchases.shoes", and the other way round.
func (t *Set) Touched(fields []string) []*Audience {
	if t == nil || len(fields) == 0 {
		return nil
	}
	var few [16]uint64
	marks := few[:]
	if len(t.all) > 64*len(few) {
		marks = make([]uint64, len(t.all)/64+1)
	}
	n := mark(marks, t.always)
	for _, f := range fields {
		n += mark(marks, t.reads[f]) + mark(marks, t.above[f])
		for at := range f {
			if f[at] == '.' {
				n += mark(marks, t.reads[f[:at]])
			}
		}
	}
	if n == 0 {
		return nil
	}
	touched := make([]*Audience, 0, n)
	for i, a := range t.all {
		if marks[i/64]&(1<<(i%64)) != 0 {
			touched = append(touched, a)
		}
	}
	return touched
}

// mark sets the bits and gives how many were not set before.
func mark(marks []uint64, bits []int) (n int) {
	for _, i := range bits {
		if bit := uint64(1) << (i % 64); marks[i/64]&bit == 0 {
			marks[i/64] |= bit
			n++
		}
	}
	return n
}

// Timed are the audiences that can change by the passing of time alone, sorted
// by key: those to look at when a person's timer rings.
func (t *Set) Timed() []*Audience {
	if t == nil {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(t.all), func(a *Audience) bool { return !a.Expression.Timed() })
}

// Changed are the audiences that ask something else than in the older set, or
// are new: everybody must be looked at in them, since nobody but members
// carries a sign of what they were once asked.
func (t *Set) Changed(older *Set) []*Audience {
	if t == nil {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(t.all), func(a *Audience) bool {
		b, known := older.Find(a.Key)
		return known && a.same(b)
	})
}

// Warnings are remarks that stop nothing: KEY/expression:LINE:COLUMN and a
// sentence.
func (t *Set) Warnings() []problem.Field {
	var all []problem.Field
	for _, a := range t.All() {
		for _, w := range a.Expression.Warnings() {
			all = append(all, problem.Field{Pointer: a.Key + "/expression:" + w.Pointer, Reason: w.Reason})
		}
	}
	return all
}
