package gate

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/heed-platform/heed/internal/clock"
	"github.com/heed-platform/heed/internal/fact"
	"github.com/heed-platform/heed/internal/keep/internal/vault"
	"github.com/heed-platform/heed/internal/person"
	"github.com/heed-platform/heed/internal/policy"
)

// Dossier is everything heed holds about one person. It can be made only for
// the person (Honor) or, with a reason and on the record, for staff (Operate).
type Dossier struct {
	d       *decision
	history []Line
}

// Line is one fact of a dossier, opened.
type Line struct {
	Fragment fact.FragmentID
	NS       person.Namespace
	N        uint64
	Kind     fact.Kind
	Received clock.Instant
	Payload  fact.Raw
}

// Profile is the person, whole.
func (d Dossier) Profile() *fact.Profile {
	if d.d == nil {
		return &fact.Profile{}
	}
	return d.d.held.profile
}

// Category is the data category of a field path; "" when nobody gave it one.
func (d Dossier) Category(path string) string {
	if d.d == nil {
		return ""
	}
	return d.d.rules.Category(path)
}

// Group is who belongs together, with the evidence for and against.
func (d Dossier) Group() (Group, []Node, []Edge) {
	if d.d == nil {
		return Group{}, nil, nil
	}
	return d.d.held.group, d.d.held.nodes, d.d.held.edges
}

// History is every fact, fragment by fragment, in the order of the chains.
func (d Dossier) History() []Line { return d.history }

// Rule answers "may this be used for that?" about every field of the person:
// the answer that Ask and See would give now.
func (d Dossier) Rule(use policy.Use, purpose, channel string) (policy.Ruling, map[string]policy.Ruling) {
	if d.d == nil {
		return policy.Ruling{}, nil
	}
	q := *d.d
	q.question = policy.Question{Use: use, Purpose: purpose, Channel: channel, Now: d.d.gate.clock.Now()}
	return q.rules.Person(q.question, q.standing), look(&q).rulings()
}

// Release opens everything for the person who asked.
func Release(ctx context.Context, p Pass[Honor]) (Dossier, error) {
	return dossier(ctx, p.d, "export")
}

// Inspect opens a person for staff. That somebody looked, who and why, is on the
// person's own record before anything is shown.
func Inspect(ctx context.Context, p Pass[Operate]) (Dossier, error) {
	return dossier(ctx, p.d, "inspect")
}

func dossier(ctx context.Context, d *decision, what string) (Dossier, error) {
	if !d.ok() {
		return Dossier{}, errVoid
	}
	g, open := d.gate, *d
	err := g.within(ctx, d.held.asked, func(tx *vault.Tx, h *held) error {
		h.profile = g.fold(h, chainsOf(tx, h))
		if err := g.name(ctx, tx.Store, h); err != nil {
			return err
		}
		open.held = h
		note := fact.Note{By: d.asking.By, Role: d.asking.Role, What: what, Why: d.asking.Why, At: tx.Now}
		c := tx.Chain(h.group.Anchor)
		if err := g.record(tx, c, fact.KindNote, fact.AppendNote(nil, &note)); err != nil {
			return err
		}
		tx.Audit(vault.AuditFact(c, vault.AuditEntry{What: "person." + what, By: d.asking.Role + ":" + d.asking.By}))
		return nil
	})
	if err != nil {
		return Dossier{}, fmt.Errorf("note who looked: %w", err)
	}
	out := Dossier{d: &open}
	err = out.Facts(ctx, func(l Line) error {
		out.history = append(out.history, l)
		return nil
	})
	if err != nil {
		return Dossier{}, err
	}
	return out, nil
}

// Certificate proves an erasure: what was done, when, and by when no copy
// anywhere can be read.
type Certificate struct {
	ID         string        `json:"id"`
	At         clock.Instant `json:"at"`
	Fragments  int           `json:"fragments"` // keys destroyed
	Left       int           `json:"left"`      // joined only by claims, so not provably this person's: left alone
	Backups    clock.Instant `json:"unreadable_in_backups_by"`
	Tombstones string        `json:"tombstones"` // SHA-256 over the tombstones, to compare later
	Steps      []string      `json:"steps"`
	Underway   []string      `json:"under_way,omitempty"` // what goes on by itself
}

// keyBackups is how long copies of the identity store may live; after it no
// backup of the data can be opened for an erased person.
const keyBackups = 7 * 24 * time.Hour

// Erase destroys the keys of the person's fragments that verified evidence joins
// to the one they were found by, removes the live rows and leaves tombstones.
// Once it has begun it is finished, whatever interrupts it. Who belongs to the
// person is looked at now: they may have come in by another door meanwhile.
func Erase(ctx context.Context, p Pass[Honor]) (Certificate, error) {
	d := p.d
	if !d.ok() {
		return Certificate{}, errVoid
	}
	g := d.gate
	h, err := g.hold(ctx, d.held.asked)
	if errors.Is(err, ErrNobody) {
		h, err = d.held, nil // erased before: nothing is left of them, or something was interrupted
	}
	if err != nil {
		return Certificate{}, err
	}
	ids := provable(h)
	sum := sha256.New()
	for _, id := range ids {
		tomb := h.frags[id].Tomb()
		sum.Write(tomb[:])
	}
	now := g.clock.Now()
	cert := Certificate{
		ID: uuid.NewString(), At: now, Fragments: len(ids), Left: len(h.group.Members) - len(ids),
		Backups: now.Add(keyBackups), Tombstones: hex.EncodeToString(sum.Sum(nil)),
	}
	erased, err := g.vault.Erase(ctx, g.writer, ids, vault.AuditEntry{What: "person.erase", By: d.asking.Role + ":" + d.asking.By, Ref: cert.ID})
	if err != nil {
		return Certificate{}, fmt.Errorf("erase: %w", err)
	}
	cert.Steps, cert.Underway = erased.Done, erased.Underway
	return cert, nil
}

// provable are the members that verified edges join to the fragment asked
// about; what only a claim joins may be somebody else's.
func provable(h *held) []fact.FragmentID {
	in := map[fact.FragmentID]bool{h.asked: true}
	for grew := true; grew; {
		grew = false
		for _, e := range h.edges {
			if !e.Verified || e.Cut || in[e.A] == in[e.B] {
				continue
			}
			if h.frags[e.A] != nil && h.frags[e.B] != nil {
				in[e.A], in[e.B], grew = true, true, true
			}
		}
	}
	var out []fact.FragmentID
	for _, id := range h.group.Members {
		if in[id] {
			out = append(out, id)
		}
	}
	return out
}
