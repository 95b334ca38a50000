package order

import (
	"crypto/sha256"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/heed-platform/heed/internal/clock"
	"github.com/heed-platform/heed/internal/fact"
	"github.com/heed-platform/heed/internal/person"
)

// told is one event in a test: a name, when, from which source, and properties.
type told struct {
	name   string
	at     clock.Instant
	source string
	props  string
}

func (x told) event() *fact.Event {
	return &fact.Event{
		Source: x.source, Type: fact.Track, Name: x.name, At: x.at, Notice: "shop@1",
		Raw: fact.Raw(`{"type":"track","properties":` + x.props + `}`),
	}
}

func (x told) message() person.Hash {
	sum := sha256.Sum256(fmt.Append(nil, x.name, x.at, x.source, x.props))
	return person.Hash(sum[:16])
}

func tell(s *fact.State, events ...told) {
	for _, x := range events {
		if r, ok := Read(x.event(), x.message()); ok {
			Apply(s, &r)
		}
	}
}

// summary is a totals line as a test writes it: "item/variant ×2 last 5 back 7".
func summary(states ...*fact.State) string {
	purchases, spends := Totals(states)
	var b strings.Builder
	for _, p := range purchases {
		fmt.Fprintf(&b, "%s/%s x%d last %d", p.Item, p.Variant, p.Quantity, p.Last)
		if p.Returned != 0 {
			fmt.Fprintf(&b, " back %d", p.Returned)
		}
		if p.Gift {
			b.WriteString(" gift")
		}
		b.WriteString("; ")
	}
	for _, m := range spends {
		fmt.Fprintf(&b, "%s %d in %d; ", m.Currency, m.Minor, m.Orders)
	}
	return strings.TrimSuffix(b.String(), "; ")
}

const (
	canceled = "Order Cancelled" //nolint:misspell // the spec spells it so

	shoes = `{"product_id":"shoe","sku":"shoe-42","category":"running","price":"89.90"}`
	socks = `{"product_id":"sock","quantity":3,"price":5}`
)

