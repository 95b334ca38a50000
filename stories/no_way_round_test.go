package stories_test

import (
	"strings"
	"testing"
)

// attempt is something a team may write to reach a number that was for the card.
type attempt struct {
	name  string
	files map[string]string
	key   string // of the campaign in it
	// Where refused says something, the workspace is refused with these words in
	// the reason; else it may be applied, and reaches nobody whom it may not.
	refused string
}

// campaign is a campaign's YAML with some fields of its own.
func campaign(key string, fields ...string) string {
	given := map[string]string{
		"key": key, "label": "sale", "about": "Written for a story.", "purpose": "marketing.communications.sms", "channel": "sms",
		"audience": "phone_number", "recipient": "text-carrier", "trigger": "{ send: true }", "message": `{ text: "The sale! {{ links.unsubscribe }}" }`,
	}
	for i := 0; i < len(fields); i += 2 {
		given[fields[i]] = fields[i+1]
	}
	var out strings.Builder
	for _, name := range []string{"key", "label", "about", "purpose", "channel", "audience", "recipient", "trigger", "message"} {
		out.WriteString(name + ": " + given[name] + "\n")
	}
	return out.String()
}

// audience is an audience's YAML.
func audience(key, expression, purpose string) string {
	return "key: " + key + "\nlabel: " + key + "\nabout: Written for a story.\nexpression: '" + expression + "'\npurpose: " + purpose + "\n"
}

const (
	letters = "marketing.communications.email"
	texts   = "marketing.communications.sms"
	sharing = "third_party_sharing"
)

// mailing is the part of a campaign that makes it a letter.
func asLetter(body string) []string {
	return []string{
		"purpose", letters, "channel", "email", "audience", "readers", "recipient", "mail-relay",
		"message", `{ subject: Sale, text: '` + body + ` {{ links.unsubscribe }} {{ links.why }}' }`,
	}
}

func asHook(purpose, payload string) []string {
	return []string{"purpose", purpose, "channel", "webhook", "audience", "everybody", "recipient", "style-partner", "message", `{ payload: '` + payload + `' }`}
}

var attempts = []attempt{
	{name: "order news that is a sale", key: "a1", files: map[string]string{"campaigns/a1.yaml": campaign("a1", "purpose", "essential.service.notifications.sms", "audience", "parcel-phone")}},
	{name: "order news at every look", key: "a2", files: map[string]string{"campaigns/a2.yaml": campaign("a2", "purpose", "essential.service.notifications.sms", "audience", "parcel-phone", "trigger", "{ event: Product Viewed }")}},
	{name: "help nobody asked for", key: "a3", files: map[string]string{"campaigns/a3.yaml": campaign("a3", "purpose", "essential.service.operations.support")}},
	{name: "the law says so", key: "a4", refused: "essential.legal_obligation", files: map[string]string{"campaigns/a4.yaml": campaign("a4", "purpose", "essential.legal_obligation")}},
	{name: "the membership says so", key: "a5", refused: "essential.service", files: map[string]string{"campaigns/a5.yaml": campaign("a5", "purpose", "essential.service")}},
	{name: "we only count", key: "a6", refused: "analytics.reporting", files: map[string]string{"campaigns/a6.yaml": campaign("a6", "purpose", "analytics.reporting")}},
	{name: "a purpose nobody knows", key: "a7", refused: "marketing.communications.sms.flash", files: map[string]string{"campaigns/a7.yaml": campaign("a7", "purpose", "marketing.communications.sms.flash")}},
	{name: "by letter, with the number in it", key: "a8", refused: "traits.phone", files: map[string]string{"campaigns/a8.yaml": campaign("a8", asLetter("Is {{ traits.phone }} yours?")...)}},
	{name: "by letter, with the number in a variable", key: "a9", refused: "a9.yaml", files: map[string]string{"campaigns/a9.yaml": campaign("a9", asLetter(`{% assign x = "phone" %}{{ traits[x] }}`)...)}},
	{name: "by letter, with everything", key: "a10", refused: "a10.yaml", files: map[string]string{"campaigns/a10.yaml": campaign("a10", asLetter("{{ traits }} {% for t in traits %}{{ t }}{% endfor %}")...)}},
	{name: "by letter, to those whose number begins so", key: "a11", refused: "traits.phone", files: map[string]string{
		"audiences/a11.yaml": audience("a11", `traits.phone.startsWith("+49151")`, letters), "campaigns/a11.yaml": campaign("a11", append(asLetter("Sale"), "audience", "a11")...),
	}},
	{name: "handed to another company", key: "a12", refused: "traits.phone", files: map[string]string{"campaigns/a12.yaml": campaign("a12", asHook(sharing, `{"to": {{ traits.phone | json }}}`)...)}},
	{name: "handed to another company for texts", key: "a13", files: map[string]string{"campaigns/a13.yaml": campaign("a13", asHook(texts, `{"to": {{ traits.phone | json }}}`)...)}},
	{name: "handed to the carrier another way", key: "a14", files: map[string]string{"campaigns/a14.yaml": campaign("a14", append(asHook(texts, `{"to": {{ traits.phone | json }}}`), "recipient", "text-carrier")...)}},
	{name: "by letter, without the number", key: "a0", files: map[string]string{"campaigns/a0.yaml": campaign("a0", asLetter("Sale")...)}},
	{name: "to an audience of one", key: "a15", files: map[string]string{
		"audiences/a15.yaml": audience("a15", `traits.firstName == "Jan"`, texts), "campaigns/a15.yaml": campaign("a15", "audience", "a15"),
	}},
	{name: "to everybody who is not kim", key: "a16", files: map[string]string{
		"audiences/a16.yaml": audience("a16", `!(traits.firstName == "Kim")`, texts), "campaigns/a16.yaml": campaign("a16", "audience", "a16"),
	}},
	{name: "to everybody without a number", key: "a17", files: map[string]string{
		"audiences/a17.yaml": audience("a17", `!has(traits.phone)`, texts), "campaigns/a17.yaml": campaign("a17", "audience", "a17"),
	}},
	{name: "to everybody", key: "a18", files: map[string]string{"campaigns/a18.yaml": campaign("a18", "audience", "everybody")}},
	{name: "an audience for parcels, a text for a sale", key: "a19", files: map[string]string{"campaigns/a19.yaml": campaign("a19", "audience", "parcel-phone")}},
}

