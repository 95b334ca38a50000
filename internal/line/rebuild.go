package line

import (
	"context"

	"github.com/heed-platform/heed/internal/fact"
	"github.com/heed-platform/heed/internal/keep"
	"github.com/heed-platform/heed/internal/know/profile"
)

// Rebuild makes the state of every fragment again from the facts alone. Each
// event passes by observe, for projections that span people.
func Rebuild(ctx context.Context, k *keep.Keep, observe func(*fact.Event), progress func(done int)) (keep.Rebuilt, error) {
	return k.Vault().Rebuild(ctx, Folding(k, observe), progress)
}

// Folding is how the line makes a state of facts. Each event passes by observe.
func Folding(k *keep.Keep, observe func(*fact.Event)) keep.Folder {
	v := k.Vault()
	return keep.Folder{
		Apply: func(s *fact.State, kind fact.Kind, payload []byte) error {
			if !kind.Tells() {
				return profile.Apply(s, kind, payload)
			}
			e, err := fact.ParseEvent(payload)
			if err == nil {
				profile.ApplyEvent(s, &e, messageOf(v, &e))
				observe(&e)
			}
			return err
		},
		Seen: func(payload []byte) (keep.Entry, error) {
			e, err := fact.ParseEvent(payload)
			if err != nil {
				return keep.Entry{}, err
			}
			return keep.EntryOf(messageOf(v, &e), said(v, &e)), nil
		},
	}
}
