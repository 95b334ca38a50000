package policy

import (
	"slices"
	"strings"

	"github.com/heed-platform/heed/internal/policy/define"
	"github.com/heed-platform/heed/internal/problem"
)

// Rules are compiled definitions. They are immutable and safe for concurrent
// use; nil and the zero Rules deny everything.
type Rules struct {
	purposes   map[string]*purpose
	categories map[string]define.Category
	sensitive  []string
	notices    map[string]*notice
	recipients map[string]*recipient
	sources    map[string]define.Source
	attributes map[string]define.Attribute
	topics     map[string]define.Topic
	namespaces map[string]define.Namespace
	words      map[string]define.Topic // by the shop's words, in lower case
	channels   map[string]bool         // that any purpose may use
	exact      map[string]*law         // by jurisdiction that a pack lists, or the country of one
	within     map[string]*law         // by country, for parts of it that no pack lists
	strictest  *law
	brand      define.Brand
}

type purpose struct {
	define.Purpose

	parents []string // purposes above it whose yes is a yes to it
}

type notice struct {
	define.Notice

	hash  string
	bound []define.Cover // what this and every later version promise
}

type recipient struct {
	define.Recipient

	cleared bool // approved, and so is everyone it passes data to
}

var errDefinitions = problem.New(problem.Invalid, "definitions-invalid",
	"The definitions contradict themselves; mend the places named and apply again.")

// Compile checks the definitions and makes Rules of them. The problem is
// definitions-invalid, with every fault as kind/key and reason.
func Compile(d define.Definitions) (*Rules, error) {
	if faults := d.Faults(); len(faults) > 0 {
		err := errDefinitions
		for _, f := range faults {
			err = err.At(f.Place(), f.Reason)
		}
		return nil, err
	}
	r := &Rules{
		purposes:   map[string]*purpose{},
		categories: index(d.Categories, func(c define.Category) string { return c.Key }),
		notices:    map[string]*notice{},
		channels:   map[string]bool{},
		recipients: map[string]*recipient{},
		sources:    index(d.Sources, func(s define.Source) string { return s.Key }),
		attributes: index(d.Attributes, func(a define.Attribute) string { return a.Name }),
		topics:     index(d.Topics, func(c define.Topic) string { return c.Key }),
		namespaces: index(d.Namespaces, func(n define.Namespace) string { return n.Key }),
		brand:      d.Brand,
		sensitive:  define.AlwaysSensitive(),
	}
	for _, c := range d.Categories {
		if c.Sensitive {
			r.sensitive = append(r.sensitive, c.Key)
		}
	}
	r.words = map[string]define.Topic{}
	for _, t := range d.Topics {
		for _, w := range append(t.Words, t.Key) {
			r.words[strings.ToLower(w)] = t
		}
	}
	r.compilePurposes(d.Purposes)
	r.compileNotices(d.Notices)
	r.compileRecipients(d.Recipients)
	r.compileLaws(d.Packs)
	return r, nil
}

func index[T any](list []T, key func(T) string) map[string]T {
	m := make(map[string]T, len(list))
	for _, v := range list {
		m[key(v)] = v
	}
	return m
}

func (r *Rules) compilePurposes(list []define.Purpose) {
	for _, p := range list {
		c := &purpose{Purpose: p, parents: []string{p.Key}}
		for _, channel := range p.Channels {
			r.channels[channel] = true
		}
		for _, o := range list {
			if o.CoversChildren && o.Key != p.Key && define.Within(p.Key, o.Key) {
				c.parents = append(c.parents, o.Key)
			}
		}
		r.purposes[p.Key] = c
	}
}

// compileNotices narrows each version to what all later versions still promise:
// a wider promise waits for the person, a narrower one holds at once.
func (r *Rules) compileNotices(list []define.Notice) {
	byAge := slices.Clone(list)
	slices.SortStableFunc(byAge, func(a, b define.Notice) int { return b.Version - a.Version })
	newer := map[string]*notice{}
	for _, n := range byAge {
		if _, known := r.notices[n.Ref()]; known {
			continue // another language of the same version: same promise
		}
		c := &notice{Notice: n, hash: n.Hash(), bound: n.Covers}
		if later := newer[n.Key]; later != nil {
			c.bound = r.narrow(n.Covers, later)
		}
		r.notices[n.Ref()] = c
		newer[n.Key] = c
	}
}

// narrow keeps of covers what later promises as well, purpose by purpose, for
// each category that either of them names.
func (r *Rules) narrow(covers []define.Cover, later *notice) []define.Cover {
	var kept []define.Cover
	for _, c := range covers {
		for _, category := range named(c.Category, later.bound) {
			var purposes []string
			for key := range r.purposes {
				if r.promises([]define.Cover{c}, category, key) && r.promises(later.bound, category, key) {
					purposes = append(purposes, key)
				}
			}
			slices.Sort(purposes)
			if len(purposes) > 0 {
				kept = append(kept, define.Cover{Category: category, Purposes: purposes})
			}
		}
	}
	return kept
}

// named is category and whatever the covers name below it.
func named(category string, covers []define.Cover) []string {
	list := []string{category}
	for _, c := range covers {
		if c.Category != category && define.Within(c.Category, category) {
			list = append(list, c.Category)
		}
	}
	return list
}

// promises reports whether one of the covers holds the category and names the
// purpose, or a purpose whose yes reaches it. A cover that names a broad
// category does not reach a sensitive one below it.
func (r *Rules) promises(covers []define.Cover, category, purposeKey string) bool {
	p := r.purposes[purposeKey]
	if p == nil || category == "" {
		return false
	}
	for _, c := range covers {
		if !define.Within(category, c.Category) || r.Sensitive(category) && !r.Sensitive(c.Category) {
			continue
		}
		for _, named := range c.Purposes {
			if slices.Contains(p.parents, named) {
				return true
			}
		}
	}
	return false
}

func (r *Rules) compileRecipients(list []define.Recipient) {
	for _, v := range list {
		r.recipients[v.Key] = &recipient{Recipient: v}
	}
	for _, v := range r.recipients {
		v.cleared = r.approved(v.Key, map[string]bool{})
	}
}

func (r *Rules) approved(key string, seen map[string]bool) bool {
	v := r.recipients[key]
	if v == nil || !v.Approved {
		return false
	}
	seen[key] = true
	for _, sub := range v.Sub {
		if !seen[sub] && !r.approved(sub, seen) {
			return false
		}
	}
	return true
}

// covers reports whether any of the purpose keys in list is p or a purpose
// whose yes reaches p.
func (p *purpose) covers(list []string) bool {
	for _, key := range list {
		if slices.Contains(p.parents, key) {
			return true
		}
	}
	return false
}
