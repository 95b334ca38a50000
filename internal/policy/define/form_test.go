package define_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/heed-platform/heed/internal/policy/define"
)

// counter is a small house with one form that has no fault.
func counter() define.Definitions {
	mail := define.Recipient{Key: "mail", Purposes: []string{"essential.service.notifications.confirm"}}
	return define.Definitions{
		Purposes: []define.Purpose{
			{Key: "marketing.communications.email", Channels: []string{"email"}},
			{Key: "marketing.communications.sms", Channels: []string{"sms"}},
			{Key: "essential.service.notifications.confirm", Service: true, Channels: []string{"email"}},
		},
		Categories: []define.Category{{Key: "user.contact.email"}, {Key: "user.name"}, {Key: "user.unique_id"}, {Key: "user.financial", Sensitive: true}},
		Attributes: []define.Attribute{
			{Name: "email", Category: "user.contact.email"},
			{Name: "name", Category: "user.name"},
			{Name: "income", Category: "user.financial"},
			{Name: "member_id", Category: "user.unique_id"},
			{Name: "user_id", Category: "user.unique_id"},
		},
		Namespaces: []define.Namespace{{Key: "user_id", Category: "user.unique_id"}, {Key: "member_id", Category: "user.unique_id"}},
		Notices: []define.Notice{
			{Key: "n", Version: 1, Language: "en", Covers: []define.Cover{
				{Category: "user.contact.email", Purposes: []string{"marketing.communications.email"}},
				{Category: "user.name", Purposes: []string{"marketing.communications.email"}},
				{Category: "user.unique_id", Purposes: []string{"marketing.communications.email"}},
			}},
			{Key: "ask", Version: 1, Language: "en", Covers: []define.Cover{{Category: "user.contact.email", Purposes: []string{"essential.service.notifications.confirm"}}}},
		},
		Recipients: []define.Recipient{mail},
		Sources:    []define.Source{{Key: "forms", Kind: "server"}, {Key: "web", Kind: "browser"}},
		Forms: []define.Form{{
			Key: "f", Language: "en", Notice: "n@1", Source: "forms", Places: []string{"page"}, Title: "T", Button: "B", Thanks: "Th",
			Ask:     []define.Asked{{Name: "email", Label: "Mail"}, {Name: "name", Label: "Name"}},
			Agree:   []define.Agreement{{Purpose: "marketing.communications.email", Channel: "email", Label: "Yes", Need: true}},
			Confirm: define.Confirm{Notice: "ask@1", Purpose: "essential.service.notifications.confirm", Email: "mail"},
			Origins: []string{"https://shop.example", "http://localhost:8080"},
		}},
	}
}

// faultsOf are the faults of forms, as path and reason.
func faultsOf(d define.Definitions) (out []string) {
	for _, f := range d.Faults() {
		if f.Kind == "form" {
			out = append(out, f.Path+": "+f.Reason)
		}
	}
	return out
}

func TestFaults_forms(t *testing.T) {
	t.Parallel()
	if got := faultsOf(counter()); len(got) > 0 {
		t.Fatalf("a sound form has faults: %v", got)
	}
	tests := []struct {
		name   string
		change func(f *define.Form)
		want   string
	}{
		{"more than the notice covers", func(f *define.Form) { f.Ask = append(f.Ask, define.Asked{Name: "income", Label: "Income"}) }, "ask.2.name: notice n@1 does not cover income (user.financial)"},
		{"an attribute that nobody knows", func(f *define.Form) { f.Ask[1].Name = "nom" }, "ask.1.name: attribute nom is not defined"},
		{"an account", func(f *define.Form) { f.Ask[1].Name = "user_id" }, "ask.1.name: user_id names machines or accounts"},
		{"a card on a page", func(f *define.Form) { f.Ask[1].Name = "member_id" }, "ask.1.name: a card's number is asked by a clerk"},
		{"asked twice", func(f *define.Form) { f.Ask[1].Name = "email" }, "ask.1.name: email is asked twice"},
		{"a choice of nothing", func(f *define.Form) { f.Ask[1].Kind = "choice" }, "ask.1: a question is text, words, date, number, or choice"},
		{"a yes to what the notice does not say", func(f *define.Form) { f.Agree[0].Purpose = "marketing.communications.sms" }, "agree.0.purpose: notice n@1 does not speak of marketing.communications.sms"},
		{"a channel of no purpose", func(f *define.Form) { f.Agree[0].Channel = "post" }, "agree.0.channel: purpose marketing.communications.email does not speak on channel post"},
		{"two that are needed", func(f *define.Form) { f.Agree = append(f.Agree, f.Agree[0]) }, "agree: needs more than one yes"},
		{"a yes to mail without an address", func(f *define.Form) { f.Ask = f.Ask[1:] }, "agree.0: is a yes to email, but the form does not ask for the email"},
		{"an address that nobody asks", func(f *define.Form) { f.Confirm = define.Confirm{} }, "confirm: asks for the email, so it needs confirm"},
		{"asked under a notice that does not say so", func(f *define.Form) { f.Confirm.Notice = "n@1" }, "confirm.notice: notice n@1 does not cover asking"},
		{"carried by nobody", func(f *define.Form) { f.Confirm.Email = "" }, "confirm: email must name a recipient"},
		{"no text in its language", func(f *define.Form) { f.Language = "de" }, "notice: notice n@1 has no text in language de"},
		{"a browser's source", func(f *define.Form) { f.Source = "web" }, "source: source web is not a server source"},
		{"a place that is none", func(f *define.Form) { f.Places = []string{"desk"} }, "places.0: is page or clerk"},
		{"an origin with a path", func(f *define.Form) { f.Origins[0] = "https://shop.example/x" }, "origins.0: an origin is https://HOST"},
		{"an origin without TLS", func(f *define.Form) { f.Origins[0] = "http://shop.example" }, "origins.0: an origin is https://HOST"},
	}
	for _, test := range tests {
		d := counter()
		test.change(&d.Forms[0])
		if got := faultsOf(d); !slices.ContainsFunc(got, func(f string) bool { return strings.HasPrefix(f, test.want) }) {
			t.Errorf("%s: %v, want %s", test.name, got, test.want)
		}
	}
}

func TestFaults_aFormAsksTheSameInEveryLanguage(t *testing.T) {
	t.Parallel()
	d := counter()
	german := d.Forms[0]
	german.Language = "de"
	german.Ask = append(slices.Clone(german.Ask), define.Asked{Name: "member_id", Label: "Karte"})
	d.Forms = append(d.Forms, german)
	n := d.Notices[0]
	n.Language = "de"
	d.Notices = append(d.Notices, n)
	if got := faultsOf(d); !slices.ContainsFunc(got, func(f string) bool { return strings.Contains(f, "must ask the same as its de version") }) {
		t.Errorf("%v", got)
	}
}
