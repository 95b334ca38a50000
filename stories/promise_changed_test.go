package stories_test

import (
	"encoding/json"
	"fmt"
	"testing"
)

// signsUp signs somebody up for the letter under a version of its notice.
func (s *shop) signsUp(id, notice string) {
	s.t.Helper()
	s.from("server", event{
		"type": "identify", "userId": id, "traits": event{"email": id + "@example.com", "firstName": "Ada"},
		"context": event{"notice": notice, "consent": event{"categoryPreferences": event{letters: true}}},
	})
}

// promise is one version of the notice of this story.
func promise(version, text, more string) string {
	return "key: style\nversion: " + version + "\nlanguage: en\ntitle: Letters in your style\ntext: " + text + `
covers:
  - { category: user.contact.email, purposes: [marketing.communications.email] }
  - { category: user.name, purposes: [marketing.communications.email] }
` + more + `return: offers before they are in the shop window
keep: until you stop it
withdraw: the link in every letter
parties: [mail-relay]
`
}

const choosing = "  - { category: user.behavior, purposes: [marketing.communications.email] }\n"

// Story 16. A new notice widens the purposes: what was collected under the old
// one stays under the old promise, until the person agrees. A narrower one
// applies to everybody at once. What left before was allowed before, and the
// ledgers say so.
func TestStory_thePromiseChanged(t *testing.T) {
	t.Parallel()
	inShop(t, func(t *testing.T, s *shop) {
		s.write("notices/style-1.yaml", promise("1", "We write to you by email.", ""))
		s.write("notices/style-2.yaml", promise("2", "We write to you by email, and choose by what you buy.", choosing))
		s.write("audiences/buyers.yaml", audience("buyers", `bought("shoe-aurora")`, letters))
		s.apply()
		for id, notice := range map[string]string{"old": "style@1", "new": "style@2"} {
			s.signsUp(id, notice)
			s.from("server", order("o-"+id, "shoe-aurora", "Running Shoes", day, event{"userId": id, "context": event{"notice": notice}}))
		}
		s.chosen(1, map[string]int{"new": 1, "old": 0})

		// He agrees to the wider one, and the next letter may be chosen for him too.
		s.from("server", event{
			"type": "track", "event": "Segment Consent Preference Updated", "userId": "old",
			"context": event{"notice": "style@2", "consent": event{"categoryPreferences": event{letters: true}}},
		})
		s.chosen(2, map[string]int{"new": 2, "old": 1})
		before := s.conformance()
		if len(before.Exceptions) != 0 || before.Disclosures != 3 {
			t.Errorf("%+v", before)
		}

		// Version 3 takes the choosing back: at once, for everybody.
		s.write("notices/style-3.yaml", promise("3", "We write to you by email, to everybody alike.", ""))
		s.apply()
		s.chosen(3, map[string]int{"new": 2, "old": 1})

		// What left before stands as it stood; the rules of today are not put on it.
		after := s.conformance()
		if len(after.Exceptions) != 0 || after.Disclosures != before.Disclosures {
			t.Errorf("%+v", after)
		}
	})
}

// chosen sends another letter to those who bought the shoes, and counts what
// everybody got by then.
func (s *shop) chosen(n int, want map[string]int) {
	s.t.Helper()
	key := fmt.Sprintf("chosen-%d", n)
	s.write("campaigns/"+key+".yaml", letter(key, "buyers", fmt.Sprintf("sock-%d", n), "Chosen for you."))
	s.apply()
	s.goLive(key)
	s.send(key)
	for id, count := range want {
		if got := len(s.mailsTo(id + "@example.com")); got != count {
			code, found := s.why(key, s.person("user_id:"+id).Person)
			s.t.Errorf("after %s %s had got %d letters, not %d (%s, %v)", key, id, got, count, code, found)
		}
	}
}

// conformed is `heed conformance --json`.
type conformed struct {
	Disclosures int
	Exceptions  []struct{ Code, Field, Why string }
	Uses        []struct {
		Purpose, Category, Promise string
		Count                      int
	}
}

func (s *shop) conformance() (c conformed) {
	s.t.Helper()
	out, errs, _ := s.heed.try("conformance", "--json")
	if err := json.Unmarshal([]byte(out), &c); err != nil {
		s.t.Fatalf("%v %s %s", err, out, errs)
	}
	return c
}
