package policy

import (
	"testing"

	"github.com/heed-platform/heed/internal/clock"
	"github.com/heed-platform/heed/internal/fact"
	"github.com/heed-platform/heed/internal/policy/define"
)

const now = clock.Instant(1_800_000_000_000_000)

// small is the least that story 2 needs.
func small() define.Definitions {
	return define.Definitions{
		Brand: define.Brand{Key: "shop", Name: "Shop", Address: "Street 1", Email: "hello@shop.example", Where: "here", Jurisdiction: "DE"},
		Purposes: []define.Purpose{
			{Key: "essential.service.notifications.sms", Label: "news about your orders by text", Basis: define.Contract, Service: true, Channels: []string{"sms"}},
			{Key: "marketing.communications.sms", Label: "offers by text", Basis: define.Consent, Channels: []string{"sms"}},
		},
		Categories: []define.Category{{Key: "user.contact.phone_number", Label: "phone number"}},
		Notices: []define.Notice{
			{
				Key: "membership", Version: 1, Language: "en", Title: "Your card", Text: "…", Return: "points", Keep: "while you are a member", Withdraw: "ask us",
				Covers: []define.Cover{{Category: "user.contact.phone_number", Purposes: []string{"essential.service.notifications.sms"}}},
			},
			{
				Key: "texts", Version: 1, Language: "en", Title: "Offers by text", Text: "…", Return: "first pick", Keep: "until you stop", Withdraw: "reply STOP",
				Covers: []define.Cover{{Category: "user.contact.phone_number", Purposes: []string{"marketing.communications.sms"}}},
			},
		},
		Packs: []define.Pack{{Key: "eu", Label: "GDPR", Jurisdictions: []string{"DE"}, Modes: []define.Term{
			{Purpose: "essential", Mode: define.NoticeOnly, Bases: []define.Basis{define.Contract}},
			{Purpose: "marketing", Mode: define.OptIn, Bases: []define.Basis{define.Consent}},
		}}},
	}
}

func compile(tb testing.TB, d define.Definitions) *Rules {
	tb.Helper()
	r, err := Compile(d)
	if err != nil {
		tb.Fatal(err)
	}
	return r
}

func TestRules_phoneWasForTheCard(t *testing.T) {
	t.Parallel()
	r := compile(t, small())
	phone := Field{Name: "traits.phone", Category: "user.contact.phone_number", Origin: fact.Declared, Notice: "membership@1"}
	ship := Question{Use: Contact, Purpose: "essential.service.notifications.sms", Channel: "sms", Now: now}
	offer := Question{Use: Contact, Purpose: "marketing.communications.sms", Channel: "sms", Now: now}
	yes := Standing{Jurisdiction: "DE", Grants: []fact.Grant{{Purpose: offer.Purpose, Status: fact.Granted, Notice: "texts@1"}}}
	tests := []struct {
		name string
		q    Question
		s    Standing
		want string
	}{
		{"shipping text", ship, Standing{Jurisdiction: "DE"}, CodeAllowed},
		{"offer without a yes", offer, Standing{Jurisdiction: "DE"}, CodeNotCovered},
		{"offer after a yes", offer, yes, CodeAllowed},
		{"offer as if it were service", Question{Use: Contact, Purpose: ship.Purpose, Channel: "email", Now: now}, yes, CodeChannelNotOfPurpose},
		{"nowhere known", offer, Standing{Jurisdiction: "XX"}, CodeNotCovered},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := r.Field(tt.q, tt.s, phone); got.Code != tt.want {
				t.Errorf("code %s, want %s: %s", got.Code, tt.want, got.Marketer)
			}
		})
	}
}

func TestRules_zeroDenies(t *testing.T) {
	t.Parallel()
	var none *Rules
	for _, r := range []*Rules{none, {}, compile(t, small())} {
		if got := r.Field(Question{}, Standing{}, Field{}); got.Verdict != Deny || got.Code != CodeUseUnknown {
			t.Errorf("zero question: %+v", got)
		}
	}
	var c Case
	if got := c.Field(Field{}); got.Verdict != Deny {
		t.Errorf("zero case: %+v", got)
	}
}
