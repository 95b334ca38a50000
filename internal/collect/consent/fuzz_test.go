package consent_test

import (
	"testing"

	"github.com/heed-platform/heed/internal/collect/consent"
	"github.com/heed-platform/heed/internal/collect/event"
	"github.com/heed-platform/heed/internal/fact"
	"github.com/heed-platform/heed/internal/person"
)

// FuzzHear feeds any bytes as an event's: hearing ends, is the same twice, says
// one thing on each scope, and gives no yes for somebody who is merely named.
func FuzzHear(f *testing.F) {
	f.Add([]byte(track(`{"consent":{"categoryPreferences":{"Analytics":true,"personalize":true}}}`)), true, true)
	f.Add([]byte(track(`{"consentManagement":{"allowedConsentIds":["Analytics"],"deniedConsentIds":[1]},"locale":"de"}`)), false, true)
	f.Add([]byte(track(`{"messaging_subscriptions":[{"key":"a@b.c","type":"EMAIL","status":"SUBSCRIBED"}]}`)), false, false)
	f.Add([]byte(`{"context":{"consent":{"categoryPreferences":[`), true, false)
	f.Fuzz(func(t *testing.T, raw []byte, gpc, verified bool) {
		e := fact.Event{
			Type: fact.Track, Name: event.ConsentUpdated, Verified: verified, Origin: fact.Declared, Raw: raw,
			Identifiers: []person.Identifier{person.Ident(person.Email, "a@b.c")},
		}
		first, again := consent.Hear(&e, gpc, mapping()), consent.Hear(&e, gpc, mapping())
		if show(first) != show(again) {
			t.Fatal("heard differently the second time")
		}
		seen := map[consent.Scope]int{}
		for _, g := range first.Grants {
			if g.Status == fact.Granted && !verified {
				t.Fatal("a claim gave consent for somebody")
			}
			if g.Method != consent.MethodGPC {
				seen[consent.Scope{Purpose: g.Purpose, Channel: g.Channel, Topic: g.Topic}]++
			}
		}
		for scope, n := range seen {
			if n > 1 {
				t.Fatalf("%d words on %v", n, scope)
			}
		}
	})
}
