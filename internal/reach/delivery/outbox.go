package delivery

import (
	"context"
	"slices"
	"sync"

	"github.com/heed-platform/heed/internal/clock"
	"github.com/heed-platform/heed/internal/keep/gate"
	"github.com/heed-platform/heed/internal/person"
)

// outboxSize is how many messages an Outbox keeps; older ones go.
const outboxSize = 200

// Outbox is a channel that sends nothing: it keeps the newest messages in
// memory, for trying heed out. It stands in for a channel only where somebody
// said so, and its disclosures say that nothing left.
type Outbox struct {
	mu   sync.Mutex
	kept []Kept // oldest first
	next int64
}

// Kept is one message of an Outbox.
type Kept struct {
	Number  int64
	Label   Label
	At      clock.Instant
	Channel string
	Purpose string
	To      person.Secret
	Subject person.Secret
	Text    person.Secret
	HTML    person.Secret
}

// NewOutbox is an empty one.
func NewOutbox() *Outbox { return &Outbox{} }

// Protection says that nothing left.
func (*Outbox) Protection() string { return "outbox: kept here, not sent" }

// Send keeps the message.
func (o *Outbox) Send(_ context.Context, label Label, c gate.Cleared) error {
	l, err := c.Open()
	if err != nil {
		return err
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.next++
	o.kept = append(o.kept, Kept{
		Number: o.next, Label: label, At: l.At, Channel: l.Channel, Purpose: l.Purpose,
		To: l.To, Subject: l.Subject, Text: l.Text, HTML: l.HTML,
	})
	if len(o.kept) > outboxSize {
		o.kept = slices.Delete(o.kept, 0, len(o.kept)-outboxSize)
	}
	return nil
}

// Len is how many messages came so far, those that are no longer kept included.
func (o *Outbox) Len() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return int(o.next)
}

// List are the messages kept, newest first.
func (o *Outbox) List() []Kept {
	o.mu.Lock()
	defer o.mu.Unlock()
	out := slices.Clone(o.kept)
	slices.Reverse(out)
	return out
}

// Find is one message by its number.
func (o *Outbox) Find(number int64) (Kept, bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	i := slices.IndexFunc(o.kept, func(k Kept) bool { return k.Number == number })
	if i < 0 {
		return Kept{}, false
	}
	return o.kept[i], true
}
