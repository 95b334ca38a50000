package gate

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"

	"github.com/google/uuid"

	"github.com/heed-platform/heed/internal/fact"
	"github.com/heed-platform/heed/internal/keep/internal/vault"
	"github.com/heed-platform/heed/internal/policy"
	"github.com/heed-platform/heed/internal/problem"
)

var errChannel = problem.New(problem.Invalid, "channel-needed",
	"This purpose speaks on several channels, and people answer for each of them; name one with --channel.")

// ExportFor hands out, one after the other, what one purpose may give of
// everybody to one recipient outside: identifiers and attributes, each ruled by
// itself. Every person's disclosure is on disk before they are handed out, and
// what became of it follows. Whoever may not be handed out, or has nothing that
// may, is counted by the ruling that stands in the way.
func ExportFor(ctx context.Context, g *Gate, a Asking, f func(View[Share]) error) (map[string]Stopped, error) {
	x := &handout{gate: g, asking: a, kept: Audience[Share]{stopped: map[string]Stopped{}}, f: f}
	if err := x.check(); err != nil {
		return nil, err
	}
	about := fmt.Sprintf("%s %s to %s", x.asking.Purpose, x.asking.Channel, a.Recipient)
	if err := g.auditExport(ctx, a, "people", about+", because: "+a.Why); err != nil {
		return nil, err
	}
	err := g.roll(ctx, func(people []*held) error { return x.page(ctx, people) })
	return x.kept.stopped, errors.Join(err, g.auditExport(context.WithoutCancel(ctx), a, "people", fmt.Sprintf("%s: %d people", about, x.handed)))
}

// handout is one export for a purpose.
type handout struct {
	gate   *Gate
	asking Asking
	f      func(View[Share]) error
	kept   Audience[Share] // counts who is kept out, and nothing else
	handed int
}

// ready is one person whose disclosure was written.
type ready struct {
	view View[Share]
	id   string
}

// check settles the channel: people refuse channels one by one, so an export for
// all of them at once would pass by what they said.
func (x *handout) check() error {
	rules := x.gate.Rules()
	if rules == nil {
		return errNoRules
	}
	if x.asking.By == "" || x.asking.Role == "" || x.asking.Why == "" {
		return errNoReason
	}
	p, ok := rules.Purpose(x.asking.Purpose)
	if !ok || x.asking.Channel != "" {
		return nil // the ruling says what is wrong
	}
	switch len(p.Channels) {
	case 0:
	case 1:
		x.asking.Channel = p.Channels[0]
	default:
		return errChannel
	}
	return nil
}

// page rules on a page of people and writes their disclosures in one
// transaction, then hands them out.
func (x *handout) page(ctx context.Context, people []*held) error {
	// An erasure between meeting people and locking them means meeting them again.
	for range 4 {
		out, kept, err := x.disclose(ctx, people)
		if errors.Is(err, vault.ErrErased) {
			if people, err = x.again(ctx, people); err != nil {
				return err
			}
			continue
		}
		if err != nil {
			return err
		}
		for _, r := range kept {
			x.kept.stop(r)
		}
		return x.hand(ctx, out)
	}
	return vault.ErrErased
}

func (x *handout) again(ctx context.Context, people []*held) ([]*held, error) {
	var out []*held
	for _, h := range people {
		now, err := x.gate.hold(ctx, h.group.Anchor)
		if errors.Is(err, ErrNobody) {
			continue
		}
		if err != nil {
			return nil, err
		}
		out = append(out, now)
	}
	return out, nil
}

func (x *handout) disclose(ctx context.Context, people []*held) (out []ready, kept []policy.Ruling, err error) {
	var all []*vault.Fragment
	for _, h := range people {
		all = append(all, h.members()...)
	}
	err = x.gate.vault.Write(ctx, x.gate.writer, all, func(tx *vault.Tx) error {
		out, kept = nil, nil
		for _, h := range people {
			states := chainsOf(tx, h)
			if len(states) == 0 {
				continue // nothing of them was ever committed
			}
			h.profile = x.gate.fold(h, states)
			r, ruling, err := x.one(ctx, tx, h)
			if err != nil {
				return err
			}
			if r.id == "" {
				kept = append(kept, ruling)
			} else {
				out = append(out, r)
			}
		}
		return nil
	})
	return out, kept, err
}

