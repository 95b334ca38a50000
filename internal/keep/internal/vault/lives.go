package vault

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"

	"github.com/heed-platform/heed/internal/fact"
)

// ErrErased says that a fragment was erased between finding it and writing to
// it; finding it again starts a new one.
var ErrErased = errors.New("the fragment was erased meanwhile")

// lives counts the burials of this process, once when one begins and once when
// it has ended, whichever way. A fragment whose row was read at the same count
// has not been buried by this process since.
type lives struct{ n atomic.Uint64 }

func (l *lives) now() uint64 { return l.n.Load() }

func (l *lives) bury(f func() error) error {
	l.n.Add(1)
	defer l.n.Add(1)
	return f()
}

// alive fails with ErrErased when one of the fragments was buried. They must be
// locked already: then whoever buries one of them later removes what this
// transaction writes.
func (v *Vault) alive(ctx context.Context, frags []*Fragment) error {
	now := v.lives.now()
	asked := make([]*Fragment, 0, len(frags))
	ids := make([]fact.FragmentID, 0, len(frags))
	for _, f := range frags {
		if v.cache == nil || f.seen.Load() != now { // nil: others bury too
			asked, ids = append(asked, f), append(ids, f.ID)
		}
	}
	if len(ids) == 0 {
		return nil
	}
	rows, err := v.ids.Get(ctx, ids)
	if err != nil {
		return fmt.Errorf("look whether fragments live: %w", err)
	}
	living := make(map[fact.FragmentID]bool, len(rows))
	for _, r := range rows {
		living[r.ID] = true
	}
	for _, f := range asked {
		if !living[f.ID] {
			v.cache.drop(f)
			err = ErrErased
			continue
		}
		f.seen.Store(now)
	}
	return err
}
