package gate

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/google/uuid"

	"github.com/heed-platform/heed/internal/clock"
	"github.com/heed-platform/heed/internal/fact"
	"github.com/heed-platform/heed/internal/keep/internal/store"
	"github.com/heed-platform/heed/internal/keep/internal/vault"
	"github.com/heed-platform/heed/internal/person"
)

// KindErrand is the queue's kind of errands, KindKept that of what is kept apart.
const (
	KindErrand = "errand"
	KindKept   = "kept"
)

// Errand is one thing to tell somebody because a person used a right: a
// recipient outside that it must erase too, the person that it was asked. It may
// have to be told when the person is gone, so it lies under a key of its own,
// which dies with it.
type Errand struct {
	ID         string // of its disclosure; whoever gets it twice does it once
	Request    string // the right that was asked for
	Recipient  string // who receives it, or carries it to the person
	Country    string
	Channel    string // email, sms, webhook
	Protection string // how it travels
	Fields     []string
	To         person.Secret // an address of the recipient or the person
	Subject    person.Secret
	Text       person.Secret
	Payload    person.Secret // JSON, for a webhook
	Due        clock.Instant // not before; 0 is now
}

// errandBody is an errand as it is sealed.
type errandBody struct {
	ID        string        `json:"id"`
	Request   string        `json:"request"`
	Recipient string        `json:"recipient"`
	Channel   string        `json:"channel"`
	Purpose   string        `json:"purpose"`
	Ref       person.Ref    `json:"ref"`
	To        string        `json:"to"`
	Subject   string        `json:"subject,omitempty"`
	Text      string        `json:"text,omitempty"`
	Payload   string        `json:"payload,omitempty"`
	Made      clock.Instant `json:"made"`
}

// Kept is what a law makes the brand keep of somebody who is erased. It lies
// apart, under a key of its own, and is destroyed when its time is over.
type Kept struct {
	ID    string // names nobody
	Until clock.Instant
	Body  fact.Raw // JSON
}

// Entrust takes errands and what is kept apart from the person whom the pass is
// about. Each errand's disclosure is on the person's record when it returns, so
// nothing is told that no ledger knows of.
func Entrust(ctx context.Context, p Pass[Honor], errands []Errand, kept []Kept) error {
	d := p.d
	if !d.ok() {
		return errVoid
	}
	if len(errands)+len(kept) == 0 {
		return nil
	}
	g := d.gate
	var names []vault.Name
	for _, e := range errands {
		names = append(names, vault.Name{Identifier: person.Ident(KindErrand, e.ID), Verified: true})
	}
	for _, k := range kept {
		names = append(names, vault.Name{Identifier: person.Ident(KindKept, k.ID), Verified: true})
	}
	apart, err := g.vault.Admit(ctx, names, nil)
	if err != nil {
		return fmt.Errorf("make keys for errands: %w", err)
	}
	return g.within(ctx, d.held.asked, func(tx *vault.Tx, h *held) error {
		var jobs []store.Job
		for i, e := range errands {
			if err := g.discloseErrand(tx, h, d, e); err != nil {
				return err
			}
			body, err := json.Marshal(errandBody{
				e.ID, e.Request, e.Recipient, e.Channel, d.asking.Purpose, h.ref(), e.To.Reveal(), e.Subject.Reveal(), e.Text.Reveal(),
				e.Payload.Reveal(), tx.Now,
			})
			if err != nil {
				return fmt.Errorf("write errand: %w", err)
			}
			jobs = append(jobs, apart.Fragments[i].SealJob(store.Job{Kind: KindErrand, Unique: e.ID, Due: max(e.Due, tx.Now), Body: body}))
		}
		for i, k := range kept {
			f := apart.Fragments[len(errands)+i]
			jobs = append(jobs, f.SealJob(store.Job{Kind: KindKept, Unique: k.ID, Due: k.Until, Body: k.Body}))
			tx.Audit(vault.AuditEntry{What: "kept.apart", By: d.asking.Role + ":" + d.asking.By, Ref: k.ID})
		}
		_, err := tx.Store.Enqueue(ctx, jobs)
		return err
	})
}

func (g *Gate) discloseErrand(tx *vault.Tx, h *held, d *decision, e Errand) error {
	fields := slices.Clone(e.Fields)
	slices.Sort(fields)
	entry := fact.Disclosure{
		ID: e.ID, Recipient: e.Recipient, Country: e.Country, Purpose: d.asking.Purpose, Channel: e.Channel, Class: classService,
		Categories: categoriesOf(d.rules, fields), Fields: slices.Compact(fields), Protection: e.Protection, Decision: e.Request,
		Content: contentHash(&Letter{To: e.To, Subject: e.Subject, Text: e.Text, Payload: e.Payload}), At: tx.Now,
	}
	c := tx.Chain(h.group.Anchor)
	if err := g.record(tx, c, fact.KindDisclosure, fact.AppendDisclosure(nil, &entry)); err != nil {
		return err
	}
	tx.Audit(vault.AuditFact(c, vault.AuditEntry{What: "disclosure", By: "heed", Ref: e.Recipient}))
	return nil
}

