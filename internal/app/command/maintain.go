package command

import (
	"encoding/json"
	"fmt"
	"runtime"
	"runtime/debug"
	"time"

	"github.com/heed-platform/heed/internal/app"
	"github.com/heed-platform/heed/internal/keep"
	"github.com/heed-platform/heed/internal/problem"
)

var errFolder = problem.New(problem.Invalid, "folder-unreadable", "A folder cannot be read; name one that exists.")

// RebuildCmd makes projections again.
type RebuildCmd struct{}

// Run rebuilds.
func (*RebuildCmd) Run(e *Env) error {
	return e.with(func(a *app.App) error {
		begun := time.Now() //nolint:forbidigo // how long it took is for the reader only
		r, err := a.Rebuild(e.Ctx, func(int) {})
		if err != nil {
			return err
		}
		e.say("%d fragments rebuilt from %d facts; %d differed from the living ones (%s)",
			r.Fragments, r.Facts, r.Differed, time.Since(begun).Round(time.Millisecond)) //nolint:forbidigo // as above
		return nil
	})
}

// QuarantineCmd works on events that were not understood.
type QuarantineCmd struct {
	List   QuarantineListCmd   `cmd:"" help:"Codes, reasons and ids; no content."`
	Show   QuarantineShowCmd   `cmd:"" help:"One event as it came."`
	Replay QuarantineReplayCmd `cmd:"" help:"Try events again, after what was wrong was mended."`
	Drop   QuarantineDropCmd   `cmd:"" help:"Remove events for good."`
}

// QuarantineListCmd lists.
type QuarantineListCmd struct{}

const quarantinePage = 1000

// Run lists as JSON lines.
func (*QuarantineListCmd) Run(e *Env) error {
	return e.with(func(a *app.App) error {
		return eachQuarantined(e, a, func(q keep.Quarantine) error {
			return json.NewEncoder(e.Out).Encode(map[string]any{
				"id": q.ID, "source": q.Source, "code": q.Code, "why": q.Why, "received": q.Received,
			})
		})
	})
}

func eachQuarantined(e *Env, a *app.App, f func(keep.Quarantine) error) error {
	var after int64
	for {
		rows, err := a.Keep.Quarantined(e.Ctx, after, quarantinePage)
		if err != nil || len(rows) == 0 {
			return err
		}
		for _, q := range rows {
			after = q.ID
			if err := f(q); err != nil {
				return err
			}
		}
	}
}

// QuarantineShowCmd shows one.
type QuarantineShowCmd struct {
	ID int64 `arg:"" help:"As heed quarantine list shows it."`
}

var errQuarantine = problem.New(problem.NotFound, "not-in-quarantine", "No event in quarantine has this id.")

// Run shows it; that somebody looked is on the record first.
func (c *QuarantineShowCmd) Run(e *Env) error {
	return e.with(func(a *app.App) error {
		rows, err := a.Keep.Quarantined(e.Ctx, c.ID-1, 1)
		if err != nil {
			return err
		}
		if len(rows) == 0 || rows[0].ID != c.ID {
			return errQuarantine
		}
		if err := a.Keep.Audit(e.Ctx, keep.AuditEntry{What: "quarantine.show", By: "admin:" + atMachine, Ref: fmt.Sprint(c.ID)}); err != nil {
			return err
		}
		raw, err := a.Keep.OpenQuarantined(rows[0])
		if err != nil {
			return err
		}
		e.say("%s", raw)
		return nil
	})
}

// QuarantineReplayCmd tries again.
type QuarantineReplayCmd struct {
	IDs []int64 `arg:"" optional:"" help:"Which; all when none is named."`
}

// Run replays; what is understood now leaves quarantine.
func (c *QuarantineReplayCmd) Run(e *Env) error {
	return e.with(func(a *app.App) error {
		r, err := a.Replay(e.Ctx, "admin:"+atMachine, c.IDs)
		if err != nil {
			return err
		}
		e.say("%d tried, %d accepted, %d known before, %d still not understood", r.Tried, r.Accepted, r.Duplicate, r.Left)
		return nil
	})
}

// QuarantineDropCmd removes.
type QuarantineDropCmd struct {
	IDs []int64 `arg:"" help:"Which."`
}

// Run drops.
func (c *QuarantineDropCmd) Run(e *Env) error {
	return e.with(func(a *app.App) error { return a.Keep.DropQuarantined(e.Ctx, "admin:"+atMachine, c.IDs) })
}

// VersionCmd says which build this is.
type VersionCmd struct{}

// Run prints it.
func (*VersionCmd) Run(e *Env) error {
	commit := "unknown"
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, s := range info.Settings {
			if s.Key == "vcs.revision" {
				commit = s.Value
			}
		}
	}
	e.say("heed, commit %s, %s %s/%s", commit, runtime.Version(), runtime.GOOS, runtime.GOARCH)
	return nil
}

// SettingsCmd shows the configuration in force.
type SettingsCmd struct{}

// Run prints it, secrets withheld.
func (*SettingsCmd) Run(e *Env) error { return e.Config.Print(e.Out) }
