package ledger_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/heed-platform/heed/internal/account/housetest"
	"github.com/heed-platform/heed/internal/account/ledger"
	"github.com/heed-platform/heed/internal/fact"
	"github.com/heed-platform/heed/internal/keep"
	"github.com/heed-platform/heed/internal/keep/gate"
	"github.com/heed-platform/heed/internal/person"
)

var asking = gate.Asking{By: "test", Role: "admin", Why: "a test exports"}

// lines exports and reads the lines back.
func lines(t *testing.T, h *housetest.House, what string) []map[string]any {
	t.Helper()
	var out bytes.Buffer
	n, err := ledger.Export(t.Context(), h.Keep.Gate, what, asking, &out)
	if err != nil {
		t.Fatal(err)
	}
	var all []map[string]any
	for line := range strings.Lines(out.String()) {
		var v map[string]any
		if err := json.Unmarshal([]byte(line), &v); err != nil {
			t.Fatal(err)
		}
		all = append(all, v)
	}
	if n != len(all) {
		t.Fatalf("it says %d lines and wrote %d", n, len(all))
	}
	return all
}

// identified lists each person's identifiers as one text, sorted.
func identified(people []map[string]any) []string {
	out := make([]string, 0, len(people))
	for _, p := range people {
		var ids []string
		list, ok := p["identifiers"].([]any)
		if !ok {
			ids = append(ids, "no list")
		}
		for _, id := range list {
			if v, ok := id.(map[string]any); ok {
				ids = append(ids, fmt.Sprintf("%s:%s", v["ns"], v["value"]))
			}
		}
		slices.Sort(ids)
		out = append(out, strings.Join(ids, " "))
	}
	slices.Sort(out)
	return out
}

// TestExport_people: everybody once, however they came to be known.
func TestExport_people(t *testing.T) {
	t.Parallel()
	housetest.On(t, func(t *testing.T, h *housetest.House) {
		h.Hears("server",
			housetest.Event{"type": "identify", "userId": "ada", "anonymousId": "phone", "traits": map[string]any{"email": "Ada@Example.com"}},
			housetest.Event{"type": "identify", "userId": "ada", "anonymousId": "tablet"},
			housetest.Event{"type": "identify", "userId": "bea", "anonymousId": "tablet"}, // so nobody owns the tablet
			housetest.Event{"type": "track", "anonymousId": "stranger", "event": "Product Viewed"},
			housetest.Event{"type": "identify", "userId": "gone", "traits": map[string]any{"email": "gone@example.com"}},
		)
		h.Hears("web", housetest.Event{"type": "identify", "userId": "carl", "anonymousId": "laptop"}) // a claim
		h.Erase(housetest.Subject(person.UserID, "gone"))
		// A node that died between the two stores leaves a name without a fact.
		_, err := h.Keep.Vault().Admit(t.Context(), []keep.Name{{Identifier: person.Ident(person.UserID, "orphan")}}, nil)
		if err != nil {
			t.Fatal(err)
		}
		people := lines(t, h, ledger.People)
		want := []string{
			"anonymous_id:laptop user_id:carl", "anonymous_id:phone email:ada@example.com user_id:ada", "anonymous_id:stranger",
			"anonymous_id:tablet", "user_id:bea",
		}
		if diff := cmp.Diff(want, identified(people)); diff != "" {
			t.Fatal(diff)
		}
		refs := map[any]bool{}
		for _, p := range people {
			if len(p) != 2 || refs[p["person"]] {
				t.Errorf("%v", p)
			}
			refs[p["person"]] = true
		}
	})
}

// TestExport_pages: people who lie across many pages are still there once.
func TestExport_pages(t *testing.T) {
	t.Parallel()
	housetest.On(t, func(t *testing.T, h *housetest.House) {
		const n = 450
		var first, second []housetest.Event
		for i := range n {
			first = append(first, housetest.Event{"type": "track", "anonymousId": fmt.Sprintf("b-%d", i), "event": "Product Viewed"})
			second = append(second, housetest.Event{"type": "identify", "userId": fmt.Sprintf("u-%d", i), "anonymousId": fmt.Sprintf("b-%d", (i*7)%n)})
		}
		h.Hears("server", first...)
		h.Hears("server", second...)
		got := identified(lines(t, h, ledger.People))
		if len(got) != n || len(slices.Compact(got)) != n || strings.Count(strings.Join(got, " "), "anonymous_id") != n {
			t.Fatalf("%d people", len(got))
		}
	})
}

