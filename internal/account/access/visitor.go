package access

import (
	"github.com/heed-platform/heed/internal/clock"
	"github.com/heed-platform/heed/internal/fact"
	"github.com/heed-platform/heed/internal/person"
)

// Scope is how far a visitor may go in. The zero Scope is nowhere.
type Scope uint8

// The scopes, the narrower first.
const (
	// Lower came by a link in a message, which others may have as well: it may
	// see that decision and lower what is allowed.
	Lower Scope = 1
	// Full gave a one-time code that went to a contact point of theirs, or signed
	// in with the brand.
	Full Scope = 2
)

// String is the word that logs and the audit use.
func (s Scope) String() string {
	switch s {
	case Lower:
		return "lower"
	case Full:
		return "full"
	}
	return "none"
}

// Visitor is whoever stands at the door, as far as they have shown it.
type Visitor struct {
	Ref      person.Ref      // the person, as they are now
	Fragment fact.FragmentID // by which they came: a split takes them along
	Scope    Scope
	Decision string        // the one that a Lower visitor's message came from; "" is none
	Session  string        // names the session and opens nothing: it may be kept
	Began    clock.Instant // when they showed who they are
	Form     string        // what every form of this session carries, so that no other page can send it
}
