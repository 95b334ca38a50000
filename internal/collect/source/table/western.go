package table

import (
	"io"
	"unicode/utf8"
)

// western turns Windows-1252, which holds Latin-1, into UTF-8.
type western struct {
	in   io.Reader
	raw  [4096]byte
	out  []byte
	done error
}

// upper is what Windows-1252 has at 0x80 to 0x9f; 0 is nothing.
var upper = [32]rune{
	'€', 0, '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', 0, 'Ž', 0,
	0, '‘', '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', 0, 'ž', 'Ÿ',
}

// Read gives UTF-8. A byte that stands for nothing stays as it is and makes its
// row one that is not clean UTF-8.
func (w *western) Read(p []byte) (int, error) {
	for len(w.out) == 0 {
		if w.done != nil {
			return 0, w.done
		}
		var n int
		n, w.done = w.in.Read(w.raw[:])
		for _, c := range w.raw[:n] {
			switch {
			case c < utf8.RuneSelf:
				w.out = append(w.out, c)
			case c >= 0xa0:
				w.out = utf8.AppendRune(w.out, rune(c))
			case upper[c-0x80] == 0:
				w.out = append(w.out, c)
			default:
				w.out = utf8.AppendRune(w.out, upper[c-0x80])
			}
		}
	}
	n := copy(p, w.out)
	w.out = w.out[:copy(w.out, w.out[n:])]
	return n, nil
}
