package app_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/heed-platform/heed/internal/fact"
	"github.com/heed-platform/heed/internal/keep"
	"github.com/heed-platform/heed/internal/keep/catalog"
	"github.com/heed-platform/heed/internal/keep/gate"
	"github.com/heed-platform/heed/internal/keep/keeptest/longtest"
	"github.com/heed-platform/heed/internal/person"
)

// town is how many of each kind of identifier the properties draw from: few, so
// that they meet.
const town = 4

// identifying draws an event that says who somebody is, or what they did. Times
// are coarse, so that ties happen.
var identifying = identifyingIn("")

// identifyingIn draws events in one of many families, which never meet.
func identifyingIn(family string) *rapid.Generator[map[string]any] {
	return rapid.Custom(func(t *rapid.T) map[string]any { return identify(t, family) })
}

func identify(t *rapid.T, family string) map[string]any {
	pick := func(what, kind string) (string, bool) {
		n := rapid.IntRange(-2, town-1).Draw(t, what)
		return fmt.Sprintf("%s%s-%d", family, kind, n), n >= 0
	}
	at := noon.Time().Add(-time.Duration(rapid.IntRange(1, 9).Draw(t, "days")) * 24 * time.Hour)
	e := map[string]any{
		"type": "identify", "messageId": fmt.Sprintf("m-%016x", rapid.Uint64().Draw(t, "message")), "timestamp": at.Format(time.RFC3339),
	}
	traits, context := map[string]any{}, map[string]any{}
	if v, ok := pick("user", "user"); ok {
		e["userId"] = v
	}
	if v, ok := pick("device", "device"); ok || e["userId"] == nil {
		e["anonymousId"] = v
	}
	if v, ok := pick("email", "mail"); ok {
		traits["email"] = v + "@shop.example"
	}
	if v, ok := pick("card", "card"); ok {
		context["externalIds"] = []map[string]any{{"id": v, "type": "member_id", "collection": "users", "encoding": "none"}}
	}
	if rapid.Bool().Draw(t, "says more") {
		traits["shoe_size"] = rapid.IntRange(36, 40).Draw(t, "size")
	}
	switch rapid.IntRange(0, 3).Draw(t, "what") {
	case 0:
		e["type"], e["event"] = "track", "Product Viewed"
		e["properties"] = map[string]any{"product_id": "shoe-aurora"}
		context["traits"] = traits
	case 1:
		e["type"], e["event"] = "track", "Order Completed"
		e["properties"] = map[string]any{
			"order_id": fmt.Sprintf("%so-%d", family, rapid.IntRange(1, 3).Draw(t, "order")), "currency": "EUR", "total": 119,
			"products": []map[string]any{{"product_id": "shoe-aurora", "category": "Running shoes", "price": 119, "quantity": 1}},
		}
	default:
		e["traits"] = traits
	}
	if len(context) > 0 {
		e["context"] = context
	}
	return e
}

// arrival is an event and the source that tells it.
type arrival struct {
	event  map[string]any
	source string
}

func arrivals(t *rapid.T, n int) []arrival {
	events := rapid.SliceOfNDistinct(identifying, 1, n, func(e map[string]any) string { return e["messageId"].(string) }).Draw(t, "events")
	out := make([]arrival, len(events))
	for i, e := range events {
		out[i] = arrival{e, rapid.SampledFrom([]string{"server", "till", "web"}).Draw(t, "source")}
	}
	return out
}

// deliver tells all arrivals in the order given, in batches of any size, each of
// one source.
func (h *house) deliver(t *rapid.T, all []arrival) (total said) {
	for len(all) > 0 {
		n := rapid.IntRange(1, len(all)).Draw(t, "batch")
		for n > 0 {
			same := 1
			for same < n && all[same].source == all[0].source {
				same++
			}
			events := make([]map[string]any, same)
			for i := range events {
				events[i] = all[i].event
			}
			a := h.tell(t, all[0].source, events...)
			total.Accepted, total.Duplicates = total.Accepted+a.Accepted, total.Duplicates+a.Duplicates
			total.Quarantined = append(total.Quarantined, a.Quarantined...)
			all, n = all[same:], n-same
		}
	}
	return total
}

