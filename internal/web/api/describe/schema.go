// Package describe says what an API takes and answers, as JSON Schema and
// OpenAPI 3.1. Start reading at Document.
package describe

import "maps"

// Schema is a JSON Schema as OpenAPI 3.1 writes it.
type Schema map[string]any

// Text is a text.
func Text(about string) Schema { return Schema{"type": "string", "description": about} }

// Integer is a whole number.
func Integer(about string) Schema { return Schema{"type": "integer", "description": about} }

// Flag is yes or no.
func Flag(about string) Schema { return Schema{"type": "boolean", "description": about} }

// Moment is a time, RFC 3339.
func Moment(about string) Schema {
	return Schema{"type": "string", "format": "date-time", "description": about}
}

// List is a list.
func List(of Schema) Schema { return Schema{"type": "array", "items": of} }

// Listed is a list with a sentence about it.
func Listed(about string, of Schema) Schema {
	return Schema{"type": "array", "items": of, "description": about}
}

// Choice is one of some words.
func Choice(about string, words ...string) Schema {
	return Schema{"type": "string", "enum": words, "description": about}
}

// Open is an object whose names are not fixed.
func Open(about string) Schema {
	return Schema{"type": "object", "description": about, "additionalProperties": true}
}

// Prop is one name of an object.
type Prop struct {
	name     string
	of       Schema
	optional bool
}

// Need is a name that an object always has.
func Need(name string, of Schema) Prop { return Prop{name: name, of: of} }

// May is a name that an object can lack.
func May(name string, of Schema) Prop { return Prop{name: name, of: of, optional: true} }

// Object has these names and no others.
func Object(props ...Prop) Schema {
	all, required := map[string]any{}, []string{}
	for _, p := range props {
		all[p.name] = p.of
		if !p.optional {
			required = append(required, p.name)
		}
	}
	s := Schema{"type": "object", "properties": all, "additionalProperties": false}
	if len(required) > 0 {
		s["required"] = required
	}
	return s
}

// Names are the names an object may have, and whether it may have others.
func (s Schema) Names() (known map[string]bool, others bool) {
	known = map[string]bool{}
	props, _ := s["properties"].(map[string]any)
	for name := range maps.Keys(props) {
		known[name] = true
	}
	others, _ = s["additionalProperties"].(bool)
	return known, others
}

// Required are the names that an object must have.
func (s Schema) Required() []string {
	names, _ := s["required"].([]string)
	return names
}
