package app

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/heed-platform/heed/internal/decide/campaign"
	"github.com/heed-platform/heed/internal/keep/catalog"
	"github.com/heed-platform/heed/internal/keep/gate"
	"github.com/heed-platform/heed/internal/know/audience"
	"github.com/heed-platform/heed/internal/policy"
	"github.com/heed-platform/heed/internal/problem"
	"github.com/heed-platform/heed/internal/reach/template"
)

// unlawful finds what can never be, in definitions that are sound by themselves:
// audiences and campaigns that read or need what no notice promises for their
// purpose, and campaigns that approval would refuse.
func unlawful(w catalog.Workspace) []catalog.Fault {
	rules, err := w.Compile()
	if err != nil {
		return placed(err, inAudience(w))
	}
	var faults []catalog.Fault
	if _, err := knowledge(w, rules); err != nil {
		faults = append(faults, placed(err, inNamespace(w))...)
	}
	set, err := audiences(w)
	if err != nil {
		return append(faults, placed(err, inAudience(w))...)
	}
	for _, d := range w.Of(catalog.Audience) {
		a, ok := set.Find(d.Key)
		if !ok {
			continue
		}
		if _, ok := rules.Purpose(a.Purpose); !ok {
			faults = append(faults, d.Fault("purpose", fmt.Sprintf("there is no purpose %q", a.Purpose)))
			continue
		}
		faults = append(faults, uncovered(rules, d, "expression", a.Purpose, a.Expression.Fields())...)
	}
	for _, d := range w.Of(catalog.Campaign) {
		faults = append(faults, campaignFaults(rules, set, d)...)
	}
	slices.SortStableFunc(faults, func(a, b catalog.Fault) int { return cmp.Or(cmp.Compare(a.File, b.File), a.Line-b.Line) })
	return faults
}

// placed puts the fields of a problem into files; find says which definition a
// field's pointer means, and the path in it.
func placed(err error, find func(pointer string) (d catalog.Definition, path string, ok bool)) []catalog.Fault {
	p := problem.Of(err)
	var faults []catalog.Fault
	for _, f := range p.Fields {
		if d, path, ok := find(f.Pointer); ok {
			faults = append(faults, d.Fault(path, path+": "+f.Reason))
		} else {
			faults = append(faults, catalog.Fault{File: f.Pointer, Reason: f.Reason})
		}
	}
	if len(faults) == 0 {
		faults = append(faults, catalog.Fault{File: ".", Reason: p.Detail})
	}
	return faults
}

// inAudience finds "KEY/expression:1:7".
func inAudience(w catalog.Workspace) func(string) (catalog.Definition, string, bool) {
	return func(pointer string) (catalog.Definition, string, bool) {
		key, path, _ := strings.Cut(pointer, "/")
		path, _, _ = strings.Cut(path, ":")
		d, ok := w.Find(catalog.Audience, key)
		return d, path, ok
	}
}

// inNamespace finds "/namespaces/0/limit".
func inNamespace(w catalog.Workspace) func(string) (catalog.Definition, string, bool) {
	return func(pointer string) (catalog.Definition, string, bool) {
		index, path, _ := strings.Cut(strings.TrimPrefix(pointer, "/namespaces/"), "/")
		all := w.Of(catalog.Namespace)
		if i, err := strconv.Atoi(index); err == nil && i >= 0 && i < len(all) {
			return all[i], strings.ReplaceAll(path, "/", "."), true
		}
		return catalog.Definition{}, "", false
	}
}

func campaignFaults(rules *policy.Rules, set *audience.Set, d catalog.Definition) []catalog.Fault {
	var c campaign.Definition
	if err := d.Decode(&c); err != nil {
		return []catalog.Fault{d.Fault("", err.Error())}
	}
	own := func(pointer string) (catalog.Definition, string, bool) {
		return d, strings.TrimPrefix(pointer, "campaign/"+d.Key+"/"), true
	}
	var faults []catalog.Fault
	if _, err := campaign.Compile(campaign.Approved{Definition: c}, campaign.Deps{Rules: rules, Audience: predicates(set)}); err != nil {
		faults = placed(err, own)
	}
	if _, ok := rules.Purpose(c.Purpose); !ok {
		return faults
	}
	for _, use := range []struct{ path, key string }{{"audience", c.Audience}, {"trigger.enters", c.Trigger.Enters}} {
		if a, ok := set.Find(use.key); ok && (use.path == "audience" || use.key != c.Audience) {
			faults = append(faults, uncovered(rules, d, use.path, c.Purpose, a.Expression.Fields())...)
		}
	}
	if to := campaign.Address(c.Channel); to != "" {
		faults = append(faults, uncovered(rules, d, "channel", c.Purpose, []string{"traits." + to})...)
	}
	return append(faults, templateFaults(rules, d, c)...)
}

func predicates(set *audience.Set) func(string) (gate.Predicate, bool) {
	return func(key string) (gate.Predicate, bool) {
		a, ok := set.Find(key)
		if !ok {
			return nil, false
		}
		return a.Expression, true
	}
}

func templateFaults(rules *policy.Rules, d catalog.Definition, c campaign.Definition) []catalog.Fault {
	var faults []catalog.Fault
	for _, part := range []struct {
		path, text string
		kind       template.Kind
	}{
		{"message.subject", c.Message.Subject, template.Subject},
		{"message.text", c.Message.Text, template.Text},
		{"message.html", c.Message.HTML, template.HTML},
		{"message.payload", c.Message.Payload, template.JSON},
	} {
		t, err := template.Parse(part.text, part.kind, nil)
		if err != nil {
			faults = append(faults, d.Fault(part.path, problem.Of(err).Error()))
			continue
		}
		faults = append(faults, uncovered(rules, d, part.path, c.Purpose, t.Fields())...)
	}
	return faults
}

// uncovered are fields of people that no notice promises for the purpose.
func uncovered(rules *policy.Rules, d catalog.Definition, path, purpose string, fields []string) []catalog.Fault {
	var faults []catalog.Fault
	for _, f := range fields {
		root, _, _ := strings.Cut(f, ".")
		switch root {
		case "traits", "events", "purchases", "spend", "identifiers":
		default:
			continue // links, the item, memberships of its own purpose: nothing that a notice covers
		}
		category := rules.Category(f)
		switch {
		case category == "":
			faults = append(faults, d.Fault(path, fmt.Sprintf("%s has no data category, so it can be used for nothing; give it one under attributes", f)))
		case len(rules.Promising(category, purpose)) == 0:
			faults = append(faults, d.Fault(path, fmt.Sprintf("%s is %s, and no notice promises that for %s; no person can ever be reached this way", f, category, purpose)))
		}
	}
	return faults
}
