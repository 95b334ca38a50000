package guard

import (
	"github.com/heed-platform/heed/internal/clock"
	"github.com/heed-platform/heed/internal/fact"
)

// Case is one candidate for one person in one moment, with all that the guards
// are shown. It is kept with the decision, so that it can be judged again.
type Case struct {
	Now      clock.Instant `json:"now"`
	Moment   clock.Instant `json:"moment"`
	Expires  clock.Instant `json:"expires"` // when the moment is over; zero is never
	Service  bool          `json:"service"`
	Channel  string        `json:"channel"`
	Topic    string        `json:"topic,omitempty"`
	Occasion bool          `json:"occasion"` // a service purpose may speak in this moment

	// Ruling is the gate's word on contacting this person at all.
	Allowed  bool   `json:"allowed"`
	Code     string `json:"code,omitempty"`
	Marketer string `json:"marketer,omitempty"`
	Person   string `json:"person,omitempty"`

	// Matched is whether the person is known to be in the audience; Hidden names
	// the promise that keeps it unknown.
	Matched bool   `json:"matched"`
	Hidden  string `json:"hidden,omitempty"`

	Item        string   `json:"item,omitempty"` // what the message is about
	Variant     string   `json:"variant,omitempty"`
	Repurchase  int      `json:"repurchase_days,omitempty"` // it may be bought again after so many days; 0 is never
	Owned       []Bought `json:"owned,omitempty"`
	OwnedHidden bool     `json:"owned_hidden,omitempty"`

	Preference Wish       `json:"preference"`
	Contacted  []Sent     `json:"contacted,omitempty"`
	Caps       []fact.Cap `json:"caps,omitempty"` // the brand's
	Quiet      Quiet      `json:"quiet"`          // the brand's
	Zone       string     `json:"zone"`           // the brand's

	Holdout int `json:"holdout,omitempty"` // of 10,000
	Draw    int `json:"draw,omitempty"`    // this person's, 0 to 9,999, for this campaign for ever
}

// Bought is a purchase of the item.
type Bought struct {
	Variant  string        `json:"variant,omitempty"`
	Quantity int64         `json:"quantity"`
	Last     clock.Instant `json:"last"`
}

// Sent is one message that left before.
type Sent struct {
	Channel string        `json:"channel"`
	At      clock.Instant `json:"at"`
}

// Quiet is a stretch of the day, in minutes after local midnight. From equal to
// To is no stretch.
type Quiet struct {
	From int `json:"from"`
	To   int `json:"to"`
}

// Wish is the part of a fact.Preference that the guards read.
type Wish struct {
	Muted    []string      `json:"muted,omitempty"`
	Topics   []string      `json:"topics,omitempty"`
	Channels []string      `json:"channels,omitempty"`
	Caps     []fact.Cap    `json:"caps,omitempty"`
	QuietOn  bool          `json:"quiet_on,omitempty"`
	Quiet    Quiet         `json:"quiet"`
	Break    clock.Instant `json:"break,omitzero"`
	Zone     string        `json:"zone,omitempty"`
}

// WishOf reads a preference.
func WishOf(p fact.Preference) Wish {
	return Wish{
		Muted: p.Muted, Topics: p.Topics, Channels: p.Channels, Caps: p.Caps,
		QuietOn: p.QuietOn, Quiet: Quiet{p.QuietAt, p.QuietTo}, Break: p.Break, Zone: p.Zone,
	}
}
