package audience

import (
	"strings"

	"github.com/heed-platform/heed/internal/know/audience/expression"
	"github.com/heed-platform/heed/internal/know/profile/schema"
)

// Learned is what definitions are checked against, from what has arrived so
// far. Use it where somebody writes or checks a definition; what is live is
// compiled with the zero Schema, so that a new kind of value cannot stop it.
func Learned(s *schema.Schema) expression.Schema {
	out := expression.Schema{Traits: map[string]expression.Type{}}
	for _, path := range s.Paths() {
		root, name, _ := strings.Cut(path, ".")
		if isMember(s, path) || name == schema.Other {
			continue
		}
		switch root {
		case "traits":
			seen, _ := s.Of(path)
			out.Traits[name] = typeOf(seen)
		case "events":
			out.Events = append(out.Events, name)
		}
	}
	return out
}

// isMember reports whether path lies inside an object that was seen, as
// traits.address.city does, and is no name of its own with a dot in it.
func isMember(s *schema.Schema, path string) bool {
	for at := strings.LastIndexByte(path, '.'); at > 0; at = strings.LastIndexByte(path[:at], '.') {
		if seen, ok := s.Of(path[:at]); ok && seen[schema.Object] > 0 {
			return true
		}
	}
	return false
}

func typeOf(seen schema.Seen) expression.Type {
	t, mixed := seen.Type()
	if mixed {
		return expression.Mixed
	}
	return map[schema.Type]expression.Type{
		schema.Bool: expression.Bool, schema.Number: expression.Number, schema.Text: expression.String,
		schema.Time: expression.Time, schema.List: expression.List, schema.Object: expression.Object,
	}[t]
}
