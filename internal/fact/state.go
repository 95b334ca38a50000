package fact

import (
	"github.com/heed-platform/heed/internal/clock"
	"github.com/heed-platform/heed/internal/person"
)

// Attribute is one value of one name with its provenance. A State keeps the
// newest of each origin; which one speaks for the person is settled on read.
type Attribute struct {
	Name    string
	Value   person.Secret // JSON text, numbers as written
	Origin  Origin
	Source  string
	Notice  string // "" is uncovered: kept, usable for nothing
	At      clock.Instant
	Expires clock.Instant // zero is never
	Message person.Hash   // breaks ties at the same instant
	Claimed bool          // an event said so that was not verified: never beats a verified value of its origin
}

// DayCount is how many events fell on one UTC day.
type DayCount struct {
	Day   int32 // days since 1970-01-01
	Count int32
}

// Day is the UTC day of t, as in DayCount.
func Day(t clock.Instant) int32 {
	const day = 24 * 60 * 60 * 1_000_000
	d := int64(t) / day
	if int64(t)%day < 0 {
		d--
	}
	return int32(d)
}

// Counter counts events of one name that arrived under one notice: the promise
// decides what a count may be used for, so promises are not mixed in one.
type Counter struct {
	Name        string
	Notice      string // "" is uncovered
	Count       int64
	First, Last clock.Instant
	Days        []DayCount // sorted; the 400 days up to Last
}

// Purchase is what is left of all purchases of one variant under one notice:
// how many were kept, when the last was bought and when one last came back.
type Purchase struct {
	Item     string // product_id
	Variant  string // sku or variant; "" when the item has none
	Category string // as the last purchase said
	Brand    string // as the last purchase said
	Quantity int64  // bought less returned, over all time
	Last     clock.Instant
	Returned clock.Instant // last return; zero is never
	Notice   string        // "" is uncovered
	Gift     bool          // all that was kept was said to be for someone else
}

// Spend is money in one currency, in minor units, under one notice, less what
// was refunded.
type Spend struct {
	Currency string // ISO 4217
	Notice   string // "" is uncovered
	Minor    int64
	Orders   int64
}

// Order is one order as far as it was told, under whichever messages it came:
// the same order told twice is one. A State keeps its newest orders like this.
type Order struct {
	Key      uint64        // hash of the order's id, or of the message when there is none
	Placed   bool          // somebody said that it was bought; an update or a refund alone does not
	Whole    bool          // one report tells all of it; else each line has a report of its own
	At       clock.Instant // of the whole report
	Message  person.Hash   // of the whole report
	Notice   string        // of the whole report
	Currency string        // of Minor; "" when nobody named one
	Minor    int64         // what was paid for the whole
	Canceled clock.Instant // zero is never
	Lines    []Line        // sorted by item, variant
	Returns  []Return      // sorted by time, source, item, variant
}

// Line is one variant of an Order. At, Message and Notice are set only where
// each line has a report of its own.
type Line struct {
	Item, Variant   string
	Category, Brand string
	Quantity        int64 // below zero: came back at the till, from whichever order
	Gift            bool
	Currency        string // of Minor; "" when nobody named one
	Minor           int64  // price times quantity
	At              clock.Instant
	Message         person.Hash
	Notice          string
}

// Return is what came back of an Order in one report.
type Return struct {
	Item, Variant string // both "" when no product was named
	Quantity      int64
	Currency      string // of Minor; "" when no amount was named
	Minor         int64
	At            clock.Instant
	Source        string // two sources may tell of the same return
}

// Contacted is one message that left for this person; caps read these.
type Contacted struct {
	Channel string
	Class   string // "marketing" or "service"
	At      clock.Instant
	ID      uint64 // hash of the disclosure's id; 0 is not known
	Back    bool   // it failed or was refused, so the slot is free again (State only)
}

// Friend is a tie to another identifier or group.
type Friend struct {
	Relation string // "group", "friend"
	Value    person.Secret
	At       clock.Instant
	Notice   string // "" is uncovered
	Gone     bool   // the tie was undone (State only)
}

// Tie is another fragment that events of this one named, and by what.
type Tie struct {
	Other      FragmentID
	Identifier person.Identifier
	Verified   bool
}

// State is the projection of one fragment's facts. Two States of one person
// merge in any order to the same Profile.
type State struct {
	N           uint64 // facts in the chain
	Identifier  person.Identifier
	Verified    bool // a verified event named this identifier
	First, Last clock.Instant
	Ties        []Tie         // sorted by fragment
	Attributes  []Attribute   // sorted by name, origin, claimed; JSON null is a deletion, no text is a value too long to hold
	Grants      []Grant       // sorted by purpose, channel, topic: the latest of each, and the latest that resolves
	Preference  Preference    // the latest; Set is zero when there is none
	Counters    []Counter     // sorted by name, notice
	Orders      []Order       // the newest orders, sorted by key
	Settled     []uint64      // keys of older orders, sorted; they are in Purchases and Spends
	Purchases   []Purchase    // of settled orders only, sorted by item, variant, notice; one without Last is what came back
	Spends      []Spend       // of settled orders only, sorted by currency, notice
	Contacted   []Contacted   // the last 366 days of what caps count, 31 of the rest; sorted by time, id
	Friends     []Friend      // sorted by relation, value
	Memberships []Membership  // the latest word per audience and purpose, sorted by them; on the anchor only
	Uncovered   int64         // values that came under no notice
	Full        bool          // some list is at its limit: facts hold more than the state shows
	Due         clock.Instant // when the person's audiences must be looked at again; anchor only
}

// Named is one identifier of a Profile.
type Named struct {
	person.Identifier

	Fragment FragmentID
	Verified bool
}

// Profile is one person: the fold of the states of their fragments. It holds
// every candidate value; the gate decides which of them a use may see.
type Profile struct {
	Ref         person.Ref
	Anchor      FragmentID
	Fragments   []FragmentID // sorted
	Identifiers []Named      // strongest first
	First, Last clock.Instant
	Attributes  []Attribute // the speaking one first within each name
	Grants      []Grant     // most restrictive over fragments, per (purpose, channel, topic)
	Preference  Preference  // most restrictive over fragments
	Counters    []Counter   // sorted by name, notice
	Purchases   []Purchase  // sorted by item, variant, notice
	Spends      []Spend     // sorted by currency, notice
	Contacted   []Contacted // sorted by time
	Friends     []Friend    // sorted by relation, then time
	Memberships []Membership
	Uncovered   int64
	Full        bool
}

// Sight is what one use may see of one person: the permitted part of a Profile
// and the paths of what is withheld. Withheld is unknown, neither absent nor
// false; what is in neither was never given.
type Sight struct {
	Profile  *Profile
	Withheld map[string]string // field path → ruling code
}
