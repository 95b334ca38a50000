package fact

import (
	"github.com/heed-platform/heed/internal/clock"
	"github.com/heed-platform/heed/internal/person"
)

// Attribute is one value of one name with its provenance. A State keeps the
// best of each origin; which one speaks for the person is settled on read.
type Attribute struct {
	Name    string
	Value   person.Secret // JSON text, numbers as written
	Origin  Origin
	Source  string
	Notice  string // "" is uncovered: kept, usable for nothing
	At      clock.Instant
	Expires clock.Instant // zero is never
	Message person.Hash   // breaks ties at the same instant
}

// DayCount is how many events fell on one UTC day.
type DayCount struct {
	Day   int32 // days since 1970-01-01
	Count int32
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

// Purchase is the last time one variant was bought, and whether it came back.
type Purchase struct {
	Item     string // product_id
	Variant  string // sku or variant; "" when the item has none
	Category string
	Brand    string
	Quantity int64 // bought less returned, over all time
	Last     clock.Instant
	Returned clock.Instant // last return; zero is never
	Notice   string
	Gift     bool // said to be for someone else
}

// Spend is money in one currency, in minor units, under one notice.
type Spend struct {
	Currency string
	Notice   string
	Minor    int64
	Orders   int64
}

// Contacted is one message that left for this person; caps read these.
type Contacted struct {
	Channel string
	Class   string // "marketing" or "service"
	At      clock.Instant
}

// Friend is a tie to another identifier or group.
type Friend struct {
	Relation string // "group", "friend"
	Value    person.Secret
	At       clock.Instant
}

// State is the projection of one fragment's facts. Two States of one person
// merge in any order to the same Profile.
type State struct {
	N           uint64 // facts in the chain
	Identifier  person.Identifier
	Verified    bool // a verified event named this identifier
	First, Last clock.Instant
	Attributes  []Attribute   // sorted by name, then origin
	Grants      []Grant       // the latest per (purpose, channel, topic), sorted by them
	Preference  Preference    // the latest; Set is zero when there is none
	Counters    []Counter     // sorted by name
	Purchases   []Purchase    // sorted by item, variant
	Spends      []Spend       // sorted by currency
	Contacted   []Contacted   // the last 31 days, sorted by time
	Friends     []Friend      // sorted by relation, then time
	Memberships []Membership  // current ones, sorted by audience; on the anchor only
	Uncovered   int64         // values that no notice covers
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
	Counters    []Counter
	Purchases   []Purchase
	Spends      []Spend
	Contacted   []Contacted
	Friends     []Friend
	Memberships []Membership
	Uncovered   int64
}

// Sight is what one use may see of one person: the permitted part of a Profile
// and the paths of what is withheld. Withheld is unknown, neither absent nor
// false; what is in neither was never given.
type Sight struct {
	Profile  *Profile
	Withheld map[string]string // field path → ruling code
}
