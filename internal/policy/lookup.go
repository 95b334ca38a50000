package policy

import (
	"slices"
	"strings"

	"github.com/heed-platform/heed/internal/policy/define"
)

// Within reports whether key is parent or lies under it: user.contact holds
// user.contact.email and not user.contactx.
func Within(key, parent string) bool { return define.Within(key, parent) }

// The categories of what the shop sees people do, where no definition says
// something narrower.
const (
	behavior        = "user.behavior"
	purchaseHistory = "user.behavior.purchase_history"
)

// Category is the data category of a field path, and "" for a path that nobody
// has given one: what has no category is withheld. Purchases of a shop category
// that is not defined are purchase history and nothing more.
func (r *Rules) Category(path string) string {
	if r == nil {
		return ""
	}
	if a, ok := r.attributes[path]; ok {
		return a.Category
	}
	head, name, _ := strings.Cut(path, ".")
	switch head {
	case "traits":
		return r.attributes[name].Category
	case "identifiers":
		return r.namespaces[name].Category
	case "purchases":
		if t, ok := r.TopicOf(name); ok {
			return t.Category
		}
		return purchaseHistory
	case "spend":
		return purchaseHistory
	case "events", "memberships":
		return behavior
	}
	return ""
}

// Sensitive reports whether the category lies in one that is defined as
// sensitive.
func (r *Rules) Sensitive(category string) bool {
	if r == nil {
		return false
	}
	if marked, defined := r.marked[category]; defined {
		return marked
	}
	return define.WithinAny(category, r.sensitive)
}

// Purpose looks a definition up.
func (r *Rules) Purpose(key string) (define.Purpose, bool) {
	if r == nil || r.purposes[key] == nil {
		return define.Purpose{}, false
	}
	return r.purposes[key].Purpose, true
}

// Notice looks a version up by its reference ("membership@3"). Its Covers are
// what the text says; Promises is what still holds.
func (r *Rules) Notice(ref string) (define.Notice, bool) {
	if r == nil || r.notices[ref] == nil {
		return define.Notice{}, false
	}
	return r.notices[ref].Notice, true
}

// Recipient looks a definition up.
func (r *Rules) Recipient(key string) (define.Recipient, bool) {
	if r == nil || r.recipients[key] == nil {
		return define.Recipient{}, false
	}
	return r.recipients[key].Recipient, true
}

// Source looks a definition up.
func (r *Rules) Source(key string) (define.Source, bool) {
	if r == nil {
		return define.Source{}, false
	}
	s, ok := r.sources[key]
	return s, ok
}

// TopicOf is the topic of what the shop's own catalog calls a category: the
// last step of its path that any topic knows, or the first that a sensitive
// topic knows.
func (r *Rules) TopicOf(shop string) (define.Topic, bool) {
	if r == nil {
		return define.Topic{}, false
	}
	if t, ok := r.topics[shop]; ok {
		return t, true
	}
	var found define.Topic
	for step := range strings.FieldsFuncSeq(strings.ToLower(shop), func(c rune) bool { return strings.ContainsRune("/>|:;,", c) }) {
		t, ok := r.words[strings.TrimSpace(step)]
		if ok && r.Sensitive(t.Category) {
			return t, true
		}
		if ok {
			found = t
		}
	}
	return found, found.Key != ""
}

// muted is the topic that a person's word stands for, by its key or one of the
// shop's words. A word that nobody knows mutes itself and what lies under it.
func (r *Rules) muted(word string) define.Topic {
	if t, ok := r.TopicOf(word); ok {
		return t
	}
	return define.Topic{Key: word}
}

// Topic looks a topic up by its key.
func (r *Rules) Topic(key string) (define.Topic, bool) {
	if r == nil {
		return define.Topic{}, false
	}
	t, ok := r.topics[key]
	return t, ok
}

// Brand is who speaks.
func (r *Rules) Brand() define.Brand {
	if r == nil {
		return define.Brand{}
	}
	return r.brand
}

// Promises reports whether the notice, with every later version of it, says
// that the category is used for the purpose.
func (r *Rules) Promises(ref, category, purpose string) bool {
	return r != nil && r.notices[ref] != nil && r.holds(r.notices[ref].promised[purpose], category)
}

// Promising lists the notices, sorted, that still promise the category for the
// purpose. An empty list means that no use of it can ever be lawful.
func (r *Rules) Promising(category, purpose string) []string {
	if r == nil {
		return nil
	}
	var refs []string
	for ref := range r.notices {
		if r.Promises(ref, category, purpose) {
			refs = append(refs, ref)
		}
	}
	slices.Sort(refs)
	return refs
}

// Occasion reports whether a purpose may speak in a moment: a service purpose
// only in those it names, any other in every one.
func (r *Rules) Occasion(purpose, moment string) bool {
	p, ok := r.Purpose(purpose)
	return ok && (!p.Service || slices.Contains(p.Occasions, moment))
}

// known reports whether the category is defined, or lies under one that is.
func (r *Rules) known(category string) bool {
	_, ok := r.nearest(category)
	return ok
}

// nearest is the definition of the category or of the closest one above it.
func (r *Rules) nearest(category string) (define.Category, bool) {
	if r == nil {
		return define.Category{}, false
	}
	for key := category; key != ""; {
		if c, ok := r.categories[key]; ok {
			return c, true
		}
		i := strings.LastIndexByte(key, '.')
		if i < 0 {
			break
		}
		key = key[:i]
	}
	return define.Category{}, false
}

// Label is what a field path is called in the brand's words, such as "email
// address"; "" when nobody named it.
func (r *Rules) Label(path string) string {
	if r == nil {
		return ""
	}
	if a, ok := r.attributes[path]; ok {
		return a.Label
	}
	head, name, _ := strings.Cut(path, ".")
	switch head {
	case "traits":
		return r.attributes[name].Label
	case "identifiers":
		return r.namespaces[name].Label
	}
	return r.categories[r.Category(path)].Label
}
