package postgres_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/heed-platform/heed/internal/clock"
	"github.com/heed-platform/heed/internal/fact"
	"github.com/heed-platform/heed/internal/keep/internal/store"
	given "github.com/heed-platform/heed/internal/keep/keeptest/giventest"
	"github.com/heed-platform/heed/internal/keep/keeptest/pgtest"
)

// TestPlans: no statement of the hot path reads a table from end to end, not
// even those that were planned while it was empty.
func TestPlans(t *testing.T) {
	t.Parallel()
	url := pgtest.URL(t)
	i, d := place(url)(t)
	conn, err := pgx.Connect(t.Context(), url)
	given.Must(t, err)
	defer conn.Close(t.Context())
	for round := range uint64(40) {
		var ns []uint64
		var links []store.Link
		for n := range uint64(20) {
			ns = append(ns, round*20+n)
			links = append(links, given.Link(round*20, round*20+n, true, clock.Instant(n), n))
		}
		ids := given.Admit(t, i, ns, links...)
		var list []fact.FragmentID
		for _, id := range ids {
			list = append(list, id)
		}
		_, err := i.Find(t.Context(), given.Hashes(ns...))
		given.Must(t, err)
		_, _, _, err = i.Component(t.Context(), list[:1], 50)
		given.Must(t, err)
		given.Write(t, d, func(ctx context.Context, w store.Writer) error {
			_, err := w.Lock(ctx, list)
			given.Must(t, err)
			var states []store.State
			var timers []store.Timer
			var jobs []store.Job
			for _, id := range list {
				given.Must(t, w.Append(ctx, given.Facts(id, 1, 3)))
				given.Equal(t, "chain", len(given.Collect(t, w.Facts(ctx, id, 2))), 2)
				states = append(states, store.State{Fragment: id, N: 3, Version: 1, Body: make([]byte, 600)})
				timers = append(timers, store.Timer{Fragment: id, Due: clock.Instant(round)})
				jobs = append(jobs, store.Job{Kind: "k", Fragment: id, Unique: fmt.Sprint(id), Due: clock.Instant(round)})
			}
			_, err = w.Enqueue(ctx, jobs)
			given.Must(t, err)
			claimed, err := w.Claim(ctx, "k", clock.Instant(round), clock.Instant(round+1), 5)
			given.Must(t, err)
			for _, j := range claimed {
				j.State = "done"
				given.Must(t, w.Settle(ctx, j))
			}
			due, err := w.DueTimers(ctx, clock.Instant(round), 3)
			given.Must(t, err)
			for _, timer := range due {
				given.Must(t, w.ClearTimer(ctx, timer.Fragment, timer.Due))
			}
			_, err = w.Leased(ctx, list, 1)
			return errors.Join(err, w.PutStates(ctx, states), w.PutTimers(ctx, timers))
		})
	}
	given.Write(t, d, func(ctx context.Context, w store.Writer) error { return w.Forget(ctx, []fact.FragmentID{16, 32}) })
	// A server process tells its counts before it has ended.
	given.Must(t, errors.Join(i.Close(), d.Close()))
	alone(t, conn)
	rows, err := conn.Query(t.Context(), "SELECT relname, seq_tup_read FROM pg_stat_user_tables WHERE schemaname IN ('heed', 'heed_keys') AND relname <> 'schema_step' AND seq_tup_read > 0")
	given.Must(t, err)
	type scan struct {
		Table string
		Rows  int64
	}
	scans, err := pgx.CollectRows(rows, pgx.RowToStructByPos[scan])
	given.Must(t, err)
	for _, s := range scans {
		t.Errorf("%d rows of %s were read from end to end", s.Rows, s.Table)
	}
	// The control: a statement that has no index to use is seen.
	other, err := pgx.Connect(t.Context(), url)
	given.Must(t, err)
	_, err = other.Exec(t.Context(), "SELECT count(*) FROM heed.state WHERE n = 17")
	given.Must(t, err)
	given.Must(t, other.Close(t.Context()))
	alone(t, conn)
	var seen bool
	given.Must(t, conn.QueryRow(t.Context(), "SELECT seq_tup_read > 0 FROM pg_stat_user_tables WHERE relname = 'state' AND schemaname = 'heed'").Scan(&seen))
	if !seen {
		t.Error("control: nothing is counted")
	}
}

// alone waits until conn is the only connection to its database.
func alone(t *testing.T, conn *pgx.Conn) {
	t.Helper()
	for others := 1; others > 0; {
		given.Must(t, conn.QueryRow(t.Context(), `SELECT count(*) FROM pg_stat_activity
			WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'`).Scan(&others))
	}
}
