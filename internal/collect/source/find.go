package source

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/heed-platform/heed/internal/problem"
)

var (
	errNothing   = problem.New(problem.Invalid, "import-nothing", "There is nothing to import there; name files, or a folder that holds some.")
	errMissing   = problem.New(problem.Invalid, "import-file-missing", "Files that the mapping needs are not there; add them, or say in the mapping that they are optional.")
	errAmbiguous = problem.New(problem.Invalid, "import-file-ambiguous", "A file fits several patterns of the mapping, or lies there packed and unpacked; keep one of each.")
	errNeedsMap  = problem.New(problem.Invalid, "import-needs-map", "Only NDJSON and JSON of Segment events can be read without a mapping; name one with --map.")
)

// input is one file to read.
type input struct {
	kind int    // which of the mapping's files
	path string // on this machine
	name string // below the folder: what rejects and proofs say
	size int64
}

// label names the file in ids: packing it or moving the folder changes nothing.
func (i *input) label() string { return strings.TrimSuffix(path.Base(i.name), ".gz") }

// finder sorts files by what the mapping says of them.
type finder struct {
	m       *Mapping
	plain   bool // there is no mapping: names tell what files are
	inputs  []input
	ignored []string
	fault   *problem.Error
}

// find lists the files of all paths, in the order of their names.
func find(ctx context.Context, m *Mapping, paths []string) (*finder, error) {
	f := &finder{m: m}
	if m == nil {
		f.m, f.plain = plainMapping(), true
	}
	for _, p := range paths {
		info, err := os.Stat(p)
		switch {
		case err != nil:
			return nil, errNothing.At(p, "cannot be read").Because(err)
		case info.IsDir():
			err = f.folder(ctx, p)
		default:
			f.named(p, info.Size())
		}
		if err != nil {
			return nil, fmt.Errorf("look into folder: %w", err)
		}
	}
	slices.SortStableFunc(f.inputs, func(a, b input) int { return strings.Compare(a.name, b.name) })
	return f, f.check(paths)
}

func (f *finder) folder(ctx context.Context, root string) error {
	return filepath.WalkDir(root, func(p string, d fs.DirEntry, err error) error {
		if err != nil || ctx.Err() != nil {
			return cmpErr(err, ctx.Err())
		}
		hidden := strings.HasPrefix(d.Name(), ".") && p != root
		if d.IsDir() {
			if hidden {
				return fs.SkipDir
			}
			return nil
		}
		name, err := filepath.Rel(root, p)
		if err != nil || hidden || !d.Type().IsRegular() {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		name = filepath.ToSlash(name)
		if kind, fits := f.kind(name); fits {
			f.inputs = append(f.inputs, input{kind, p, name, info.Size()})
		} else {
			f.ignored = append(f.ignored, name)
		}
		return nil
	})
}

func cmpErr(a, b error) error {
	if a != nil {
		return a
	}
	return b
}

// named takes a file that was named. When the mapping knows only one kind, that
// is what the file is, whatever it is called.
func (f *finder) named(p string, size int64) {
	name := filepath.Base(p)
	kind, fits := f.kind(name)
	switch {
	case fits:
	case f.plain && !tables[path.Ext(strings.TrimSuffix(strings.ToLower(name), ".gz"))]:
		kind, fits = 1, true
	case f.plain:
		f.refuse(errNeedsMap, p, "is a table")
		return
	case len(f.m.Files) == 1:
		kind, fits = 0, true
	}
	if !fits {
		f.refuse(errMissing, p, "fits no pattern of the mapping")
		return
	}
	f.inputs = append(f.inputs, input{kind, p, name, size})
}

func (f *finder) refuse(p *problem.Error, pointer, reason string) {
	if f.fault == nil {
		f.fault = p
	}
	f.fault = f.fault.At(pointer, reason)
}

// tables are endings of files that hold no JSON.
var tables = map[string]bool{".csv": true, ".tsv": true, ".txt": true, ".xlsx": true, ".xls": true}

// kind is which of the mapping's files a name is.
func (f *finder) kind(name string) (kind int, fits bool) {
	if f.plain {
		return plainKind(name)
	}
	for i := range f.m.Files {
		if ok, err := path.Match(f.m.Files[i].Pattern, name); err != nil || !ok {
			continue
		}
		if fits {
			f.refuse(errAmbiguous, name, fmt.Sprintf("fits %s and %s", f.m.Files[kind].Name, f.m.Files[i].Name))
			continue
		}
		kind, fits = i, true
	}
	return kind, fits
}

// check finds what is missing, and what is there twice.
func (f *finder) check(paths []string) error {
	if f.fault == nil && len(f.inputs) == 0 {
		p := errNothing
		for _, name := range paths {
			p = p.At(name, "holds no file that can be imported")
		}
		return p
	}
	for i := range f.m.Files {
		file := &f.m.Files[i]
		if !file.Optional && !slices.ContainsFunc(f.inputs, func(in input) bool { return in.kind == i }) {
			f.refuse(errMissing, file.Pattern, "no file fits it")
		}
	}
	seen := map[string]string{}
	for _, in := range f.inputs {
		stem := strings.TrimSuffix(in.name, ".gz")
		if other, twice := seen[stem]; twice {
			f.refuse(errAmbiguous, in.name, "lies beside "+other)
		}
		seen[stem] = in.name
	}
	if f.fault != nil {
		return f.fault
	}
	return nil
}

// of are the files of one kind.
func (f *finder) of(kind int) []input {
	var out []input
	for _, in := range f.inputs {
		if in.kind == kind {
			out = append(out, in)
		}
	}
	return out
}
