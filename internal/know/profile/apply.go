package profile

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/heed-platform/heed/internal/clock"
	"github.com/heed-platform/heed/internal/collect/event"
	"github.com/heed-platform/heed/internal/fact"
	"github.com/heed-platform/heed/internal/know/profile/order"
	"github.com/heed-platform/heed/internal/person"
)

// Version is raised when folding the same facts gives other bytes than before.
const Version = 1

// What a State holds at most. Of names over the limit those that come last in
// the alphabet are left out, because that depends on no order of arrival.
const (
	maxAttributes = 512
	maxValue      = 8 << 10 // bytes; a longer value is known to be there, and is read from its event
	maxCounters   = 512
	maxFriends    = 256
	maxTies       = 512
	maxName       = 200 // bytes of a name of anything
)

// rumorLife is how long third-party data lives: it ages fast.
const rumorLife = 90 * 24 * time.Hour

var errEvent = errors.New("an event folds by ApplyEvent, with the hash of its message")

// Apply folds one fact that is no event into the state of its fragment. The
// chain counts N.
func Apply(s *fact.State, kind fact.Kind, payload []byte) error {
	switch kind {
	case fact.KindEvent, fact.KindRest:
		return errEvent
	case fact.KindEdge:
		return with(payload, fact.ParseEdge, func(e *fact.Edge) { ApplyEdge(s, e) })
	case fact.KindGrant:
		return with(payload, fact.ParseGrant, func(g *fact.Grant) { ApplyGrant(s, g) })
	case fact.KindPreference:
		return with(payload, fact.ParsePreference, func(p *fact.Preference) { ApplyPreference(s, p) })
	case fact.KindMembership:
		return with(payload, fact.ParseMembership, func(m *fact.Membership) { ApplyMembership(s, m) })
	case fact.KindDisclosure:
		return with(payload, fact.ParseDisclosure, func(d *fact.Disclosure) { ApplyDisclosure(s, d) })
	case fact.KindOutcome:
		return with(payload, fact.ParseOutcome, func(o *fact.Outcome) { ApplyOutcome(s, o) })
	case fact.KindDecision, fact.KindCut, fact.KindNote:
		return nil // nothing about the person follows from them
	}
	return fmt.Errorf("no way to fold a fact of %s", kind)
}

func with[T any](payload []byte, parse func([]byte) (T, error), apply func(*T)) error {
	v, err := parse(payload)
	if err != nil {
		return err
	}
	apply(&v)
	return nil
}

// ApplyFact folds any fact of a history that is read again; message gives the keyed
// hash of an event's source and message id.
func ApplyFact(s *fact.State, kind fact.Kind, payload []byte, message func(*fact.Event) person.Hash) error {
	if !kind.Tells() {
		return Apply(s, kind, payload)
	}
	return with(payload, fact.ParseEvent, func(e *fact.Event) { ApplyEvent(s, e, message(e)) })
}

// ApplyEvent folds one event, of which the state has not seen any copy. message
// is the keyed hash of its source and message id.
func ApplyEvent(s *fact.State, e *fact.Event, message person.Hash) {
	if len(e.Identifiers) > 0 {
		s.Identifier = smaller(s.Identifier, e.Identifiers[0])
	}
	s.Verified = s.Verified || e.Verified
	if s.First == 0 || e.At < s.First {
		s.First = e.At
	}
	s.Last = max(s.Last, e.At)
	attributes(s, e, message)
	friends(s, e)
	count(s, e)
	if r, ok := order.Read(e, message); ok {
		order.Apply(s, &r)
	}
}

// smaller settles which of two spellings is kept, whichever came first.
func smaller(a, b person.Identifier) person.Identifier {
	if a.Value.IsZero() || b.Value.Reveal() < a.Value.Reveal() {
		return b
	}
	return a
}

