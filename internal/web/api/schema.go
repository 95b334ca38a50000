package api

import "maps"

// schema is a JSON Schema as OpenAPI 3.1 writes it.
type schema map[string]any

func text(about string) schema    { return schema{"type": "string", "description": about} }
func integer(about string) schema { return schema{"type": "integer", "description": about} }
func moment(about string) schema {
	return schema{"type": "string", "format": "date-time", "description": about}
}
func list(of schema) schema { return schema{"type": "array", "items": of} }
func listed(about string, of schema) schema {
	return schema{"type": "array", "items": of, "description": about}
}

func choice(about string, words ...string) schema {
	return schema{"type": "string", "enum": words, "description": about}
}

// open is an object whose names the route does not fix.
func open(about string) schema {
	return schema{"type": "object", "description": about, "additionalProperties": true}
}

// prop is one name of an object.
type prop struct {
	name     string
	of       schema
	optional bool
}

func need(name string, of schema) prop { return prop{name: name, of: of} }
func may(name string, of schema) prop  { return prop{name: name, of: of, optional: true} }

// object has these names and no others.
func object(props ...prop) schema {
	all, required := map[string]any{}, []string{}
	for _, p := range props {
		all[p.name] = p.of
		if !p.optional {
			required = append(required, p.name)
		}
	}
	s := schema{"type": "object", "properties": all, "additionalProperties": false}
	if len(required) > 0 {
		s["required"] = required
	}
	return s
}

// names are the names an object may have, and whether it may have others.
func (s schema) names() (known map[string]bool, others bool) {
	known = map[string]bool{}
	props, _ := s["properties"].(map[string]any)
	for name := range maps.Keys(props) {
		known[name] = true
	}
	others, _ = s["additionalProperties"].(bool)
	return known, others
}

// required are the names that an object must have.
func (s schema) required() []string {
	names, _ := s["required"].([]string)
	return names
}
