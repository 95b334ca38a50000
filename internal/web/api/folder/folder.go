// Package folder is a tree of files in memory, for a workspace that arrives in a
// request. Start reading at Folder.
package folder

import (
	"bytes"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"
	"time"
)

// Folder holds files by path, such as "campaigns/shoes.yaml". It is an fs.FS.
type Folder map[string][]byte

// Split cuts a stream of YAML documents into the files that they say they are, in
// a line such as "# Source: campaigns/shoes.yaml". Lines keep their numbers
// within their file. It reports false for a stream that does not say.
func Split(stream string) (Folder, bool) {
	out := Folder{}
	name, begun := "", false
	var body strings.Builder
	for text := range strings.Lines(stream) {
		if at, ok := strings.CutPrefix(text, "# Source:"); ok {
			if begun && !out.Add(name, []byte(body.String())) {
				return nil, false
			}
			name, begun = strings.TrimSpace(at), true
			body.Reset()
		}
		if !begun && strings.TrimSpace(text) != "" && strings.TrimSpace(text) != "---" {
			return nil, false
		}
		body.WriteString(text)
	}
	return out, begun && out.Add(name, []byte(body.String()))
}

// Add puts a YAML file in; it reports false for a path that is none, or that is
// there already, as a file or as a folder.
func (f Folder) Add(name string, body []byte) bool {
	if ext := path.Ext(name); !fs.ValidPath(name) || ext != ".yaml" && ext != ".yml" || f[name] != nil || f.has(name) {
		return false
	}
	for dir := path.Dir(name); dir != "."; dir = path.Dir(dir) {
		if f[dir] != nil {
			return false
		}
	}
	f[name] = slices.Clip(append([]byte{}, body...))
	return true
}

func (f Folder) has(dir string) bool {
	for name := range f {
		if dir == "." || strings.HasPrefix(name, dir+"/") {
			return true
		}
	}
	return dir == "."
}

// Open opens a file or a folder.
func (f Folder) Open(name string) (fs.File, error) {
	if body, ok := f[name]; ok {
		return &opened{node: node{path.Base(name), int64(len(body)), false}, Reader: bytes.NewReader(body)}, nil
	}
	if !fs.ValidPath(name) || !f.has(name) {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
	}
	return &opened{node: node{path.Base(name), 0, true}, Reader: bytes.NewReader(nil), entries: f.entries(name)}, nil
}

// entries lists what lies directly in a folder, sorted.
func (f Folder) entries(dir string) []fs.DirEntry {
	seen := map[string]node{}
	for name, body := range f {
		rest, ok := strings.CutPrefix(name, dir+"/")
		if dir == "." {
			rest, ok = name, true
		}
		if !ok {
			continue
		}
		first, _, deeper := strings.Cut(rest, "/")
		if deeper {
			body = nil
		}
		seen[first] = node{first, int64(len(body)), deeper}
	}
	list := make([]fs.DirEntry, 0, len(seen))
	for _, n := range seen {
		list = append(list, n)
	}
	slices.SortFunc(list, func(a, b fs.DirEntry) int { return strings.Compare(a.Name(), b.Name()) })
	return list
}

// opened is a file or folder that is being read.
type opened struct {
	*bytes.Reader

	node    node
	entries []fs.DirEntry
}

// Stat describes it.
func (o *opened) Stat() (fs.FileInfo, error) { return o.node, nil }

// Close ends reading; there is nothing to end.
func (o *opened) Close() error { return nil }

// ReadDir lists what is left of a folder.
func (o *opened) ReadDir(n int) ([]fs.DirEntry, error) {
	if n > 0 && len(o.entries) == 0 {
		return nil, io.EOF
	}
	if n <= 0 || n > len(o.entries) {
		n = len(o.entries)
	}
	out := o.entries[:n]
	o.entries = o.entries[n:]
	return out, nil
}

// node is a name in a folder.
type node struct {
	name string
	size int64
	dir  bool
}

// Name is its last element.
func (n node) Name() string { return n.name }

// Size is its length in bytes.
func (n node) Size() int64 { return n.size }

// IsDir reports whether it is a folder.
func (n node) IsDir() bool { return n.dir }

// Mode is that of something that can only be read.
func (n node) Mode() fs.FileMode {
	if n.dir {
		return fs.ModeDir | 0o555
	}
	return 0o444
}

// Type is the mode's type.
func (n node) Type() fs.FileMode { return n.Mode().Type() }

// Info is itself.
func (n node) Info() (fs.FileInfo, error) { return n, nil }

// ModTime is never: memory has none.
func (n node) ModTime() time.Time { return time.Time{} }

// Sys is nothing.
func (n node) Sys() any { return nil }
