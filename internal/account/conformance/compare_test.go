package conformance_test

import (
	"bytes"
	"context"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/heed-platform/heed/internal/account/conformance"
	"github.com/heed-platform/heed/internal/account/housetest"
	"github.com/heed-platform/heed/internal/clock"
	"github.com/heed-platform/heed/internal/fact"
	"github.com/heed-platform/heed/internal/keep"
	"github.com/heed-platform/heed/internal/keep/gate"
	"github.com/heed-platform/heed/internal/know/profile"
	"github.com/heed-platform/heed/internal/line"
	"github.com/heed-platform/heed/internal/person"
	"github.com/heed-platform/heed/internal/policy"
	"github.com/heed-platform/heed/internal/policy/define"
)

var auditor = conformance.Asking{By: "ada", Role: "auditor", Why: "the yearly check"}

const letters = "marketing.communications.email"

// given is one person who gave an address under the letter's promise and said
// yes, and one letter to them.
func given(t *testing.T, h *housetest.House) {
	t.Helper()
	h.Hears("server", housetest.Event{
		"type": "identify", "userId": "ada", "context": map[string]any{"notice": "newsletter@2"},
		"traits": map[string]any{"email": "ada@example.com", "first_name": "Ada", "country": "DE", "birthday": "1980-01-01"},
	})
	h.Says(housetest.Subject("user_id", "ada"), fact.Grant{Purpose: letters, Status: fact.Granted, Notice: "newsletter@2"})
	send(t, h)
}

func send(t *testing.T, h *housetest.House) {
	t.Helper()
	pass, err := gate.Ask[gate.Contact](t.Context(), h.Keep.Gate, gate.Asking{
		Subject: housetest.Subject("user_id", "ada"), Purpose: letters, Channel: "email", Recipient: "mail-relay",
	})
	if err != nil {
		t.Fatal(err)
	}
	view, err := gate.See(pass)
	if err != nil {
		t.Fatal(err)
	}
	_, err = gate.Clear(t.Context(), view, gate.Draft{
		To: "email", Fields: []string{"traits.first_name"}, Recipient: "mail-relay", Country: "DE", Protection: "tls",
	})
	if err != nil {
		t.Fatal(err)
	}
	h.Clock.Advance(time.Second)
}

// TestCompare_whatWasPromisedThen: a letter that was allowed when it left stays
// so, whatever the person says afterwards.
func TestCompare_whatWasPromisedThen(t *testing.T) {
	t.Parallel()
	housetest.On(t, func(t *testing.T, h *housetest.House) {
		t.Helper()
		given(t, h)
		h.Says(housetest.Subject("user_id", "ada"), fact.Grant{Purpose: letters, Status: fact.Withdrawn})
		r, err := conformance.Compare(t.Context(), h.Keep.Gate, auditor, always(h.Rules))
		if err != nil {
			t.Fatal(err)
		}
		if r.Disclosures != 1 || len(r.Exceptions) != 0 || len(r.Uses) != 2 {
			t.Fatalf("%+v", r)
		}
		for _, u := range r.Uses {
			if u.Promise != "newsletter@2" || u.Count != 1 || u.Purpose != letters || u.Recipient != "mail-relay" {
				t.Errorf("%+v", u)
			}
		}
	})
}

// TestCompare_findsWhatWasNeverPromised is the control: judged by rules under
// which the name was never promised for letters, the same letter is an exception,
// and only for its name; without any promise, or before any rules, as a whole.
func TestCompare_findsWhatWasNeverPromised(t *testing.T) {
	t.Parallel()
	h := housetest.New(t, "sqlite", "")
	given(t, h)
	without := func(gone string) *policy.Rules {
		defs := h.Workspace.Policy()
		defs.Forms = nil // what they ask is held against the notices
		defs.Notices = append([]define.Notice(nil), defs.Notices...)
		for i, n := range defs.Notices {
			var covers []define.Cover
			for _, c := range n.Covers {
				if c.Category != gone {
					covers = append(covers, c)
				}
			}
			defs.Notices[i].Covers = covers
		}
		rules, err := policy.Compile(defs)
		if err != nil {
			t.Fatal(err)
		}
		return rules
	}
	tests := []struct {
		name        string
		rules       *policy.Rules
		field, code string
		uses        int
	}{
		{"the name", without("user.name"), "traits.first_name", policy.CodeNotCovered, 1},
		{"the address", without("user.contact.email"), "traits.email", policy.CodeNotCovered, 1},
		{"no rules at all", nil, "", "no_rules", 0},
	}
	for _, test := range tests {
		r, err := conformance.Compare(t.Context(), h.Keep.Gate, auditor, always(test.rules))
		if err != nil {
			t.Fatal(err)
		}
		if len(r.Exceptions) != 1 || r.Exceptions[0].Field != test.field || r.Exceptions[0].Code != test.code || len(r.Uses) != test.uses {
			t.Errorf("%s: %+v", test.name, r)
			continue
		}
		var text, table bytes.Buffer
		if err := r.Text(&text); err != nil || !strings.Contains(text.String(), "should not have") {
			t.Errorf("%v\n%s", err, &text)
		}
		if err := r.CSV(&table); err != nil || !strings.Contains(table.String(), "exception,"+letters) || strings.Contains(table.String(), "ada@example") {
			t.Errorf("%v\n%s", err, &table)
		}
	}
}

