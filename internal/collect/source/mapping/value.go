package mapping

import (
	"strings"

	"github.com/heed-platform/heed/internal/collect/event/strict"
	"github.com/heed-platform/heed/internal/collect/source/table"
)

// value makes JSON out of rows. ok is false for a value that is absent; a fault
// refuses the row.
type value interface {
	make(dst []byte, s *Scope) (out []byte, ok bool, fault *table.Fault)
}

// ref is one cell: of the row, or of a row that was looked up.
type ref struct {
	lookup int // 0 is the row itself, else the lookup's number
	column int // negative for what is no column
}

// What is no column.
const (
	fileRef = -1 - iota
	lineRef
)

func (r ref) text(s *Scope) string {
	switch {
	case r.column == fileRef:
		return s.Rows[s.at].File
	case r.column == lineRef:
		return itoa(s.Rows[s.at].Line)
	case r.lookup == 0:
		return s.Rows[s.at].Cells[r.column]
	}
	if found := s.lookup(r.lookup - 1); found != nil {
		return found[r.column]
	}
	return ""
}

// template is text with cells in it. A cell that says nothing makes all of it
// absent: "card {number}" is no card when there is no number.
type template struct {
	parts []part
}

type part struct {
	text string // before the cell
	cell ref
	last bool // there is no cell
}

func (t *template) text(s *Scope) string {
	if len(t.parts) == 2 && t.parts[0].text == "" && t.parts[1].last && t.parts[1].text == "" {
		return t.parts[0].cell.text(s)
	}
	var b strings.Builder
	for _, p := range t.parts {
		b.WriteString(p.text)
		if p.last {
			break
		}
		cell := p.cell.text(s)
		if cell == "" {
			return ""
		}
		b.WriteString(cell)
	}
	return b.String()
}

// constant is the same for every row.
type constant struct{ json []byte }

func (c constant) make(dst []byte, _ *Scope) ([]byte, bool, *table.Fault) {
	return append(dst, c.json...), true, nil
}

// field is a value with its name.
type field struct {
	name  string
	value value
}

// object is written even when all of its fields are absent.
type object []field

func (o object) make(dst []byte, s *Scope) ([]byte, bool, *table.Fault) {
	dst = append(dst, '{')
	dst, _, fault := o.members(dst, s)
	return append(dst, '}'), true, fault
}

// members writes the inside of the object and how many there were.
func (o object) members(dst []byte, s *Scope) ([]byte, int, *table.Fault) {
	n := 0
	for _, f := range o {
		from := len(dst)
		if n > 0 {
			dst = append(dst, ',')
		}
		dst = append(strict.AppendText(dst, f.name), ':')
		out, ok, fault := f.value.make(dst, s)
		if fault != nil {
			return out, n, fault.In(f.name)
		}
		if dst = out; !ok {
			dst = dst[:from]
			continue
		}
		n++
	}
	return dst, n, nil
}

// list is those of its values that are there; one that is a list itself gives
// its elements. It is absent when there are none.
type list []value

func (l list) make(dst []byte, s *Scope) ([]byte, bool, *table.Fault) {
	n := 0
	dst = append(dst, '[')
	for _, v := range l {
		from := len(dst)
		if n > 0 {
			dst = append(dst, ',')
		}
		out, ok, fault := v.make(dst, s)
		if fault != nil {
			return out, false, fault
		}
		if dst = out; !ok {
			dst = dst[:from]
			continue
		}
		n++
	}
	return append(dst, ']'), n > 0, nil
}

// first is the first of its values that is there.
type first []value

func (f first) make(dst []byte, s *Scope) ([]byte, bool, *table.Fault) {
	from := len(dst)
	for _, v := range f {
		out, ok, fault := v.make(dst[:from], s)
		if ok || fault != nil {
			return out, ok, fault
		}
		dst = out
	}
	return dst[:from], false, nil
}

// each is a list with one value for every row of the group.
type each struct {
	value value
	when  conditions
}

func (e *each) make(dst []byte, s *Scope) ([]byte, bool, *table.Fault) {
	defer s.move(s.at)
	n := 0
	dst = append(dst, '[')
	for i := range s.Rows {
		s.move(i)
		if !e.when.hold(s) {
			continue
		}
		from := len(dst)
		if n > 0 {
			dst = append(dst, ',')
		}
		out, ok, fault := e.value.make(dst, s)
		if fault != nil {
			return out, false, fault
		}
		if dst = out; !ok {
			dst = dst[:from]
			continue
		}
		n++
	}
	return append(dst, ']'), n > 0, nil
}

// sum adds up a cell over the rows of a group, exactly. Cells that say nothing
// add nothing; it is absent when all do.
type sum struct {
	cell ref
	cast *cast
	when conditions
}

func (a *sum) make(dst []byte, s *Scope) ([]byte, bool, *table.Fault) {
	defer s.move(s.at)
	var total decimal
	known := false
	for i := range s.Rows {
		s.move(i)
		if !a.when.hold(s) {
			continue
		}
		text := a.cell.text(s)
		if text == "" {
			continue
		}
		d, ok := parseDecimal(text, a.cast.mark, a.cast.group)
		if !ok {
			return dst, false, bad(BadNumber)
		}
		total.add(&d)
		known = true
	}
	a.cast.shift(&total)
	return total.appendText(dst), known, nil
}

// count is how many rows the group has.
type count struct{ when conditions }

func (c count) make(dst []byte, s *Scope) ([]byte, bool, *table.Fault) {
	defer s.move(s.at)
	n := 0
	for i := range s.Rows {
		if s.move(i); c.when.hold(s) {
			n++
		}
	}
	return append(dst, itoa(n)...), true, nil
}

// only is a value that is there where its conditions hold.
type only struct {
	value value
	when  conditions
}

func (o *only) make(dst []byte, s *Scope) ([]byte, bool, *table.Fault) {
	if !o.when.hold(s) {
		return dst, false, nil
	}
	return o.value.make(dst, s)
}
