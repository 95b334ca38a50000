package retention_test

import (
	"context"
	"encoding/json"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/heed-platform/heed/internal/account/audit"
	"github.com/heed-platform/heed/internal/account/housetest"
	"github.com/heed-platform/heed/internal/account/retention"
	"github.com/heed-platform/heed/internal/clock"
	"github.com/heed-platform/heed/internal/fact"
	"github.com/heed-platform/heed/internal/keep/gate"
	"github.com/heed-platform/heed/internal/line"
	"github.com/heed-platform/heed/internal/policy"
	"github.com/heed-platform/heed/internal/policy/define"
	"github.com/heed-platform/heed/internal/problem"
)

const (
	day     = 24 * time.Hour
	letters = "marketing.communications.email"
)

// keeping puts the example workspace in force with other promises about time.
func keeping(t *testing.T, h *housetest.House, mend func(*define.Definitions)) {
	t.Helper()
	defs := h.Workspace.Policy()
	defs.Forms = nil
	defs.Notices = append([]define.Notice(nil), defs.Notices...)
	for i := range defs.Notices {
		defs.Notices[i].Covers = append([]define.Cover(nil), defs.Notices[i].Covers...)
		defs.Notices[i].KeepDays = 0
		for j := range defs.Notices[i].Covers {
			defs.Notices[i].Covers[j].KeepDays = 0
		}
	}
	defs.Categories = append([]define.Category(nil), defs.Categories...)
	mend(&defs)
	rules, err := policy.Compile(defs)
	if err != nil {
		t.Fatal(err)
	}
	h.Rules = rules
	h.Keep.Gate.Adopt(rules)
}

func notice(d *define.Definitions, ref string, f func(*define.Notice)) {
	for i := range d.Notices {
		if d.Notices[i].Ref() == ref {
			f(&d.Notices[i])
		}
	}
}