// TestCompare_manyAtOnce: many more reports than there are connections come to
// judging side by side, because none of them holds one while it judges.
func TestCompare_manyAtOnce(t *testing.T) {
	t.Parallel()
	housetest.On(t, func(t *testing.T, h *housetest.House) {
		t.Helper()
		given(t, h)
		ctx, stop := context.WithTimeout(t.Context(), 20*time.Second)
		defer stop()
		const reports = 48
		var here atomic.Int64
		everybody := make(chan struct{})
		meet := func(clock.Instant) (*policy.Rules, error) {
			if here.Add(1) == reports {
				close(everybody)
			}
			select {
			case <-everybody:
				return h.Rules, nil
			case <-ctx.Done():
				return nil, ctx.Err()
			}
		}
		var all sync.WaitGroup
		for range reports {
			all.Go(func() {
				if r, err := conformance.Compare(ctx, h.Keep.Gate, auditor, meet); err != nil || r.Disclosures != 1 {
					t.Errorf("%d disclosures, %v", r.Disclosures, err)
				}
			})
		}
		all.Wait()
	})
}

// TestCompare_noYesThen: a yes that came later excuses nothing earlier.
func TestCompare_noYesThen(t *testing.T) {
	t.Parallel()
	h := housetest.New(t, "sqlite", "")
	given(t, h)
	h.Says(housetest.Subject("user_id", "ada"), fact.Grant{Purpose: letters, Status: fact.Withdrawn})
	h.Says(housetest.Subject("user_id", "ada"), fact.Grant{Purpose: letters, Status: fact.Granted, Notice: "newsletter@2"})
	send(t, h)
	pass, err := gate.Ask[gate.Operate](t.Context(), h.Keep.Gate, housetest.Staff(housetest.Subject("user_id", "ada")))
	if err != nil {
		t.Fatal(err)
	}
	d, err := gate.Inspect(t.Context(), pass)
	if err != nil {
		t.Fatal(err)
	}
	// Put back to a moment between no and yes, the second letter could not go.
	var no, sent gate.Line
	for _, l := range d.History() {
		switch l.Kind {
		case fact.KindGrant:
			if g, err := fact.ParseGrant(l.Payload); err == nil && g.Status == fact.Withdrawn {
				no = l
			}
		case fact.KindDisclosure:
			sent = l
		default: // nothing else is in question here
		}
	}
	question := policy.Question{Use: policy.Contact, Purpose: letters, Channel: "email", Recipient: "mail-relay", Now: sent.Received}
	for _, test := range []struct {
		before gate.Line
		want   policy.Verdict
	}{{sent, policy.Allow}, {gate.Line{Fragment: no.Fragment, N: no.N + 1, Received: no.Received}, policy.Deny}} {
		then, err := d.Before(t.Context(), test.before, h.Rules, profile.ApplyFact)
		if err != nil {
			t.Fatal(err)
		}
		if got, _ := then.Answer(question); got.Verdict != test.want {
			t.Errorf("before %d: %s, %s", test.before.N, got.Verdict, got.Code)
		}
	}
}

func always(r *policy.Rules) conformance.RulesAt {
	return func(clock.Instant) (*policy.Rules, error) { return r, nil }
}

// TestCompare_emptied: a letter of which retention has emptied the grounds is no
// exception, and is not passed over in silence.
func TestCompare_emptied(t *testing.T) {
	t.Parallel()
	h := housetest.New(t, "sqlite", "")
	given(t, h)
	frag, err := h.Keep.Vault().Find(t.Context(), person.Ident(person.UserID, "ada"))
	if err != nil {
		t.Fatal(err)
	}
	_, err = h.Keep.Vault().Drop(t.Context(), h.Keep.Writer, frag, line.Folding(h.Keep, func(*fact.Event) {}),
		func(l keep.Fact) bool { return l.Kind == fact.KindEvent }, keep.AuditEntry{})
	if err != nil {
		t.Fatal(err)
	}
	r, err := conformance.Compare(t.Context(), h.Keep.Gate, auditor, always(nil))
	if err != nil || len(r.Exceptions) != 0 || r.Unjudged != 1 || r.Disclosures != 1 {
		t.Errorf("%+v, %v", r, err)
	}
}
