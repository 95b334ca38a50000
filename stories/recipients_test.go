package stories_test

import (
	"encoding/csv"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"
)

// living is Ada: she ordered, gets letters, and a partner may have her address.
func (s *shop) living(address string) {
	s.t.Helper()
	s.partner()
	name, _, _ := strings.Cut(address, "@")
	s.reader(name, order("o-"+name, socks, "Socks", time.Minute, event{"userId": name}))
	s.from("server", event{
		"type": "identify", "userId": name, "traits": event{"email": address, "birthday": "1990-01-01", "shoe_size": 41, "city": "Potsdam"},
		"context": event{"notice": "partners@1", "consent": event{"categoryPreferences": event{sharing: true}}},
	})
	s.offers(pair)
	s.goLive("partners")
	s.send("partners")
}

// Story 7: how many companies have my data? She opens one page and counts them.
func TestStory_howManyCompaniesHaveMyData(t *testing.T) {
	t.Parallel()
	inShop(t, func(t *testing.T, s *shop) {
		s.living("ada@example.com")
		ada := s.comes(t)
		ada.open("/me/recipients")
		ada.signIn("ada@example.com")
		ada.reads("companies outside have something of yours.", "Garderobe Partners", "Posthorn Mail", "email address", "passing your data to other companies",
			"How to object", "privacy@garderobe.example", "Object to Garderobe Partners")

		// She objects to one: it gets nothing more, and is told.
		ada.send("/me/recipients/object", "recipient", "style-partner")
		ada.reads("Done. It gets nothing more", "You objected.")
		before := len(s.about("ada@example.com"))
		s.send("partners")
		wait(t, "a mail to the partner's desk", func() bool { return len(s.mailsTo("privacy@garderobe.example")) == 1 })
		says(t, "the mail", s.mailsTo("privacy@garderobe.example")[0], "objects to your use", "email: ada@example.com")
		if got := len(s.about("ada@example.com")) - before; got != 1 {
			t.Errorf("%d more messages about her left", got)
		}
		handed := 0
		for _, m := range s.about("ada@example.com") {
			if m.to == "/partner" {
				handed++
			}
		}
		if handed != 1 {
			t.Errorf("the partner got her address %d times", handed)
		}
		wait(t, "the page to say so", func() bool {
			ada.open("/me/rights")
			return strings.Contains(ada.page, "Garderobe Partners: was told")
		})
		ada.reads("No more advertising (<bdi>Garderobe Partners</bdi>): <strong>done</strong>")
	})
}

// What is known she sees, corrects, removes and takes along.
func TestStory_whatWeKnow(t *testing.T) {
	t.Parallel()
	inShop(t, func(t *testing.T, s *shop) {
		s.living("ada@example.com")
		ada := s.comes(t)
		ada.open("/me/data")
		ada.signIn("ada@example.com")
		ada.reads("What we know about you", "shoe size: ", ">41<", "Potsdam", "You told us", "Socks")

		ada.send("/me/data/correct", "name", "shoe_size", "value", "forty-two")
		ada.reads("That does not fit", `value="forty-two"`)
		ada.send("/me/data/correct", "name", "shoe_size", "value", "42")
		ada.reads("Corrected.", ">42<", "this page")
		ada.readsNot(">41<")
		ada.send("/me/data/remove", "name", "city")
		ada.reads("Removed.")
		ada.readsNot("Potsdam")
		ada.send("/me/data/correct", "name", "email", "value", "bea@example.com")
		if ada.status != http.StatusConflict {
			t.Errorf("an address was changed without a code to it: %d", ada.status)
		}

		var all struct {
			Schema  string
			Profile struct{ Attributes []map[string]any }
			Events  []any
		}
		ada.open("/me/data")
		ada.send("/me/data/download", "form", "json")
		if err := json.Unmarshal([]byte(ada.page), &all); err != nil || all.Schema == "" || len(all.Events) < 3 {
			t.Errorf("%v %s", err, ada.page)
		}
		ada.open("/me/data")
		ada.send("/me/data/download", "form", "csv")
		table := csv.NewReader(strings.NewReader(ada.page))
		table.FieldsPerRecord = -1
		if rows, err := table.ReadAll(); err != nil || len(rows) < 5 || !strings.Contains(rows[0][0], "apostrophe") {
			t.Errorf("%v %s", err, ada.page)
		}
		ada.open("/me/data")
		ada.send("/me/data/download", "form", "html")
		ada.reads("<!doctype html>", "shoe size", "Order Completed")
	})
}
