package stories_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"
)

// onFile is a leak as `heed leak … --json` shows it.
type onFile struct {
	ID, Status, Law string
	Learned         time.Time
	ReportDue       time.Time `json:"report_due"`
	Assessment      struct {
		People, Records int
		Kinds           []struct {
			Category  string
			People    int
			Sensitive bool
		}
		GoneBefore []struct {
			Recipient           string
			People, Disclosures int
		} `json:"gone_before"`
	}
	Steps []struct{ By, What string }
}

func (s *shop) leak(args ...string) (f onFile) {
	s.t.Helper()
	if err := json.Unmarshal([]byte(s.run(append([]string{"leak"}, append(args, "--json")...)...)), &f); err != nil {
		s.t.Fatal(err)
	}
	return f
}

// Story 21. Something got out of the shop's server. Who is affected, with which
// data, and where it had gone before is answered from the ledgers; the 72-hour
// clock runs; those affected, and nobody else, are told in plain words by a
// letter that somebody approved; the report for the authority is drafted.
func TestStory_theLeak(t *testing.T) {
	t.Parallel()
	inShop(t, func(t *testing.T, s *shop) {
		s.from("server", event{
			"type": "identify", "userId": "ada", "traits": event{"email": "ada@example.com", "firstName": "Ada", "country": "DE"},
			"context": event{"notice": "order@1"},
		}, event{
			"type": "identify", "userId": "bob", "traits": event{"email": "bob@example.com", "country": "AT"},
			"context": event{"notice": "order@1"},
		})
		// She got the receipt of an order, so the mail company has her address.
		s.goLive("order-received")
		s.from("server", order("o-1", "socks-merino", "Socks", time.Minute, event{"userId": "ada", "context": event{"notice": "order@1"}}))
		wait(t, "the receipt", func() bool { return len(s.mailsTo("ada@example.com")) == 1 })
		// Kim's card is from the desk, and had nothing to do with the server.
		s.cardHolders(1)

		f := s.leak("open", "A copy of the server's disk was sold.", "--source", "server")
		if f.Assessment.People != 2 || f.Status != "open" || !strings.Contains(f.Law, "Art. 33") {
			t.Errorf("%+v", f)
		}
		if left := f.ReportDue.Sub(f.Learned); left != 72*time.Hour {
			t.Errorf("the authority must know within %s", left)
		}
		found := map[string]int{}
		for _, k := range f.Assessment.Kinds {
			found[k.Category] = k.People
		}
		if found["user.contact.email"] != 2 || found["user.contact.phone_number"] != 0 || found["user.name"] != 1 {
			t.Errorf("kinds of data: %v", found)
		}
		if before := f.Assessment.GoneBefore; len(before) != 1 || before[0].Recipient != "mail-relay" || before[0].People != 1 {
			t.Errorf("gone before: %+v", before)
		}

		// Nobody is told by words that nobody approved.
		if _, errs, code := s.heed.try("leak", "tell", f.ID, "leak-by-email"); code == 0 || !strings.Contains(errs, "not live") {
			t.Errorf("a draft was sent: %d %s", code, errs)
		}
		s.goLive("leak-by-email")
		s.run("leak", "tell", f.ID, "leak-by-email")
		s.settled()
		for _, address := range []string{"ada@example.com", "bob@example.com"} {
			if got := s.mailsTo(address); len(got) == 0 || !strings.Contains(got[len(got)-1], "Something happened to your data") {
				t.Errorf("%s was not told: %d letters", address, len(got))
			}
		}
		if got := s.textsTo(jansNumber); len(got) != 0 {
			t.Errorf("jan has nothing to do with it, and got %v", got)
		}

		report := s.run("leak", "report", f.ID)
		says(t, "the report", report, "People affected", "2", "user.contact.email: 2 people", "living in DE: 1", "living in AT: 1",
			"Posthorn Mail", "Art. 33(3)(a)", "told people by leak-by-email", "[say")
		if strings.Contains(report, "ada") {
			t.Errorf("the report names somebody:\n%s", report)
		}
		// The letter was allowed by what they had been promised; the ledgers agree.
		says(t, "conformance", s.run("conformance"), "each under a promise that allowed it", "essential.service.notifications.safety")

		// More becomes known: it was only the week before last.
		narrow := s.leak("assess", f.ID, "--source", "server", "--until", time.Now().Add(-day).UTC().Format(time.RFC3339))
		if narrow.Assessment.People != 0 {
			t.Errorf("nobody had data there then: %+v", narrow.Assessment)
		}
		s.run("leak", "close", f.ID, "The disk was found unread.")
		says(t, "the list", s.run("leak", "list"), f.ID, "closed")
	})
}

// A slip of the pen in the scope finds nobody, and must not look like good news.
func TestStory_theLeakWithASlipOfThePen(t *testing.T) {
	t.Parallel()
	s := openShop(t, "")
	_, errs, code := s.heed.try("leak", "open", "Something.", "--source", "sevrer", "--to", "nobody")
	if code == 0 || !strings.Contains(errs, "sevrer is no source") || !strings.Contains(errs, "nobody is no recipient") {
		t.Errorf("%d %s", code, errs)
	}
	if _, errs, code := s.heed.try("leak", "open", "Something.", "--as", "marketer"); code == 0 || !strings.Contains(errs, "privacy and admin") {
		t.Errorf("%d %s", code, errs)
	}
}
