package ledger

import (
	"github.com/heed-platform/heed/internal/decide/campaign"
	"github.com/heed-platform/heed/internal/fact"
	"github.com/heed-platform/heed/internal/person"
)

// Replayed compares what the guards of a decision said with what they say to the
// same question now.
type Replayed struct {
	Same bool         `json:"same"`
	Then DecisionLine `json:"then"`
	Now  DecisionLine `json:"now"`
}

// Replay asks the guards of a decision again, with everything that they were
// shown then and nothing else.
func Replay(of person.Ref, d *fact.Decision) (Replayed, error) {
	same, reasons, err := campaign.Replay(*d)
	if err != nil {
		return Replayed{}, err
	}
	again := *d
	again.Reasons = reasons
	return Replayed{same, DecisionLineOf(of, d), DecisionLineOf(of, &again)}, nil
}

// Decision finds one decision by its id.
func (b Book) Decision(id string) (*fact.Decision, bool) {
	for i := range b.Decisions {
		if b.Decisions[i].ID == id {
			return &b.Decisions[i], true
		}
	}
	return nil, false
}
