package mapping

import (
	"slices"
	"strings"

	"github.com/heed-platform/heed/internal/collect/source/table"
)

// Mapping says what the files of a folder mean.
type Mapping struct {
	Name   string // ids are made of it: under another name everything is new
	Source string // which source of the workspace it comes from; "" is for the caller to say
	Notice string // the notice that covers what comes in, "membership@3"
	Files  []File
	Rows   []Rows

	text []byte
}

// Text is the mapping as it was written.
func (m *Mapping) Text() []byte { return m.text }

// File is one kind of file in the folder; several may match its pattern.
type File struct {
	Name     string
	Pattern  string // of path.Match, below the folder
	Optional bool   // it may be absent
	Format   table.Format
	Columns  []string // those that the mapping reads, or paths in JSON
	Empty    []string // words that say nothing, "NA"

	line int
}

// Rows says what the rows of one kind of file become.
type Rows struct {
	Name       string
	From       int   // which of Files
	Group      []int // columns; rows in which they are equal become one
	Key        []int // columns that name a row; without them its place does
	Incomplete bool  // groups may be made although some rows could not be read
	Lookups    []Lookup

	events []*event
	items  []*item
}

// Lookup finds one row of another file: the first in which its columns equal
// those of the row at hand.
type Lookup struct {
	Name string
	File int   // which of Files
	By   []int // columns of that file
	with []ref // what they are compared with
}

// Grants reports whether the rows bring entries of the consent ledger.
func (r *Rows) Grants() bool {
	for _, e := range r.events {
		if len(e.grants) > 0 {
			return true
		}
	}
	return false
}

// Timeless names a rule that enters grants of which nobody could tell when they
// were said; "" when there is none.
func (r *Rows) Timeless() string {
	for _, e := range r.events {
		for _, g := range e.grants {
			if g.said == nil && e.time == nil {
				return e.label
			}
		}
	}
	return ""
}

// Record is one row as far as the mapping reads it.
type Record struct {
	File  string
	Line  int
	Cells []string // in the order of File.Columns; "" says nothing
	Value []byte   // the whole row, of JSON files
}

// Scope is what a rule sees: the rows of one group, one of which is at hand, and
// what was looked up for it.
type Scope struct {
	Rows []Record
	Find func(lookup int, key string) []string // nil when there is no such row

	rules *Rows
	at    int
	found []found
}

type found struct {
	done  bool
	cells []string
}

// NewScope makes a scope that can be used for all rows of a kind.
func (r *Rows) NewScope(find func(lookup int, key string) []string) *Scope {
	return &Scope{Find: find, rules: r, found: make([]found, len(r.Lookups))}
}

func (s *Scope) reset(rows []Record) {
	s.Rows = rows
	s.at = -1
	s.move(0)
}

// move takes another row of the group at hand.
func (s *Scope) move(i int) {
	if s.at != i {
		s.at = i
		clear(s.found)
	}
}

func (s *Scope) lookup(i int) []string {
	f := &s.found[i]
	if !f.done {
		f.done = true
		f.cells = nil
		if key := s.rules.Lookups[i].key(s); key != "" {
			f.cells = s.Find(i, key)
		}
	}
	return f.cells
}

func (l *Lookup) key(s *Scope) string {
	if len(l.with) == 1 {
		return l.with[0].text(s)
	}
	var b strings.Builder
	for _, r := range l.with {
		text := r.text(s)
		if text == "" {
			return ""
		}
		b.WriteString(text)
		b.WriteByte(0)
	}
	return b.String()
}

// KeyOf is the key under which a row of the looked-up file is found; "" when it
// cannot be.
func (l *Lookup) KeyOf(cells []string) string {
	if len(l.By) == 1 {
		return cells[l.By[0]]
	}
	var b strings.Builder
	for _, i := range l.By {
		if cells[i] == "" {
			return ""
		}
		b.WriteString(cells[i])
		b.WriteByte(0)
	}
	return b.String()
}

// Items reports whether the rows bring items of the catalog.
func (r *Rows) Items() bool { return len(r.items) > 0 }

// Notices are those that the rules name; "" is among them when one names none.
func (m *Mapping) Notices() []string {
	var out []string
	for _, r := range m.Rows {
		for _, e := range r.events {
			if !slices.Contains(out, e.notice) {
				out = append(out, e.notice)
			}
		}
	}
	return out
}
