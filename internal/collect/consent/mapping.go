package consent

import (
	"cmp"
	"maps"
	"slices"

	"github.com/heed-platform/heed/internal/person"
)

// Mapping is what the consent tools of a site mean in the words of the
// workspace. Make it with NewMapping; nil maps nothing but addresses.
type Mapping struct {
	scopes        []mapped
	tcf           []mapped
	known         func(purpose string) bool
	canonical     func(ns person.Namespace, value string) (string, bool)
	subscriptions map[string]Scope
	optOuts       map[string][]Scope
	topics        func(category string) []string
}

// mapped is one scope and the signals that must all allow it.
type mapped struct {
	scope   Scope
	signals []string
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
	// TCF says which scopes a purpose or special feature of the Transparency and
	// Consent Framework opens: "purpose.4", "feature.1". A scope named by several
	// needs the yes of all of them.
	TCF map[string][]Scope
	// OptOuts says what the opt-outs of US laws close: "sale", "sharing",
	// "targeted", "child". A name that is missing closes what OptOuts() says.
	OptOuts map[string][]Scope
	// Topics lists the topics that are about a data category or one below it; a
	// refusal of sensitive data closes them. Nil is none.
	Topics func(category string) []string
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

// OptOuts is what the opt-outs of US laws close unless a workspace says more
// exactly. Selling and sharing are closed as Global Privacy Control closes them,
// besides.
func OptOuts() map[string][]Scope {
	return map[string][]Scope{
		"sale":     {{Purpose: "sales"}, {Purpose: "third_party_sharing"}},
		"sharing":  {{Purpose: "marketing.advertising.third_party"}, {Purpose: "third_party_sharing"}},
		"targeted": {{Purpose: "marketing.advertising"}},
		"child":    {{Purpose: "marketing"}, {Purpose: "personalize"}, {Purpose: "sales"}, {Purpose: "third_party_sharing"}},
	}
}

// NewMapping makes a Mapping.
func NewMapping(d Definition) *Mapping {
	m := &Mapping{
		scopes: byScope(d.Categories), tcf: byScope(d.TCF),
		known: d.Purpose, canonical: d.Canonical, topics: d.Topics,
		subscriptions: d.Subscriptions, optOuts: OptOuts(),
	}
	if m.subscriptions == nil {
		m.subscriptions = Subscriptions()
	}
	maps.Copy(m.optOuts, d.OptOuts)
	return m
}

// byScope turns what signals open into which signals open a scope.
func byScope(opens map[string][]Scope) []mapped {
	by := map[Scope][]string{}
	for signal, scopes := range opens {
		for _, s := range scopes {
			if !slices.Contains(by[s], signal) {
				by[s] = append(by[s], signal)
			}
		}
	}
	var list []mapped
	for s, signals := range by {
		slices.Sort(signals)
		list = append(list, mapped{s, signals})
	}
	slices.SortFunc(list, func(a, b mapped) int {
		return cmp.Or(
			cmp.Compare(a.scope.Purpose, b.scope.Purpose), cmp.Compare(a.scope.Channel, b.scope.Channel),
			cmp.Compare(a.scope.Topic, b.scope.Topic),
		)
	})
	return list
}

// itself reports whether a category id is a purpose that stands for itself.
func (m *Mapping) itself(category string) bool {
	if m.known == nil || !m.known(category) {
		return false
	}
	return !slices.ContainsFunc(m.scopes, func(s mapped) bool { return slices.Contains(s.signals, category) })
}
