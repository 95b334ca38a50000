package request

import "slices"

// Right is what a person may ask for.
type Right string

// The rights.
const (
	Access         Right = "access"
	Portability    Right = "portability"
	Rectification  Right = "rectification"
	Restriction    Right = "restriction"
	Objection      Right = "objection"
	Erasure        Right = "erasure"
	OptOutOfSale   Right = "opt_out_of_sale"
	LimitSensitive Right = "limit_sensitive"
)

// Rights lists them in the order in which pages show them.
func Rights() []Right {
	return []Right{Access, Portability, Rectification, Restriction, Objection, OptOutOfSale, LimitSensitive, Erasure}
}

// ParseRight reads the word.
func ParseRight(s string) (Right, bool) { return Right(s), slices.Contains(Rights(), Right(s)) }

// clocks are the names of a right's clock in law packs, the one that fits best
// first.
func (r Right) clocks() []string {
	switch r {
	case Access, Portability:
		return []string{"access"}
	case Rectification, Restriction:
		return []string{string(r), "access"}
	case Erasure:
		return []string{"erasure", "access"}
	case Objection, OptOutOfSale, LimitSensitive:
		return []string{string(r), "withdrawal"}
	}
	return []string{"access"}
}

// Level is how well the person showed who they are.
type Level uint8

// The levels, each better than the one before.
const (
	Unproven Level = 0 // somebody says so
	Link     Level = 1 // came by a link in a message to them
	Code     Level = 2 // gave a fresh one-time code that went to an address of theirs, or signed in
	Checked  Level = 3 // somebody of the staff checked it and stands for it
)

// String is the word used on the record.
func (l Level) String() string {
	return [...]string{"unproven", "link", "code", "checked"}[min(l, Checked)]
}

// Needs is the level that a right asks for. Whatever only lowers what may be done
// asks for nothing that could keep anybody from it (CCPA § 7026(f), § 7060(b));
// what shows, changes or destroys data asks for a fresh proof.
func (r Right) Needs() Level {
	switch r {
	case Objection, OptOutOfSale, LimitSensitive, Restriction:
		return Unproven
	case Access, Portability, Rectification, Erasure:
		return Code
	}
	return Checked
}

// The reasons for which an answer may be late, and for which it may be no. They
// are codes, so that a request never says anything about anybody; the pages have
// a sentence for each.
var (
	late = []string{"complex", "many_requests"}
	no   = []string{"identity_unproven", "law_keeps", "rights_of_others", "unfounded", "excessive", "nothing_here", "legal_claims"}
)

// Late lists the reasons for more time (GDPR Art. 12(3)).
func Late() []string { return slices.Clone(late) }

// No lists the reasons for a refusal (GDPR Art. 11, 12(5), 15(4), 17(3); CCPA § 7022).
func No() []string { return slices.Clone(no) }
