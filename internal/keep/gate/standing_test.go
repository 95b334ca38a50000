package gate

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/heed-platform/heed/internal/clock"
	"github.com/heed-platform/heed/internal/fact"
	"github.com/heed-platform/heed/internal/keep/catalog"
	"github.com/heed-platform/heed/internal/person"
	"github.com/heed-platform/heed/internal/policy"
	"github.com/heed-platform/heed/workspace"
)

func rules(t *testing.T) *policy.Rules {
	t.Helper()
	w, faults := catalog.Load(workspace.Files)
	if len(faults) > 0 {
		t.Fatal(faults)
	}
	r, err := w.Compile()
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// said are attributes that the person declared, by name and JSON text.
func said(pairs ...string) *fact.Profile {
	p := &fact.Profile{}
	for pair := range slices.Chunk(pairs, 2) {
		p.Attributes = append(p.Attributes, fact.Attribute{Name: pair[0], Value: person.Hide(pair[1]), Origin: fact.Declared})
	}
	return p
}

// Where somebody lives is what they said, if it makes sense; else the strictest
// law speaks.
func TestStanding_jurisdiction(t *testing.T) {
	t.Parallel()
	r := rules(t)
	bought := said("country", `"US"`)
	bought.Attributes[0].Origin = fact.ThirdParty
	for _, tt := range []struct {
		name string
		p    *fact.Profile
		want string
	}{
		{"nothing", said(), ""},
		{"a country", said("country", `"de"`), "DE"},
		{"a state", said("jurisdiction", `"us-ca"`, "country", `"DE"`), "US-CA"},
		{"a word", said("country", `"Germany"`), ""},
		{"no text", said("country", `49`), ""},
		{"an address", said("address", `{"country":"us","state":"ca"}`), "US-CA"},
		{"an address without a state", said("address", `{"country":"US","state":"California"}`), "US"},
		{"an address that is a word", said("address", `"Berlin"`), ""},
		{"what others say", bought, ""},
	} {
		if got := standingOf(r, tt.p, clock.Instant(1)).Jurisdiction; got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
}

// Who is a minor is by the age of the packs where they live, by now and not by
// when they last did something, and by any birthday that they gave.
func TestStanding_minors(t *testing.T) {
	t.Parallel()
	r := rules(t)
	today := time.Date(2026, 3, 3, 11, 0, 0, 0, time.UTC)
	born := func(years, days int) string {
		return fmt.Sprintf("%q", today.AddDate(-years, 0, -days).Format(time.DateOnly))
	}
	for _, tt := range []struct {
		name string
		p    *fact.Profile
		want policy.Tri
	}{
		{"nothing", said(), policy.Unknown},
		{"a grown-up", said("birthday", born(40, 0)), policy.No},
		{"a child", said("birthday", born(9, 0)), policy.Yes},
		{"fifteen in Germany", said("birthday", born(15, 300), "country", `"DE"`), policy.Yes},
		{"seventeen in Germany", said("birthday", born(17, 0), "country", `"DE"`), policy.No},
		{"sixteen today", said("birthday", born(16, 0), "country", `"DE"`), policy.Yes}, // it may still be yesterday there
		{"sixteen since yesterday", said("birthday", born(16, 1), "country", `"DE"`), policy.No},
		{"two birthdays", said("birthday", born(40, 0), "date_of_birth", born(9, 0)), policy.Yes},
		{"a birthday that nobody can have", said("birthday", `"1900-01-01"`), policy.Unknown},
		{"a birthday in the future", said("birthday", `"2030-01-01"`), policy.Yes},
		{"no birthday", said("birthday", `"yes"`), policy.Unknown},
		{"a number", said("birthday", `19900101`), policy.Unknown},
		{"a long one", said("birthday", `"1990-01-01T00:00:00Z"`), policy.No},
	} {
		if got := standingOf(r, tt.p, clock.At(today)).Minor; got != tt.want {
			t.Errorf("%s: %v, want %v", tt.name, got, tt.want)
		}
	}
}

// What was plainly bought is what was kept, for oneself, under a promise that we
// know.
func TestStanding_purchases(t *testing.T) {
	t.Parallel()
	r := rules(t)
	const shoes = "Running shoes"
	buy := func(quantity int64, notice string, gift bool) fact.Purchase {
		return fact.Purchase{Item: "shoe", Variant: "42", Category: shoes, Quantity: quantity, Notice: notice, Gift: gift}
	}
	category := []string{r.Category("purchases." + shoes)}
	for _, tt := range []struct {
		name string
		all  []fact.Purchase
		want []string
	}{
		{"nothing", nil, nil},
		{"one", []fact.Purchase{buy(1, "order@1", false)}, category},
		{"under no promise", []fact.Purchase{buy(1, "", false)}, nil},
		{"under a promise that nobody knows", []fact.Purchase{buy(1, "order@99", false)}, nil},
		{"as a gift", []fact.Purchase{buy(1, "order@1", true)}, nil},
		{"and sent back", []fact.Purchase{buy(0, "order@1", false)}, nil},
		{"and sent back under another promise", []fact.Purchase{buy(-1, "newsletter@2", false), buy(1, "order@1", false)}, nil},
		{"two, of which one came back", []fact.Purchase{buy(-1, "newsletter@2", false), buy(2, "order@1", false)}, category},
		{"one for oneself and one as a gift", []fact.Purchase{buy(1, "newsletter@2", true), buy(1, "order@1", false)}, category},
	} {
		got := standingOf(r, &fact.Profile{Purchases: tt.all}, clock.Instant(1)).Purchased
		if !slices.Equal(got, tt.want) {
			t.Errorf("%s: %v, want %v", tt.name, got, tt.want)
		}
	}
}
