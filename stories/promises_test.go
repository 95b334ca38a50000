package stories_test

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// crowd says yes to texts, each with a number of their own.
func (s *shop) crowd(n int) []string {
	s.t.Helper()
	var all []event
	numbers := make([]string, n)
	for i := range numbers {
		numbers[i] = fmt.Sprintf("+4915199000%03d", i)
		all = append(all, event{
			"type": "identify", "userId": fmt.Sprintf("one-of-many-%d", i), "traits": event{"phone": numbers[i]},
			"context": event{"notice": "texts@1", "consent": event{"categoryPreferences": event{texts: true}}},
		})
	}
	s.from("server", all...)
	return numbers
}

// No message starts to leave after the answer to "stop" was given; what had
// started is named in the answer.
func TestPromise_nothingStartsAfterStop(t *testing.T) {
	t.Parallel()
	inShop(t, func(t *testing.T, s *shop) {
		numbers := s.crowd(60)
		refs := map[string]string{}
		for i, number := range numbers {
			refs[number] = s.person(fmt.Sprintf("user_id:one-of-many-%d", i)).Person
		}
		s.goLive(bulk)
		var sending sync.WaitGroup
		sending.Go(func() { s.send(bulk) })
		stopped := map[string]time.Time{}
		leaving := map[string]int{}
		for _, i := range rand.Perm(len(numbers))[:40] {
			var answer struct{ Leaving int }
			status := s.api(http.MethodPost, "/api/people/"+refs[numbers[i]]+"/grants?why=they+called",
				event{"grants": []event{{"purpose": texts, "status": "withdrawn"}}}, &answer)
			if status != http.StatusCreated {
				t.Fatalf("a withdrawal was answered %d", status)
			}
			stopped[numbers[i]], leaving[numbers[i]] = time.Now(), answer.Leaving
		}
		sending.Wait()
		s.settled()
		got := 0
		for _, number := range numbers {
			for _, at := range s.arrivals(number) {
				got++
				if when, said := stopped[number], !stopped[number].IsZero(); said && at.After(when) && leaving[number] == 0 {
					t.Errorf("a text reached somebody %s after the answer that it is stopped", at.Sub(when))
				}
			}
		}
		if got < len(numbers)-len(stopped) || got == len(numbers) {
			t.Errorf("of %d, %d got a text: the race was none", len(numbers), got)
		}
	})
}

// However many campaigns are sent at once, nobody gets more than the limit, and
// one's own limit is below the shop's.
func TestPromise_limitsHoldUnderLoad(t *testing.T) {
	t.Parallel()
	inShop(t, func(t *testing.T, s *shop) {
		s.change("brand.yaml", func(text string) string { return text + "caps:\n  - { channel: sms, count: 2, hours: 168 }\n" })
		var keys []string
		for i := range 4 {
			key := fmt.Sprintf("limit-%d", i)
			keys = append(keys, key)
			s.write("campaigns/"+key+".yaml", campaign(key))
		}
		s.apply()
		numbers := s.crowd(15)
		for i := range 5 {
			ref := s.person(fmt.Sprintf("user_id:one-of-many-%d", i)).Person
			var ignored any
			if status := s.api(http.MethodPut, "/api/people/"+ref+"/preferences?why=they+called",
				event{"caps": []event{{"channel": "sms", "count": 1, "hours": 168}}}, &ignored); status != http.StatusOK {
				t.Fatalf("a wish was answered %d %v", status, ignored)
			}
		}
		var sending sync.WaitGroup
		for _, key := range keys {
			s.goLive(key)
		}
		for _, key := range keys {
			sending.Go(func() { s.send(key) })
		}
		sending.Wait()
		for i, number := range numbers {
			most := 2
			if i < 5 {
				most = 1
			}
			if got := len(s.textsTo(number)); got != most {
				t.Errorf("number %d got %d texts, not %d", i, got, most)
			}
		}
	})
}

