package app

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/heed-platform/heed/internal/clock"
	"github.com/heed-platform/heed/internal/line"
)

// timerPage is how many due timers one look takes.
const timerPage = 500

// Work starts what runs beside the requests: timers, deliveries, the end of
// quarantine. They stop with ctx; the result waits until they have.
func (a *App) Work(ctx context.Context) (wait func()) {
	var wg sync.WaitGroup
	// What somebody says sets a timer of now: their audiences follow at a blink.
	wg.Go(func() { a.every(ctx, 200*time.Millisecond, "timers", a.timers) })
	wg.Go(func() { a.every(ctx, time.Second, "workspace", a.follow) })
	wg.Go(func() { a.every(ctx, 10*time.Minute, "quarantine", a.expire) })
	wg.Go(func() { a.every(ctx, time.Minute, "erasures", a.finishErasures) })
	wg.Go(func() { a.every(ctx, 10*time.Second, "blocked values", a.settleBlocked) })
	wg.Go(func() { a.every(ctx, 5*time.Second, "schema", a.learn) })
	wg.Go(func() { a.every(ctx, 2*time.Second, "errands", a.carryErrands) })
	wg.Go(func() { a.every(ctx, time.Minute, "requests", a.tendRequests) })
	wg.Go(func() { a.every(ctx, 10*time.Minute, "sign-ups", a.forgetSignups) })
	wg.Go(func() { a.every(ctx, 10*time.Minute, "retention", a.Retention().Tend) })
	wg.Go(func() { a.every(ctx, keyPause, "keys", a.refreshKeys) })
	wg.Go(func() { a.every(ctx, time.Hour, "copies", a.pruneCopies) })
	wg.Go(func() { a.letters.run(ctx, a.Log) })
	wg.Go(func() { a.Desk().Run(ctx) })
	wg.Go(func() { a.deliver(ctx) })
	return wg.Wait
}

// every runs f again and again; a failure is logged and tried again.
func (a *App) every(ctx context.Context, pause time.Duration, what string, f func(context.Context) error) {
	for {
		if err := f(ctx); err != nil && ctx.Err() == nil {
			a.Log.ErrorContext(ctx, "background work failed and will be tried again", slog.String("work", what), slog.Any("cause", err))
		}
		select {
		case <-ctx.Done():
			return
		case <-clock.After(pause):
		}
	}
}

// timers looks again at everybody whose time has come.
func (a *App) timers(ctx context.Context) error {
	for {
		due, err := a.Keep.DueTimers(ctx, a.Clock.Now(), timerPage)
		if err != nil || len(due) == 0 {
			return err
		}
		looks := make([]line.Look, len(due))
		for i, t := range due {
			looks[i] = line.Look{Fragment: t.Fragment, Due: t.Due}
		}
		if err := a.Line.Look(ctx, looks); err != nil {
			return err
		}
		if len(due) < timerPage {
			return nil
		}
	}
}

// finishErasures goes on with what a node left unfinished that is no more.
func (a *App) finishErasures(ctx context.Context) error {
	_, err := a.Keep.FinishErasures(ctx)
	return err
}
