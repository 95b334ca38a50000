// Package fact is the truth as heed keeps it: one append-only line at a time.
//
// A fact belongs to one fragment (one identifier and what arrived on it) and
// has a number in that fragment's chain. Everything else — a fragment's State,
// a person's Profile, memberships, counters — is a projection of facts and can
// be rebuilt from them to the same bytes.
//
// The package promises stable, versioned bytes: Append… and Parse… read older
// schemas for ever. It does not store, seal or judge anything. Start reading at
// Kind, then Event, then State.
package fact

import (
	"fmt"
	"log/slog"

	"github.com/heed-platform/heed/internal/clock"
	"github.com/heed-platform/heed/internal/person"
)

// FragmentID names a fragment inside one database. It means nothing elsewhere.
type FragmentID int64

// Kind says what a fact tells.
type Kind uint8

// The kinds. Their numbers are stored: never renumber, only add.
const (
	KindEvent      Kind = 1  // something happened
	KindEdge       Kind = 2  // this fragment and another were named together
	KindGrant      Kind = 3  // an entry of the consent ledger
	KindPreference Kind = 4  // how, when and how often the person wants to be spoken to
	KindMembership Kind = 5  // entered or left an audience (on the anchor)
	KindDecision   Kind = 6  // what was chosen in a moment, and why (on the anchor)
	KindDisclosure Kind = 7  // data left, to whom and for what (on the anchor)
	KindOutcome    Kind = 8  // what became of a delivery (on the anchor)
	KindCut        Kind = 9  // an edge was undone by hand
	KindNote       Kind = 10 // staff looked at or changed something: who, why
	KindRest       Kind = 11 // what retention left of an event that it emptied; reads like an event
)

// Tells reports whether a fact of the kind reads like an event.
func (k Kind) Tells() bool { return k == KindEvent || k == KindRest }

// String is the word used in exports.
func (k Kind) String() string {
	switch k {
	case KindEvent:
		return "event"
	case KindEdge:
		return "edge"
	case KindGrant:
		return "grant"
	case KindPreference:
		return "preference"
	case KindMembership:
		return "membership"
	case KindDecision:
		return "decision"
	case KindDisclosure:
		return "disclosure"
	case KindOutcome:
		return "outcome"
	case KindCut:
		return "cut"
	case KindNote:
		return "note"
	case KindRest:
		return "rest"
	}
	return fmt.Sprintf("kind-%d", uint8(k))
}

// Raw is bytes about a person, as they arrived. It never prints itself.
type Raw []byte

// Format hides the bytes under every verb.
func (Raw) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte("[withheld]")) }

// LogValue hides the bytes.
func (Raw) LogValue() slog.Value { return slog.StringValue("[withheld]") }

// MarshalText hides the bytes.
func (Raw) MarshalText() ([]byte, error) { return []byte("[withheld]"), nil }

// Origin says how a value came to be known. A smaller origin is a better one.
type Origin uint8

// The origins, best first. Zero is no origin and is good enough for nothing.
const (
	Declared   Origin = 1 // the person said so
	Observed   Origin = 2 // the person did so
	Inferred   Origin = 3 // a guess of ours
	ThirdParty Origin = 4 // bought or borrowed: a rumor
)

// String is the word of docs/guide/words.md.
func (o Origin) String() string {
	switch o {
	case Declared:
		return "declared"
	case Observed:
		return "observed"
	case Inferred:
		return "inferred"
	case ThirdParty:
		return "third_party"
	}
	return "unknown"
}

// ParseOrigin reads the word.
func ParseOrigin(s string) (Origin, bool) {
	for _, o := range []Origin{Declared, Observed, Inferred, ThirdParty} {
		if o.String() == s {
			return o, true
		}
	}
	return 0, false
}

// EventType is one of the Segment spec's six calls.
type EventType uint8

// The event types; their numbers are stored.
const (
	Identify EventType = 1
	Track    EventType = 2
	Page     EventType = 3
	Screen   EventType = 4
	Group    EventType = 5
	Alias    EventType = 6
)

var eventTypes = [...]string{"", "identify", "track", "page", "screen", "group", "alias"}

// String is the spec's word.
func (t EventType) String() string {
	if int(t) < len(eventTypes) {
		return eventTypes[t]
	}
	return ""
}

// ParseEventType reads the spec's word.
func ParseEventType(s string) (EventType, bool) {
	for i, w := range eventTypes {
		if i > 0 && w == s {
			return EventType(i), true
		}
	}
	return 0, false
}

// Event is one thing that happened, checked, with its time settled.
// Identifiers[0] is the strongest and names the fragment; the others are edges.
type Event struct {
	Source      string // the source's key in the workspace, e.g. "web"
	Message     string // messageId; idempotency is by (Source, Message) for ever
	Type        EventType
	Name        string        // track's event, page's or screen's name, group's id
	At          clock.Instant // when it happened, skew-corrected, never after Received
	Received    clock.Instant
	Verified    bool   // said by a server key, or signed: may name verified identifiers
	Notice      string // "membership@3", or "" when no notice covers its values
	Origin      Origin // what its traits are worth at best
	Identifiers []person.Identifier
	Raw         Raw // the whole event, byte for byte as sent
}

