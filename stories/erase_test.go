package stories_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"
)

// She asks to be erased, at the counter or by the form: everything is gone, there
// is a proof, and everybody else is as before.
func TestErase_byCommandAndByAPI(t *testing.T) {
	t.Parallel()
	inShop(t, func(t *testing.T, s *shop) {
		for _, name := range []string{"ada", "bea", "cleo"} {
			s.reader(name, order("o-"+name, socks, "Socks", time.Minute, event{"userId": name}))
		}
		s.offers(pair)
		exports := func() string {
			var all string
			for _, what := range []string{"people", "events", "decisions", "disclosures"} {
				all += s.run("export", what)
			}
			return all
		}
		whole := exports()
		ada, bea := s.person("user_id:ada").Person, s.person("user_id:bea").Person

		var proof struct {
			ID, Tombstones string
			Fragments      int
			At             time.Time
			Backups        time.Time `json:"unreadable_in_backups_by"`
			Steps          []string
		}
		if err := json.Unmarshal([]byte(s.run("person", "erase", "email:ada@example.com", "--yes", "--json")), &proof); err != nil {
			t.Fatal(err)
		}
		if proof.ID == "" || proof.Fragments != 2 || len(proof.Tombstones) != 64 || len(proof.Steps) == 0 || proof.Backups.Sub(proof.At) > 7*day {
			t.Errorf("the proof says %+v", proof)
		}
		var answer any
		if status := s.api(http.MethodPost, "/api/people/"+bea+"/erase?why=she+called", nil, &answer); status != http.StatusOK {
			t.Fatalf("erasing was answered %d %v", status, answer)
		}

		left := exports()
		for line := range strings.Lines(whole) {
			theirs := strings.Contains(line, ada) || strings.Contains(line, bea)
			if theirs == strings.Contains(left, line) {
				t.Errorf("theirs %v, and after erasing there %v: %s", theirs, !theirs, line)
			}
		}
		for _, name := range []string{"ada", "bea"} {
			for _, id := range []string{"user_id:" + name, "email:" + name + "@example.com"} {
				if _, _, code := s.heed.try("person", "show", id); code != 1 {
					t.Errorf("%s still leads somewhere", id)
				}
			}
			if strings.Contains(left, name+"@example.com") {
				t.Errorf("%s is still in an export", name)
			}
		}
		if _, complaint, code := s.heed.try("person", "erase", "user_id:ada", "--yes"); code != 1 {
			t.Errorf("erasing twice: exit %d\n%s", code, complaint)
		}

		// Something about ada comes in late: a new person, who said nothing.
		s.from("server", event{
			"type": "identify", "userId": "ada", "traits": event{"email": "ada@example.com"}, "timestamp": "2026-01-01T00:00:00Z",
			"context": event{"notice": "newsletter@2", "consent": event{"categoryPreferences": event{letters: true}}},
		})
		if anew := s.person("user_id:ada").Person; anew == ada {
			t.Error("she is the same person as before")
		}
		before := len(s.mailsTo("ada@example.com"))
		s.offers(shorts)
		if s.coupons("cleo", shorts) != 1 || len(s.mailsTo("ada@example.com")) != before {
			t.Error("a late event gave back what she had agreed to")
		}
	})
}
