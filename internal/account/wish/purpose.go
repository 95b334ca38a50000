package wish

import (
	"cmp"
	"slices"
	"strings"

	"github.com/heed-platform/heed/internal/fact"
	"github.com/heed-platform/heed/internal/person"
	"github.com/heed-platform/heed/internal/policy"
	"github.com/heed-platform/heed/internal/policy/define"
)

// Purpose is one thing that data may be used for, if the person lets it be.
type Purpose struct {
	Key, Label string
	Fixed      bool          // cannot be changed here
	Code       string        // why it is off or fixed: the ruling's code
	Uses       []string      // labels of the kinds of data in use for it, fits "your …"
	Notice     define.Notice // the promise that a yes is given under; zero is none
	stops      []fact.Grant  // what the person said against it, newest first
	consent    bool          // it needs a yes, so taking it back is a withdrawal
}

// purposes lists those that concern the person and are theirs to choose.
func (r *reader) purposes() {
	for _, def := range r.defs.Purposes {
		if def.Service || define.Within(def.Key, "essential") {
			continue
		}
		p := Purpose{Key: def.Key, Label: def.Label, consent: def.Basis == define.Consent}
		on := r.ask(&p, def)
		if !r.concerns(p, def, on) {
			continue
		}
		p.Notice = r.promise(p)
		value := Off
		if on {
			value = On
		}
		p.Fixed = p.Fixed || !on && p.Notice.Key == ""
		r.Purposes = append(r.Purposes, p)
		if !p.Fixed {
			r.Choices[Purposes+p.Key] = value
		}
	}
	// What people meet most comes first.
	slices.SortStableFunc(r.Purposes, func(a, b Purpose) int { return cmp.Compare(nearness(a.Key), nearness(b.Key)) })
}

// nearness is how far a purpose is from what people see of it.
func nearness(key string) int {
	for i, family := range []string{"marketing.communications", "personalize", "marketing"} {
		if define.Within(key, family) {
			return i
		}
	}
	return 3
}

// ask asks the gate whether the purpose stands, and notes what it is used with
// and what was said against it.
func (r *reader) ask(p *Purpose, def define.Purpose) (on bool) {
	for _, g := range r.profile.Grants {
		if g.Status != fact.Granted && against(g, def) {
			p.stops = append(p.stops, g)
			// A signal of the browser, and a no to everything, are taken back where
			// they were said.
			p.Fixed = p.Fixed || g.Purpose == "" || g.Method == "gpc"
		}
	}
	uses := map[string]bool{}
	for _, q := range r.questions(def) {
		ruling, fields := r.d.Answer(q) // fields are those withheld
		p.Code = ruling.Code
		switch ruling.Code {
		case policy.CodeAllowed, policy.CodeBreak:
			on = true
		case policy.CodeForbidden, policy.CodeLawSilent, policy.CodeBasisNotAccepted, policy.CodeMinor:
			p.Fixed = true
		}
		if on {
			for path := range r.paths() {
				if _, withheld := fields[path]; !withheld {
					uses[r.rules.Label(path)] = true
				}
			}
		}
		if on {
			p.Code = policy.CodeAllowed
			break
		}
	}
	delete(uses, "")
	for label := range uses {
		p.Uses = append(p.Uses, label)
	}
	slices.Sort(p.Uses)
	return on
}

// paths are the field paths of what the person gave or did.
func (r *reader) paths() map[string]bool {
	out := map[string]bool{}
	for _, a := range r.profile.Attributes {
		out["traits."+a.Name] = true
	}
	for _, c := range r.profile.Counters {
		out["events."+c.Name] = true
	}
	for _, b := range r.profile.Purchases {
		out["purchases."+b.Category] = true
	}
	return out
}

// questions are the uses that a purpose is for: it stands if one of them does.
func (r *reader) questions(def define.Purpose) []policy.Question {
	q := policy.Question{Purpose: def.Key, Now: r.now}
	var out []policy.Question
	switch {
	case define.Within(def.Key, "marketing.communications"):
		q.Use = policy.Contact
		for _, c := range def.Channels {
			q.Channel = c
			out = append(out, q)
		}
		return out
	case define.Within(def.Key, "personalize"), define.Within(def.Key, "marketing.advertising.first_party"):
		q.Use = policy.Personalize
	case define.Within(def.Key, "analytics"):
		q.Use = policy.Measure
	case define.Within(def.Key, "train_ai_system"), define.Within(def.Key, "functional"):
		q.Use = policy.Learn
	default: // it needs somebody outside
		q.Use = policy.Share
		for _, c := range def.Channels {
			for _, to := range r.defs.Recipients {
				q.Recipient, q.Channel = to.Key, c
				out = append(out, q)
			}
		}
		return out
	}
	return []policy.Question{q}
}

