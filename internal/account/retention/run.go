package retention

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"

	"github.com/heed-platform/heed/internal/clock"
	"github.com/heed-platform/heed/internal/fact"
	"github.com/heed-platform/heed/internal/keep"
	"github.com/heed-platform/heed/internal/keep/gate"
	"github.com/heed-platform/heed/internal/problem"
)

const (
	name  = "retention" // of the record, in the database
	pause = day         // between the beginnings of two runs
	lease = 5 * time.Minute
	// answered is how long a closed request proves that somebody was answered.
	answered = 2 * 365 * day
	// leaks stay: nobody says for how long a leak must be on file.
	leaks = "leak"
)

var errRunning = problem.New(problem.Conflict, "retention-running",
	"A run is under way on another node, or ended less than five minutes ago without saying so; heed retention report shows it.")

var errLost = errors.New("another node has taken the run over")

// Runner runs retention. Several nodes may have one each: one of them runs.
type Runner struct {
	keep   *keep.Keep
	clock  clock.Clock
	holder string
}

// NewRunner makes a runner of this process.
func NewRunner(k *keep.Keep, c clock.Clock) *Runner { return &Runner{k, c, uuid.NewString()} }

// Tend runs when a day has gone by since the last run began, and takes a run up
// that another node left behind.
func (r *Runner) Tend(ctx context.Context) error {
	rec, err := r.record(ctx)
	if err != nil {
		return err
	}
	now := r.clock.Now()
	due := rec.Running != nil && rec.Running.Until <= now ||
		rec.Running == nil && (len(rec.Done) == 0 || rec.Done[0].Began.Add(pause) <= now)
	if !due {
		return nil
	}
	_, err = r.Run(ctx)
	if err != nil && (problem.Of(err).Code == errRunning.Code || errors.Is(err, errLost)) {
		return nil // somebody else was quicker
	}
	return err
}

// Run empties what is over now, or goes on with a run that was interrupted.
func (r *Runner) Run(ctx context.Context) (Report, error) {
	rules := r.keep.Gate.Rules()
	if rules == nil {
		return Report{}, problem.New(problem.Conflict, "no-rules", "No workspace is applied yet, so nothing was promised and nothing is over.")
	}
	if err := r.take(ctx); err != nil {
		return Report{}, err
	}
	rec, err := r.record(ctx)
	if err != nil {
		return Report{}, err
	}
	clocks, err := NewClocks(rules, r.clock.Now())
	if err != nil {
		return Report{}, err
	}
	c := clocks.gate(name, func(old []byte) ([]byte, error) {
		return r.held(old, func(rec *record) { clocks.count(&rec.Running.Report) })
	})
	after := fact.FragmentID(rec.Running.Cursor)
	for {
		step, err := gate.Retain(ctx, r.keep.Gate, after, c)
		if err != nil {
			return Report{}, err
		}
		after = step.Next
		err = r.change(ctx, func(rec *record) {
			rec.Running.Read += step.Read
			if after != 0 {
				rec.Running.Cursor = int64(after)
			}
		})
		if err != nil {
			return Report{}, err
		}
		if after == 0 {
			return r.end(ctx)
		}
	}
}

// DryRun counts what a run would remove now. It changes nothing.
func (r *Runner) DryRun(ctx context.Context) (Report, error) {
	now := r.clock.Now()
	clocks, err := NewClocks(r.keep.Gate.Rules(), now)
	if err != nil {
		return Report{}, err
	}
	out := Report{Dry: true, Node: r.keep.Writer, Began: now, Removed: []Count{}}
	c := clocks.gate(name, nil)
	c.Begin = func() { clocks.count(&out) }
	for after := fact.FragmentID(0); ; {
		step, err := gate.Retain(ctx, r.keep.Gate, after, c)
		if err != nil {
			return Report{}, err
		}
		clocks.count(&out)
		out.Read += step.Read
		if after = step.Next; after == 0 {
			out.Ended = r.clock.Now()
			return out, nil
		}
	}
}

// Reports are the run that is under way, if one is, and those that ended, newest
// first.
func (r *Runner) Reports(ctx context.Context) ([]Report, error) {
	rec, err := r.record(ctx)
	if err != nil {
		return nil, err
	}
	out := []Report{}
	if rec.Running != nil {
		out = append(out, rec.Running.Report)
	}
	return append(out, rec.Done...), nil
}

// Swept notes what ended by itself between two runs, for the next report.
func (r *Runner) Swept(ctx context.Context, quarantined, tickets int64) error {
	if quarantined+tickets == 0 {
		return nil
	}
	return r.keep.UpdateMeta(ctx, name, func(old []byte) ([]byte, error) {
		rec, err := read(old)
		if err != nil {
			return nil, err
		}
		rec.Swept.Quarantined += quarantined
		rec.Swept.Tickets += tickets
		return rec.write()
	})
}

func (r *Runner) record(ctx context.Context) (record, error) {
	raw, err := r.keep.Meta(ctx, name)
	if err != nil {
		return record{}, err
	}
	return read(raw)
}

// take begins a run, or takes up one whose holder is gone.
func (r *Runner) take(ctx context.Context) error {
	now, began := r.clock.Now(), ""
	err := r.keep.UpdateMeta(ctx, name, func(old []byte) ([]byte, error) {
		rec, err := read(old)
		if err != nil {
			return nil, err
		}
		began = ""
		switch {
		case rec.Running == nil:
			began = uuid.NewString()
			rec.Running = &run{Report: Report{ID: began, Node: r.keep.Writer, Began: now, Removed: []Count{}}}
		case rec.Running.Holder != r.holder && now < rec.Running.Until:
			return nil, errRunning
		}
		rec.Running.Holder, rec.Running.Until = r.holder, now.Add(lease)
		return rec.write()
	})
	if err != nil || began == "" {
		return err
	}
	return r.keep.Audit(ctx, keep.AuditEntry{What: "retention.begun", By: "heed", Ref: began})
}

// held changes the record of a run that this runner still holds.
func (r *Runner) held(old []byte, f func(*record)) ([]byte, error) {
	rec, err := read(old)
	if err != nil {
		return nil, err
	}
	if rec.Running == nil || rec.Running.Holder != r.holder {
		return nil, errLost
	}
	f(&rec)
	if rec.Running != nil {
		rec.Running.Until = r.clock.Now().Add(lease)
	}
	return rec.write()
}

func (r *Runner) change(ctx context.Context, f func(*record)) error {
	return r.keep.UpdateMeta(ctx, name, func(old []byte) ([]byte, error) { return r.held(old, f) })
}

// end removes closed requests, and puts the report with those that ended.
func (r *Runner) end(ctx context.Context) (Report, error) {
	now := r.clock.Now()
	requests, err := r.keep.ExpireRequests(ctx, now.Add(-answered), leaks)
	if err != nil {
		return Report{}, err
	}
	var report Report
	err = r.change(ctx, func(rec *record) {
		report = rec.Running.Report
		report.Ended, report.Requests = now, requests
		report.Quarantined, report.Tickets = rec.Swept.Quarantined, rec.Swept.Tickets
		rec.Done, rec.Running, rec.Swept = append([]Report{report}, rec.Done...), nil, swept{}
	})
	if err != nil {
		return Report{}, err
	}
	return report, r.keep.Audit(ctx, keep.AuditEntry{What: "retention.done", By: "heed", Ref: report.ID})
}
