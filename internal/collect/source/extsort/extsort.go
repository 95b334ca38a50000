// Package extsort sorts more records than fit in memory: in pieces, which it
// writes beside and then reads together.
//
// It promises that records of equal keys keep the order in which they were
// added, that memory stays within the given bound, and that what it writes is
// sealed under a key that nobody else has and lies in files without a name: when
// the program ends, however it ends, nothing is left. It does not know what a
// record holds. Start reading at Sorter.Add, then Sorter.Sorted.
package extsort

import (
	"bytes"
	"container/heap"
	"errors"
	"fmt"
	"io"
	"iter"
	"slices"
)

// fanIn is how many pieces are read together; more are joined first.
const fanIn = 64

// Record is one key with its value.
type Record struct{ Key, Value []byte }

// Sorter collects records. Use New, Add, Sorted once, Close.
type Sorter struct {
	folder string
	memory int
	held   []byte
	spans  []span
	pieces []*piece
	count  int64
}

// span is where a record lies in held.
type span struct{ from, value, to int }

// overhead is what a span costs in memory.
const overhead = 24

// New makes a sorter that holds about memory bytes and writes the rest to folder.
func New(folder string, memory int) *Sorter { return &Sorter{folder: folder, memory: memory} }

// Add takes a copy of a record.
func (s *Sorter) Add(key, value []byte) error {
	size := len(key) + len(value) + overhead
	if len(s.spans) > 0 && len(s.held)+len(s.spans)*overhead+size > s.memory {
		if err := s.spill(); err != nil {
			return err
		}
	}
	from := len(s.held)
	s.held = append(append(s.held, key...), value...)
	s.spans = append(s.spans, span{from, from + len(key), len(s.held)})
	s.count++
	return nil
}

// Len is how many records were added.
func (s *Sorter) Len() int64 { return s.count }

func (s *Sorter) record(p span) Record {
	return Record{s.held[p.from:p.value:p.value], s.held[p.value:p.to:p.to]}
}

// order sorts what is held. Places break ties, so it is stable.
func (s *Sorter) order() {
	slices.SortFunc(s.spans, func(a, b span) int {
		if c := bytes.Compare(s.held[a.from:a.value], s.held[b.from:b.value]); c != 0 {
			return c
		}
		return a.from - b.from
	})
}

// spill writes what is held as a piece.
func (s *Sorter) spill() error {
	s.order()
	p, err := newPiece(s.folder)
	if err != nil {
		return err
	}
	s.pieces = append(s.pieces, p)
	for _, at := range s.spans {
		if err := p.write(s.record(at)); err != nil {
			return err
		}
	}
	s.held, s.spans = s.held[:0], s.spans[:0]
	if err := p.rewind(); err != nil {
		return err
	}
	if len(s.pieces) < 2*fanIn {
		return nil
	}
	return s.join()
}

// join makes one piece of the first ones, which stay the oldest.
func (s *Sorter) join() error {
	p, err := newPiece(s.folder)
	if err != nil {
		return err
	}
	old := s.pieces[:fanIn]
	for r, err := range merge(old) {
		if err == nil {
			err = p.write(r)
		}
		if err != nil {
			return errors.Join(err, p.close())
		}
	}
	for _, o := range old {
		err = errors.Join(err, o.close())
	}
	s.pieces = slices.Replace(s.pieces, 0, fanIn, p)
	return errors.Join(err, p.rewind())
}

// Sorted yields all records in order. Their bytes hold until the next one. An
// error ends it.
func (s *Sorter) Sorted() iter.Seq2[Record, error] {
	if len(s.pieces) == 0 {
		return func(yield func(Record, error) bool) {
			s.order()
			for _, at := range s.spans {
				if !yield(s.record(at), nil) {
					return
				}
			}
		}
	}
	return func(yield func(Record, error) bool) {
		if len(s.spans) > 0 {
			if err := s.spill(); err != nil {
				yield(Record{}, err)
				return
			}
			s.held, s.spans = nil, nil
		}
		merge(s.pieces)(yield)
	}
}

// Close gives everything back.
func (s *Sorter) Close() error {
	var err error
	for _, p := range s.pieces {
		err = errors.Join(err, p.close())
	}
	s.pieces, s.held, s.spans = nil, nil, nil
	return err
}

// merge reads sorted pieces together; of equal keys the older piece comes first.
func merge(pieces []*piece) iter.Seq2[Record, error] {
	return func(yield func(Record, error) bool) {
		var h heads
		for i, p := range pieces {
			n := &head{age: i, piece: p}
			ok, err := n.next()
			if err != nil {
				yield(Record{}, err)
				return
			}
			if ok {
				h = append(h, n)
			}
		}
		heap.Init(&h)
		for len(h) > 0 {
			first := h[0]
			if !yield(Record{first.key, first.value}, nil) {
				return
			}
			ok, err := first.next()
			switch {
			case err != nil:
				yield(Record{}, err)
				return
			case ok:
				heap.Fix(&h, 0)
			default:
				heap.Pop(&h)
			}
		}
	}
}

// head is the next record of a piece.
type head struct {
	age        int
	piece      *piece
	key, value []byte
}

func (n *head) next() (bool, error) {
	var err error
	n.key, n.value, err = n.piece.read(n.key[:0], n.value[:0])
	if errors.Is(err, io.EOF) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("read sorted rows: %w", err)
	}
	return true, nil
}

type heads []*head

// Len, Less, Swap, Push and Pop are for package heap.
func (h *heads) Len() int { return len(*h) }

// Less puts the older of two equal keys first.
func (h *heads) Less(i, j int) bool {
	a, b := (*h)[i], (*h)[j]
	if c := bytes.Compare(a.key, b.key); c != 0 {
		return c < 0
	}
	return a.age < b.age
}

// Swap exchanges two.
func (h *heads) Swap(i, j int) { (*h)[i], (*h)[j] = (*h)[j], (*h)[i] }

// Push adds one.
func (h *heads) Push(x any) {
	if n, ok := x.(*head); ok {
		*h = append(*h, n)
	}
}

// Pop takes the last.
func (h *heads) Pop() any {
	last := (*h)[len(*h)-1]
	*h = (*h)[:len(*h)-1]
	return last
}
