package policy

import (
	"github.com/heed-platform/heed/internal/clock"
	"github.com/heed-platform/heed/internal/fact"
)

// Use is what code is about to do with a person's data. The set is closed; the
// zero Use is no use at all and opens nothing.
type Use uint8

// The uses.
const (
	None        Use = iota
	Resolve         // find out who it is
	Measure         // count, never individuals
	Personalize     // choose what to show
	Contact         // send to the person
	Share           // hand over to a recipient
	Learn           // train or mine
	Honor           // do what the person asked for
	Operate         // staff looking at one person, logged by the gate
)

// String is the word used in the ledger and in decision tables.
func (u Use) String() string {
	words := [...]string{"none", "resolve", "measure", "personalize", "contact", "share", "learn", "honor", "operate"}
	if int(u) < len(words) {
		return words[u]
	}
	return "none"
}

// ParseUse reads the word; "none" is not a use.
func ParseUse(s string) (Use, bool) {
	for u := Resolve; u <= Operate; u++ {
		if u.String() == s {
			return u, true
		}
	}
	return None, false
}

// Verdict is the answer. Its zero value is Deny.
type Verdict uint8

// The verdicts.
const (
	Deny Verdict = iota
	Allow
)

// String is "deny" or "allow".
func (v Verdict) String() string {
	if v == Allow {
		return "allow"
	}
	return "deny"
}

// Tri is a truth that may be unknown, and unknown is the zero value.
type Tri uint8

// The three truths.
const (
	Unknown Tri = iota
	No
	Yes
)

// Question is one use: what for, over which channel, about which topic, to whom.
// Channel, Topic and Recipient may be empty; an empty Recipient says that
// nobody outside receives anything, which Share refuses.
type Question struct {
	Use       Use
	Purpose   string
	Channel   string
	Topic     string
	Recipient string
	Now       clock.Instant
}

// Standing is what is in force for the person: where they live, what they said,
// what they bought.
type Standing struct {
	Jurisdiction string        // "DE", "US-CA"; unknown or empty means the strictest configured
	Grants       []fact.Grant  // the entries in force; a refusal anywhere in the list counts
	Muted        []string      // topics
	Break        clock.Instant // nothing but service messages until then
	Purchased    []string      // data categories plainly bought for themselves
	Minor        Tri
}

// Field is one value with its provenance; the value itself never comes here.
// Name is a field path ("traits.phone"), Category a data category, Notice the
// text it was given under ("membership@3"), Expires zero for never.
type Field struct {
	Name     string
	Category string
	Origin   fact.Origin
	Notice   string
	At       clock.Instant
	Expires  clock.Instant
	// Unconfirmed is an address that somebody typed, and whose owner has not
	// answered: it may be anybody's.
	Unconfirmed bool
}

// Ruling is the answer and the reason. Code is one of the Code constants, Rule
// the name of the rule that decided, Missing what would have been needed, by
// name, Considered the rules looked at, in order. All words come from
// definitions or are constant.
type Ruling struct {
	Verdict    Verdict
	Code       string
	Rule       string
	Missing    string
	Marketer   string
	Person     string
	Considered []string
}
