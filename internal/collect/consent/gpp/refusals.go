package gpp

import (
	"slices"
	"strings"

	"github.com/heed-platform/heed/internal/collect/consent/tcf"
)

// Refusals is what one section says no to. The US sections know no yes that
// heed would need: not opting out is silence.
type Refusals struct {
	Sale      bool
	Sharing   bool     // for advertising across companies (California)
	Targeted  bool     // targeted advertising
	GPC       bool     // the browser's signal, passed on
	Child     bool     // a known child, without a parent's consent
	Sensitive []string // Fides data categories, in order
}

// refused is the value that stands for "opted out" and for "no consent".
const refused = 1

// Refusals reads them off the fields.
func (s Section) Refusals() Refusals {
	r := Refusals{
		Sale:     s.says("SaleOptOut") || s.text("OptOutSale") == "Y",
		Sharing:  s.says("SharingOptOut"),
		Targeted: s.says("TargetedAdvertisingOptOut"),
		Child:    s.says(childField),
	}
	r.GPC, _ = s.value(gpcField).(bool)
	l, _ := layoutOf(s.ID)
	places, _ := s.value(sensitiveField).([]int)
	for i, kind := range strings.Fields(l.sensitive) {
		if i < len(places) && places[i] == refused {
			r.Sensitive = append(r.Sensitive, categories(kind)...)
		}
	}
	slices.Sort(r.Sensitive)
	r.Sensitive = slices.Compact(r.Sensitive)
	return r
}

// categories are the kinds of sensitive data that US laws name, as Fides data
// categories.
func categories(kind string) []string {
	switch kind {
	case "origin":
		return []string{"user.demographic.race_ethnicity"}
	case "faith":
		return []string{"user.demographic.philosophical_belief", "user.demographic.religious_belief"}
	case "health":
		return []string{"user.health"}
	case "sex":
		return []string{"user.demographic.sexual_orientation", "user.health.reproductive_or_sexual"}
	case "gender":
		return []string{"user.demographic.gender"}
	case "citizenship":
		return []string{"user.demographic.citizenship_or_immigration_status"}
	case "genes":
		return []string{"user.health.genetic"}
	case "body":
		return []string{"user.biometrics"}
	case "place":
		return []string{"user.location.precise"}
	case "papers":
		return []string{"user.government_id"}
	case "account":
		return []string{"user.financial"}
	case "union":
		return []string{"user.demographic.union_membership"}
	case "mail":
		return []string{"user.content.private"}
	case "victim":
		return []string{"user.criminal_history"}
	}
	return nil
}

func (s Section) value(name string) any {
	for _, f := range s.Fields {
		if f.Name == name {
			return f.Value
		}
	}
	return nil
}

func (s Section) text(name string) string {
	text, _ := s.value(name).(string)
	return text
}

// says reports whether a field, or any place of a list, is a refusal.
func (s Section) says(name string) bool {
	switch v := s.value(name).(type) {
	case int:
		return v == refused
	case []int:
		return slices.Contains(v, refused)
	}
	return false
}

// Asks reports whether the section answers for purposes: those of the TCF.
func (s Section) Asks() bool { return s.ID == tcfEU || s.ID == tcfCA }

// Valid reports whether a yes in the section may count; see tcf.Consent.Valid.
func (s Section) Valid() bool {
	if s.TCF != nil {
		return s.TCF.Valid()
	}
	cmp, _ := s.value("CmpId").(int)
	return s.ID == tcfCA && cmp >= 2
}

// Purpose is the answer on a purpose of the TCF. In Canada, implied consent is
// what nobody objected to: Silent. A section that does not ask says No.
func (s Section) Purpose(p int) tcf.Answer {
	own, _ := s.value(pubExpressField).([]bool)
	switch {
	case s.TCF != nil:
		return s.TCF.Purpose(p)
	case s.flag(expressField, p) && (!slices.Contains(own, true) || s.flag(pubExpressField, p)):
		return tcf.Yes
	case s.flag(impliedField, p):
		return tcf.Silent
	}
	return tcf.No
}

// SpecialFeature is the answer on a special feature of the TCF.
func (s Section) SpecialFeature(f int) tcf.Answer {
	switch {
	case s.TCF != nil:
		return s.TCF.SpecialFeature(f)
	case s.flag("SpecialFeatureExpressConsent", f):
		return tcf.Yes
	}
	return tcf.No
}

func (s Section) flag(name string, n int) bool {
	flags, _ := s.value(name).([]bool)
	return n >= 1 && n <= len(flags) && flags[n-1]
}