func TestTotals(t *testing.T) {
	t.Parallel()
	whole := `{"order_id":"A1","currency":"EUR","total":"104.90","products":[` + shoes + `,` + socks + `]}`
	bought := told{"Order Completed", 10, "web", whole}
	tests := []struct {
		name string
		told []told
		want string
	}{
		{"one order", []told{bought}, "shoe/shoe-42 x1 last 10; sock/ x3 last 10; EUR 10490 in 1"},
		{
			"web and till tell the same order",
			[]told{bought, {"Order Completed", 11, "till", whole}},
			"shoe/shoe-42 x1 last 11; sock/ x3 last 11; EUR 10490 in 1",
		},
		{
			"a pixel knows the amount only",
			[]told{bought, {"Order Completed", 12, "pixel", `{"order_id":"A1","currency":"EUR","revenue":90}`}},
			"shoe/shoe-42 x1 last 10; sock/ x3 last 10; EUR 10490 in 1",
		},
		{
			"an order id may be a number", []told{
				{"Order Completed", 1, "web", `{"order_id":77,"products":[` + socks + `]}`},
				{"Order Completed", 2, "till", `{"order_id":"77","products":[` + socks + `]}`},
			}, "sock/ x3 last 2",
		},
		{
			"an update speaks when it is later",
			[]told{bought, {"Order Updated", 15, "web", `{"order_id":"A1","currency":"EUR","total":15,"products":[` + socks + `]}`}},
			"sock/ x3 last 15; EUR 1500 in 1",
		},
		{"an update alone buys nothing", []told{{"Order Updated", 15, "web", whole}}, ""},
		{
			"without a total the prices are added up",
			[]told{{"Order Completed", 1, "web", `{"order_id":"A","currency":"EUR","products":[` + shoes + `,` + socks + `]}`}},
			"shoe/shoe-42 x1 last 1; sock/ x3 last 1; EUR 10490 in 1",
		},
		{
			"no currency, no money",
			[]told{{"Order Completed", 1, "web", `{"order_id":"A","total":5,"products":[` + socks + `]}`}},
			"sock/ x3 last 1",
		},
		{
			"one product is returned",
			[]told{bought, {"Order Refunded", 20, "web", `{"order_id":"A1","products":[` + shoes + `]}`}},
			"shoe/shoe-42 x0 last 10 back 20; sock/ x3 last 10; EUR 1500 in 1",
		},
		{
			"the refund comes first",
			[]told{{"Order Refunded", 20, "web", `{"order_id":"A1","products":[` + shoes + `]}`}, bought},
			"shoe/shoe-42 x0 last 10 back 20; sock/ x3 last 10; EUR 1500 in 1",
		},
		{
			"a refund names the item only",
			[]told{bought, {"Order Refunded", 20, "web", `{"order_id":"A1","currency":"EUR","total":"80","products":[{"product_id":"shoe"}]}`}},
			"shoe/shoe-42 x0 last 10 back 20; sock/ x3 last 10; EUR 2490 in 1",
		},
		{
			"everything is refunded",
			[]told{bought, {"Order Refunded", 20, "web", `{"order_id":"A1"}`}},
			"shoe/shoe-42 x0 last 10 back 20; sock/ x0 last 10 back 20; EUR 0 in 1",
		},
		{
			"everything, by the amount",
			[]told{bought, {"Order Refunded", 20, "web", `{"order_id":"A1","currency":"EUR","total":104.9}`}},
			"shoe/shoe-42 x0 last 10 back 20; sock/ x0 last 10 back 20; EUR 0 in 1",
		},
		{
			"a part of the money only",
			[]told{bought, {"Order Refunded", 20, "web", `{"order_id":"A1","currency":"EUR","total":4.90}`}},
			"shoe/shoe-42 x1 last 10; sock/ x3 last 10; EUR 10000 in 1",
		},
		{
			"two sources tell of one return", []told{
				bought,
				{"Order Refunded", 20, "web", `{"order_id":"A1","products":[{"product_id":"sock","quantity":1}]}`},
				{"Order Refunded", 21, "till", `{"order_id":"A1","products":[{"product_id":"sock","quantity":1}]}`},
			}, "shoe/shoe-42 x1 last 10; sock/ x2 last 10 back 21; EUR 9990 in 1",
		},
		{
			"two returns of one source", []told{
				bought,
				{"Order Refunded", 20, "web", `{"order_id":"A1","products":[{"product_id":"sock","quantity":1}]}`},
				{"Order Refunded", 21, "web", `{"order_id":"A1","products":[{"product_id":"sock","quantity":1}]}`},
			}, "shoe/shoe-42 x1 last 10; sock/ x1 last 10 back 21; EUR 9490 in 1",
		},
		{
			"more comes back than was bought",
			[]told{bought, {"Order Refunded", 20, "web", `{"order_id":"A1","products":[{"product_id":"sock","quantity":30}]}`}},
			"shoe/shoe-42 x1 last 10; sock/ x0 last 10 back 20; EUR 8990 in 1",
		},
		{
			"canceled",
			[]told{bought, {canceled, 12, "web", whole}},
			"shoe/shoe-42 x0 last 10 back 12; sock/ x0 last 10 back 12",
		},
		{"a refund of an order nobody told", []told{{"Order Refunded", 20, "web", `{"order_id":"Z","products":[` + shoes + `]}`}}, ""},
		{
			"bought again after the return", []told{
				bought,
				{"Order Refunded", 20, "web", `{"order_id":"A1","products":[` + shoes + `]}`},
				{"Order Completed", 30, "web", `{"order_id":"A2","products":[` + shoes + `]}`},
			}, "shoe/shoe-42 x1 last 30 back 20; sock/ x3 last 10; EUR 1500 in 1",
		},
		{
			"single lines add up", []told{
				{"Product Purchased", 1, "till", `{"order_id":"B","product_id":"a","price":1,"currency":"USD"}`},
				{"Product Purchased", 1, "till", `{"order_id":"B","product_id":"b","price":2,"quantity":2,"currency":"USD"}`},
			}, "a/ x1 last 1; b/ x2 last 1; USD 500 in 1",
		},
		{
			"the whole replaces single lines", []told{
				{"Product Purchased", 1, "till", `{"order_id":"B","product_id":"a","price":1,"currency":"USD"}`},
				{"Order Completed", 1, "web", `{"order_id":"B","currency":"USD","total":3,"products":[{"product_id":"a"},{"product_id":"b","quantity":2}]}`},
				{"Product Purchased", 1, "till", `{"order_id":"B","product_id":"b","price":2,"currency":"USD"}`},
			}, "a/ x1 last 1; b/ x2 last 1; USD 300 in 1",
		},
		{
			"a single line is paid back", []told{
				{"Product Purchased", 1, "till", `{"order_id":"B","product_id":"a","price":1,"quantity":2,"currency":"USD"}`},
				{"Order Refunded", 2, "till", `{"order_id":"B","product_id":"a","total":"0.90","currency":"USD"}`},
			}, "a/ x1 last 1 back 2; USD 110 in 1",
		},
		{
			"without an order id each event is an order", []told{
				{"Product Purchased", 1, "web", `{"product_id":"a"}`},
				{"Product Purchased", 2, "web", `{"product_id":"a"}`},
			}, "a/ x2 last 2",
		},
		{
			"a return that names no order", []told{
				{"Product Returned", 9, "till", `{"product_id":"shoe","quantity":1}`}, bought,
			}, "shoe/shoe-42 x0 last 10 back 9; sock/ x3 last 10; EUR 10490 in 1",
		},
		{
			"a till takes one thing back and sells another", []told{
				bought,
				{"Order Completed", 30, "till", `{"order_id":"T9","currency":"EUR","total":-84.90,"products":[{"product_id":"shoe","sku":"shoe-42","quantity":-1},{"product_id":"lace"}]}`},
			}, "lace/ x1 last 30; shoe/shoe-42 x0 last 10 back 30; sock/ x3 last 10; EUR 2000 in 2",
		},
		{
			"one variant on two lines",
			[]told{{"Order Completed", 1, "web", `{"order_id":"A","products":[{"sku":"x"},{"sku":"x","quantity":2}]}`}},
			"x/ x3 last 1",
		},
		{
			"a gift, and then one for herself", []told{
				{"Order Completed", 1, "web", `{"order_id":"A","gift":true,"products":[{"product_id":"dress"},{"product_id":"card"}]}`},
				{"Order Completed", 2, "web", `{"order_id":"B","products":[{"product_id":"dress"}]}`},
			}, "card/ x1 last 1 gift; dress/ x2 last 2",
		},
		{
			"what was for herself came back", []told{
				{"Order Completed", 1, "web", `{"order_id":"A","products":[{"product_id":"dress","gift":true}]}`},
				{"Order Completed", 2, "web", `{"order_id":"B","products":[{"product_id":"dress"}]}`},
				{"Order Refunded", 3, "web", `{"order_id":"B"}`},
			}, "dress/ x1 last 2 back 3 gift",
		},
		{
			"an order that is one product",
			[]told{{"Order Completed", 1, "web", `{"order_id":"A","product_id":"p","revenue":"12","currency":"jpy"}`}},
			"p/ x1 last 1; JPY 12 in 1",
		},
		{
			"part of a piece is a piece",
			[]told{{"Order Completed", 1, "web", `{"order_id":"A","products":[{"product_id":"cheese","quantity":0.25},{"product_id":"none","quantity":0}]}`}},
			"cheese/ x1 last 1",
		},
		{"nonsense", []told{{"Order Completed", 1, "web", `{"order_id":{},"products":"no","total":[],"currency":5}`}}, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var s fact.State
			tell(&s, tt.told...)
			if got := summary(&s); got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
			b := fact.AppendState(nil, &s)
			again, err := fact.ParseState(b)
			if err != nil {
				t.Fatal(err)
			}
			if got := summary(&again); got != tt.want {
				t.Errorf("after storing: %s", got)
			}
		})
	}
}