// TestExport_events: each once, with what was sent and whose it is.
func TestExport_events(t *testing.T) {
	t.Parallel()
	housetest.On(t, func(t *testing.T, h *housetest.House) {
		h.Hears("server",
			housetest.Event{"type": "identify", "messageId": "m1", "userId": "ada", "anonymousId": "phone", "traits": map[string]any{"a": json.Number("1.10"), "b": "<&>"}},
			housetest.Event{"type": "track", "messageId": "m2", "anonymousId": "phone", "event": "Product Viewed", "properties": map[string]any{"n": json.Number("12345678901234567890")}},
		)
		all := lines(t, h, ledger.Events)
		if len(all) != 2 || all[0]["person"] != all[1]["person"] {
			t.Fatalf("%v", all)
		}
		slices.SortFunc(all, func(a, b map[string]any) int {
			return strings.Compare(fmt.Sprint(a["messageId"]), fmt.Sprint(b["messageId"]))
		})
		if all[0]["messageId"] != "m1" || all[1]["event"] != "Product Viewed" || all[1]["type"] != "track" || all[1]["source"] != "server" {
			t.Errorf("%v", all)
		}
		var out bytes.Buffer
		if _, err := ledger.Export(t.Context(), h.Keep.Gate, ledger.Events, asking, &out); err != nil {
			t.Fatal(err)
		}
		for _, as := range []string{`"a":1.10`, `"b":"\u003c\u0026\u003e"`, `"n":12345678901234567890`} {
			if !strings.Contains(out.String(), as) {
				t.Errorf("not as it was sent: %s", as)
			}
		}
	})
}

// TestExport_onTheRecordFirst: who exported, what and why, before the first line;
// and a writer that fails is on the record with how far it came.
func TestExport_onTheRecordFirst(t *testing.T) {
	t.Parallel()
	housetest.On(t, func(t *testing.T, h *housetest.House) {
		h.Hears("server", housetest.Event{"type": "track", "userId": "ada", "event": "Product Viewed"})
		full := errors.New("the disk is full")
		_, err := ledger.Export(t.Context(), h.Keep.Gate, ledger.People, asking, refuser{func() error {
			if got := told(t, h, "export.people"); len(got) != 1 || got[0].By != "admin:test" || !strings.Contains(got[0].Ref, asking.Why) {
				t.Errorf("when the first line came the chain said %+v", got)
			}
			return full
		}})
		if !errors.Is(err, full) {
			t.Fatalf("%v", err)
		}
		if got := told(t, h, "export.people"); len(got) != 2 || got[1].Ref != "1 people" {
			t.Errorf("%+v", got)
		}
		if _, err := ledger.Export(t.Context(), h.Keep.Gate, ledger.People, gate.Asking{By: "test", Role: "admin"}, &bytes.Buffer{}); err == nil {
			t.Error("no reason was needed")
		}
		if _, err := ledger.Export(t.Context(), h.Keep.Gate, "secrets", asking, &bytes.Buffer{}); err == nil {
			t.Error("anything can be exported")
		}
	})
}

// refuser fails each write after it has looked.
type refuser struct{ look func() error }

func (r refuser) Write(p []byte) (int, error) { return len(p), r.look() }

