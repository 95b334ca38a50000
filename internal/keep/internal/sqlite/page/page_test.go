package page

import (
	"bytes"
	"fmt"
	"testing"
)

// leaf is a page of two rows with a gap, a free block that holds something, and
// something in the gap.
func leaf() []byte {
	p := make([]byte, 4096)
	copy(p, []byte{leafTable, 0x0f, 0x00, 0, 2, 0x0e, 0x00, 0, 0x0e, 0x00, 0x0f, 0x80})
	copy(p[0x0f00:], []byte{0, 0, 0, 0x40, 'o', 'l', 'd'})
	copy(p[0x0100:], "older")
	return p
}

// first is leaf with the file's own header before it.
func first() []byte {
	p := leaf()
	copy(p[100:], p[:12])
	clear(p[:12])
	return p
}

func inner() []byte {
	p := make([]byte, 4096)
	copy(p, []byte{innerTable, 0, 0, 0, 1, 0x0f, 0xf0, 0, 0, 0, 0, 7, 0x0f, 0xf0})
	copy(p[0x0ff0:], []byte{0, 0, 0, 9})
	return p
}

func TestGaps(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		page     []byte
		number   int64
		unused   int // stretches
		children string
		clean    bool
		wrong    bool
	}{
		"leaf":             {leaf(), 2, 2, "[]", false, false},
		"inner":            {inner(), 2, 1, "[7 9]", true, false},
		"first":            {first(), 1, 2, "[]", false, false},
		"overflow":         {make([]byte, 4096), 2, 0, "[]", true, false},
		"short":            {leaf()[:100], 2, 0, "[]", true, true},
		"content too low":  {append([]byte{leafIndex, 0, 0, 0xff, 0xff, 0, 9}, make([]byte, 600)...), 2, 0, "[]", true, true},
		"free block loops": {append([]byte{leafIndex, 2, 0, 0, 0, 1, 0, 0}, append(make([]byte, 504), append([]byte{2, 0, 0, 8}, make([]byte, 100)...)...)...), 2, 0, "[]", true, true},
	} {
		unused, children, err := Gaps(c.page, c.number)
		if (err != nil) != c.wrong || len(unused) != c.unused || fmt.Sprint(children) != c.children || Clean(unused) != c.clean {
			t.Errorf("%s: %d stretches, children %v, clean %v, %v", name, len(unused), children, Clean(unused), err)
		}
	}
}

// FuzzGaps: whatever lies in a page, nothing outside of it is touched, and
// zeroing gaps is done once.
func FuzzGaps(f *testing.F) {
	f.Add(leaf(), int64(2))
	f.Add(inner(), int64(2))
	f.Add(first(), int64(1))
	f.Add([]byte{leafIndex}, int64(3))
	f.Fuzz(func(t *testing.T, page []byte, number int64) {
		before := bytes.Clone(page)
		unused, children, err := Gaps(page, number)
		if err != nil {
			if len(unused)+len(children) > 0 {
				t.Error("something is known of a page that is not understood")
			}
			return
		}
		for _, u := range unused {
			clear(u)
		}
		for i := range before { // bytes go to zero or stay
			if page[i] != before[i] && page[i] != 0 {
				t.Errorf("byte %d became %d", i, page[i])
			}
		}
		again, below, err := Gaps(page, number)
		if err != nil || len(again) != len(unused) || fmt.Sprint(below) != fmt.Sprint(children) {
			t.Errorf("the page is another one after it was wiped: %v", err)
		}
		if !Clean(again) {
			t.Error("a wiped page is not clean")
		}
	})
}
