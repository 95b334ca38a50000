package guard

import (
	"github.com/heed-platform/heed/internal/clock"
	"github.com/heed-platform/heed/internal/fact"
)

// Case is one candidate for one person in one moment, with all that the guards
// are shown and nothing else. It is kept with the decision, so that it can be
// judged again. The zero Case is vetoed.
type Case struct {
	Now     clock.Instant `json:"now"`
	Moment  clock.Instant `json:"moment"`
	Expires clock.Instant `json:"expires,omitzero"` // when the moment is over; zero is never
	Service bool          `json:"service,omitempty"`
	Channel string        `json:"channel"`

	// What the gate said about this use of this person.
	Allowed  bool   `json:"allowed,omitempty"`
	Code     string `json:"code,omitempty"`
	Marketer string `json:"marketer,omitempty"`
	Person   string `json:"person,omitempty"`

	Member   bool    `json:"member,omitempty"`   // known to be in the audience
	Withheld []Hole  `json:"withheld,omitempty"` // what was needed and may not be seen
	Address  Address `json:"address,omitempty"`
	Occasion bool    `json:"occasion,omitempty"` // a service purpose may speak in this moment

	Subjects []Subject `json:"subjects,omitempty"`

	Items       []string `json:"items,omitempty"`           // what the message is about
	Missing     bool     `json:"item_missing,omitempty"`    // it is about something, and nobody knows what
	Repurchase  int      `json:"repurchase_days,omitempty"` // it may be bought again after so many days; 0 is never
	Owned       []Bought `json:"owned,omitempty"`           // one entry for each variant
	OwnedHidden bool     `json:"owned_hidden,omitempty"`    // there may be purchases that cannot be seen

	Wish      Wish       `json:"wish,omitzero"`
	Contacted []Sent     `json:"contacted,omitempty"` // sorted by time; service messages are none
	Caps      []fact.Cap `json:"caps,omitempty"`      // the brand's
	Quiet     []Quiet    `json:"quiet,omitempty"`     // the brand's
	Zone      string     `json:"zone,omitempty"`      // the person's, else the brand's

	Holdout int    `json:"holdout,omitempty"` // of 10,000
	Draw    int    `json:"draw,omitempty"`    // this person's, 0 to 9,999, for this campaign for ever
	Lot     string `json:"lot,omitempty"`     // whose draw it is, as a keyed hash
}

// Hole is a field path that the use may not see, and the code of the ruling.
type Hole struct {
	Path string `json:"path"`
	Code string `json:"code"`
}

// Address says whether the channel's address of the person is there. The zero
// Address is not known and opens nothing.
type Address string

// The addresses.
const (
	AddressKnown    Address = "known"
	AddressAbsent   Address = "absent"   // never given
	AddressWithheld Address = "withheld" // given, and not for this
	AddressNone     Address = "none"     // the channel needs none
)

// Subject is a topic that the message touches. A private one lies in a sensitive
// category that the gate was not asked about.
type Subject struct {
	Topic   string `json:"topic"`
	Private bool   `json:"private,omitempty"`
}

// Bought is one variant of an item as it was bought and kept, under whatever
// promises.
type Bought struct {
	Item     string        `json:"item"`
	Variant  string        `json:"variant,omitempty"`
	Quantity int64         `json:"quantity"` // bought less returned
	Last     clock.Instant `json:"last"`
}

// Sent is one message that left before.
type Sent struct {
	Channel string        `json:"channel"`
	At      clock.Instant `json:"at"`
}

// Quiet is a stretch of the day, in minutes after local midnight, over midnight
// when To is before From. From equal to To is the whole day.
type Quiet struct {
	From int `json:"from"`
	To   int `json:"to"`
}

// Wish is the part of a fact.Preference that the guards read.
type Wish struct {
	Muted    []string      `json:"muted,omitempty"`    // topics, and words that nobody knows
	Topics   []string      `json:"topics,omitempty"`   // empty is no choice; only "" is none
	Channels []string      `json:"channels,omitempty"` // empty is no choice; only "" is none
	Caps     []fact.Cap    `json:"caps,omitempty"`
	Quiet    []Quiet       `json:"quiet,omitempty"`
	Break    clock.Instant `json:"break,omitzero"`
}
