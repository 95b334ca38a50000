package policy_test

import (
	"testing"
	"time"

	"github.com/heed-platform/heed/internal/clock"
	"github.com/heed-platform/heed/internal/fact"
	"github.com/heed-platform/heed/internal/policy"
	"github.com/heed-platform/heed/internal/policy/define"
)

const (
	mail  = "user.contact.email"
	yes   = "marketing.communications.email"
	serve = "essential.service"
	day   = 24 * time.Hour
)

// lasting is a workspace of one promise in two versions, which ends by purpose.
func lasting(t *testing.T, mend func(*define.Definitions)) *policy.Rules {
	t.Helper()
	notice := func(version int, covers ...define.Cover) define.Notice {
		return define.Notice{
			Key: "n", Version: version, Language: "en", Title: "t", Text: "x", Return: "r", Keep: "k", Withdraw: "w", Covers: covers,
		}
	}
	d := define.Definitions{
		Purposes: []define.Purpose{
			{Key: serve, Label: "serve", Basis: define.Contract},
			{Key: yes, Label: "write", Basis: define.Consent, Channels: []string{"email"}},
		},
		Categories: []define.Category{{Key: "user.contact", Label: "contact"}, {Key: mail, Label: "email"}, {Key: "user.name", Label: "name"}},
		Notices: []define.Notice{
			notice(1, define.Cover{Category: mail, Purposes: []string{serve}, KeepDays: 100}, define.Cover{Category: mail, Purposes: []string{yes}, KeepDays: 10}, define.Cover{Category: "user.name", Purposes: []string{serve}}),
			notice(2, define.Cover{Category: mail, Purposes: []string{serve}, KeepDays: 50}),
		},
		Packs: []define.Pack{{Key: "eu", Label: "law", Jurisdictions: []string{"DE"}, Modes: []define.Term{
			{Purpose: "essential", Mode: define.NoticeOnly, Bases: []define.Basis{define.Contract}}, {Purpose: "marketing", Mode: define.OptIn, Bases: []define.Basis{define.Consent}},
		}, Transfers: define.Transfers{Free: []string{"*"}}}},
		Brand: define.Brand{Key: "b", Name: "B", Address: "a", Email: "e", Where: "w", Jurisdiction: "DE"},
	}
	if mend != nil {
		mend(&d)
	}
	r, err := policy.Compile(d)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// TestRules_Lasts: a promise lasts as long as the longest of its purposes; later
// versions and the category shorten that, and nothing lengthens it.
func TestRules_Lasts(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, ref, category string
		mend                func(*define.Definitions)
		days                int
		covered             bool
	}{
		{"shortened by the later version", "n@1", mail, nil, 50, true},
		{"no number of days", "n@1", "user.name", nil, policy.Endless, true},
		{"not covered", "n@2", "user.name", nil, 0, false},
		{"unknown notice", "m@1", mail, nil, 0, false},
		{"the longest purpose", "n@1", mail, func(d *define.Definitions) { d.Notices = d.Notices[:1] }, 100, true},
		{"a purpose without an end", "n@1", mail, func(d *define.Definitions) {
			d.Notices = d.Notices[:1]
			d.Notices[0].Covers[1].KeepDays = 0
		}, policy.Endless, true},
		{"the notice's own days", "n@1", mail, func(d *define.Definitions) {
			d.Notices = d.Notices[:1]
			d.Notices[0].KeepDays, d.Notices[0].Covers[0].KeepDays = 7, 0
		}, 10, true},
		{"the category is shorter", "n@1", mail, func(d *define.Definitions) { d.Categories[0].KeepDays = 3 }, 3, true},
		{"the category ends what has no end", "n@1", "user.name", func(d *define.Definitions) { d.Categories[2].KeepDays = 30 }, 30, true},
		{"a longer category changes nothing", "n@1", mail, func(d *define.Definitions) { d.Categories[1].KeepDays = 3000 }, 50, true},
	}
	for _, test := range tests {
		days, covered := lasting(t, test.mend).Lasts(test.ref, test.category)
		if days != test.days || covered != test.covered {
			t.Errorf("%s: %d, %v; want %d, %v", test.name, days, covered, test.days, test.covered)
		}
	}
}

// TestRules_Field_over: what is over for one purpose may serve another, and a
// promise that the person agreed to counts from that day.
func TestRules_Field_over(t *testing.T) {
	t.Parallel()
	r := lasting(t, func(d *define.Definitions) { d.Notices = d.Notices[:1] })
	given := clock.At(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC))
	agreed := func(after time.Duration) []fact.Grant {
		return []fact.Grant{{Purpose: yes, Status: fact.Granted, Notice: "n@1", Received: given.Add(after)}}
	}
	tests := []struct {
		name    string
		use     policy.Use
		purpose string
		after   time.Duration
		grants  []fact.Grant
		code    string
	}{
		{"in time", policy.Contact, yes, 9 * day, agreed(0), policy.CodeAllowed},
		{"over at the hour", policy.Contact, yes, 10 * day, agreed(0), policy.CodeExpired},
		{"agreed to later", policy.Contact, yes, 14 * day, agreed(5 * day), policy.CodeAllowed},
		{"and over in its turn", policy.Contact, yes, 15 * day, agreed(5 * day), policy.CodeExpired},
		{"another purpose goes on", policy.Personalize, serve, 99 * day, nil, policy.CodeAllowed},
		{"until it is over too", policy.Personalize, serve, 100 * day, nil, policy.CodeExpired},
	}
	for _, test := range tests {
		channel := ""
		if test.use == policy.Contact {
			channel = "email"
		}
		got := r.Field(policy.Question{Use: test.use, Purpose: test.purpose, Channel: channel, Now: given.Add(test.after)},
			policy.Standing{Jurisdiction: "DE", Grants: test.grants, Minor: policy.No},
			policy.Field{Name: "traits.email", Category: mail, Origin: fact.Declared, Notice: "n@1", At: given})
		if got.Code != test.code {
			t.Errorf("%s: %s, %s", test.name, got.Code, got.Marketer)
		}
	}
}
