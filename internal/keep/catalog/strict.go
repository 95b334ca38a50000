package catalog

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// maxDepth bounds how deep a definition nests.
const maxDepth = 32

// strict walks a definition beside its shape and says what is wrong. A nil
// shape allows any keys, for kinds that other packages read.
type strict struct {
	file   string
	faults []Fault
}

func (s *strict) say(n *yaml.Node, format string, args ...any) {
	s.faults = append(s.faults, Fault{s.file, n.Line, fmt.Sprintf(format, args...)})
}

func (s *strict) check(n, shape *yaml.Node, depth int) {
	switch {
	case depth > maxDepth:
		s.say(n, "nests deeper than %d; write it flatter", maxDepth)
	case n.Kind == yaml.AliasNode || n.Anchor != "":
		s.say(n, "anchors and aliases are not read; write the value out")
	case n.Kind == yaml.ScalarNode:
		s.scalar(n, shape)
	case shape != nil && n.Kind != shape.Kind:
		s.say(n, "needs %s here", kindWords(shape))
	case n.Kind == yaml.SequenceNode:
		var element *yaml.Node
		if shape != nil && len(shape.Content) > 0 {
			element = shape.Content[0]
		}
		for _, v := range n.Content {
			s.check(v, element, depth+1)
		}
	case n.Kind == yaml.MappingNode:
		s.mapping(n, shape, depth)
	}
}

func (s *strict) mapping(n, shape *yaml.Node, depth int) {
	seen := map[string]bool{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		k, v := n.Content[i], n.Content[i+1]
		if k.Kind != yaml.ScalarNode || k.Tag != "!!str" {
			s.say(k, "a key is a word")
			continue
		}
		if seen[k.Value] {
			s.say(k, "%s is said twice", k.Value)
		}
		seen[k.Value] = true
		var want *yaml.Node
		if shape != nil {
			if want = child(shape, k.Value); want == nil {
				s.say(k, "%s is not a key here; use one of %s", k.Value, strings.Join(keysOf(shape), ", "))
				continue
			}
		}
		s.check(v, want, depth+1)
	}
}

func (s *strict) scalar(n, shape *yaml.Node) {
	switch {
	case n.Tag == "!!null":
		s.say(n, "has no value; write one or leave the key out")
	case n.Tag == "!!timestamp" || n.Tag == "!!binary" || n.Tag == "!!merge":
		s.say(n, "write this in quotes")
	case shape == nil:
	case shape.Kind != yaml.ScalarNode, shape.Tag != n.Tag && !(shape.Tag == "!!float" && n.Tag == "!!int"):
		s.say(n, "needs %s here", kindWords(shape))
	}
}

func kindWords(shape *yaml.Node) string {
	switch {
	case shape.Kind == yaml.MappingNode:
		return "keys with values (" + strings.Join(keysOf(shape), ", ") + ")"
	case shape.Kind == yaml.SequenceNode:
		return "a list"
	case shape.Tag == "!!int":
		return "a whole number"
	case shape.Tag == "!!float":
		return "a number"
	case shape.Tag == "!!bool":
		return "true or false"
	}
	return "text, in quotes if it looks like a number or a date"
}

func keysOf(shape *yaml.Node) []string {
	var keys []string
	for i := 0; i+1 < len(shape.Content); i += 2 {
		keys = append(keys, shape.Content[i].Value)
	}
	return keys
}

// canonical writes a checked node as JSON with sorted keys.
func canonical(n *yaml.Node) ([]byte, error) {
	switch n.Kind {
	case yaml.SequenceNode:
		return list("[", "]", len(n.Content), func(i int) ([]byte, error) { return canonical(n.Content[i]) })
	case yaml.MappingNode:
		at := make([]int, 0, len(n.Content)/2)
		for i := 0; i+1 < len(n.Content); i += 2 {
			at = append(at, i)
		}
		slices.SortFunc(at, func(a, b int) int { return strings.Compare(n.Content[a].Value, n.Content[b].Value) })
		return list("{", "}", len(at), func(i int) ([]byte, error) {
			k, err := json.Marshal(n.Content[at[i]].Value)
			if err != nil {
				return nil, err
			}
			v, err := canonical(n.Content[at[i]+1])
			return append(append(k, ':'), v...), err
		})
	case yaml.ScalarNode:
		return scalar(n)
	case yaml.DocumentNode, yaml.AliasNode:
	}
	return nil, fmt.Errorf("line %d holds neither a value, a list nor keys", n.Line)
}

func scalar(n *yaml.Node) ([]byte, error) {
	switch n.Tag {
	case "!!int":
		var i int64
		err := n.Decode(&i)
		return strconv.AppendInt(nil, i, 10), err
	case "!!float":
		var f float64
		if err := n.Decode(&f); err != nil {
			return nil, err
		}
		return json.Marshal(f)
	case "!!bool":
		var b bool
		err := n.Decode(&b)
		return strconv.AppendBool(nil, b), err
	}
	return json.Marshal(n.Value)
}

func list(open, end string, count int, item func(int) ([]byte, error)) ([]byte, error) {
	b := []byte(open)
	for i := range count {
		if i > 0 {
			b = append(b, ',')
		}
		v, err := item(i)
		if err != nil {
			return nil, err
		}
		b = append(b, v...)
	}
	return append(b, end...), nil
}

func hash(body []byte) string {
	sum := sha256.Sum256(body)
	return hex.EncodeToString(sum[:])
}

// culprit finds the place that try refuses, by showing it the definition one
// part at a time: a decoder knows what it dislikes, and not always where.
func culprit(n *yaml.Node, try func(*yaml.Node) error) *yaml.Node {
	step := 1
	if n.Kind == yaml.MappingNode {
		step = 2
	}
	for i := 0; i+step <= len(n.Content); i += step {
		part := n.Content[i : i+step]
		within := func(v *yaml.Node) error {
			shell := *n
			shell.Content = append(slices.Clone(part[:step-1]), v)
			return try(&shell)
		}
		if v := part[step-1]; within(v) != nil {
			return culprit(v, within)
		}
	}
	return n
}
