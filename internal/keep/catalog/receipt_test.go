package catalog

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/heed-platform/heed/internal/fact"
	"github.com/heed-platform/heed/internal/person"
)

func answer() fact.Grant {
	return fact.Grant{
		Record: "rec-1", Purpose: "marketing.communications.sms", Channel: "sms", Status: fact.Granted, Notice: "texts@1", Language: "en",
		Jurisdiction: "DE", Method: "form", Source: "text-form", Said: 1_000_000, Received: 2_000_000, Evidence: "#texts-yes", Message: "msg-1",
	}
}

func TestReceipt_showsEveryMandatoryField(t *testing.T) {
	t.Parallel()
	w, who := shop(t), person.RefOf([16]byte{1})
	r, err := w.Receipt(who, answer())
	if err != nil {
		t.Fatal(err)
	}
	if missing := r.Missing(); len(missing) > 0 {
		t.Errorf("missing: %v", missing)
	}
	body, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	var got map[string]any
	if err := json.Unmarshal(body, &got); err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{
		"schema_version", "receipt_id", "record_id", "pii_principal_id", "privacy_notice", "language", "purpose", "pii_information",
		"pii_controllers", "storage_locations", "retention_period", "jurisdiction", "recipient_third_parties", "withdrawal_method", "events",
	} {
		if v, ok := got[key]; !ok || v == "" {
			t.Errorf("the receipt has no %s", key)
		}
	}
	want := []ReceiptData{
		{"user.contact.phone_number", "phone number", false},
		{"user.name", "name", false},
		{"user.unique_id", "customer number", false},
		{"user.behavior.purchase_history", "purchases", false},
	}
	if diff := cmp.Diff(want, r.Categories); diff != "" {
		t.Error(diff)
	}
	if r.Notice.Ref != "texts@1" || len(r.Notice.Hash) != 64 || r.Recipients[0].Name != "Kurzwort Texts" || r.Controllers[0].Name != "Linden & Lark" {
		t.Errorf("%+v", r)
	}
}

func TestReceipt_isOfItsContent(t *testing.T) {
	t.Parallel()
	w, who := shop(t), person.RefOf([16]byte{1})
	one, _ := w.Receipt(who, answer())
	again, _ := w.Receipt(who, answer())
	if one.ID == "" || one.ID != again.ID {
		t.Errorf("the same answer has receipts %s and %s", one.ID, again.ID)
	}
	taken := answer()
	taken.Status = fact.Withdrawn
	if other, _ := w.Receipt(who, taken); other.ID == one.ID || other.Events[0].State != "withdrawn" {
		t.Errorf("a withdrawal has the receipt of the grant: %+v", other)
	}
}

func TestReceipt_language(t *testing.T) {
	t.Parallel()
	w, who := shop(t), person.RefOf([16]byte{1})
	for language, title := range map[string]string{"de": "Ihre Karte von Linden & Lark", "en": "Your Linden & Lark card", "fr": "Your Linden & Lark card", "": "Your Linden & Lark card"} {
		g := answer()
		g.Notice, g.Purpose, g.Language = "membership@3", "essential.service", language
		if r, _ := w.Receipt(who, g); r.Notice.Title != title {
			t.Errorf("%q: %q", language, r.Notice.Title)
		}
	}
}

func TestReceipt_saysWhatItCannotShow(t *testing.T) {
	t.Parallel()
	w := shop(t)
	stop := fact.Grant{Purpose: "marketing", Channel: "sms", Status: fact.Withdrawn, Method: "stop_reply", Received: 1}
	r, err := w.Receipt(person.Ref{}, stop)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"record_id", "pii_principal_id", "privacy_notice", "language", "pii_information", "retention_period", "withdrawal_method"}
	if diff := cmp.Diff(want, r.Missing()); diff != "" {
		t.Error(diff)
	}
}