// played is how many rounds a property has on each database.
func played(name string) int {
	if name == "sqlite" {
		return longtest.Rounds(4, 50)
	}
	return longtest.Rounds(2, 10)
}

// A failure prints how to play it again; no file is left behind.
var _ = flag.Set("rapid.nofailfile", "true")

// Whatever the order and the batches in which the same events arrive, the people
// are the same and what is known of each is the same.
func TestProperty_anyOrderAnyBatching(t *testing.T) {
	t.Parallel()
	for name, database := range databases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			open := fresh(t, database, (*house).furnish)
			rounds(t, played(name), func(rt *rapid.T) {
				all := arrivals(rt, 14)
				a, b := open(), open()
				defer a.close()
				defer b.close()
				a.deliver(rt, all)
				b.deliver(rt, rapid.Permutation(all).Draw(rt, "other order"))
				if diff := cmp.Diff(values(a.everybody(rt)), values(b.everybody(rt))); diff != "" {
					rt.Fatalf("another order, other people (- first, + second):\n%s", diff)
				}
			})
		})
	}
}

// The same event one to five times, shuffled, is the event once.
func TestProperty_duplicatesAreOne(t *testing.T) {
	t.Parallel()
	for name, database := range databases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			open := fresh(t, database, (*house).furnish)
			rounds(t, played(name), func(rt *rapid.T) {
				all := arrivals(rt, 10)
				var repeated []arrival
				for _, a := range all {
					repeated = append(repeated, slices.Repeat([]arrival{a}, rapid.IntRange(1, 5).Draw(rt, "times"))...)
				}
				once, often := open(), open()
				defer once.close()
				defer often.close()
				once.deliver(rt, all)
				total := often.deliver(rt, rapid.Permutation(repeated).Draw(rt, "shuffled"))
				if total.Accepted != len(all) || total.Duplicates != len(repeated)-len(all) || len(total.Quarantined) != 0 {
					rt.Fatalf("%d events told %d times: %+v", len(all), len(repeated), total)
				}
				if diff := cmp.Diff(values(once.everybody(rt)), values(often.everybody(rt))); diff != "" {
					rt.Fatalf("telling again changed somebody (- once, + often):\n%s", diff)
				}
			})
		})
	}
}

// Two people are joined by a clerk's mistake and parted again, with events
// before, between and after: both are as if it had never happened.
func TestProperty_splitRestores(t *testing.T) {
	t.Parallel()
	for name, database := range databases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			open := fresh(t, database, (*house).furnish)
			rounds(t, played(name), func(rt *rapid.T) {
				one, other := named("userId", "ann"), named("anonymousId", "phone-of-ben")
				before, between, after := two(rt, one, other), two(rt, one, other), two(rt, one, other)
				mistake := map[string]any{
					"type": "identify", "messageId": "m-mistake", "timestamp": "2026-03-09T09:00:00Z",
					"userId": "ann", "anonymousId": "phone-of-ben",
				}
				joined, apart := open(), open()
				defer joined.close()
				defer apart.close()
				joined.deliver(rt, before)
				joined.tell(rt, "server", mistake)
				joined.deliver(rt, between)
				if n := len(joined.everybody(rt)); n != 1 {
					rt.Fatalf("the mistake did not join them: %d people", n)
				}
				joined.split(rt, person.Ident(person.AnonymousID, "phone-of-ben"))
				joined.deliver(rt, after)

				delete(mistake, "anonymousId")
				apart.deliver(rt, before)
				apart.tell(rt, "server", mistake)
				apart.deliver(rt, between)
				apart.deliver(rt, after)
				if diff := cmp.Diff(values(apart.everybody(rt)), values(joined.everybody(rt))); diff != "" {
					rt.Fatalf("the mistake left traces (- never, + undone):\n%s", diff)
				}
				joined.rebuilds(rt)
			})
		})
	}
}

