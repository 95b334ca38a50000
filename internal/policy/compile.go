package policy

import (
	"cmp"
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
	marked     map[string]bool   // whether a defined category is sensitive: asked for every value
	clocked    []define.Category // that end by themselves
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

	promised map[string][]string // by purpose, the categories that this and every later version promise
	later    *notice             // the next version
	clocks   bool                // this or a later version ends by itself
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
		if c.KeepDays > 0 {
			r.clocked = append(r.clocked, c)
		}
	}
	r.marked = make(map[string]bool, len(d.Categories))
	for _, c := range d.Categories {
		r.marked[c.Key] = define.WithinAny(c.Key, r.sensitive)
	}
	r.words = map[string]define.Topic{}
	for _, t := range d.Topics {
		r.words[t.Key] = t
		for _, w := range t.Words {
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
	newestFirst := slices.Clone(list)
	slices.SortStableFunc(newestFirst, func(a, b define.Notice) int {
		return cmp.Or(b.Version-a.Version, r.foreign(a)-r.foreign(b), strings.Compare(a.Language, b.Language))
	})
	later := map[string]*notice{}
	for _, n := range newestFirst {
		if _, known := r.notices[n.Ref()]; known {
			continue // another language of the same version: same promise
		}
		c := &notice{Notice: n, promised: r.promises(n.Covers)}
		c.clocks = n.KeepDays > 0 || slices.ContainsFunc(n.Covers, func(v define.Cover) bool { return v.KeepDays > 0 })
		if l := later[n.Key]; l != nil {
			r.narrow(c.promised, l.promised)
			c.later, c.clocks = l, c.clocks || l.clocks
		}
		r.notices[n.Ref()] = c
		later[n.Key] = c
	}
}

// foreign is 0 for a text in the brand's language, whose title rulings name.
func (r *Rules) foreign(n define.Notice) int {
	if n.Language == r.brand.Language {
		return 0
	}
	return 1
}

// promises turns what a notice says into the categories of each purpose.
func (r *Rules) promises(covers []define.Cover) map[string][]string {
	promised := map[string][]string{}
	for key, p := range r.purposes {
		for _, c := range covers {
			if p.covers(c.Purposes) {
				promised[key] = append(promised[key], c.Category)
			}
		}
	}
	return promised
}

// narrow keeps what a later version promises as well, purpose by purpose: of two
// categories one above the other, the lower one.
func (r *Rules) narrow(promised, later map[string][]string) {
	for purpose, mine := range promised {
		var both []string
		for _, category := range slices.Concat(mine, later[purpose]) {
			if r.holds(mine, category) && r.holds(later[purpose], category) && !slices.Contains(both, category) {
				both = append(both, category)
			}
		}
		promised[purpose] = both
	}
}

// holds reports whether one of the promised categories holds this one. A broad
// category does not reach a sensitive one below it.
func (r *Rules) holds(promised []string, category string) bool {
	for _, p := range promised {
		if define.Within(category, p) && (!r.Sensitive(category) || r.Sensitive(p)) {
			return true
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
