package line

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/google/uuid"

	"github.com/heed-platform/heed/internal/clock"
	"github.com/heed-platform/heed/internal/collect/consent"
	"github.com/heed-platform/heed/internal/collect/event"
	"github.com/heed-platform/heed/internal/fact"
	"github.com/heed-platform/heed/internal/keep"
	"github.com/heed-platform/heed/internal/know/profile"
	"github.com/heed-platform/heed/internal/person"
)

// step is one arrival on its way through the walk.
type step struct {
	arrival *Arrival
	replay  bool
	held    bool // it lies in quarantine, and stays there unless it is applied
	returns bool // whoever brought it takes it back
	message person.Hash
	body    person.Hash
	ids     []int // its identifiers' places in names, strongest first
	frags   []*keep.Fragment
	other   []*keep.Fragment // where else it may have come before
	erased  clock.Instant    // when the last of its identifiers was erased; zero is never
	answer  *Answer
}

// beginnings bounds how often a walk starts over because people were erased,
// joined or parted between finding them and locking them.
const beginnings = 5

// walk takes a group through one transaction.
func (l *Line) walk(ctx context.Context, group []*request) error {
	set := l.set.Load()
	if err := l.unadvertise(ctx, group); err != nil {
		return err
	}
	for range beginnings {
		steps, names, ties := prepare(group)
		admitted, err := l.keep.Vault().Admit(ctx, names, ties)
		if err != nil {
			return err
		}
		attach(steps, admitted)
		if err := l.elsewhere(ctx, steps); err != nil {
			return err
		}
		err = l.commit(ctx, set, group, steps, len(admitted.Edges) > 0)
		if !errors.Is(err, keep.ErrErased) && !errors.Is(err, errRegrouped) {
			return err
		}
	}
	return fmt.Errorf("people changed %d times meanwhile: %w", beginnings, keep.ErrStale)
}

// prepare lists the identifiers and ties of all events of the group.
func prepare(group []*request) ([]*step, []keep.Name, []keep.Tie) {
	var steps []*step
	var names []keep.Name
	var ties []keep.Tie
	for _, r := range group {
		r.answers = make([]Answer, len(r.batch.Arrivals))
		for i := range r.batch.Arrivals {
			a := &r.batch.Arrivals[i]
			s := &step{
				arrival: a, replay: r.batch.Replay, held: r.batch.Held, returns: r.batch.Returns, message: a.message, body: a.body, answer: &r.answers[i],
			}
			for j, id := range a.Event.Identifiers {
				s.ids = append(s.ids, len(names))
				names = append(names, keep.Name{Identifier: id, Verified: a.Event.Verified})
				if j > 0 {
					ties = append(ties, keep.Tie{
						A: s.ids[0], B: s.ids[j], Verified: a.Event.Verified, At: a.Event.At, Message: s.message,
					})
				}
			}
			steps = append(steps, s)
		}
	}
	return steps, names, ties
}

// messageOf is which message of which source an event is.
func messageOf(v *keep.Vault, e *fact.Event) person.Hash {
	return v.Digest("message", e.Source, e.Message)
}

// said is a keyed number for what an event says; only who holds the workspace's
// key can compare it with a guess.
func said(v *keep.Vault, e *fact.Event) person.Hash {
	sum := event.Digest(e.Source, e.Raw)
	return v.Digest("said", string(sum[:]))
}

func attach(steps []*step, admitted keep.Admitted) {
	for _, s := range steps {
		for _, n := range s.ids {
			s.frags = append(s.frags, admitted.Fragments[n])
			s.erased = max(s.erased, admitted.Erased[n])
		}
	}
}

// commit writes what the steps bring; regrouped says that the identity store
// learned something new about who belongs together.
func (l *Line) commit(ctx context.Context, set *Settings, group []*request, steps []*step, regrouped bool) error {
	looks := looksOf(group)
	people, err := l.peopleOf(ctx, set, steps, looks)
	if err != nil {
		return err
	}
	var seen []Seen
	err = l.keep.Vault().Write(ctx, l.keep.Writer, people.fragments(steps), func(tx *keep.Tx) error {
		if err := people.still(ctx, l); err != nil {
			return err
		}
		people.begin(looks) // a transaction that lost a race is run again
		w := &walk{line: l, set: set, tx: tx, people: people, regrouped: regrouped}
		for _, s := range steps {
			if err := w.event(ctx, s); err != nil {
				return err
			}
		}
		if err := w.decide(ctx, looks); err != nil {
			return err
		}
		seen = w.seen
		return tally(ctx, tx, group)
	})
	if err != nil {
		return err
	}
	l.feed.publish(seen)
	return nil
}

