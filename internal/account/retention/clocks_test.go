package retention

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/heed-platform/heed/internal/clock"
	"github.com/heed-platform/heed/internal/fact"
	"github.com/heed-platform/heed/internal/person"
	"github.com/heed-platform/heed/internal/policy"
	"github.com/heed-platform/heed/internal/policy/define"
)

// The traits of the property and their categories, and its purposes.
var (
	kinds    = map[string]string{"email": "user.contact.email", "phone": "user.contact.phone_number", "first_name": "user.name", "city": "user.contact.address.city"}
	purposes = []string{"essential.service", "marketing.communications.email"}
)

// promises draws a workspace: two notices, some covers, some ends.
func promises(t *rapid.T) define.Definitions {
	days := rapid.SampledFrom([]int{0, 0, 5, 10, 20, 40})
	d := define.Definitions{
		Purposes:   []define.Purpose{{Key: purposes[0], Label: "serve", Basis: define.Contract}, {Key: purposes[1], Label: "write", Basis: define.Consent, Channels: []string{"email"}}},
		Categories: []define.Category{{Key: "user.contact", Label: "contact"}, {Key: "user.name", Label: "name"}, {Key: "user.unique_id", Label: "number"}},
		Namespaces: []define.Namespace{{Key: "user_id", Label: "number", Category: "user.unique_id"}},
		Sources:    []define.Source{{Key: "server", Label: "s", Kind: "server", Origin: define.Origin(fact.Declared), Expire: days.Draw(t, "expire")}},
		Brand:      define.Brand{Key: "b", Name: "B", Address: "a", Email: "e", Where: "w", Jurisdiction: "DE", Zone: "UTC"},
	}
	d.Categories[0].KeepDays = days.Draw(t, "contact")
	for name, category := range kinds {
		d.Attributes = append(d.Attributes, define.Attribute{Name: name, Label: name, Category: category})
	}
	for _, key := range []string{"own", "other"} {
		n := define.Notice{Key: key, Version: 1, Language: "en", Title: "t", Text: "x", Return: "r", Keep: "k", Withdraw: "w", KeepDays: days.Draw(t, key)}
		for range rapid.IntRange(0, 5).Draw(t, "covers") {
			n.Covers = append(n.Covers, define.Cover{
				Category: rapid.SampledFrom([]string{"user.contact", "user.contact.email", "user.contact.phone_number", "user.name", "user.unique_id"}).Draw(t, "category"),
				Purposes: []string{rapid.SampledFrom(purposes).Draw(t, "purpose")}, KeepDays: days.Draw(t, "days"),
			})
		}
		d.Notices = append(d.Notices, n)
	}
	return d
}

// kept is the slow model: whether anything in the definitions keeps a category.
func kept(d define.Definitions, category string, at, received, now clock.Instant, agreed []fact.Grant) bool {
	over := func(from clock.Instant, days int) bool {
		return days != 0 && now.Time().Sub(from.Time()) >= time.Duration(days)*24*time.Hour
	}
	if over(at, d.Sources[0].Expire) {
		return false
	}
	covered := false
	holds := func(n define.Notice, purpose string, from clock.Instant) bool {
		for _, c := range n.Covers {
			if !define.Within(category, c.Category) || purpose != "" && c.Purposes[0] != purpose {
				continue
			}
			covered = covered || purpose == ""
			days := c.KeepDays
			if days == 0 {
				days = n.KeepDays
			}
			if !over(from, days) && (!define.Within(category, "user.contact") || !over(from, d.Categories[0].KeepDays)) {
				return true
			}
		}
		return false
	}
	if holds(d.Notices[0], "", at) {
		return true
	}
	for _, g := range agreed {
		for _, n := range d.Notices {
			if g.Status == fact.Granted && n.Ref() == g.Notice && holds(n, g.Purpose, g.Received) {
				return true
			}
		}
	}
	return !covered && !over(received, 90)
}

