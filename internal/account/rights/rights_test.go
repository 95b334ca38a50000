package rights_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/heed-platform/heed/internal/account/housetest"
	"github.com/heed-platform/heed/internal/account/rights"
	"github.com/heed-platform/heed/internal/clock"
	"github.com/heed-platform/heed/internal/fact"
	"github.com/heed-platform/heed/internal/keep/gate"
	"github.com/heed-platform/heed/internal/person"
	"github.com/heed-platform/heed/internal/policy"
)

var ada = housetest.Subject(person.UserID, "ada")

// settle brings a person with a card, an order, a guess and a claim.
func settle(h *housetest.House) {
	h.Hears("card-desk", housetest.Event{
		"type": "identify", "userId": "ada", "context": map[string]any{"notice": "membership@3"},
		"traits": map[string]any{"phone": "+4930111", "firstName": "Ada"},
	})
	h.Hears("server", housetest.Event{
		"type": "identify", "userId": "ada", "anonymousId": "laptop", "context": map[string]any{"notice": "order@1"},
		"traits": map[string]any{"email": "Ada@Example.com", "country": "DE", "size": json.Number("38.50"), "note": "\x1b[31mred"},
	}, housetest.Event{
		"type": "track", "userId": "ada", "event": "Order Completed", "context": map[string]any{"notice": "order@1"},
		"properties": map[string]any{
			"order_id": "o1", "currency": "EUR", "total": json.Number("119.00"),
			"products": []any{map[string]any{"product_id": "shoe", "category": "Running shoes", "price": json.Number("119.00"), "quantity": 1}},
		},
	})
	h.Hears("guesses", housetest.Event{"type": "identify", "userId": "ada", "traits": map[string]any{"shoe_size": "39"}})
	h.Hears("web", housetest.Event{"type": "identify", "userId": "ada", "anonymousId": "kiosk"})
	h.Says(ada, fact.Grant{
		Purpose: "marketing.communications.email", Channel: "email", Status: fact.Granted, Notice: "newsletter@2", Language: "en", Method: "form", Evidence: "box 1",
	})
	h.Says(ada, fact.Grant{Purpose: "marketing.communications.email", Channel: "email", Status: fact.Withdrawn, Method: "unsubscribe", Evidence: "link"})
}

// TestShow_json is what users of heed person show --json rely on.
func TestShow_json(t *testing.T) {
	t.Parallel()
	housetest.On(t, func(t *testing.T, h *housetest.House) {
		settle(h)
		body, err := json.Marshal(rights.Show(h.Inspect(ada)))
		if err != nil {
			t.Fatal(err)
		}
		var got struct {
			Person      string
			Identifiers []map[string]any
			Attributes  []map[string]any
			Counters    []map[string]any
			Purchases   []map[string]any
			Spends      []map[string]any
			Grants      []map[string]any
		}
		dec := json.NewDecoder(bytes.NewReader(body))
		dec.UseNumber()
		if err := dec.Decode(&got); err != nil {
			t.Fatal(err)
		}
		if _, err := person.ParseRef(got.Person); err != nil {
			t.Error(err)
		}
		want := []map[string]any{
			{"ns": "user_id", "value": "ada", "verified": true},
			{"ns": "email", "value": "ada@example.com", "verified": true},
			{"ns": "phone", "value": "+4930111", "verified": true},
			{"ns": "anonymous_id", "value": "laptop", "verified": true},
		}
		if diff := cmp.Diff(want, got.Identifiers); diff != "" {
			t.Error(diff)
		}
		for _, a := range got.Attributes {
			if a["name"] != "size" {
				continue
			}
			size := map[string]any{
				"name": "size", "value": json.Number("38.50"), "origin": "declared", "category": "user.demographic.profile", "notice": "order@1",
				"source": "server", "time": a["time"], "speaks": true,
			}
			if diff := cmp.Diff(size, a); diff != "" {
				t.Error(diff)
			}
		}
		if len(got.Attributes) < 5 || len(got.Purchases) != 1 || len(got.Spends) != 1 || len(got.Counters) != 1 {
			t.Errorf("%s", body)
		}
		if len(got.Grants) != 1 || got.Grants[0]["status"] != "withdrawn" {
			t.Errorf("%v", got.Grants)
		}
		if text := rights.Show(h.Inspect(ada)).Text(h.Workspace.Policy()); !strings.Contains(text, "119.00 EUR in 1 orders") {
			t.Error(text)
		}
	})
}

