package sqlite

import (
	"cmp"
	"context"
	"fmt"
	"iter"
	"slices"

	"github.com/heed-platform/heed/internal/clock"
	"github.com/heed-platform/heed/internal/fact"
	"github.com/heed-platform/heed/internal/keep/internal/store"
)

const jobColumns = "id, kind, fragment, uniq, due, attempt, lease, fence, state, code, body"

func scanJob(s *stmt) store.Job {
	return store.Job{
		ID: s.ColumnInt64(0), Kind: s.ColumnText(1), Fragment: fragment(s, 2), Unique: s.ColumnText(3), Due: instant(s, 4),
		Attempt: s.ColumnInt(5), Lease: instant(s, 6), Fence: s.ColumnInt64(7),
		State: s.ColumnText(8), Code: s.ColumnText(9), Body: blob(s, 10),
	}
}

// Job is one job.
func (r *reader) Job(ctx context.Context, id int64) (store.Job, error) {
	found, err := rows(ctx, r.c, "SELECT "+jobColumns+" FROM job WHERE id = ?", scanJob, id)
	if err == nil && len(found) == 0 {
		err = store.ErrNotFound
	}
	if err != nil {
		return store.Job{}, wrap("read job", err)
	}
	return found[0], nil
}

// Jobs are the newest of a kind in a state.
func (r *reader) Jobs(ctx context.Context, kind, state string, limit int) ([]store.Job, error) {
	all, err := rows(ctx, r.c, "SELECT "+jobColumns+" FROM job WHERE kind = ? AND state = ? ORDER BY id DESC LIMIT ? + 0", scanJob, kind, state, limit)
	return all, wrap("list jobs", err)
}

// Leased are the fragments' jobs that somebody holds, by id.
func (r *reader) Leased(ctx context.Context, ids []fact.FragmentID, now clock.Instant) ([]store.Job, error) {
	var held []store.Job
	for _, id := range sorted(ids) {
		more, err := rows(ctx, r.c, "SELECT "+jobColumns+" FROM job WHERE fragment = ? AND state = 'waiting' AND lease > ?", scanJob, id, now)
		if err != nil {
			return nil, wrap("read leased jobs", err)
		}
		held = append(held, more...)
	}
	slices.SortFunc(held, func(a, b store.Job) int { return cmp.Compare(a.ID, b.ID) })
	return held, nil
}

// Enqueue adds jobs that wait.
func (w *writer) Enqueue(ctx context.Context, jobs []store.Job) (added int, err error) {
	err = w.change(ctx, "enqueue", func() error {
		for _, j := range jobs {
			if err := w.c.exec(`INSERT INTO job (kind, fragment, uniq, due, attempt, lease, fence, state, code, body)
				VALUES (?, ?, ?, ?, ?, 0, 0, 'waiting', '', ?) ON CONFLICT (kind, uniq) WHERE uniq <> '' DO NOTHING`,
				j.Kind, j.Fragment, j.Unique, j.Due, j.Attempt, j.Body); err != nil {
				return err
			}
			added += w.c.Changes()
		}
		return nil
	})
	return added, err
}

// Claim leases the jobs that have been due longest.
func (w *writer) Claim(ctx context.Context, kind string, now, until clock.Instant, limit int) ([]store.Job, error) {
	var claimed []store.Job
	err := w.change(ctx, "claim jobs", func() (err error) {
		claimed, err = rows(ctx, w.c, `SELECT `+jobColumns+` FROM job
			WHERE kind = ? AND state = 'waiting' AND due <= ? AND lease <= ? ORDER BY due, id LIMIT ? + 0`, scanJob, kind, now, now, limit)
		if err != nil {
			return err
		}
		for i := range claimed {
			claimed[i].Lease = until
			claimed[i].Fence++
		}
		return each(w.c, claimed, "UPDATE job SET lease = ?, fence = ? WHERE id = ?",
			func(j store.Job) []any { return []any{j.Lease, j.Fence, j.ID} })
	})
	return claimed, err
}

// Settle ends or postpones a job that the caller holds.
func (w *writer) Settle(ctx context.Context, job store.Job) error {
	return w.change(ctx, "settle job", func() error {
		if err := w.c.exec(`UPDATE job SET due = ?, attempt = ?, lease = 0, state = ?, code = ?
			WHERE id = ? AND fence = ? AND lease <> 0`,
			job.Due, job.Attempt, job.State, job.Code, job.ID, job.Fence); err != nil {
			return err
		}
		if w.c.Changes() == 1 {
			return nil
		}
		if _, err := w.Job(ctx, job.ID); err != nil {
			return err
		}
		return fmt.Errorf("job %d: %w", job.ID, store.ErrFenced)
	})
}