// one rules on one person; a ready without an id is a no, with its ruling.
func (x *handout) one(ctx context.Context, tx *vault.Tx, h *held) (ready, policy.Ruling, error) {
	g := x.gate
	pass, err := rule[Share](g, h, x.asking)
	if denied, no := errors.AsType[*Denied](err); no {
		return ready{}, denied.Ruling, nil
	}
	if err != nil {
		return ready{}, policy.Ruling{}, err
	}
	s := look(pass.d)
	own, err := g.own(ctx, h, s.profile.Attributes)
	if err != nil {
		return ready{}, policy.Ruling{}, err
	}
	s.profile = &fact.Profile{
		Ref: s.profile.Ref, Anchor: s.profile.Anchor, Fragments: s.profile.Fragments,
		Identifiers: s.profile.Identifiers, Attributes: own,
	}
	fields, content := handed(s.profile)
	if len(fields) == 0 {
		known, _ := handed(h.profile)
		return ready{}, s.first(known), nil
	}
	id, err := uuid.NewV7()
	if err != nil {
		return ready{}, policy.Ruling{}, fmt.Errorf("make disclosure id: %w", err)
	}
	to, _ := pass.d.rules.Recipient(x.asking.Recipient)
	entry := fact.Disclosure{
		ID: id.String(), Recipient: x.asking.Recipient, Country: to.Country, Purpose: x.asking.Purpose, Channel: x.asking.Channel,
		Categories: categoriesOf(pass.d.rules, fields), Fields: fields, Protection: "file", Content: content, At: tx.Now,
	}
	c := tx.Chain(h.group.Anchor)
	if err := g.record(tx, c, fact.KindDisclosure, fact.AppendDisclosure(nil, &entry)); err != nil {
		return ready{}, policy.Ruling{}, err
	}
	tx.Audit(vault.AuditFact(c, vault.AuditEntry{What: "disclosure", By: x.asking.Role + ":" + x.asking.By, Ref: x.asking.Recipient}))
	return ready{View[Share]{d: pass.d, s: s}, entry.ID}, policy.Ruling{}, nil
}

// handed are the paths of what a profile hands out, and a hash of the values.
func handed(p *fact.Profile) (fields []string, content string) {
	sum := sha256.New()
	put := func(path, value string) {
		fields = append(fields, path)
		fmt.Fprintf(sum, "%d:%s%d:%s", len(path), path, len(value), value)
	}
	for _, id := range p.Identifiers {
		put("identifiers."+string(id.NS), id.Value.Reveal())
	}
	for _, a := range p.Attributes {
		put("traits."+a.Name, a.Value.Reveal())
	}
	slices.Sort(fields)
	return slices.Compact(fields), hex.EncodeToString(sum.Sum(nil)[:16])
}

func categoriesOf(rules *policy.Rules, fields []string) []string {
	var out []string
	for _, f := range fields {
		if c := rules.Category(f); c != "" {
			out = append(out, c)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// hand gives people out and writes down what became of each: what was not
// reached did not leave, and of the one that failed nobody can tell.
func (x *handout) hand(ctx context.Context, out []ready) error {
	became := make([]string, len(out))
	var failed error
	for i, r := range out {
		switch {
		case failed != nil:
			became[i] = "failed"
		default:
			if failed = x.f(r.view); failed != nil {
				became[i] = "unknown"
				continue
			}
			became[i] = "sent"
			x.handed++
		}
	}
	return errors.Join(failed, x.settle(context.WithoutCancel(ctx), out, became))
}

func (x *handout) settle(ctx context.Context, out []ready, became []string) error {
	var all []*vault.Fragment
	for _, r := range out {
		all = append(all, r.view.d.held.anchor())
	}
	err := x.gate.vault.Write(ctx, x.gate.writer, all, func(tx *vault.Tx) error {
		for i, r := range out {
			o := fact.Outcome{Disclosure: r.id, Status: became[i], At: tx.Now}
			if err := x.gate.record(tx, tx.Chain(r.view.d.held.group.Anchor), fact.KindOutcome, fact.AppendOutcome(nil, &o)); err != nil {
				return err
			}
		}
		return nil
	})
	if !errors.Is(err, vault.ErrErased) || len(out) == 1 {
		return ignore(err, vault.ErrErased) // with a person goes the ledger of what others received
	}
	for i := range out {
		if err := x.settle(ctx, out[i:i+1], became[i:i+1]); err != nil {
			return err
		}
	}
	return nil
}

func ignore(err, what error) error {
	if errors.Is(err, what) {
		return nil
	}
	return err
}

func (h *held) anchor() *vault.Fragment { return h.frags[h.group.Anchor] }
