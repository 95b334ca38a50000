package stories_test

import (
	"encoding/json"
	"net/http"
	"regexp"
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
		s.offers(shorts)
		if s.coupons("cleo", shorts) != 1 || s.coupons("ada", shorts) != 0 {
			t.Error("a late event gave back what she had agreed to")
		}
	})
}

// Story 9: erase me. She asks on her own page; everything is gone, those who had
// something are told and tracked, she has the proof, and what the law keeps is
// apart.
func TestStory_eraseMe(t *testing.T) {
	t.Parallel()
	inShop(t, func(t *testing.T, s *shop) {
		s.living("ada@example.com")
		ada := s.comes(t)
		ada.open("/me/erase")
		ada.signIn("ada@example.com")
		ada.reads("This cannot be undone", "Garderobe Partners", "Posthorn Mail", "The law makes us keep invoices", "after ")
		ada.send("/me/erase")
		ada.reads("Nothing was erased yet")
		before := len(s.mailsTo("ada@example.com"))
		ada.send("/me/erase", "sure", "yes")
		ada.reads("Everything about you was erased on", "Unreadable in every backup by", "Posthorn Mail: is being told", "Handelsgesetzbuch")
		receipt := regexp.MustCompile(`/me/erased/[A-Z0-9]+`).FindString(ada.page)

		wait(t, "a word to her on her own address", func() bool { return len(s.mailsTo("ada@example.com")) == before+1 })
		wait(t, "a word to each company", func() bool {
			return len(s.mailsTo("privacy@posthorn.example")) == 1 && len(s.mailsTo("privacy@garderobe.example")) == 1
		})
		says(t, "the mail", s.mailsTo("privacy@garderobe.example")[0], "Please erase everything", "email: ada@example.com")
		if _, _, code := s.heed.try("person", "show", "email:ada@example.com"); code != 1 {
			t.Error("she is still there")
		}
		ada.open("/me/data")
		if ada.at != "/me/code" {
			t.Errorf("her session still opens %s", ada.at)
		}

		// One of them answers; she sees it by her receipt, signed in or not.
		other := s.comes(t)
		wait(t, "the receipt to say so", func() bool {
			other.open(receipt)
			return strings.Count(other.page, "was told and has not answered yet") == 2
		})
		var list []struct{ ID, Recipient, Status string }
		if err := json.Unmarshal([]byte(s.run("request", "list", "--status", "told", "--json")), &list); err != nil || len(list) != 2 {
			t.Fatalf("%v %+v", err, list)
		}
		for _, part := range list {
			if part.Recipient == "style-partner" {
				s.run("request", "answer", part.ID, "done")
			}
		}
		other.open(receipt)
		other.reads("Garderobe Partners: has done it", "Posthorn Mail: was told")
		other.open(receipt + "A")
		if other.status != http.StatusNotFound {
			t.Errorf("a receipt of nobody's: %d", other.status)
		}

		// The invoice lies apart; her letters do not come back by a late event.
		says(t, "what is kept", s.run("request", "kept", "--why", "the tax office asks"), "o-ada", `"price":19`)
		s.from("server", event{
			"type": "identify", "userId": "ada", "traits": event{"email": "ada@example.com"}, "timestamp": "2026-01-01T00:00:00Z",
			"context": event{"notice": "newsletter@2", "consent": event{"categoryPreferences": event{letters: true}}},
		})
		before = len(s.mailsTo("ada@example.com"))
		s.offers(shorts)
		if len(s.mailsTo("ada@example.com")) != before {
			t.Error("a late event gave back what she had agreed to")
		}
	})
}
