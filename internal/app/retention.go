package app

import (
	"context"

	"github.com/heed-platform/heed/internal/account/retention"
	"github.com/heed-platform/heed/internal/keep/catalog"
	"github.com/heed-platform/heed/internal/problem"
)

var (
	errRetentionRole = problem.New(problem.Forbidden, "retention-role", "Emptying what is over is for privacy, operator and admin; ask one of them.")
	errNoReport      = problem.New(problem.NotFound, "retention-report-missing", "Retention has not run here yet; it does so within a day, or with heed retention run.")
)

// Retention is this process's runner; each process has its own.
func (a *App) Retention() *retention.Runner {
	a.retained.Do(func() { a.retainer = retention.NewRunner(a.Keep, a.Clock) })
	return a.retainer
}

// RunRetention empties now what no promise keeps any more, or with dry only
// counts it.
func (a *App) RunRetention(ctx context.Context, by catalog.Actor, dry bool) (retention.Report, error) {
	if by.Role != catalog.Privacy && by.Role != catalog.Operator && by.Role != catalog.Admin {
		return retention.Report{}, errRetentionRole
	}
	if dry {
		return a.Retention().DryRun(ctx)
	}
	return a.Retention().Run(ctx)
}

// RetentionReports are the runs, newest first, at most so many.
func (a *App) RetentionReports(ctx context.Context, most int) ([]retention.Report, error) {
	all, err := a.Retention().Reports(ctx)
	if err != nil {
		return nil, err
	}
	if len(all) == 0 {
		return nil, errNoReport
	}
	return all[:min(most, len(all))], nil
}

// expire drops what has been in quarantine for its time, and secrets that open
// nothing any more; the next report of retention counts both.
func (a *App) expire(ctx context.Context) error {
	now := a.Clock.Now()
	quarantined, err := a.Keep.ExpireQuarantine(ctx, now.Add(-a.Config.Quarantine))
	if err != nil {
		return err
	}
	tickets, err := a.Keep.ExpireTickets(ctx, now)
	if err != nil {
		return err
	}
	return a.Retention().Swept(ctx, quarantined, tickets)
}
