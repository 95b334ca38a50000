package store

import "slices"

// Sheet is a table as a copy of a store carries it.
type Sheet struct {
	Table   string   `json:"table"`
	Columns []string `json:"columns"`
}

// Sequences is the sheet that carries up to where numbers were given; no table
// has this name.
const Sequences = "sequence"

// Row is one row of a sheet: int64, string, []byte, bool or nil for each column.
type Row struct {
	Sheet  *Sheet
	Values []any
}

// Step is a migration that a store has behind it.
type Step struct {
	Number int    `json:"number"`
	Name   string `json:"name"`
	Sum    string `json:"sum"`
}

// Shape is what a store is like at the moment when it is copied.
type Shape struct {
	Engine string `json:"engine"`
	Store  string `json:"store"` // "identity" or "data"
	Steps  []Step `json:"steps"`
	Bytes  int64  `json:"bytes"` // about
}

// Sheets lists what a copy of a store carries on an engine: every declared table
// but those that tell only how this very store is doing. Sequences comes last.
func Sheets(engine, store string) []*Sheet {
	var out []*Sheet
	for _, t := range Tables() {
		if t.Store != store || t.Engine != "" && t.Engine != engine || slices.Contains([]string{"schema_step", "probe"}, t.Name) {
			continue
		}
		s := &Sheet{Table: t.Name}
		for _, c := range t.Columns {
			if c.Engine == "" || c.Engine == engine {
				s.Columns = append(s.Columns, c.Name)
			}
		}
		out = append(out, s)
	}
	return append(out, &Sheet{Sequences, []string{"name", "last"}})
}

// Rewrap is one key of the identity store under another key of the vault.
type Rewrap struct {
	Fragment Fragment // as it was read
	Key      []byte
}
