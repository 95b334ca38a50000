// Package queue holds work that must happen once, later: messages to send,
// people to look at again.
//
// A job is written in the same transaction as the fact that asks for it, and
// holds the question, never the answer: whoever works it asks the gate then.
// A claim is a lease with a fence that grows with each claim, so a worker that
// slept through its lease is refused when it comes back. A job that keeps
// failing is kept where people see it (Dead), and nothing is ever dropped.
//
// The queue promises at least one try; that a message leaves at most once is
// the gate's Clear, which checks the lease again. Start reading at Claim.
package queue

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/heed-platform/heed/internal/clock"
	"github.com/heed-platform/heed/internal/fact"
	"github.com/heed-platform/heed/internal/keep/gate"
	"github.com/heed-platform/heed/internal/keep/internal/store"
	"github.com/heed-platform/heed/internal/keep/internal/vault"
)

// The kinds of jobs.
const (
	Delivery = "delivery" // a decision on its way to a channel
	Moment   = "moment"   // a person to be considered for one campaign
)

// Queue claims and ends jobs. Jobs are added by the line, in its transaction.
type Queue struct {
	vault  *vault.Vault
	writer string
	clock  clock.Clock
}

// New makes the queue over a vault; only keep.Open calls it. writer is this
// node's name in the audit chain.
func New(v *vault.Vault, writer string, clk clock.Clock) *Queue { return &Queue{v, writer, clk} }

// Claimed is a job that this worker holds until its lease ends.
type Claimed struct {
	ID      int64
	Kind    string
	Attempt int // 1 at the first try
	Subject gate.Subject
	Body    []byte // opened
	Lease   gate.Lease

	job store.Job
}

// Claim takes up to limit due jobs of a kind for as long as lease. Jobs of people
// who were erased meanwhile end by themselves. What it returns is claimed also
// when it fails to end one of those.
func (q *Queue) Claim(ctx context.Context, kind string, lease time.Duration, limit int) ([]Claimed, error) {
	now := q.clock.Now()
	var jobs []store.Job
	err := q.vault.Data().Write(ctx, func(w store.Writer) (err error) {
		if off, err := switchedOff(ctx, w, kind); err != nil || off {
			return err
		}
		jobs, err = w.Claim(ctx, kind, now, now.Add(lease), limit)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("claim %s: %w", kind, err)
	}
	ids := make([]fact.FragmentID, len(jobs))
	for i, j := range jobs {
		ids[i] = j.Fragment
	}
	frags, err := q.vault.Fragments(ctx, ids)
	if err != nil {
		return nil, err
	}
	var failed []error
	out := make([]Claimed, 0, len(jobs))
	for _, j := range jobs {
		c := Claimed{
			ID: j.ID, Kind: j.Kind, Attempt: j.Attempt + 1, Subject: gate.ByFragment(j.Fragment),
			Lease: gate.Lease{Job: j.ID, Fence: j.Fence, Until: j.Lease}, job: j,
		}
		f := frags[j.Fragment]
		if f == nil {
			failed = append(failed, q.End(ctx, c, "erased"))
			continue
		}
		if c.Body, err = f.OpenJob(j); err != nil {
			failed = append(failed, q.Bury(ctx, c, "unreadable"))
			continue
		}
		out = append(out, c)
	}
	return out, errors.Join(failed...)
}

// End marks the job as done; code says how.
func (q *Queue) End(ctx context.Context, c Claimed, code string) error {
	return q.settle(ctx, c, c.job.Attempt, "done", code, 0)
}

// Bury puts the job where people see it and decide.
func (q *Queue) Bury(ctx context.Context, c Claimed, code string) error {
	return q.settle(ctx, c, c.Attempt, "dead", code, 0)
}

// Again makes the job due at another time after a try that failed, and frees it.
func (q *Queue) Again(ctx context.Context, c Claimed, code string, due clock.Instant) error {
	return q.settle(ctx, c, c.Attempt, "waiting", code, due)
}

// Wait makes the job due at another time, because its time has not come; it
// does not count as a try.
func (q *Queue) Wait(ctx context.Context, c Claimed, code string, due clock.Instant) error {
	return q.settle(ctx, c, c.job.Attempt, "waiting", code, due)
}

func (q *Queue) settle(ctx context.Context, c Claimed, attempt int, state, code string, due clock.Instant) error {
	job := c.job
	job.Attempt, job.State, job.Code, job.Lease = attempt, state, code, 0
	if due != 0 {
		job.Due = due
	}
	err := q.vault.Data().Write(ctx, func(w store.Writer) error { return w.Settle(ctx, job) })
	if errors.Is(err, store.ErrNotFound) {
		return nil // it went with its person
	}
	if err != nil {
		return fmt.Errorf("settle job %d: %w", c.ID, err)
	}
	return nil
}