// Unbury takes a dead job up again.
func (w *writer) Unbury(ctx context.Context, job store.Job) error {
	return w.change(ctx, "unbury job", func() error {
		err := w.c.exec("UPDATE job SET due = ?, attempt = ?, state = ?, code = ? WHERE id = ? AND state = 'dead'",
			job.Due, job.Attempt, job.State, job.Code, job.ID)
		if err == nil && w.c.Changes() == 0 {
			return store.ErrNotFound
		}
		return err
	})
}

// PutTimers sets timers, or moves them earlier.
func (w *writer) PutTimers(ctx context.Context, timers []store.Timer) error {
	return w.change(ctx, "put timers", func() error {
		return each(w.c, timers, `INSERT INTO timer (fragment, due) VALUES (?, ?)
			ON CONFLICT (fragment) DO UPDATE SET due = excluded.due WHERE excluded.due < due`,
			func(t store.Timer) []any { return []any{t.Fragment, t.Due} })
	})
}

// DueTimers are those due, longest due first.
func (w *writer) DueTimers(ctx context.Context, now clock.Instant, limit int) ([]store.Timer, error) {
	all, err := rows(ctx, w.c, "SELECT fragment, due FROM timer WHERE due <= ? ORDER BY due, fragment LIMIT ? + 0",
		func(s *stmt) store.Timer { return store.Timer{Fragment: fragment(s, 0), Due: instant(s, 1)} }, now, limit)
	return all, wrap("read due timers", err)
}

// ClearTimer removes a timer unless it was moved meanwhile.
func (w *writer) ClearTimer(ctx context.Context, id fact.FragmentID, due clock.Instant) error {
	return w.change(ctx, "clear timer", func() error {
		return w.c.exec("DELETE FROM timer WHERE fragment = ? AND due = ?", id, due)
	})
}

// Quarantine lists what was not understood, oldest first.
func (r *reader) Quarantine(ctx context.Context, after int64, limit int) ([]store.Quarantined, error) {
	all, err := rows(ctx, r.c, "SELECT id, source, code, why, received, body FROM quarantine WHERE id > ? ORDER BY id LIMIT ? + 0",
		func(s *stmt) store.Quarantined {
			return store.Quarantined{
				ID: s.ColumnInt64(0), Source: s.ColumnText(1), Code: s.ColumnText(2), Why: s.ColumnText(3),
				Received: instant(s, 4), Body: blob(s, 5),
			}
		}, after, limit)
	return all, wrap("read quarantine", err)
}

// PutQuarantine keeps events that were not understood; IDs are given here.
func (w *writer) PutQuarantine(ctx context.Context, rows []store.Quarantined) error {
	return w.change(ctx, "put quarantine", func() error {
		return each(w.c, rows, "INSERT INTO quarantine (source, code, why, received, body) VALUES (?, ?, ?, ?, ?)",
			func(q store.Quarantined) []any { return []any{q.Source, q.Code, q.Why, q.Received, q.Body} })
	})
}

// DropQuarantine removes rows by id.
func (w *writer) DropQuarantine(ctx context.Context, ids []int64) error {
	return w.change(ctx, "drop quarantine", func() error {
		return each(w.c, ids, "DELETE FROM quarantine WHERE id = ?", func(id int64) []any { return []any{id} })
	})
}

// DropQuarantineBefore removes what was received before t.
func (w *writer) DropQuarantineBefore(ctx context.Context, t clock.Instant) (dropped int64, err error) {
	err = w.change(ctx, "drop quarantine", func() error {
		err := w.c.exec("DELETE FROM quarantine WHERE received < ?", t)
		dropped = int64(w.c.Changes())
		return err
	})
	return dropped, err
}

// Audits yields a writer's chain.
func (r *reader) Audits(ctx context.Context, writer string, from uint64) iter.Seq2[store.Audit, error] {
	return func(yield func(store.Audit, error) bool) {
		for {
			next, err := rows(ctx, r.c, auditColumns+"WHERE writer = ? AND n >= ? ORDER BY n LIMIT ? + 0", scanAudit, writer, from, batch)
			if err != nil {
				yield(store.Audit{}, wrap("read audit", err))
				return
			}
			for _, a := range next {
				if !yield(a, nil) {
					return
				}
				from = a.N + 1
			}
			if len(next) < batch {
				return
			}
		}
	}
}

// Writers are the names of the audit chains.
func (r *reader) Writers(ctx context.Context) ([]string, error) {
	all, err := rows(ctx, r.c, "SELECT DISTINCT writer FROM audit ORDER BY writer", func(s *stmt) string { return s.ColumnText(0) })
	return all, wrap("list audit writers", err)
}
