package command

import (
	"github.com/heed-platform/heed/internal/app"
)

// RetentionCmd empties what no promise keeps any more.
type RetentionCmd struct {
	Run    RetentionRunCmd    `cmd:"" help:"Empty what is over now; a running server does so once a day."`
	Report RetentionReportCmd `cmd:"" help:"What the last runs removed, by kind of data and notice."`
}

// RetentionRunCmd runs.
type RetentionRunCmd struct {
	actor `embed:""`

	DryRun bool `help:"Only count what would be emptied."`
	JSON   bool `help:"As JSON."`
}

// Run runs, or counts.
func (c *RetentionRunCmd) Run(e *Env) error {
	return e.with(func(a *app.App) error {
		r, err := a.RunRetention(e.Ctx, c.acting(), c.DryRun)
		if err != nil {
			return refusal(err)
		}
		if c.JSON {
			return e.json(r)
		}
		return r.Text(e.Out)
	})
}

// RetentionReportCmd shows reports.
type RetentionReportCmd struct {
	Last int  `default:"1" help:"How many runs, the newest first."`
	JSON bool `help:"One JSON line each."`
}

// Run shows them.
func (c *RetentionReportCmd) Run(e *Env) error {
	return e.with(func(a *app.App) error {
		all, err := a.RetentionReports(e.Ctx, c.Last)
		if err != nil {
			return refusal(err)
		}
		for i := range all {
			if c.JSON {
				err = e.json(all[i])
			} else {
				err = all[i].Text(e.Out)
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
}
