package catalog

import (
	"cmp"

	"github.com/heed-platform/heed/internal/collect/event"
	"github.com/heed-platform/heed/internal/fact"
	"github.com/heed-platform/heed/internal/know/profile/money"
	"github.com/heed-platform/heed/internal/know/profile/order"
)

// ChangesOf are the products that a verified e-commerce event describes. They
// fill gaps in the catalog and never change what was said on purpose; stock and
// intervals are not heard from events. Unreadable parts are left out: the event
// was accepted for what it says about a person.
func ChangesOf(e *fact.Event) []Change {
	if !e.Verified || e.Type != fact.Track || !describes(e.Name) {
		return nil
	}
	var out []Change
	currency := event.Path(e.Raw, "properties.currency")
	products := event.Path(e.Raw, "properties.products")
	for p := range event.Elements(products) {
		if c, ok := heard(p, currency); ok {
			out = append(out, c)
		}
	}
	if len(out) == 0 {
		if c, ok := heard(event.Path(e.Raw, "properties"), currency); ok {
			out = append(out, c)
		}
	}
	return out
}

// describes reports whether events of this name carry products as they are sold.
func describes(name string) bool {
	switch name {
	case "Product Viewed", "Product Clicked", "Product Added", "Product List Viewed", "Product Purchased",
		"Cart Viewed", "Checkout Started", "Order Completed", "Product Added to Wishlist":
		return true
	}
	return false
}

// heard reads one product; a variant gets its price and its description.
func heard(product, currency fact.Raw) (Change, bool) {
	var r record
	c := Change{heard: true}
	v := variantChange{}
	var id, sku, variant string
	own := event.Path(product, "currency")
	r.currency, _ = money.Currency(order.Scalar(own))
	if other, ok := money.Currency(order.Scalar(currency)); ok {
		r.currency = cmp.Or(r.currency, other)
	}
	for name, raw := range event.Members(product) {
		switch name {
		case "product_id":
			id = heardID(raw)
		case "sku":
			sku = heardID(raw)
		case "variant":
			variant = heardID(raw)
		case "name":
			c.name = clean(&r, func(r *record) said[string] { return r.text("", valueOf(raw), maxText) })
		case "category":
			c.category = clean(&r, func(r *record) said[string] { return r.text("", valueOf(raw), maxID) })
		case "brand":
			c.brand = clean(&r, func(r *record) said[string] { return r.text("", valueOf(raw), maxID) })
		case "url":
			c.link = clean(&r, func(r *record) said[string] { return r.link("", valueOf(raw)) })
		case "image_url":
			c.image = clean(&r, func(r *record) said[string] { return r.link("", valueOf(raw)) })
		case "price":
			c.price = clean(&r, func(r *record) said[Money] { return r.price("", valueOf(raw)) })
		}
	}
	c.ID, v.id = order.ItemOf(id, sku, variant)
	if v.id != "" {
		if v.id != variant {
			v.name = said[string]{variant != "", variant}
		}
		v.price, c.price = c.price, said[Money]{}
		c.variants = []variantChange{v}
	}
	return c, c.ID != ""
}

func heardID(raw fact.Raw) string { return new(record).id("", valueOf(raw)) }

// clean is a field as read, or nothing when it is at fault.
func clean[T any](r *record, read func(*record) said[T]) said[T] {
	own := record{currency: r.currency}
	if got := read(&own); own.fault == nil {
		return got
	}
	return said[T]{}
}
