package mapping

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/heed-platform/heed/internal/collect/source/table"
)

// maxText is the largest mapping that is read, in bytes.
const maxText = 1 << 20

// compiler reads a mapping. Columns get their places as they are named.
type compiler struct {
	reader

	m    *Mapping
	zone *time.Location
	rows *Rows // whose columns are named now
}

// Parse reads a mapping. With faults it must not be used.
func Parse(text []byte) (Mapping, []Fault) {
	m := Mapping{text: text}
	c := &compiler{m: &m, zone: time.UTC}
	if len(text) > maxText {
		return m, []Fault{{1, fmt.Sprintf("is larger than %d bytes", maxText)}}
	}
	dec := yaml.NewDecoder(bytes.NewReader(text))
	var doc yaml.Node
	if err := dec.Decode(&doc); err != nil {
		if errors.Is(err, io.EOF) {
			return m, []Fault{{1, "is empty"}}
		}
		return m, []Fault{{lineOf(err), "is not YAML that can be read: " + strings.TrimPrefix(err.Error(), "yaml: ")}}
	}
	if err := dec.Decode(new(yaml.Node)); !errors.Is(err, io.EOF) {
		c.say(&doc, "one file holds one mapping")
	}
	c.mapping(doc.Content[0])
	slices.SortStableFunc(c.faults, func(a, b Fault) int { return a.Line - b.Line })
	return m, c.faults
}

// lineOf reads the line that the YAML parser names in its error; it tells it in
// no other way.
func lineOf(err error) int {
	_, after, _ := strings.Cut(err.Error(), "line ")
	digits, _, _ := strings.Cut(after, ":")
	if n, bad := strconv.Atoi(digits); bad == nil {
		return n
	}
	return 1
}

func (c *compiler) mapping(n *yaml.Node) {
	m := c.m
	var rows, files *yaml.Node
	var empty []string
	c.object(
		n,
		entry{"name", func(n *yaml.Node) { m.Name = c.word(n) }},
		entry{"source", func(n *yaml.Node) { m.Source = c.word(n) }},
		entry{"notice", func(n *yaml.Node) { m.Notice = c.word(n) }},
		entry{"zone", func(n *yaml.Node) { c.zone = c.location(n) }},
		entry{"empty", func(n *yaml.Node) { empty = c.texts(n) }},
		entry{"files", func(n *yaml.Node) { files = n }},
		entry{"rows", func(n *yaml.Node) { rows = n }},
	)
	if m.Name == "" {
		c.say(n, "a mapping needs a name; the ids of what it makes are made of it")
	}
	if files == nil || rows == nil {
		c.say(n, "a mapping needs files and rows")
		return
	}
	c.each(files, func(k, v *yaml.Node) { c.file(k, v, empty) })
	c.list(rows, c.rule)
}

// word is a short text without anything that cannot be seen.
func (c *compiler) word(n *yaml.Node) string {
	s := c.scalar(n)
	if s == "" || len(s) > 200 || strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r == 0x7f }) {
		c.say(n, "needs a short text here")
	}
	return s
}

func (c *compiler) location(n *yaml.Node) *time.Location {
	name := c.scalar(n)
	zone, err := time.LoadLocation(name)
	if err != nil || name == "Local" {
		c.say(n, "%q is not a time zone; use a name such as Europe/Berlin", name)
		return time.UTC
	}
	return zone
}

// file reads how one kind of file is written; a word is its pattern.
func (c *compiler) file(k, n *yaml.Node, empty []string) {
	f := File{Name: k.Value, Empty: empty, line: k.Line}
	if n.Kind == yaml.ScalarNode {
		f.Pattern = c.pattern(n)
	} else {
		c.object(
			n,
			entry{"path", func(n *yaml.Node) { f.Pattern = c.pattern(n) }},
			entry{"optional", func(n *yaml.Node) { f.Optional = c.flag(n) }},
			entry{"format", func(n *yaml.Node) {
				kinds := map[string]table.Kind{"csv": table.CSV, "spaces": table.Spaces, "ndjson": table.Lines, "json": table.JSON}
				f.Format.Kind = kinds[c.choice(n, "csv", "spaces", "ndjson", "json")]
			}},
			entry{"delimiter", func(n *yaml.Node) {
				marks := map[string]byte{",": ',', ";": ';', "tab": '\t', "|": '|'}
				f.Format.Delimiter = marks[c.choice(n, ",", ";", "tab", "|")]
			}},
			entry{"columns", func(n *yaml.Node) { f.Format.Columns = c.columns(n) }},
			entry{"encoding", func(n *yaml.Node) { f.Format.Western = c.choice(n, "utf-8", "windows-1252") == "windows-1252" }},
			entry{"skip", func(n *yaml.Node) { f.Format.Skip = c.number(n, 1000) }},
			entry{"empty", func(n *yaml.Node) { f.Empty = c.texts(n) }},
		)
	}
	if f.Pattern == "" {
		c.say(n, "a file needs a path, such as orders*.csv")
	}
	if f.Format.Kind == table.Spaces && f.Format.Columns == nil {
		c.say(n, "a file whose columns are held apart by spaces needs its columns listed")
	}
	c.m.Files = append(c.m.Files, f)
}

