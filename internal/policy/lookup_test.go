package policy_test

import (
	"testing"

	"github.com/heed-platform/heed/internal/policy"
)

func TestRules_Category(t *testing.T) {
	t.Parallel()
	rules, _ := shop(t)
	for path, want := range map[string]string{
		"traits.phone": "user.contact.phone_number", "traits.horoscope": "", "traits.": "", "traits": "", "phone": "user.contact.phone_number", "": "", "nonsense.x": "",
		"identifiers.email": "user.contact.email", "identifiers.fax": "",
		"events.Order Completed": "user.behavior.purchase_history", "events.Product Viewed": "user.behavior.browsing_history", "events.Anything Else": "user.behavior",
		"purchases": "user.behavior.purchase_history", "purchases.shoes": "user.behavior.purchase_history", "purchases.never heard of it": "user.behavior.purchase_history",
		"purchases.Maternity": "user.health.maternity_clothing", "purchases.MATERNITY": "user.health.maternity_clothing",
		"purchases.Women > Maternity > Dresses": "user.health.maternity_clothing", "purchases.Apparel/Umstandsmode": "user.health.maternity_clothing",
		"purchases.Baby food": "user.health.baby_formula", "purchases.baby.food": "user.health.baby_formula", "purchases.Nursery": "user.children",
		"spend": "user.behavior.purchase_history", "memberships": "user.behavior",
	} {
		if got := rules.Category(path); got != want {
			t.Errorf("%q is %q, want %q", path, got, want)
		}
	}
}

func TestRules_TopicOf(t *testing.T) {
	t.Parallel()
	rules, _ := shop(t)
	for shop, want := range map[string]string{
		"Footwear": "shoes", "shoes.running": "shoes.running", "Apparel > Jacket": "clothes.jackets", "apparel": "clothes", "": "", "Bicycles": "",
		"Maternity / Jacket": "maternity", // what is private is not hidden by what is not
	} {
		if got, known := rules.TopicOf(shop); got.Key != want || known != (want != "") {
			t.Errorf("%q is about %q, want %q", shop, got.Key, want)
		}
	}
}

func TestRules_Occasion(t *testing.T) {
	t.Parallel()
	rules, _ := shop(t)
	for _, tt := range []struct {
		purpose, moment string
		want            bool
	}{
		{"essential.service.notifications.sms", "event:Order Shipped", true},
		{"essential.service.notifications.sms", "event:Product Viewed", false},
		{"essential.service.notifications.sms", "send", false},
		{"essential.service.notifications.sms", "audience:regulars", false},
		{"essential.service.notifications.sms", "", false},
		{"marketing.communications.sms", "send", true},
		{"nonsense", "send", false},
	} {
		if got := rules.Occasion(tt.purpose, tt.moment); got != tt.want {
			t.Errorf("%s in %q: %v", tt.purpose, tt.moment, got)
		}
	}
}

func TestRules_lookups(t *testing.T) {
	t.Parallel()
	shipped, _ := shop(t)
	for _, tt := range []struct {
		rules *policy.Rules
		found bool
	}{{shipped, true}, {nil, false}, {&policy.Rules{}, false}} {
		_, purpose := tt.rules.Purpose("sales")
		notice, noticed := tt.rules.Notice("membership@3")
		_, recipient := tt.rules.Recipient("mail-relay")
		_, source := tt.rules.Source("web")
		_, topic := tt.rules.Topic("shoes")
		for what, found := range map[string]bool{
			"purpose": purpose, "notice": noticed, "recipient": recipient, "source": source, "topic": topic,
			"brand": tt.rules.Brand().Name != "", "sensitive": tt.rules.Sensitive("user.health.anything"),
			"promise":   tt.rules.Promises("membership@3", "user.contact.phone_number", "essential.service"),
			"promising": len(tt.rules.Promising("user.contact.phone_number", "essential.service")) > 1,
		} {
			if found != tt.found {
				t.Errorf("%s: %v, want %v", what, found, tt.found)
			}
		}
		if noticed && notice.Title != "Your Linden & Lark card" {
			t.Errorf("the title is not in the brand's language: %s", notice.Title)
		}
	}
	for _, nothing := range []string{"", "membership", "membership@", "membership@03", "membership@4"} {
		if _, found := shipped.Notice(nothing); found {
			t.Errorf("there is a notice %q", nothing)
		}
	}
}
