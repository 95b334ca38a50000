package app

import (
	"strings"

	"github.com/heed-platform/heed/internal/collect/consent"
	"github.com/heed-platform/heed/internal/policy/define"
)

// listening is what consent tools mean in the words of this workspace.
func (w *World) listening() *consent.Mapping {
	d := consent.Definition{
		Categories: map[string][]consent.Scope{}, TCF: map[string][]consent.Scope{},
		OptOuts: map[string][]consent.Scope{}, Subscriptions: consent.Subscriptions(),
		Purpose:   func(key string) bool { _, ok := w.Rules.Purpose(key); return ok },
		Topics:    w.topicsAbout,
		Canonical: w.Know.Text,
	}
	for _, s := range w.Workspace.Policy().Signals {
		kind, name, _ := strings.Cut(s.Key, ".")
		means := scopes(s.Means)
		switch kind {
		case "category":
			d.Categories[name] = means
		case "tcf":
			d.TCF[name] = means
		case "opt_out":
			d.OptOuts[name] = means
		case "subscription":
			d.Subscriptions[name] = means[0]
		}
	}
	return consent.NewMapping(d)
}

func scopes(means []define.Meaning) []consent.Scope {
	list := make([]consent.Scope, len(means))
	for i, m := range means {
		list[i] = consent.Scope{Purpose: m.Purpose, Channel: m.Channel, Topic: m.Topic}
	}
	return list
}

// topicsAbout lists the topics about a kind of data, or about one within it.
func (w *World) topicsAbout(category string) []string {
	var keys []string
	for _, t := range w.Workspace.Policy().Topics {
		if define.Within(t.Category, category) {
			keys = append(keys, t.Key)
		}
	}
	return keys
}