// walk is one transaction of the line.
type walk struct {
	line   *Line
	set    *Settings
	tx     *keep.Tx
	people *people
	seen   []Seen
	heard  clock.Instant

	regrouped bool // new evidence: who is one person may be another question now
}

// event applies one event to its fragment, once.
func (w *walk) event(ctx context.Context, s *step) error {
	e := &s.arrival.Event
	c := w.tx.Chain(s.frags[0].ID)
	spoken := w.obey(s, c)
	entry := keep.EntryOf(s.message, s.body)
	sighting, err := w.known(ctx, s, c, entry)
	if err != nil {
		return err
	}
	switch sighting {
	case keep.Duplicate:
		*s.answer = Answer{Outcome: Duplicate}
		return nil
	case keep.Reused:
		if spoken { // the same message, and less or more of it was let through the first time
			*s.answer = Answer{Outcome: Duplicate}
			return nil
		}
		*s.answer = Answer{Outcome: Quarantined, Code: "id_reused", Why: "This messageId came before with other content; the first one stays."}
		if s.held {
			return nil
		}
		if s.returns {
			s.answer.Outcome = Refused
			return nil
		}
		return w.line.quarantine(ctx, w.tx, e, s.answer)
	default:
	}
	if err := w.tx.Mark(ctx, c, entry); err != nil {
		return err
	}
	w.tx.Append(c, fact.KindEvent, e.Received, fact.AppendEvent(nil, e))
	verified := c.State.Verified
	profile.ApplyEvent(&c.State, e, s.message)
	w.regrouped = w.regrouped || c.State.Verified != verified
	for _, line := range profile.Spine(e, w.set.Dictionary) {
		w.tx.Spine(c, keep.Spine{
			At: line.At, Name: line.Name, Item: line.Item, Minor: line.Minor, Currency: line.Currency, Quantity: line.Quantity,
		})
	}
	if err := w.evidence(s, c); err != nil {
		return err
	}
	if err := w.grants(s, c); err != nil {
		return err
	}
	*s.answer = Answer{Outcome: Accepted, Withheld: strings.Join(s.arrival.withheld, ",")}
	w.people.touch(s)
	return nil
}

// evidence writes the edges that this fragment's chain does not have yet. It
// asks the chain, not the identity store: after a crash between the two, the
// retry must still write what the chain lacks.
func (w *walk) evidence(s *step, c *keep.Chain) error {
	e := &s.arrival.Event
	for i, f := range s.frags[1:] {
		if f.ID == c.Fragment.ID || tied(&c.State, f.ID, e.Verified) {
			continue
		}
		edge := fact.Edge{
			Other: f.ID, Identifier: e.Identifiers[i+1], Verified: e.Verified, At: e.At, Message: s.message, Source: e.Source,
		}
		if err := w.record(c, fact.KindEdge, fact.AppendEdge(nil, &edge)); err != nil {
			return err
		}
		w.regrouped = true
	}
	return nil
}

func tied(s *fact.State, other fact.FragmentID, verified bool) bool {
	for _, t := range s.Ties {
		if t.Other == other {
			return t.Verified || !verified
		}
	}
	return false
}

// grants enters what the event said about consent, as far as it is news: an echo
// is no entry, and a yes undoes a refusal only by the rules of consent.News,
// wherever on the person the refusal stands. A refusal reaches every fragment.
func (w *walk) grants(s *step, c *keep.Chain) error {
	chains := w.people.chains(w.tx, c.Fragment.ID)
	for i := range s.arrival.Grants {
		g := s.arrival.Grants[i]
		g.Message, g.Received = s.arrival.Event.Message, w.stamp(chains)
		if g.Status != fact.Granted {
			for _, to := range chains {
				if err := w.grant(to, g, to.State.Grants); err != nil {
					return err
				}
			}
			continue
		}
		if !s.anew(&g) {
			continue
		}
		if s.arrival.Event.Verified && g.Method != consent.MethodState {
			// Said by the person to the brand: it settles an older no on another
			// of their fragments, until that set is another one.
			g.Resolves = w.people.members(c.Fragment.ID)
		}
		if err := w.grant(c, g, against(c, chains)); err != nil {
			return err
		}
	}
	return nil
}

