package queue

import (
	"context"
	"errors"
	"fmt"

	"github.com/heed-platform/heed/internal/clock"
	"github.com/heed-platform/heed/internal/keep/internal/store"
	"github.com/heed-platform/heed/internal/keep/internal/vault"
	"github.com/heed-platform/heed/internal/problem"
)

// Entry is a job as an operator sees it: nothing about the person.
type Entry struct {
	ID      int64         `json:"id"`
	Kind    string        `json:"kind"`
	State   string        `json:"state"`
	Code    string        `json:"code,omitempty"`
	Due     clock.Instant `json:"due"`
	Attempt int           `json:"attempt"`
}

// List shows jobs of a kind in a state ("waiting", "done", "dead"), newest first.
func (q *Queue) List(ctx context.Context, kind, state string, limit int) ([]Entry, error) {
	var out []Entry
	err := q.vault.Data().Read(ctx, func(r store.Reader) error {
		jobs, err := r.Jobs(ctx, kind, state, limit)
		for _, j := range jobs {
			out = append(out, Entry{j.ID, j.Kind, j.State, j.Code, j.Due, j.Attempt})
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("list jobs: %w", err)
	}
	return out, nil
}

var errNotDead = problem.New(problem.NotFound, "job-not-dead", "There is no job of this number among those that gave up; list them again.")

// Retry lets a dead job try again from its first try, for whoever says so.
func (q *Queue) Retry(ctx context.Context, id int64, by string) error {
	return q.unbury(ctx, "job.retry", by, store.Job{ID: id, State: "waiting", Due: q.clock.Now()})
}

// Drop ends a dead job for good, for whoever says so.
func (q *Queue) Drop(ctx context.Context, id int64, by string) error {
	return q.unbury(ctx, "job.drop", by, store.Job{ID: id, State: "done", Code: "dropped", Due: q.clock.Now()})
}

func (q *Queue) unbury(ctx context.Context, what, by string, job store.Job) error {
	err := q.vault.Write(ctx, q.writer, nil, func(tx *vault.Tx) error {
		tx.Audit(vault.AuditEntry{What: what, By: by, Ref: fmt.Sprint(job.ID)})
		return tx.Store.Unbury(ctx, job)
	})
	if errors.Is(err, store.ErrNotFound) {
		return errNotDead
	}
	return err
}
