package stories_test

import (
	"maps"
	"strings"
	"testing"
	"time"
)

const (
	pair   = "shoe-aurora"
	socks  = "sock-trail"
	shorts = "shorts-dune"
	shoes  = "Running shoes"
)

// reader is somebody who gets our letters, chosen by what they bought: they said
// yes when they were asked.
func (s *shop) reader(name string, more ...event) {
	s.t.Helper()
	e := event{
		"type": "identify", "userId": name, "traits": event{"email": name + "@example.com", "firstName": name},
		"context": event{"notice": "newsletter@2", "consent": event{"categoryPreferences": event{letters: true}}},
	}
	s.from("server", append([]event{e}, more...)...)
}

// offers writes a letter about an item, takes it live and sends it to every
// reader; each time another letter.
func (s *shop) offers(item string) {
	s.t.Helper()
	s.letters++
	key := "offer-" + strings.Repeat("i", s.letters)
	s.write("campaigns/offer.yaml", letter(key, "readers", item, "A coupon for "+item+"."))
	s.apply()
	s.goLive(key)
	s.send(key)
}

// coupons counts the letters about an item that somebody got.
func (s *shop) coupons(name, item string) int {
	n := 0
	for _, mail := range s.mailsTo(name + "@example.com") {
		if strings.Contains(mail, "A coupon for "+item) {
			n++
		}
	}
	return n
}

// want fails unless each of some people has so many coupons for an item.
func (s *shop) want(when, item string, coupons map[string]int) {
	s.t.Helper()
	for name, n := range coupons {
		if got := s.coupons(name, item); got != n {
			code, _ := s.why("offer-"+strings.Repeat("i", s.letters), s.person("user_id:"+name).Person)
			s.t.Errorf("%s: %s has %d coupons for %s, not %d (%s)", when, name, got, item, n, code)
		}
	}
}

// Story 3. She bought a pair of running shoes. She never again gets a coupon for
// that pair; socks and shorts are fine.
func TestStory_theRunningShoes(t *testing.T) {
	t.Parallel()
	inShop(t, func(t *testing.T, s *shop) {
		olgasCard := card("LL-9")
		s.reader("mona")
		s.reader("nora", order("web-1", pair, shoes, 30*day, event{"userId": "nora"}))
		s.reader("olga", event{"type": "identify", "userId": "olga", "context": olgasCard})
		s.reader("pia", event{"type": "identify", "userId": "pia", "context": card("LL-10")})
		// Olga bought at the till, on her card, and took the receipt by email; Pia
		// bought there on her card alone, and the card promises no letters.
		s.from("till",
			order("till-1", pair, shoes, 20*day, event{"context": event{"externalIds": olgasCard["externalIds"], "notice": "order@1"}}),
			order("till-2", pair, shoes, 20*day, event{"context": card("LL-10")}),
		)
		s.offers(pair)
		s.want("a coupon for the pair", pair, map[string]int{"mona": 1, "nora": 0, "olga": 0, "pia": 0})
		s.offers(socks)
		s.want("a coupon for socks", socks, map[string]int{"mona": 1, "nora": 1, "olga": 1, "pia": 1})
		s.offers(shorts)
		s.want("a coupon for shorts", shorts, map[string]int{"mona": 1, "nora": 1, "olga": 1, "pia": 1})

		// The till was offline and tells late that mona has the pair since last
		// week; the shop tells the order of the web a second and a third time.
		s.from("server", order("web-1", pair, shoes, 30*day, event{"userId": "nora"}))
		s.from("till", order("till-3", pair, shoes, 7*day, event{"context": event{"notice": "order@1"}, "userId": "mona"}))
		s.from("till", order("web-1", pair, shoes, 30*day, event{"userId": "nora", "context": event{"notice": "order@1"}}))
		s.offers(pair)
		s.want("after the till told late", pair, map[string]int{"mona": 1, "nora": 0, "olga": 0, "pia": 0})

		// Nora sends hers back: what was told three times is one pair, so it may be
		// offered again. Olga has a second pair and brings back one: she has one.
		s.from("server", refund("web-1", pair, event{"userId": "nora"}))
		s.from("till", order("till-4", pair, shoes, 5*day, event{"context": event{"externalIds": olgasCard["externalIds"], "notice": "order@1"}}))
		s.from("till", refund("till-4", pair, event{"context": event{"externalIds": olgasCard["externalIds"], "notice": "order@1"}}))
		s.offers(pair)
		s.want("after the returns", pair, map[string]int{"mona": 1, "nora": 1, "olga": 0, "pia": 0})
		// And when she buys it again, it is as before.
		s.from("server", order("web-2", pair, shoes, time.Minute, event{"userId": "nora"}))
		s.offers(pair)
		s.want("after she bought it again", pair, map[string]int{"mona": 1, "nora": 1, "olga": 0, "pia": 0})

		nora := s.person("user_id:nora")
		if code, found := s.why("offer-"+strings.Repeat("i", s.letters), nora.Person); !found || code != "already_bought" {
			t.Errorf("the decision about nora says %q", code)
		}
	})
}

