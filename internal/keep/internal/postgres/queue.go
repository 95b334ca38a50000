package postgres

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"

	"github.com/heed-platform/heed/internal/clock"
	"github.com/heed-platform/heed/internal/fact"
	"github.com/heed-platform/heed/internal/keep/internal/store"
)

const jobColumns = "id, kind, fragment, uniq, due, attempt, lease, fence, state, code, body"

func scanJob(row pgx.CollectableRow) (j store.Job, err error) {
	err = row.Scan(&j.ID, &j.Kind, &j.Fragment, &j.Unique, &j.Due, &j.Attempt, &j.Lease, &j.Fence, &j.State, &j.Code, &j.Body)
	j.Body = short(j.Body)
	return j, err
}

// Job is one job.
func (r *reader) Job(ctx context.Context, id int64) (store.Job, error) {
	found, err := rows(ctx, r, "read job", "SELECT "+jobColumns+" FROM heed.job WHERE id = $1", scanJob, id)
	if err != nil {
		return store.Job{}, err
	}
	if len(found) == 0 {
		return store.Job{}, wrap("read job", store.ErrNotFound)
	}
	return found[0], nil
}

// Jobs are the newest of a kind in a state.
func (r *reader) Jobs(ctx context.Context, kind, state string, limit int) ([]store.Job, error) {
	return rows(ctx, r, "list jobs", "SELECT "+jobColumns+" FROM heed.job WHERE kind = $1 AND state = $2 ORDER BY id DESC LIMIT $3",
		scanJob, kind, state, limit)
}

// Leased are the fragments' jobs that somebody holds, by id.
func (r *reader) Leased(ctx context.Context, ids []fact.FragmentID, now clock.Instant) ([]store.Job, error) {
	return rows(ctx, r, "read leased jobs", "SELECT "+jobColumns+` FROM heed.job
		WHERE fragment = ANY ($1) AND state = 'waiting' AND lease > $2 ORDER BY id`, scanJob, ids, now)
}

// Enqueue adds jobs that wait.
func (w *writer) Enqueue(ctx context.Context, jobs []store.Job) (added int, err error) {
	err = w.change(ctx, "enqueue", func() error {
		if len(jobs) == 0 {
			return nil
		}
		done, err := w.tx.Exec(ctx, `INSERT INTO heed.job (kind, fragment, uniq, due, attempt, lease, fence, state, code, body)
			SELECT kind, fragment, uniq, due, attempt, 0, 0, 'waiting', '', body
			FROM unnest($1::text[], $2::bigint[], $3::text[], $4::bigint[], $5::integer[], $6::bytea[])
				WITH ORDINALITY w (kind, fragment, uniq, due, attempt, body, place) ORDER BY place
			ON CONFLICT (kind, uniq) WHERE uniq <> '' DO NOTHING`,
			column(jobs, func(j store.Job) string { return j.Kind }), column(jobs, func(j store.Job) int64 { return int64(j.Fragment) }),
			column(jobs, func(j store.Job) string { return j.Unique }), column(jobs, func(j store.Job) int64 { return int64(j.Due) }),
			column(jobs, func(j store.Job) int { return j.Attempt }), column(jobs, func(j store.Job) []byte { return full(j.Body) }))
		added = int(done.RowsAffected())
		return err
	})
	return added, err
}

// Claim leases the jobs that have been due longest and that nobody else is
// claiming at this moment.
func (w *writer) Claim(ctx context.Context, kind string, now, until clock.Instant, limit int) (claimed []store.Job, err error) {
	err = w.change(ctx, "claim jobs", func() error {
		claimed, err = collect(ctx, w.tx, `WITH due AS MATERIALIZED (
				SELECT id AS chosen FROM heed.job WHERE kind = $1 AND state = 'waiting' AND due <= $2 AND lease <= $2
				ORDER BY due, id LIMIT $4 FOR UPDATE SKIP LOCKED
			)
			UPDATE heed.job SET lease = $3, fence = fence + 1 FROM due WHERE id = chosen RETURNING `+jobColumns,
			scanJob, kind, now, until, limit)
		return err
	})
	slices.SortFunc(claimed, func(a, b store.Job) int { return cmp.Or(cmp.Compare(a.Due, b.Due), cmp.Compare(a.ID, b.ID)) })
	return claimed, err
}

