package app

import (
	"context"
	"fmt"

	"github.com/heed-platform/heed/internal/keep"
)

// switches keep which webhooks want no more. Addresses may hold secrets, so only
// a keyed hash of them is kept.
type switches struct{ keep *keep.Keep }

func (s switches) name(address string) string {
	return fmt.Sprintf("webhook_off/%x", s.keep.SecretHash("webhook address", address))
}

// IsOff implements webhook.Switches.
func (s switches) IsOff(ctx context.Context, address string) (bool, error) {
	at, err := s.keep.Meta(ctx, s.name(address))
	return len(at) > 0, err
}

// TurnOff implements webhook.Switches.
func (s switches) TurnOff(ctx context.Context, address string) error {
	return s.keep.SetMeta(ctx, s.name(address), []byte("410"))
}
