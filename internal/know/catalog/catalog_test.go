package catalog

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/heed-platform/heed/internal/clock"
	"github.com/heed-platform/heed/internal/fact"
	"github.com/heed-platform/heed/internal/problem"
)

func change(tb testing.TB, body string) Change {
	tb.Helper()
	c, err := ChangeOf([]byte(body))
	if err != nil {
		tb.Fatal(err)
	}
	return c
}

func upsert(tb testing.TB, i Item, changes ...Change) Item {
	tb.Helper()
	out, err := i.Upsert(changes...)
	if err != nil {
		tb.Fatal(err)
	}
	return out
}

func body(tb testing.TB, i Item) string {
	tb.Helper()
	b, err := i.Body()
	if err != nil {
		tb.Fatal(err)
	}
	again, err := Parse(b)
	if err != nil {
		tb.Fatal(err)
	}
	if d := cmp.Diff(i, again, cmpopts.EquateEmpty()); d != "" {
		tb.Fatalf("an item reads back changed: %s", d)
	}
	return string(b)
}

const shoe = `{"id":"shoe","name":"Swift 3","category":"running","brand":"Swift","price":"89.90","currency":"eur",
	"stock":12,"url":"https://shop.example/shoe","variants":[{"id":"shoe-43","stock":"0"},{"id":"shoe-42","name":"42","price":79.9,"stock":3}]}`

func TestUpsert(t *testing.T) {
	t.Parallel()
	i := upsert(t, Item{}, change(t, shoe))
	const want = `{"id":"shoe","name":"Swift 3","category":"running","brand":"Swift","url":"https://shop.example/shoe",` +
		`"price":{"minor":8990,"currency":"EUR"},"stock":12,"variants":[` +
		`{"id":"shoe-42","name":"42","price":{"minor":7990,"currency":"EUR"},"stock":3},{"id":"shoe-43","stock":0}]}`
	if d := cmp.Diff(want, body(t, i)); d != "" {
		t.Error(d)
	}
	if got := body(t, upsert(t, i, change(t, shoe))); got != want {
		t.Errorf("said twice: %s", got)
	}
	next := upsert(t, i, change(t, `{"id":"shoe","name":null,"stock":null,"brand":"","variants":[
		{"id":"shoe-43","stock":5},{"id":"shoe-42","removed":true},{"id":"shoe-44"}]}`))
	const after = `{"id":"shoe","category":"running","url":"https://shop.example/shoe",` +
		`"price":{"minor":8990,"currency":"EUR"},"variants":[{"id":"shoe-43","stock":5},{"id":"shoe-44"}]}`
	if d := cmp.Diff(after, body(t, next)); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff(want, body(t, i)); d != "" {
		t.Errorf("the item before changed too: %s", d)
	}
}

