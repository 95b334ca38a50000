package gate_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/heed-platform/heed/internal/fact"
	"github.com/heed-platform/heed/internal/keep/gate"
	house "github.com/heed-platform/heed/internal/line/linetest"
	"github.com/heed-platform/heed/internal/person"
	"github.com/heed-platform/heed/internal/policy"
)

// What nobody gave opens nothing, whoever holds it.
func TestGate_zeroValuesOpenNothing(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	void := func(what string, err error) {
		t.Helper()
		if house.Code(err) != "pass_void" {
			t.Errorf("%s: %v", what, err)
		}
	}
	_, err := gate.See(gate.Pass[gate.Contact]{})
	void("a pass", err)
	_, err = gate.Clear(ctx, gate.View[gate.Contact]{}, house.Letter("d"))
	void("a view to write from", err)
	_, err = gate.HandOver(ctx, gate.View[gate.Share]{}, house.Letter("d"))
	void("a view to hand over", err)
	_, err = gate.Release(ctx, gate.Pass[gate.Honor]{})
	void("a pass to the person's own", err)
	_, err = gate.Inspect(ctx, gate.Pass[gate.Operate]{})
	void("a pass of staff", err)
	_, err = gate.Erase(ctx, gate.Pass[gate.Honor]{})
	void("a pass to erase", err)
	_, err = gate.Split(ctx, gate.Pass[gate.Operate]{}, house.User("a"), gate.Subject{}, nil)
	void("a pass to split", err)
	_, err = gate.Cleared{}.Open()
	void("a letter", err)
	_, err = gate.Handed{}.Open()
	void("a payload", err)
	void("a dossier's facts", gate.Dossier{}.Facts(ctx, nil))

	var v gate.View[gate.Personalize]
	if name, ok := v.Trait("email"); ok || !name.IsZero() || !v.Ref().IsZero() || v.Withheld() != nil {
		t.Error("a view shows somebody")
	}
	hidesAll(t, v.Sight())
	var a gate.Audience[gate.Contact]
	for range a.Members() {
		t.Error("an audience has members")
	}
	if a.Size().String() != "fewer than 10" || a.Withheld() != nil {
		t.Errorf("an audience counts %s", a.Size())
	}
	var d gate.Dossier
	if r, fields := d.Answer(policy.Question{}); r.Verdict != policy.Deny || fields != nil || len(d.Profile().Attributes) != 0 || d.History() != nil {
		t.Error("a dossier holds something")
	}
}

// hidesAll checks that nothing can be concluded from a sight, not even that
// something was never given.
func hidesAll(t *testing.T, s fact.Sight) {
	t.Helper()
	for _, root := range []string{"traits", "events", "purchases", "spend", "memberships", "identifiers"} {
		if s.Withheld[root] == "" {
			t.Errorf("%s is not withheld", root)
		}
	}
	p := s.Profile
	if len(p.Attributes)+len(p.Identifiers)+len(p.Counters)+len(p.Purchases)+len(p.Spends)+len(p.Grants) != 0 || !p.Ref.IsZero() {
		t.Errorf("the sight shows %+v", p)
	}
}

// A pass holds for a minute from when it was given, on either side of it: a clock
// that was put back does not prolong it. What it shows afterwards is nothing.
func TestGate_passesRunOut(t *testing.T) {
	t.Parallel()
	h := house.Open(t, t.TempDir(), "")
	h.Member("ada")
	for _, tt := range []struct {
		by   time.Duration
		open bool
	}{{0, true}, {time.Minute, true}, {time.Minute + time.Microsecond, false}, {-time.Second, true}, {-time.Hour, false}, {10 * 365 * 24 * time.Hour, false}} {
		h.Clock.Set(house.Noon)
		pass, err := gate.Ask[gate.Contact](t.Context(), h.Keep.Gate, house.Writing(house.User("ada")))
		if err != nil {
			t.Fatal(err)
		}
		v, err := gate.See(pass)
		if err != nil {
			t.Fatal(err)
		}
		h.Clock.Advance(tt.by)
		if _, shown := v.Trait("first_name"); shown != tt.open {
			t.Errorf("after %s the view is open: %v", tt.by, shown)
		}
		if !tt.open {
			hidesAll(t, v.Sight())
		}
		if _, err := gate.See(pass); (err == nil) != tt.open {
			t.Errorf("after %s the pass answers %v", tt.by, err)
		}
		if _, err := gate.Clear(t.Context(), v, house.Letter("d")); (err == nil) != tt.open {
			t.Errorf("after %s a letter leaves: %v", tt.by, err)
		}
	}
}

