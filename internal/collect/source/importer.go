package source

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"github.com/heed-platform/heed/internal/clock"
	"github.com/heed-platform/heed/internal/collect/source/extsort"
	"github.com/heed-platform/heed/internal/collect/source/mapping"
	"github.com/heed-platform/heed/internal/collect/source/table"
	"github.com/heed-platform/heed/internal/problem"
)

// What an import refuses to begin or to go on with.
var (
	errAsOf = problem.New(problem.Invalid, "import-needs-day",
		"The rows bring consent and don't tell when it was said; say in the mapping which column does, or of which day the list is with --as-of.")
	errStopped = problem.New(problem.Unavailable, "import-stopped",
		"The import was stopped; run the same command again, and it goes on where it stopped.")
	errIncomplete = problem.New(problem.Invalid, "import-incomplete",
		"Some rows could not be read, and what they belong to would be wrong without them; mend them (see the rejects), or allow it in the mapping with incomplete: true.")
)

// What a group may have at most; more is no order.
const (
	maxGroupRows  = 10_000
	maxGroupBytes = 8 << 20
)

// Importer brings files in.
type Importer struct {
	sink  Sink
	clock clock.Clock
}

// New makes an importer that gives everything to sink.
func New(sink Sink, clk clock.Clock) *Importer { return &Importer{sink, clk} }

// Run imports. What it reports is true also when it fails on the way; started
// again, it does what is left. Its problems begin with import- and file-.
func (im *Importer) Run(ctx context.Context, o Options) (Report, error) {
	o.Page, o.Lanes, o.Buffer = cmp.Or(o.Page, 500), cmp.Or(o.Lanes, 4), cmp.Or(o.Buffer, 64<<20)
	found, err := find(ctx, o.Mapping, o.Paths)
	if err != nil {
		return Report{}, err
	}
	r := &run{im: im, o: &o, m: found.m, found: found, tell: newTeller(&o, im.clock)}
	r.tell.report.Files, r.tell.report.Ignored = len(found.inputs), found.ignored
	r.shelf = shelf{loaded: map[string]map[string]string{}, reject: r.tell.reject}
	if err = r.check(); err == nil {
		err = r.all(ctx)
	}
	if err != nil && ctx.Err() != nil {
		err = errStopped.Because(err)
	}
	return r.tell.final(err), err
}

// run is one import on its way.
type run struct {
	im    *Importer
	o     *Options
	m     *Mapping
	found *finder
	shelf shelf
	tell  *teller
	mark  *checkpoint
}

// check finds what does not fit before anything is imported.
func (r *run) check() error {
	lacking := errColumns
	for _, in := range r.found.inputs {
		rows, err := open(&r.m.Files[in.kind], in)
		if p, ok := errors.AsType[*problem.Error](err); ok && errors.Is(err, errColumns) {
			for _, f := range p.Fields {
				lacking = lacking.At(f.Pointer, f.Reason)
			}
			continue
		}
		if err != nil {
			return err
		}
		if err := rows.close(); err != nil {
			return fmt.Errorf("close file: %w", err)
		}
	}
	if len(lacking.Fields) > 0 {
		return lacking
	}
	for i := range r.m.Rows {
		if label := r.m.Rows[i].Timeless(); label != "" && r.o.AsOf == 0 {
			return errAsOf.At(r.m.Rows[i].Name, label)
		}
	}
	return nil
}

// all imports the rows of each kind in the order of the mapping.
func (r *run) all(ctx context.Context) error {
	var err error
	if r.mark, err = openCheckpoint(ctx, r); err != nil {
		return err
	}
	r.tell.plan(r)
	for i := range r.m.Rows {
		if err := r.rows(ctx, &r.m.Rows[i]); err != nil {
			return errors.Join(err, r.mark.save(context.WithoutCancel(ctx)))
		}
	}
	return r.mark.finish(ctx)
}

func (r *run) rows(ctx context.Context, rules *mapping.Rows) error {
	files := r.found.of(rules.From)
	if len(files) == 0 {
		return nil
	}
	r.tell.begin(rules.Name, rules.Group != nil)
	find, err := r.shelf.finder(ctx, r.m, r.found, rules)
	if err != nil {
		return err
	}
	p := newPages(ctx, r, rules)
	m := &maker{run: r, rules: rules, scope: rules.NewScope(find), pages: p}
	if rules.Group == nil {
		err = r.single(p.ctx, files, m)
	} else {
		err = r.grouped(p.ctx, files, m)
	}
	return p.end(err)
}

