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

// TestRules_definitionsDecide changes one word of the small workspace at a time.
func TestRules_definitionsDecide(t *testing.T) {
	t.Parallel()
	const sms, ship = "marketing.communications.sms", "essential.service.notifications.sms"
	yes := fact.Grant{Purpose: sms, Status: fact.Granted, Notice: "texts@1"}
	family := fact.Grant{Purpose: "marketing.communications", Status: fact.Granted, Notice: "texts@1"}
	carrier := define.Recipient{Key: "carrier", Label: "Carrier", Role: define.Processor, Country: "DE", Purposes: []string{sms}, Approved: true}
	tests := []struct {
		name   string
		change func(*define.Definitions)
		q      Question
		grants []fact.Grant
		want   string
	}{
		{"nothing", func(*define.Definitions) {}, Question{}, []fact.Grant{yes}, CodeAllowed},
		{"a yes to the family, which does not say that it covers", func(d *define.Definitions) {
			d.Purposes = append(d.Purposes, define.Purpose{Key: "marketing.communications", Label: "x", Basis: define.Consent})
			d.Notices[1].Covers[0].Purposes = []string{sms, "marketing.communications"}
		}, Question{}, []fact.Grant{family}, CodeNotCovered},
		{"a yes to the family, which says so", func(d *define.Definitions) {
			d.Purposes = append(d.Purposes, define.Purpose{Key: "marketing.communications", Label: "x", Basis: define.Consent, CoversChildren: true})
			d.Notices[1].Covers[0].Purposes = []string{"marketing.communications"}
		}, Question{}, []fact.Grant{family}, CodeAllowed},
		{"the law is silent", func(d *define.Definitions) { d.Packs[0].Modes = d.Packs[0].Modes[:1] }, Question{}, []fact.Grant{yes}, CodeLawSilent},
		{"there is no law", func(d *define.Definitions) { d.Packs = nil }, Question{}, []fact.Grant{yes}, CodeLawSilent},
		{"the law forbids it", func(d *define.Definitions) { d.Packs[0].Modes[1].Mode = define.Forbidden }, Question{}, []fact.Grant{yes}, CodeForbidden},
		{"the law forbids it on this channel", func(d *define.Definitions) {
			d.Packs[0].Modes = append(d.Packs[0].Modes, define.Term{Purpose: "marketing", Channel: "sms"})
		}, Question{}, []fact.Grant{yes}, CodeForbidden},
		{"the longer purpose speaks before the named channel", func(d *define.Definitions) {
			d.Packs[0].Modes = append(d.Packs[0].Modes, define.Term{Purpose: "marketing", Channel: "sms"}, define.Term{Purpose: sms, Mode: define.OptIn})
		}, Question{}, []fact.Grant{yes}, CodeAllowed},
		{"the stricter of two laws counts", func(d *define.Definitions) {
			other := d.Packs[0]
			other.Key, other.Modes = "second", []define.Term{{Purpose: "marketing", Mode: define.Forbidden}}
			d.Packs = append(d.Packs, other)
		}, Question{}, []fact.Grant{yes}, CodeForbidden},
		{"a law that is silent leaves it to the other", func(d *define.Definitions) {
			other := d.Packs[0]
			other.Key, other.Modes = "second", nil
			d.Packs = append(d.Packs, other)
		}, Question{}, []fact.Grant{yes}, CodeAllowed},
		{"a ground that the law does not accept", func(d *define.Definitions) {
			d.Purposes[1].Basis, d.Packs[0].Modes[1] = define.LegitimateInterest, define.Term{Purpose: "marketing", Mode: define.OptOut, Bases: []define.Basis{define.Contract}}
		}, Question{}, []fact.Grant{yes}, CodeBasisNotAccepted},
		{"a promise of one's own is kept where the law asks for none", func(d *define.Definitions) {
			d.Packs[0].Modes[1].Mode = define.NoticeOnly
		}, Question{}, nil, CodeNotCovered},
		{"a good recipient", func(d *define.Definitions) {
			d.Recipients, d.Packs[0].Transfers.Free = []define.Recipient{carrier}, []string{"DE"}
		}, Question{Recipient: "carrier"}, []fact.Grant{yes}, CodeAllowed},
		{"a country that the law does not know", func(d *define.Definitions) { d.Recipients = []define.Recipient{carrier} }, Question{Recipient: "carrier"}, []fact.Grant{yes}, CodeTransferUnprotected},
		{"with safeguards", func(d *define.Definitions) {
			d.Recipients = []define.Recipient{carrier}
			d.Recipients[0].Safeguards = "clauses"
		}, Question{Recipient: "carrier"}, []fact.Grant{yes}, CodeAllowed},
		{"an unapproved company behind it", func(d *define.Definitions) {
			d.Recipients, d.Packs[0].Transfers.Free = []define.Recipient{carrier, carrier}, []string{"*"}
			d.Recipients[0].Sub, d.Recipients[1].Key, d.Recipients[1].Approved = []string{"behind"}, "behind", false
		}, Question{Recipient: "carrier"}, []fact.Grant{yes}, CodeRecipientNotApproved},
		{"companies that pass data to each other", func(d *define.Definitions) {
			d.Recipients, d.Packs[0].Transfers.Free = []define.Recipient{carrier, carrier}, []string{"*"}
			d.Recipients[0].Sub, d.Recipients[1].Key, d.Recipients[1].Sub = []string{"behind"}, "behind", []string{"carrier"}
		}, Question{Recipient: "carrier"}, []fact.Grant{yes}, CodeAllowed},
		{"a processor under the service's purpose only", func(d *define.Definitions) {
			d.Recipients, d.Packs[0].Transfers.Free = []define.Recipient{carrier}, []string{"*"}
			d.Recipients[0].Purposes = []string{ship}
		}, Question{Recipient: "carrier"}, []fact.Grant{yes}, CodeRecipientNotAllowed},
		{"closed to those of unknown age", func(d *define.Definitions) {
			d.Packs[0].Minors = []define.Minors{{Under: 16, Purposes: []string{"marketing"}}}
		}, Question{}, []fact.Grant{yes}, CodeMinor},
		{"open to those of unknown age", func(d *define.Definitions) {
			d.Packs[0].Minors = []define.Minors{{Under: 16, Purposes: []string{"marketing"}, Open: true}}
		}, Question{}, []fact.Grant{yes}, CodeAllowed},
		{"a newer version that promises less", func(d *define.Definitions) {
			n := d.Notices[1]
			n.Version, n.Covers = 2, nil
			d.Notices = append(d.Notices, n)
		}, Question{}, []fact.Grant{yes}, CodeNotCovered},
		{"a newer version that promises less, and one that promises it again", func(d *define.Definitions) {
			n, m := d.Notices[1], d.Notices[1]
			n.Version, n.Covers, m.Version = 2, nil, 3
			d.Notices = append(d.Notices, m, n)
		}, Question{}, []fact.Grant{yes}, CodeNotCovered},
		{"ten versions on, the same", func(d *define.Definitions) {
			for v := 2; v <= 11; v++ {
				n := d.Notices[1]
				n.Version = v
				d.Notices = append(d.Notices, n)
			}
		}, Question{}, []fact.Grant{yes}, CodeAllowed},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			d := small()
			tt.change(&d)
			q := tt.q
			q.Use, q.Purpose, q.Channel, q.Now = Contact, sms, "sms", now
			f := Field{Name: "traits.phone", Category: "user.contact.phone_number", Origin: fact.Declared, Notice: "membership@1"}
			got := compile(t, d).Field(q, Standing{Jurisdiction: "DE", Grants: tt.grants}, f)
			if got.Code != tt.want {
				t.Errorf("code %s, want %s: %s", got.Code, tt.want, got.Marketer)
			}
		})
	}
}

