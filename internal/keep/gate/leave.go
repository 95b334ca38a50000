package gate

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"

	"github.com/google/uuid"

	"github.com/heed-platform/heed/internal/clock"
	"github.com/heed-platform/heed/internal/fact"
	"github.com/heed-platform/heed/internal/keep/internal/store"
	"github.com/heed-platform/heed/internal/keep/internal/vault"
	"github.com/heed-platform/heed/internal/person"
	"github.com/heed-platform/heed/internal/policy"
)

// Draft is what somebody would like to send: texts already written from a View,
// the fields they were written from, and where they should go.
type Draft struct {
	To         string   // the attribute that holds the address: "email", "phone"
	Fields     []string // every field path the texts read
	Subject    person.Secret
	Text       person.Secret
	HTML       person.Secret
	Payload    person.Secret // JSON, for webhooks
	Recipient  string        // who carries or receives it
	Country    string
	Protection string // how it travels
	Class      string // of a handover that caps count as a message: "marketing" or "service"
	Decision   string // the decision's id
	// Check is asked once more, inside the transaction, with what is true then:
	// caps, quiet hours, breaks. A code that is not empty stops the message.
	Check func(fact.Sight, clock.Instant) (code string)
	Lease Lease
}

// Lease is the claim under which a message leaves. A zero Lease claims nothing
// and is for messages that no queue holds.
type Lease struct {
	Job   int64
	Fence int64
	Until clock.Instant
}

// Letter is one message ready for a channel. Its texts are about a person.
type Letter struct {
	ID      string // of the disclosure, and the idempotency key for the recipient
	Channel string
	Purpose string
	To      person.Secret
	Subject person.Secret
	Text    person.Secret
	HTML    person.Secret
	Payload person.Secret
	At      clock.Instant
}

// Cleared is a message that may leave: the gate was asked in the transaction
// that wrote its disclosure. Channels accept nothing else. The zero Cleared is
// no message.
type Cleared struct{ letter *Letter }

// Open gives the letter to the channel that sends it.
func (c Cleared) Open() (Letter, error) {
	if c.letter == nil {
		return Letter{}, errVoid
	}
	return *c.letter, nil
}

// Handed is a payload that may be handed to a recipient outside.
type Handed struct{ letter *Letter }

// Open gives the payload to the edge that hands it over.
func (h Handed) Open() (Letter, error) {
	if h.letter == nil {
		return Letter{}, errVoid
	}
	return *h.letter, nil
}

// Clear asks the gate again and, if it still says yes, writes the disclosure;
// then, and only then, the message may go. *Denied says what changed.
func Clear(ctx context.Context, v View[Contact], d Draft) (Cleared, error) {
	l, err := leave[Contact](ctx, v.d, d)
	return Cleared{letter: l}, err
}

// HandOver is Clear for data that a recipient outside receives.
func HandOver(ctx context.Context, v View[Share], d Draft) (Handed, error) {
	l, err := leave[Share](ctx, v.d, d)
	return Handed{letter: l}, err
}

func leave[U Use](ctx context.Context, d *decision, draft Draft) (*Letter, error) {
	if !d.takeExit() {
		return nil, errVoid
	}
	if draft.Recipient != d.asking.Recipient {
		return nil, errOther
	}
	g := d.gate
	id, err := uuid.NewV7()
	if err != nil {
		return nil, fmt.Errorf("make disclosure id: %w", err)
	}
	var letter *Letter
	// Who this person is may have changed since the view was opened.
	err = g.within(ctx, d.held.profile.Anchor, func(tx *vault.Tx, h *held) error {
		if err := checkLease(ctx, tx, draft.Lease); err != nil {
			return err
		}
		h.profile = g.fold(h, chainsOf(tx, h))
		pass, err := rule[U](g, h, d.asking)
		if err != nil {
			return err
		}
		if err := g.checkFirst(ctx, tx, pass.d, draft); err != nil {
			return err
		}
		s := look(pass.d)
		if err := permit(s, draft, tx.Now); err != nil {
			return err
		}
		read := s.attributesOf(draft.Fields)
		own, err := g.own(ctx, h, read)
		if err != nil {
			return err
		}
		if len(own) < len(read) {
			return errNotTheirs
		}
		to, err := g.address(ctx, h, s, draft.To)
		if err != nil {
			return err
		}
		letter = &Letter{
			ID: id.String(), Channel: d.asking.Channel, Purpose: d.asking.Purpose, To: to,
			Subject: draft.Subject, Text: draft.Text, HTML: draft.HTML, Payload: draft.Payload, At: tx.Now,
		}
		return g.disclose(tx, pass.d, draft, letter)
	})
	if err != nil {
		return nil, err
	}
	return letter, nil
}

var errOther = &Denied{Ruling: policy.Ruling{
	Code: "recipient_not_asked", Marketer: "The message would go to another recipient than the one that was asked about.",
}}

