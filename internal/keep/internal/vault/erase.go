package vault

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/heed-platform/heed/internal/clock"
	"github.com/heed-platform/heed/internal/fact"
	"github.com/heed-platform/heed/internal/keep/internal/store"
)

const (
	kindErase  = "erase"         // jobs that remember erasures until they are done
	kindScrub  = "scrub"         // jobs that remember what is still to be scrubbed
	eraseLease = 2 * time.Minute // how long one may take before somebody else goes on
	scrubLease = 15 * time.Minute
	eraseTime  = 90 * time.Second
	scrubTime  = 30 * time.Second // how long an erasure is held up by the scrubbing
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

// Patience sets how long an erasure is held up by the scrubbing; call it before
// anything is asked.
func (v *Vault) Patience(d time.Duration) { v.patience = d }

// Erased says how far an erasure is.
type Erased struct {
	Done     []string
	Underway []string // goes on by itself (FinishScrubs)
}

// Erase destroys the fragments and returns the steps it took: tombstones and
// keys, which cuts the facts loose in every copy, then the live rows. entry.Ref
// names the erasure; no two have the same. What is left of the rows in the files
// is sealed and cannot be opened any more; to overwrite it is a step of its own,
// which is remembered and may take longer than anybody waits.
//
// That it was asked for is on disk first, so whatever interrupts it, somebody
// goes on (FinishErasures). No lock is held while keys are destroyed, because
// that waits for everybody who looks at the identity store: a writer that had
// locked a fragment before is waited for afterwards and its rows are removed
// too; one that locks it later finds it buried (alive).
func (v *Vault) Erase(ctx context.Context, writer string, ids []fact.FragmentID, entry AuditEntry) (Erased, error) {
	body, err := json.Marshal(erasure{ids, entry})
	if err != nil {
		return Erased{}, fmt.Errorf("remember erasure: %w", err)
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
		return Erased{}, fmt.Errorf("remember erasure: %w", err)
	}
	// From here on it happens, whether or not somebody still waits for it.
	ctx = context.WithoutCancel(ctx)
	if err := v.eraseIn(ctx, writer, jobs); err != nil {
		return Erased{}, err
	}
	out := Erased{Done: []string{"tombstones written", "keys and keyed hashes destroyed", "facts, state, queue and timers removed"}}
	once, cancel := context.WithTimeout(ctx, v.patience)
	defer cancel()
	_, err = v.scrub(once, true)
	file := v.data.Capabilities().OneProcess // else pages and logs are written over when the database gets to it
	switch {
	case err == nil && file:
		out.Done = append(out.Done, "live files scrubbed")
	case err == nil:
		out.Done = append(out.Done, "room of removed rows given free; what is left of them there is sealed, and nothing opens it")
	case file:
		out.Underway = append(out.Underway, "live files are scrubbed; what is left in them is sealed, and nothing opens it")
	default:
		out.Underway = append(out.Underway, "room of removed rows is given free; what is left of them there is sealed, and nothing opens it")
	}
	return out, nil
}

func (v *Vault) eraseIn(ctx context.Context, writer string, jobs []store.Job) error {
	ctx, cancel := context.WithTimeout(ctx, eraseTime)
	defer cancel()
	return v.erase(ctx, writer, jobs)
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
	return nil
}

// FinishScrubs overwrites in the files what erasures removed, if anything is
// still to be, and returns of how many. What fails is tried again with the next
// call, or once the lease is over of whoever was at it and is no more.
func (v *Vault) FinishScrubs(ctx context.Context) (int, error) {
	return v.scrub(ctx, false)
}

// scrub takes what nobody is at; must scrubs even when that is nothing, because
// who is at it may have begun before something was removed, or fail.
func (v *Vault) scrub(ctx context.Context, must bool) (int, error) {
	now := v.clock.Now()
	var jobs []store.Job
	err := v.data.Write(ctx, func(w store.Writer) (err error) {
		jobs, err = w.Claim(ctx, kindScrub, now, now.Add(scrubLease), erasePage)
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("find what is to be scrubbed: %w", err)
	}
	if len(jobs) == 0 && !must {
		return 0, nil
	}
	state, failed := "done", v.data.Scrub(ctx)
	if failed != nil {
		state = "waiting"
	}
	// However it went, the lease is given back: whoever comes next tries again.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), eraseTime)
	defer cancel()
	err = v.data.Write(ctx, func(w store.Writer) error {
		for _, job := range jobs {
			job.State, job.Attempt = state, job.Attempt+1
			if err := w.Settle(ctx, job); err != nil {
				return err
			}
		}
		return nil
	})
	if err = errors.Join(failed, err); err != nil {
		return 0, fmt.Errorf("scrub files: %w", err)
	}
	return len(jobs), nil
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
		scrub := store.Job{Kind: kindScrub, Unique: e.Entry.Ref, Due: tx.Now}
		if _, err := tx.Store.Enqueue(ctx, []store.Job{scrub}); err != nil {
			return fmt.Errorf("remember to scrub: %w", err)
		}
		job.State = "done"
		return tx.Store.Settle(ctx, job)
	})
	if err != nil {
		return fmt.Errorf("erase: %w", err)
	}
	return nil
}
