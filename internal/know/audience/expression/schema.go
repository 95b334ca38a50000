package expression

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Type is what a value is known to be before any person is looked at. The zero
// Type is Mixed, about which nothing is known and nothing is refused.
type Type uint8

// The types a trait can be learned to have.
const (
	Mixed Type = iota
	String
	Number
	Bool
	Time // text that reads as RFC 3339 or as a date
	List
	Object

	// lengthOfTime is what days(3) is; no trait has it.
	lengthOfTime
)

var typeWords = []string{"mixed", "string", "number", "bool", "time", "list", "object"}

// String is the word used in schemas.
func (t Type) String() string {
	if int(t) < len(typeWords) {
		return typeWords[t]
	}
	return ""
}

// MarshalText writes the word.
func (t Type) MarshalText() ([]byte, error) { return []byte(t.String()), nil }

// UnmarshalText reads the word; any other word is an error.
func (t *Type) UnmarshalText(b []byte) error {
	i := slices.Index(typeWords, string(b))
	if i < 0 {
		return fmt.Errorf("use one of %s", strings.Join(typeWords, ", "))
	}
	*t = Type(i)
	return nil
}

// plain is the type in a sentence: "traits.age is …".
func (t Type) plain() string {
	words := [...]string{"anything", "text", "a number", "a yes or no", "a time", "a list", "an object", "a length of time"}
	return words[t]
}

// Schema is what a workspace has learned about its people. Every part may be
// missing; a missing part refuses nothing and warns of nothing.
type Schema struct {
	Traits map[string]Type `json:"traits"`
	Events []string        `json:"events"`

	// Audience gives the compiled expression of another audience, or nil and a
	// sentence that tells the author why not.
	Audience func(key string) (e *Expression, why string) `json:"-"`
}

// traits are the known names, sorted.
func (s Schema) traits() []string { return slices.Sorted(maps.Keys(s.Traits)) }

// Near is the part of a message that offers names much like the given one:
// " Did you mean plan or plans?", or nothing.
func Near(name string, known []string) string {
	type close struct {
		name     string
		distance int
	}
	var found []close
	limit := 1 + len(name)/4
	for _, k := range known {
		if d := distance(strings.ToLower(name), strings.ToLower(k), limit); d <= limit {
			found = append(found, close{k, d})
		}
	}
	if len(found) == 0 {
		return ""
	}
	slices.SortFunc(found, func(a, b close) int {
		return cmp.Or(cmp.Compare(a.distance, b.distance), cmp.Compare(a.name, b.name))
	})
	names := make([]string, 0, 3)
	for _, f := range found[:min(3, len(found))] {
		names = append(names, f.name)
	}
	return " Did you mean " + strings.Join(names, " or ") + "?"
}

// distance is how many letters must be added, dropped, changed or swapped with
// their neighbor to come from a to b; limit+1 stands for any more than limit.
func distance(a, b string, limit int) int {
	if len(a) > len(b)+limit || len(b) > len(a)+limit || len(a) > 200 {
		return limit + 1
	}
	before, last, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := range len(a) {
		row[0] = i + 1
		for j := range len(b) {
			swap := 1
			if a[i] == b[j] {
				swap = 0
			}
			row[j+1] = min(last[j]+swap, last[j+1]+1, row[j]+1)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				row[j+1] = min(row[j+1], before[j-1]+1)
			}
		}
		before, last, row = last, row, before
	}
	return last[len(b)]
}