// Edge says that the fragment of this chain and Other were named together.
// Edges are ordered by (Verified, At, Message), never by arrival.
type Edge struct {
	Other    FragmentID
	Verified bool
	At       clock.Instant
	Message  person.Hash // keyed hash of (source, messageId), the tie-breaker
	Source   string
	// Identifier is Other's, as the event named it: a fragment that no event of
	// its own names shows its identifier only here.
	Identifier person.Identifier
}

// GrantStatus is what the person said. Its zero value grants nothing.
type GrantStatus uint8

// The statuses; their numbers are stored, and a larger one is more restrictive.
const (
	Granted   GrantStatus = 1
	Denied    GrantStatus = 2
	Withdrawn GrantStatus = 3
	Objected  GrantStatus = 4
)

// String is the word used in receipts.
func (s GrantStatus) String() string {
	switch s {
	case Granted:
		return "granted"
	case Denied:
		return "denied"
	case Withdrawn:
		return "withdrawn"
	case Objected:
		return "objected"
	}
	return "unknown"
}

// Grant is one entry of the consent ledger. Channel and Topic may be empty,
// which means all of them. The proof fields follow ISO/IEC TS 27560.
type Grant struct {
	Record       string // record id, also on the receipt
	Purpose      string
	Channel      string
	Topic        string
	Status       GrantStatus
	Notice       string // "newsletter@2": the text that was shown
	Language     string
	Jurisdiction string
	Method       string        // form, clerk, sdk, gpc, api, import, unsubscribe, stop_reply, complaint
	Source       string        // which source heard it
	Said         clock.Instant // when the person said it, as claimed
	Received     clock.Instant // when heed heard it; this orders the ledger
	Evidence     string        // what proves it: an element's id, a form's number, a file and line
	Message      string        // the event that carried it, if one did
	// Resolves names the fragments whose conflict the person settled with this
	// entry; it lapses when the person's set of fragments is another one.
	Resolves []FragmentID
}

// Cap is at most Count messages in any window of Per.
type Cap struct {
	Channel string // "" is all channels together
	Count   int
	Hours   int
}

// Preference is the whole of what a person set, each time they set it.
type Preference struct {
	Muted    []string // topics
	Topics   []string // topics asked for; empty is no choice, a list of only "" is none of them
	Channels []string // in order of liking; a channel left out of a non-empty list is refused, so [""] refuses all
	Caps     []Cap
	QuietOn  bool
	QuietAt  int // minutes after local midnight
	QuietTo  int
	Break    clock.Instant // nothing but service messages until then
	Zone     string        // IANA name
	Language string
	Set      clock.Instant
	Source   string
	Location string  // how much of where they are may be known: one of the Location words; "" is no word said
	Sharing  []Share // what their devices may tell; a kind that is not here has had no word
}

// How much of where somebody is may be known, the least first.
const (
	LocationNone    = "none"
	LocationCity    = "city"
	LocationStore   = "store" // that they were at one of the brand's places
	LocationPrecise = "precise"
)

// Share is whether one device may tell one kind of data about the person.
type Share struct {
	Device  string // the fragment of the device's identifier, in decimal; "" is every device
	Kind    string // "location", "advertising_id" …
	Allowed bool
}

// Membership tells that the person entered or left an audience.
type Membership struct {
	Audience   string
	Generation int64 // of the audience's definition
	Purpose    string
	In         bool
	At         clock.Instant
}

// Reason is one guard's word on a candidate.
type Reason struct {
	Guard    string // "frequency_cap"
	Code     string // "cap_reached"
	Veto     bool
	Marketer string // the sentence for the marketer
	Person   string // the sentence for the person
}

// Decision is what was chosen in one moment. Question holds everything the
// rules were asked and shown, so that replaying it gives the same Reasons.
type Decision struct {
	ID       string
	Campaign string
	Version  int64
	Hash     string // of the approved campaign
	Moment   string // "event:Order Completed", "audience:regulars", "send"
	Purpose  string
	Channel  string
	Chosen   bool
	Holdout  bool
	Defer    clock.Instant // not before; zero is now
	Reasons  []Reason
	Question []byte // JSON, for replay
	At       clock.Instant
}

// Disclosure is one record of data that left. It is committed before the bytes go.
type Disclosure struct {
	ID         string
	Recipient  string
	Country    string
	Purpose    string
	Channel    string
	Class      string // "marketing" or "service": what caps count
	Categories []string
	Fields     []string
	Protection string // how it travels: "tls", "hashed"
	Decision   string
	Content    string // hash of what left
	At         clock.Instant
}

// Outcome is what became of one disclosure.
type Outcome struct {
	Disclosure string
	Status     string // sent, refused, failed, unknown, bounced, complained
	Code       string
	At         clock.Instant
}

// Cut undoes the edges between this fragment and Other, by hand.
type Cut struct {
	Other FragmentID
	By    string
	Why   string
	At    clock.Instant
}

// Note records that staff saw or changed something of this person.
type Note struct {
	By   string
	Role string
	What string
	Why  string
	At   clock.Instant
}