// Whoever has new shoes gets one letter about what goes with them, however often
// the shop learns anew who they are.
func TestStory_oneLetterAboutSocks(t *testing.T) {
	t.Parallel()
	inShop(t, func(t *testing.T, s *shop) {
		s.change("campaigns/letters.yaml", func(text string) string { return strings.ReplaceAll(text, "  holdout_percent: 10\n", "") })
		s.apply()
		s.goLive("running-complements")
		said := event{"notice": "newsletter@2", "consent": event{"categoryPreferences": event{letters: true}}}
		mail := event{"email": "rosa@example.com"}
		s.from("server",
			event{"type": "identify", "traits": mail, "context": said},
			order("guest-1", pair, shoes, time.Hour, event{"context": event{"traits": mail}}),
		)
		wait(t, "a letter about socks", func() bool { return len(s.mailsTo("rosa@example.com")) == 1 })
		says(t, "the letter", s.mailsTo("rosa@example.com")[0], "trail socks")
		// She gets a card, and then an account: each time she is known by something stronger.
		s.from("server", event{"type": "identify", "traits": mail, "context": event{"externalIds": card("LL-20")["externalIds"]}})
		s.from("server", event{"type": "identify", "userId": "rosa", "traits": mail, "context": event{"externalIds": card("LL-20")["externalIds"]}})
		s.from("server", event{"type": "track", "event": "Product Viewed", "userId": "rosa", "properties": event{"product_id": socks}})
		time.Sleep(time.Second)
		s.settled()
		if got := s.mailsTo("rosa@example.com"); len(got) != 1 {
			t.Errorf("she got %d letters about socks", len(got))
		}
	})
}

// A consumable comes back when it is about used up, and not before.
func TestStory_theCoffeeComesBack(t *testing.T) {
	t.Parallel()
	inShop(t, func(t *testing.T, s *shop) {
		s.goLive("coffee-again")
		bag := func(id, who string, ago time.Duration) event {
			return order(id, "coffee-dawn", "Coffee", ago, event{"userId": who})
		}
		s.reader("tess", bag("t-1", "tess", 20*day))
		s.reader("uma", bag("u-1", "uma", 5*day))
		s.reader("vera", bag("v-1", "vera", 25*day), bag("v-2", "vera", 2*day))
		s.reader("wilma", bag("w-1", "wilma", 100*day))
		wait(t, "a letter about coffee", func() bool { return len(s.mailsTo("tess@example.com")) == 1 })
		says(t, "the letter", s.mailsTo("tess@example.com")[0], "about used up")
		s.settled()
		for _, name := range []string{"uma", "vera", "wilma"} {
			if got := s.mailsTo(name + "@example.com"); len(got) > 0 {
				t.Errorf("%s got a letter about coffee: %v", name, got)
			}
		}
		// By hand it is no other: the pantry is full, so nobody is told to fill it.
		s.write("campaigns/coffee.yaml", strings.Replace(letter("coffee-by-hand", "readers", "coffee-dawn", "A coupon for coffee-dawn."), `"coffee-dawn"`, `"coffee-dawn", repurchase_days: 18`, 1))
		s.apply()
		s.goLive("coffee-by-hand")
		s.send("coffee-by-hand")
		for name, n := range map[string]int{"tess": 1, "uma": 0, "vera": 0, "wilma": 1} {
			if got := s.coupons(name, "coffee-dawn"); got != n {
				t.Errorf("%s has %d coupons for coffee, not %d", name, got, n)
			}
		}
	})
}

// refund is what came back of an order.
func refund(id, item string, more event) event {
	e := event{"type": "track", "event": "Order Refunded", "properties": event{"order_id": id, "products": []event{{"product_id": item, "quantity": 1}}}}
	maps.Copy(e, more)
	return e
}
