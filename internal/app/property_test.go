package app_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/heed-platform/heed/internal/person"
)

// town is how many of each kind of identifier the properties draw from: few, so
// that they meet.
const town = 4

// identifying draws an event that says who somebody is, or what they did. Times
// are coarse, so that ties happen.
var identifying = rapid.Custom(func(t *rapid.T) map[string]any {
	pick := func(what, kind string) (string, bool) {
		n := rapid.IntRange(-2, town-1).Draw(t, what)
		return fmt.Sprintf("%s-%d", kind, n), n >= 0
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
			"order_id": fmt.Sprintf("o-%d", rapid.IntRange(1, 3).Draw(t, "order")), "currency": "EUR", "total": 119,
			"products": []map[string]any{{"product_id": "shoe-aurora", "category": "Running shoes", "price": 119, "quantity": 1}},
		}
	default:
		e["traits"] = traits
	}
	if len(context) > 0 {
		e["context"] = context
	}
	return e
})

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
var played = map[string]int{"sqlite": 40, "postgres": 6}

// Whatever the order and the batches in which the same events arrive, the people
// are the same and what is known of each is the same.
func TestProperty_anyOrderAnyBatching(t *testing.T) {
	t.Parallel()
	for name, database := range databases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			open := fresh(t, database, (*house).furnish)
			rounds(t, played[name], func(rt *rapid.T) {
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
			rounds(t, played[name], func(rt *rapid.T) {
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
			rounds(t, played[name], func(rt *rapid.T) {
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
			traits["email"] = value + "." + traits["email"].(string)
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
