package queue

import (
	"context"
	"fmt"

	"github.com/heed-platform/heed/internal/clock"
	"github.com/heed-platform/heed/internal/keep/internal/store"
	"github.com/heed-platform/heed/internal/keep/internal/vault"
)

// Switch is the name, among the small named values, of what turns sending off:
// while it has a value, no delivery is claimed on any node.
const Switch = "sending"

func switchedOff(ctx context.Context, r store.Reader, kind string) (bool, error) {
	if kind != Delivery {
		return false, nil
	}
	why, err := r.Meta(ctx, Switch)
	if err != nil {
		return true, fmt.Errorf("read the switch of sending: %w", err)
	}
	return len(why) > 0, nil
}

const (
	dropPage = 500
	// forEver is after the end of every lease.
	forEver = clock.Instant(1) << 60
)

// DropWaiting ends everything that waits to be sent or considered, for whoever
// says so, and returns how much it was. After a restore nobody knows which of it
// has left already.
func (q *Queue) DropWaiting(ctx context.Context, by string) (dropped int, err error) {
	for _, kind := range []string{Delivery, Moment} {
		for {
			n, err := q.dropSome(ctx, kind, by)
			if err != nil {
				return dropped, fmt.Errorf("drop what waits: %w", err)
			}
			if n == 0 {
				break
			}
			dropped += n
		}
	}
	return dropped, nil
}

func (q *Queue) dropSome(ctx context.Context, kind, by string) (n int, err error) {
	err = q.vault.Write(ctx, q.writer, nil, func(tx *vault.Tx) error {
		jobs, err := tx.Store.Claim(ctx, kind, forEver, forEver, dropPage)
		if err != nil {
			return err
		}
		for _, j := range jobs {
			j.State, j.Code, j.Due = "done", "dropped", tx.Now
			if err := tx.Store.Settle(ctx, j); err != nil {
				return err
			}
		}
		if n = len(jobs); n > 0 {
			tx.Audit(vault.AuditEntry{What: "job.drop", By: by, Ref: fmt.Sprintf("%d of kind %s that were waiting", n, kind)})
		}
		return nil
	})
	return n, err
}
