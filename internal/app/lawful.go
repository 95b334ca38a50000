package app

import (
	"fmt"
	"strings"

	"github.com/heed-platform/heed/internal/decide/campaign"
	"github.com/heed-platform/heed/internal/keep/catalog"
	"github.com/heed-platform/heed/internal/know/audience"
	"github.com/heed-platform/heed/internal/policy"
	"github.com/heed-platform/heed/internal/problem"
	"github.com/heed-platform/heed/internal/reach/template"
)

// unlawful finds audiences and campaigns that can never be: those that read or
// need what no notice promises for their purpose.
func unlawful(w catalog.Workspace) []catalog.Fault {
	rules, err := w.Compile()
	if err != nil {
		return placed(w, err)
	}
	set, err := audiences(w)
	if err != nil {
		return placed(w, err)
	}
	var faults []catalog.Fault
	for _, d := range w.Of(catalog.Audience) {
		if a, ok := set.Find(d.Key); ok {
			faults = append(faults, uncovered(rules, d, "expression", a.Purpose, a.Expression.Fields())...)
		}
	}
	for _, d := range w.Of(catalog.Campaign) {
		faults = append(faults, campaignFaults(rules, set, d)...)
	}
	return faults
}

// placed puts the fields of a problem into files, where they name a definition.
func placed(w catalog.Workspace, err error) []catalog.Fault {
	p := problem.Of(err)
	var faults []catalog.Fault
	for _, f := range p.Fields {
		key, path, _ := strings.Cut(f.Pointer, "/")
		file, line := f.Pointer, 0
		for _, d := range w.Definitions {
			if d.Key == key || strings.HasPrefix(f.Pointer, string(d.Kind)+"/"+d.Key) {
				file, line = d.File, d.At(strings.SplitN(path, ":", 2)[0])
			}
		}
		faults = append(faults, catalog.Fault{File: file, Line: line, Reason: f.Reason})
	}
	if len(faults) == 0 {
		faults = append(faults, catalog.Fault{File: ".", Reason: p.Detail})
	}
	return faults
}

func campaignFaults(rules *policy.Rules, set *audience.Set, d catalog.Definition) []catalog.Fault {
	var c campaign.Definition
	if err := d.Decode(&c); err != nil {
		return []catalog.Fault{d.Fault("", err.Error())}
	}
	var faults []catalog.Fault
	if err := c.Check(); err != nil {
		for _, f := range problem.Of(err).Fields {
			field := f.Pointer[strings.LastIndex(f.Pointer, "/")+1:]
			faults = append(faults, d.Fault(field, field+" "+f.Reason))
		}
		return faults
	}
	if _, ok := rules.Purpose(c.Purpose); !ok {
		return append(faults, d.Fault("purpose", fmt.Sprintf("there is no purpose %q", c.Purpose)))
	}
	if r, ok := rules.Recipient(c.Recipient); !ok {
		faults = append(faults, d.Fault("recipient", fmt.Sprintf("there is no recipient %q", c.Recipient)))
	} else if !policyAllows(r.Purposes, c.Purpose) {
		faults = append(faults, d.Fault("recipient", fmt.Sprintf("recipient %q may not receive anything for %s", c.Recipient, c.Purpose)))
	}
	a, ok := set.Find(c.Audience)
	if !ok {
		return append(faults, d.Fault("audience", fmt.Sprintf("there is no audience %q", c.Audience)))
	}
	faults = append(faults, uncovered(rules, d, "audience", c.Purpose, a.Expression.Fields())...)
	if to := campaign.Address(c.Channel); to != "" {
		faults = append(faults, uncovered(rules, d, "channel", c.Purpose, []string{"traits." + to})...)
	}
	return append(faults, templateFaults(rules, d, c)...)
}

func policyAllows(purposes []string, purpose string) bool {
	for _, p := range purposes {
		if policy.Within(purpose, p) {
			return true
		}
	}
	return false
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
