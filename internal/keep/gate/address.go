package gate

import (
	"context"
	"encoding/json"
	"errors"
	"slices"

	"github.com/heed-platform/heed/internal/fact"
	"github.com/heed-platform/heed/internal/keep/internal/store"
	"github.com/heed-platform/heed/internal/person"
	"github.com/heed-platform/heed/internal/policy"
)

var (
	errNoAddress = &Denied{Ruling: policy.Ruling{
		Code:     "no_address",
		Marketer: "This person gave no address for the channel.", Person: "We have no address of yours for this channel.",
	}}
	errNotTheirs = &Denied{Ruling: policy.Ruling{
		Code:     "address_not_theirs",
		Marketer: "The address was only typed into a page, and it is known to be somebody else's; its owner can say yes themselves, signed in.",
		Person:   "Somebody typed an address that is not theirs.",
	}}
)

// address is where a message goes: the value that speaks for the attribute, if
// it may be seen and is the person's own. No attribute is no address.
func (g *Gate) address(ctx context.Context, h *held, s *sight, name string) (person.Secret, error) {
	if name == "" {
		return person.Secret{}, nil
	}
	if r, no := s.hides("traits." + name); no {
		return person.Secret{}, &Denied{Ruling: r}
	}
	for _, a := range s.profile.Attributes {
		if address := addressIn(a); a.Name == name && address != "" {
			theirs, err := g.theirs(ctx, h, a)
			if err == nil && !theirs {
				err = errNotTheirs
			}
			return person.Hide(address), err
		}
	}
	return person.Secret{}, errNoAddress
}

// addressIn is the text of an attribute, or nothing.
func addressIn(a fact.Attribute) (address string) {
	if json.Unmarshal([]byte(a.Value.Reveal()), &address) != nil {
		return ""
	}
	return address
}

// theirs reports whether a value may leave as the person's own. An address that
// was merely claimed is not, when verified evidence gives it to somebody else:
// nobody says yes for another by typing their number into a page.
func (g *Gate) theirs(ctx context.Context, h *held, a fact.Attribute) (bool, error) {
	ns := person.Namespace(a.Name)
	if !a.Claimed || ns != person.Email && ns != person.Phone {
		return true, nil
	}
	id, err := g.know.Canonical(person.Ident(ns, addressIn(a)))
	if err != nil {
		return false, nil //nolint:nilerr // nothing can be sent there, and nobody be asked about it
	}
	f, err := g.vault.Find(ctx, id)
	if errors.Is(err, store.ErrNotFound) {
		return true, nil
	}
	if err != nil {
		return false, err
	}
	return !f.Verified || slices.Contains(h.group.Members, f.ID), nil
}

// own is the part of some attributes that may leave as the person's own.
func (g *Gate) own(ctx context.Context, h *held, all []fact.Attribute) ([]fact.Attribute, error) {
	out := make([]fact.Attribute, 0, len(all))
	for _, a := range all {
		theirs, err := g.theirs(ctx, h, a)
		if err != nil {
			return nil, err
		}
		if theirs {
			out = append(out, a)
		}
	}
	return out, nil
}

// attributesOf are those that some field paths read.
func (s *sight) attributesOf(fields []string) []fact.Attribute {
	var out []fact.Attribute
	for _, a := range s.profile.Attributes {
		if slices.ContainsFunc(fields, func(path string) bool { return policy.Within(path, "traits."+a.Name) }) {
			out = append(out, a)
		}
	}
	return out
}