// single makes events of every row by itself.
func (r *run) single(ctx context.Context, files []input, m *maker) error {
	file := &r.m.Files[m.rules.From]
	labels := map[string]string{}
	for i := range files {
		labels[files[i].name] = files[i].label()
	}
	key := make([]byte, 0, 64)
	group := make([]mapping.Record, 1)
	return each(ctx, file, files, func(from *rows, row *table.Row, rec mapping.Record) error {
		r.tell.row(from)
		if row.Fault != nil {
			r.tell.reject(Reject{rec.File, rec.Line, row.Fault.Code, row.Fault.Why, string(row.Raw)})
			return nil
		}
		key = key[:0]
		if m.rules.Key == nil {
			key = fmt.Appendf(key, "%s\x00%d", labels[rec.File], rec.Line)
		} else if key = appendKey(key, rec.Cells, m.rules.Key); key == nil {
			r.tell.reject(noKey(&rec, row))
			return nil
		}
		group[0], m.raw = rec, row.Raw
		return m.make(key, m.rules.Key == nil, group)
	})
}

func noKey(rec *mapping.Record, row *table.Row) Reject {
	return Reject{rec.File, rec.Line, "no_key", "the columns that name the row are empty; fill one of them", string(row.Raw)}
}

// appendKey writes the cells that name a row; nil when all of them are empty.
func appendKey(b []byte, cells []string, columns []int) []byte {
	said := false
	for _, c := range columns {
		said = said || cells[c] != ""
		b = append(append(b, cells[c]...), 0)
	}
	if !said {
		return nil
	}
	return b
}

// grouped brings the rows of one group together by sorting.
func (r *run) grouped(ctx context.Context, files []input, m *maker) error {
	sorter := extsort.New(r.o.Folder, r.o.Buffer)
	err := r.sort(ctx, files, m, sorter)
	if err == nil {
		err = r.groups(ctx, files, m, sorter)
	}
	return errors.Join(err, sorter.Close())
}

func (r *run) sort(ctx context.Context, files []input, m *maker, sorter *extsort.Sorter) error {
	before := r.tell.rejected()
	place := map[string]int{}
	for i := range files {
		place[files[i].name] = i
	}
	var key, value []byte
	err := each(ctx, &r.m.Files[m.rules.From], files, func(from *rows, row *table.Row, rec mapping.Record) error {
		r.tell.row(from)
		if row.Fault != nil {
			r.tell.reject(Reject{rec.File, rec.Line, row.Fault.Code, row.Fault.Why, string(row.Raw)})
			return nil
		}
		if key = appendKey(key[:0], rec.Cells, m.rules.Group); key == nil {
			r.tell.reject(noKey(&rec, row))
			return nil
		}
		value = appendRecord(value[:0], place[rec.File], &rec)
		return sorter.Add(key, value)
	})
	if lost := r.tell.rejected() - before; err == nil && lost > 0 && !m.rules.Incomplete {
		return errIncomplete.At(m.rules.Name, fmt.Sprintf("%d rows", lost))
	}
	return err
}

func (r *run) groups(ctx context.Context, files []input, m *maker, sorter *extsort.Sorter) error {
	r.tell.sorted(sorter.Len())
	var key []byte
	var group []mapping.Record
	size, n := 0, 0
	for rec, err := range sorter.Sorted() {
		if err != nil {
			return fmt.Errorf("sort rows: %w", err)
		}
		if n++; n%1024 == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		if string(rec.Key) != string(key) && len(group) > 0 {
			if err := m.group(key, group, size); err != nil {
				return err
			}
			group, size = group[:0], 0
		}
		key = append(key[:0], rec.Key...)
		r.tell.groupedRow()
		if size += len(rec.Value); len(group) > maxGroupRows || size > maxGroupBytes {
			continue
		}
		one, err := readRecord(rec.Value, files)
		if err != nil {
			return fmt.Errorf("sort rows: %w", err)
		}
		group = append(group, one)
	}
	if len(group) == 0 {
		return nil
	}
	return m.group(key, group, size)
}
