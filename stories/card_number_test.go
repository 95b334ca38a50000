package stories_test

import (
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
)

const (
	jansNumber = "+4915112345601"
	kimsNumber = "+4915112345699"
	bulk       = "bulk-sms"
)

// cardHolders get cards at the desk: jan first, then others. Each gave a number
// for the card, under a notice that says purchases, rewards, shipping.
func (s *shop) cardHolders(n int) {
	s.t.Helper()
	var all []event
	for i := range n {
		all = append(all, event{
			"type": "identify", "context": card(fmt.Sprintf("LL-%d", i)),
			"traits": event{"phone": fmt.Sprintf("+49151123456%02d", i+1), "firstName": "Jan"},
		})
	}
	s.from("card-desk", all...)
}

// kim said yes to texts when she was shown the notice about them: the control
// that a campaign reaches whom it may.
func (s *shop) kim() {
	s.t.Helper()
	s.from("server", event{
		"type": "identify", "userId": "kim", "traits": event{"phone": kimsNumber},
		"context": event{"notice": "texts@1", "consent": event{"categoryPreferences": event{"marketing.communications.sms": true}}},
	})
}

// counted is the answer of a dry run.
type counted struct {
	Withheld string `json:"withheld"`
	Receive  string `json:"receive"`
	Promises []struct {
		People   string `json:"people"`
		Marketer string `json:"says"`
	} `json:"promises"`
}

func (s *shop) dryRun(campaign string) counted {
	s.t.Helper()
	var c counted
	if status := s.api(http.MethodPost, "/api/campaigns/"+campaign+"/dry-run", nil, &c); status != http.StatusOK {
		s.t.Fatalf("the dry run of %s was answered %d", campaign, status)
	}
	return c
}

// Story 2. He gave his number as his membership ID; the notice said purchases,
// rewards, shipping. The shipping text arrives, the sale does not, and the
// marketer sees before sending how many are withheld, and by which promise.
func TestStory_thePhoneNumberWasForTheCard(t *testing.T) {
	t.Parallel()
	inShop(t, func(t *testing.T, s *shop) {
		s.cardHolders(12)
		s.kim()

		s.goLive("order-shipped")
		s.from("server", event{
			"type": "track", "event": "Order Shipped", "context": card("LL-0"),
			"properties": event{"order_id": "o-1", "products": []event{{"product_id": "shoe-aurora"}}},
		})
		wait(t, "the shipping text", func() bool { return len(s.textsTo(jansNumber)) == 1 })
		says(t, "the shipping text", s.textsTo(jansNumber)[0], "parcel is on its way")

		// Before sending: twelve are withheld, and this promise withholds them.
		c := s.dryRun(bulk)
		if c.Withheld != "12" || len(c.Promises) == 0 || c.Promises[0].People != "12" {
			t.Errorf("the dry run counts %+v", c)
		} else {
			says(t, "the promise", c.Promises[0].Marketer, "Your Linden & Lark card", "phone number", "offers by text")
		}

		for _, typed := range [][]string{{"campaign", "dry-run", bulk}, {"audience", "preview", "phone_number"}} {
			says(t, strings.Join(typed, " "), s.run(typed...), " 12  ", "Your Linden & Lark card", "offers by text")
		}

		s.goLive(bulk)
		s.send(bulk)
		if got := s.textsTo(kimsNumber); len(got) != 1 {
			t.Errorf("kim, who said yes, got %d texts: %v", len(got), got)
		}
		if got := s.textsTo(jansNumber); len(got) != 1 {
			t.Errorf("jan got more than the shipping text: %v", got)
		}
		jan := s.person("member_id:LL-0")
		if code, found := s.why(bulk, jan.Person); found && code == "" {
			t.Error("jan was chosen for the sale")
		}
		// He can read it himself.
		says(t, "the explanation", s.run("person", "explain", "member_id:LL-0"), "offers by text", "news about your orders by text")

		// Later he accepts the notice about texts, and says yes.
		s.from("server", event{
			"type": "track", "event": "Segment Consent Preference Updated",
			"context": event{
				"externalIds": card("LL-0")["externalIds"], "traits": event{"phone": jansNumber}, "notice": "texts@1",
				"consent": event{"categoryPreferences": event{"marketing.communications.sms": true}},
			},
		})
		s.send(bulk)
		if got := s.textsTo(jansNumber); len(got) != 2 || !strings.Contains(got[1], "sale") {
			t.Errorf("jan said yes to texts, and got %v", got)
		}
		if got := s.textsTo(kimsNumber); len(got) != 1 {
			t.Errorf("kim got the same again: %v", got)
		}

		// And when he has had enough, one word is.
		s.stop(jansNumber)
		s.write("campaigns/more.yaml", text("more", "phone_number", "marketing.communications.sms", "More of the sale"))
		s.apply()
		s.goLive("more")
		s.send("more")
		if got := s.textsTo(jansNumber); len(got) != 2 {
			t.Errorf("jan replied STOP, and got %v", got)
		}
		if got := s.textsTo(kimsNumber); len(got) != 2 {
			t.Errorf("kim, who did not stop, got %v", got)
		}
	})
}

// Fewer than ten are not counted out: a small number points at somebody.
func TestStory_smallNumbersAreNotShown(t *testing.T) {
	t.Parallel()
	inShop(t, func(t *testing.T, s *shop) {
		s.cardHolders(3)
		c := s.dryRun(bulk)
		if c.Withheld != "fewer than 10" || len(c.Promises) != 1 || c.Promises[0].People != "fewer than 10" {
			t.Errorf("the dry run counts %+v", c)
		}
	})
}

// text is a campaign that sends a text to everybody in an audience.
func text(key, audience, purpose, words string) string {
	return fmt.Sprintf(`key: %s
label: a text
about: Written for a story.
purpose: %s
channel: sms
audience: %s
recipient: text-carrier
trigger: { send: true }
message:
  text: "%s {{ links.unsubscribe }}"
`, key, purpose, audience, words)
}

// stop replies STOP from a number, as the gateway tells it.
func (s *shop) stop(number string) {
	s.t.Helper()
	form := url.Values{"From": {number}, "To": {"+493055501000"}, "Body": {"STOP"}, "MessageSid": {"SM1"}}
	address := s.url + "/webhooks/sms"
	signed := address
	for _, k := range []string{"Body", "From", "MessageSid", "To"} {
		signed += k + form.Get(k)
	}
	mac := hmac.New(sha1.New, []byte(textToken))
	mac.Write([]byte(signed))
	status, answer := s.http(http.MethodPost, "/webhooks/sms", form.Encode(), func(r *http.Request) {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("X-Twilio-Signature", base64.StdEncoding.EncodeToString(mac.Sum(nil)))
	})
	if status != http.StatusOK {
		s.t.Fatalf("STOP was answered %d %s", status, answer)
	}
}
