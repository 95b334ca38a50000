package vault

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/heed-platform/heed/internal/clock"
	"github.com/heed-platform/heed/internal/fact"
	"github.com/heed-platform/heed/internal/keep/internal/store"
)

const (
	kindErase  = "erase"         // jobs that remember erasures until they are done
	eraseLease = 2 * time.Minute // how long one may take before somebody else goes on
	eraseTime  = 90 * time.Second
	erasePage  = 100

	// everHeld is after the end of every lease.
	everHeld = clock.Instant(1) << 60
)

// erasure is what its job remembers. It names nobody: ids mean nothing once the
// rows of the identity store are gone.
type erasure struct {
	Fragments []fact.FragmentID `json:"fragments"`
	Entry     AuditEntry        `json:"entry"`
}

// Erase destroys the fragments and returns the steps it took: tombstones and
// keys, which cuts the facts loose in every copy, then the live rows. entry.Ref
// names the erasure; no two have the same.
//
// That it was asked for is on disk first, so whatever interrupts it, somebody
// goes on (FinishErasures). No lock is held while keys are destroyed, because
// that waits for everybody who looks at the identity store: a writer that had
// locked a fragment before is waited for afterwards and its rows are removed
// too; one that locks it later finds it buried (alive).
func (v *Vault) Erase(ctx context.Context, writer string, ids []fact.FragmentID, entry AuditEntry) ([]string, error) {
	body, err := json.Marshal(erasure{ids, entry})
	if err != nil {
		return nil, fmt.Errorf("remember erasure: %w", err)
	}
	var jobs []store.Job
	err = v.data.Write(ctx, func(w store.Writer) error {
		now := v.clock.Now()
		job := store.Job{Kind: kindErase, Unique: entry.Ref, Due: now, Body: v.SealNote(kindErase, body)}
		if _, err := w.Enqueue(ctx, []store.Job{job}); err != nil {
			return err
		}
		jobs, err = w.Claim(ctx, kindErase, now, now.Add(eraseLease), erasePage)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("remember erasure: %w", err)
	}
	// From here on it happens, whether or not somebody still waits for it.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), eraseTime)
	defer cancel()
	if err := v.erase(ctx, writer, jobs); err != nil {
		return nil, err
	}
	last := "live files scrubbed"
	if !v.data.Capabilities().OneProcess { // its pages and logs are written over when it gets to it
		last = "room of removed rows given free; what is left of them there is sealed, and nothing opens it"
	}
	return []string{"tombstones written", "keys and keyed hashes destroyed", "facts, state, queue and timers removed", last}, nil
}

// FinishErasures goes on with erasures that were interrupted, and returns how
// many there were. all takes those too that somebody may be working on: right
// only at the start of a process that has the database to itself.
func (v *Vault) FinishErasures(ctx context.Context, writer string, all bool) (int, error) {
	now := v.clock.Now()
	reach := now
	if all {
		reach = everHeld
	}
	var jobs []store.Job
	err := v.data.Write(ctx, func(w store.Writer) (err error) {
		jobs, err = w.Claim(ctx, kindErase, reach, max(reach, now.Add(eraseLease)), erasePage)
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("find unfinished erasures: %w", err)
	}
	if len(jobs) == 0 {
		return 0, nil
	}
	return len(jobs), v.erase(ctx, writer, jobs)
}

func (v *Vault) erase(ctx context.Context, writer string, jobs []store.Job) error {
	for _, job := range jobs {
		if err := v.eraseOne(ctx, writer, job); err != nil {
			return err
		}
	}
	if err := v.data.Scrub(ctx); err != nil {
		return fmt.Errorf("scrub files: %w", err)
	}
	return nil
}

func (v *Vault) eraseOne(ctx context.Context, writer string, job store.Job) error {
	var e erasure
	body, err := v.OpenNote(kindErase, job.Body)
	if err == nil {
		err = json.Unmarshal(body, &e)
	}
	if err != nil {
		return fmt.Errorf("read erasure %d: %w", job.ID, err)
	}
	err = v.lives.bury(func() error { return v.ids.Bury(ctx, e.Fragments, v.clock.Now()) })
	v.cache.empty() // whatever became of it: the store knows
	if err != nil {
		return fmt.Errorf("destroy keys: %w", err)
	}
	err = v.Write(ctx, writer, nil, func(tx *Tx) error {
		if err := tx.Store.Forget(ctx, e.Fragments); err != nil {
			return fmt.Errorf("remove facts: %w", err)
		}
		tx.Audit(e.Entry)
		job.State = "done"
		return tx.Store.Settle(ctx, job)
	})
	if err != nil {
		return fmt.Errorf("erase: %w", err)
	}
	return nil
}
