package form

import (
	"slices"
	"strings"

	"github.com/heed-platform/heed/internal/policy/define"
)

// Form is one form in one language, with what it shows.
type Form struct {
	define.Form

	Shown define.Notice // the notice, in the form's language
	Hash  string        // SHA-256 of the definition, in hexadecimal
}

// Mark is the form's version: short, and another when a word of it or of its
// notice changes.
func (f Form) Mark() string { return f.Hash[:16] + f.Shown.Hash()[:16] }

// Book is every form in force.
type Book struct {
	forms    []Form
	language string
}

// NewBook reads the forms of a workspace. hash gives the SHA-256 of a form's
// definition by its id.
func NewBook(d define.Definitions, hash func(id string) string) *Book {
	b := &Book{language: d.Brand.Language}
	for _, f := range d.Forms {
		for _, n := range d.Notices {
			if n.Ref() == f.Notice && n.Language == f.Language {
				b.forms = append(b.forms, Form{Form: f, Shown: n, Hash: hash(f.ID())})
			}
		}
	}
	return b
}

// Find is a form in the first of the languages that it has, else in the brand's,
// else in whichever it has.
func (b *Book) Find(key string, languages ...string) (Form, bool) {
	var list []Form
	for _, f := range b.forms {
		if f.Key == key {
			list = append(list, f)
		}
	}
	if len(list) == 0 {
		return Form{}, false
	}
	for _, want := range append(slices.Clone(languages), b.language) {
		for _, f := range list {
			if want != "" && strings.EqualFold(f.Language, want) {
				return f, true
			}
		}
	}
	return list[0], true
}

// At lists the keys of the forms of one place, sorted.
func (b *Book) At(place string) []string {
	var keys []string
	for _, f := range b.forms {
		if f.In(place) {
			keys = append(keys, f.Key)
		}
	}
	slices.Sort(keys)
	return slices.Compact(keys)
}
