package gate_test

import (
	"github.com/heed-platform/heed/internal/keep/gate"
	"github.com/heed-platform/heed/internal/person"
)

// member is whom a card points at.
func member(card string) gate.Subject { return gate.ByIdentifier(person.Ident(person.MemberID, card)) }