func TestChangeOf_refuses(t *testing.T) {
	t.Parallel()
	tests := []struct{ body, code, places string }{
		{``, "catalog-not-json", ""},
		{`[]`, "catalog-not-json", ""},
		{`{"id":"a"`, "catalog-not-json", ""},
		{`{"id":"a"}x`, "catalog-not-json", ""},
		{`{"id":"a","id":"b"}`, "catalog-not-json", ""},
		{`{"id":"a","name":"` + strings.Repeat("x", MaxBody) + `"}`, "catalog-item-too-large", ""},
		{`{}`, "catalog-item-invalid", "/id"},
		{`{"id":""}`, "catalog-item-invalid", "/id /id"},
		{`{"id":" a"}`, "catalog-item-invalid", "/id /id"},
		{`{"id":{}}`, "catalog-item-invalid", "/id /id"},
		{`{"id":"` + strings.Repeat("x", 201) + `"}`, "catalog-item-invalid", "/id /id"},
		{`{"id":"a","weight":1}`, "catalog-item-invalid", "/weight"},
		{`{"id":"a","name":[],"brand":true,"category":"` + strings.Repeat("x", 201) + `"}`, "catalog-item-invalid", "/name /brand /category"},
		{`{"id":"a","name":"a\tb"}`, "catalog-item-invalid", "/name"},
		{`{"id":"a","price":5}`, "catalog-item-invalid", "/price"},
		{`{"id":"a","price":"5,00","currency":"EUR"}`, "catalog-item-invalid", "/price"},
		{`{"id":"a","price":"5.001","currency":"EUR"}`, "catalog-item-invalid", "/price"},
		{`{"id":"a","price":5.5,"currency":"JPY"}`, "catalog-item-invalid", "/price"},
		{`{"id":"a","price":-5,"currency":"EUR"}`, "catalog-item-invalid", "/price"},
		{`{"id":"a","price":5,"currency":"EURO"}`, "catalog-item-invalid", "/currency /price"},
		{`{"id":"a","stock":-1,"interval_days":3651}`, "catalog-item-invalid", "/stock /interval_days"},
		{`{"id":"a","stock":1.5}`, "catalog-item-invalid", "/stock"},
		{`{"id":"a","url":"javascript:alert(1)","image_url":"https://u:p@x.example/"}`, "catalog-item-invalid", "/url /image_url"},
		{`{"id":"a","variants":{}}`, "catalog-item-invalid", "/variants"},
		{`{"id":"a","variants":[1,{"id":"x"},{"id":"x"},{"name":"y"},{"id":"z","removed":1,"weight":2}]}`, "catalog-item-invalid", "/variants/0 /variants/0/id /variants/2/id /variants/3/id /variants/4/removed /variants/4/weight"},
		{`{"id":"a","variants":[` + strings.Repeat(`{"id":"x"},`, 500) + `{"id":"x"}]}`, "catalog-item-invalid", "*"},
	}
	for _, tt := range tests {
		_, err := ChangeOf([]byte(tt.body))
		var p *problem.Error
		if !errors.As(err, &p) || p.Code != tt.code {
			t.Errorf("%.60s: got %v, want %s", tt.body, err, tt.code)
			continue
		}
		var places []string
		for _, f := range p.Fields {
			places = append(places, f.Pointer)
		}
		if got := strings.Join(places, " "); got != tt.places && tt.places != "*" {
			t.Errorf("%.60s: at %s, want %s", tt.body, got, tt.places)
		}
	}
}

func TestUpsert_tooManyVariants(t *testing.T) {
	t.Parallel()
	i := Item{ID: "a"}
	for n := range 6 {
		var vs []string
		for k := range 100 {
			vs = append(vs, fmt.Sprintf(`{"id":"v%d-%d"}`, n, k))
		}
		next, err := i.Upsert(change(t, `{"id":"a","variants":[`+strings.Join(vs, ",")+`]}`))
		if (err != nil) != (n == 5) {
			t.Fatalf("with %d00 variants: %v", n+1, err)
		}
		i = next
	}
	if len(i.Variants) != maxVariants {
		t.Errorf("%d variants", len(i.Variants))
	}
}

func TestChangeOfRow(t *testing.T) {
	t.Parallel()
	var i Item
	for _, row := range []map[string]string{
		{"id": "soap", "name": " Soap ", "category": "care", "price": "3.50", "currency": "EUR", "interval_days": "30", "stock": ""},
		{"id": "soap", "variant_id": "soap-6", "variant_name": "six", "variant_price": "18", "currency": "EUR", "variant_interval_days": "180", "variant_stock": "4"},
		{"id": "soap", "variant_id": "soap-1", "name": ""},
	} {
		c, err := ChangeOfRow(row)
		if err != nil {
			t.Fatal(err)
		}
		i = upsert(t, i, c)
	}
	const want = `{"id":"soap","name":"Soap","category":"care","price":{"minor":350,"currency":"EUR"},"interval_days":30,` +
		`"variants":[{"id":"soap-1"},{"id":"soap-6","name":"six","price":{"minor":1800,"currency":"EUR"},"stock":4,"interval_days":180}]}`
	if d := cmp.Diff(want, body(t, i)); d != "" {
		t.Error(d)
	}
	for _, tt := range []struct {
		row    map[string]string
		places string
	}{
		{map[string]string{"name": "x"}, "id"},
		{map[string]string{"id": "a", "variant_stock": "3"}, "variant_id"},
		{map[string]string{"id": "a", "weight": "", "currency": "?", "price": "3"}, "currency price weight"},
		{map[string]string{"id": "a", "variant_id": "b", "variant_weight": "1", "variant_stock": "x"}, "variant_stock variant_weight"},
	} {
		_, err := ChangeOfRow(tt.row)
		var p *problem.Error
		if !errors.As(err, &p) {
			t.Errorf("%v: got %v", tt.row, err)
			continue
		}
		var places []string
		for _, f := range p.Fields {
			places = append(places, f.Pointer)
		}
		if got := strings.Join(places, " "); got != tt.places {
			t.Errorf("%v: at %s, want %s", tt.row, got, tt.places)
		}
	}
}

