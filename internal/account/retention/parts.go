package retention

import (
	"slices"

	"github.com/heed-platform/heed/internal/collect/event"
	"github.com/heed-platform/heed/internal/fact"
	"github.com/heed-platform/heed/internal/know/profile/order"
	"github.com/heed-platform/heed/internal/person"
	"github.com/heed-platform/heed/internal/policy"
	"github.com/heed-platform/heed/internal/policy/define"
)

// judgment is one event under the clocks.
type judgment struct {
	c      *Clocks
	e      *fact.Event
	grants []fact.Grant
	known  map[string]bool // by category, whether it is kept
	gone   []string        // categories of the parts that are over
	kept   int             // parts that are not
}

// judge names the categories of what is over, one for each part, and what is
// left: nil when that is nothing. When nothing is over it says nothing.
func (c *Clocks) judge(e *fact.Event, grants []fact.Grant) (gone []string, rest *fact.Event) {
	j := judgment{c: c, e: e, grants: grants, known: map[string]bool{}}
	left := *e
	left.Identifiers = slices.DeleteFunc(slices.Clone(e.Identifiers), func(id person.Identifier) bool {
		return !j.part(c.rules.Category("identifiers." + string(id.NS)))
	})
	told, law := j.subject()
	left.Raw = j.raw(told, law)
	switch {
	case len(j.gone) == 0:
		return nil, nil
	case law != nil:
		if e.Notice == "" && string(left.Raw) == string(e.Raw) {
			return nil, nil // what the law keeps is all that there is
		}
		left.Notice = "" // no promise keeps it, so nobody may use it
		left.Identifiers = e.Identifiers[:min(1, len(e.Identifiers))]
	case j.kept == 0:
		return j.gone, nil
	case !told:
		left.Type, left.Name = fact.Identify, "" // it only says who they are now
	}
	return j.gone, &left
}

// part judges one part of the event and counts it. What nobody gave a category
// goes with the rest.
func (j *judgment) part(category string) bool {
	if category == "" {
		return true
	}
	kept := j.keeps(category)
	if kept {
		j.kept++
	} else {
		j.gone = append(j.gone, category)
	}
	return kept
}

func (j *judgment) keeps(category string) bool {
	kept, known := j.known[category]
	if !known {
		kept = j.c.keeps(j.e, j.grants, category)
		j.known[category] = kept
	}
	return kept
}

// subject judges what the event says happened, and finds the law that keeps it
// though no promise does.
func (j *judgment) subject() (told bool, law *define.Retained) {
	e := j.e
	switch e.Type {
	case fact.Identify, fact.Alias, fact.Group:
		return true, nil // it tells of nothing but its parts
	case fact.Track, fact.Page, fact.Screen:
	}
	doing, hidden := j.things()
	// What no notice covers waits for somebody to see it, and keeps nothing else.
	if j.keeps(doing) || slices.ContainsFunc(hidden, func(category string) bool { return j.c.promised(e, j.grants, category) }) {
		j.kept++
		return true, nil
	}
	if l, ok := j.c.law(e); ok {
		law = &l
	}
	j.gone = append(j.gone, doing)
	return false, law
}

// things are the categories any of which may keep the event: of doing it, and
// of the private things among what was bought or looked at.
func (j *judgment) things() (doing string, hidden []string) {
	r, e := j.c.rules, j.e
	path := "events."
	if e.Type == fact.Track {
		path += e.Name
	}
	doing = r.Category(path)
	if order.RoleOf(e.Name) != order.None {
		doing = r.Category("purchases")
	}
	properties := event.Path(e.Raw, "properties")
	for _, product := range append(slices.Collect(event.Elements(event.Path(properties, "products"))), properties) {
		if category := private(r, product); category != "" {
			hidden = append(hidden, category)
		}
	}
	return doing, hidden
}

// private is the sensitive category of a product's topic; "" where it is a product
// like any other.
func private(r *policy.Rules, product fact.Raw) string {
	shop, _ := event.Text(event.Path(product, "category"))
	if t, ok := r.TopicOf(shop); ok && r.Sensitive(t.Category) {
		return t.Category
	}
	return ""
}
