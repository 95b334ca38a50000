package line_test

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/heed-platform/heed/internal/collect/consent"
	"github.com/heed-platform/heed/internal/fact"
	"github.com/heed-platform/heed/internal/keep/gate"
	"github.com/heed-platform/heed/internal/keep/keeptest/pgtest"
	"github.com/heed-platform/heed/internal/know"
	"github.com/heed-platform/heed/internal/know/audience"
	"github.com/heed-platform/heed/internal/know/identity"
	"github.com/heed-platform/heed/internal/line"
	house "github.com/heed-platform/heed/internal/line/linetest"
	"github.com/heed-platform/heed/internal/person"
)

func of(key, expression string) audience.Definition {
	return audience.Definition{Key: key, Label: key, Purpose: house.Choosing, Expression: expression, Generation: 1}
}

// choosing is a yes or no to being shown chosen things.
func choosing(h *house.House, status fact.GrantStatus) fact.Grant {
	g := h.Said(status)
	g.Purpose, g.Channel = house.Choosing, ""
	return g
}

func audiences(h *house.House, s gate.Subject) (in []string) {
	for _, m := range h.Inspect(s).Profile().Memberships {
		in = append(in, m.Audience)
	}
	return in
}

// Nobody is in an audience because of what may not be looked at: who has not said
// yes is not known to lack anything. Saying so moves them, without an event.
func TestAudiences_deniedIsUnknown(t *testing.T) {
	t.Parallel()
	house.OnBoth(t, func(t *testing.T, h *house.House) {
		t.Helper()
		h.Adopt([]audience.Definition{of("no-size", `!has(traits.shoe_size)`), of("viewed", `count("Product Viewed") > 0`)})
		look := `{"type":"track","event":"Product Viewed","userId":"ada"}`
		h.Tell(house.Server(house.Promise), look)
		if got := audiences(h, house.User("ada")); len(got) != 0 {
			t.Errorf("without a yes she is in %v", got)
		}
		say := func(status fact.GrantStatus) {
			t.Helper()
			_, err := gate.Declare(t.Context(), h.Keep.Gate, house.User("ada"), gate.Statement{Grants: []fact.Grant{choosing(h, status)}, By: "person"})
			if err != nil {
				t.Fatal(err)
			}
			h.Settle()
		}
		say(fact.Granted)
		if diff := cmp.Diff([]string{"no-size", "viewed"}, audiences(h, house.User("ada"))); diff != "" {
			t.Errorf("with a yes (-want +got):\n%s", diff)
		}
		h.Clock.Advance(-time.Hour) // the newest word counts, whatever the clock says
		say(fact.Withdrawn)
		if got := audiences(h, house.User("ada")); len(got) != 0 {
			t.Errorf("after a no she is in %v", got)
		}
		say(fact.Granted)
		if got := audiences(h, house.User("ada")); len(got) != 2 {
			t.Errorf("after another yes she is in %v", got)
		}
	})
}

// A person of several fragments, whose clock goes back, leaves what they left.
func TestAudiences_clockGoesBack(t *testing.T) {
	t.Parallel()
	h := house.Open(t, t.TempDir(), "")
	h.Adopt([]audience.Definition{of("few", `count("Product Viewed") < 3`)})
	src := house.Server(house.Promise)
	h.Tell(src, `{"type":"track","event":"Product Viewed","anonymousId":"phone"}`, choosing(h, fact.Granted))
	if got := audiences(h, gate.ByIdentifier(person.Ident(person.AnonymousID, "phone"))); len(got) != 1 {
		t.Fatalf("in %v", got)
	}
	h.Clock.Advance(-time.Hour)
	h.Tell(src, `{"type":"identify","userId":"ada","anonymousId":"phone"}`)
	for range 3 {
		h.Tell(src, `{"type":"track","event":"Product Viewed","userId":"ada"}`)
	}
	if got := audiences(h, house.User("ada")); len(got) != 0 {
		t.Errorf("still in %v", got)
	}
	if n := len(h.Facts(house.User("ada"), fact.KindMembership)); n != 2 {
		t.Errorf("%d moves were written down", n)
	}
}