// Nothing that anyone can configure in a campaign reaches the number that was for
// the card.
func TestStory_noCampaignGetsRoundThePromise(t *testing.T) {
	t.Parallel()
	inShop(t, func(t *testing.T, s *shop) {
		s.write("audiences/everybody.yaml", audience("everybody", "true", texts))
		partner := "- key: style-partner\n  label: Garderobe Partners\n  role: controller\n  country: DE\n  purposes: [third_party_sharing, marketing.communications.sms]\n" +
			"  contact: privacy@garderobe.example\n  approved: true\n  webhook: " + s.company + "/partner\n"
		s.change("recipients.yaml", func(text string) string { return text[:strings.Index(text, "- key: style-partner")] + partner })
		s.apply()
		s.janSaysYesToAllElse()
		s.kim()

		for _, a := range attempts {
			s.try(t, a)
		}
		s.ownPurpose(t)
		s.merged(t)
		s.restated(t)
		s.widened(t)
		s.exported(t)

		if got := s.about(jansNumber[3:]); len(got) > 0 {
			t.Errorf("jan's number left, or was written to: %v", got)
		}
		if got := s.mailsTo("jan@example.com"); len(got) == 0 {
			t.Error("jan got no letter, though he said yes to letters: this test proves too little")
		}
		if got := s.textsTo(kimsNumber); len(got) < 3 {
			t.Errorf("kim got %d texts: this test proves too little", len(got))
		}
	})
}

// janSaysYesToAllElse lets jan be a customer who likes letters, lets his data be
// shared, and gave his number for the card alone.
func (s *shop) janSaysYesToAllElse() {
	s.t.Helper()
	s.cardHolders(1)
	yes := event{letters: true, sharing: true, "personalize.content.profiled": true}
	s.from("server",
		event{"type": "identify", "traits": event{"email": "jan@example.com"}, "context": jan("notice", "newsletter@2", "consent", event{"categoryPreferences": yes})},
	)
}

// jan is how an event names him: by his card.
func jan(more ...any) event {
	context := card("LL-0")
	for i := 0; i < len(more); i += 2 {
		context[more[i].(string)] = more[i+1]
	}
	return context
}

// change edits a file of the workspace.
func (s *shop) change(name string, edit func(string) string) {
	s.t.Helper()
	s.write(name, edit(s.read(name)))
}

// try writes an attempt into the workspace, takes it as far as it goes, and takes
// it out again.
func (s *shop) try(t *testing.T, a attempt) {
	t.Helper()
	for name, text := range a.files {
		s.write(name, text)
		defer s.remove(name)
	}
	_, complaint, code := s.heed.try("apply", "-f", s.folder, "--as", "marketer", "--by", "mo")
	if a.refused != "" {
		if code != 2 || !strings.Contains(complaint, a.refused) || !strings.Contains(complaint, a.key+".yaml:") {
			t.Errorf("%s: exit %d; expected a refusal that names the place and %q:\n%s", a.name, code, a.refused, complaint)
		}
		return
	}
	if code == 0 {
		_, complaint, code = s.heed.try("approve", a.key, "--answer", "I did not look.")
	}
	if code != 0 { // refused, which is as good, if it says why
		says(t, a.name, complaint, "heed: ", a.key)
		return
	}
	var ignored any
	s.api("POST", "/api/campaigns/"+a.key+"/send", nil, &ignored)
	s.from("server", event{"type": "track", "event": "Product Viewed", "context": jan(), "properties": event{"product_id": "shoe-aurora"}})
	s.settled()
	if got := s.about(jansNumber[3:]); len(got) > 0 {
		t.Fatalf("%s: jan's number left, or was written to: %v", a.name, got)
	}
}

