package mapping

import (
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Fault is one thing that is wrong with a mapping.
type Fault struct {
	Line   int
	Reason string
}

// maxDepth bounds how deep a mapping nests.
const maxDepth = 16

// reader walks over YAML and collects what is wrong with it.
type reader struct {
	faults []Fault
	depth  int
}

func (r *reader) say(n *yaml.Node, format string, args ...any) {
	r.faults = append(r.faults, Fault{n.Line, fmt.Sprintf(format, args...)})
}

// entry is one key of an object and how it is read.
type entry struct {
	key  string
	read func(*yaml.Node)
}

// object reads the keys of an object in their order; a key that is not among
// the entries, or comes twice, is a fault.
func (r *reader) object(n *yaml.Node, entries ...entry) {
	r.each(n, func(k, v *yaml.Node) {
		for _, e := range entries {
			if e.key == k.Value {
				e.read(v)
				return
			}
		}
		names := make([]string, len(entries))
		for i, e := range entries {
			names[i] = e.key
		}
		r.say(k, "%q is not a key here; use one of %s", k.Value, strings.Join(names, ", "))
	})
}

// each visits the keys of an object.
func (r *reader) each(n *yaml.Node, visit func(k, v *yaml.Node)) {
	if n.Kind != yaml.MappingNode {
		r.say(n, "needs keys with values here")
		return
	}
	if r.depth++; r.depth > maxDepth {
		r.say(n, "nests deeper than %d; write it flatter", maxDepth)
		r.depth--
		return
	}
	var seen []string
	for i := 0; i+1 < len(n.Content); i += 2 {
		k, v := n.Content[i], n.Content[i+1]
		switch {
		case k.Kind != yaml.ScalarNode || k.Tag == "!!merge":
			r.say(k, "a key is a word")
		case slices.Contains(seen, k.Value):
			r.say(k, "%q is said twice", k.Value)
		case v.Kind == yaml.AliasNode || v.Anchor != "":
			r.say(v, "anchors and aliases are not read; write the value out")
		case v.Tag == "!!null":
			r.say(v, "%q has no value; write one or leave the key out", k.Value)
		default:
			visit(k, v)
		}
		seen = append(seen, k.Value)
	}
	r.depth--
}

// list visits the elements of a list; what is not a list is its only element.
func (r *reader) list(n *yaml.Node, visit func(*yaml.Node)) {
	if n.Kind != yaml.SequenceNode {
		visit(n)
		return
	}
	for _, v := range n.Content {
		if v.Kind == yaml.AliasNode || v.Anchor != "" || v.Tag == "!!null" {
			r.say(v, "an element of a list is a value")
			continue
		}
		visit(v)
	}
}

// scalar is the text of a single value, as it is written.
func (r *reader) scalar(n *yaml.Node) string {
	if n.Kind != yaml.ScalarNode {
		r.say(n, "needs one word or text here")
		return ""
	}
	return n.Value
}

func (r *reader) texts(n *yaml.Node) []string {
	var out []string
	r.list(n, func(v *yaml.Node) { out = append(out, r.scalar(v)) })
	return out
}

func (r *reader) flag(n *yaml.Node) bool {
	if n.Tag != "!!bool" {
		r.say(n, "needs true or false here")
	}
	return n.Value == "true"
}

func (r *reader) number(n *yaml.Node, most int) int {
	var i int
	if n.Tag != "!!int" || n.Decode(&i) != nil || i < 0 || i > most {
		r.say(n, "needs a whole number from 0 to %d here", most)
		return 0
	}
	return i
}

// choice is one of several words.
func (r *reader) choice(n *yaml.Node, words ...string) string {
	s := r.scalar(n)
	if !slices.Contains(words, s) {
		r.say(n, "%q is not known here; use one of %s", s, strings.Join(words, ", "))
	}
	return s
}