// Every message that left has its line in the ledger of disclosures: to whom,
// what for, which categories. Nothing else has.
func TestPromise_whatLeftIsOnTheRecord(t *testing.T) {
	t.Parallel()
	inShop(t, func(t *testing.T, s *shop) {
		numbers := s.crowd(12)
		s.reader("ada", order("o-ada", socks, "Socks", time.Minute, event{"userId": "ada"}))
		s.goLive(bulk)
		s.send(bulk)
		s.offers(pair)
		type line struct {
			Person, Recipient, Purpose, Channel, Outcome, Decision string
			Categories, Fields                                     []string
		}
		disclosed := lines[line](t, s.run("export", "disclosures", "--json"))
		if len(disclosed) != len(numbers)+1 || len(s.mailsTo("ada@example.com")) != 1 {
			t.Errorf("%d lines tell of %d texts and %d letters", len(disclosed), len(numbers), len(s.mailsTo("ada@example.com")))
		}
		for _, d := range disclosed {
			want, category := "text-carrier", "user.contact.phone_number"
			if d.Channel == "email" {
				want, category = "mail-relay", "user.contact.email"
			}
			if d.Recipient != want || d.Outcome != "sent" || d.Decision == "" || !slices.Contains(d.Categories, category) {
				t.Errorf("a line says %+v", d)
			}
		}
		// A list handed out is a line for each person on it, and for nobody else.
		before := len(disclosed)
		list := lines[struct{ Person string }](t, s.run("export", "people", "--purpose", texts, "--to", "text-carrier", "--channel", "sms"))
		after := lines[line](t, s.run("export", "disclosures", "--json"))
		if len(list) != len(numbers) || len(after) != before+len(list) {
			t.Errorf("%d people on the list, %d new lines", len(list), len(after)-before)
		}
		s.run("verify")
	})
}

// Looking at the link to unsubscribe changes nothing, whoever looks; pressing its
// button does, and pressing it twice is pressing it once.
func TestPromise_onlyPressingUnsubscribes(t *testing.T) {
	t.Parallel()
	inShop(t, func(t *testing.T, s *shop) {
		s.reader("ada")
		s.offers(pair)
		header := regexp.MustCompile(`(?i)List-Unsubscribe: <([^>]+)>`).FindStringSubmatch(strings.ReplaceAll(s.mailsTo("ada@example.com")[0], "\r\n ", " "))
		if header == nil {
			t.Fatalf("the letter has no List-Unsubscribe:\n%s", s.mailsTo("ada@example.com")[0])
		}
		path := strings.TrimPrefix(header[1], s.url)
		for _, method := range []string{http.MethodGet, http.MethodHead, http.MethodGet} {
			if status, _ := s.http(method, path, "", nil); status != http.StatusOK {
				t.Errorf("%s was answered %d", method, status)
			}
		}
		s.offers(shorts)
		if n := s.coupons("ada", shorts); n != 1 {
			t.Errorf("after looking at the link she got %d letters", n)
		}
		for range 2 {
			status, answer := s.http(http.MethodPost, path, "List-Unsubscribe=One-Click", func(r *http.Request) {
				r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			})
			if status != http.StatusOK {
				t.Fatalf("pressing was answered %d %s", status, answer)
			}
		}
		s.offers(socks)
		if n := s.coupons("ada", socks); n != 0 {
			t.Errorf("after unsubscribing she got %d letters", n)
		}
		// A link that somebody made up does nothing, and says no more than a page.
		if status, _ := s.http(http.MethodPost, path[:len(path)-4]+"AAAA", "List-Unsubscribe=One-Click", nil); status != http.StatusNotFound {
			t.Errorf("a link that is not ours was answered %d", status)
		}
	})
}

// Who said nothing gets no marketing, and their order's news all the same. Of two
// who are joined, a no wins over a yes; parted again, each has their own word.
func TestPromise_noWordIsNoYes(t *testing.T) {
	t.Parallel()
	inShop(t, func(t *testing.T, s *shop) {
		s.goLive("order-received")
		s.from("server",
			event{"type": "identify", "userId": "silent", "traits": event{"email": "silent@example.com"}},
			order("o-1", shorts, "Shorts", time.Minute, event{"userId": "silent"}),
		)
		wait(t, "the order's news", func() bool { return len(s.mailsTo("silent@example.com")) == 1 })
		s.offers(pair)
		if n := s.coupons("silent", pair); n != 0 {
			t.Errorf("who said nothing got %d letters", n)
		}

		s.reader("yes")
		s.from("server", event{"type": "identify", "anonymousId": "nos-phone", "traits": event{"email": "no@example.com"}, "context": event{
			"notice": "newsletter@2", "consent": event{"categoryPreferences": event{letters: false}},
		}})
		s.offers(shorts)
		if s.coupons("yes", shorts) != 1 || s.coupons("no", shorts) != 0 {
			t.Error("a yes is no yes, or a no is no no")
		}
		s.from("server", event{"type": "identify", "userId": "yes", "anonymousId": "nos-phone"})
		if s.person("user_id:yes").Person != s.person("email:no@example.com").Person {
			t.Fatal("they were not joined")
		}
		s.offers(socks)
		if s.coupons("yes", socks)+s.coupons("no", socks) != 0 {
			t.Error("joined, the yes won over the no")
		}
		s.run("person", "split", "anonymous_id:nos-phone", "--why", "a mistake")
		s.offers("jacket-fjord")
		if s.coupons("yes", "jacket-fjord") != 1 || s.coupons("no", "jacket-fjord") != 0 {
			t.Error("parted again, they do not have their own words")
		}
	})
}

