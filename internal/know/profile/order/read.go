package order

import (
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"slices"

	"github.com/heed-platform/heed/internal/collect/event"
	"github.com/heed-platform/heed/internal/fact"
	"github.com/heed-platform/heed/internal/know/profile/money"
	"github.com/heed-platform/heed/internal/person"
)

// Role is what an event of some name tells of an order.
type Role uint8

// The roles.
const (
	None     Role = iota
	Placed        // the whole order, bought
	Updated       // the whole order as it now is
	Bought        // one line of it, bought
	Returned      // products, or money, came back
	Canceled      // the whole order came to nothing
)

// RoleOf knows the names of the e-commerce spec, version 2 and 1.
func RoleOf(name string) Role {
	switch name {
	case "Order Completed", "Completed Order":
		return Placed
	case "Order Updated", "Updated Order":
		return Updated
	case "Product Purchased", "Purchased Product":
		return Bought
	case "Order Refunded", "Refunded Order", "Product Returned", "Returned Product":
		return Returned
	case "Order Cancelled", "Cancelled Order": //nolint:misspell // the spec spells it so
		return Canceled
	}
	return None
}

// Report is what one event tells.
type Report struct {
	Role     Role
	Key      uint64
	Loose    bool // it names no order
	Currency string
	Minor    int64
	Priced   bool // Minor was said, or is the sum of lines that all said theirs
	Lines    []fact.Line

	event   *fact.Event
	message person.Hash
}

// maxText bounds item, variant, category and brand; a longer one is not any of
// these.
const maxText = 200

// Read reads an order event; ok is false for every other event. message is the
// keyed hash of its source and message id.
func Read(e *fact.Event, message person.Hash) (r Report, ok bool) {
	r = Report{event: e, message: message}
	if e.Type == fact.Track {
		r.Role = RoleOf(e.Name)
	}
	if r.Role == None {
		return Report{}, false
	}
	var p properties
	p.read(e.Raw)
	if p.order != "" {
		r.Key = KeyOf("order", p.order)
	} else {
		r.Key, r.Loose = message.Uint64(), true
	}
	r.Lines = p.lines()
	r.Currency = p.self.currency
	r.Minor, r.Priced = p.paid(r.Lines)
	return r, true
}

// Product reads what an event about one product, or a list of them, says of it:
// lines and amounts, no order.
func Product(e *fact.Event) Report {
	var p properties
	p.read(e.Raw)
	r := Report{Lines: p.lines(), Currency: p.self.currency, Loose: true, event: e}
	r.Minor, r.Priced = p.paid(r.Lines)
	return r
}

// KeyOf is a short name for an id, for lists that need not show it.
func KeyOf(kind, id string) uint64 {
	sum := sha256.Sum256([]byte(kind + "\x00" + id))
	return binary.BigEndian.Uint64(sum[:])
}

// properties are the parts of an order event that matter here.
type properties struct {
	order    string
	amounts  [3]string // total, revenue, value: the first that is there was paid
	gift     bool
	self     product // the properties read as one product
	products fact.Raw
}

type product struct {
	id, sku, variant, category, brand string
	price, quantity, currency         string
	gift                              bool
}

func (p *properties) read(raw fact.Raw) {
	for name, value := range event.Properties(raw) {
		switch name {
		case "order_id":
			p.order = Scalar(value)
		case "total":
			p.amounts[0] = Scalar(value)
		case "revenue":
			p.amounts[1] = Scalar(value)
		case "value":
			p.amounts[2] = Scalar(value)
		case "products":
			p.products = value
		default:
			p.self.read(name, value)
		}
	}
	p.gift = p.self.gift || string(event.Path(raw, "context.gift")) == "true"
	p.self.currency, _ = money.Currency(p.self.currency)
}

func (p *product) read(name string, value fact.Raw) {
	switch name {
	case "product_id":
		p.id = short(value)
	case "sku":
		p.sku = short(value)
	case "variant":
		p.variant = short(value)
	case "category":
		p.category = short(value)
	case "brand":
		p.brand = short(value)
	case "price":
		p.price = Scalar(value)
	case "quantity":
		p.quantity = Scalar(value)
	case "currency":
		p.currency = Scalar(value)
	case "gift":
		p.gift = string(value) == "true"
	}
}

