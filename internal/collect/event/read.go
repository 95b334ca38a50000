package event

import (
	"iter"

	"github.com/heed-platform/heed/internal/collect/event/strict"
	"github.com/heed-platform/heed/internal/fact"
)

// Path returns the value that a path of names leads to in a checked event,
// "context.consent", as it was written, or nil. It is total: on other bytes it
// may find nonsense, but it returns.
func Path(raw fact.Raw, path string) fact.Raw { return strict.Find(raw, path) }

// Members yields the names of a JSON object and their values, as written, and
// nothing for any other value.
func Members(raw fact.Raw) iter.Seq2[string, fact.Raw] {
	return func(yield func(string, fact.Raw) bool) {
		for name, value := range strict.Members(raw) {
			if !yield(name, value) {
				return
			}
		}
	}
}

// Elements yields the elements of a JSON list, as written, and nothing for any
// other value.
func Elements(raw fact.Raw) iter.Seq[fact.Raw] {
	return func(yield func(fact.Raw) bool) {
		for value := range strict.Elements(raw) {
			if !yield(value) {
				return
			}
		}
	}
}

// Text is the text of a JSON string; ok is false for any other value.
func Text(raw fact.Raw) (text string, ok bool) { return strict.Text(raw) }

// Traits yields what an event says about its person: for identify context.traits
// overlaid by traits, for every other type context.traits. (The traits of a
// group call are the group's: Path(raw, "traits").) A value of null was said,
// and takes an attribute back.
func Traits(e *fact.Event) iter.Seq2[string, fact.Raw] {
	around := Path(e.Raw, "context.traits")
	if e.Type != fact.Identify {
		return Members(around)
	}
	own := Path(e.Raw, "traits")
	if around == nil {
		return Members(own)
	}
	return func(yield func(string, fact.Raw) bool) {
		said := map[string]bool{}
		for name := range strict.Members(own) {
			said[name] = true
		}
		for name, value := range strict.Members(around) {
			if !said[name] && !yield(name, value) {
				return
			}
		}
		for name, value := range strict.Members(own) {
			if !yield(name, value) {
				return
			}
		}
	}
}

// Properties yields the properties of an event.
func Properties(raw fact.Raw) iter.Seq2[string, fact.Raw] {
	return Members(Path(raw, "properties"))
}
