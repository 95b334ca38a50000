package leak_test

import (
	"bytes"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/heed-platform/heed/internal/account/housetest"
	"github.com/heed-platform/heed/internal/account/leak"
	"github.com/heed-platform/heed/internal/fact"
	"github.com/heed-platform/heed/internal/keep/gate"
	"github.com/heed-platform/heed/internal/problem"
)

var officer = leak.Asking{By: "pia", Role: "privacy", Why: "a laptop was stolen"}

// given are three people: two from the shop's server, of whom one got a letter,
// and one from the card desk.
func given(t *testing.T, h *housetest.House) {
	t.Helper()
	for _, who := range []string{"ada", "bob"} {
		h.Hears("server", housetest.Event{
			"type": "identify", "userId": who, "context": map[string]any{"notice": "newsletter@2"},
			"traits": map[string]any{"email": who + "@example.com", "country": "DE", "birthday": "1980-01-01"},
		})
	}
	h.Hears("card-desk", housetest.Event{
		"type": "identify", "userId": "cy", "traits": map[string]any{"phone": "+4930111", "country": "AT"}, "context": map[string]any{"notice": "membership@3"},
	})
	const letters = "marketing.communications.email"
	h.Says(housetest.Subject("user_id", "ada"), fact.Grant{Purpose: letters, Status: fact.Granted, Notice: "newsletter@2"})
	pass, err := gate.Ask[gate.Contact](t.Context(), h.Keep.Gate, gate.Asking{
		Subject: housetest.Subject("user_id", "ada"), Purpose: letters, Channel: "email", Recipient: "mail-relay",
	})
	if err != nil {
		t.Fatal(err)
	}
	view, err := gate.See(pass)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := gate.Clear(t.Context(), view, gate.Draft{To: "email", Recipient: "mail-relay", Country: "DE", Protection: "tls"}); err != nil {
		t.Fatal(err)
	}
	h.Clock.Advance(time.Second)
}

func TestAssess_whoAndWhat(t *testing.T) {
	t.Parallel()
	housetest.On(t, func(t *testing.T, h *housetest.House) {
		t.Helper()
		begun := h.Clock.Now()
		given(t, h)
		const email, phone = "user.contact.email", "user.contact.phone_number"
		tests := []struct {
			name   string
			scope  leak.Scope
			people int
			kinds  []string // among those found
			absent string
		}{
			{"everything", leak.Scope{}, 3, []string{email, phone}, ""},
			{"one source", leak.Scope{Sources: []string{"server"}}, 2, []string{email}, phone},
			{"one company", leak.Scope{Recipients: []string{"mail-relay"}}, 1, []string{email}, phone},
			{"a company that got nothing", leak.Scope{Recipients: []string{"parcel-carrier"}}, 0, nil, email},
			{"one kind", leak.Scope{Categories: []string{phone}}, 1, []string{phone}, email},
			{"a kind with all below it", leak.Scope{Categories: []string{"user.contact"}}, 3, []string{email, phone}, ""},
			{"before anything", leak.Scope{Until: begun.Add(-time.Second)}, 0, nil, email},
			{"after everything", leak.Scope{Since: h.Clock.Now()}, 0, nil, email},
			{"an audience without members", leak.Scope{Audience: "nobody"}, 0, nil, email},
		}
		for _, test := range tests {
			refs := map[string]bool{}
			a, err := leak.Assess(t.Context(), h.Keep.Gate, officer, test.scope, func(m gate.Member) { refs[m.Ref.String()] = true })
			if err != nil {
				t.Fatal(err)
			}
			var kinds []string
			for _, k := range a.Kinds {
				kinds = append(kinds, k.Category)
			}
			if a.People != test.people || len(refs) != test.people || slices.Contains(kinds, test.absent) {
				t.Errorf("%s: %d people, %d named, %v", test.name, a.People, len(refs), kinds)
			}
			for _, want := range test.kinds {
				if !slices.Contains(kinds, want) {
					t.Errorf("%s: %s is missing in %v", test.name, want, kinds)
				}
			}
		}
		a, err := leak.Assess(t.Context(), h.Keep.Gate, officer, leak.Scope{}, nil)
		if err != nil || a.Jurisdictions["DE"] != 2 || a.Jurisdictions["AT"] != 1 || len(a.Before) != 1 || a.Before[0].Recipient != "mail-relay" || a.Before[0].People != 1 {
			t.Errorf("%+v, %v", a, err)
		}
	})
}

func TestScope_slipsOfThePen(t *testing.T) {
	t.Parallel()
	h := housetest.New(t, "sqlite", "")
	none := func(string) bool { return false }
	if err := (leak.Scope{Sources: []string{"server"}, Recipients: []string{"mail-relay"}}).Check(h.Rules, none); err != nil {
		t.Error(err)
	}
	err := leak.Scope{Sources: []string{"sevrer"}, Recipients: []string{"x"}, Audience: "y", Since: 2, Until: 1}.Check(h.Rules, none)
	if p := problem.Of(err); p.Code != "leak-scope" || len(p.Fields) != 4 {
		t.Errorf("%v", err)
	}
}

func TestCase_fromLearnedToClosed(t *testing.T) {
	t.Parallel()
	housetest.On(t, func(t *testing.T, h *housetest.House) {
		t.Helper()
		given(t, h)
		ctx, now := t.Context(), h.Clock.Now()
		c := leak.Case{ID: "l1", Learned: now, Due: now.Add(72 * time.Hour), What: "A laptop with a list was stolen.", Law: "GDPR Art. 33"}
		if err := leak.Begin(ctx, h.Keep, "privacy:pia", c); err != nil {
			t.Fatal(err)
		}
		a, err := leak.Assess(ctx, h.Keep.Gate, officer, c.Scope, nil)
		if err != nil {
			t.Fatal(err)
		}
		got, err := leak.Change(ctx, h.Keep, "privacy:pia", "assessed", "l1", now, func(c *leak.Case) { c.Latest = &a })
		if err != nil || got.Latest.People != 3 || len(got.Steps) != 2 {
			t.Fatalf("%+v, %v", got, err)
		}
		for after, want := range map[time.Duration]string{time.Hour: "", 80 * time.Hour: "late by 8 hours"} {
			var report bytes.Buffer
			if err := leak.Draft(&report, got, h.Rules, now.Add(after)); err != nil {
				t.Fatal(err)
			}
			text := report.String()
			for _, say := range []string{"People affected", "3", "living in DE: 2", "user.contact.email: 2 people", "Posthorn Mail", "GDPR Art. 33", want} {
				if !strings.Contains(text, say) {
					t.Errorf("the report does not say %q:\n%s", say, text)
				}
			}
			if want == "" && strings.Contains(text, "late") || strings.Contains(text, "example.com") {
				t.Errorf("%s", text)
			}
		}
		_, err = leak.Change(ctx, h.Keep, "privacy:pia", "closed", "l1", now, func(c *leak.Case) { c.Status, c.Closed = leak.Closed, now })
		if err != nil {
			t.Fatal(err)
		}
		if _, err := leak.Change(ctx, h.Keep, "privacy:pia", "assessed", "l1", now, func(*leak.Case) {}); problem.Of(err).Code != "leak-closed" {
			t.Errorf("a closed case: %v", err)
		}
		if _, err := leak.Find(ctx, h.Keep, "l2"); problem.Of(err).Code != "leak-missing" {
			t.Errorf("no case: %v", err)
		}
		all, err := leak.List(ctx, h.Keep)
		if err != nil || len(all) != 1 || all[0].Status != leak.Closed {
			t.Errorf("%+v, %v", all, err)
		}
	})
}
