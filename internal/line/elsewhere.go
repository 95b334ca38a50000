package line

import (
	"context"

	"github.com/heed-platform/heed/internal/keep"
	"github.com/heed-platform/heed/internal/person"
)

// elsewhere finds the fragments on which events may have come before, while
// other values were blocked. Few events have any, and it makes none.
func (l *Line) elsewhere(ctx context.Context, steps []*step) error {
	var ids []person.Identifier
	for _, s := range steps {
		ids = append(ids, s.arrival.Elsewhere...)
	}
	if len(ids) == 0 {
		return nil
	}
	frags, erased, err := l.keep.Vault().Known(ctx, ids)
	if err != nil {
		return err
	}
	n := 0
	for _, s := range steps {
		for range s.arrival.Elsewhere {
			if f := frags[n]; f != nil && f.ID != s.frags[0].ID {
				s.other = append(s.other, f)
			}
			s.erased = max(s.erased, erased[n])
			n++
		}
	}
	return nil
}

// known says what is known of a message, wherever it may have come before.
func (w *walk) known(ctx context.Context, s *step, c *keep.Chain, entry keep.Entry) (keep.Sighting, error) {
	sighting, err := w.tx.Sight(ctx, c, entry)
	for _, f := range s.other {
		if err != nil || sighting != keep.Unseen {
			break
		}
		sighting, err = w.tx.Sight(ctx, w.tx.Chain(f.ID), entry)
	}
	return sighting, err
}