// named draws events of one person: each carries the identifier, and some more
// that are only theirs.
func named(field, value string) *rapid.Generator[arrival] {
	return rapid.Custom(func(t *rapid.T) arrival {
		e := identifying.Draw(t, "event")
		delete(e, "userId")
		delete(e, "anonymousId")
		delete(e, "context")
		e[field] = value
		if traits, ok := e["traits"].(map[string]any); ok && traits["email"] != nil {
			traits["email"] = value + "@shop.example" // one each: several names on a phone would share it
		}
		if rapid.Bool().Draw(t, "on another device") {
			e["context"] = map[string]any{"device": map[string]any{"id": fmt.Sprintf("%s-%d", value, rapid.IntRange(1, 3).Draw(t, "device"))}}
		}
		return arrival{e, rapid.SampledFrom([]string{"server", "till"}).Draw(t, "source")}
	})
}

// two draws what two people do, by turns; each does something.
func two(t *rapid.T, one, other *rapid.Generator[arrival]) []arrival {
	all := append(
		rapid.SliceOfN(one, 1, 4).Draw(t, "one"),
		rapid.SliceOfN(other, 1, 4).Draw(t, "other")...)
	for i := range all {
		all[i].event["messageId"] = fmt.Sprintf("m-%d-%016x", i, rapid.Uint64().Draw(t, "message"))
	}
	return rapid.Permutation(all).Draw(t, "by turns")
}

// After any history — events with consent in them, statements, preferences, a
// split, an erasure, decisions, deliveries — the projections that live are those
// that the facts give, to the byte.
func TestProperty_rebuildAfterAnyHistory(t *testing.T) {
	t.Parallel()
	for name, database := range databases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			open := fresh(t, database, (*house).furnish)
			rounds(t, played(name), func(rt *rapid.T) {
				h := open()
				defer h.close()
				h.UseOutbox()
				h.goLive("order-received", "order-shipped", "running-complements", "aurora-week", "bulk-sms")
				h.deliver(rt, arrivals(rt, 10))
				for range rapid.IntRange(4, 12).Draw(rt, "steps") {
					h.happens(rt)
				}
				before := values(h.everybody(rt))
				h.rebuilds(rt)
				if diff := cmp.Diff(before, values(h.everybody(rt))); diff != "" {
					rt.Fatalf("rebuilding changed somebody (- living, + rebuilt):\n%s", diff)
				}
			})
		})
	}
}

// happens does one thing that leaves facts.
func (h *house) happens(t *rapid.T) {
	ctx := context.Background()
	who := gate.ByIdentifier(person.Ident(person.UserID, fmt.Sprintf("user-%d", rapid.IntRange(0, town-1).Draw(t, "who"))))
	refused := func(err error) {
		var denied *gate.Denied
		if err != nil && !errors.Is(err, gate.ErrNobody) && !errors.Is(err, gate.ErrNotJoined) && !errors.As(err, &denied) {
			t.Fatalf("%v", err)
		}
	}
	switch rapid.IntRange(0, 7).Draw(t, "step") {
	case 0:
		status := rapid.SampledFrom([]fact.GrantStatus{fact.Granted, fact.Denied, fact.Withdrawn}).Draw(t, "status")
		_, err := gate.Declare(ctx, h.Keep.Gate, who, gate.Statement{By: "person", Grants: []fact.Grant{{
			Purpose: "marketing.communications.email", Status: status, Notice: "newsletter@2", Method: "form", Source: "web",
		}}})
		refused(err)
	case 1:
		_, err := gate.Declare(ctx, h.Keep.Gate, who, gate.Statement{By: "person", Preference: &fact.Preference{Muted: []string{"shoes"}, Zone: "Europe/Berlin"}})
		refused(err)
	case 2:
		asking := clerk
		asking.Subject = who
		_, err := h.Split(ctx, asking, asking.Subject, gate.Subject{})
		refused(err)
	case 3:
		asking := clerk
		asking.Subject = who
		pass, err := gate.Ask[gate.Honor](ctx, h.Keep.Gate, asking)
		if err == nil {
			_, err = gate.Erase(ctx, pass)
		}
		refused(err)
	case 4:
		h.clock.Advance(30 * time.Hour)
		if err := h.CatchUp(ctx); err != nil {
			t.Fatalf("catch up: %v", err)
		}
	case 5:
		_, err := h.Send(ctx, "aurora-week", catalog.Actor{Role: catalog.Marketer, Name: "sender"})
		refused(err)
	default:
		all := arrivals(t, 6)
		for _, a := range all {
			if rapid.Bool().Draw(t, "with a choice") {
				context, _ := a.event["context"].(map[string]any)
				if context == nil {
					context = map[string]any{}
					a.event["context"] = context
				}
				context["consent"] = map[string]any{"categoryPreferences": map[string]any{
					"marketing.communications.email": rapid.Bool().Draw(t, "yes"),
				}}
			}
		}
		h.deliver(t, all)
	}
}

