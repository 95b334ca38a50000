package stories_test

import (
	"fmt"
	"strings"
	"testing"
)

// handedOver is a line of `heed export disclosures`.
type handedOver struct {
	Person, Recipient, Purpose, Channel, Protection, Outcome string
	Fields                                                   []string
}

// A company that the shop works with gets what people let it have, and nothing of
// anybody else. The dry run says beforehand what leaving will say, and the ledger
// names the company afterwards.
func TestStory_aCompanyGetsWhatPeopleLetItHave(t *testing.T) {
	t.Parallel()
	inShop(t, func(t *testing.T, s *shop) {
		s.partner()
		s.from("server", event{
			"type": "identify", "userId": "nora", "traits": grownUp("nora@example.com"),
			"context": event{"notice": "partners@1", "consent": event{"categoryPreferences": event{sharing: true}}},
		})
		// Twelve read the same notice and said nothing; one, who is too few to be counted
		// out, likes letters.
		for i := range 12 {
			s.from("server", event{
				"type": "identify", "userId": fmt.Sprintf("silent-%d", i), "traits": grownUp(fmt.Sprintf("silent-%d@example.com", i)),
				"context": event{"notice": "partners@1"},
			})
		}
		s.from("server", event{
			"type": "identify", "userId": "lea", "traits": grownUp("lea@example.com"),
			"context": event{"notice": "newsletter@2", "consent": event{"categoryPreferences": event{letters: true}}},
		})

		c := s.dryRun("partners")
		if c.Receive != "fewer than 10" || c.Withheld != "12" {
			t.Errorf("the dry run counts %+v", c)
		}
		s.goLive("partners")
		s.send("partners")
		if got := s.about("nora@example.com"); len(got) != 1 || got[0].to != "/partner" {
			t.Fatalf("the company got %v of nora", got)
		}
		for _, nobody := range []string{"silent-", "lea@example.com"} {
			if got := s.about(nobody); len(got) > 0 {
				t.Errorf("the company got %v", got)
			}
		}
		nora := s.person("user_id:nora").Person
		if code, found := s.why("partners", nora); !found || code != "" {
			t.Errorf("nora was not chosen: %q, %t", code, found)
		}
		for _, d := range lines[handedOver](t, s.run("export", "disclosures", "--json")) {
			if d.Person != nora || d.Recipient != "style-partner" || d.Purpose != sharing || d.Channel != "webhook" || d.Protection != "tls, signed" {
				t.Errorf("a disclosure of %+v", d)
			}
		}
		says(t, "the explanation", s.run("person", "explain", "user_id:nora"), "Garderobe Partners", "email address")

		// She takes it back, and the next campaign passes her by; so it says beforehand.
		s.from("server", event{
			"type": "track", "event": "Segment Consent Preference Updated", "userId": "nora",
			"context": event{"consent": event{"categoryPreferences": event{sharing: false}}},
		})
		s.write("campaigns/partners-again.yaml", campaign("partners-again", asPartners()...))
		s.apply()
		if c := s.dryRun("partners-again"); c.Receive != "0" {
			t.Errorf("after she took it back, the dry run counts %+v", c)
		}
		s.goLive("partners-again")
		s.send("partners-again")
		if got := s.about("nora@example.com"); len(got) != 1 {
			t.Errorf("she took it back, and the company got %v", got)
		}
	})
}

// partner lets the shop work with a company, under a notice that says so.
func (s *shop) partner() {
	s.t.Helper()
	s.change("recipients.yaml", func(text string) string {
		return text[:strings.Index(text, "- key: style-partner")] + "- key: style-partner\n  label: Garderobe Partners\n  role: controller\n  country: DE\n" +
			"  purposes: [third_party_sharing]\n  contact: privacy@garderobe.example\n  approved: true\n  webhook: " + s.company + "/partner\n"
	})
	s.write("notices/partners.yaml", `key: partners
version: 1
language: en
title: Our partners
text: If you say yes, we give your email address to Garderobe Partners.
covers:
  - { category: user.contact.email, purposes: [third_party_sharing] }
  - { category: user.unique_id, purposes: [third_party_sharing] }
return: ten euros off
keep: until you take it back
withdraw: on your preference page
parties: [style-partner]
`)
	s.write("audiences/partners.yaml", audience("everybody", "true", sharing))
	s.write("campaigns/partners.yaml", campaign("partners", asPartners()...))
	s.apply()
}

func asPartners() []string { return asHook(sharing, `{"email": {{ traits.email | json }}}`) }

// grownUp is an address and an age: nothing of the young is passed on.
func grownUp(address string) event { return event{"email": address, "birthday": "1990-01-01"} }