// attributes takes what the event says about its person. What identifies them
// by email or phone is also something they told, unless a trait says it better.
func attributes(s *fact.State, e *fact.Event, message person.Hash) {
	a := fact.Attribute{
		Origin: e.Origin, Source: e.Source, Notice: e.Notice, At: e.At, Message: message, Claimed: !e.Verified,
	}
	if e.Origin == fact.ThirdParty {
		a.Expires = e.At.Add(rumorLife)
	}
	email, phone := false, false
	said := func(name string, value fact.Raw) {
		email, phone = email || name == "email", phone || name == "phone"
		a.Name, a.Value = name, person.Secret{}
		if len(value) <= maxValue {
			a.Value = person.Hide(string(value))
		}
		attribute(s, a)
	}
	for name, value := range event.Traits(e) {
		said(name, value)
	}
	if e.Type == fact.Group {
		group(s, e, said)
	}
	for _, id := range e.Identifiers {
		if id.NS == person.Email && !email || id.NS == person.Phone && !phone {
			said(string(id.NS), quote(id.Value))
		}
	}
	if len(s.Attributes) > maxAttributes {
		s.Attributes, s.Full = s.Attributes[:maxAttributes], true
	}
}

// group keeps what a group call says about the group under one name, so that a
// company's name never becomes a person's. A fragment that is the group itself
// has them as its own.
func group(s *fact.State, e *fact.Event, said func(string, fact.Raw)) {
	traits := event.Path(e.Raw, "traits")
	if s.Identifier.NS == event.GroupID {
		for name, value := range event.Members(traits) {
			said(name, value)
		}
		return
	}
	for range event.Members(traits) {
		said("group", traits)
		return
	}
}

func quote(s person.Secret) fact.Raw {
	b, err := json.Marshal(s.Reveal())
	if err != nil { // no text fails to marshal
		return fact.Raw("null")
	}
	return b
}

// attribute keeps, of each name and origin, the newest value under each notice,
// and the newest claim beside it: the same address given twice is usable for
// what either promise says.
func attribute(s *fact.State, a fact.Attribute) {
	if a.Name == "" || len(a.Name) > maxName {
		s.Full = s.Full || a.Name != ""
		return
	}
	if a.Notice == "" {
		s.Uncovered++
	}
	i, found := slices.BinarySearchFunc(s.Attributes, a, compareAttributes)
	switch {
	case !found:
		s.Attributes = slices.Insert(s.Attributes, i, a)
	case newer(a.At, a.Message, s.Attributes[i].At, s.Attributes[i].Message):
		s.Attributes[i] = a
	}
	s.Full = s.Full || a.Value.IsZero()
}

func compareAttributes(a, b fact.Attribute) int {
	return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.Origin, b.Origin), compareBool(a.Claimed, b.Claimed), cmp.Compare(a.Notice, b.Notice))
}

func newer(at clock.Instant, message person.Hash, than clock.Instant, other person.Hash) bool {
	return at > than || at == than && bytes.Compare(message[:], other[:]) > 0
}

// friends keeps ties to groups and to other people, the newest word on each.
func friends(s *fact.State, e *fact.Event) {
	f := fact.Friend{At: e.At, Notice: e.Notice}
	switch {
	case e.Type == fact.Group && s.Identifier.NS != event.GroupID:
		f.Relation, f.Value = "group", person.Hide(e.Name)
	case e.Type == fact.Track && (e.Name == "Friend Added" || e.Name == "Friend Removed"):
		f.Relation, f.Gone = "friend", e.Name == "Friend Removed"
		f.Value = person.Hide(order.Scalar(event.Path(e.Raw, "properties.friend_id")))
	}
	if f.Value.IsZero() || len(f.Value.Reveal()) > maxName {
		return
	}
	i, found := slices.BinarySearchFunc(s.Friends, f, compareFriends)
	switch {
	case !found:
		s.Friends = slices.Insert(s.Friends, i, f)
	case betterFriend(f, s.Friends[i]):
		s.Friends[i] = f
	}
	if len(s.Friends) > maxFriends {
		s.Friends, s.Full = s.Friends[:maxFriends], true
	}
}

func compareFriends(a, b fact.Friend) int {
	return cmp.Or(cmp.Compare(a.Relation, b.Relation), cmp.Compare(a.Value.Reveal(), b.Value.Reveal()))
}

// betterFriend prefers the newer word; at the same moment the end of a tie, and
// then the weaker promise.
func betterFriend(a, b fact.Friend) bool {
	if a.At != b.At || a.Gone == b.Gone {
		return cmp.Or(cmp.Compare(a.At, b.At), cmp.Compare(b.Notice, a.Notice)) > 0
	}
	return a.Gone
}