func TestShow_nobody(t *testing.T) {
	t.Parallel()
	body, err := json.Marshal(rights.Show(gate.Dossier{})) //nolint:exhaustruct // the zero Dossier opens nothing
	if err != nil || !strings.Contains(string(body), `"identifiers":[]`) || !strings.Contains(string(body), `"attributes":[]`) {
		t.Fatalf("%s %v", body, err)
	}
}

func explain(t *testing.T, h *housetest.House, s gate.Subject) *rights.Explanation {
	t.Helper()
	e, err := rights.Explain(h.Inspect(s), h.Know, h.Workspace.Policy())
	if err != nil {
		t.Fatal(err)
	}
	return &e
}

// TestExplain: the story of the phone number that was for the card, as it is
// told to whoever asks.
func TestExplain(t *testing.T) {
	t.Parallel()
	housetest.On(t, func(t *testing.T, h *housetest.House) {
		settle(h)
		e := explain(t, h, ada)
		text := e.Text()
		for _, want := range []string{
			"4 signals are taken for one person's",
			"phone number          +4930111 — they said so themselves, through the desk where cards are given",
			"under “Your Linden & Lark card” (membership@3)",
			"your membership, orders and rewards; news about your orders by text",
			"anything else: “Your Linden & Lark card” does not speak of it",
			"letters with offers by email — The person took back their yes to “letters with offers by email”.",
			"offers by text",
			"because a verified event of 2026-03-02 named it together with their account number.",
			"withdrawn: letters with offers by email (by email) (unsubscribe)",
			"Who received data about them\n  Nobody.",
			"because: a test looks",
		} {
			if !strings.Contains(strings.Join(strings.Fields(text), " "), strings.Join(strings.Fields(want), " ")) {
				t.Errorf("it does not say %q", want)
			}
		}
		if strings.Contains(text, "\x1b") {
			t.Error("a value steers the terminal")
		}
		if t.Failed() {
			t.Log(text)
		}
	})
}

// TestExplain_isWhatTheGateSays: every yes and no is the gate's own, on every
// purpose and channel.
func TestExplain_isWhatTheGateSays(t *testing.T) {
	t.Parallel()
	housetest.On(t, func(t *testing.T, h *housetest.House) {
		settle(h)
		e := explain(t, h, ada)
		seen := map[string]bool{}
		for _, u := range e.Uses {
			seen[u.Purpose] = true
			use, ok := policy.ParseUse(u.Use)
			if !ok {
				t.Fatalf("%+v", u)
			}
			a := gate.Asking{Subject: ada, Purpose: u.Purpose, Channel: u.Channel, Recipient: u.Recipient, By: "t", Role: "t", Why: "t"}
			if got := allowed(t, h, use, a); got != u.Allowed {
				t.Errorf("%s of %s by %s to %s: the gate says %v, the explanation %v", u.Use, u.Purpose, u.Channel, u.Recipient, got, u.Allowed)
			}
			if u.Marketer == "" || u.Person == "" || u.Code == "" {
				t.Errorf("%+v says nothing", u)
			}
		}
		for _, p := range h.Workspace.Policy().Purposes {
			if !seen[p.Key] {
				t.Errorf("%s is not explained", p.Key)
			}
		}
		for _, v := range e.Values {
			n := len(v.For)
			for _, w := range v.Withheld {
				n += len(w.For)
			}
			if n != len(e.Uses) {
				t.Errorf("%s is ruled on for %d of %d uses", v.Path, n, len(e.Uses))
			}
		}
	})
}

