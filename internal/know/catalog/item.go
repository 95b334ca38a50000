package catalog

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/heed-platform/heed/internal/clock"
)

// Money is an amount in minor units of an ISO 4217 currency; the zero Money is
// no price.
type Money struct {
	Minor    int64  `json:"minor"`
	Currency string `json:"currency"`
}

// Variant is one size, color or pack of an item.
type Variant struct {
	ID           string `json:"id"` // the sku, as events name it
	Name         string `json:"name,omitempty"`
	Size         string `json:"size,omitempty"`
	Color        string `json:"color,omitempty"`
	Price        Money  `json:"price,omitzero"`
	Stock        *int64 `json:"stock,omitempty"`         // nil is unknown
	IntervalDays int64  `json:"interval_days,omitempty"` // of this pack; zero is as the item says

	Heard []string `json:"heard,omitempty"` // fields that only events told, sorted
}

// Item is what is known of one product. Events and purchases name it by ID, and
// its variants by theirs.
type Item struct {
	ID           string    `json:"id"` // product_id
	Name         string    `json:"name,omitempty"`
	Category     string    `json:"category,omitempty"` // the shop's own word, as in purchases.CATEGORY
	Brand        string    `json:"brand,omitempty"`
	URL          string    `json:"url,omitempty"`
	ImageURL     string    `json:"image_url,omitempty"`
	Price        Money     `json:"price,omitzero"`
	Stock        *int64    `json:"stock,omitempty"`         // of the item as a whole; nil is unknown
	IntervalDays int64     `json:"interval_days,omitempty"` // a consumable is about used up after so long; zero is never
	Variants     []Variant `json:"variants,omitempty"`      // sorted by id

	Heard []string `json:"heard,omitempty"` // fields that only events told, sorted
}

// Parse reads a stored item. Its errors are ours, not a caller's.
func Parse(body []byte) (Item, error) {
	var i Item
	if err := json.Unmarshal(body, &i); err != nil {
		return Item{}, fmt.Errorf("read catalog item: %w", err)
	}
	return i, nil
}

// Body is the item as it is stored: equal items have equal bytes.
func (i Item) Body() ([]byte, error) { return json.Marshal(i) }

// Variant finds a variant by its id.
func (i Item) Variant(id string) (Variant, bool) {
	at, found := slices.BinarySearchFunc(i.Variants, id, func(v Variant, id string) int { return strings.Compare(v.ID, id) })
	if !found {
		return Variant{}, false
	}
	return i.Variants[at], true
}

// Cost is the price of a variant, or the item's when it has none of its own.
// Money without a currency is unknown.
func (i Item) Cost(variant string) Money {
	if v, ok := i.Variant(variant); ok && v.Price.Currency != "" {
		return v.Price
	}
	return i.Price
}

// InStock reports whether a variant can be had; known is false when nobody said.
// The empty variant asks for any of them.
func (i Item) InStock(variant string) (in, known bool) {
	if variant != "" {
		if v, ok := i.Variant(variant); ok && v.Stock != nil {
			return *v.Stock > 0, true
		}
		return has(i.Stock), i.Stock != nil
	}
	for _, v := range i.Variants {
		if v.Stock != nil {
			in, known = in || *v.Stock > 0, true
		}
	}
	if known {
		return in, true
	}
	return has(i.Stock), i.Stock != nil
}

func has(stock *int64) bool { return stock != nil && *stock > 0 }

// UsedUp is about when what was bought is used up: so many times the interval of
// the variant, or of the item, after it was bought. It is false for what is not
// consumed.
func (i Item) UsedUp(variant string, bought clock.Instant, quantity int64) (clock.Instant, bool) {
	days := i.IntervalDays
	if v, ok := i.Variant(variant); ok && v.IntervalDays > 0 {
		days = v.IntervalDays
	}
	if days <= 0 || quantity <= 0 {
		return 0, false
	}
	const most = 100 * maxInterval // a palette of soap does not overflow time
	days *= min(quantity, most/days)
	return bought.Add(time.Duration(days) * 24 * time.Hour), true
}