func (c *compiler) pattern(n *yaml.Node) string {
	p := c.scalar(n)
	if _, err := path.Match(p, "x"); err != nil || path.IsAbs(p) || slices.Contains(strings.Split(p, "/"), "..") {
		c.say(n, "%q is not a pattern of files below the folder, such as orders*.csv", p)
	}
	return p
}

func (c *compiler) columns(n *yaml.Node) []string {
	names := c.texts(n)
	for i, name := range names {
		if name == "" || slices.Contains(names[:i], name) {
			c.say(n, "each column needs a name of its own")
			break
		}
	}
	return names
}

// rule reads what the rows of one kind of file become.
func (c *compiler) rule(n *yaml.Node) {
	r := Rows{From: -1}
	c.rows = &r
	var lookups, events, items *yaml.Node
	var group, key []string
	c.object(
		n,
		entry{"from", func(n *yaml.Node) { r.From = c.fileNamed(n) }},
		entry{"name", func(n *yaml.Node) { r.Name = c.word(n) }},
		entry{"group", func(n *yaml.Node) { group = c.texts(n) }},
		entry{"key", func(n *yaml.Node) { key = c.texts(n) }},
		entry{"incomplete", func(n *yaml.Node) { r.Incomplete = c.flag(n) }},
		entry{"lookup", func(n *yaml.Node) { lookups = n }},
		entry{"events", func(n *yaml.Node) { events = n }},
		entry{"items", func(n *yaml.Node) { items = n }},
	)
	if r.From < 0 {
		c.say(n, "rows need to say from which of the files they are")
		return
	}
	if group != nil && key != nil {
		c.say(n, "what is grouped is named by its group; take the key away")
	}
	if r.Name == "" {
		r.Name = c.m.Files[r.From].Name
	}
	for _, other := range c.m.Rows {
		if other.Name == r.Name {
			c.say(n, "there are rows named %q already; give these a name of their own", r.Name)
		}
	}
	for _, name := range group {
		r.Group = append(r.Group, c.own(n, name))
	}
	for _, name := range key {
		r.Key = append(r.Key, c.own(n, name))
	}
	if lookups != nil {
		c.each(lookups, c.lookup)
	}
	if events == nil && items == nil {
		c.say(n, "rows need events or items to become")
	}
	if events != nil {
		c.list(events, func(n *yaml.Node) { r.events = append(r.events, c.event(n)) })
	}
	if items != nil {
		c.list(items, func(n *yaml.Node) { r.items = append(r.items, c.item(n)) })
	}
	c.m.Rows = append(c.m.Rows, r)
}

func (c *compiler) fileNamed(n *yaml.Node) int {
	name := c.scalar(n)
	i := slices.IndexFunc(c.m.Files, func(f File) bool { return f.Name == name })
	if i < 0 {
		c.say(n, "%q is not one of the files", name)
	}
	return i
}

// lookup reads "name: {file: products, by: {product_id: product_id}}".
func (c *compiler) lookup(k, n *yaml.Node) {
	l := Lookup{Name: k.Value, File: -1}
	var by *yaml.Node
	c.object(
		n,
		entry{"file", func(n *yaml.Node) { l.File = c.fileNamed(n) }},
		entry{"by", func(n *yaml.Node) { by = n }},
	)
	if l.File < 0 || by == nil {
		c.say(n, "a lookup needs a file, and by which of its columns, such as by: {product_id: product_id}")
		return
	}
	if c.m.Files[l.File].Format.Kind == table.JSON || c.m.Files[l.File].Format.Kind == table.Lines {
		c.say(n, "only files with columns can be looked up")
	}
	c.each(by, func(k, v *yaml.Node) {
		l.By = append(l.By, c.place(k, l.File, k.Value))
		l.with = append(l.with, c.cell(v, c.scalar(v)))
	})
	c.rows.Lookups = append(c.rows.Lookups, l)
}

// place is where a column of a file stands among those that are read.
func (c *compiler) place(n *yaml.Node, file int, name string) int {
	f := &c.m.Files[file]
	if f.Format.Columns != nil && !slices.Contains(f.Format.Columns, name) {
		c.say(n, "%q is not one of the columns of %s", name, f.Name)
	}
	if i := slices.Index(f.Columns, name); i >= 0 {
		return i
	}
	f.Columns = append(f.Columns, name)
	return len(f.Columns) - 1
}

// own is a column of the rows themselves.
func (c *compiler) own(n *yaml.Node, name string) int { return c.place(n, c.rows.From, name) }

// cell finds what a name stands for: "product.brand" is the column brand of the
// row that the lookup product found, ":file" and ":line" say where the row is.
func (c *compiler) cell(n *yaml.Node, name string) ref {
	switch name {
	case ":file":
		return ref{column: fileRef}
	case ":line":
		return ref{column: lineRef}
	case "":
		c.say(n, "needs the name of a column here")
		return ref{column: lineRef}
	}
	if lookup, column, ok := strings.Cut(name, "."); ok {
		for i, l := range c.rows.Lookups {
			if l.Name == lookup {
				return ref{lookup: i + 1, column: c.place(n, l.File, column)}
			}
		}
	}
	return ref{column: c.own(n, name)}
}
