package keep

import (
	"context"
	"errors"
	"fmt"

	"github.com/heed-platform/heed/internal/clock"
	"github.com/heed-platform/heed/internal/fact"
	"github.com/heed-platform/heed/internal/keep/internal/store"
)

// Spend notes that a secret which nobody keeps, such as a signed link or the id
// of a webhook, was used, until t.Until. It reports whether this was the first
// time: of all who use it at once, one hears true.
func (k *Keep) Spend(ctx context.Context, secret string, t Ticket) (first bool, err error) {
	t.Hash = k.SecretHash("ticket "+t.Kind, secret)
	t.Body = k.vault.SealNote("ticket "+t.Kind, t.Body)
	err = k.data.Write(ctx, func(w store.Writer) error {
		// Whoever else uses it waits here, then finds it.
		if _, err := w.Lock(ctx, []fact.FragmentID{t.Fragment}); err != nil {
			return err
		}
		_, err := w.Ticket(ctx, t.Kind, t.Hash)
		if first = errors.Is(err, store.ErrNotFound); !first {
			return err
		}
		return w.PutTickets(ctx, []store.Ticket{t})
	})
	if err != nil {
		return false, fmt.Errorf("spend: %w", err)
	}
	return first, nil
}

// Count counts one more of something that is done about a secret, such as codes
// for one address, and returns how many there were since the first, until that
// one's Until. Two who begin at once may
// count one too few.
func (k *Keep) Count(ctx context.Context, secret string, t Ticket, now clock.Instant) (n int64, err error) {
	t.Hash = k.SecretHash("ticket "+t.Kind, secret)
	t.Tries = 1
	t.Body = k.vault.SealNote("ticket "+t.Kind, t.Body)
	err = k.data.Write(ctx, func(w store.Writer) error {
		found, err := w.TryTicket(ctx, t.Kind, t.Hash)
		if errors.Is(err, store.ErrNotFound) || err == nil && found.Until < now {
			n = 1
			return w.PutTickets(ctx, []store.Ticket{t})
		}
		n = found.Tries
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("count: %w", err)
	}
	return n, nil
}
