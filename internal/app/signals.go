package app

import (
	"net/http"
	"strings"

	"github.com/heed-platform/heed/internal/clock"
	"github.com/heed-platform/heed/internal/collect/consent"
	"github.com/heed-platform/heed/internal/keep/catalog"
	"github.com/heed-platform/heed/internal/policy/define"
	"github.com/heed-platform/heed/internal/web/page/gpc"
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

// gpcArea says to the world that Global Privacy Control is heeded.
func (a *App) gpcArea(mux *http.ServeMux) {
	gpc.Routes(mux, gpc.Deps{Since: func() clock.Instant { return a.World().heeds }})
}

// heeds is when what signals stop last changed: the laws, and what tools mean.
func heeds(entries []catalog.Entry) clock.Instant {
	var last clock.Instant
	for _, e := range entries {
		if e.Status == catalog.Live && (e.Kind == catalog.Pack || e.Kind == catalog.Signal) {
			last = max(last, e.At)
		}
	}
	return last
}