// against is what a yes on chain c has to stand up to: what stands there, and
// every refusal on the person's other fragments.
func against(c *keep.Chain, chains []*keep.Chain) []fact.Grant {
	standing := slices.Clone(c.State.Grants)
	for _, o := range chains {
		for _, g := range o.State.Grants {
			if o != c && g.Status != fact.Granted {
				standing = append(standing, g)
			}
		}
	}
	return standing
}

// anew reports whether a yes may count: history, what arrives late and what an
// SDK merely remembers give nothing back that an erasure took. Only what the
// person said after it does.
func (s *step) anew(g *fact.Grant) bool {
	return s.erased == 0 || !s.replay && g.Method != consent.MethodState && g.Said > s.erased
}

func (w *walk) grant(to *keep.Chain, g fact.Grant, standing []fact.Grant) error {
	for _, news := range consent.News(standing, []fact.Grant{g}) {
		if news.Record == "" {
			news.Record = uuid.NewString()
		}
		if err := w.record(to, fact.KindGrant, fact.AppendGrant(nil, &news)); err != nil {
			return err
		}
		w.tx.Audit(keep.AuditFact(to, keep.AuditEntry{What: "grant." + g.Status.String(), By: "source:" + g.Source, Ref: g.Purpose}))
	}
	return nil
}

// stamp is a time that no other entry of this transaction has and that is after
// every entry of the chains, so that the ledger's order is the order in which
// things were heard, whichever way the clock goes.
func (w *walk) stamp(chains []*keep.Chain) clock.Instant {
	w.heard = max(w.heard+1, w.tx.Now)
	for _, c := range chains {
		for _, g := range c.State.Grants {
			w.heard = max(w.heard, g.Received+1)
		}
	}
	return w.heard
}

// record appends a fact and folds it with the code that a rebuild uses.
func (w *walk) record(c *keep.Chain, kind fact.Kind, payload []byte) error {
	w.tx.Append(c, kind, w.tx.Now, payload)
	if err := w.set.Know.Apply(&c.State, kind, payload); err != nil {
		return fmt.Errorf("fold %s: %w", kind, err)
	}
	return nil
}

// tally keeps the balance: what was sent is what was accepted, known before,
// put aside or refused. Rows go in order, so that two nodes cannot lock each
// other out.
func tally(ctx context.Context, tx *keep.Tx, group []*request) error {
	bySource := map[string]keep.Tally{}
	for _, r := range group {
		if len(r.batch.Arrivals)+len(r.batch.Quarantine) == 0 {
			continue
		}
		t := bySource[r.batch.Source]
		t.Source = r.batch.Source
		for _, a := range r.answers {
			switch a.Outcome {
			case Accepted:
				t.Accepted++
			case Duplicate:
				t.Duplicate++
			case Quarantined:
				t.Quarantined++
			case Refused:
				t.Refused++
			}
			if r.batch.Held {
				t.Quarantined-- // it was counted when it was put aside
			}
		}
		t.Quarantined += int64(len(r.batch.Quarantine))
		bySource[r.batch.Source] = t
		if len(r.batch.Quarantine) > 0 {
			if err := tx.Store.PutQuarantine(ctx, r.batch.Quarantine); err != nil {
				return fmt.Errorf("quarantine: %w", err)
			}
		}
	}
	rows := make([]keep.Tally, 0, len(bySource))
	for _, source := range slices.Sorted(maps.Keys(bySource)) {
		rows = append(rows, bySource[source])
	}
	if len(rows) == 0 {
		return nil
	}
	return tx.Store.AddTallies(ctx, rows)
}

// quarantine keeps an event that was understood but cannot be applied.
func (l *Line) quarantine(ctx context.Context, tx *keep.Tx, e *fact.Event, a *Answer) error {
	return tx.Store.PutQuarantine(ctx, []keep.Quarantine{l.Sealed(e.Source, a.Code, a.Why, e.Raw, tx.Now)})
}
