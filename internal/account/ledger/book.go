package ledger

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/heed-platform/heed/internal/clock"
	"github.com/heed-platform/heed/internal/fact"
	"github.com/heed-platform/heed/internal/keep/gate"
)

// Book is one person's ledgers, each in order of time. What was written to
// several fragments because it holds for all of them is in it once.
type Book struct {
	Events      []fact.Event
	Edges       []fact.Edge
	Grants      []fact.Grant
	Preferences []fact.Preference
	Memberships []fact.Membership
	Decisions   []fact.Decision
	Disclosures []Disclosure
	Cuts        []fact.Cut
	Notes       []fact.Note
	// Emptied counts facts whose content retention took away.
	Emptied int
}

// Disclosure is data that left, and what became of it. Outcome is zero while
// nobody has heard: it may have arrived.
type Disclosure struct {
	fact.Disclosure

	Outcome fact.Outcome
}

// Read opens the ledgers of a dossier that came with its history.
func Read(d gate.Dossier) (Book, error) {
	r := reader{outcomes: map[string]fact.Outcome{}}
	for _, l := range d.History() {
		if err := r.take(l); err != nil {
			return Book{}, err
		}
	}
	return r.done(), nil
}

// reader takes facts in the order of the chains.
type reader struct {
	book     Book
	outcomes map[string]fact.Outcome // the latest of each disclosure
}

func (r *reader) take(l gate.Line) error {
	if l.Payload == nil {
		r.book.Emptied++
		return nil
	}
	b := &r.book
	var err error
	switch l.Kind {
	case fact.KindEvent, fact.KindRest:
		err = add(&b.Events, l.Payload, fact.ParseEvent)
	case fact.KindEdge:
		err = add(&b.Edges, l.Payload, fact.ParseEdge)
	case fact.KindGrant:
		err = add(&b.Grants, l.Payload, fact.ParseGrant)
	case fact.KindPreference:
		err = add(&b.Preferences, l.Payload, fact.ParsePreference)
	case fact.KindMembership:
		err = add(&b.Memberships, l.Payload, fact.ParseMembership)
	case fact.KindDecision:
		err = add(&b.Decisions, l.Payload, fact.ParseDecision)
	case fact.KindDisclosure:
		var d fact.Disclosure
		d, err = fact.ParseDisclosure(l.Payload)
		b.Disclosures = append(b.Disclosures, Disclosure{Disclosure: d})
	case fact.KindOutcome:
		var o fact.Outcome
		o, err = fact.ParseOutcome(l.Payload)
		if o.At >= r.outcomes[o.Disclosure].At {
			r.outcomes[o.Disclosure] = o
		}
	case fact.KindCut:
		err = add(&b.Cuts, l.Payload, fact.ParseCut)
	case fact.KindNote:
		err = add(&b.Notes, l.Payload, fact.ParseNote)
	}
	if err != nil {
		return fmt.Errorf("read %s, number %d of fragment %d: %w", l.Kind, l.N, l.Fragment, err)
	}
	return nil
}

func add[T any](list *[]T, payload []byte, parse func([]byte) (T, error)) error {
	v, err := parse(payload)
	*list = append(*list, v)
	return err
}

// done puts each ledger in order and joins what belongs together.
func (r *reader) done() Book {
	b := r.book
	for i := range b.Disclosures {
		b.Disclosures[i].Outcome = r.outcomes[b.Disclosures[i].ID]
	}
	inOrder(b.Events, func(e fact.Event) clock.Instant { return e.At })
	inOrder(b.Edges, func(e fact.Edge) clock.Instant { return e.At })
	inOrder(b.Grants, func(g fact.Grant) clock.Instant { return g.Received })
	inOrder(b.Preferences, func(p fact.Preference) clock.Instant { return p.Set })
	inOrder(b.Memberships, func(m fact.Membership) clock.Instant { return m.At })
	inOrder(b.Decisions, func(d fact.Decision) clock.Instant { return d.At })
	inOrder(b.Disclosures, func(d Disclosure) clock.Instant { return d.At })
	inOrder(b.Cuts, func(c fact.Cut) clock.Instant { return c.At })
	inOrder(b.Notes, func(n fact.Note) clock.Instant { return n.At })
	b.Grants = once(b.Grants, grantKey)
	b.Preferences = once(b.Preferences, func(p fact.Preference) clock.Instant { return p.Set })
	return b
}

// once keeps the first of each key.
func once[T any, K comparable](list []T, key func(T) K) []T {
	seen := make(map[K]bool, len(list))
	return slices.DeleteFunc(list, func(v T) bool {
		k := key(v)
		was := seen[k]
		seen[k] = true
		return was
	})
}

func inOrder[T any](list []T, at func(T) clock.Instant) {
	slices.SortStableFunc(list, func(x, y T) int { return cmp.Compare(at(x), at(y)) })
}

// grantKey tells the copies of one entry: a refusal stands on every fragment.
func grantKey(g fact.Grant) [6]string {
	return [6]string{g.Record, g.Purpose, g.Channel, g.Topic, g.Received.Format(), g.Message + g.Status.String()}
}
