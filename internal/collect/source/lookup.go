package source

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/heed-platform/heed/internal/collect/source/mapping"
	"github.com/heed-platform/heed/internal/collect/source/table"
	"github.com/heed-platform/heed/internal/problem"
)

// maxLookup bounds the text of all files that are looked up, which lie in memory.
const maxLookup = 512 << 20

var errLookup = problem.New(problem.TooLarge, "import-lookup-too-large",
	"The files that rows are looked up in are too large to be held in memory; join them before the import.")

// shelf holds the files that rows are looked up in.
type shelf struct {
	loaded map[string]map[string]string // by file and columns: key → cells, each with its length
	size   int
	reject func(Reject)
}

// load reads a file once for all lookups by the same columns.
func (s *shelf) load(ctx context.Context, f *mapping.File, files []input, l *mapping.Lookup) (map[string]string, error) {
	name := fmt.Sprint(l.File, l.By)
	if have, ok := s.loaded[name]; ok {
		return have, nil
	}
	all := map[string]string{}
	err := each(ctx, f, files, func(_ *rows, row *table.Row, rec mapping.Record) error {
		if row.Fault != nil {
			s.reject(Reject{rec.File, rec.Line, row.Fault.Code, row.Fault.Why, string(row.Raw)})
			return nil
		}
		key := l.KeyOf(rec.Cells)
		if _, known := all[key]; key == "" || known {
			return nil
		}
		packed := pack(rec.Cells)
		if s.size += len(key) + len(packed) + 64; s.size > maxLookup {
			return errLookup.At(f.Name, fmt.Sprintf("goes over %d MB", maxLookup>>20))
		}
		all[strings.Clone(key)] = packed
		return nil
	})
	if err != nil {
		return nil, err
	}
	s.loaded[name] = all
	return all, nil
}

// finders give a scope what it looks up.
func (s *shelf) finder(ctx context.Context, m *Mapping, found *finder, r *mapping.Rows) (func(int, string) []string, error) {
	tables := make([]map[string]string, len(r.Lookups))
	for i := range r.Lookups {
		l := &r.Lookups[i]
		var err error
		if tables[i], err = s.load(ctx, &m.Files[l.File], found.of(l.File), l); err != nil {
			return nil, err
		}
	}
	return func(i int, key string) []string {
		packed, ok := tables[i][key]
		if !ok {
			return nil
		}
		cells, err := unpack(packed)
		if err != nil { // packed above
			return nil
		}
		return cells
	}, nil
}

var errPacked = errors.New("a packed row is damaged")