// ownPurpose lets a marketer write a purpose, which is not theirs to write.
func (s *shop) ownPurpose(t *testing.T) {
	t.Helper()
	name := "purposes/mine.yaml"
	s.write(name, "- { key: essential.service.flash, label: flash sales, basis: contract, service: true, channels: [sms] }\n")
	defer s.remove(name)
	_, complaint, code := s.heed.try("apply", "-f", s.folder, "--as", "marketer", "--by", "mo")
	if code != 1 {
		t.Errorf("a marketer's own purpose: exit %d\n%s", code, complaint)
	}
	says(t, "the refusal of a marketer's own purpose", complaint, "heed: ", "essential.service.flash")
}

// restated lets others say the number again, none of them with his word.
func (s *shop) restated(t *testing.T) {
	t.Helper()
	number := event{"phone": jansNumber}
	s.from("web", event{"type": "identify", "userId": "kim", "anonymousId": "jans-laptop", "traits": number})
	s.from("text-form", event{"type": "identify", "anonymousId": "jans-laptop", "traits": number})
	// Strangers type his number into the form for texts, and say yes.
	yes := event{"categoryPreferences": event{texts: true}}
	s.from("text-form", event{"type": "identify", "anonymousId": "a-strangers-phone", "traits": number, "context": event{"consent": yes}})
	s.from("web", event{"type": "identify", "anonymousId": "a-strangers-laptop", "traits": number, "context": event{"consent": yes, "notice": "texts@1"}})
	s.from("server",
		event{"type": "identify", "traits": number, "context": jan()},
		event{"type": "identify", "traits": number, "context": jan("notice", "texts@1")},
	)
	s.from("guesses", event{"type": "identify", "traits": number, "context": jan("notice", "texts@1", "consent", event{"categoryPreferences": event{texts: true}})})
	s.reachesOnlyKim(t, "the number said again")
}

// reachesOnlyKim sends a new text to everybody with a number.
func (s *shop) reachesOnlyKim(t *testing.T, when string) {
	t.Helper()
	key := strings.ReplaceAll(when, " ", "-")
	before := len(s.textsTo(kimsNumber))
	s.write("campaigns/again.yaml", campaign(key))
	defer s.remove("campaigns/again.yaml")
	s.apply()
	s.goLive(key)
	s.send(key)
	if got := s.about(jansNumber[3:]); len(got) > 0 {
		t.Fatalf("%s: jan's number was written to: %v", when, got)
	}
	if got := len(s.textsTo(kimsNumber)); got != before+1 {
		t.Errorf("%s: kim has %d texts, and had %d", when, got, before)
	}
}

// widened lets privacy publish a card notice that promises less: what was given
// under the old one stays under it.
func (s *shop) widened(t *testing.T) {
	t.Helper()
	s.change("notices/membership.yaml", func(text string) string {
		return text + `
---
key: membership
version: 4
language: en
title: Your card
text: We use your number for offers by text, too.
covers:
  - { category: user.contact.phone_number, purposes: [essential.service, essential.service.notifications.sms, marketing.communications.sms] }
  - { category: user.name, purposes: [essential.service, marketing.communications.sms] }
return: points
keep: two years
withdraw: at the desk
`
	})
	s.apply()
	s.reachesOnlyKim(t, "a wider notice")
}

// exported asks for lists, which is a use like any other.
func (s *shop) exported(t *testing.T) {
	t.Helper()
	for _, ask := range [][]string{
		{"--purpose", texts, "--to", "text-carrier", "--channel", "sms"},
		{"--purpose", texts, "--to", "style-partner"},
		{"--purpose", sharing, "--to", "style-partner", "--channel", "export"},
		{"--purpose", letters, "--to", "mail-relay", "--channel", "email"},
	} {
		out, complaint, _ := s.heed.try(append([]string{"export", "people"}, ask...)...)
		if strings.Contains(out+complaint, jansNumber[3:]) {
			t.Errorf("%v hands out jan's number:\n%s", ask, out)
		}
	}
	out := s.run("export", "people", "--purpose", texts, "--to", "text-carrier", "--channel", "sms")
	if !strings.Contains(out, kimsNumber) {
		t.Errorf("kim's number is not handed to the carrier, though she said yes: this test proves too little\n%s", out)
	}
}

// merged lets a clerk's mistake make jan and kim one person: her yes does not
// open his number. Then the mistake is undone.
func (s *shop) merged(t *testing.T) {
	t.Helper()
	s.from("server",
		event{"type": "identify", "userId": "kim", "anonymousId": "shop-tablet"},
		event{"type": "identify", "anonymousId": "shop-tablet", "context": card("LL-0")},
	)
	if s.person("user_id:kim").Person != s.person("member_id:LL-0").Person {
		t.Fatal("the mistake did not join them: this test proves nothing")
	}
	s.write("campaigns/merged.yaml", campaign("merged"))
	defer s.remove("campaigns/merged.yaml")
	s.apply()
	s.goLive("merged")
	s.send("merged")
	if got := s.about(jansNumber[3:]); len(got) > 0 {
		t.Errorf("kim's yes opened jan's number: %v", got)
	}
	s.run("person", "split", "member_id:LL-0", "--why", "a clerk's mistake")
	if s.person("user_id:kim").Person == s.person("member_id:LL-0").Person {
		t.Error("they are still one")
	}
}