// told lists the audit entries of a kind, in order.
func told(t *testing.T, h *housetest.House, what string) []keep.AuditEntry {
	t.Helper()
	type dated struct {
		keep.AuditEntry

		at int64
	}
	var out []dated
	err := h.Keep.Vault().Data().Read(t.Context(), func(r keep.Reader) error {
		writers, err := r.Writers(t.Context())
		for _, w := range writers {
			for a, err := range r.Audits(t.Context(), w, 1) {
				if err != nil {
					return err
				}
				var e keep.AuditEntry
				if err := json.Unmarshal(a.Body, &e); err != nil {
					return err
				}
				if e.What == what {
					out = append(out, dated{e, int64(a.At)})
				}
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.SortStableFunc(out, func(a, b dated) int { return int(a.at - b.at) })
	entries := make([]keep.AuditEntry, len(out))
	for i, e := range out {
		entries[i] = e.AuditEntry
	}
	return entries
}

// TestExport_disclosures: what left, and what became of it, also when the person
// has changed anchor in between.
func TestExport_disclosures(t *testing.T) {
	t.Parallel()
	housetest.On(t, func(t *testing.T, h *housetest.House) {
		given(h)
		if _, _, err := handOver(t, h, "marketing.communications.email", "mail-relay", ""); err != nil {
			t.Fatal(err)
		}
		all := lines(t, h, ledger.Disclosures)
		if len(all) != 1 {
			t.Fatalf("%v", all)
		}
		d := all[0]
		for field, want := range map[string]any{
			"recipient": "mail-relay", "country": "DE", "purpose": "marketing.communications.email", "channel": "email", "outcome": "sent", "protection": "file",
		} {
			if d[field] != want {
				t.Errorf("%s is %v, want %v", field, d[field], want)
			}
		}
		if fields := fmt.Sprint(d["fields"]); !strings.Contains(fields, "traits.email") || strings.Contains(fields, "phone") {
			t.Errorf("fields %s", fields)
		}
	})
}

// given are a person who said yes to letters, one who said no, and one who only
// gave a phone number for a card.
func given(h *housetest.House) {
	for _, who := range []string{"yes", "no"} {
		h.Hears("server", housetest.Event{
			"type": "identify", "userId": who, "context": map[string]any{"notice": "newsletter@2"},
			"traits": map[string]any{"email": who + "@example.com", "country": "DE", "birthday": "1980-01-01"},
		})
	}
	h.Hears("card-desk", housetest.Event{
		"type": "identify", "userId": "yes", "traits": map[string]any{"phone": "+4930111"}, "context": map[string]any{"notice": "membership@3"},
	}, housetest.Event{
		"type": "identify", "userId": "card", "traits": map[string]any{"phone": "+4930222", "country": "DE"}, "context": map[string]any{"notice": "membership@3"},
	})
	grant := fact.Grant{Purpose: "marketing.communications.email", Channel: "email", Notice: "newsletter@2", Method: "form", Evidence: "box"}
	grant.Status = fact.Granted
	h.Says(housetest.Subject(person.UserID, "yes"), grant)
	grant.Status = fact.Denied
	h.Says(housetest.Subject(person.UserID, "no"), grant)
}

func handOver(t *testing.T, h *housetest.House, purpose, to, channel string) (people []map[string]any, stopped map[string]gate.Stopped, err error) {
	t.Helper()
	a := asking
	a.Purpose, a.Recipient, a.Channel = purpose, to, channel
	var out bytes.Buffer
	_, stopped, err = ledger.ExportFor(t.Context(), h.Keep.Gate, a, &out)
	for line := range strings.Lines(out.String()) {
		var v map[string]any
		if err := json.Unmarshal([]byte(line), &v); err != nil {
			t.Fatal(err)
		}
		people = append(people, v)
	}
	return people, stopped, err
}

// TestExportFor: only those whom the purpose may hand over, only what it may,
// and each of them disclosed.
func TestExportFor(t *testing.T) {
	t.Parallel()
	housetest.On(t, func(t *testing.T, h *housetest.House) {
		given(h)
		people, stopped, err := handOver(t, h, "marketing.communications.email", "mail-relay", "")
		if err != nil {
			t.Fatal(err)
		}
		if len(people) != 1 || !strings.Contains(fmt.Sprint(people[0]), "yes@example.com") || strings.Contains(fmt.Sprint(people[0]), "4930") {
			t.Fatalf("%v", people)
		}
		codes := map[string]int{}
		for _, s := range stopped {
			codes[s.Ruling.Code] += s.People
		}
		if diff := cmp.Diff(map[string]int{"denied": 1, "no_grant": 1}, codes); diff != "" {
			t.Error(diff)
		}
		got := h.Inspect(housetest.Subject(person.UserID, "yes"))
		book, err := ledger.Read(got)
		if err != nil || len(book.Disclosures) != 1 || book.Disclosures[0].Status() != "sent" {
			t.Fatalf("%v %+v", err, book.Disclosures)
		}
		if n := len(got.Profile().Contacted); n != 0 {
			t.Errorf("an export counts as %d messages", n)
		}
	})
}

// TestExportFor_disclosedFirst: when a person's line is written, the ledger knows
// of it already.
func TestExportFor_disclosedFirst(t *testing.T) {
	t.Parallel()
	housetest.On(t, func(t *testing.T, h *housetest.House) {
		given(h)
		a := asking
		a.Purpose, a.Recipient = "marketing.communications.email", "mail-relay"
		n := 0
		_, _, err := ledger.ExportFor(t.Context(), h.Keep.Gate, a, refuser{func() error {
			n++
			book, err := ledger.Read(h.Inspect(housetest.Subject(person.UserID, "yes")))
			if err != nil || len(book.Disclosures) != 1 || book.Disclosures[0].Status() != "unknown" {
				t.Errorf("%v %+v", err, book.Disclosures)
			}
			return nil
		}})
		if err != nil || n != 1 {
			t.Fatalf("%d lines, %v", n, err)
		}
	})
}

// TestExportFor_refuses: the phone number that was for the card leaves under no
// purpose but its own, whatever is asked.
func TestExportFor_refuses(t *testing.T) {
	t.Parallel()
	housetest.On(t, func(t *testing.T, h *housetest.House) {
		given(h)
		for _, test := range []struct{ purpose, to, channel string }{
			{"marketing.communications.sms", "text-carrier", ""},
			{"marketing.communications.sms", "text-carrier", "sms"},
			{"marketing.communications.sms", "text-carrier", "email"},
			{"marketing.communications.email", "text-carrier", ""},
			{"marketing.communications.email", "nobody", ""},
			{"marketing.communications.email", "", ""},
			{"third_party_sharing", "style-partner", "webhook"},
			{"marketing.advertising.third_party.targeted", "ad-network", ""},
			{"no.such.purpose", "mail-relay", ""},
		} {
			people, stopped, err := handOver(t, h, test.purpose, test.to, test.channel)
			if err != nil {
				t.Errorf("%+v: %v", test, err)
			}
			if strings.Contains(fmt.Sprint(people), "4930") {
				t.Errorf("%+v handed over %v", test, people)
			}
			if len(people) == 0 && len(stopped) == 0 {
				t.Errorf("%+v: nobody is counted", test)
			}
		}
		// What it was given for.
		people, _, err := handOver(t, h, "essential.service.notifications.sms", "text-carrier", "")
		if err != nil || len(people) != 2 || !strings.Contains(fmt.Sprint(people), "4930222") {
			t.Errorf("%v %v", people, err)
		}
		if _, _, err := handOver(t, h, "essential.service.operations.support", "mail-relay", ""); err == nil {
			t.Error("all channels at once")
		}
	})
}

// TestExportFor_whatBecameOfIt: a reader that goes away leaves a ledger that
// says so.
func TestExportFor_whatBecameOfIt(t *testing.T) {
	t.Parallel()
	housetest.On(t, func(t *testing.T, h *housetest.House) {
		for i := range 3 {
			user := fmt.Sprintf("u-%d", i)
			h.Hears("server", housetest.Event{
				"type": "identify", "userId": user, "context": map[string]any{"notice": "newsletter@2"},
				"traits": map[string]any{"email": user + "@example.com", "country": "DE"},
			})
			h.Says(housetest.Subject(person.UserID, user), fact.Grant{
				Purpose: "marketing.communications.email", Status: fact.Granted, Notice: "newsletter@2", Method: "form", Evidence: "box",
			})
		}
		a := asking
		a.Purpose, a.Recipient = "marketing.communications.email", "mail-relay"
		gone, n := errors.New("the reader has gone"), 0
		_, _, err := ledger.ExportFor(t.Context(), h.Keep.Gate, a, refuser{func() error {
			if n++; n == 2 {
				return gone
			}
			return nil
		}})
		if !errors.Is(err, gone) {
			t.Fatal(err)
		}
		var became []string
		for _, d := range lines(t, h, ledger.Disclosures) {
			became = append(became, fmt.Sprint(d["outcome"]))
		}
		slices.Sort(became)
		if diff := cmp.Diff([]string{"failed", "sent", "unknown"}, became); diff != "" {
			t.Error(diff)
		}
	})
}

// TestExport_erasedMeanwhile: whoever was erased while an export runs is in no
// line after that, nor is anything of theirs disclosed.
func TestExport_erasedMeanwhile(t *testing.T) {
	t.Parallel()
	housetest.On(t, func(t *testing.T, h *housetest.House) {
		for i := range 8 {
			h.Hears("server", housetest.Event{
				"type": "identify", "userId": fmt.Sprintf("u-%d", i), "anonymousId": fmt.Sprintf("b-%d", i),
				"traits": map[string]any{"firstName": "Ada"}, "context": map[string]any{"notice": "order@1"},
			})
		}
		erased, met := "", 0
		err := gate.ExportAll(t.Context(), h.Keep.Gate, "people", asking, func(d gate.Dossier) error {
			met++
			user := d.Profile().Identifiers[0].Value.Reveal()
			if user == erased {
				t.Errorf("%s was erased and is handed out", user)
			}
			if met == 2 { // the next one is on the page already
				erased = fmt.Sprintf("u-%d", 7)
				h.Erase(housetest.Subject(person.UserID, erased))
			}
			return d.Facts(t.Context(), func(gate.Line) error { return nil })
		})
		if err != nil || met != 7 {
			t.Fatalf("%d people, %v", met, err)
		}
		a := asking
		a.Purpose, a.Recipient = "essential.service.payment_processing", "payment-house"
		met = 0
		_, err = gate.ExportFor(t.Context(), h.Keep.Gate, a, func(_ gate.View[gate.Share]) error {
			met++
			if met == 1 {
				h.Erase(housetest.Subject(person.UserID, "u-3")) // disclosed already: it may have left
			}
			return nil
		})
		if err != nil || met != 7 {
			t.Fatalf("%d people, %v", met, err)
		}
		if got := lines(t, h, ledger.Disclosures); len(got) != 6 {
			t.Errorf("%d disclosures", len(got))
		}
	})
}
