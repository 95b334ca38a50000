package policy

import (
	"slices"

	"github.com/heed-platform/heed/internal/policy/define"
)

// Deadline is a law's clock together with the days on which nobody works there.
type Deadline struct {
	define.Clock

	Pack     string // key of the law pack that sets it
	Holidays []string
}

// Deadlines are the clocks that the law of a place sets under a name, such as
// "erasure"; where none of its packs does, those that any pack sets. A place that
// no pack knows has those of all. The strictest of several is for the caller to
// find, who knows from when they run.
func (r *Rules) Deadlines(jurisdiction, name string) []Deadline {
	if r == nil {
		return nil
	}
	here := deadlines(r.law(jurisdiction).packs, name)
	if len(here) == 0 {
		here = deadlines(r.strictest.packs, name)
	}
	return here
}

func deadlines(packs []define.Pack, name string) []Deadline {
	var out []Deadline
	for _, p := range packs {
		for _, c := range p.Clocks {
			if c.Name == name {
				out = append(out, Deadline{c, p.Key, p.Holidays})
			}
		}
	}
	return out
}

// Retained is what the law of a place makes the brand keep about somebody who is
// erased.
func (r *Rules) Retained(jurisdiction string) []define.Retained {
	if r == nil {
		return nil
	}
	var out []define.Retained
	for _, p := range r.law(jurisdiction).packs {
		out = append(out, p.Retained...)
	}
	return slices.Clone(out)
}

// Stopped are the purposes that a Global Privacy Control signal stops where the
// person lives: selling and sharing, as the law of the place counts them.
func (r *Rules) Stopped(jurisdiction string) []string {
	if r == nil {
		return nil
	}
	var out []string
	for _, p := range r.law(jurisdiction).packs {
		out = append(out, p.GPC.Stops...)
	}
	slices.Sort(out)
	return slices.Compact(out)
}
