package gate

import (
	"context"
	"fmt"
	"slices"

	"github.com/google/uuid"

	"github.com/heed-platform/heed/internal/fact"
	"github.com/heed-platform/heed/internal/keep/internal/vault"
	"github.com/heed-platform/heed/internal/person"
	"github.com/heed-platform/heed/internal/policy"
)

// Reply is a message that a person's own request brings about: the code they
// asked for, or word of what was done in their name. It is written from nothing
// that is known about them, and goes to one of their verified contact points,
// whatever that was once given for: rights can be asked for from any of them.
type Reply struct {
	To         person.Identifier
	Channel    string
	Purpose    string // a service purpose that may speak on the channel
	Subject    person.Secret
	Text       person.Secret
	HTML       person.Secret
	Recipient  string // who carries it; "" is the brand itself
	Protection string
}

var (
	errNoPoint = &Denied{Ruling: policy.Ruling{
		Code: "point_not_theirs", Marketer: "The address is no verified contact point of this person.", Person: "This address is not known to be yours.",
	}}
	errNoService = &Denied{Ruling: policy.Ruling{
		Code: "purpose_not_of_use", Marketer: "What answers a person's own request is a service message.",
	}}
)

// Answer clears a reply and writes its disclosure. *Denied says that the address
// is not verified as theirs, or that the rules let nobody be written to for this
// purpose, on this channel or by this recipient.
func Answer(ctx context.Context, p Pass[Honor], r Reply) (Cleared, error) {
	d := p.d
	if !d.takeExit() {
		return Cleared{}, errVoid
	}
	to, err := d.gate.know.Canonical(r.To)
	if err != nil {
		return Cleared{}, errNoPoint
	}
	id, err := uuid.NewV7()
	if err != nil {
		return Cleared{}, fmt.Errorf("make disclosure id: %w", err)
	}
	letter := &Letter{ID: id.String(), Channel: r.Channel, Purpose: r.Purpose, To: to.Value, Subject: r.Subject, Text: r.Text, HTML: r.HTML}
	err = d.gate.within(ctx, d.held.asked, func(tx *vault.Tx, h *held) error {
		out, err := d.reply(tx, h, to, r)
		if err != nil {
			return err
		}
		letter.At = tx.Now
		draft := Draft{Fields: []string{"identifiers." + string(to.NS)}, Recipient: r.Recipient, Protection: r.Protection}
		if c, ok := out.rules.Recipient(r.Recipient); ok {
			draft.Country = c.Country
		}
		return d.gate.disclose(tx, out, draft, letter)
	})
	if err != nil {
		return Cleared{}, err
	}
	return Cleared{letter: letter}, nil
}

// reply rules on a reply as things stand now.
func (d *decision) reply(tx *vault.Tx, h *held, to person.Identifier, r Reply) (*decision, error) {
	g := d.gate
	h.profile = g.fold(h, chainsOf(tx, h))
	if _, err := rule[Honor](g, h, d.asking); err != nil {
		return nil, err
	}
	asking := d.asking
	asking.Purpose, asking.Channel, asking.Recipient, asking.Topic = r.Purpose, r.Channel, r.Recipient, ""
	out := g.decide(policy.Contact, h, asking, tx.Now)
	if ruling := out.rules.Person(out.question, out.standing); ruling.Verdict != policy.Allow {
		return nil, &Denied{Ruling: ruling}
	}
	if out.class() != classService {
		return nil, errNoService
	}
	own := func(n fact.Named) bool { return n.Verified && n.NS == to.NS && n.Value.Equal(to.Value) }
	if to.NS != person.Email && to.NS != person.Phone || !slices.ContainsFunc(h.profile.Identifiers, own) {
		return nil, errNoPoint
	}
	return out, nil
}
