package gate

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"github.com/heed-platform/heed/internal/fact"
	"github.com/heed-platform/heed/internal/person"
	"github.com/heed-platform/heed/internal/policy"
)

// sight is a profile with everything taken out that the use may not see.
type sight struct {
	profile *fact.Profile
	kase    policy.Case
	kept    map[string]policy.Field // what is withheld, by path
	codes   map[string]string       // why, by path
}

// hides reports whether something of what a path names is withheld, and by which
// ruling. Of a path that nobody understands, everything is.
func (s *sight) hides(path string) (policy.Ruling, bool) {
	root, _, _ := strings.Cut(path, ".")
	if !slices.Contains(roots, root) {
		return policy.Ruling{
			Code: "field_unknown", Missing: path, Marketer: "The message reads something that is no field of a person.",
		}, true
	}
	if f, no := s.kept[path]; no {
		return s.kase.Field(f), true
	}
	for _, kept := range slices.Sorted(maps.Keys(s.kept)) {
		if policy.Within(path, kept) || policy.Within(kept, path) {
			return s.kase.Field(s.kept[kept]), true
		}
	}
	return policy.Ruling{}, false
}

// first is the ruling of the first of the fields that is withheld, or else of the
// first withheld path by name: one reason to name where several hold.
func (s *sight) first(fields []string) policy.Ruling {
	for _, path := range append(slices.Clone(fields), slices.Sorted(maps.Keys(s.kept))...) {
		if f, no := s.kept[path]; no {
			return s.kase.Field(f)
		}
	}
	return policy.Ruling{}
}

func (s *sight) rulings() map[string]policy.Ruling {
	out := make(map[string]policy.Ruling, len(s.kept))
	for path, f := range s.kept {
		out[path] = s.kase.Field(f)
	}
	return out
}

// sees asks about one value and notes it when it is withheld.
func (s *sight) sees(path string, f policy.Field) bool {
	verdict, code := s.kase.Sees(f)
	if verdict == policy.Allow {
		return true
	}
	s.withhold(path, f, code)
	return false
}

func (s *sight) withhold(path string, f policy.Field, code string) {
	if _, already := s.kept[path]; !already {
		s.kept[path], s.codes[path] = f, code
	}
}

// look rules on every value of the person for one use.
func look(d *decision) *sight {
	full := d.held.profile
	s := &sight{kase: d.rules.Case(d.question, d.standing), kept: map[string]policy.Field{}, codes: map[string]string{}}
	s.profile = &fact.Profile{
		Ref: full.Ref, Anchor: full.Anchor, Fragments: full.Fragments, First: full.First, Last: full.Last, Full: full.Full,
		// What the person set about being spoken to is for every use to obey.
		Preference: full.Preference, Contacted: full.Contacted,
		Memberships: d.memberships(full.Memberships), Grants: full.Grants,
	}
	s.attributes(d, full.Attributes)
	s.identifiers(d, full)
	s.counters(d, full.Counters)
	s.purchases(d, full.Purchases)
	s.spends(d, full.Spends)
	return s
}

// attributes keeps, of each name, the best value that the use may see: a person
// may have said under one promise what they did under another.
func (s *sight) attributes(d *decision, all []fact.Attribute) {
	for i := 0; i < len(all); {
		name, found := all[i].Name, false
		path := "traits." + name
		category := d.rules.Category(path)
		var first policy.Field
		var code string
		for ; i < len(all) && all[i].Name == name; i++ {
			if found {
				continue
			}
			a := all[i]
			f := policy.Field{
				Name: path, Category: category, Origin: a.Origin, Notice: a.Notice, At: a.At, Expires: a.Expires, Unconfirmed: d.unconfirmed(a),
			}
			verdict, why := s.kase.Sees(f)
			if verdict == policy.Allow {
				s.profile.Attributes = append(s.profile.Attributes, a)
				found = true
			} else if code == "" {
				first, code = f, why
			}
		}
		if !found {
			s.withhold(path, first, code)
		}
	}
}