// An audience that time alone ends is left when its time has come, also when heed
// was off meanwhile; a moment is not lost, and none comes twice.
func TestTimers_ringOnce(t *testing.T) {
	t.Parallel()
	house.OnBoth(t, func(t *testing.T, h *house.House) {
		t.Helper()
		set := []audience.Definition{of("lately", `within(last("Product Viewed"), days(7))`)}
		h.Adopt(set)
		h.Tell(house.Server(house.Promise), `{"type":"track","event":"Product Viewed","userId":"ada"}`, choosing(h, fact.Granted))
		for range 3 {
			h.Settle()
		}
		if got := audiences(h, house.User("ada")); len(got) != 1 {
			t.Fatalf("in %v", got)
		}
		h.Reopen()
		h.Adopt(set)
		h.Clock.Advance(9 * 24 * time.Hour)
		for range 3 {
			h.Settle()
		}
		if got := audiences(h, house.User("ada")); len(got) != 0 {
			t.Errorf("after nine days in %v", got)
		}
		if n := len(h.Facts(house.User("ada"), fact.KindMembership)); n != 2 {
			t.Errorf("%d moves were written down", n)
		}
		due, err := h.Keep.DueTimers(t.Context(), h.Clock.Now().Add(1000*24*time.Hour), 10)
		if err != nil || len(due) != 0 {
			t.Errorf("%d timers are left: %v", len(due), err)
		}
	})
}

// What an SDK remembers, said on a fragment that never heard a no, settles no
// refusal on another one; what the person does does.
func TestGrants_rememberedYesSettlesNothing(t *testing.T) {
	t.Parallel()
	house.OnBoth(t, func(t *testing.T, h *house.House) {
		t.Helper()
		ctx := t.Context()
		src := house.Server(house.Promise)
		h.Member("ada")
		if _, err := h.Declare(ctx, house.User("ada"), fact.Withdrawn); err != nil {
			t.Fatal(err)
		}
		h.Clock.Advance(time.Hour)
		card := `"context":{"externalIds":[{"id":"card-1","type":"member_id","collection":"users","encoding":"none"}]}`
		remembered := h.Said(fact.Granted)
		remembered.Method = consent.MethodState
		// The card is joined to her, and then speaks alone.
		h.Tell(src, `{"type":"identify","userId":"ada",`+card+`}`)
		h.Tell(src, `{"type":"track","event":"Card Shown","anonymousId":"till",`+card+`}`, remembered)
		if _, err := h.Write(ctx, house.User("ada"), house.Letter("d")); house.Code(err) != "withdrawn" {
			t.Errorf("an SDK's memory undid a no: %v", house.Code(err))
		}
		h.Clock.Advance(time.Hour)
		act := h.Said(fact.Granted)
		h.Tell(src, `{"type":"track","event":"Card Shown","anonymousId":"till",`+card+`}`, act)
		if _, err := h.Write(ctx, house.User("ada"), house.Letter("d")); err != nil {
			t.Errorf("her own new yes was not heard: %v", house.Code(err))
		}
	})
}

// The order of the ledger is the order in which things were heard.
func TestGrants_clockGoesBack(t *testing.T) {
	t.Parallel()
	house.OnBoth(t, func(t *testing.T, h *house.House) {
		t.Helper()
		ctx := t.Context()
		h.Member("ada")
		for n, step := range []struct {
			status fact.GrantStatus
			by     time.Duration
			want   string
		}{
			{fact.Withdrawn, time.Hour, "withdrawn"},
			{fact.Granted, -3 * time.Hour, ""},
			{fact.Objected, -time.Hour, "objected"},
			{fact.Granted, 0, ""},
			{fact.Withdrawn, 0, "withdrawn"},
			{fact.Granted, -365 * 24 * time.Hour, ""},
			{fact.Withdrawn, 10 * 365 * 24 * time.Hour, "withdrawn"},
			{fact.Granted, -11 * 365 * 24 * time.Hour, ""},
		} {
			h.Clock.Advance(step.by)
			if _, err := h.Declare(ctx, house.User("ada"), step.status); err != nil {
				t.Fatal(err)
			}
			if _, err := h.Write(ctx, house.User("ada"), house.Letter("d")); house.Code(err) != step.want {
				t.Errorf("step %d: %q, want %q", n, house.Code(err), step.want)
			}
		}
	})
}

