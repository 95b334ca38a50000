package consent

import (
	"slices"
	"strconv"
	"strings"

	"github.com/heed-platform/heed/internal/collect/consent/gpp"
	"github.com/heed-platform/heed/internal/collect/consent/tcf"
	"github.com/heed-platform/heed/internal/collect/consent/usp"
	"github.com/heed-platform/heed/internal/collect/event"
	"github.com/heed-platform/heed/internal/fact"
)

// carried reads what a consent tool put into the context, or into its consent
// object, under a name that tools use; IAB… are those of their mobile SDKs. An
// empty string is what tools say before they know: nothing.
func (l *listener) carried(before, name string, value fact.Raw) {
	var read func(where, text string)
	switch name {
	case "tcf", "tcString", "tcfString", "IABTCF_TCString":
		read = l.tcf
	case "gpp", "gppString", "IABGPP_HDR_GppString":
		read = l.gpp
	case "usp", "uspString", "usPrivacy", "us_privacy", "IABUSPrivacy_String":
		read = l.usp
	case "gpc", "globalPrivacyControl":
		// navigator.globalPrivacyControl is true or false; a refusal may be said in
		// more ways than one.
		if slices.Contains([]string{"true", "1", `"1"`, `"true"`}, string(value)) {
			l.gpc(before + name)
		}
		return
	default:
		return
	}
	text, ok := event.Text(value)
	switch {
	case ok && text != "":
		read(before+name, text)
	case !ok && !isNull(value):
		l.refuse(before+name, WhyMalformed)
	}
}

// gpc hears Global Privacy Control.
func (l *listener) gpc(where string) {
	for _, purpose := range GPCPurposes() {
		l.say(Scope{Purpose: purpose}, fact.Objected, MethodGPC, where)
	}
}

// tcf hears a TC string that stands alone.
func (l *listener) tcf(where, text string) {
	c, err := tcf.Decode(text)
	if err != nil {
		l.refuse(where, WhyMalformed)
		return
	}
	l.banner(where, &c, c.Valid())
}

// gpp hears a GPP string. Of one that cannot be read whole, the refusals that
// can be read count.
func (l *listener) gpp(where, text string) {
	s, err := gpp.Decode(text)
	if err != nil {
		l.refuse(where, WhyMalformed)
	}
	for _, section := range s.Sections {
		at := where + " " + section.Name
		if section.Asks() {
			l.banner(at, section, err == nil && section.Valid())
		}
		l.refusals(at, section.Refusals())
	}
}

// usp hears a US privacy string.
func (l *listener) usp(where, text string) {
	p, err := usp.Decode(text)
	if err != nil {
		l.refuse(where, WhyMalformed)
		return
	}
	l.refusals(where, gpp.Refusals{Sale: p.OptedOut()})
}

// banner is what a person answered in the banner of a consent tool.
type banner interface {
	Purpose(p int) tcf.Answer
	SpecialFeature(f int) tcf.Answer
}

// banner hears the answers on every purpose and special feature that the
// workspace maps. In one that is not valid only the refusals count.
func (l *listener) banner(where string, b banner, valid bool) {
	if l.m == nil {
		return
	}
	invalid := false
	l.scopes(l.m.tcf, where, func(signal string) answer {
		switch a := ask(b, signal); {
		case a == tcf.No:
			return no
		case a == tcf.Yes && valid:
			return yes
		case a == tcf.Yes:
			invalid = true
		}
		return silent
	}, false)
	if invalid {
		l.refuse(where, WhyInvalid)
	}
}

// ask is the answer to "purpose.4" or "feature.1".
func ask(b banner, signal string) tcf.Answer {
	kind, text, _ := strings.Cut(signal, ".")
	n, err := strconv.Atoi(text)
	if err != nil {
		return tcf.No
	}
	if kind == "feature" {
		return b.SpecialFeature(n)
	}
	return b.Purpose(n)
}

// refusals hears what a US section says no to. To opt out of sale or sharing is
// what GPC says, by other means; it stops the same.
func (l *listener) refusals(where string, r gpp.Refusals) {
	if r.GPC || r.Sale || r.Sharing {
		l.gpc(where)
	}
	for name, said := range map[string]bool{"sale": r.Sale, "sharing": r.Sharing, "targeted": r.Targeted, "child": r.Child} {
		if !said {
			continue
		}
		for _, scope := range l.optOut(name) {
			l.say(scope, fact.Objected, l.method(), where)
		}
	}
	if l.m == nil || l.m.topics == nil {
		return
	}
	for _, category := range r.Sensitive {
		for _, topic := range l.m.topics(category) {
			l.say(Scope{Topic: topic}, fact.Objected, l.method(), where)
		}
	}
}

func (l *listener) optOut(name string) []Scope {
	if l.m == nil {
		return OptOuts()[name]
	}
	return l.m.optOuts[name]
}
