package catalog

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/heed-platform/heed/internal/policy/define"
)

// maxFile is the largest file that is read, in bytes.
const maxFile = 1 << 20

// Workspace is everything that a team wrote, sorted by kind and key.
type Workspace struct {
	Definitions []Definition
	policy      define.Definitions
}

// Policy is the part that rules understand, ready for policy.Compile.
func (w Workspace) Policy() define.Definitions { return w.policy }

// Of is the definitions of one kind, by key.
func (w Workspace) Of(kind Kind) []Definition {
	var list []Definition
	for _, d := range w.Definitions {
		if d.Kind == kind {
			list = append(list, d)
		}
	}
	return list
}

// Find is the definition of a kind and key.
func (w Workspace) Find(kind Kind, key string) (Definition, bool) {
	for _, d := range w.Definitions {
		if d.Kind == kind && d.Key == key {
			return d, true
		}
	}
	return Definition{}, false
}

// loader gathers definitions and faults.
type loader struct {
	shapes map[Kind]*yaml.Node
	seen   map[string]Definition // by kind/key
	out    Workspace
	faults []Fault
}

// Load reads every YAML file below fsys. Shapes teach it further kinds: without
// one, an audience or a campaign may have any keys besides its own key. A
// workspace with faults holds what could be read and must not be applied.
func Load(fsys fs.FS, more ...Shape) (Workspace, []Fault) {
	l := newLoader(more)
	err := fs.WalkDir(fsys, ".", func(file string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		first, _, _ := strings.Cut(file, "/")
		if entry.IsDir() {
			if elsewhere[first] || strings.HasPrefix(path.Base(file), ".") && file != "." {
				return fs.SkipDir
			}
			return nil
		}
		if ext := path.Ext(file); ext == ".yaml" || ext == ".yml" {
			l.file(fsys, file)
		}
		return nil
	})
	if err != nil {
		l.fault(".", 1, "the folder cannot be read")
	}
	l.sort()
	return l.out, l.faults
}

func newLoader(more []Shape) *loader {
	l := &loader{shapes: map[Kind]*yaml.Node{}, seen: map[string]Definition{}}
	for kind, sample := range shapes() {
		l.teach(kind, sample)
	}
	for _, s := range more {
		l.teach(s.Kind, s.Sample)
	}
	return l
}

// sort puts definitions in the order in which they are stored and shown, so that
// files and store make the same workspace.
func (l *loader) sort() {
	slices.SortStableFunc(l.out.Definitions, func(a, b Definition) int {
		return cmp.Or(slices.Index(kinds, a.Kind)-slices.Index(kinds, b.Kind), strings.Compare(a.Key, b.Key))
	})
	for _, d := range l.out.Definitions {
		d.keep(&l.out.policy)
	}
}

// teach turns a sample into the shape that files are held against.
func (l *loader) teach(kind Kind, sample any) {
	n := &yaml.Node{}
	if err := n.Encode(sample); err != nil || n.Kind != yaml.MappingNode {
		l.fault(string(kind), 1, "the sample of this kind cannot be read")
		return
	}
	l.shapes[kind] = n
}

func (l *loader) fault(file string, line int, format string, args ...any) {
	l.faults = append(l.faults, Fault{file, line, fmt.Sprintf(format, args...)})
}

func (l *loader) file(fsys fs.FS, file string) {
	kind, ok := kindOf(file)
	if !ok {
		l.fault(file, 1, "heed does not know what this file holds; put it under one of %s", strings.Join(folderNames(), ", "))
		return
	}
	text, err := fs.ReadFile(fsys, file)
	if err != nil {
		l.fault(file, 1, "cannot be read")
		return
	}
	if len(text) > maxFile {
		l.fault(file, 1, "is larger than %d bytes; split it", maxFile)
		return
	}
	l.documents(kind, file, text)
}

func folderNames() []string {
	var names []string
	for name := range folders {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

func (l *loader) documents(kind Kind, file string, text []byte) {
	dec := yaml.NewDecoder(bytes.NewReader(text))
	for {
		var doc yaml.Node
		err := dec.Decode(&doc)
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			l.fault(file, lineOf(err), "is not YAML that can be read: %s", strings.TrimPrefix(err.Error(), "yaml: "))
			return
		}
		for _, top := range doc.Content {
			l.top(kind, file, top)
		}
	}
}

// lineOf reads the line that the YAML parser names in its error; the parser
// tells it in no other way.
func lineOf(err error) int {
	_, after, _ := strings.Cut(err.Error(), "line ")
	digits, _, _ := strings.Cut(after, ":")
	if n, bad := strconv.Atoi(digits); bad == nil {
		return n
	}
	return 1
}

func (l *loader) top(kind Kind, file string, n *yaml.Node) {
	switch {
	case n.Kind == yaml.SequenceNode:
		for _, v := range n.Content {
			l.define(kind, file, v)
		}
	case n.Kind == yaml.ScalarNode && n.Tag == "!!null":
	default:
		l.define(kind, file, n)
	}
}

func (l *loader) define(kind Kind, file string, n *yaml.Node) {
	s := &strict{file: file}
	if n.Kind != yaml.MappingNode {
		s.say(n, "needs keys with values here")
	} else {
		s.check(n, l.shapes[kind], 0)
	}
	if len(s.faults) > 0 {
		l.faults = append(l.faults, s.faults...)
		return
	}
	body, err := canonical(n)
	if err != nil {
		l.fault(file, n.Line, "holds a value that cannot be read")
		return
	}
	d := Definition{Kind: kind, File: file, Line: n.Line, Body: body, Hash: hash(body), node: n}
	key, keep, err := typed(kind, n)
	if err != nil {
		at := culprit(n, func(part *yaml.Node) error {
			_, _, err := typed(kind, part)
			return err
		})
		l.fault(file, at.Line, "%s", err.Error())
		return
	}
	d.Key = key
	if key == "" {
		l.fault(file, n.Line, "has no key; every %s needs one", kind)
		return
	}
	if other, twice := l.seen[string(kind)+"/"+key]; twice {
		l.fault(file, n.Line, "%s %s is defined already, at %s:%d", kind, key, other.File, other.Line)
		return
	}
	l.seen[string(kind)+"/"+key] = d
	d.keep = keep
	l.out.Definitions = append(l.out.Definitions, d)
}
