package stories_test

import (
	"net/http"
	"strings"
	"testing"
	"time"
)

// offersNow is offers for a coupon that is of use for an hour: what may not leave
// by then never does.
func (s *shop) offersNow(item string) (key string) {
	s.t.Helper()
	s.letters++
	key = "offer-" + strings.Repeat("i", s.letters)
	s.write("campaigns/offer.yaml", letter(key, "readers", item, "A coupon for "+item+".")+"expires_hours: 1\n")
	s.apply()
	s.goLive(key)
	s.send(key)
	return key
}

// chooses changes some choices on the page that is open, and leaves the others.
func (g *guest) chooses(pairs ...string) {
	g.t.Helper()
	var shown []string
	fields := []string{}
	for i := 0; i < len(pairs); i += 3 {
		shown = append(shown, pairs[i]+"="+pairs[i+1])
		fields = append(fields, pairs[i], pairs[i+2])
	}
	g.send("/me/preferences", append(fields, "shown", strings.Join(shown, "&"))...)
	if g.status != http.StatusOK || g.at != "/me/preferences" {
		g.t.Fatalf("choosing %v led to %d %s\n%s", pairs, g.status, g.at, g.page)
	}
}

// Story 8: when, how and how often. She says it on her own page, and the very next
// decision obeys.
func TestStory_whenHowAndHowOften(t *testing.T) {
	t.Parallel()
	inShop(t, func(t *testing.T, s *shop) {
		s.reader("mona")
		s.reader("nora")
		s.from("server", event{
			"type": "identify", "userId": "mona", "traits": event{"phone": "+4915112345678"},
			"context": event{"notice": "texts@1", "consent": event{"categoryPreferences": event{"marketing.communications.sms": true}}},
		})
		s.offersNow("one")
		mona := s.comes(t)
		mona.open("/me/preferences")
		mona.signIn("mona@example.com")
		mona.reads("Your choices", "Letters with offers by email", "You get: offers before they are in the shop window", "mona@example.com")

		obeys := func(item, code string) {
			t.Helper()
			before := len(s.mailsTo("mona@example.com"))
			key := s.offersNow(item)
			if s.coupons("nora", item) != 1 {
				t.Errorf("%s: Nora, who said nothing, got none", item)
			}
			why, _ := s.why(key, s.person("user_id:mona").Person)
			if got := len(s.mailsTo("mona@example.com")) - before; why != code || (got > 0) != (code == "") {
				t.Errorf("%s: %d letters, because of %q, not %q", item, got, why, code)
			}
		}
		obeys("two", "")

		mona.chooses("often", "", "1/168")
		mona.reads("Saved. It has held since", "How often: <strong>One message in 7 days</strong>")
		obeys("three", "cap_reached")

		// Not at this time of the day, by a clock of her own.
		now := time.Now().UTC()
		quiet := now.Add(-time.Hour).Format("15:04") + "-" + now.Add(3*time.Hour).Format("15:04")
		from, to, _ := strings.Cut(quiet, "-")
		mona.send("/me/preferences", "shown", "often=1/168&quiet=&zone=", "often", "", "quiet", "on", "quiet_from", from, "quiet_to", to, "zone", "Africa/Abidjan")
		mona.reads("Quiet hours: <strong>" + quiet)
		obeys("four", "quiet_hours")

		mona.send("/me/preferences", "shown", "quiet="+quiet+"&break=", "break", "30")
		mona.reads("Break: <strong>until ", "Take it back")
		obeys("five", "on_break")
		mona.send("/me/preferences/undo")
		mona.reads("Taken back.")
		obeys("six", "")

		// Mail yes, texts no.
		s.write("audiences/phones.yaml", audience("phones", "has(traits.phone)", "marketing.communications.sms"))
		s.write("campaigns/text.yaml", text("text-one", "phones", "marketing.communications.sms", "Socks!"))
		s.apply()
		s.goLive("text-one")
		offered := func() (n int) {
			for _, text := range s.textsTo("+4915112345678") {
				n += strings.Count(text, "Socks")
			}
			return n
		}
		s.send("text-one")
		if n := offered(); n != 1 {
			t.Fatalf("%d texts before she said no", n)
		}
		mona.open("/me/preferences")
		mona.chooses("channel.sms", "3", "no")
		mona.reads("Text message: <strong>Not at all</strong>")
		s.write("campaigns/text.yaml", text("text-two", "phones", "marketing.communications.sms", "Socks again!"))
		s.apply()
		s.goLive("text-two")
		s.send("text-two")
		if why, _ := s.why("text-two", s.person("user_id:mona").Person); why != "channel_refused" || offered() != 1 {
			t.Errorf("texts after she said no: %q", why)
		}
		obeys("seven", "")

		// No letters at all is a no to that purpose, and has a receipt.
		mona.send("/me/preferences", "shown", "purpose.marketing.communications.email=on")
		mona.reads("Letters with offers by email: <strong>off</strong>")
		before := len(s.mailsTo("mona@example.com"))
		s.offersNow("eight")
		if s.coupons("nora", "eight") != 1 || len(s.mailsTo("mona@example.com")) != before {
			t.Error("a letter after she said no to letters")
		}
		mona.open("/me/preferences/receipts")
		mona.reads("Letters with offers by email", "taken back", "Your choices")
	})
}