func TestTotals_describesThePurchase(t *testing.T) {
	t.Parallel()
	var s fact.State
	tell(&s, told{"Order Completed", 7, "web", `{"order_id":"A","products":[{"product_id":"p","sku":"p-1","variant":"red","category":"shoes","brand":"Swift"}]}`})
	got, _ := Totals([]*fact.State{&s})
	want := []fact.Purchase{{
		Item: "p", Variant: "p-1", Category: "shoes", Brand: "Swift", Quantity: 1, Last: 7, Notice: "shop@1",
	}}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func TestTotals_oneOrderOnTwoFragments(t *testing.T) {
	t.Parallel()
	var web, till fact.State
	tell(&web, told{"Order Completed", 1, "web", `{"order_id":"A","currency":"EUR","total":10,"products":[{"product_id":"p"}]}`})
	tell(&till, told{"Order Completed", 2, "till", `{"order_id":"A","currency":"EUR","total":10,"products":[{"product_id":"p"}]}`},
		told{"Order Refunded", 3, "till", `{"order_id":"A","products":[{"product_id":"p"}]}`})
	const want = "p/ x0 last 2 back 3; EUR 1000 in 1"
	if got := summary(&web, &till); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if got := summary(&till, &web); got != want {
		t.Errorf("the other way round: got %s, want %s", got, want)
	}
	if got, want := summary(&web), "p/ x1 last 1; EUR 1000 in 1"; got != want {
		t.Errorf("apart: got %s, want %s", got, want)
	}
}

func TestItemOf(t *testing.T) {
	t.Parallel()
	tests := []struct{ id, sku, variant, item, which string }{
		{"p", "p-1", "red", "p", "p-1"},
		{"p", "", "red", "p", "red"},
		{"p", "p", "red", "p", "red"},
		{"", "s", "", "s", ""},
		{"", "s", "red", "s", "red"},
		{"", "", "red", "", "red"},
		{"p", "", "", "p", ""},
	}
	for _, tt := range tests {
		if item, which := ItemOf(tt.id, tt.sku, tt.variant); item != tt.item || which != tt.which {
			t.Errorf("ItemOf(%q, %q, %q) = %q, %q", tt.id, tt.sku, tt.variant, item, which)
		}
	}
}

// TestSettle: what is moved out of the orders stays in the totals, and an order
// that is told again long after is still one order.
func TestSettle(t *testing.T) {
	t.Parallel()
	var s fact.State
	order := func(n int, source string) told {
		return told{"Order Completed", clock.Instant(n + 1), source, fmt.Sprintf(
			`{"order_id":"O%d","currency":"EUR","total":2,"products":[{"product_id":"p%d"}]}`, n, n%3)}
	}
	const n = 3*maxOrders + 1
	for i := range n {
		tell(&s, order(i, "web"))
	}
	want := fmt.Sprintf("p0/ x%d last %d; p1/ x%d last %d; p2/ x%d last %d; EUR %d in %d",
		n/3+1, n, n/3, n-2, n/3, n-1, 2*n, n)
	want = strings.ReplaceAll(want, fmt.Sprintf("EUR %d", 2*n), fmt.Sprintf("EUR %d", 200*n))
	if got := summary(&s); got != want {
		t.Fatalf("got  %s\nwant %s", got, want)
	}
	if len(s.Orders) != maxOrders || len(s.Settled) != n-maxOrders {
		t.Errorf("%d orders and %d settled", len(s.Orders), len(s.Settled))
	}
	for i := range n {
		tell(&s, order(i, "till"))
	}
	if got := summary(&s); got != want {
		t.Errorf("told again: got  %s\nwant %s", got, want)
	}
	tell(&s, told{"Order Refunded", 9999, "web", `{"order_id":"O0","currency":"EUR","total":2,"products":[{"product_id":"p0"}]}`})
	want = strings.Replace(want, fmt.Sprintf("p0/ x%d last %d", n/3+1, n), fmt.Sprintf("p0/ x%d last %d back 9999", n/3, n), 1)
	want = strings.Replace(want, fmt.Sprint(200*n), fmt.Sprint(200*n-200), 1)
	if got := summary(&s); got != want {
		t.Errorf("a late return: got  %s\nwant %s", got, want)
	}
}

// history draws order events of a few orders, told by two sources.
func history(t *rapid.T) []told {
	product := rapid.Custom(func(t *rapid.T) string {
		return fmt.Sprintf(`{"product_id":%q,"sku":%q,"quantity":%d,"price":%d,"gift":%v}`,
			rapid.SampledFrom([]string{"p", "q"}).Draw(t, "item"),
			rapid.SampledFrom([]string{"", "p-1", "p-2"}).Draw(t, "sku"),
			rapid.IntRange(-1, 3).Draw(t, "quantity"), rapid.IntRange(0, 4).Draw(t, "price"), rapid.Bool().Draw(t, "gift"))
	})
	one := rapid.Custom(func(t *rapid.T) told {
		return told{
			rapid.SampledFrom([]string{
				"Order Completed", "Order Updated", "Product Purchased", "Order Refunded", "Product Returned", canceled,
			}).Draw(t, "name"),
			clock.Instant(rapid.IntRange(1, 6).Draw(t, "at")),
			rapid.SampledFrom([]string{"web", "till"}).Draw(t, "source"),
			fmt.Sprintf(`{"order_id":%q,"currency":%q,"total":%s,"products":[%s]}`,
				rapid.SampledFrom([]string{"", "A", "B", "C"}).Draw(t, "order"),
				rapid.SampledFrom([]string{"", "EUR", "USD"}).Draw(t, "currency"),
				rapid.SampledFrom([]string{"null", "3", "7"}).Draw(t, "total"),
				strings.Join(rapid.SliceOfN(product, 0, 3).Draw(t, "products"), ",")),
		}
	})
	return rapid.SliceOfNDistinct(one, 0, 8, told.message).Draw(t, "history")
}

func TestApply_anyOrderGivesTheSameBytes(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		events := history(t)
		var a, b fact.State
		tell(&a, events...)
		tell(&b, rapid.Permutation(events).Draw(t, "shuffled")...)
		if d := cmp.Diff(fact.AppendState(nil, &a), fact.AppendState(nil, &b)); d != "" {
			t.Fatal(d)
		}
		for _, p := range first(Totals([]*fact.State{&a})) {
			if p.Quantity < 0 || p.Last == 0 {
				t.Fatalf("impossible purchase %+v", p)
			}
		}
	})
}