func run(t *testing.T, h *housetest.House) retention.Report {
	t.Helper()
	r, err := retention.NewRunner(h.Keep, h.Clock).Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// sound checks that everything verifies and that a rebuild changes nothing.
func sound(t *testing.T, h *housetest.House) {
	t.Helper()
	found, err := audit.Verify(t.Context(), h.Keep, nil)
	if err != nil || !found.Sound() {
		t.Errorf("%v: %+v", err, found.Damage)
	}
	built, err := line.Rebuild(t.Context(), h.Keep, func(*fact.Event) {}, func(int) {})
	if err != nil || built.Differed != 0 {
		t.Errorf("a rebuild differs in %d states, %v", built.Differed, err)
	}
}

// has lists what is left of somebody: attributes, counters, purchases.
func has(t *testing.T, h *housetest.House, user string) string {
	t.Helper()
	p := h.Inspect(housetest.Subject("user_id", user)).Profile()
	var out []string
	for _, a := range p.Attributes {
		out = append(out, a.Name)
	}
	for _, c := range p.Counters {
		out = append(out, c.Name)
	}
	for _, b := range p.Purchases {
		out = append(out, "bought "+b.Item+" under "+b.Notice)
	}
	return strings.Join(out, ", ")
}

// TestRun_byCategory: of one event, each kind of data goes when its own time is
// over, and the message is still known.
func TestRun_byCategory(t *testing.T) {
	t.Parallel()
	housetest.On(t, func(t *testing.T, h *housetest.House) {
		t.Helper()
		keeping(t, h, func(d *define.Definitions) {
			notice(d, "newsletter@2", func(n *define.Notice) {
				for i := range n.Covers {
					n.Covers[i].KeepDays = map[string]int{"user.name": 10, "user.contact.email": 20}[n.Covers[i].Category]
				}
			})
			for i := range d.Categories {
				if d.Categories[i].Key == "user.name" {
					d.Categories[i].KeepDays = 5
				}
			}
		})
		told := housetest.Event{
			"type": "identify", "userId": "ada", "messageId": "m-1", "context": map[string]any{"notice": "newsletter@2"},
			"traits": map[string]any{"email": "ada@example.com", "first_name": "Ada"},
		}
		h.Hears("server", told)
		for _, step := range []struct {
			after time.Duration
			want  string
			facts int
		}{
			{5*day - time.Minute, "email, first_name", 0},
			{5 * day, "email", 1},
			{20*day - time.Minute, "email", 0},
			{20 * day, "", 1},
		} {
			h.Clock.Set(housetest.Noon.Add(step.after))
			r := run(t, h)
			if got := has(t, h, "ada"); got != step.want || r.Facts != step.facts {
				t.Errorf("after %s: %q is left, %+v", step.after, got, r)
			}
			sound(t, h)
		}
	})
}

// bought is an order of running socks and of something private.
func bought(user, notice string) housetest.Event {
	return housetest.Event{
		"type": "track", "event": "Order Completed", "userId": user, "context": map[string]any{"notice": notice, "ip": "203.0.113.7"},
		"properties": map[string]any{
			"order_id": "o-" + user, "total": 30, "currency": "EUR", "coupon": "SPRING",
			"products": []map[string]any{
				{"product_id": "socks", "name": "Socks", "category": "Socks", "price": 10, "quantity": 1, "brand": "Ewe"},
				{"product_id": "dress", "name": "Dress", "category": "Maternity", "price": 20, "quantity": 1},
			},
		},
	}
}

// ordering says yes to letters under the letter's promise and buys under the order's.
func ordering(t *testing.T, h *housetest.House, users ...string) {
	t.Helper()
	for _, user := range users {
		h.Hears("server", housetest.Event{
			"type": "identify", "userId": user, "context": map[string]any{"notice": "order@1"},
			"traits": map[string]any{"email": user + "@example.com", "first_name": "A", "country": "DE"},
		}, bought(user, "order@1"))
	}
}

func ofOrders(days int, covers map[string]int) func(*define.Definitions) {
	return func(d *define.Definitions) {
		notice(d, "order@1", func(n *define.Notice) {
			n.KeepDays = days
			for i, c := range n.Covers {
				n.Covers[i].KeepDays = covers[c.Category]
			}
		})
	}
}

// TestRun_agreed: what the person agreed to later keeps a value beyond its own
// promise, until they take that back.
func TestRun_agreed(t *testing.T) {
	t.Parallel()
	housetest.On(t, func(t *testing.T, h *housetest.House) {
		t.Helper()
		keeping(t, h, func(d *define.Definitions) {
			ofOrders(10, nil)(d)
			for i := range d.Packs {
				d.Packs[i].Retained = nil
			}
		})
		ordering(t, h, "ada", "bob")
		h.Says(housetest.Subject("user_id", "ada"), fact.Grant{Purpose: letters, Status: fact.Granted, Notice: "newsletter@2"})
		h.Clock.Advance(10 * day)
		dry, err := retention.NewRunner(h.Keep, h.Clock).DryRun(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		wet := run(t, h)
		if dry.Facts != wet.Facts || dry.Gone != wet.Gone || len(dry.Removed) != len(wet.Removed) || wet.Facts == 0 || !dry.Dry {
			t.Errorf("dry %+v\nwet %+v", dry, wet)
		}
		// The letter's promise covers what she bought, for letters; nothing there is
		// covered that is private.
		if got := has(t, h, "ada"); !strings.HasPrefix(got, "country, email, first_name, Order Completed") {
			t.Errorf("ada has %s", got)
		}
		// Nothing keeps anything of Bob, and he never said a word.
		if wet.Gone != 1 {
			t.Errorf("%+v", wet)
		}
		if _, err := gate.Ask[gate.Operate](t.Context(), h.Keep.Gate, housetest.Staff(housetest.Subject("user_id", "bob"))); err == nil {
			t.Error("bob is still known")
		}
		sound(t, h)
		h.Says(housetest.Subject("user_id", "ada"), fact.Grant{Purpose: letters, Status: fact.Withdrawn})
		if r := run(t, h); r.Gone != 0 || has(t, h, "ada") != "" {
			t.Errorf("her no must stay, and nothing else: %s, %+v", has(t, h, "ada"), r)
		}
		sound(t, h)
		if again := run(t, h); again.Facts != 0 {
			t.Errorf("a second run emptied %d facts", again.Facts)
		}
		body, err := json.Marshal(wet)
		if err != nil || strings.Contains(string(body), "ada") || !strings.Contains(string(body), "order@1") {
			t.Errorf("%v %s", err, body)
		}
	})
}

// TestRun_law: what a law keeps stays, only that, and nobody may use it.
func TestRun_law(t *testing.T) {
	t.Parallel()
	housetest.On(t, func(t *testing.T, h *housetest.House) {
		t.Helper()
		keeping(t, h, ofOrders(30, nil))
		ordering(t, h, "ada")
		h.Clock.Advance(30 * day)
		run(t, h)
		if got := has(t, h, "ada"); got != "first_name, Order Completed, bought dress under , bought socks under " {
			t.Errorf("left is %q", got)
		}
		raw := ""
		for _, l := range h.Inspect(housetest.Subject("user_id", "ada")).History() {
			if l.Kind == fact.KindRest {
				raw += string(l.Payload)
			}
		}
		for part, there := range map[string]bool{"order_id": true, `"price":20`: true, "first_name": true, "coupon": false, "203.0.113": false, "brand": false, "ada@example.com": false} {
			if strings.Contains(raw, part) != there {
				t.Errorf("%s: %v", part, !there)
			}
		}
		sound(t, h)
		if again := run(t, h); again.Facts != 0 {
			t.Errorf("the same was emptied again: %+v", again)
		}
		_, rulings := h.Inspect(housetest.Subject("user_id", "ada")).Answer(policy.Question{Use: policy.Personalize, Purpose: "essential.service"})
		for _, path := range []string{"purchases", "spend", "traits.first_name"} {
			if _, withheld := rulings[path]; !withheld {
				t.Errorf("%s may be used", path)
			}
		}
		// Six years from the end of the year of the order, and it goes as well.
		h.Clock.Set(housetest.Noon.Add(8 * 366 * day))
		if r := run(t, h); r.Gone != 1 {
			t.Errorf("after the law: %+v", r)
		}
		sound(t, h)
	})
}

// TestRun_private: of an order, what is private goes when its category ends.
func TestRun_private(t *testing.T) {
	t.Parallel()
	h := housetest.New(t, "sqlite", "")
	keeping(t, h, func(d *define.Definitions) {
		for i := range d.Packs {
			d.Packs[i].Retained = nil
		}
		for i := range d.Categories {
			if d.Categories[i].Key == "user.health.maternity_clothing" {
				d.Categories[i].KeepDays = 30
			}
		}
		notice(d, "order@1", func(n *define.Notice) {
			n.Covers = append(n.Covers, define.Cover{Category: "user.health.maternity_clothing", Purposes: []string{"essential.service"}})
		})
	})
	ordering(t, h, "ada")
	h.Clock.Advance(30 * day)
	run(t, h)
	if got := has(t, h, "ada"); !strings.Contains(got, "bought socks under order@1") || strings.Contains(got, "dress") {
		t.Errorf("left is %q", got)
	}
	sound(t, h)
}

// TestRunner_oneAtATime: a run that was interrupted is gone on with, by whoever
// comes when its lease is over, and by nobody before; its report counts all of it.
func TestRunner_oneAtATime(t *testing.T) {
	t.Parallel()
	housetest.On(t, func(t *testing.T, h *housetest.House) {
		t.Helper()
		keeping(t, h, ofOrders(10, nil))
		ordering(t, h, "ada", "bob", "cyd")
		h.Clock.Advance(10 * day)
		next := retention.NewRunner(h.Keep, h.Clock)
		died := 0
		for look := int64(2); ; look++ { // it dies a step further on each time
			ctx, stop := context.WithCancel(t.Context())
			_, err := retention.NewRunner(h.Keep, dying{h.Clock, stop, new(atomic.Int64), look}).Run(ctx)
			stop()
			if err == nil {
				break
			}
			died++
			if _, err := next.Run(t.Context()); problem.Of(err).Code != "retention-running" {
				t.Fatalf("beside a run: %v", err)
			}
			if err := next.Tend(t.Context()); err != nil {
				t.Fatal(err)
			}
			h.Clock.Advance(6 * time.Minute)
		}
		if died < 2 {
			t.Fatalf("it was interrupted %d times", died)
		}
		all, err := next.Reports(t.Context())
		if err != nil || len(all) != 1 || all[0].Facts != 6 || all[0].Ended == 0 {
			t.Errorf("%+v, %v", all, err)
		}
		sound(t, h)
		if err := next.Tend(t.Context()); err != nil {
			t.Error(err)
		}
		if all, _ := next.Reports(t.Context()); len(all) != 1 {
			t.Errorf("a second run on one day: %+v", all)
		}
		h.Clock.Advance(day)
		if err := next.Swept(t.Context(), 3, 4); err != nil {
			t.Error(err)
		}
		if err := next.Tend(t.Context()); err != nil {
			t.Error(err)
		}
		if all, _ := next.Reports(t.Context()); len(all) != 2 || all[0].Quarantined != 3 || all[0].Tickets != 4 {
			t.Errorf("the next day: %+v", all)
		}
	})
}

// dying is a clock that ends its context at one of its looks.
type dying struct {
	clock.Clock

	stop  func()
	looks *atomic.Int64
	last  int64
}

func (d dying) Now() clock.Instant {
	if d.looks.Add(1) == d.last {
		d.stop()
	}
	return d.Clock.Now()
}
