package consent

import (
	"cmp"
	"slices"

	"github.com/heed-platform/heed/internal/person"
)

// Mapping is what the consent tools of a site mean in the words of the
// workspace. Make it with NewMapping; nil maps nothing but addresses.
type Mapping struct {
	scopes        []mapped
	known         func(purpose string) bool
	canonical     func(ns person.Namespace, value string) (string, bool)
	subscriptions map[string]Scope
}

// mapped is one scope and the categories that must all allow it.
type mapped struct {
	scope      Scope
	categories []string
}

// Definition is a Mapping before it is made.
type Definition struct {
	// Categories says which scopes a category of the site's consent tool opens.
	// A scope named by several categories needs the yes of all of them.
	Categories map[string][]Scope
	// Purpose reports whether a category id is a purpose of the workspace; such
	// an id that Categories does not name means that purpose. Nil is none.
	Purpose func(key string) bool
	// Subscriptions says what a subscription by EMAIL, SMS or WhatsApp is for.
	// Nil is Subscriptions().
	Subscriptions map[string]Scope
	// Canonical is the form under which an address is found, as in
	// event.Source. Nil takes every value as it is.
	Canonical func(ns person.Namespace, value string) (string, bool)
}

// Subscriptions is what subscriptions are for unless a workspace says otherwise:
// marketing by that channel. There is no common purpose for WhatsApp.
func Subscriptions() map[string]Scope {
	return map[string]Scope{
		"EMAIL": {Purpose: "marketing.communications.email", Channel: "email"},
		"SMS":   {Purpose: "marketing.communications.sms", Channel: "sms"},
	}
}

// NewMapping makes a Mapping.
func NewMapping(d Definition) *Mapping {
	m := &Mapping{known: d.Purpose, canonical: d.Canonical, subscriptions: d.Subscriptions}
	if m.subscriptions == nil {
		m.subscriptions = Subscriptions()
	}
	by := map[Scope][]string{}
	for category, scopes := range d.Categories {
		for _, s := range scopes {
			if !slices.Contains(by[s], category) {
				by[s] = append(by[s], category)
			}
		}
	}
	for s, categories := range by {
		slices.Sort(categories)
		m.scopes = append(m.scopes, mapped{s, categories})
	}
	slices.SortFunc(m.scopes, func(a, b mapped) int {
		return cmp.Or(
			cmp.Compare(a.scope.Purpose, b.scope.Purpose), cmp.Compare(a.scope.Channel, b.scope.Channel),
			cmp.Compare(a.scope.Topic, b.scope.Topic),
		)
	})
	return m
}

// itself reports whether a category id is a purpose that stands for itself.
func (m *Mapping) itself(category string) bool {
	if m.known == nil || !m.known(category) {
		return false
	}
	return !slices.ContainsFunc(m.scopes, func(s mapped) bool { return slices.Contains(s.categories, category) })
}