// Scalar is the text of a JSON string, or a number as it is written, or "".
func Scalar(value fact.Raw) string {
	if text, ok := event.Text(value); ok {
		return text
	}
	if len(value) > 0 && (value[0] == '-' || value[0] >= '0' && value[0] <= '9') {
		return string(value)
	}
	return ""
}

func short(value fact.Raw) string {
	if s := Scalar(value); len(s) <= maxText {
		return s
	}
	return ""
}

// ItemOf names a product: the item that all its variants share, and which of
// them it is. A sku tells variants apart better than a description does.
func ItemOf(productID, sku, variant string) (item, which string) {
	switch {
	case productID == "":
		return sku, variant
	case sku != "" && sku != productID:
		return productID, sku
	}
	return productID, variant
}

// lines are the products, those of one variant in one line. An event without a
// list is about the product that its properties describe.
func (p *properties) lines() []fact.Line {
	var out []fact.Line
	for raw := range event.Elements(p.products) {
		var one product
		for name, value := range event.Members(raw) {
			one.read(name, value)
		}
		one.currency, _ = money.Currency(cmp.Or(one.currency, p.self.currency))
		out = append(out, one.line(p.gift))
	}
	if len(out) == 0 {
		out = append(out, p.self.line(p.gift))
	}
	out = slices.DeleteFunc(out, func(l fact.Line) bool { return l.Item == "" })
	slices.SortStableFunc(out, compareLines)
	return mergeLines(out)
}

func (p *product) line(gift bool) fact.Line {
	l := fact.Line{Category: p.category, Brand: p.brand, Quantity: Count(p.quantity), Gift: gift || p.gift}
	l.Item, l.Variant = ItemOf(p.id, p.sku, p.variant)
	price, ok := money.Minor(p.price, p.currency)
	if ok && p.currency != "" && magnitude(price) < maxMinor/maxCount {
		l.Currency, l.Minor = p.currency, price*l.Quantity
	}
	return l
}

// What one amount and one quantity can be at most, so that sums fit.
const (
	maxMinor = 1 << 52
	maxCount = 1 << 16
)

func magnitude(v int64) int64 {
	if v < 0 {
		return -v
	}
	return v
}

// Count reads a quantity: absent is one, a part of a piece counts as a piece.
func Count(decimal string) int64 {
	n, rest, ok := money.Scale(decimal, 0)
	switch {
	case !ok:
		return 1
	case rest > 0:
		n++
	case rest < 0:
		n--
	}
	return max(-maxCount, min(n, maxCount))
}

func compareLines(a, b fact.Line) int {
	return cmp.Or(cmp.Compare(a.Item, b.Item), cmp.Compare(a.Variant, b.Variant))
}

// mergeLines adds up neighbors of the same variant, and drops what adds up to
// none.
func mergeLines(sorted []fact.Line) []fact.Line {
	out := sorted[:0]
	for _, l := range sorted {
		if n := len(out) - 1; n >= 0 && compareLines(out[n], l) == 0 {
			last := &out[n]
			last.Quantity += l.Quantity
			last.Gift = last.Gift && l.Gift
			if last.Currency == l.Currency {
				last.Minor += l.Minor
			} else {
				last.Currency, last.Minor = "", 0
			}
			continue
		}
		out = append(out, l)
	}
	return slices.DeleteFunc(out, func(l fact.Line) bool { return l.Quantity == 0 })
}

// paid is what the order cost: what the event says, else the sum of its lines
// if each has a price in one currency.
func (p *properties) paid(lines []fact.Line) (minor int64, ok bool) {
	if p.self.currency == "" {
		return 0, false
	}
	for _, amount := range p.amounts {
		if minor, ok := money.Minor(amount, p.self.currency); ok {
			return minor, magnitude(minor) < maxMinor
		}
	}
	for _, l := range lines {
		if l.Currency != p.self.currency {
			return 0, false
		}
		minor += l.Minor
	}
	return minor, len(lines) > 0
}
