package gate_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/heed-platform/heed/internal/collect/event"
	"github.com/heed-platform/heed/internal/fact"
	"github.com/heed-platform/heed/internal/keep"
	"github.com/heed-platform/heed/internal/keep/gate"
	"github.com/heed-platform/heed/internal/keep/keeptest/longtest"
	"github.com/heed-platform/heed/internal/know"
	"github.com/heed-platform/heed/internal/know/identity"
	house "github.com/heed-platform/heed/internal/line/linetest"
	"github.com/heed-platform/heed/internal/person"
	"github.com/heed-platform/heed/internal/policy"
)

func mail(address string) gate.Subject { return gate.ByIdentifier(person.Ident(person.Email, address)) }

// cutting says what to cut, as know has it.
func cutting(x, from fact.FragmentID, n []gate.Node, e []gate.Edge) [][2]fact.FragmentID {
	return identity.Split(x, from, know.Nodes(n), know.Edges(e), identity.DefaultRules())
}

// A wrong merge is undone: two people, each with what arrived on their own side,
// a cut on the record of both, and a no that reached both while they were one.
func TestSplit_twoPeopleAgain(t *testing.T) {
	t.Parallel()
	house.OnBoth(t, func(t *testing.T, h *house.House) {
		t.Helper()
		ctx := t.Context()
		h.Member("ada")
		h.Tell(house.Server(house.Promise), `{"type":"identify","traits":{"email":"bob@mail.example","first_name":"Bob"},"anonymousId":"bobs"}`)
		h.Tell(house.Server(house.Promise), `{"type":"identify","userId":"ada","traits":{"email":"bob@mail.example"}}`) // wrong
		if _, err := h.Declare(ctx, mail("bob@mail.example"), fact.Withdrawn); err != nil {
			t.Fatal(err)
		}
		split := func() (gate.Parts, error) {
			pass, err := gate.Ask[gate.Operate](ctx, h.Keep.Gate, house.Clerk(house.User("ada")))
			if err != nil {
				t.Fatal(err)
			}
			return gate.Split(ctx, pass, mail("bob@mail.example"), gate.Subject{}, cutting)
		}
		parts, err := split()
		if err != nil || parts.Cuts != 1 || parts.Kept == parts.Other {
			t.Fatalf("%+v, %v", parts, err)
		}
		if _, err := split(); !errors.Is(err, gate.ErrNotJoined) {
			t.Errorf("splitting again: %v", err)
		}
		ada, bob := h.Inspect(house.User("ada")).Profile(), h.Inspect(mail("bob@mail.example")).Profile()
		if ada.Ref != parts.Kept || bob.Ref != parts.Other || names(ada) != "Ada" || names(bob) != "Bob" {
			t.Errorf("%s and %s", names(ada), names(bob))
		}
		for _, s := range []gate.Subject{house.User("ada"), mail("bob@mail.example")} {
			if n := len(h.Facts(s, fact.KindCut)); n != 1 {
				t.Errorf("%d cuts on the record", n)
			}
			if _, err := h.Write(ctx, s, house.Letter("d")); house.Code(err) != "withdrawn" {
				t.Errorf("after the split: %v", err)
			}
		}
	})
}

func names(p *fact.Profile) string {
	var out []string
	for _, a := range p.Attributes {
		if a.Name == "first_name" {
			out = append(out, strings.Trim(a.Value.Reveal(), `"`))
		}
	}
	return strings.Join(out, " ")
}

// Erasing starts from the fragment that was asked about and takes what verified
// evidence joins to it, as it is then; what only a claim joins is named and left.
func TestErase_whatIsProvablyTheirs(t *testing.T) {
	t.Parallel()
	house.OnBoth(t, func(t *testing.T, h *house.House) {
		t.Helper()
		ctx := t.Context()
		browser := event.Source{Key: "web", Kind: event.Browser, Notice: house.Promise, Origin: fact.Declared}
		h.Tell(browser, `{"type":"identify","anonymousId":"laptop","traits":{"email":"ada@mail.example"}}`)
		pass, err := gate.Ask[gate.Honor](ctx, h.Keep.Gate, house.Self(mail("ada@mail.example")))
		if err != nil {
			t.Fatal(err)
		}
		// She comes in by another door between asking and erasing.
		h.Tell(house.Server(house.Promise), `{"type":"identify","userId":"ada","traits":{"email":"ada@mail.example"}}`)
		first, err := gate.Erase(ctx, pass)
		if err != nil || first.Fragments != 2 {
			t.Fatalf("%+v, %v", first, err)
		}
		for _, s := range []gate.Subject{house.User("ada"), mail("ada@mail.example")} {
			if _, err := gate.Ask[gate.Honor](ctx, h.Keep.Gate, house.Self(s)); !errors.Is(err, gate.ErrNobody) {
				t.Errorf("somebody is still there: %v", err)
			}
		}
		if n := len(h.Inspect(gate.ByIdentifier(person.Ident(person.AnonymousID, "laptop"))).Profile().Fragments); n != 1 {
			t.Errorf("the laptop is with %d", n)
		}
		if again, err := gate.Erase(ctx, pass); err != nil || again.ID == first.ID {
			t.Errorf("the same word again: %+v, %v", again, err)
		}
		// Who comes back is somebody new, whom nobody may write to.
		h.Tell(house.Server(house.Promise), `{"type":"identify","userId":"ada","traits":{"email":"ada@mail.example"}}`)
		if _, err := h.Write(ctx, house.User("ada"), house.Letter("d")); house.Code(err) != policy.CodeNoGrant {
			t.Errorf("after erasing: %v", err)
		}
	})
}

