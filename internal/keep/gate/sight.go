package gate

import (
	"maps"
	"slices"

	"github.com/heed-platform/heed/internal/fact"
	"github.com/heed-platform/heed/internal/policy"
)

// sight is a profile with everything taken out that the use may not see.
type sight struct {
	profile *fact.Profile
	kase    policy.Case
	kept    map[string]policy.Field // what is withheld, by path
	codes   map[string]string       // why, by path
}

// withheld spells the rulings out; codes are enough for rules.
func (s *sight) withheld(path string) (policy.Ruling, bool) {
	f, no := s.kept[path]
	if !no {
		return policy.Ruling{}, false
	}
	return s.kase.Field(f), true
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
			f := policy.Field{Name: path, Category: category, Origin: a.Origin, Notice: a.Notice, At: a.At, Expires: a.Expires}
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

// identifiers go with the attribute of the same name: an email address is
// usable as an identifier in a view where it is usable as a value.
func (s *sight) identifiers(d *decision, full *fact.Profile) {
	for _, id := range full.Identifiers {
		path := "identifiers." + string(id.NS)
		f := policy.Field{Name: path, Category: d.rules.Category(path), Origin: fact.Declared}
		for _, a := range full.Attributes {
			if a.Name == string(id.NS) {
				f.Origin, f.Notice, f.At, f.Expires = a.Origin, a.Notice, a.At, a.Expires
				break
			}
		}
		if s.sees(path, f) {
			s.profile.Identifiers = append(s.profile.Identifiers, id)
		}
	}
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
