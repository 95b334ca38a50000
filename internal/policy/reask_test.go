package policy_test

import (
	"testing"
	"time"

	"github.com/heed-platform/heed/internal/clock"
	"github.com/heed-platform/heed/internal/fact"
	"github.com/heed-platform/heed/internal/policy/define"
)

// TestRules_Reask: nobody is asked again within a year of a no, or longer where
// the law says so.
func TestRules_Reask(t *testing.T) {
	t.Parallel()
	said := clock.At(time.Date(2026, 2, 1, 0, 0, 0, 0, time.UTC))
	in := func(months int) clock.Instant { return clock.At(said.Time().AddDate(0, months, 0)) }
	r := lasting(t, func(d *define.Definitions) {
		d.Packs = append(d.Packs, define.Pack{
			Key: "ca", Label: "l", Jurisdictions: []string{"US-CA"}, Modes: d.Packs[0].Modes, Transfers: d.Packs[0].Transfers,
			Clocks: []define.Clock{{Name: "reask", Within: 18, Unit: "months"}},
		})
	})
	tests := []struct {
		name, place string
		grant       fact.Grant
		from        clock.Instant
		agreed      bool
	}{
		{"never said a word", "DE", fact.Grant{Status: fact.Granted, Purpose: "personalize", Notice: "m@1"}, 0, false},
		{"agreed to it", "DE", fact.Grant{Status: fact.Granted, Purpose: yes, Notice: "n@1"}, 0, true},
		{"agreed to another version", "DE", fact.Grant{Status: fact.Granted, Purpose: yes, Notice: "n@2"}, 0, false},
		{"no to it; a pack elsewhere is the only one that says how long", "DE", fact.Grant{Status: fact.Withdrawn, Purpose: yes}, in(18), false},
		{"no to what is above it", "US-CA", fact.Grant{Status: fact.Objected, Purpose: "marketing"}, in(18), false},
		{"no to everything", "", fact.Grant{Status: fact.Objected}, in(18), false},
		{"no to something else", "US-CA", fact.Grant{Status: fact.Denied, Purpose: "sales"}, 0, false},
	}
	for _, test := range tests {
		test.grant.Received = said
		from, agreed := r.Reask(test.place, []fact.Grant{test.grant}, "n@1")
		if from != test.from || agreed != test.agreed {
			t.Errorf("%s: %s, %v", test.name, from.Format(), agreed)
		}
	}
	if got := lasting(t, nil).ReaskMonths("DE"); got != 12 {
		t.Errorf("without any law %d months", got)
	}
	if !r.Earlier("n@1", "n@2") || r.Earlier("n@2", "n@1") || r.Earlier("n@1", "m@2") {
		t.Error("which version is the earlier one")
	}
}