// Two nodes on one database take events of the same and of different people at
// the same time: each is there once, can be read, and was decided about once.
func TestTwoNodes(t *testing.T) {
	t.Parallel()
	h := house.Open(t, t.TempDir(), pgtest.URL(t))
	other := h.Neighbor()
	nodes := []*house.House{h, other}
	for _, n := range nodes {
		n.Adopt([]audience.Definition{of("viewed", `count("Product Viewed") > 2`)}, house.Campaign("Product Viewed"))
	}
	const hands, batches, events, people = 4, 8, 10, 9
	var accepted, duplicates atomic.Int64
	var wg sync.WaitGroup
	for n, node := range nodes {
		for hand := range hands {
			wg.Go(func() {
				for b := range batches {
					var bodies []string
					for e := range events {
						user := fmt.Sprintf("shared-%d", (hand*7+b*3+e)%people)
						if e%3 == 0 {
							user = fmt.Sprintf("own-%d-%d", n, hand)
						}
						// Every second message is sent to both nodes.
						id := fmt.Sprintf("m-%d-%d-%d", hand, b, e)
						if e%2 == 0 || e%3 == 0 {
							id += fmt.Sprint("-", n)
						}
						bodies = append(bodies, fmt.Sprintf(`{"type":"track","event":"Product Viewed","messageId":%q,"userId":%q,"anonymousId":"phone of %s"}`, id, user, user))
					}
					batch := node.Batch(house.Server(house.Promise), bodies...)
					for i := range batch.Arrivals { // each one is news, and is audited
						g := choosing(h, fact.Denied)
						g.Topic = batch.Arrivals[i].Event.Message
						batch.Arrivals[i].Grants = []fact.Grant{g}
					}
					answers, err := node.Line.Accept(t.Context(), batch)
					if err != nil {
						t.Error(err)
						return
					}
					for _, a := range answers {
						switch a.Outcome {
						case line.Accepted:
							accepted.Add(1)
						case line.Duplicate:
							duplicates.Add(1)
						case line.Quarantined, line.Refused:
							t.Errorf("%+v", a)
						}
					}
				}
			})
		}
	}
	wg.Wait()
	total := int64(2 * hands * batches * events)
	if accepted.Load()+duplicates.Load() != total || duplicates.Load() == 0 {
		t.Errorf("%d accepted and %d duplicates of %d", accepted.Load(), duplicates.Load(), total)
	}
	var found int64
	err := gate.ExportAll(t.Context(), other.Keep.Gate, "people", house.Clerk(gate.Subject{}), func(d gate.Dossier) error {
		events, decisions := int64(0), int64(0)
		ids := map[string]int{}
		err := d.Facts(t.Context(), func(l gate.Line) error {
			switch l.Kind {
			case fact.KindEvent:
				e, err := fact.ParseEvent(l.Payload)
				if err != nil {
					return err
				}
				ids[e.Message]++
				events++
			case fact.KindDecision:
				decisions++
			default:
			}
			return nil
		})
		for id, n := range ids {
			if n != 1 {
				t.Errorf("%s is there %d times", id, n)
			}
		}
		if decisions != events { // nobody said yes, so each event is a moment with a no
			t.Errorf("%d decisions about %d events", decisions, events)
		}
		found += events
		return err
	})
	if err != nil || found != accepted.Load() {
		t.Errorf("%d accepted, %d found: %v", accepted.Load(), found, err)
	}
	rebuilt, err := line.Rebuild(t.Context(), h.Keep, func(*fact.Event) {}, func(int) {})
	if err != nil || rebuilt.Differed != 0 {
		t.Errorf("%+v, %v", rebuilt, err)
	}
}

// People are erased while events of theirs, and of others in the same groups, are
// on their way. Nothing of the others is lost, and everything there can be read.
func TestErase_racesTheLine(t *testing.T) {
	t.Parallel()
	house.OnBoth(t, func(t *testing.T, h *house.House) {
		t.Helper()
		const hands, batches = 6, 12
		var wg sync.WaitGroup
		for hand := range hands {
			wg.Go(func() {
				for b := range batches {
					bodies := []string{
						viewed(fmt.Sprintf("e-%d-%d", hand, b), "erased"),
						viewed(fmt.Sprintf("s-%d-%d", hand, b), fmt.Sprintf("stays-%d", hand)),
						fmt.Sprintf(`{"type":"identify","messageId":"j-%d-%d","userId":"erased","anonymousId":"phone-%d","traits":{"email":"erased@mail.example"}}`, hand, b, b%3),
					}
					answers, err := h.Line.Accept(t.Context(), h.Batch(house.Server(house.Promise), bodies...))
					if err != nil {
						t.Error(err)
						return
					}
					for i, a := range answers {
						if a.Outcome != line.Accepted {
							t.Errorf("%d: %+v", i, a)
						}
					}
				}
			})
		}
		var erased int
		wg.Go(func() {
			for n := 0; n < 200 && erased < 6; n++ {
				pass, err := gate.Ask[gate.Honor](t.Context(), h.Keep.Gate, house.Self(house.User("erased")))
				if errors.Is(err, gate.ErrNobody) {
					time.Sleep(time.Millisecond)
					continue
				}
				if err != nil {
					t.Error(err)
					return
				}
				if _, err := gate.Erase(t.Context(), pass); err != nil {
					t.Error(err)
					return
				}
				erased++
			}
		})
		wg.Wait()
		if erased == 0 {
			t.Error("nobody was erased; nothing was raced")
		}
		for hand := range hands {
			if n := len(h.Facts(house.User(fmt.Sprintf("stays-%d", hand)), fact.KindEvent)); n != batches {
				t.Errorf("%d of %d events are there", n, batches)
			}
		}
		if rebuilt, err := line.Rebuild(t.Context(), h.Keep, func(*fact.Event) {}, func(int) {}); err != nil || rebuilt.Differed != 0 {
			t.Errorf("%+v, %v", rebuilt, err)
		}
	})
}

