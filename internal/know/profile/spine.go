package profile

import (
	"github.com/heed-platform/heed/internal/clock"
	"github.com/heed-platform/heed/internal/fact"
	"github.com/heed-platform/heed/internal/know/profile/order"
	"github.com/heed-platform/heed/internal/person"
)

// LineName is the name of the spine's lines about one variant of an order. The
// order itself has a line under its own name, so that counting names counts
// orders.
const LineName = "Order Line"

// SpineLine is one narrow line for counting. It stays in clear, so nothing that
// tells anything about anybody may be in it.
type SpineLine struct {
	At       clock.Instant
	Name     string // from the dictionary, or LineName
	Item     string // product_id; "" when there is none or its category is not to be seen
	Minor    int64  // in minor units of Currency
	Currency string // ISO 4217; "" when no amount is known
	Quantity int64
}

// Dictionary says what may stand on the spine. The zero Dictionary lets nothing
// stand there.
type Dictionary struct {
	names  map[string]bool
	hidden func(item, category string) bool
}

// NewDictionary approves the e-commerce spec's names and these. hidden tells
// which items, by themselves or by the shop category the event gave, must not be
// seen; nil hides all.
func NewDictionary(approved []string, hidden func(item, category string) bool) Dictionary {
	d := Dictionary{names: map[string]bool{}, hidden: hidden}
	for _, n := range ecommerce {
		d.names[n] = true
	}
	for _, n := range approved {
		d.names[n] = true
	}
	return d
}

// ecommerce are the names of the e-commerce spec, version 2, and the two views.
var ecommerce = []string{
	"Cart Shared", "Cart Viewed", "Checkout Started", "Checkout Step Completed", "Checkout Step Viewed",
	"Coupon Applied", "Coupon Denied", "Coupon Entered", "Coupon Removed",
	"Order Cancelled", //nolint:misspell // the spec spells it so
	"Order Completed", "Order Refunded", "Order Updated", "Payment Info Entered",
	"Product Added", "Product Added to Wishlist", "Product Clicked", "Product List Filtered", "Product List Viewed",
	"Product Purchased", "Product Removed", "Product Removed from Wishlist", "Product Returned", "Product Reviewed",
	"Product Shared", "Product Viewed", "Products Searched", "Promotion Clicked", "Promotion Viewed",
	"Wishlist Product Added to Cart", "page", "screen",
}

// Allows reports whether events of this name are counted on the spine.
func (d Dictionary) Allows(name string) bool { return d.names[name] }

func (d Dictionary) shows(item, category string) bool {
	return d.hidden != nil && !d.hidden(item, category)
}

// Spine gives the lines of one event; none when its name is not approved or no
// notice covers it. An order that is told again is on the spine again: totals
// that must be exact come from profiles.
func Spine(e *fact.Event, d Dictionary) []SpineLine {
	name := CounterOf(e)
	if name == "" || !d.Allows(name) || e.Notice == "" {
		return nil
	}
	head := SpineLine{At: e.At, Name: name}
	r, ok := order.Read(e, person.Hash{})
	if !ok {
		r = order.Product(e)
	}
	single := len(r.Lines) == 1 && r.Role != order.Placed && r.Role != order.Updated
	if single && !d.shows(r.Lines[0].Item, r.Lines[0].Category) {
		return []SpineLine{head} // the price could tell the item
	}
	if r.Priced {
		head.Minor, head.Currency = r.Minor, r.Currency
	}
	if single {
		head.Item, head.Quantity = r.Lines[0].Item, r.Lines[0].Quantity
		return []SpineLine{head}
	}
	lines := []SpineLine{head}
	for _, l := range r.Lines {
		lines[0].Quantity += l.Quantity
		if r.Role == order.Placed && d.shows(l.Item, l.Category) {
			lines = append(lines, SpineLine{
				At: e.At, Name: LineName, Item: l.Item, Minor: l.Minor, Currency: l.Currency, Quantity: l.Quantity,
			})
		}
	}
	return lines
}
