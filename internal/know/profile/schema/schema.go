// Package schema learns which names arrive and of which types their values are,
// so that expressions can be checked before they run and drift is seen.
//
// A Schema holds names, types and counts, never a value. Names come from
// strangers too: one that looks as if it were data about somebody (an address,
// a long number) is counted under Other. Two Schemas merge in any order. Start
// reading at Schema.
package schema

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/heed-platform/heed/internal/collect/event"
	"github.com/heed-platform/heed/internal/fact"
)

// Type is what a JSON value is, as far as rules care.
type Type uint8

// The types; their numbers are places in Seen.
const (
	Null Type = iota
	Bool
	Number
	Text
	Time // text that is an RFC 3339 time or date
	List
	Object
	types
)

var words = [types]string{"null", "bool", "number", "text", "time", "list", "object"}

// String is the word used in JSON.
func (t Type) String() string {
	if t < types {
		return words[t]
	}
	return "unknown"
}

// TypeOf looks at a checked JSON value.
func TypeOf(value fact.Raw) Type {
	if len(value) == 0 {
		return Null
	}
	switch value[0] {
	case '"':
		if isTime(value) {
			return Time
		}
		return Text
	case '{':
		return Object
	case '[':
		return List
	case 't', 'f':
		return Bool
	case 'n':
		return Null
	}
	return Number
}

func isTime(value fact.Raw) bool {
	if len(value) < len(`"2006-01-02"`) || value[5] != '-' || value[8] != '-' {
		return false
	}
	text, ok := event.Text(value)
	if !ok {
		return false
	}
	if _, err := time.Parse(time.DateOnly, text); err == nil {
		return true
	}
	_, err := time.Parse(time.RFC3339, text)
	return err == nil
}

// Seen counts the values of one name by their type.
type Seen [types]int64

// Type is the one type of the values seen, leaving null out; mixed when there
// are several. Text of which some reads as times is text, and not mixed.
func (s Seen) Type() (t Type, mixed bool) {
	for i := Null + 1; i < types; i++ {
		if s[i] == 0 {
			continue
		}
		switch {
		case t == Null:
			t = i
		case t == Text && i == Time:
		default:
			mixed = true
		}
	}
	return t, mixed
}

// Strays counts values that are not of the most frequent type.
func (s Seen) Strays() int64 {
	s[Text] += s[Time]
	s[Null], s[Time] = 0, 0
	var sum int64
	for _, n := range s {
		sum += n
	}
	return sum - slices.Max(s[:])
}

const (
	// Other stands for names that may be somebody's data, and for names beyond
	// what a Schema holds.
	Other = "(other)"

	maxPaths = 4096
	maxDepth = 3  // traits.address.geo.lat
	maxName  = 64 // bytes
)

// Schema is what was seen, by path: "traits.NAME", members of objects below it,
// "events.NAME" for the properties as a whole and "events.NAME.PROPERTY". The
// zero Schema has seen nothing. It is not safe for use by several goroutines.
type Schema struct{ seen map[string]*Seen }

// Observe takes one checked event in.
func (s *Schema) Observe(e *fact.Event) {
	for name, value := range event.Traits(e) {
		s.value("traits", name, value, 1)
	}
	switch e.Type {
	case fact.Track:
		s.value("events", e.Name, event.Path(e.Raw, "properties"), 1)
	case fact.Page, fact.Screen:
		s.value("events", e.Type.String(), event.Path(e.Raw, "properties"), 1)
	case fact.Identify, fact.Group, fact.Alias:
	}
}

func (s *Schema) value(under, name string, value fact.Raw, depth int) {
	path := under + "." + safe(name)
	t := TypeOf(value)
	s.add(path, t, 1)
	if t == Object && depth < maxDepth {
		for name, value := range event.Members(value) {
			s.value(path, name, value, depth+1)
		}
	}
}

// safe is the name, unless it could be data: something with an @ or with five
// digits in a row.
func safe(name string) string {
	if name == "" || len(name) > maxName || strings.ContainsRune(name, '@') {
		return Other
	}
	digits := 0
	for _, c := range []byte(name) {
		if c < '0' || c > '9' {
			digits = 0
		} else if digits++; digits == 5 {
			return Other
		}
	}
	return name
}

func (s *Schema) add(path string, t Type, n int64) {
	if s.seen == nil {
		s.seen = map[string]*Seen{}
	}
	seen := s.seen[path]
	if seen == nil && len(s.seen) >= maxPaths {
		path = Other
		seen = s.seen[path]
	}
	if seen == nil {
		seen = &Seen{}
		s.seen[path] = seen
	}
	seen[t] += n
}

// Merge adds what o has seen.
func (s *Schema) Merge(o *Schema) {
	for _, path := range o.Paths() {
		for t, n := range o.seen[path] {
			if n > 0 {
				s.add(path, Type(t), n)
			}
		}
	}
}

// Paths are all paths seen, sorted.
func (s *Schema) Paths() []string {
	paths := make([]string, 0, len(s.seen))
	for p := range s.seen {
		paths = append(paths, p)
	}
	slices.Sort(paths)
	return paths
}

// Of is what was seen at a path; ok is false when nothing was.
func (s *Schema) Of(path string) (seen Seen, ok bool) {
	if p := s.seen[path]; p != nil {
		return *p, true
	}
	return Seen{}, false
}

// MarshalJSON writes {path: {type: count}}, sorted.
func (s *Schema) MarshalJSON() ([]byte, error) {
	out := make(map[string]map[string]int64, len(s.seen))
	for path, seen := range s.seen {
		counts := map[string]int64{}
		for t, n := range seen {
			if n > 0 {
				counts[Type(t).String()] = n
			}
		}
		out[path] = counts
	}
	return json.Marshal(out)
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (s *Schema) UnmarshalJSON(b []byte) error {
	var in map[string]map[string]int64
	if err := json.Unmarshal(b, &in); err != nil {
		return err
	}
	s.seen = make(map[string]*Seen, len(in))
	for path, counts := range in {
		seen := &Seen{}
		for word, n := range counts {
			t := slices.Index(words[:], word)
			if t < 0 || n < 0 {
				return fmt.Errorf("schema has no type %q", word)
			}
			seen[t] = n
		}
		s.seen[path] = seen
	}
	return nil
}