// An identifier is seen under the promise that this very address was given
// under, however it was spelled, and not under that of another one.
func TestSee_identifiersUnderTheirOwnPromise(t *testing.T) {
	t.Parallel()
	h := house.Open(t, t.TempDir(), "")
	h.Tell(house.Server("order@1"), `{"type":"identify","userId":"ada","traits":{"email":"old@mail.example"}}`)
	h.Clock.Advance(time.Hour)
	h.Tell(house.Server(house.Promise), `{"type":"identify","userId":"ada","traits":{"email":"New@Mail.Example"}}`, h.Said(fact.Granted))
	pass, err := gate.Ask[gate.Contact](t.Context(), h.Keep.Gate, house.Writing(house.User("ada")))
	if err != nil {
		t.Fatal(err)
	}
	v, err := gate.See(pass)
	if err != nil {
		t.Fatal(err)
	}
	var seen []string
	for _, id := range v.Sight().Profile.Identifiers {
		seen = append(seen, string(id.NS)+" "+id.Value.Reveal())
	}
	if diff := cmp.Diff([]string{"email new@mail.example"}, seen); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if r := v.Withheld()["identifiers.email"]; r.Code == "" {
		t.Error("nothing says that an address is withheld")
	}
}

// So many people use one card that nobody can tell who is who: then nothing is
// used of any of them but by themselves and by staff, and everybody else is as
// before.
func TestGate_crowds(t *testing.T) {
	t.Parallel()
	h := house.Open(t, t.TempDir(), "")
	h.Member("ada")
	h.Member("bob")
	limit := longtest.Rounds(300, 20_000)
	h.Keep.Vault().Bound(limit)
	crowd(t, h, "bob", limit+50)
	ctx, g := t.Context(), h.Keep.Gate
	if _, err := h.Write(ctx, house.User("bob"), house.Letter("d")); house.Code(err) != "too_much_evidence" {
		t.Errorf("one of the crowd is written to: %v", err)
	}
	if _, err := h.Write(ctx, house.User("ada"), house.Letter("d")); err != nil {
		t.Errorf("somebody else is not: %v", err)
	}
	if _, err := gate.Ask[gate.Honor](ctx, g, house.Self(house.User("bob"))); err != nil {
		t.Errorf("one of the crowd may not see what is theirs: %v", err)
	}
	if _, err := h.Declare(ctx, house.User("bob"), fact.Withdrawn); err != nil {
		t.Errorf("one of the crowd may not say no: %v", err)
	}
	h.Tell(house.Server(house.Promise), `{"type":"track","event":"Product Viewed","userId":"bob"}`)
	h.Adopt(nil, house.Campaign("Product Viewed"))
	h.Tell(house.Server(house.Promise), `{"type":"track","event":"Product Viewed","userId":"bob"}`)
	if n := len(h.Facts(house.User("bob"), fact.KindDecision)); n != 0 {
		t.Errorf("%d decisions about one of the crowd", n)
	}
}

// crowd ties many identifiers to somebody, past what heed looks at.
func crowd(t *testing.T, h *house.House, user string, many int) {
	t.Helper()
	for from := 0; from < many; from += 5_000 {
		names := []keep.Name{{Identifier: person.Ident(person.UserID, user), Verified: true}}
		var ties []keep.Tie
		for n := from; n < min(from+5_000, many); n++ {
			names = append(names, keep.Name{Identifier: person.Ident("kiosk", fmt.Sprint(n)), Verified: true})
			ties = append(ties, keep.Tie{A: 0, B: len(names) - 1, Verified: true, At: h.Clock.Now()})
		}
		if _, err := h.Keep.Vault().Admit(t.Context(), names, ties); err != nil {
			t.Fatal(err)
		}
	}
}

// A walk over everybody meets each person once, whatever hangs together.
func TestAskMany_meetsEverybodyOnce(t *testing.T) {
	t.Parallel()
	house.OnBoth(t, func(t *testing.T, h *house.House) {
		t.Helper()
		const many = 700 // more than a page
		var batch []string
		for n := range many {
			batch = append(batch, fmt.Sprintf("user-%d", n))
		}
		for _, u := range batch {
			names := []keep.Name{{Identifier: person.Ident(person.UserID, u), Verified: true}, {Identifier: person.Ident(person.AnonymousID, "phone of "+u), Verified: true}}
			if _, err := h.Keep.Vault().Admit(t.Context(), names, []keep.Tie{{A: 0, B: 1, Verified: true, At: 1}}); err != nil {
				t.Fatal(err)
			}
		}
		met := map[person.Ref]int{}
		err := gate.Each(t.Context(), h.Keep.Gate, house.Writing(gate.Subject{}), func(v gate.View[gate.Contact], _ policy.Ruling) error {
			met[v.Ref()]++
			return nil
		})
		if err != nil || len(met) != many {
			t.Fatalf("%d people, %v", len(met), err)
		}
		for ref, n := range met {
			if n != 1 {
				t.Errorf("%s was met %d times", ref, n)
			}
		}
	})
}
