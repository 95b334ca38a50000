package consent_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/heed-platform/heed/internal/clock"
	"github.com/heed-platform/heed/internal/collect/consent"
	"github.com/heed-platform/heed/internal/collect/event"
	"github.com/heed-platform/heed/internal/fact"
	"github.com/heed-platform/heed/internal/person"
)

var received = clock.At(time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC))

// mapping is a shop whose ads need two categories and whose mails need one.
func mapping() *consent.Mapping {
	return consent.NewMapping(consent.Definition{
		Categories: map[string][]consent.Scope{
			"Advertising": {{Purpose: "marketing.advertising"}, {Purpose: "marketing.communications.email", Channel: "email"}},
			"Profiling":   {{Purpose: "marketing.advertising"}},
			"Analytics":   {{Purpose: "analytics"}},
		},
		Purpose:   func(key string) bool { return key == "personalize" || key == "analytics" },
		Canonical: func(_ person.Namespace, v string) (string, bool) { return strings.ToLower(v), v != "" },
	})
}

// accepted is an event as collect/event hands it on.
func accepted(t *testing.T, kind event.Kind, origin fact.Origin, body string) fact.Event {
	t.Helper()
	src := event.Source{
		Key: "shop", Kind: kind, Notice: "shop@2", Origin: origin,
		Canonical: func(_ person.Namespace, v string) (string, bool) { return strings.ToLower(v), v != "" },
	}
	p, err := event.Single([]byte(body), 0, src, received)
	if err != nil || p.Verdicts[0].Code != "" {
		t.Fatalf("%s: %v %s", body, err, p.Verdicts[0].Why)
	}
	return p.Verdicts[0].Event
}

func track(context string) string {
	return `{"type":"track","event":"A","messageId":"m","userId":"u","anonymousId":"a","timestamp":"2026-11-22T09:00:00Z","context":` + context + `}`
}

// show writes grants one a line, "purpose channel status", and what was refused.
func show(h consent.Heard) string {
	var b strings.Builder
	for _, g := range h.Grants {
		b.WriteString(strings.Join(strings.Fields(g.Purpose+" "+g.Channel+" "+g.Topic), " ") + ": " + g.Status.String() + "\n")
	}
	for _, r := range h.Refused {
		b.WriteString("refused " + r.Where + "\n")
	}
	return b.String()
}

func lines(l ...string) string {
	if len(l) == 0 {
		return ""
	}
	return strings.Join(l, "\n") + "\n"
}

var allDenied = []string{
	"analytics: denied", "marketing.advertising: denied", "marketing.communications.email email: denied",
}

// TestHear_segment is Segment's truth table: no consent object says nothing, an
// empty one closes what is mapped, several categories are an AND, a category
// that nobody mapped is ignored, a mapped one that is missing is a no.
func TestHear_segment(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, context, want string }{
		{"no context.consent", `{}`, ""},
		{"null", `{"consent":null}`, ""},
		{"an object without the map", `{"consent":{"at":1}}`, ""},
		{"an empty map", `{"consent":{"categoryPreferences":{}}}`, lines(allDenied...)},
		{
			"yes to all", `{"consent":{"categoryPreferences":{"Advertising":true,"Profiling":true,"Analytics":true}}}`,
			lines("analytics: granted", "marketing.advertising: granted", "marketing.communications.email email: granted"),
		},
		{
			"one of two", `{"consent":{"categoryPreferences":{"Advertising":true,"Profiling":false}}}`,
			lines("analytics: denied", "marketing.advertising: denied", "marketing.communications.email email: granted"),
		},
		{
			"one of two missing", `{"consent":{"categoryPreferences":{"Advertising":true,"Analytics":true}}}`,
			lines("analytics: granted", "marketing.advertising: denied", "marketing.communications.email email: granted"),
		},
		{"a category that nobody mapped", `{"consent":{"categoryPreferences":{"Social":true}}}`, lines(allDenied...)},
		{"names differ in case", `{"consent":{"categoryPreferences":{"analytics ":true,"ANALYTICS":true}}}`, lines(allDenied...)},
		{
			"a purpose stands for itself", `{"consent":{"categoryPreferences":{"personalize":true,"marketing":true}}}`,
			lines(append(append([]string(nil), allDenied...), "personalize: granted")...),
		},
		{
			"a purpose denied", `{"consent":{"categoryPreferences":{"personalize":false}}}`,
			lines(append(append([]string(nil), allDenied...), "personalize: denied")...),
		},
	}
	for _, tt := range tests {
		e := accepted(t, event.Server, fact.Declared, track(tt.context))
		if diff := cmp.Diff(tt.want, show(consent.Hear(&e, false, mapping()))); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.name, diff)
		}
	}
}

