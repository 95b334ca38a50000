package keep

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/heed-platform/heed/internal/clock"
	"github.com/heed-platform/heed/internal/keep/internal/store"
	"github.com/heed-platform/heed/internal/keep/internal/vault"
	"github.com/heed-platform/heed/internal/keep/queue"
)

const (
	sendingName = queue.Switch
	whyRestored = "a backup was restored: what was sent after it was made is not known here"
)

// Sending says whether messages may leave at all.
type Sending struct {
	Off   bool          `json:"off"`
	Since clock.Instant `json:"since,omitzero"`
	Why   string        `json:"why,omitempty"`
}

func sendingOff(now clock.Instant, why string) []byte {
	raw, err := json.Marshal(Sending{true, now, why})
	if err != nil {
		panic("a switch is plain data: " + err.Error())
	}
	return raw
}

// Sending reads the switch.
func (k *Keep) Sending(ctx context.Context) (s Sending, err error) {
	raw, err := k.Meta(ctx, sendingName)
	if err != nil || len(raw) == 0 {
		return s, err
	}
	if err := json.Unmarshal(raw, &s); err != nil {
		return Sending{Off: true}, fmt.Errorf("read the switch of sending: %w", err)
	}
	return s, nil
}

// SwitchSending lets messages leave, or keeps them: from when it returns, no node
// takes one up. Those that were taken up before may still leave.
func (k *Keep) SwitchSending(ctx context.Context, by string, on bool, why string) error {
	return k.vault.Write(ctx, k.Writer, nil, func(tx *vault.Tx) error {
		what, value := "sending.on", []byte(nil)
		if !on {
			what, value = "sending.off", sendingOff(tx.Now, why)
		}
		tx.Audit(vault.AuditEntry{What: what, By: by, Ref: why})
		return tx.Store.SetMeta(ctx, sendingName, value)
	})
}

// Waiting is how many messages and considerations wait in the queue.
func (k *Keep) Waiting(ctx context.Context) (n int, err error) {
	return read(ctx, k, "queue", func(r store.Reader) (n int, err error) {
		for _, kind := range []string{queue.Delivery, queue.Moment} {
			jobs, err := r.Jobs(ctx, kind, "waiting", waitingMost)
			if err != nil {
				return n, err
			}
			n += len(jobs)
		}
		return n, nil
	})
}

// waitingMost is as far as Waiting counts, for each kind.
const waitingMost = 1_000_000