// Settle ends or postpones a job that the caller holds.
func (w *writer) Settle(ctx context.Context, job store.Job) error {
	return w.change(ctx, "settle job", func() error {
		done, err := w.tx.Exec(ctx, `UPDATE heed.job SET due = $1, attempt = $2, lease = 0, state = $3, code = $4
			WHERE id = $5 AND fence = $6 AND lease <> 0`, job.Due, job.Attempt, job.State, job.Code, job.ID, job.Fence)
		if err != nil || done.RowsAffected() == 1 {
			return err
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
		done, err := w.tx.Exec(ctx, "UPDATE heed.job SET due = $1, attempt = $2, state = $3, code = $4 WHERE id = $5 AND state = 'dead'",
			job.Due, job.Attempt, job.State, job.Code, job.ID)
		if err == nil && done.RowsAffected() == 0 {
			return store.ErrNotFound
		}
		return err
	})
}

// PutTimers sets timers, or moves them earlier.
func (w *writer) PutTimers(ctx context.Context, timers []store.Timer) error {
	earliest := slices.Clone(timers)
	slices.SortFunc(earliest, func(a, b store.Timer) int {
		return cmp.Or(cmp.Compare(a.Fragment, b.Fragment), cmp.Compare(a.Due, b.Due))
	})
	earliest = slices.CompactFunc(earliest, func(a, b store.Timer) bool { return a.Fragment == b.Fragment })
	return put(ctx, w, "put timers", earliest, `INSERT INTO heed.timer (fragment, due) SELECT * FROM unnest($1::bigint[], $2::bigint[])
		ON CONFLICT (fragment) DO UPDATE SET due = excluded.due WHERE excluded.due < timer.due`, func(t []store.Timer) []any {
		return []any{column(t, func(t store.Timer) int64 { return int64(t.Fragment) }), column(t, func(t store.Timer) int64 { return int64(t.Due) })}
	})
}

// DueTimers are those due, longest due first, that no other node is looking at.
func (w *writer) DueTimers(ctx context.Context, now clock.Instant, limit int) ([]store.Timer, error) {
	return rows(ctx, &w.reader, "read due timers", `SELECT fragment, due FROM heed.timer WHERE due <= $1
		ORDER BY due, fragment LIMIT $2 FOR UPDATE SKIP LOCKED`, pgx.RowToStructByPos[store.Timer], now, limit)
}

// ClearTimer removes a timer unless it was moved meanwhile.
func (w *writer) ClearTimer(ctx context.Context, id fact.FragmentID, due clock.Instant) error {
	return w.change(ctx, "clear timer", func() error {
		_, err := w.tx.Exec(ctx, "DELETE FROM heed.timer WHERE fragment = $1 AND due = $2", id, due)
		return err
	})
}

// Quarantine lists what was not understood, oldest first.
func (r *reader) Quarantine(ctx context.Context, after int64, limit int) ([]store.Quarantined, error) {
	return rows(ctx, r, "read quarantine", "SELECT id, source, code, why, received, body FROM heed.quarantine WHERE id > $1 ORDER BY id LIMIT $2",
		func(row pgx.CollectableRow) (q store.Quarantined, err error) {
			err = row.Scan(&q.ID, &q.Source, &q.Code, &q.Why, &q.Received, &q.Body)
			q.Body = short(q.Body)
			return q, err
		}, after, limit)
}

// PutQuarantine keeps events that were not understood; IDs are given here.
func (w *writer) PutQuarantine(ctx context.Context, rows []store.Quarantined) error {
	return each(ctx, w, "put quarantine", rows, "INSERT INTO heed.quarantine (source, code, why, received, body) VALUES ($1, $2, $3, $4, $5)",
		func(q store.Quarantined) []any { return []any{q.Source, q.Code, q.Why, q.Received, full(q.Body)} })
}

// DropQuarantine removes rows by id.
func (w *writer) DropQuarantine(ctx context.Context, ids []int64) error {
	return w.change(ctx, "drop quarantine", func() error {
		_, err := w.tx.Exec(ctx, "DELETE FROM heed.quarantine WHERE id = ANY ($1)", ids)
		return err
	})
}

// DropQuarantineBefore removes what was received before t.
func (w *writer) DropQuarantineBefore(ctx context.Context, t clock.Instant) (dropped int64, err error) {
	err = w.change(ctx, "drop quarantine", func() error {
		done, err := w.tx.Exec(ctx, "DELETE FROM heed.quarantine WHERE received < $1", t)
		dropped = done.RowsAffected()
		return err
	})
	return dropped, err
}
