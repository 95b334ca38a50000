package catalog

import (
	"cmp"
	"slices"
	"strconv"
	"time"

	"github.com/heed-platform/heed/internal/policy/define"
)

// Check looks for references that lead nowhere and promises that contradict
// each other, and names file and line of each. Without faults, policy.Compile
// takes what Policy gives.
func (w Workspace) Check() []Fault {
	var faults []Fault
	for _, f := range w.policy.Faults() {
		d, ok := w.Find(Kind(f.Kind), f.Key)
		if !ok {
			faults = append(faults, Fault{Reason: f.Place() + ": " + f.Reason})
			continue
		}
		faults = append(faults, d.Fault(f.Path, f.Kind+" "+f.Key+": "+f.Reason))
	}
	faults = append(faults, w.brand()...)
	slices.SortStableFunc(faults, func(a, b Fault) int {
		return cmp.Or(cmp.Compare(a.File, b.File), a.Line-b.Line)
	})
	return faults
}

func (w Workspace) brand() []Fault {
	all := w.Of(Brand)
	if len(all) != 1 {
		f := Fault{File: "brand.yaml", Line: 1, Reason: "a workspace has exactly one brand"}
		if len(all) > 1 {
			f.File, f.Line = all[1].File, all[1].Line
		}
		return []Fault{f}
	}
	d, b := all[0], w.policy.Brand
	var faults []Fault
	if _, err := time.LoadLocation(b.Zone); err != nil || b.Zone == "" {
		faults = append(faults, d.Fault("zone", "brand: zone is an IANA name such as Europe/Berlin"))
	}
	for _, at := range []struct{ path, value string }{{"quiet.from", b.Quiet.From}, {"quiet.to", b.Quiet.To}} {
		if _, err := define.Minutes(at.value); err != nil {
			faults = append(faults, d.Fault(at.path, "brand: quiet hours are local times such as \"20:00\""))
		}
	}
	for i, c := range b.Caps {
		if c.Count < 1 || c.Hours < 1 {
			faults = append(faults, d.Fault("caps."+strconv.Itoa(i), "brand: a cap needs a count and hours above zero"))
		}
	}
	return faults
}
