package vault

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"slices"

	"github.com/heed-platform/heed/internal/fact"
	"github.com/heed-platform/heed/internal/keep/internal/store"
)

// recoverPage is how many fragments one step of a recovery looks at.
const recoverPage = 1000

// Rebury buries everybody whom the data store remembers as erased: an identity
// store that was restored may have been copied before. It returns how many
// fragments had come back.
func (v *Vault) Rebury(ctx context.Context) (buried int, err error) {
	var ids []fact.FragmentID
	err = v.data.Read(ctx, func(r store.Reader) error {
		for _, state := range []string{"waiting", "done", "dead"} {
			jobs, err := r.Jobs(ctx, kindErase, state, math.MaxInt32)
			if err != nil {
				return err
			}
			for _, job := range jobs {
				var e erasure
				body, err := v.OpenNote(kindErase, job.Body)
				if err == nil {
					err = json.Unmarshal(body, &e)
				}
				if err != nil {
					return fmt.Errorf("read erasure %d: %w", job.ID, err)
				}
				ids = append(ids, e.Fragments...)
			}
		}
		return nil
	})
	if err != nil {
		return 0, fmt.Errorf("replay erasures: %w", err)
	}
	for some := range slices.Chunk(ids, recoverPage) {
		rows, err := v.ids.Get(ctx, some)
		if err != nil {
			return buried, fmt.Errorf("replay erasures: %w", err)
		}
		if len(rows) == 0 {
			continue
		}
		back := make([]fact.FragmentID, len(rows))
		for n, r := range rows {
			back[n] = r.ID
		}
		if err := v.lives.bury(func() error { return v.ids.Bury(ctx, back, v.clock.Now()) }); err != nil {
			return buried, fmt.Errorf("replay erasures: %w", err)
		}
		buried += len(back)
	}
	v.cache.empty()
	return buried, nil
}

// Disown removes what the data store keeps of fragments that have no key: of those
// who were erased after it was copied, and of those who came after the identity
// store was. It returns how many they were, and the greatest id that it met.
func (v *Vault) Disown(ctx context.Context) (gone int, greatest fact.FragmentID, err error) {
	for {
		var owners []fact.FragmentID
		err := v.data.Read(ctx, func(r store.Reader) (err error) {
			owners, err = r.Owners(ctx, greatest, recoverPage)
			return err
		})
		if err != nil {
			return gone, greatest, fmt.Errorf("remove what has no key: %w", err)
		}
		if len(owners) == 0 {
			break
		}
		greatest = owners[len(owners)-1]
		rows, err := v.ids.Get(ctx, owners)
		if err != nil {
			return gone, greatest, fmt.Errorf("remove what has no key: %w", err)
		}
		alive := make(map[fact.FragmentID]bool, len(rows))
		for _, r := range rows {
			alive[r.ID] = true
		}
		owners = slices.DeleteFunc(owners, func(id fact.FragmentID) bool { return alive[id] })
		if len(owners) == 0 {
			continue
		}
		if err := v.data.Write(ctx, func(w store.Writer) error { return w.Forget(ctx, owners) }); err != nil {
			return gone, greatest, fmt.Errorf("remove what has no key: %w", err)
		}
		gone += len(owners)
	}
	if gone > 0 {
		if err := v.data.Scrub(ctx); err != nil {
			return gone, greatest, fmt.Errorf("remove what has no key: %w", err)
		}
	}
	return gone, greatest, nil
}
