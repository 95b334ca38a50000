package stories_test

import (
	"slices"
	"strings"
	"testing"
)

// Story 1. She browses on her phone without logging in, signs in on a laptop,
// and shows her loyalty card in a shop: one person with one journey.
func TestStory_onePersonManyDevices(t *testing.T) {
	t.Parallel()
	on(t, func(t *testing.T, h *heed) {
		t.Helper()
		// She looks at shoes on her phone, nobody knows who she is.
		h.hears(
			event{"type": "page", "anonymousId": "her-phone", "name": "Running shoes"},
			event{"type": "track", "anonymousId": "her-phone", "event": "Product Viewed", "properties": event{"product_id": "shoe-aurora"}},
		)
		// She signs in on the laptop, and later on the phone.
		h.hears(
			event{"type": "identify", "userId": "mira", "anonymousId": "her-laptop", "traits": event{"email": "mira@example.com"}},
			event{"type": "identify", "userId": "mira", "anonymousId": "her-phone"},
		)
		// She gets a card, which the shop ties to her account, and shows it at the till.
		card := []event{{"id": "LL-100", "type": "member_id", "collection": "users", "encoding": "none"}}
		h.hears(
			event{"type": "identify", "userId": "mira", "context": event{"externalIds": card}},
			event{
				"type": "track", "event": "Order Completed", "context": event{"externalIds": card},
				"properties": event{"order_id": "till-1", "currency": "EUR", "total": 119, "products": []event{{"product_id": "shoe-aurora", "price": 119, "quantity": 1}}},
			},
		)

		mira := h.person("user_id:mira")
		for _, id := range []string{"anonymous_id:her-phone", "anonymous_id:her-laptop", "member_id:LL-100", "email:Mira@Example.com"} {
			if other := h.person(id); other.Person != mira.Person {
				t.Errorf("%s is %s, not mira (%s)", id, other.Person, mira.Person)
			}
		}
		if got := h.journey(mira.Person); len(got) != 6 {
			t.Errorf("her journey has %d steps: %v", len(got), got)
		}
		text := h.run("person", "explain", "user_id:mira")
		for _, want := range []string{"member card", "browser"} {
			if !strings.Contains(text, want) {
				t.Errorf("the explanation does not name her %s:\n%s", want, text)
			}
		}
	})
}

// The family tablet on which two members sign in by turns does not melt them
// into one.
func TestStory_theFamilyTablet(t *testing.T) {
	t.Parallel()
	on(t, func(t *testing.T, h *heed) {
		t.Helper()
		h.hears(
			event{"type": "identify", "userId": "anna", "anonymousId": "tablet", "traits": event{"email": "anna@example.com"}},
			event{"type": "track", "userId": "anna", "anonymousId": "tablet", "event": "Product Viewed", "properties": event{"product_id": "a"}},
			event{"type": "identify", "userId": "ben", "anonymousId": "tablet", "traits": event{"email": "ben@example.com"}},
			event{"type": "track", "userId": "ben", "anonymousId": "tablet", "event": "Product Viewed", "properties": event{"product_id": "b"}},
			event{"type": "identify", "userId": "anna", "anonymousId": "tablet"},
			event{"type": "track", "anonymousId": "tablet", "event": "Product Viewed", "properties": event{"product_id": "c"}},
		)
		// On the other one nobody did anything without signing in.
		h.hears(
			event{"type": "identify", "userId": "anna", "anonymousId": "kiosk"},
			event{"type": "identify", "userId": "ben", "anonymousId": "kiosk"},
		)
		if k := h.person("anonymous_id:kiosk"); len(k.Identifiers) != 1 || k.Identifiers[0].Value != "kiosk" {
			t.Errorf("what both share is shown as %+v", k.Identifiers)
		}
		anna, ben, tablet := h.person("user_id:anna"), h.person("user_id:ben"), h.person("anonymous_id:tablet")
		if anna.Person == ben.Person {
			t.Fatal("the tablet melted anna and ben into one")
		}
		if tablet.Person == anna.Person || tablet.Person == ben.Person {
			t.Error("what nobody signed for on the tablet belongs to one of them")
		}
		for _, a := range anna.Attributes {
			if a.Value == "ben@example.com" {
				t.Error("anna has ben's address")
			}
		}
	})
}

// A wrong merge can be undone, and both journeys are as if it had never happened.
func TestStory_aWrongMergeIsUndone(t *testing.T) {
	t.Parallel()
	on(t, func(t *testing.T, h *heed) {
		t.Helper()
		h.hears(
			event{"type": "identify", "userId": "cara", "anonymousId": "cara-phone", "traits": event{"email": "cara@example.com", "firstName": "Cara"}},
			event{"type": "track", "userId": "cara", "event": "Product Viewed", "properties": event{"product_id": "c"}},
			event{"type": "identify", "anonymousId": "dan-phone", "traits": event{"email": "dan@example.com", "firstName": "Dan"}},
			event{"type": "track", "anonymousId": "dan-phone", "event": "Product Viewed", "properties": event{"product_id": "d"}},
		)
		cara, dan := h.person("user_id:cara"), h.person("email:dan@example.com")
		caras, dans := h.journey(cara.Person), h.journey(dan.Person)
		if cara.Person == dan.Person {
			t.Fatal("they are one before anything merged them")
		}
		// A clerk types cara's account number on dan's phone.
		h.hears(event{"type": "identify", "userId": "cara", "anonymousId": "dan-phone"})
		if h.person("email:dan@example.com").Person != h.person("user_id:cara").Person {
			t.Fatal("the wrong merge did not happen")
		}
		h.run("person", "split", "anonymous_id:dan-phone", "--why", "a clerk mistyped the account")
		after, other := h.person("user_id:cara"), h.person("email:dan@example.com")
		if after.Person != cara.Person || other.Person != dan.Person {
			t.Errorf("after the split they are %s and %s, before the merge %s and %s", after.Person, other.Person, cara.Person, dan.Person)
		}
		got := h.journey(cara.Person)
		// The clerk's event itself stays where it arrived, with cara's account.
		if len(got) != len(caras)+1 || !slices.Equal(h.journey(dan.Person), dans) {
			t.Errorf("journeys changed: cara %d → %d, dan %v → %v", len(caras), len(got), dans, h.journey(dan.Person))
		}
	})
}

// journey is the messageIds of a person's events, in order of time.
func (h *heed) journey(person string) []string {
	h.t.Helper()
	type row struct{ MessageID, Person, Timestamp string }
	rows := slices.DeleteFunc(lines[row](h.t, h.run("export", "events", "--json")), func(r row) bool { return r.Person != person })
	slices.SortStableFunc(rows, func(a, b row) int { return strings.Compare(a.Timestamp, b.Timestamp) })
	out := make([]string, len(rows))
	for i, r := range rows {
		out[i] = r.MessageID
	}
	return out
}
