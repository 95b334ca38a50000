// Package page reads the layout of one page of an SQLite file: where it holds
// nothing, and which pages lie below it. It follows part 1.6 of the file format
// (https://sqlite.org/fileformat2.html#b_tree_pages).
//
// It believes nothing: a page that is not laid out like that is an error. It
// does not read rows. Start reading at Gaps.
package page

import (
	"bytes"
	"encoding/binary"
	"errors"
)

// The kinds of pages of a b-tree.
const (
	innerIndex = 2
	innerTable = 5
	leafIndex  = 10
	leafTable  = 13
)

var errLayout = errors.New("a page is not laid out as SQLite's file format says")

// Gaps are the stretches of a page that hold nothing, and children the pages
// below it. Pages that are not of a b-tree have neither.
func Gaps(page []byte, number int64) (unused [][]byte, children []int64, err error) {
	at := 0
	if number == 1 { // the file's own header
		at = 100
	}
	if len(page) < 512 {
		return nil, nil, errLayout
	}
	size := 8
	switch page[at] {
	case leafIndex, leafTable:
	case innerIndex, innerTable:
		size = 12
	default:
		return nil, nil, nil
	}
	u16 := func(i int) int { return int(binary.BigEndian.Uint16(page[i:])) }
	cells, content := u16(at+3), u16(at+5)
	if content == 0 {
		content = 65536
	}
	pointers := at + size
	end := pointers + 2*cells
	if end > content || content > len(page) {
		return nil, nil, errLayout
	}
	unused = append(unused, page[end:content])
	for free := u16(at + 1); free != 0; {
		if free+4 > len(page) || free < content || u16(free+2) < 4 || free+u16(free+2) > len(page) {
			return nil, nil, errLayout
		}
		unused = append(unused, page[free+4:free+u16(free+2)])
		if next := u16(free); next != 0 && next <= free {
			return nil, nil, errLayout
		} else {
			free = next
		}
	}
	if size == 12 {
		children = append(children, int64(binary.BigEndian.Uint32(page[at+8:])))
		for i := range cells {
			cell := u16(pointers + 2*i)
			if cell < content || cell+4 > len(page) {
				return nil, nil, errLayout
			}
			children = append(children, int64(binary.BigEndian.Uint32(page[cell:])))
		}
	}
	return unused, children, nil
}

// Clean reports whether the gaps hold nothing but zeros.
func Clean(unused [][]byte) bool {
	for _, u := range unused {
		if len(bytes.TrimLeft(u, "\x00")) > 0 {
			return false
		}
	}
	return true
}
