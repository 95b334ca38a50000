package postgres

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
)

// scrub rewrites the parts that rows were removed from, once nobody can see
// those rows any more; gone is the transaction that removed them. A plain VACUUM
// would leave their bytes in the pages (see the migration).
func (i *Identity) scrub(ctx context.Context, from []int16, gone string) error {
	conn, err := i.db.take(ctx)
	if err != nil {
		return err
	}
	defer conn.Release()
	err = unseen(ctx, conn, gone)
	for _, part := range sorted(from) {
		if err == nil {
			_, err = conn.Exec(ctx, fmt.Sprintf("VACUUM (FULL) heed_keys.fragment_%d", part))
		}
	}
	if err == nil {
		_, err = conn.Exec(ctx, "VACUUM heed_keys.edge")
	}
	return classify(ctx, err, conn.Conn().IsClosed())
}

var errSeen = errors.New("older snapshots still see what was removed")

// unseen waits until nobody has a snapshot in which the work of transaction gone
// has not happened, a standby's queries included, and nobody can get one: a new
// snapshot is as old as the oldest transaction that still writes, be it in
// another database of the cluster.
func unseen(ctx context.Context, conn *pgxpool.Conn, gone string) error {
	for wait := time.Millisecond; ; wait = min(2*wait, 200*time.Millisecond) {
		var seen bool
		err := conn.QueryRow(ctx, `SELECT pg_snapshot_xmin(pg_current_snapshot()) <= $1::text::xid8 OR EXISTS (SELECT FROM pg_stat_activity
			WHERE (datname = current_database() OR datname IS NULL) AND pid <> pg_backend_pid()
			AND pid NOT IN (SELECT pid FROM pg_stat_progress_vacuum) -- whose snapshots hold nothing up
			AND age(backend_xmin) >= age($1::text::xid8::xid))`, gone).Scan(&seen)
		if err != nil || !seen {
			return err
		}
		pause, stop := context.WithTimeout(ctx, wait)
		<-pause.Done()
		stop()
		if ctx.Err() != nil {
			return fmt.Errorf("%w: %w", errSeen, ctx.Err())
		}
	}
}