// checkLease refuses a sender that slept through its lease.
func checkLease(ctx context.Context, tx *vault.Tx, l Lease) error {
	if l.Job == 0 {
		return nil
	}
	job, err := tx.Store.Job(ctx, l.Job)
	if errors.Is(err, store.ErrNotFound) {
		return store.ErrFenced // it went with its person
	}
	if err != nil {
		return fmt.Errorf("read lease: %w", err)
	}
	if job.Fence != l.Fence || job.State != "waiting" || tx.Now > job.Lease {
		return store.ErrFenced
	}
	return nil
}

// checkFirst refuses a second holder of a job whose first one has got further
// than the second knew: it may have written its disclosure in the moment in which
// its lease ran out. Only one of them holds the person now, so only one leaves.
func (g *Gate) checkFirst(ctx context.Context, tx *vault.Tx, d *decision, draft Draft) error {
	if draft.Lease.Fence <= 1 || draft.Decision == "" {
		return nil
	}
	trace, err := g.trace(ctx, tx.Store, d.held, draft.Decision)
	if err != nil {
		return err
	}
	switch trace.Status {
	case "failed":
		return nil
	case "unknown":
		// Marketing never comes twice. Who waits for a parcel, and a recipient who
		// tells by the key that a payload is the same, rather get it twice than never.
		if d.question.Use == policy.Share || d.class() == classService {
			return nil
		}
	case "":
		if trace.Disclosure == "" {
			return nil
		}
	}
	return store.ErrFenced
}

// The classes of messages: caps count what is marketing.
const (
	classMarketing = "marketing"
	classService   = "service"
)

// class is what caps make of a message for the decision's purpose.
func (d *decision) class() string {
	if p, ok := d.rules.Purpose(d.question.Purpose); ok && p.Service {
		return classService
	}
	return classMarketing
}

// permit checks that every field the texts were written from is still to be
// seen.
func permit(s *sight, draft Draft, now clock.Instant) error {
	for _, path := range draft.Fields {
		if r, no := s.hides(path); no {
			return &Denied{Ruling: r}
		}
	}
	if draft.Check != nil {
		if code := draft.Check(fact.Sight{Profile: s.profile, Withheld: s.codes}, now); code != "" {
			return &Denied{Ruling: policy.Ruling{Code: code}}
		}
	}
	return nil
}

// disclose writes who gets what, before it goes.
func (g *Gate) disclose(tx *vault.Tx, d *decision, draft Draft, l *Letter) error {
	fields := slices.Clone(draft.Fields)
	if draft.To != "" {
		fields = append(fields, "traits."+draft.To)
	}
	slices.Sort(fields)
	fields = slices.Compact(fields)
	class := draft.Class
	if d.question.Use == policy.Contact { // a message to the person counts, whatever its sender calls it
		class = d.class()
	}
	entry := fact.Disclosure{
		ID: l.ID, Recipient: draft.Recipient, Country: draft.Country, Purpose: d.asking.Purpose, Channel: d.asking.Channel,
		Class: class, Categories: categoriesOf(d.rules, fields), Fields: fields, Protection: draft.Protection,
		Decision: draft.Decision, Content: contentHash(l), At: tx.Now,
	}
	anchor := tx.Chain(d.held.profile.Anchor)
	if err := g.record(tx, anchor, fact.KindDisclosure, fact.AppendDisclosure(nil, &entry)); err != nil {
		return err
	}
	tx.Audit(vault.AuditFact(anchor, vault.AuditEntry{What: "disclosure", By: "heed", Ref: draft.Recipient}))
	return nil
}

// record appends a fact and folds it with the code that a rebuild uses.
func (g *Gate) record(tx *vault.Tx, c *vault.Chain, kind fact.Kind, payload []byte) error {
	tx.Append(c, kind, tx.Now, payload)
	if err := g.know.Apply(&c.State, kind, payload); err != nil {
		return fmt.Errorf("fold %s: %w", kind, err)
	}
	return nil
}

func contentHash(l *Letter) string {
	sum := sha256.New()
	for _, s := range []person.Secret{l.To, l.Subject, l.Text, l.HTML, l.Payload} {
		fmt.Fprintf(sum, "%d:%s", len(s.Reveal()), s.Reveal())
	}
	return hex.EncodeToString(sum.Sum(nil)[:16])
}

func chainsOf(tx *vault.Tx, h *held) map[fact.FragmentID]fact.State {
	out := make(map[fact.FragmentID]fact.State, len(h.group.Members))
	for _, id := range h.group.Members {
		if c := tx.Chain(id); c != nil && c.State.N > 0 {
			out[id] = c.State
		}
	}
	return out
}

// Settle records what became of a letter.
func (g *Gate) Settle(ctx context.Context, s Subject, o fact.Outcome) error {
	id, err := g.find(ctx, s)
	if err != nil {
		return err
	}
	return g.within(ctx, id, func(tx *vault.Tx, h *held) error {
		o.At = tx.Now
		return g.record(tx, tx.Chain(h.group.Anchor), fact.KindOutcome, fact.AppendOutcome(nil, &o))
	})
}