func viewed(properties string) *fact.Event {
	return &fact.Event{Type: fact.Track, Name: "Product Viewed", Verified: true, Raw: fact.Raw(`{"properties":` + properties + `}`)}
}

func TestChangesOf_fillGapsOnly(t *testing.T) {
	t.Parallel()
	heard := ChangesOf(viewed(`{"product_id":"shoe","sku":"shoe-42","variant":"42 red","name":"Other","brand":"Heard","price":1,"currency":"USD","image_url":"https://x.example/i.png","url":"ftp://x"}`))
	i := upsert(t, Item{}, heard...)
	const alone = `{"id":"shoe","name":"Other","brand":"Heard","image_url":"https://x.example/i.png",` +
		`"variants":[{"id":"shoe-42","name":"42 red","price":{"minor":100,"currency":"USD"},"heard":["name","price"]}],` +
		`"heard":["brand","image_url","name"]}`
	if d := cmp.Diff(alone, body(t, i)); d != "" {
		t.Error(d)
	}
	again := upsert(t, i, ChangesOf(viewed(`{"product_id":"shoe","brand":"Newer","name":""}`))...)
	if again.Brand != "Newer" || again.Name != "Other" {
		t.Errorf("a newer event: %s", body(t, again))
	}
	const both = `{"id":"shoe","name":"Swift 3","category":"running","brand":"Swift","url":"https://shop.example/shoe",` +
		`"image_url":"https://x.example/i.png","price":{"minor":8990,"currency":"EUR"},"stock":12,"variants":[` +
		`{"id":"shoe-42","name":"42","price":{"minor":7990,"currency":"EUR"},"stock":3},{"id":"shoe-43","stock":0}],"heard":["image_url"]}`
	if d := cmp.Diff(both, body(t, upsert(t, i, change(t, shoe)))); d != "" {
		t.Errorf("event, then record: %s", d)
	}
	if d := cmp.Diff(both, body(t, upsert(t, upsert(t, Item{}, change(t, shoe)), heard...))); d != "" {
		t.Errorf("record, then event: %s", d)
	}
}

func TestChangesOf(t *testing.T) {
	t.Parallel()
	order := viewed(`{"currency":"EUR","products":[{"product_id":1,"price":"5"},{"sku":"b"},{"name":"nameless"}]}`)
	order.Name = "Order Completed"
	var ids []string
	for _, c := range ChangesOf(order) {
		ids = append(ids, c.ID)
	}
	if d := cmp.Diff([]string{"1", "b"}, ids); d != "" {
		t.Error(d)
	}
	claimed, other := viewed(`{"product_id":"a"}`), viewed(`{"product_id":"a"}`)
	claimed.Verified, other.Name = false, "Product Removed"
	for _, e := range []*fact.Event{claimed, other, viewed(`{}`), viewed(`{"product_id":"a b\u0007"}`)} {
		if got := ChangesOf(e); len(got) != 0 {
			t.Errorf("%s %s: %d changes", e.Name, []byte(e.Raw), len(got))
		}
	}
}