func TestHear_segmentMalformed(t *testing.T) {
	t.Parallel()
	for _, context := range []string{
		`{"consent":true}`, `{"consent":"all"}`, `{"consent":[{"Analytics":true}]}`, `{"consent":{"categoryPreferences":true}}`,
		`{"consent":{"categoryPreferences":["Analytics","Advertising","Profiling"]}}`,
		`{"consent":{"categoryPreferences":{"Analytics":1,"Advertising":"true","Profiling":{"x":true}}}}`,
		`{"consent":{"categoryPreferences":{"Analytics":"yes","Advertising":null,"Profiling":[true]}}}`,
	} {
		e := accepted(t, event.Server, fact.Declared, track(context))
		want := lines(append(append([]string(nil), allDenied...), "refused context.consent.categoryPreferences")...)
		if diff := cmp.Diff(want, show(consent.Hear(&e, false, mapping()))); diff != "" {
			t.Errorf("%s (-want +got):\n%s", context, diff)
		}
	}
}

// TestHear_rudder is RudderStack's: denials decide, silence says nothing.
func TestHear_rudder(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, context, want string }{
		{"null", `{"consentManagement":null}`, ""},
		{"nothing allowed, nothing denied", `{"consentManagement":{"allowedConsentIds":[],"deniedConsentIds":[]}}`, ""},
		{
			"all allowed", `{"consentManagement":{"allowedConsentIds":["Advertising","Profiling","Analytics"],"deniedConsentIds":[],"provider":"custom"}}`,
			lines("analytics: granted", "marketing.advertising: granted", "marketing.communications.email email: granted"),
		},
		{"one of two, the other silent", `{"consentManagement":{"allowedConsentIds":["Profiling"]}}`, ""},
		{
			"and: one denied", `{"consentManagement":{"allowedConsentIds":["Profiling"],"deniedConsentIds":["Advertising"],"resolutionStrategy":"and"}}`,
			lines("marketing.advertising: denied", "marketing.communications.email email: denied"),
		},
		{
			"or: one denied", `{"consentManagement":{"allowedConsentIds":["Profiling"],"deniedConsentIds":["Advertising"],"resolutionStrategy":"or"}}`,
			lines("marketing.communications.email email: denied"),
		},
		{
			"or: all denied", `{"consentManagement":{"deniedConsentIds":["Advertising","Profiling"],"resolutionStrategy":"or"}}`,
			lines("marketing.advertising: denied", "marketing.communications.email email: denied"),
		},
		{"in both lists", `{"consentManagement":{"allowedConsentIds":["Analytics"],"deniedConsentIds":["Analytics"]}}`, lines("analytics: denied")},
		{"a purpose stands for itself", `{"consentManagement":{"allowedConsentIds":["personalize"]}}`, lines("personalize: granted")},
		{
			"denials of another type", `{"consentManagement":{"allowedConsentIds":["Analytics"],"deniedConsentIds":"Analytics"}}`,
			lines(append(append([]string(nil), allDenied...), "refused context.consentManagement")...),
		},
		{
			"denials nested", `{"consentManagement":{"allowedConsentIds":["Analytics"],"deniedConsentIds":[["Analytics"]]}}`,
			lines(append(append([]string(nil), allDenied...), "refused context.consentManagement")...),
		},
		{"allowed of another type", `{"consentManagement":{"allowedConsentIds":{"Analytics":true}}}`, lines("refused context.consentManagement")},
		{
			"no object", `{"consentManagement":["Analytics"]}`,
			lines(append(append([]string(nil), allDenied...), "refused context.consentManagement")...),
		},
	}
	for _, tt := range tests {
		e := accepted(t, event.Server, fact.Declared, track(tt.context))
		if diff := cmp.Diff(tt.want, show(consent.Hear(&e, false, mapping()))); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.name, diff)
		}
	}
}