// allowed asks the gate itself.
func allowed(t *testing.T, h *housetest.House, use policy.Use, a gate.Asking) bool {
	t.Helper()
	var err error
	switch use {
	case policy.Contact:
		_, err = gate.Ask[gate.Contact](t.Context(), h.Keep.Gate, a)
	case policy.Personalize:
		_, err = gate.Ask[gate.Personalize](t.Context(), h.Keep.Gate, a)
	case policy.Measure:
		_, err = gate.Ask[gate.Measure](t.Context(), h.Keep.Gate, a)
	case policy.Learn:
		_, err = gate.Ask[gate.Learn](t.Context(), h.Keep.Gate, a)
	case policy.Share:
		_, err = gate.Ask[gate.Share](t.Context(), h.Keep.Gate, a)
	default:
		t.Fatalf("use %s", use)
	}
	return err == nil
}

// TestExplain_shared: what is not joined is said as well.
func TestExplain_shared(t *testing.T) {
	t.Parallel()
	housetest.On(t, func(t *testing.T, h *housetest.House) {
		h.Hears("server",
			housetest.Event{"type": "identify", "userId": "ada", "anonymousId": "tablet"},
			housetest.Event{"type": "identify", "userId": "bea", "anonymousId": "tablet"},
		)
		text := strings.Join(strings.Fields(explain(t, h, ada).Text()), " ")
		if !strings.Contains(text, "the browser is shared: different people signed in on it, so it joins nobody") {
			t.Error(text)
		}
	})
}

// TestExport_whole: everything is there, with a receipt for every answer.
func TestExport_whole(t *testing.T) {
	t.Parallel()
	housetest.On(t, func(t *testing.T, h *housetest.House) {
		settle(h)
		a := housetest.Staff(ada)
		a.Purpose = "essential.legal_obligation"
		pass, err := gate.Ask[gate.Honor](t.Context(), h.Keep.Gate, a)
		if err != nil {
			t.Fatal(err)
		}
		d, err := gate.Release(t.Context(), pass)
		if err != nil {
			t.Fatal(err)
		}
		x, err := rights.Export(d, h.Workspace)
		if err != nil {
			t.Fatal(err)
		}
		if len(x.Events) != 4 || len(x.Receipts) != 2 || len(x.Looked) != 1 || x.Looked[0].What != "export" || len(x.Named) == 0 {
			t.Fatalf("%d events, %d receipts, looked %+v", len(x.Events), len(x.Receipts), x.Looked)
		}
		if missing := x.Receipts[0].Missing(); len(missing) > 0 {
			t.Errorf("the receipt of the yes lacks %v", missing)
		}
		if got := x.Receipts[1].Events[0].State; got != "withdrawn" {
			t.Errorf("the last answer was %s", got)
		}
		if _, err := json.Marshal(x); err != nil {
			t.Error(err)
		}
	})
}

// TestEraseProof names nobody and says what is true.
func TestEraseProof(t *testing.T) {
	t.Parallel()
	housetest.On(t, func(t *testing.T, h *housetest.House) {
		settle(h)
		p := rights.EraseProof(h.Erase(ada))
		body, err := json.Marshal(p)
		if err != nil {
			t.Fatal(err)
		}
		text := p.Text() + string(body)
		for _, not := range []string{"4930111", "laptop", "Ada", "example.com"} {
			if strings.Contains(text, not) {
				t.Errorf("the proof says %q", not)
			}
		}
		if !strings.Contains(text, p.ID) || !strings.Contains(text, "9 March 2026") || p.Backups.Sub(p.At).Hours() != 7*24 {
			t.Error(text)
		}
		if _, err := gate.Ask[gate.Operate](t.Context(), h.Keep.Gate, housetest.Staff(ada)); err == nil {
			t.Error("somebody is still there")
		}
	})
	left := rights.EraseProof(gate.Certificate{Left: 2, At: clock.Instant(1)})
	if !strings.Contains(strings.Join(strings.Fields(left.Text()), " "), "somebody else's") {
		t.Error("what was left alone is not named")
	}
}
