package expression

import (
	"github.com/heed-platform/heed/internal/person"
	"github.com/heed-platform/heed/internal/policy"
)

// The roots of the field paths that a Sight withholds by.
const (
	traits      = "traits"
	identifiers = "identifiers"
	events      = "events"
	purchases   = "purchases"
	spend       = "spend"
)

// trait is one attribute, or a place inside it.
type trait struct {
	path  string // "traits.address"
	name  string // "address"
	steps []step // into its JSON
}

func (t trait) value(r *Reading) value {
	if r.hides(traits, t.path) {
		return value{}
	}
	all := r.person.Attributes
	for i := range all {
		a := &all[i]
		if a.Name != t.name {
			continue
		}
		// What has expired is withheld by the next ruling, so it is unknown
		// from that moment on even if the sight is older.
		if a.Expires != 0 && a.Expires <= r.now {
			r.note(t.path, policy.CodeExpired)
			return value{}
		}
		r.wake(a.Expires)
		if a.Value.IsZero() {
			r.note(t.path, CodeNotHeld)
			return value{}
		}
		return follow(read(a.Value.Reveal()), t.steps)
	}
	return r.nothing(t.path)
}

// identifier is the strongest identifier of one namespace.
type identifier struct {
	path string
	ns   person.Namespace
}

func (t identifier) value(r *Reading) value {
	if r.hides(identifiers, t.path) {
		return value{}
	}
	all := r.person.Identifiers
	for i := range all {
		if all[i].NS == t.ns {
			return value{kind: text, s: all[i].Value.Reveal()}
		}
	}
	return r.nothing(t.path)
}

// given is has(…): whether there is a value at all.
type given struct{ of source }

func (t given) judge(r *Reading) policy.Tri {
	v := t.of.value(r)
	if v.kind == unknown {
		return policy.Unknown
	}
	return tri(v.kind != absent)
}