// What was sent is what was accepted, known before, put aside or refused: for
// each source, whatever was wrong.
func TestProperty_balance(t *testing.T) {
	t.Parallel()
	for name, database := range databases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			open := fresh(t, database, (*house).furnish)
			rounds(t, played(name)/2, func(rt *rapid.T) {
				h := open()
				defer h.close()
				sent := map[string]keep.Tally{}
				for range rapid.IntRange(1, 12).Draw(rt, "requests") {
					h.request(rt, sent)
				}
				if diff := cmp.Diff(sent, h.balance(rt)); diff != "" {
					rt.Fatalf("the balance does not add up (- what was answered, + what was counted):\n%s", diff)
				}
				// What is still wrong stays where it lies when it is tried again, and
				// is no new event.
				aside, err := h.Keep.Quarantined(context.Background(), 0, 1000)
				if err != nil {
					rt.Fatalf("%v", err)
				}
				again, err := h.Replay(context.Background(), "admin:test", nil)
				if err != nil || again.Tried != len(aside) || again.Left != len(aside) {
					rt.Fatalf("of %d events in quarantine, tried again: %+v, %v", len(aside), again, err)
				}
				left, err := h.Keep.Quarantined(context.Background(), 0, 1000)
				if err != nil {
					rt.Fatalf("%v", err)
				}
				if diff := cmp.Diff(aside, left) + cmp.Diff(sent, h.balance(rt)); diff != "" {
					rt.Fatalf("trying again changed something (- before, + after):\n%s", diff)
				}
			})
		})
	}
}

// balance is what was counted, by source.
func (h *house) balance(t *rapid.T) map[string]keep.Tally {
	rows, err := h.Keep.Tallies(context.Background())
	if err != nil {
		t.Fatalf("%v", err)
	}
	out := map[string]keep.Tally{}
	for _, row := range rows {
		out[row.Source] = row
	}
	return out
}

