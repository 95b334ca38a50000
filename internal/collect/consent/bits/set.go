package bits

import (
	"math/bits"
	"slices"
)

// MaxID is the largest number that a set may hold: sixteen bits' worth.
const MaxID = 1<<16 - 1

// Set is a set of numbers from 1 to MaxID. The zero Set is empty.
type Set struct {
	words   []uint64
	last    int // that was read
	tangled bool
}

// Tangled reports whether the ranges that the set was read from overlap or do
// not ascend. Where a specification asks for neither, readers differ.
func (s *Set) Tangled() bool { return s.tangled }

// add puts first to last in. They are in bounds.
func (s *Set) add(first, last int) {
	for len(s.words) <= last/64 {
		s.words = append(s.words, 0)
	}
	for id := first; id <= last; id++ {
		s.words[id/64] |= 1 << (id % 64)
	}
}

// Has reports whether id is in the set.
func (s *Set) Has(id int) bool {
	return id > 0 && id/64 < len(s.words) && s.words[id/64]>>(id%64)&1 == 1
}

// IDs lists the set in ascending order; it is never nil.
func (s *Set) IDs() []int {
	list := []int{}
	for i, w := range s.words {
		for ; w != 0; w &= w - 1 {
			list = append(list, i*64+bits.TrailingZeros64(w))
		}
	}
	return list
}

// Max is the largest number in the set, or 0.
func (s *Set) Max() int {
	for i, w := range slices.Backward(s.words) {
		if w != 0 {
			return i*64 + bits.Len64(w) - 1
		}
	}
	return 0
}

// put adds a range that was read, if it is one.
func (r *Reader) put(s *Set, first, last, limit int) {
	if first < 1 || last < first || last > limit {
		r.Fail(ErrRange)
	}
	if r.err == nil {
		s.tangled = s.tangled || first <= s.last
		s.last = last
		s.add(first, last)
	}
}

// Ranges reads a count of 12 bits and that many numbers or ranges of 16 bits
// each, none above limit.
func (r *Reader) Ranges(limit int) Set {
	var s Set
	for range r.Int(12) {
		group := r.Bool()
		first := r.Int(16)
		last := first
		if group {
			last = r.Int(16)
		}
		if r.err != nil {
			return Set{}
		}
		r.put(&s, first, last, limit)
	}
	return s
}

// Vendors reads a set as TCF writes it: the highest number in 16 bits, then
// either one bit for each number up to it, or Ranges.
func (r *Reader) Vendors() Set {
	highest := r.Int(16)
	if r.Bool() {
		return r.Ranges(highest)
	}
	return r.field(highest)
}

func (r *Reader) field(n int) Set {
	var s Set
	for id := 1; id <= n && r.err == nil; id++ {
		if r.Bool() {
			s.add(id, id)
		}
	}
	return s
}

// Fibonacci reads one number of at least 1 in Fibonacci coding (Zeckendorf's
// sum of Fibonacci numbers, smallest first, ended by two ones), at most MaxID.
func (r *Reader) Fibonacci() int {
	n, a, b, before := 0, 1, 2, false
	for r.err == nil {
		one := r.Bool()
		if one && before {
			return n
		}
		if one {
			n += a
		}
		if n > MaxID || a > MaxID {
			r.Fail(ErrRange)
		}
		a, b, before = b, a+b, one
	}
	return 0
}

// FibonacciRanges reads a count of 12 bits and that many numbers or ranges, each
// as its distance from the one before.
func (r *Reader) FibonacciRanges() Set {
	var s Set
	last := 0
	for range r.Int(12) {
		group := r.Bool()
		first := last + r.Fibonacci()
		last = first
		if group {
			last = first + r.Fibonacci()
		}
		if r.err != nil {
			return Set{}
		}
		r.put(&s, first, last, MaxID)
	}
	return s
}

// FibonacciVendors reads a set as GPP writes it: the highest number in 16 bits,
// then either one bit for each number up to it, or FibonacciRanges that end at
// it.
func (r *Reader) FibonacciVendors() Set {
	highest := r.Int(16)
	if !r.Bool() {
		return r.field(highest)
	}
	s := r.FibonacciRanges()
	if s.Max() != highest {
		r.Fail(ErrRange)
	}
	return s
}

// Join puts every number of other into the set.
func (s *Set) Join(other Set) {
	for i, w := range other.words {
		if i == len(s.words) {
			s.words = append(s.words, 0)
		}
		s.words[i] |= w
	}
}

// Clone is a copy that shares nothing.
func (s *Set) Clone() Set { return Set{words: slices.Clone(s.words), last: s.last, tangled: s.tangled} }