// Parcel is an errand on its way: a message for a channel, or a payload to hand
// over. The other one is empty.
type Parcel struct {
	ID        string
	Request   string
	Recipient string
	Channel   string
	About     person.Ref // who may be gone
	Made      clock.Instant
	Message   Cleared
	Payload   Handed
}

var errNoErrand = errors.New("the lease is of no errand")

// Carry opens the errand that a lease holds. Its disclosure is on disk since it
// was entrusted, so it may leave.
func (g *Gate) Carry(ctx context.Context, l Lease) (Parcel, error) {
	var job store.Job
	err := g.vault.Write(ctx, g.writer, nil, func(tx *vault.Tx) (err error) {
		if l.Job == 0 {
			return errNoErrand
		}
		if err := checkLease(ctx, tx, l); err != nil {
			return err
		}
		job, err = tx.Store.Job(ctx, l.Job)
		return err
	})
	if err != nil {
		return Parcel{}, err
	}
	if job.Kind != KindErrand {
		return Parcel{}, errNoErrand
	}
	raw, err := g.openApart(ctx, job)
	if err != nil {
		return Parcel{}, err
	}
	var b errandBody
	if err := json.Unmarshal(raw, &b); err != nil {
		return Parcel{}, fmt.Errorf("read errand: %w", err)
	}
	letter := &Letter{
		ID: b.ID, Channel: b.Channel, Purpose: b.Purpose, To: person.Hide(b.To), Subject: person.Hide(b.Subject),
		Text: person.Hide(b.Text), Payload: person.Hide(b.Payload), At: b.Made,
	}
	p := Parcel{ID: b.ID, Request: b.Request, Recipient: b.Recipient, Channel: b.Channel, About: b.Ref, Made: b.Made}
	if b.Payload != "" {
		p.Payload = Handed{letter}
	} else {
		p.Message = Cleared{letter}
	}
	return p, nil
}

func (g *Gate) openApart(ctx context.Context, job store.Job) ([]byte, error) {
	frags, err := g.vault.Fragments(ctx, []fact.FragmentID{job.Fragment})
	if err != nil {
		return nil, err
	}
	f := frags[job.Fragment]
	if f == nil {
		return nil, vault.ErrErased
	}
	return f.OpenJob(job)
}

// Discharge destroys the keys of errands that were done, or of what was kept for
// as long as the law asked; their rows go with them. It takes the subjects of the
// queue's jobs, and nothing that is a person's.
func (g *Gate) Discharge(ctx context.Context, kind string, done ...Subject) error {
	asked := make([]fact.FragmentID, len(done))
	for i, s := range done {
		asked[i] = s.id
	}
	frags, err := g.vault.Fragments(ctx, asked)
	if err != nil {
		return err
	}
	var ids []fact.FragmentID
	for id, f := range frags {
		if f.NS == person.Namespace(kind) && (kind == KindErrand || kind == KindKept) {
			ids = append(ids, id)
		}
	}
	if len(ids) == 0 {
		return nil
	}
	slices.Sort(ids)
	_, err = g.vault.Erase(ctx, g.writer, ids, vault.AuditEntry{What: kind + ".over", By: "heed", Ref: uuid.NewString()})
	return err
}

// ReadKept opens everything that is kept apart, for whoever the law makes it be
// kept for. Who looked and why is on the record first.
func ReadKept(ctx context.Context, g *Gate, a Asking, f func(Kept) error) error {
	if a.By == "" || a.Role == "" || a.Why == "" {
		return errNoReason
	}
	if err := g.auditExport(ctx, a, KindKept, a.Why); err != nil {
		return err
	}
	return g.kept(ctx, func(j store.Job) error {
		body, err := g.openApart(ctx, j)
		if errors.Is(err, vault.ErrErased) {
			return nil
		}
		if err != nil {
			return err
		}
		return f(Kept{ID: j.Unique, Until: j.Due, Body: body})
	})
}

// everyKept is more than there will ever be.
const everyKept = 1 << 30

func (g *Gate) kept(ctx context.Context, f func(store.Job) error) error {
	var jobs []store.Job
	err := g.vault.Data().Read(ctx, func(r store.Reader) (err error) {
		jobs, err = r.Jobs(ctx, KindKept, "waiting", everyKept)
		return err
	})
	if err != nil {
		return fmt.Errorf("list what is kept apart: %w", err)
	}
	for _, j := range jobs {
		if err := f(j); err != nil {
			return err
		}
	}
	return nil
}

// Reminder is a message to a recipient's own desk that it has not answered a
// request yet. It names the request and nobody: where it goes and what it says is
// settled here.
func (g *Gate) Reminder(recipient, request string) (Cleared, error) {
	to, ok := g.Rules().Recipient(recipient)
	if !ok || to.Contact == "" {
		return Cleared{}, errNoErrand
	}
	brand := g.Rules().Brand()
	return Cleared{&Letter{
		ID: "reminder-" + request, Channel: "email", To: person.Hide(to.Contact),
		Subject: person.Hide("Your answer to request " + request + " is missing"),
		Text: person.Hide(brand.Name + " told you that somebody used a right over data that you had from us, under the number " + request +
			".\nWe have no answer from you yet. Please tell us at " + brand.Email + " that it is done, or why not.\n"),
		At: g.clock.Now(),
	}}, nil
}