func TestHear_subscriptions(t *testing.T) {
	t.Parallel()
	const who = `"traits":{"email":"a@b.c","phone":"+491"},`
	item := func(key, typ, status string) string {
		return fmt.Sprintf(`{%s"messaging_subscriptions":[{"key":%q,"type":%q,"status":%q}]}`, who, key, typ, status)
	}
	const email, sms = "marketing.communications.email email: ", "marketing.communications.sms sms: "
	tests := []struct{ name, context, want string }{
		{"subscribed", item("A@b.c", "EMAIL", "SUBSCRIBED"), lines(email + "granted")},
		{"unsubscribed", item("a@b.c", "EMAIL", "UNSUBSCRIBED"), lines(email + "withdrawn")},
		{"a number without a word about texts", item("+491", "SMS", "DID_NOT_SUBSCRIBE"), lines(sms + "denied")},
		{"somebody else's address", item("x@b.c", "EMAIL", "SUBSCRIBED"), lines("refused context.messaging_subscriptions[0]")},
		{"an address as a number", item("a@b.c", "SMS", "SUBSCRIBED"), lines("refused context.messaging_subscriptions[0]")},
		{"a no to any address counts", item("x@b.c", "EMAIL", "UNSUBSCRIBED"), lines(email + "withdrawn")},
		{"a no in small letters counts", item("a@b.c", "email", "unsubscribed"), lines(email + "withdrawn")},
		{"a yes in small letters does not", item("a@b.c", "EMAIL", "subscribed"), lines("refused context.messaging_subscriptions[0]")},
		{"unmapped", item("+491", "WhatsApp", "SUBSCRIBED"), lines("refused context.messaging_subscriptions[0]")},
		{"unknown status", item("a@b.c", "EMAIL", "MAYBE"), lines("refused context.messaging_subscriptions[0]")},
		{"no list", `{"messaging_subscriptions":{"status":"SUBSCRIBED"}}`, lines("refused context.messaging_subscriptions")},
		{"no object", `{"messaging_subscriptions":["SUBSCRIBED",7]}`, lines("refused context.messaging_subscriptions[0]", "refused context.messaging_subscriptions[1]")},
		{
			"yes and no", `{` + who + `"messaging_subscriptions":[{"key":"a@b.c","type":"EMAIL","status":"UNSUBSCRIBED"},{"key":"a@b.c","type":"EMAIL","status":"SUBSCRIBED"}]}`,
			lines(email + "withdrawn"),
		},
	}
	for _, tt := range tests {
		e := accepted(t, event.Server, fact.Declared, track(tt.context))
		if diff := cmp.Diff(tt.want, show(consent.Hear(&e, false, mapping()))); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.name, diff)
		}
	}
	e := accepted(t, event.Server, fact.Declared, track(item("a@b.c", "EMAIL", "SUBSCRIBED")))
	if got := show(consent.Hear(&e, false, nil)); got != lines(email+"granted") {
		t.Errorf("without a mapping: %s", got)
	}
}

func TestHear_twoToolsDisagree(t *testing.T) {
	t.Parallel()
	e := accepted(t, event.Server, fact.Declared, track(`{"consent":{"categoryPreferences":{"Analytics":true,"Advertising":true,"Profiling":true}},"consentManagement":{"deniedConsentIds":["Analytics"]}}`))
	want := lines("analytics: denied", "marketing.advertising: granted", "marketing.communications.email email: granted")
	if diff := cmp.Diff(want, show(consent.Hear(&e, false, mapping()))); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestHear_whoSpeaks(t *testing.T) {
	t.Parallel()
	const all = `{"consent":{"categoryPreferences":{"Advertising":true,"Profiling":true,"Analytics":false}}}`
	const said = "analytics: denied\nmarketing.advertising: granted\nmarketing.communications.email email: granted\n"
	const lowered = "analytics: denied\nrefused context.consent.categoryPreferences\n"
	nobody := `{"type":"track","event":"A","userId":"u","context":` + all + `}`
	tests := []struct {
		name, body, want string
		kind             event.Kind
		origin           fact.Origin
	}{
		{"a server", track(all), said, event.Server, fact.Declared},
		{"a server that observes", track(all), said, event.Server, fact.Observed},
		{"a browser, for its own device", track(all), said, event.Browser, fact.Declared},
		{"a browser, for somebody it names", nobody, lowered, event.Browser, fact.Declared},
		{"a list that was bought", track(all), lowered, event.Server, fact.ThirdParty},
		{"a guess", track(all), lowered, event.Import, fact.Inferred},
		{"a source of unknown worth", track(all), lowered, event.Server, 0},
	}
	for _, tt := range tests {
		e := accepted(t, tt.kind, tt.origin, tt.body)
		if diff := cmp.Diff(tt.want, show(consent.Hear(&e, false, mapping()))); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.name, diff)
		}
	}
	if got := consent.Hear(&fact.Event{Raw: fact.Raw(track(all)), Origin: fact.Declared}, false, mapping()); show(got) != lowered {
		t.Errorf("an event without identifiers: %s", show(got))
	}
}