// Whatever happens to people, the facts alone give the same states to the byte.
func TestRebuild_givesWhatLivingGave(t *testing.T) {
	t.Parallel()
	house.OnBoth(t, func(t *testing.T, h *house.House) {
		t.Helper()
		set := []audience.Definition{of("viewed", `count("Product Viewed") > 2`), of("lately", `within(last("Product Viewed"), days(7))`), of("no-size", `!has(traits.shoe_size)`)}
		h.Adopt(set, house.Campaign("Product Viewed"))
		games := 25
		rapid.Check(t, func(rt *rapid.T) {
			if games == 0 {
				return
			}
			games--
			for range rapid.IntRange(5, 25).Draw(rt, "steps") {
				live(t, rt, h)
			}
			rebuilt, err := line.Rebuild(t.Context(), h.Keep, func(*fact.Event) {}, func(int) {})
			if err != nil || rebuilt.Differed != 0 {
				rt.Fatalf("%+v, %v", rebuilt, err)
			}
		})
	})
}

// live lets one thing happen to one of a few people.
func live(t *testing.T, rt *rapid.T, h *house.House) {
	t.Helper()
	user := fmt.Sprintf("user-%d", rapid.IntRange(0, 3).Draw(rt, "user"))
	phone := fmt.Sprintf("phone-%d", rapid.IntRange(0, 3).Draw(rt, "phone"))
	status := rapid.SampledFrom([]fact.GrantStatus{fact.Granted, fact.Denied, fact.Withdrawn, fact.Objected}).Draw(rt, "status")
	notice := rapid.SampledFrom([]string{house.Promise, "order@1", ""}).Draw(rt, "notice")
	h.Clock.Advance(time.Duration(rapid.IntRange(-100, 400).Draw(rt, "minutes")) * time.Minute)
	src := house.Server(notice)
	fine := func(err error) {
		t.Helper()
		_, denied := errors.AsType[*gate.Denied](err)
		if err != nil && !denied && !errors.Is(err, gate.ErrNobody) && !errors.Is(err, gate.ErrNotJoined) {
			rt.Fatal(err)
		}
	}
	switch rapid.IntRange(0, 9).Draw(rt, "what") {
	case 0, 1, 2:
		h.Tell(src, fmt.Sprintf(`{"type":"track","event":"Product Viewed","userId":%q,"anonymousId":%q}`, user, phone))
	case 3:
		h.Tell(src, fmt.Sprintf(`{"type":"identify","userId":%q,"traits":{"email":"%s@mail.example","shoe_size":%d}}`, user, user, rapid.IntRange(36, 44).Draw(rt, "size")), h.Said(status), choosing(h, status))
	case 4:
		h.Tell(src, fmt.Sprintf(`{"type":"track","event":"Order Completed","userId":%q,"properties":{"order_id":"o-%d","currency":"EUR","products":[{"product_id":"shoe","category":"Running shoes","price":119,"quantity":%d}]}}`,
			user, rapid.IntRange(0, 5).Draw(rt, "order"), rapid.IntRange(1, 3).Draw(rt, "quantity")))
	case 5:
		_, err := h.Declare(t.Context(), house.User(user), status)
		fine(err)
	case 6:
		p := fact.Preference{Muted: []string{"shoes"}, Channels: []string{"email"}, Caps: []fact.Cap{{Count: 2, Hours: 24}}, Break: h.Clock.Now().Add(time.Hour)}
		_, err := gate.Declare(t.Context(), h.Keep.Gate, house.User(user), gate.Statement{Preference: &p, By: "person"})
		fine(err)
	case 7:
		_, err := h.Write(t.Context(), house.User(user), house.Letter(fmt.Sprint(h.Clock.Now())))
		fine(err)
		fine(h.Keep.Gate.Settle(t.Context(), house.User(user), fact.Outcome{Disclosure: "d", Status: "failed"}))
	case 8:
		h.Settle()
	case 9:
		pass, err := gate.Ask[gate.Operate](t.Context(), h.Keep.Gate, house.Clerk(house.User(user)))
		fine(err)
		if err == nil {
			_, err = gate.Split(t.Context(), pass, gate.ByIdentifier(person.Ident(person.AnonymousID, phone)), gate.Subject{},
				func(x, from fact.FragmentID, n []gate.Node, e []gate.Edge) [][2]fact.FragmentID {
					return identity.Split(x, from, know.Nodes(n), know.Edges(e), identity.DefaultRules())
				})
			fine(err)
		}
	}
}
