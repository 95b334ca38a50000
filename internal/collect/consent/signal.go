package consent

import (
	"slices"
	"strconv"

	"github.com/heed-platform/heed/internal/collect/event"
	"github.com/heed-platform/heed/internal/fact"
)

// The paths of the signals, as evidence names them.
const (
	atSegment       = "context.consent.categoryPreferences"
	atRudder        = "context.consentManagement"
	atSubscriptions = "context.messaging_subscriptions"
)

// segment reads context.consent: a map of category to yes or no. As in Segment,
// a mapped category that the map leaves out is a no, and one that nobody mapped
// means nothing.
func (l *listener) segment(consent fact.Raw) {
	for name, value := range event.Members(consent) {
		l.carried("context.consent.", name, value)
	}
	prefs := event.Path(consent, "categoryPreferences")
	if isNull(consent) || isObject(consent) && isNull(prefs) {
		return
	}
	sound := isObject(consent) && isObject(prefs)
	said := map[string]bool{}
	for category, word := range event.Members(prefs) {
		said[category] = string(word) == "true"
		sound = sound && (said[category] || string(word) == "false")
	}
	if !sound {
		l.refuse(atSegment, WhyMalformed)
	}
	l.categories(atSegment, func(c string) answer {
		if said[c] {
			return yes
		}
		return no
	}, said, false)
}

// rudder reads context.consentManagement: who is allowed and who is denied. As
// in RudderStack a denial decides, and a category in neither list means nothing.
// With strategy "or" a scope of several categories is denied only when all of
// them are; it takes all of them to open it under either strategy.
func (l *listener) rudder(raw fact.Raw) {
	if isNull(raw) {
		return
	}
	denied, sound := ids(event.Path(raw, "deniedConsentIds"))
	allowed, alsoSound := ids(event.Path(raw, "allowedConsentIds"))
	if !sound || !alsoSound || !isObject(raw) {
		l.refuse(atRudder, WhyMalformed)
	}
	// A list of denials that cannot be read may have denied anything.
	anything := !sound || !isObject(raw)
	named := map[string]bool{}
	for _, c := range append(allowed, denied...) {
		named[c] = true
	}
	strategy, _ := event.Text(event.Path(raw, "resolutionStrategy"))
	l.categories(atRudder, func(c string) answer {
		switch {
		case anything || slices.Contains(denied, c):
			return no
		case slices.Contains(allowed, c):
			return yes
		}
		return silent
	}, named, strategy == "or")
}

// answer is what a tool says of one category.
type answer uint8

const (
	silent answer = iota
	no
	yes
)

// categories turns the answers of a tool into grants. lenient is for a tool
// whose categories close a scope only together.
func (l *listener) categories(where string, of func(category string) answer, named map[string]bool, lenient bool) {
	if l.m == nil {
		return
	}
	l.scopes(l.m.scopes, where, of, lenient)
	for c := range named {
		if !l.m.itself(c) {
			continue
		}
		switch of(c) {
		case yes:
			l.say(Scope{Purpose: c}, fact.Granted, l.method(), where)
		case no:
			l.say(Scope{Purpose: c}, fact.Denied, l.method(), where)
		case silent:
		}
	}
}

// scopes says yes or no to each scope by the answers to its signals.
func (l *listener) scopes(list []mapped, where string, of func(signal string) answer, lenient bool) {
	for _, s := range list {
		var count [3]int
		for _, signal := range s.signals {
			count[of(signal)]++
		}
		all := len(s.signals)
		switch {
		case count[yes] == all:
			l.say(s.scope, fact.Granted, l.method(), where)
		case count[no] == all, count[no] > 0 && !lenient:
			l.say(s.scope, fact.Denied, l.method(), where)
		}
	}
}

// ids reads a list of category ids; sound is false when something else is there.
func ids(raw fact.Raw) (list []string, sound bool) {
	if isNull(raw) {
		return nil, true
	}
	sound = raw[0] == '['
	for v := range event.Elements(raw) {
		if text, ok := event.Text(v); ok {
			list = append(list, text)
		} else {
			// Numbers are ids in some tools; a list or an object is none.
			sound = sound && v[0] != '[' && v[0] != '{'
			list = append(list, string(v))
		}
	}
	return list, sound
}

// GPC reports whether the Sec-GPC headers of a request count: one that is
// exactly "1" is enough, and every other value means nothing, as does none.
func GPC(headers []string) bool { return slices.Contains(headers, "1") }

// GPCPurposes are the purposes that Global Privacy Control objects to: selling,
// sharing, and advertising by and for others. It says nothing about what the
// brand itself does.
func GPCPurposes() []string {
	return []string{"marketing.advertising.third_party", "sales", "third_party_sharing"}
}

func isNull(raw fact.Raw) bool { return len(raw) == 0 || string(raw) == "null" }

func isObject(raw fact.Raw) bool { return len(raw) > 0 && raw[0] == '{' }

func element(where string, i int) string { return where + "[" + strconv.Itoa(i) + "]" }