func TestHear_entry(t *testing.T) {
	t.Parallel()
	body := `{"type":"track","event":"Segment Consent Preference Updated","messageId":"m7","userId":"u","timestamp":"2026-11-22T09:00:00Z","context":{"locale":"de-DE","notice":"news@3","consent":{"categoryPreferences":{"Analytics":true}}}}`
	e := accepted(t, event.Server, fact.Declared, body)
	h := consent.Hear(&e, false, mapping())
	got := h.Grants[0]
	want := fact.Grant{
		Record: got.Record, Purpose: "analytics", Status: fact.Granted, Notice: "news@3", Language: "de-DE", Method: consent.MethodAct,
		Source: "shop", Said: received.Add(-time.Hour), Received: received, Evidence: "context.consent.categoryPreferences", Message: "m7",
	}
	if diff := cmp.Diff(want, got); diff != "" || len(got.Record) != 32 {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if again := consent.Hear(&e, false, mapping()); cmp.Diff(h, again) != "" {
		t.Error("the same event was heard differently the second time")
	}
	other := accepted(t, event.Server, fact.Declared, strings.Replace(body, "m7", "m8", 1))
	if consent.Hear(&other, false, mapping()).Grants[0].Record == got.Record {
		t.Error("two events made one record")
	}
	state := accepted(t, event.Server, fact.Declared, strings.Replace(body, "Segment Consent Preference Updated", "A", 1))
	if m := consent.Hear(&state, false, mapping()).Grants[0].Method; m != consent.MethodState {
		t.Errorf("a state was entered as %s", m)
	}
}

func TestGPC(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		headers []string
		want    bool
	}{
		{nil, false},
		{[]string{"1"}, true},
		{[]string{"0"}, false},
		{[]string{"true"}, false},
		{[]string{""}, false},
		{[]string{" 1"}, false},
		{[]string{"1, 1"}, false},
		{[]string{"01"}, false},
		{[]string{"0", "1"}, true},
		{[]string{"1;x"}, false},
	} {
		if got := consent.GPC(tt.headers); got != tt.want {
			t.Errorf("GPC(%q) = %v", tt.headers, got)
		}
	}
}

func TestHear_gpc(t *testing.T) {
	t.Parallel()
	want := lines("marketing.advertising.third_party: objected", "sales: objected", "third_party_sharing: objected")
	for _, kind := range []event.Kind{event.Browser, event.Server} {
		e := accepted(t, kind, fact.Declared, track(`{}`))
		h := consent.Hear(&e, true, nil)
		if diff := cmp.Diff(want, show(h)); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		for _, g := range h.Grants {
			if g.Method != consent.MethodGPC || g.Evidence != "Sec-GPC: 1" {
				t.Errorf("entered as %s, %s", g.Method, g.Evidence)
			}
		}
		if show(consent.Hear(&e, false, nil)) != "" {
			t.Error("no header was heard as a word")
		}
	}
}

// TestHear_gpcStandsBeside: a yes to sales and GPC are two entries, not one.
func TestHear_gpcStandsBeside(t *testing.T) {
	t.Parallel()
	m := consent.NewMapping(consent.Definition{Purpose: func(key string) bool { return key == "sales" }})
	e := accepted(t, event.Browser, fact.Declared, track(`{"consent":{"categoryPreferences":{"sales":true}}}`))
	want := lines("marketing.advertising.third_party: objected", "sales: granted", "sales: objected", "third_party_sharing: objected")
	if diff := cmp.Diff(want, show(consent.Hear(&e, true, m))); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// BenchmarkHear is what every event pays, most of which say nothing.
func BenchmarkHear(b *testing.B) {
	m := mapping()
	e := fact.Event{
		Type: fact.Track, Verified: true, Origin: fact.Declared,
		Identifiers: []person.Identifier{person.Ident(person.UserID, "u")},
		Raw:         fact.Raw(track(`{"ip":"203.0.113.7","locale":"de-DE","library":{"name":"analytics.js","version":"2.1.0"},"page":{"path":"/checkout/done","url":"https://shop.example/checkout/done"}}`)),
	}
	b.ReportAllocs()
	for b.Loop() {
		if h := consent.Hear(&e, false, m); h.Grants != nil {
			b.Fatal("heard something")
		}
	}
}
