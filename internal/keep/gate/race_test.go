package gate_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/heed-platform/heed/internal/clock"
	"github.com/heed-platform/heed/internal/fact"
	"github.com/heed-platform/heed/internal/keep/gate"
	"github.com/heed-platform/heed/internal/keep/keeptest/longtest"
	house "github.com/heed-platform/heed/internal/line/linetest"
)

// racers is how many workers race on each engine, each with a person of its own.
const racers = 16

// rounds is how many times each of them changes the person's mind. The long form
// runs five times in a row (make soak): a hundred thousand races on each engine.
func rounds() int { return longtest.Rounds(14, 1250) }

// sender lets one letter leave for somebody, or says that it may not.
type sender func(ctx context.Context, h *house.House, user, decision string) (left bool, err error)

// asked is how heed sends.
func asked(ctx context.Context, h *house.House, user, decision string) (bool, error) {
	_, err := h.Write(ctx, house.User(user), house.Letter(decision))
	if _, no := errors.AsType[*gate.Denied](err); no {
		return false, nil
	}
	return err == nil, err
}

// careless is the control: it asks first and writes down what leaves in a
// transaction of its own, as if nobody could change their mind between.
func careless(ctx context.Context, h *house.House, user, decision string) (bool, error) {
	pass, err := gate.Ask[gate.Contact](ctx, h.Keep.Gate, house.Writing(house.User(user)))
	if _, no := errors.AsType[*gate.Denied](err); no {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	v, err := gate.See(pass)
	if err != nil {
		return false, err
	}
	return true, h.Disclose(ctx, v.Sight().Profile.Anchor, decision)
}

// TestDeclare_noSendStartsAfterIt changes people's minds while letters are about
// to leave, and looks into the ledger: nothing may stand behind a no.
func TestDeclare_noSendStartsAfterIt(t *testing.T) {
	t.Parallel()
	house.OnBoth(t, func(t *testing.T, h *house.House) {
		t.Helper()
		sent, after := raceRevocation(t, []*house.House{h}, asked, rounds())
		t.Logf("%d races, %d letters left", racers*rounds(), sent)
		if after != 0 {
			t.Fatalf("%d of %d letters left after the person had been told that none would", after, sent)
		}
		if sent == 0 {
			t.Fatal("nothing left at all; nothing was raced")
		}
	})
}

// The race is one that a check outside the transaction loses.
func TestDeclare_raceHasAControl(t *testing.T) {
	t.Parallel()
	house.OnBoth(t, func(t *testing.T, h *house.House) {
		t.Helper()
		if sent, after := raceRevocation(t, []*house.House{h}, careless, rounds()/2); after == 0 {
			t.Fatalf("a sender that does not ask again was not caught in %d letters", sent)
		}
	})
}

// minds is how often one person changes their mind; nobody does so all day, and
// what a person's state holds of the letters they got must not grow for ever.
const minds = 25

// raceRevocation spreads the racers over the nodes; one node is every node.
func raceRevocation(t *testing.T, nodes []*house.House, send sender, rounds int) (sent, after int64) {
	t.Helper()
	var left, late atomic.Int64
	var hands sync.WaitGroup
	for r := range racers {
		hands.Go(func() {
			for n := 0; n < rounds; n += minds {
				user := fmt.Sprintf("racer-%d-%d", r, n)
				nodes[r%len(nodes)].Member(user)
				for m := range min(minds, rounds-n) {
					// In each round other nodes hear the no and send.
					hears, sends := nodes[(r+m)%len(nodes)], nodes[(r+2*m+1)%len(nodes)]
					if err := raceOnce(hears, sends, user, fmt.Sprintf("%s %d", user, m), send, &left); err != nil {
						t.Error(err)
						return
					}
				}
				late.Add(behindNo(nodes[0], user))
			}
		})
	}
	hands.Wait()
	return left.Load(), late.Load()
}

// raceOnce says yes, then lets a sender and a no run against each other.
func raceOnce(hears, sends *house.House, user, decision string, send sender, left *atomic.Int64) error {
	ctx := context.Background()
	if _, err := hears.Declare(ctx, house.User(user), fact.Granted); err != nil {
		return err
	}
	var told atomic.Bool
	var sending sync.WaitGroup
	var failed error
	sending.Go(func() {
		for n := 0; ; n++ {
			wasTold := told.Load()
			ok, err := send(ctx, sends, user, fmt.Sprint(decision, " ", n))
			switch {
			case err != nil:
				failed = err
				return
			case ok && wasTold:
				failed = fmt.Errorf("a letter began to leave after the answer")
				return
			case !ok:
				return
			}
			left.Add(1)
		}
	})
	time.Sleep(rand.N(4 * time.Millisecond)) // anywhere between the question and the disclosure
	_, err := hears.Declare(ctx, house.User(user), fact.Withdrawn)
	told.Store(true)
	sending.Wait()
	return errors.Join(err, failed)
}

// behindNo counts the disclosures that stand behind a no and before the next yes.
func behindNo(h *house.House, user string) (n int64) {
	no := false
	for _, l := range h.Facts(house.User(user), fact.KindGrant, fact.KindDisclosure) {
		if l.Kind == fact.KindDisclosure {
			if no {
				n++
			}
			continue
		}
		g, err := fact.ParseGrant(l.Payload)
		if err != nil {
			h.T.Error(err)
			return n
		}
		no = g.Status != fact.Granted
	}
	return n
}

// capOfOne stops whoever was written to before.
func capOfOne(s fact.Sight, _ clock.Instant) string {
	if len(s.Profile.Contacted) > 0 {
		return "cap_reached"
	}
	return ""
}

// TestClear_capHoldsWhileManySend lets many senders write to the same people at
// the same moment, each under a cap of one letter.
func TestClear_capHoldsWhileManySend(t *testing.T) {
	t.Parallel()
	house.OnBoth(t, func(t *testing.T, h *house.House) {
		t.Helper()
		over := raceCap(t, h, func(ctx context.Context, user, decision string) error {
			d := house.Letter(decision)
			d.Check = capOfOne
			_, err := h.Write(ctx, house.User(user), d)
			return err
		})
		if over != 0 {
			t.Fatalf("%d people got more than their cap", over)
		}
	})
}

// A cap that is counted before the transaction does not hold.
func TestClear_capHasAControl(t *testing.T) {
	t.Parallel()
	house.OnBoth(t, func(t *testing.T, h *house.House) {
		t.Helper()
		over := raceCap(t, h, func(ctx context.Context, user, decision string) error {
			pass, err := gate.Ask[gate.Contact](ctx, h.Keep.Gate, house.Writing(house.User(user)))
			if err != nil {
				return err
			}
			v, err := gate.See(pass)
			if err != nil || capOfOne(v.Sight(), 0) != "" {
				return err
			}
			_, err = gate.Clear(ctx, v, house.Letter(decision))
			return err
		})
		if over == 0 {
			t.Fatal("nobody got more than their cap; nothing was raced")
		}
	})
}

func raceCap(t *testing.T, h *house.House, send func(ctx context.Context, user, decision string) error) (over int) {
	t.Helper()
	const people = 40
	var hands sync.WaitGroup
	for p := range people {
		h.Member(fmt.Sprintf("capped-%d", p))
	}
	for r := range racers {
		hands.Go(func() {
			for p := range people {
				err := send(context.Background(), fmt.Sprintf("capped-%d", p), fmt.Sprintf("%d-%d", p, r))
				if _, no := errors.AsType[*gate.Denied](err); err != nil && !no {
					t.Error(err)
				}
			}
		})
	}
	hands.Wait()
	for p := range people {
		switch n := len(h.Disclosures(house.User(fmt.Sprintf("capped-%d", p)))); {
		case n == 0:
			t.Errorf("nothing left for %d", p)
		case n > 1:
			over++
		}
	}
	return over
}

// A person is joined while letters and refusals on both sides are on their way:
// whatever was refused on either side holds for what leaves afterwards.
func TestDeclare_whilePeopleAreJoined(t *testing.T) {
	t.Parallel()
	house.OnBoth(t, func(t *testing.T, h *house.House) {
		t.Helper()
		var hands sync.WaitGroup
		for r := range racers {
			hands.Go(func() {
				for n := range 6 {
					joinAndRefuse(t, h, fmt.Sprintf("joined-%d-%d", r, n))
				}
			})
		}
		hands.Wait()
	})
}

func joinAndRefuse(t *testing.T, h *house.House, name string) {
	t.Helper()
	ctx := context.Background()
	h.Member(name)
	card := house.Server(house.Promise)
	h.Tell(card, fmt.Sprintf(`{"type":"track","event":"Card Shown","context":{"externalIds":[{"id":%q,"type":"member_id","collection":"users","encoding":"none"}]},"anonymousId":"till-%s"}`, name, name))
	var both sync.WaitGroup
	both.Go(func() {
		h.Tell(card, fmt.Sprintf(`{"type":"identify","userId":%q,"context":{"externalIds":[{"id":%q,"type":"member_id","collection":"users","encoding":"none"}]}}`, name, name))
	})
	both.Go(func() {
		if _, err := h.Declare(ctx, member(name), fact.Withdrawn); err != nil {
			t.Error(err)
		}
	})
	both.Wait()
	// Now they are joined and the no was answered: nothing leaves, by any name.
	for _, s := range []gate.Subject{house.User(name), member(name)} {
		if _, err := h.Write(ctx, s, house.Letter(name)); house.Code(err) != "withdrawn" {
			t.Errorf("after a no on the other side: %v", house.Code(err))
		}
	}
}