// TestRules_thirdParty lets bought data speak where a definition says so, and
// never about a sensitive matter.
func TestRules_thirdParty(t *testing.T) {
	t.Parallel()
	d := small()
	d.Categories = append(d.Categories, define.Category{Key: "user.health", Label: "health", Sensitive: true})
	d.Notices[1].Covers = append(d.Notices[1].Covers, define.Cover{Category: "user.health", Purposes: []string{"marketing.communications.sms"}})
	d.Purposes[1].ThirdParty = true
	r := compile(t, d)
	q := Question{Use: Contact, Purpose: "marketing.communications.sms", Channel: "sms", Now: now}
	s := Standing{Jurisdiction: "DE", Grants: []fact.Grant{{Purpose: q.Purpose, Status: fact.Granted, Notice: "texts@1"}}}
	f := Field{Name: "traits.phone", Category: "user.contact.phone_number", Origin: fact.ThirdParty, Notice: "texts@1"}
	if got := r.Field(q, s, f); got.Code != CodeAllowed {
		t.Errorf("code %s: %s", got.Code, got.Marketer)
	}
	f.Category = "user.health.condition"
	if got := r.Field(q, s, f); got.Code != CodeSensitiveGuess {
		t.Errorf("code %s: %s", got.Code, got.Marketer)
	}
}

// TestVoices_everyCodeSpeaks sees that each code has its words, and no words
// stand without a code.
func TestVoices_everyCodeSpeaks(t *testing.T) {
	t.Parallel()
	for code, v := range voices {
		if v.marketer == "" || v.person == "" || (v.missing == "") != (code == CodeAllowed) {
			t.Errorf("%s is short of words", code)
		}
	}
	if len(voices) != 37 {
		t.Errorf("%d codes speak; count the constants and mend this test with the guide", len(voices))
	}
}
