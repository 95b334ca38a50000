package gate

import (
	"encoding/json"
	"strings"
	"time"

	"github.com/heed-platform/heed/internal/clock"
	"github.com/heed-platform/heed/internal/fact"
	"github.com/heed-platform/heed/internal/policy"
)

// standingOf is what is in force for a person, read from their own profile
// before any purpose may see it: the rules need it to say what may be seen.
func standingOf(r *policy.Rules, p *fact.Profile, now clock.Instant) policy.Standing {
	s := policy.Standing{
		Jurisdiction: jurisdictionOf(p), Grants: p.Grants,
		Muted: p.Preference.Muted, Break: p.Preference.Break, Purchased: purchasedOf(r, p.Purchases),
	}
	s.Minor = minorOf(p, r.Majority(s.Jurisdiction), now)
	return s
}

// purchasedOf are the categories of what the person bought for themselves and
// kept, as far as a promise that we know covers the purchase. A thing may stand
// there under several promises, and have come back under another.
func purchasedOf(r *policy.Rules, all []fact.Purchase) []string {
	var out []string
	for from := 0; from < len(all); {
		to, kept, plain := from, int64(0), ""
		for ; to < len(all) && all[to].Item == all[from].Item && all[to].Variant == all[from].Variant; to++ {
			b := &all[to]
			kept += b.Quantity
			if _, known := r.Notice(b.Notice); known && b.Quantity > 0 && !b.Gift {
				plain = r.Category("purchases." + b.Category)
			}
		}
		if kept > 0 && plain != "" {
			out = append(out, plain)
		}
		from = to
	}
	return out
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

// oldest is the age above which a birthday is what somebody typed to get on.
const oldest = 120

// minorOf reads the birthdays that the person declared. Whoever is a minor by
// one of them is one; without any that makes sense it is unknown.
func minorOf(p *fact.Profile, majority int, now clock.Instant) policy.Tri {
	minor := policy.Unknown
	for _, a := range p.Attributes {
		var v string
		if a.Name != "birthday" && a.Name != "birth_date" && a.Name != "date_of_birth" || a.Origin != fact.Declared ||
			json.Unmarshal([]byte(a.Value.Reveal()), &v) != nil || len(v) < len(time.DateOnly) {
			continue
		}
		born, err := time.Parse(time.DateOnly, v[:len(time.DateOnly)])
		switch today := now.Time(); {
		case err != nil || today.After(born.AddDate(oldest, 0, 0)):
		case today.Before(born.AddDate(majority, 0, 1)): // one day more: it may still be yesterday where they live
			return policy.Yes
		default:
			minor = policy.No
		}
	}
	return minor
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