func TestItem_questions(t *testing.T) {
	t.Parallel()
	i := upsert(t, Item{}, change(t, `{"id":"soap","price":3,"currency":"EUR","interval_days":30,"variants":[
		{"id":"six","price":15,"interval_days":180,"stock":0},{"id":"one"}]}`))
	if got := i.Cost("six"); got != (Money{1500, "EUR"}) {
		t.Errorf("six cost %v", got)
	}
	if got := i.Cost("one"); got != (Money{300, "EUR"}) {
		t.Errorf("one costs %v", got)
	}
	for _, tt := range []struct {
		variant   string
		in, known bool
	}{{"six", false, true}, {"one", false, false}, {"none", false, false}, {"", false, true}} {
		if in, known := i.InStock(tt.variant); in != tt.in || known != tt.known {
			t.Errorf("InStock(%q) = %v, %v", tt.variant, in, known)
		}
	}
	restocked := upsert(t, i, change(t, `{"id":"soap","stock":9,"variants":[{"id":"six","stock":1}]}`))
	for _, variant := range []string{"six", "one", ""} {
		if in, known := restocked.InStock(variant); !in || !known {
			t.Errorf("restocked InStock(%q) = %v, %v", variant, in, known)
		}
	}
	const day = 24 * time.Hour
	for _, tt := range []struct {
		variant  string
		quantity int64
		days     int
	}{{"one", 1, 30}, {"one", 3, 90}, {"six", 1, 180}, {"other", 2, 60}, {"one", 0, 0}, {"one", 1 << 60, 365000 / 30 * 30}} {
		at, ok := i.UsedUp(tt.variant, 5, tt.quantity)
		if ok != (tt.days > 0) || ok && at != clock.Instant(5).Add(time.Duration(tt.days)*day) {
			t.Errorf("UsedUp(%q, %d) = %s, %v", tt.variant, tt.quantity, at.Format(), ok)
		}
	}
	if _, ok := (Item{ID: "x"}).UsedUp("", 5, 1); ok {
		t.Error("what is not consumed is used up")
	}
}

// TestUpsert_purposeHolds: whatever events say, and whenever, a field that was
// said on purpose is as it was said.
func TestUpsert_purposeHolds(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.SampledFrom([]string{"x", "y", ""})
		var i Item
		var name, brand string
		for range rapid.IntRange(0, 8).Draw(t, "steps") {
			a, b := text.Draw(t, "name"), text.Draw(t, "brand")
			var changes []Change
			if rapid.Bool().Draw(t, "event") {
				changes = ChangesOf(viewed(fmt.Sprintf(`{"product_id":"p","sku":"p-1","name":%q,"brand":%q,"price":2,"currency":"EUR"}`, a, b)))
			} else {
				c, err := ChangeOf(fmt.Appendf(nil, `{"id":"p","name":%q,"brand":%q}`, a, b))
				if err != nil {
					t.Fatal(err)
				}
				changes, name, brand = []Change{c}, a, b
			}
			next, err := i.Upsert(changes...)
			if err != nil {
				t.Fatal(err)
			}
			twice, err := next.Upsert(changes...)
			if d := cmp.Diff(next, twice); d != "" || err != nil {
				t.Fatalf("said twice: %s %v", d, err)
			}
			i = next
			if name != "" && i.Name != name || brand != "" && i.Brand != brand {
				t.Fatalf("%q by %q was said, the item is %q by %q", name, brand, i.Name, i.Brand)
			}
		}
	})
}

// FuzzChangeOf: what is accepted makes an item that reads back.
func FuzzChangeOf(f *testing.F) {
	f.Add([]byte(shoe))
	f.Add([]byte(`{"id":"a","variants":[{"id":1,"removed":true,"price":null}],"currency":null}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		c, err := ChangeOf(b)
		if err != nil {
			return
		}
		body(t, upsert(t, Item{}, c))
	})
}

func FuzzChangesOf(f *testing.F) {
	f.Add([]byte(`{"product_id":"a","price":"1e3","currency":"EUR","sku":7}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		var i Item
		for _, c := range ChangesOf(viewed(string(b))) {
			i = upsert(t, i, c)
			body(t, i)
		}
	})
}
