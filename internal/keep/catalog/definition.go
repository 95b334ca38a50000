package catalog

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/heed-platform/heed/internal/policy/define"
)

// Definition is one thing that a team wrote. Key is unique within its kind; a
// notice's is "membership@3/en", one for each version and language. Body is
// canonical JSON, Hash its SHA-256 in hexadecimal.
type Definition struct {
	Kind Kind
	Key  string
	File string // where it was read; "" when it came from the store
	Line int
	Body []byte
	Hash string
	node *yaml.Node
	keep func(*define.Definitions) // adds it to what rules understand
}

// Decode reads the body into a value, refusing keys that the value lacks.
func (d Definition) Decode(into any) error {
	dec := json.NewDecoder(bytes.NewReader(d.Body))
	dec.DisallowUnknownFields()
	if err := dec.Decode(into); err != nil {
		return fmt.Errorf("read %s %s: %w", d.Kind, d.Key, err)
	}
	return nil
}

// At is the line of a path such as "covers.0.purposes.1", or of the nearest
// place above it that the file has.
func (d Definition) At(path string) int {
	line, node := d.Line, d.node
	if path == "" {
		return line
	}
	for step := range strings.SplitSeq(path, ".") {
		if node = child(node, step); node == nil {
			break
		}
		line = node.Line
	}
	return line
}

func child(node *yaml.Node, step string) *yaml.Node {
	if node == nil {
		return nil
	}
	if i, err := strconv.Atoi(step); err == nil && node.Kind == yaml.SequenceNode {
		if i >= 0 && i < len(node.Content) {
			return node.Content[i]
		}
		return nil
	}
	if node.Kind == yaml.MappingNode {
		for i := 0; i+1 < len(node.Content); i += 2 {
			if node.Content[i].Value == step {
				return node.Content[i+1]
			}
		}
	}
	return nil
}

// Fault is one thing wrong in a workspace, and where.
type Fault struct {
	File   string `json:"file"`
	Line   int    `json:"line"`
	Reason string `json:"reason"` // constant words and names of definitions, with how to mend it
}

// String is "notices/membership.yaml:12: …".
func (f Fault) String() string { return fmt.Sprintf("%s:%d: %s", f.File, f.Line, f.Reason) }

// Fault is a fault at a path of this definition.
func (d Definition) Fault(path, reason string) Fault {
	return Fault{File: d.File, Line: d.At(path), Reason: reason}
}