// identifiers go with what was said under the same name: an email address is
// usable as an identifier where it is usable as a value, and under the promises
// that this very address was given under, not those of a newer one. What only
// names somebody, such as a cookie, was given under no promise of its own.
func (s *sight) identifiers(d *decision, full *fact.Profile) {
	for _, id := range full.Identifiers {
		path := "identifiers." + string(id.NS)
		f := policy.Field{Name: path, Category: d.rules.Category(path), Origin: fact.Declared, Unconfirmed: addresses(id.NS) && !id.Verified}
		var first policy.Field
		seen := false
		for _, a := range full.Attributes {
			if seen || a.Name != string(id.NS) || !d.spells(a, id.Identifier) {
				continue
			}
			f.Origin, f.Notice, f.At, f.Expires = a.Origin, a.Notice, a.At, a.Expires
			if first.Name == "" {
				first = f
			}
			verdict, _ := s.kase.Sees(f)
			seen = verdict == policy.Allow
		}
		if !seen && first.Name != "" {
			f = first
		}
		if s.sees(path, f) {
			s.profile.Identifiers = append(s.profile.Identifiers, id)
		}
	}
}

// addresses reports whether identifiers of a namespace are addresses that
// messages go to.
func addresses(ns person.Namespace) bool { return ns == person.Email || ns == person.Phone }

// unconfirmed reports whether a value is an address of which nobody has shown
// that it is this person's: it was claimed, and no verified evidence names it.
func (d *decision) unconfirmed(a fact.Attribute) bool {
	if !a.Claimed || !addresses(person.Namespace(a.Name)) {
		return false
	}
	return !slices.ContainsFunc(d.held.profile.Identifiers, func(n fact.Named) bool {
		return n.Verified && string(n.NS) == a.Name && d.spells(a, n.Identifier)
	})
}

// spells reports whether an attribute's value is the identifier, however it was
// written.
func (d *decision) spells(a fact.Attribute, id person.Identifier) bool {
	var value string
	if json.Unmarshal([]byte(a.Value.Reveal()), &value) != nil {
		return false
	}
	if value == id.Value.Reveal() {
		return true
	}
	same, err := d.gate.know.Canonical(person.Ident(id.NS, value))
	return err == nil && same.Value.Equal(id.Value)
}

func (s *sight) counters(d *decision, all []fact.Counter) {
	for _, c := range all {
		path := "events." + c.Name
		if s.sees(path, policy.Field{Name: path, Category: d.rules.Category(path), Origin: fact.Observed, Notice: c.Notice, At: c.Last}) {
			s.profile.Counters = append(s.profile.Counters, c)
		}
	}
}

// purchases are ruled one by one: a purchase in a sensitive category is withheld
// while the rest is seen, and its category's path says that something is.
func (s *sight) purchases(d *decision, all []fact.Purchase) {
	for _, p := range all {
		path := "purchases." + p.Category
		f := policy.Field{Name: path, Category: d.rules.Category(path), Origin: fact.Observed, Notice: p.Notice, At: p.Last}
		if s.sees(path, f) {
			s.profile.Purchases = append(s.profile.Purchases, p)
		} else {
			s.withhold("purchases", f, s.codes[path])
		}
	}
}

func (s *sight) spends(d *decision, all []fact.Spend) {
	for _, c := range all {
		if s.sees("spend", policy.Field{Name: "spend", Category: d.rules.Category("spend"), Origin: fact.Observed, Notice: c.Notice}) {
			s.profile.Spends = append(s.profile.Spends, c)
		}
	}
}

// memberships are visible to the purpose they are kept for; staff and the
// person see all.
func (d *decision) memberships(all []fact.Membership) []fact.Membership {
	if d.question.Use == policy.Operate || d.question.Use == policy.Honor {
		return all
	}
	var out []fact.Membership
	for _, m := range all {
		if m.Purpose == d.question.Purpose {
			out = append(out, m)
		}
	}
	return out
}
