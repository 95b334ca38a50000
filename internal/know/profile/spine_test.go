package profile

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/heed-platform/heed/internal/fact"
)

func TestSpine(t *testing.T) {
	t.Parallel()
	dictionary := NewDictionary([]string{"Store Entered"}, func(item, category string) bool {
		return category == "maternity" || item == "secret"
	})
	const shoe, dress = `{"product_id":"shoe","price":"89.90","quantity":2}`, `{"product_id":"dress","price":50,"category":"maternity"}`
	tests := []struct {
		name  string
		event *fact.Event
		want  []SpineLine
	}{
		{
			"one product", did(5, "Product Viewed", `,"properties":{"product_id":"shoe","price":89.9,"currency":"eur"}`),
			[]SpineLine{{At: 5, Name: "Product Viewed", Item: "shoe", Minor: 8990, Currency: "EUR", Quantity: 1}},
		},
		{
			"a product that must not be seen", did(5, "Product Viewed", `,"properties":{"product_id":"dress","category":"maternity","price":50,"currency":"EUR"}`),
			[]SpineLine{{At: 5, Name: "Product Viewed"}},
		},
		{
			"an item that must not be seen", did(5, "Product Added", `,"properties":{"product_id":"secret"}`),
			[]SpineLine{{At: 5, Name: "Product Added"}},
		},
		{
			"an order", did(5, "Order Completed", `,"properties":{"order_id":"A","total":"230.10","currency":"EUR","products":[`+shoe+`,`+dress+`]}`),
			[]SpineLine{
				{At: 5, Name: "Order Completed", Minor: 23010, Currency: "EUR", Quantity: 3},
				{At: 5, Name: LineName, Item: "shoe", Minor: 17980, Currency: "EUR", Quantity: 2},
			},
		},
		{
			"a refund", did(5, "Order Refunded", `,"properties":{"order_id":"A","products":[`+shoe+`]}`),
			[]SpineLine{{At: 5, Name: "Order Refunded", Item: "shoe", Quantity: 2}},
		},
		{"no product", did(5, "Products Searched", `,"properties":{"query":"pregnancy test"}`), []SpineLine{{At: 5, Name: "Products Searched"}}},
		{"approved by the workspace", did(5, "Store Entered", ""), []SpineLine{{At: 5, Name: "Store Entered"}}},
		{"a page", but(did(5, "Home", ""), func(e *fact.Event) { e.Type = fact.Page }), []SpineLine{{At: 5, Name: "page"}}},
		{"approved by nobody", did(5, "Diary Written", ""), nil},
		{"under no notice", but(did(5, "Product Viewed", ""), func(e *fact.Event) { e.Notice = "" }), nil},
		{"nobody did anything", said(5, `{"email":"a@x.org"}`), nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if d := cmp.Diff(tt.want, Spine(tt.event, dictionary), cmpopts.EquateEmpty()); d != "" {
				t.Error(d)
			}
			if got := Spine(tt.event, Dictionary{}); got != nil {
				t.Errorf("without a dictionary: %v", got)
			}
		})
	}
	lines := Spine(did(5, "Product Viewed", `,"properties":{"product_id":"shoe"}`), NewDictionary(nil, nil))
	if d := cmp.Diff([]SpineLine{{At: 5, Name: "Product Viewed"}}, lines); d != "" {
		t.Errorf("when nobody says what may be seen: %s", d)
	}
}