// against reports whether a no reaches a whole purpose; one that is about a
// single subject or company does not.
func against(g fact.Grant, def define.Purpose) bool {
	if g.Topic != "" {
		return false
	}
	return define.Within(def.Key, g.Purpose) && (g.Channel == "" || slices.Contains(def.Channels, g.Channel)) || g.Purpose == "" && g.Method != "gpc"
}

// concerns reports whether somebody has a reason to see a purpose: it is in use,
// they spoke about it, or it could reach them.
func (r *reader) concerns(p Purpose, def define.Purpose, on bool) bool {
	if len(p.stops) > 0 || on && len(p.Uses) > 0 {
		return true
	}
	if slices.ContainsFunc(r.profile.Grants, func(g fact.Grant) bool { return g.Purpose == def.Key }) {
		return true
	}
	if p.Fixed {
		return false
	}
	if define.Within(def.Key, "personalize") {
		return true
	}
	return define.Within(def.Key, "marketing.communications") && slices.ContainsFunc(def.Channels, r.reaches)
}

// reaches reports whether there is anything that a channel could reach them by.
func (r *reader) reaches(channel string) bool {
	by := func(spaces ...person.Namespace) bool {
		return slices.ContainsFunc(r.profile.Identifiers, func(n fact.Named) bool { return slices.Contains(spaces, n.NS) })
	}
	switch channel {
	case "email":
		return by(person.Email)
	case "sms":
		return by(person.Phone)
	case "push":
		return by(person.PushToken, person.DeviceID)
	case "post":
		return slices.ContainsFunc(r.profile.Attributes, func(a fact.Attribute) bool { return a.Name == "address" })
	}
	return by(person.UserID, person.AnonymousID)
}

// promise is the notice that a yes to the purpose is given under: the newest
// version of the one they said yes under before, else of one they gave something
// under, else of the one that is about the fewest other things. One that names
// something private is never meant: that opens by its own word.
func (r *reader) promise(p Purpose) define.Notice {
	type candidate struct {
		ref   string
		order [3]int
	}
	var best *candidate
	for _, n := range r.defs.Notices {
		if !r.newest(n) || r.hearsay(n) || !slices.ContainsFunc(n.Covers, func(c define.Cover) bool { return r.rules.Promises(n.Ref(), c.Category, p.Key) }) ||
			slices.ContainsFunc(n.Covers, func(c define.Cover) bool { return r.rules.Sensitive(c.Category) }) {
			continue
		}
		c := candidate{ref: n.Ref(), order: [3]int{1, 1, breadth(n)}}
		about := func(ref string) bool { return strings.HasPrefix(ref, n.Key+"@") }
		if slices.ContainsFunc(r.profile.Grants, func(g fact.Grant) bool { return g.Purpose == p.Key && about(g.Notice) }) {
			c.order[0] = 0
		}
		if r.gave(about) {
			c.order[1] = 0
		}
		if p.consent {
			c.order[1] = 0 // a yes is asked for in the text that asks for little else
		}
		if best == nil || slices.Compare(c.order[:], best.order[:]) < 0 {
			best = &c
		}
	}
	if best == nil {
		return define.Notice{}
	}
	n, _ := r.text(best.ref)
	return n
}

// gave reports whether they gave or did anything under a notice.
func (r *reader) gave(notice func(ref string) bool) bool {
	return slices.ContainsFunc(r.profile.Attributes, func(a fact.Attribute) bool { return notice(a.Notice) }) ||
		slices.ContainsFunc(r.profile.Counters, func(c fact.Counter) bool { return notice(c.Notice) }) ||
		slices.ContainsFunc(r.profile.Purchases, func(b fact.Purchase) bool { return notice(b.Notice) })
}

// hearsay reports whether a notice is about what others told: nobody says yes to
// anything under it.
func (r *reader) hearsay(n define.Notice) bool {
	return slices.ContainsFunc(r.defs.Sources, func(s define.Source) bool {
		return strings.HasPrefix(s.Notice, n.Key+"@") && fact.Origin(s.Origin) == fact.ThirdParty
	})
}

// newest reports whether there is no later version of a notice.
func (r *reader) newest(n define.Notice) bool {
	return !slices.ContainsFunc(r.defs.Notices, func(o define.Notice) bool { return o.Key == n.Key && o.Version > n.Version })
}

// breadth is how many purposes a notice is about.
func breadth(n define.Notice) int {
	var all []string
	for _, c := range n.Covers {
		all = append(all, c.Purposes...)
	}
	slices.Sort(all)
	return len(slices.Compact(all))
}