// request posts one body and adds what was answered to the balance. What the
// answer names must be all that was sent.
func (h *house) request(t *rapid.T, balance map[string]keep.Tally) {
	source := rapid.SampledFrom([]string{"server", "web", "till"}).Draw(t, "source")
	tally := balance[source]
	tally.Source = source
	defer func() {
		if tally != (keep.Tally{Source: source}) {
			balance[source] = tally
		}
	}()
	if rapid.IntRange(0, 3).Draw(t, "kind of body") == 0 {
		body := rapid.SampledFrom([]string{"", "null", "[]", `{"batch":{}}`, `{"batch":[{}`, `{"batch":[]} x`, `{"batch":[],"batch":[]}`}).Draw(t, "body")
		if status, answer := h.post("/v1/batch", h.keys[source], body); status < 400 || status >= 500 {
			t.Fatalf("%q was answered %d %s", body, status, answer)
		}
		tally.Refused++
		return
	}
	n := rapid.IntRange(0, 5).Draw(t, "events")
	events := make([]map[string]any, n)
	for i := range events {
		events[i] = rapid.OneOf(identifying, broken).Draw(t, "event")
		switch rapid.IntRange(0, 4).Draw(t, "told before") {
		case 0: // again, as it was
			events[i] = map[string]any{"type": "track", "event": "Product Viewed", "userId": "user-0", "messageId": "m-again", "timestamp": "2026-03-01T10:00:00Z"}
		case 1: // again, as something else
			events[i] = map[string]any{"type": "track", "event": "Product Viewed", "userId": "user-0", "messageId": "m-again", "timestamp": "2026-03-02T10:00:00Z"}
		}
	}
	a := h.tell(t, source, events...)
	if a.Accepted+a.Duplicates+len(a.Quarantined) != n {
		t.Fatalf("%d events were sent and the answer tells of %+v", n, a)
	}
	tally.Accepted += int64(a.Accepted)
	tally.Duplicate += int64(a.Duplicates)
	tally.Quarantined += int64(len(a.Quarantined))
}

// broken draws events that are put aside, each for another reason.
var broken = rapid.Custom(func(t *rapid.T) map[string]any {
	e := map[string]any{"type": "track", "event": "Product Viewed", "userId": "user-1"}
	switch rapid.IntRange(0, 4).Draw(t, "fault") {
	case 0:
		e["type"] = "shout"
	case 1:
		delete(e, "userId")
	case 2:
		e["userId"] = strings.Repeat("u", 300)
	case 3:
		e["timestamp"] = "yesterday"
	case 4:
		e["userId"] = map[string]any{"id": 1}
	}
	return e
})

// Many events of many families, each told one to five times, shuffled, by four
// clients at once, give what one client gives who tells each once and in order.
func TestShuffled_fourClients(t *testing.T) {
	t.Parallel()
	const each, batch = 15, 40
	families := longtest.Rounds(8, 60)
	for name, database := range databases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			random := rand.New(rand.NewPCG(31, 4))
			var inOrder, shuffled []map[string]any
			for f := range families {
				events := identifyingIn(fmt.Sprintf("f%d-", f))
				for i := range each {
					e := events.Example(f*each + i)
					e["messageId"] = fmt.Sprintf("m-%d-%d", f, i)
					inOrder = append(inOrder, e)
					shuffled = append(shuffled, slices.Repeat([]map[string]any{e}, 1+random.IntN(5))...)
				}
			}
			random.Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
			open := fresh(t, database, (*house).furnish)
			one, many := open(), open()
			defer one.close()
			defer many.close()
			for part := range slices.Chunk(inOrder, batch) {
				one.tell(t, "server", part...)
			}
			var accepted, known atomic.Int64
			parts := make(chan []map[string]any)
			var clients sync.WaitGroup
			for range 4 {
				clients.Go(func() {
					for part := range parts {
						a := many.tell(t, "server", part...)
						accepted.Add(int64(a.Accepted))
						known.Add(int64(a.Duplicates))
					}
				})
			}
			for part := range slices.Chunk(shuffled, batch) {
				parts <- part
			}
			close(parts)
			clients.Wait()
			if accepted.Load() != int64(len(inOrder)) || known.Load() != int64(len(shuffled)-len(inOrder)) {
				t.Errorf("of %d events told %d times %d were accepted and %d known", len(inOrder), len(shuffled), accepted.Load(), known.Load())
			}
			if diff := cmp.Diff(values(one.everybody(t)), values(many.everybody(t))); diff != "" {
				t.Errorf("four clients make other people (- one, + four):\n%s", diff)
			}
			many.rebuilds(t)
			many.verifies(t)
		})
	}
}
