package know

import (
	"slices"

	"github.com/heed-platform/heed/internal/know/identity"
	"github.com/heed-platform/heed/internal/person"
)

// past is what held at any time: which values were blocked, and where a phone
// number without a country code belonged.
type past struct {
	lists   identity.Lists
	regions []string
}

// Remember tells it what held at any time, today included; call it before
// anything is asked.
func (k *Knowledge) Remember(lists identity.Lists, regions []string) {
	regions = slices.Clone(regions)
	slices.Sort(regions)
	k.past = past{lists, slices.Compact(regions)}
}

// Blocks reports whether a canonical identifier points at nobody today.
func (k *Knowledge) Blocks(id person.Identifier) bool {
	return k.rules.Blocked(id.NS, id.Value.Reveal())
}

// Once gives the further forms under which a value was found at other times,
// and whether it pointed at nobody at one.
func (k *Knowledge) Once(ns person.Namespace, value string) (forms []string, nobody bool) {
	regions := k.past.regions
	if ns != person.Phone || len(regions) == 0 {
		regions = []string{k.region}
	}
	if len(regions) == 1 && regions[0] == k.region && !k.past.lists.Any(ns) {
		return nil, false
	}
	now, _ := k.Text(ns, value)
	for _, region := range regions {
		form, err := identity.Canonical(ns, value, region)
		if err != nil || (identity.Rules{}).Blocked(ns, form) {
			nobody = true
			continue
		}
		nobody = nobody || k.past.lists.Has(ns, form)
		if form != now && !slices.Contains(forms, form) {
			forms = append(forms, form)
		}
	}
	return forms, nobody
}