// One pass lets one letter leave.
func TestGate_passesAreUsedUp(t *testing.T) {
	t.Parallel()
	h := house.Open(t, t.TempDir(), "")
	h.Member("ada")
	pass, err := gate.Ask[gate.Contact](t.Context(), h.Keep.Gate, house.Writing(house.User("ada")))
	if err != nil {
		t.Fatal(err)
	}
	for n, want := range []string{"", "pass_void"} {
		v, err := gate.See(pass)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := gate.Clear(t.Context(), v, house.Letter("d")); house.Code(err) != want {
			t.Errorf("letter %d: %v", n+1, err)
		}
	}
	if got := h.Disclosures(house.User("ada")); len(got) != 1 {
		t.Errorf("%d disclosures", len(got))
	}
}

// Views for looking have no exit.
func TestGate_looksLetNothingLeave(t *testing.T) {
	t.Parallel()
	h := house.Open(t, t.TempDir(), "")
	h.Member("ada")
	var views []gate.View[gate.Contact]
	if err := gate.Each(t.Context(), h.Keep.Gate, house.Writing(gate.Subject{}), func(v gate.View[gate.Contact], _ policy.Ruling) error {
		views = append(views, v)
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	v, err := gate.Consider[gate.Contact](h.Keep.Gate, h.Inspect(house.User("ada")).Profile(), house.Writing(gate.Subject{}))
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range append(views, v) {
		if _, err := gate.Clear(t.Context(), v, house.Letter("d")); house.Code(err) != "pass_void" {
			t.Errorf("a letter left on a look: %v", err)
		}
	}
}

// Before a workspace is applied nothing is allowed to anybody.
func TestGate_deniesWithoutRules(t *testing.T) {
	t.Parallel()
	h := house.Open(t, t.TempDir(), "")
	h.Member("ada")
	ada := h.Inspect(house.User("ada")).Profile()
	h.Keep.Gate.Adopt(nil)
	ctx, g := t.Context(), h.Keep.Gate
	refused := func(what string, err error) {
		t.Helper()
		if house.Code(err) != "no_rules" {
			t.Errorf("%s: %v", what, err)
		}
	}
	_, err := gate.Ask[gate.Contact](ctx, g, house.Writing(house.User("ada")))
	refused("contact", err)
	_, err = gate.Ask[gate.Honor](ctx, g, house.Self(house.User("ada")))
	refused("honor", err)
	_, err = gate.Ask[gate.Operate](ctx, g, house.Clerk(house.User("ada")))
	refused("operate", err)
	_, err = gate.AskMany[gate.Contact](ctx, g, house.Writing(gate.Subject{}), house.Everybody{})
	refused("many", err)
	refused("each", gate.Each(ctx, g, house.Writing(gate.Subject{}), func(gate.View[gate.Contact], policy.Ruling) error {
		t.Error("somebody was handed out")
		return nil
	}))
	refused("export", gate.ExportAll(ctx, g, "people", house.Clerk(gate.Subject{}), func(gate.Dossier) error {
		t.Error("somebody was handed out")
		return nil
	}))
	v, err := gate.Consider[gate.Personalize](g, ada, gate.Asking{Purpose: house.Choosing})
	refused("consider", err)
	hidesAll(t, v.Sight())
}

// What is unknown or unclear is refused by name and is never an answer.
func TestGate_refusesWhatItDoesNotUnderstand(t *testing.T) {
	t.Parallel()
	h := house.Open(t, t.TempDir(), "")
	h.Member("ada")
	ctx := t.Context()
	for name, change := range map[string]struct {
		draft func(*gate.Draft)
		want  string
	}{
		"another recipient than was asked about": {func(d *gate.Draft) { d.Recipient = "text-carrier" }, "recipient_not_asked"},
		"no recipient":                           {func(d *gate.Draft) { d.Recipient = "" }, "recipient_not_asked"},
		"a field that nobody knows":              {func(d *gate.Draft) { d.Fields = append(d.Fields, "secrets.all") }, "field_unknown"},
		"an empty field":                         {func(d *gate.Draft) { d.Fields = append(d.Fields, "") }, "field_unknown"},
		"all traits at once":                     {func(d *gate.Draft) { d.Fields = []string{"traits"} }, "category_unknown"},
		"a part of a withheld trait":             {func(d *gate.Draft) { d.Fields = []string{"traits.mood.today"} }, "category_unknown"},
		"an address that was never given":        {func(d *gate.Draft) { d.To = "fax" }, "no_address"},
	} {
		h.Tell(house.Server(house.Promise), `{"type":"identify","userId":"ada","traits":{"mood":{"today":"well"}}}`)
		d := house.Letter("d")
		change.draft(&d)
		if _, err := h.Write(ctx, house.User("ada"), d); house.Code(err) != change.want {
			t.Errorf("%s: %v, want %s", name, house.Code(err), change.want)
		}
	}
	if got := h.Disclosures(house.User("ada")); len(got) != 0 {
		t.Errorf("%d letters left", len(got))
	}
	for name, st := range map[string]gate.Statement{
		"no status":             {Grants: []fact.Grant{{Purpose: house.Letters}}},
		"a status of tomorrow":  {Grants: []fact.Grant{{Purpose: house.Letters, Status: 9}}},
		"a yes to everything":   {Grants: []fact.Grant{{Status: fact.Granted}}},
		"one good and one none": {Grants: []fact.Grant{h.Said(fact.Withdrawn), {}}},
	} {
		if _, err := gate.Declare(ctx, h.Keep.Gate, house.User("ada"), st); err == nil || errors.Is(err, gate.ErrNobody) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, s := range []gate.Subject{{}, gate.ByFragment(99_999), gate.ByRef(person.RefOf([16]byte{9})), house.User("nobody"), house.User("")} {
		if _, err := gate.Ask[gate.Operate](ctx, h.Keep.Gate, house.Clerk(s)); !errors.Is(err, gate.ErrNobody) {
			t.Errorf("a subject that is nobody: %v", err)
		}
	}
	for _, a := range []gate.Asking{
		{Subject: house.User("ada"), Purpose: house.Support, Role: "operator", Why: "why"},
		{Subject: house.User("ada"), Purpose: house.Support, By: "test", Why: "why"},
		{Subject: house.User("ada"), Purpose: house.Support, By: "test", Role: "operator"},
	} {
		if _, err := gate.Ask[gate.Operate](ctx, h.Keep.Gate, a); house.Code(err) != "no_reason" {
			t.Errorf("staff without a reason: %v", err)
		}
	}
}

// A class that a sender made up does not get round the caps.
func TestClear_theGateSaysWhatIsMarketing(t *testing.T) {
	t.Parallel()
	h := house.Open(t, t.TempDir(), "")
	h.Member("ada")
	d := house.Letter("d")
	d.Class = "service"
	if _, err := h.Write(t.Context(), house.User("ada"), d); err != nil {
		t.Fatal(err)
	}
	if got := h.Disclosures(house.User("ada")); len(got) != 1 || got[0].Class != "marketing" {
		t.Errorf("%+v", got)
	}
	if c := h.Inspect(house.User("ada")).Profile().Contacted; len(c) != 1 || c[0].Class != "marketing" {
		t.Errorf("caps count %+v", c)
	}
}

// Small numbers are not shown, by whichever way; who is only counted is not
// named.
func TestAskMany_showsNoSmallNumbers(t *testing.T) {
	t.Parallel()
	house.OnBoth(t, func(t *testing.T, h *house.House) {
		t.Helper()
		for n := range 12 {
			h.Member(fmt.Sprintf("member-%d", n))
			h.Tell(house.Server("order@1"), fmt.Sprintf(`{"type":"track","event":"Product Viewed","userId":"stranger-%d"}`, n/2))
		}
		ctx, g := t.Context(), h.Keep.Gate
		a, err := gate.AskMany[gate.Contact](ctx, g, house.Writing(gate.Subject{}), house.Everybody{})
		if err != nil {
			t.Fatal(err)
		}
		n := 0
		for range a.Members() {
			n++
		}
		if n != 12 || a.Size().String() != "12" {
			t.Errorf("%d members, %s", n, a.Size())
		}
		shown, err := json.Marshal(map[string]any{"size": a.Size(), "withheld": a.Withheld()})
		if err != nil || !strings.Contains(string(shown), `"fewer than 10"`) || strings.Contains(string(shown), ":6") {
			t.Errorf("%s, %v", shown, err)
		}
		counted, err := gate.AskMany[gate.Measure](ctx, g, gate.Asking{Purpose: "analytics.reporting"}, house.Everybody{})
		if err != nil || counted.Size().String() != "18" {
			t.Fatalf("counted %s, %v", counted.Size(), err)
		}
		for range counted.Members() {
			t.Error("counting named somebody")
		}
	})
}