// TestTotals_anyFragments: on which fragments of a person the events arrive does
// not matter.
func TestTotals_anyFragments(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		events := history(t)
		var all fact.State
		parts := []*fact.State{{}, {}, {}}
		for _, x := range events {
			tell(&all, x)
			tell(rapid.SampledFrom(parts).Draw(t, "fragment"), x)
		}
		before := fact.AppendState(nil, parts[0])
		if d := cmp.Diff(summary(&all), summary(parts...), cmpopts.EquateEmpty()); d != "" {
			t.Fatal(d)
		}
		if d := cmp.Diff(before, fact.AppendState(nil, parts[0])); d != "" {
			t.Fatalf("folding changed a state: %s", d)
		}
	})
}

func first(p []fact.Purchase, _ []fact.Spend) []fact.Purchase { return p }

// FuzzRead: any properties are read without panic into numbers that can be
// added, and fold the same from storage.
func FuzzRead(f *testing.F) {
	f.Add("Order Completed", `{"order_id":"A","total":"1e9","currency":"EUR","products":[{"product_id":1,"quantity":"2.5","price":-3}]}`)
	f.Add("Order Refunded", `{"products":[{"sku":"x"}]}`)
	f.Fuzz(func(t *testing.T, name, props string) {
		x := told{name, 5, "web", props}
		var s fact.State
		tell(&s, x)
		again, err := fact.ParseState(fact.AppendState(nil, &s))
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(summary(&s), summary(&again)); d != "" {
			t.Fatal(d)
		}
	})
}