// TestClocks_property: a value is kept if and only if some promise still keeps it,
// and judging again what is left finds nothing.
func TestClocks_property(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		d := promises(t)
		rules, err := policy.Compile(d)
		if err != nil {
			t.Fatal(err)
		}
		at := clock.At(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC))
		received := at.Add(time.Duration(rapid.IntRange(0, 3).Draw(t, "late")) * day)
		now := at.Add(time.Duration(rapid.IntRange(3, 110).Draw(t, "now")) * day)
		traits := map[string]string{}
		for name := range kinds {
			if rapid.Bool().Draw(t, name) {
				traits[name] = "said " + name
			}
		}
		var grants []fact.Grant
		for range rapid.IntRange(0, 2).Draw(t, "grants") {
			grants = append(grants, fact.Grant{
				Purpose: rapid.SampledFrom(purposes).Draw(t, "for"), Notice: rapid.SampledFrom([]string{"own@1", "other@1", "lost@1"}).Draw(t, "under"),
				Status: rapid.SampledFrom([]fact.GrantStatus{fact.Granted, fact.Withdrawn}).Draw(t, "says"), Received: at.Add(time.Duration(rapid.IntRange(0, 30).Draw(t, "said")) * day),
			})
		}
		raw, err := json.Marshal(map[string]any{"type": "identify", "userId": "u", "traits": traits})
		if err != nil {
			t.Fatal(err)
		}
		e := fact.Event{
			Source: "server", Message: "m", Type: fact.Identify, At: at, Received: received, Verified: true, Notice: "own@1", Origin: fact.Declared,
			Identifiers: []person.Identifier{person.Ident(person.UserID, "u")}, Raw: raw,
		}
		c, err := NewClocks(rules, now)
		if err != nil {
			t.Fatal(err)
		}
		gone, rest := c.judge(&e, grants)
		var left struct {
			User   string            `json:"userId"`
			Traits map[string]string `json:"traits"`
		}
		if len(gone) == 0 {
			rest = &e
		}
		if rest != nil {
			if err := json.Unmarshal(rest.Raw, &left); err != nil {
				t.Fatalf("%v: %q", err, string(rest.Raw))
			}
			if again, _ := c.judge(rest, grants); len(again) != 0 {
				t.Fatalf("judged again: %v", again)
			}
		}
		for name := range traits {
			want := kept(d, kinds[name], at, received, now, grants)
			if _, there := left.Traits[name]; there != want {
				t.Fatalf("%s: kept %v, the promises say %v; left %+v", name, there, want, left)
			}
		}
		if want := kept(d, "user.unique_id", at, received, now, grants); (left.User != "") != want || rest != nil && (len(rest.Identifiers) > 0) != want {
			t.Fatalf("the number is kept: %v, the promises say %v", left.User != "", want)
		}
	})
}

// TestClocks_rest: what is left of an event is the event without what is over, as
// it was written.
func TestClocks_rest(t *testing.T) {
	t.Parallel()
	raw := fact.Raw(`{ "type":"x", "a" : {"n": 1.50, "b": "<é>", "c":null}, "list":[ {"k":1}, {"k":2} ], "s":"\u0041" }`)
	got := object(raw, func(name string, value fact.Raw) fact.Raw {
		switch name {
		case "type":
			return nil
		case "a":
			return object(value, func(name string, value fact.Raw) fact.Raw {
				if name == "c" {
					return nil
				}
				return value
			})
		case "list":
			return elements(value, func(e fact.Raw) fact.Raw {
				if string(e) == `{"k":1}` {
					return nil
				}
				return e
			})
		}
		return value
	})
	if want := `{"a":{"n":1.50,"b":"<é>"},"list":[{"k":2}],"s":"\u0041"}`; string(got) != want {
		t.Errorf("%s", string(got))
	}
	if all := fmt.Sprint(string(object(raw, func(string, fact.Raw) fact.Raw { return nil }))); all != "{}" {
		t.Error(all)
	}
}
