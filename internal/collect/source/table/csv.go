package table

import (
	"bytes"
)

// csv reads one row of CSV, which may go over several lines. What it refuses is
// passed only to the end of its first line: after an open quote, the next line
// is a better place to go on than the end of the file.
func (t *Reader) csv() error {
	for {
		rest := t.in.rest()
		if len(rest) == 0 && t.in.err != nil {
			return t.end(t.in.err)
		}
		n, whole, code := t.split(rest, t.in.ended())
		switch {
		case code != "":
			t.refuse(code, quoteWhy(code))
			t.skipLine()
			return nil
		case whole && n > MaxRow:
			t.refuse(TooLong, "the row is longer than 1 MB")
			t.in.pass(n)
			return nil
		case whole:
			t.row.Cells = t.cells
			t.row.Raw = trimEnd(rest[:n])
			t.in.pass(n)
			if rest[n-1] != '\n' {
				t.in.number++
			}
			return nil
		case len(rest) > MaxRow:
			t.refuse(t.unfinished())
			t.skipLine()
			return nil
		}
		if !t.in.more() && !t.in.ended() {
			return t.end(t.in.err)
		}
	}
}

func quoteWhy(code string) string {
	if code == OpenQuote {
		return "a quote is opened and never closed; close it, or double quotes inside of quotes"
	}
	return "text follows a closing quote; double quotes inside of quotes"
}

func (t *Reader) unfinished() (code, why string) {
	if bytes.IndexByte(t.in.rest()[:MaxRow], '\n') >= 0 {
		return OpenQuote, quoteWhy(OpenQuote)
	}
	return TooLong, "the row is longer than 1 MB"
}

// skipLine passes one line and keeps it as the row's text.
func (t *Reader) skipLine() {
	t.row.Raw, _ = t.in.line() // its end is found by the next call
}

func trimEnd(row []byte) []byte {
	return bytes.TrimSuffix(bytes.TrimSuffix(row, []byte{'\n'}), []byte{'\r'})
}

// split cuts one row off b into t.cells. It reports how many bytes the row took
// and whether it was whole; last says that nothing follows b. The code is that of
// a fault.
//
// A quote means something only where a cell begins; elsewhere it is itself, as
// in 5" pipe. Space around a cell without quotes is not part of it.
func (t *Reader) split(b []byte, last bool) (n int, whole bool, code string) {
	t.cells, t.scratch = t.cells[:0], t.scratch[:0]
	for i := 0; ; {
		from := i
		for i < len(b) && (b[i] == ' ' || b[i] == '\t' && t.format.Delimiter != '\t') {
			i++
		}
		var cell []byte
		if i < len(b) && b[i] == '"' {
			var closed bool
			if cell, i, closed = t.quoted(b, i+1); !closed {
				if last {
					return 0, false, OpenQuote
				}
				return 0, false, ""
			}
			if i == len(b) && !last {
				return 0, false, "" // the quote may be the first half of two
			}
			for i < len(b) && (b[i] == ' ' || b[i] == '\r') {
				i++
			}
			if i < len(b) && b[i] != t.format.Delimiter && b[i] != '\n' {
				return 0, false, StrayQuote
			}
		} else {
			i = t.plain(b, i)
			cell = bytes.TrimSpace(b[from:i])
		}
		if i == len(b) && !last {
			return 0, false, ""
		}
		t.cells = append(t.cells, cell)
		if i == len(b) {
			return i, true, ""
		}
		i++
		if b[i-1] == '\n' {
			return i, true, ""
		}
	}
}

// plain is where a cell without quotes ends.
func (t *Reader) plain(b []byte, i int) int {
	for i < len(b) && b[i] != t.format.Delimiter && b[i] != '\n' {
		i++
	}
	return i
}

// quoted reads to the closing quote. Doubled quotes become one.
func (t *Reader) quoted(b []byte, i int) (cell []byte, next int, closed bool) {
	from, kept := i, -1
	for {
		j := bytes.IndexByte(b[i:], '"')
		if j < 0 {
			return nil, len(b), false
		}
		j += i
		if j+1 < len(b) && b[j+1] == '"' {
			if kept < 0 {
				kept = len(t.scratch)
			}
			t.scratch = append(t.scratch, b[from:j+1]...)
			i, from = j+2, j+2
			continue
		}
		if kept < 0 {
			return b[from:j], j + 1, true
		}
		t.scratch = append(t.scratch, b[from:j]...)
		return t.scratch[kept:], j + 1, true
	}
}

// delimiters are tried in this order.
var delimiters = [...]byte{',', ';', '\t', '|'}

// sniff finds the delimiter: the one that cuts the first rows into the most
// cells, the same number in each. want is how many there must be, or 0.
func sniff(head []byte, want int) byte {
	best, most := delimiters[0], 0
	for _, d := range delimiters {
		t := Reader{format: Format{Delimiter: d}}
		first, rows, rest := 0, 0, head
		for rows < 10 {
			n, whole, code := t.split(rest, false)
			if !whole || code != "" {
				break
			}
			rest = rest[n:]
			if len(t.cells) == 1 && len(t.cells[0]) == 0 {
				continue
			}
			if rows++; rows == 1 {
				first = len(t.cells)
			} else if len(t.cells) != first {
				first = min(first, len(t.cells), 2) // better than nothing
				break
			}
		}
		if rows == 0 { // the file may end without a line end
			if n, whole, code := t.split(rest, true); n > 0 && whole && code == "" {
				first = len(t.cells)
			}
		}
		if first == want && want > 0 {
			return d
		}
		if first > most {
			best, most = d, first
		}
	}
	return best
}
