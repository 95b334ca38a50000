package source

import (
	"path"
	"strings"

	"github.com/heed-platform/heed/internal/collect/source/mapping"
	"github.com/heed-platform/heed/internal/collect/source/table"
)

// plain is the mapping of files that hold Segment events already: one a line, or
// JSON of one or many.
const plain = `
name: events
files:
  lines: {path: "*.ndjson", format: ndjson, optional: true}
  json: {path: "*.json", format: json, optional: true}
rows:
  - {from: lines, events: [{raw: true}]}
  - {from: json, events: [{raw: true}]}
`

// plainKind tells by its name how a file of events is written.
func plainKind(name string) (kind int, fits bool) {
	switch ext := path.Ext(strings.TrimSuffix(strings.ToLower(name), ".gz")); ext {
	case ".ndjson", ".jsonl":
		return 0, true
	case ".json":
		return 1, true
	}
	return 0, false
}

// plainMapping is the mapping for files without one.
func plainMapping() *Mapping {
	m, _ := mapping.Parse([]byte(plain)) // TestPlain_isAMapping
	return &m
}

// isTable reports whether the columns of a file are named in its first row, or
// in the mapping.
func isTable(f *mapping.File) bool {
	return f.Format.Kind == table.CSV || f.Format.Kind == table.Spaces
}