// What the world answers may name people; heed keeps that to itself, and says
// what became of each message all the same.
func TestPromise_refusalsOfTheWorldNameNobody(t *testing.T) {
	t.Parallel()
	inShop(t, func(t *testing.T, s *shop) {
		s.refuse()
		s.kim()
		s.reader("ada")
		s.goLive(bulk)
		s.send(bulk)
		s.offers(pair)
		outcomes := map[string]int{}
		for _, d := range lines[struct{ Outcome string }](t, s.run("export", "disclosures", "--json")) {
			outcomes[d.Outcome]++
		}
		if len(outcomes) != 1 || outcomes["sent"] != 0 || outcomes["refused"]+outcomes["bounced"]+outcomes["failed"] != 2 {
			t.Errorf("of two refused messages the ledger says %v", outcomes)
		}
		shown := s.log.String()
		for _, state := range []string{"done", "dead", "waiting"} {
			_, queue := s.http(http.MethodGet, "/api/deliveries?state="+state, "", func(r *http.Request) { r.Header.Set("Authorization", "Bearer "+adminToken) })
			shown += queue
		}
		shown += s.run("doctor")
		for _, name := range []string{"ada@example.com", kimsNumber[1:], "there is no", "'To' number"} {
			if strings.Contains(shown, name) {
				t.Errorf("%q is shown:\n%s", name, shown)
			}
		}
	})
}

// Killed again and again while it sends, heed writes to nobody twice, and has
// nothing out that is not on the record.
func TestPromise_killedWhileSending(t *testing.T) {
	t.Parallel()
	inShop(t, func(t *testing.T, s *shop) {
		numbers := s.crowd(120)
		s.slow(40 * time.Millisecond)
		s.goLive(bulk)
		if status := s.api(http.MethodPost, "/api/campaigns/"+bulk+"/send", nil, nil); status != http.StatusAccepted {
			t.Fatalf("sending was answered %d", status)
		}
		for range 3 {
			before := s.textsLeft()
			wait(t, "texts to leave", func() bool { return s.textsLeft() > before })
			time.Sleep(time.Duration(rand.IntN(40)) * time.Millisecond)
			if n := s.textsLeft(); n == len(numbers) {
				t.Fatal("all had left before the kill: this test proves nothing")
			}
			s.kill()
			s.serve()
		}
		s.slow(0)
		// What was in hand when it was killed is let go when its lease ends.
		for begun := time.Now(); s.underWay() > 0; time.Sleep(250 * time.Millisecond) {
			if time.Since(begun) > 50*time.Second {
				t.Fatalf("%d messages are still under way", s.underWay())
			}
		}
		type line struct{ Person, Outcome string }
		record := map[string][]string{}
		for _, d := range lines[line](t, s.run("export", "disclosures", "--json")) {
			record[d.Person] = append(record[d.Person], d.Outcome)
		}
		sent, unknown := 0, 0
		for i, number := range numbers {
			got := len(s.textsTo(number))
			outcomes := record[s.person(fmt.Sprintf("user_id:one-of-many-%d", i)).Person]
			if got > 1 {
				t.Errorf("number %d got %d texts", i, got)
			}
			switch {
			case slices.Contains(outcomes, "sent"):
				sent++
			case slices.Contains(outcomes, "unknown"):
				unknown++
			default:
				t.Errorf("number %d got %d texts, and the record says %v", i, got, outcomes)
			}
			if slices.Contains(outcomes, "sent") && got != 1 {
				t.Errorf("number %d got %d texts, and the record says that one was sent", i, got)
			}
		}
		t.Logf("%d sent, of %d nobody can tell", sent, unknown)
		if sent == 0 || unknown == 0 {
			t.Errorf("%d sent, %d unknown: no kill came in the middle", sent, unknown)
		}
	})
}
