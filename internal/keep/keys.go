package keep

import (
	"context"
	"fmt"

	"github.com/heed-platform/heed/internal/clock"
	"github.com/heed-platform/heed/internal/keep/internal/vault"
)

// Rotation says what a rotation of keys did.
type Rotation = vault.Rotation

// RotateKeys makes a new key-encryption key, wraps every key anew and destroys
// the old one; or it finishes a rotation that was interrupted. Everything goes on
// meanwhile, on every node.
func (k *Keep) RotateKeys(ctx context.Context, by string, progress func(done int)) (Rotation, error) {
	r, err := k.vault.Rotate(ctx, progress)
	if err != nil {
		return r, fmt.Errorf("rotate keys: %w", err)
	}
	return r, k.Audit(ctx, AuditEntry{What: "keys.rotated", By: by, Ref: fmt.Sprintf("epoch %d", r.Epoch)})
}

// RefreshKeys takes part in a rotation that another node runs.
func (k *Keep) RefreshKeys(ctx context.Context) error { return k.vault.Refresh(ctx) }

// KeyEpoch says which key-encryption key is in use, since when (0 is unknown), and
// whether a rotation was begun and not finished.
func (k *Keep) KeyEpoch() (epoch uint16, since clock.Instant, unfinished bool) {
	return k.vault.Epochs()
}
