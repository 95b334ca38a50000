package gate

import (
	"encoding/json"
	"strings"
	"time"

	"github.com/heed-platform/heed/internal/clock"
	"github.com/heed-platform/heed/internal/fact"
	"github.com/heed-platform/heed/internal/policy"
)

// adultAge is when nobody's pack treats a person as a minor any more.
const adultAge = 18

// standingOf is what is in force for a person, read from their own profile
// before any purpose may see it: the rules need it to say what may be seen.
func standingOf(r *policy.Rules, p *fact.Profile) policy.Standing {
	s := policy.Standing{
		Jurisdiction: jurisdictionOf(p), Grants: p.Grants,
		Muted: p.Preference.Muted, Break: p.Preference.Break, Minor: minorOf(p),
	}
	for _, b := range p.Purchases {
		if b.Quantity > 0 && !b.Gift {
			s.Purchased = append(s.Purchased, r.Category("purchases."+b.Category))
		}
	}
	return s
}

// jurisdictionOf is where the person said they live; "" lets the strictest law
// speak.
func jurisdictionOf(p *fact.Profile) string {
	for _, name := range []string{"jurisdiction", "country"} {
		if v, ok := text(p, name); ok && len(v) <= 6 {
			return strings.ToUpper(v)
		}
	}
	for _, a := range p.Attributes {
		var address struct {
			Country string `json:"country"`
			State   string `json:"state"`
		}
		if a.Name == "address" && a.Origin == fact.Declared && json.Unmarshal([]byte(a.Value.Reveal()), &address) == nil && len(address.Country) == 2 {
			if len(address.State) == 2 {
				return strings.ToUpper(address.Country + "-" + address.State)
			}
			return strings.ToUpper(address.Country)
		}
	}
	return ""
}

// minorOf reads a birthday that the person declared; without one it is unknown.
func minorOf(p *fact.Profile) policy.Tri {
	for _, name := range []string{"birthday", "birth_date", "date_of_birth"} {
		v, ok := text(p, name)
		if !ok || len(v) < len(time.DateOnly) {
			continue
		}
		born, err := time.Parse(time.DateOnly, v[:len(time.DateOnly)])
		if err != nil {
			continue
		}
		if p.Last >= clock.At(born.AddDate(adultAge, 0, 0)) {
			return policy.No
		}
		return policy.Yes
	}
	return policy.Unknown
}

func text(p *fact.Profile, name string) (string, bool) {
	for _, a := range p.Attributes {
		var s string
		if a.Name == name && a.Origin == fact.Declared && json.Unmarshal([]byte(a.Value.Reveal()), &s) == nil {
			return s, true
		}
	}
	return "", false
}
