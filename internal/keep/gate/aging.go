package gate

import (
	"slices"
	"time"

	"github.com/heed-platform/heed/internal/fact"
	"github.com/heed-platform/heed/internal/policy"
	"github.com/heed-platform/heed/internal/policy/define"
)

// aged gives a profile whose values run out when their source says so
// (expire_days), where that is sooner than they would by themselves. What the
// state holds stays as it is: a source's days are the rules' to change.
func aged(rules *policy.Rules, p *fact.Profile) *fact.Profile {
	out := p
	var s define.Source // of the attribute before, which is often the same
	for i, a := range p.Attributes {
		if s.Key != a.Source {
			s, _ = rules.Source(a.Source)
		}
		if s.Expire <= 0 {
			continue
		}
		until := a.At.Add(time.Duration(s.Expire) * 24 * time.Hour)
		if a.Expires != 0 && a.Expires <= until {
			continue
		}
		if out == p {
			clone := *p
			clone.Attributes = slices.Clone(p.Attributes)
			out = &clone
		}
		out.Attributes[i].Expires = until
	}
	return out
}
