package policy_test

import (
	"testing"

	"github.com/heed-platform/heed/internal/clock"
	"github.com/heed-platform/heed/internal/fact"
	"github.com/heed-platform/heed/internal/policy"
	"github.com/heed-platform/heed/internal/policy/define"
)

// TestObjection_toOneRecipient: a no to one company stops that one, for what it
// was said of, and nobody else.
func TestObjection_toOneRecipient(t *testing.T) {
	t.Parallel()
	rules, _ := shop(t)
	const letters = "marketing.communications.email"
	yes := fact.Grant{Purpose: letters, Status: fact.Granted, Notice: "newsletter@2", Method: "form"}
	no := fact.Grant{Purpose: "marketing", Topic: define.ToRecipient + "mail-relay", Status: fact.Objected, Method: "form"}
	s := policy.Standing{Jurisdiction: "DE", Grants: []fact.Grant{yes, no}, Minor: policy.No}
	ask := func(purpose, to string) string {
		return rules.Person(policy.Question{Use: policy.Contact, Purpose: purpose, Channel: "email", Recipient: to, Now: clock.Instant(1)}, s).Code
	}
	for _, test := range []struct{ purpose, to, want string }{
		{letters, "mail-relay", policy.CodeObjected},
		{letters, "", policy.CodeAllowed},
		{"essential.service.notifications.email", "mail-relay", policy.CodeAllowed},
	} {
		if got := ask(test.purpose, test.to); got != test.want {
			t.Errorf("%s to %q: %s, want %s", test.purpose, test.to, got, test.want)
		}
	}
}

// TestGuesses_canBeSwitchedOff: what was guessed is left alone, what was said is
// not, and a yes switches guesses on again.
func TestGuesses_canBeSwitchedOff(t *testing.T) {
	t.Parallel()
	rules, _ := shop(t)
	yes := fact.Grant{Purpose: "personalize.content.profiled", Status: fact.Granted, Notice: "newsletter@2", Method: "form"}
	word := fact.Grant{Purpose: "personalize", Topic: define.Guesses, Method: "form"}
	q := policy.Question{Use: policy.Personalize, Purpose: "personalize.content.profiled", Now: clock.Instant(1)}
	see := func(status fact.GrantStatus, origin fact.Origin) string {
		word.Status = status
		s := policy.Standing{Jurisdiction: "DE", Grants: []fact.Grant{yes, word}, Minor: policy.No}
		f := policy.Field{Name: "traits.size", Category: "user.demographic.profile", Origin: origin, Notice: "newsletter@2"}
		return rules.Field(q, s, f).Code
	}
	for _, test := range []struct {
		status fact.GrantStatus
		origin fact.Origin
		want   string
	}{
		{fact.Objected, fact.Inferred, policy.CodeGuessRefused},
		{fact.Objected, fact.Declared, policy.CodeAllowed},
		{fact.Granted, fact.Inferred, policy.CodeAllowed},
	} {
		if got := see(test.status, test.origin); got != test.want {
			t.Errorf("%s %s: %s, want %s", test.status, test.origin, got, test.want)
		}
	}
}

// TestDeadlines: the law of the place speaks; where it is silent, all laws do.
func TestDeadlines(t *testing.T) {
	t.Parallel()
	rules, _ := shop(t)
	count := func(where, name string) (packs []string) {
		for _, d := range rules.Deadlines(where, name) {
			packs = append(packs, d.Pack)
		}
		return packs
	}
	if got := count("DE", "erasure"); len(got) != 1 || got[0] != "eu" {
		t.Errorf("%v", got)
	}
	if got := count("XX", "erasure"); len(got) < 3 {
		t.Errorf("nowhere: %v", got)
	}
	if got := count("DE", "confirm"); len(got) != 1 || got[0] != "us-california" {
		t.Errorf("a clock that only another law has: %v", got)
	}
}
