package app

import (
	"context"
	"fmt"
	"slices"

	"github.com/heed-platform/heed/internal/keep/catalog"
	"github.com/heed-platform/heed/workspace"
)

// starterKinds are what a new database knows from the start: what kinds of
// purposes and data there are and what the laws say. It promises nobody anything.
var starterKinds = []catalog.Kind{
	catalog.Purpose, catalog.Category, catalog.Pack, catalog.Attribute, catalog.Topic, catalog.Namespace, catalog.Signal,
}

// starter puts them in force in an empty database.
func (a *App) starter(ctx context.Context) error {
	w, faults := catalog.Load(workspace.Files)
	if len(faults) > 0 {
		return withFaults(faults)
	}
	w.Definitions = slices.DeleteFunc(slices.Clone(w.Definitions), func(d catalog.Definition) bool {
		return !slices.Contains(starterKinds, d.Kind)
	})
	all, err := a.entries(ctx)
	if err != nil {
		return err
	}
	changed, err := catalog.Plan(all, w, catalog.Actor{Role: catalog.Admin, Name: "heed"}, a.Clock.Now())
	if err != nil {
		return fmt.Errorf("starter workspace: %w", err)
	}
	return a.Keep.Define(ctx, "admin:heed", "workspace.start", rows(changed))
}
