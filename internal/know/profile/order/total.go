package order

import (
	"cmp"
	"slices"

	"github.com/heed-platform/heed/internal/clock"
	"github.com/heed-platform/heed/internal/fact"
)

// Totals are all purchases and the spending of one person, from the states of
// their fragments, in any order. An order that several of them know is one.
// Variants that were only ever returned are left out.
func Totals(states []*fact.State) ([]fact.Purchase, []fact.Spend) {
	var t totals
	var orders []fact.Order
	most := 0
	for _, s := range states {
		most += len(s.Purchases)
		for i := range s.Orders {
			most += len(s.Orders[i].Lines)
		}
	}
	t.purchases = make([]fact.Purchase, 0, most)
	for _, s := range states {
		orders = append(orders, s.Orders...)
		t.purchases = append(t.purchases, s.Purchases...)
		t.spends = append(t.spends, s.Spends...)
	}
	for _, o := range unite(orders) {
		if !settledIn(states, o.Key) {
			t.order(&o)
		}
	}
	t.sum()
	t.loosen()
	return t.purchases, t.spends
}

func settledIn(states []*fact.State, key uint64) bool {
	for _, s := range states {
		if _, found := slices.BinarySearch(s.Settled, key); found {
			return true
		}
	}
	return false
}

// unite makes one order of those with the same key.
func unite(orders []fact.Order) []fact.Order {
	slices.SortStableFunc(orders, func(a, b fact.Order) int { return cmp.Compare(a.Key, b.Key) })
	out := orders[:0]
	for _, o := range orders {
		n := len(out) - 1
		if n < 0 || out[n].Key != o.Key {
			out = append(out, o)
			continue
		}
		out[n] = union(out[n], o)
	}
	return out
}

// union is what one state would know had it heard everything. It shares nothing
// with a and b that it changes.
func union(a, b fact.Order) fact.Order {
	if b.Whole && (!a.Whole || better(&b, &a)) {
		a, b = b, a
	}
	a.Placed = a.Placed || b.Placed
	a.Canceled = max(a.Canceled, b.Canceled)
	a.Returns = slices.Concat(a.Returns, b.Returns)
	slices.SortFunc(a.Returns, compareReturns)
	if !a.Whole {
		a.Lines = slices.Clone(a.Lines)
		for _, l := range b.Lines {
			line(&a, l)
		}
	}
	return a
}

// totals adds up.
type totals struct {
	purchases []fact.Purchase
	spends    []fact.Spend
}

// back is what came back of one line.
type back struct {
	quantity int64
	at       clock.Instant
}

// order adds what is left of one order.
func (t *totals) order(o *fact.Order) {
	if !o.Placed {
		return
	}
	returned := returnedOf(o)
	for i := range o.Lines {
		l := &o.Lines[i]
		if l.Item == "" {
			continue
		}
		p := fact.Purchase{
			Item: l.Item, Variant: l.Variant, Category: l.Category, Brand: l.Brand,
			Quantity: l.Quantity, Last: l.At, Notice: l.Notice, Gift: l.Gift,
		}
		if o.Whole {
			p.Last, p.Notice = o.At, o.Notice
		}
		if l.Quantity < 0 {
			p.Last, p.Returned = 0, p.Last
		} else if returned != nil {
			p.Quantity -= returned[i].quantity
			p.Returned = returned[i].at
		}
		t.purchases = append(t.purchases, p)
	}
	if o.Canceled == 0 {
		t.money(o, returned)
	}
}

// returnedOf is what came back of each line: all of it when the order was
// canceled, else the most that any one source reports. It is nil when nothing
// came back.
func returnedOf(o *fact.Order) []back {
	if o.Canceled == 0 && len(o.Returns) == 0 {
		return nil
	}
	out := make([]back, len(o.Lines))
	if o.Canceled != 0 {
		for i, l := range o.Lines {
			if l.Quantity > 0 {
				out[i] = back{l.Quantity, o.Canceled}
			}
		}
		return out
	}
	for _, source := range sourcesOf(o) {
		said := make([]back, len(o.Lines))
		all := everything(o, source)
		for _, r := range o.Returns {
			if r.Source == source {
				giveBack(o, r, said, all)
			}
		}
		for i := range out {
			out[i].quantity = max(out[i].quantity, said[i].quantity)
			out[i].at = max(out[i].at, said[i].at)
		}
	}
	return out
}

func sourcesOf(o *fact.Order) []string {
	var out []string
	for _, r := range o.Returns {
		if !slices.Contains(out, r.Source) {
			out = append(out, r.Source)
		}
	}
	return out
}

// everything reports whether this source took the whole order back: it named no
// product, and no amount below what was paid.
func everything(o *fact.Order, source string) bool {
	currency, paid := paidFor(o)
	all := false
	for _, r := range o.Returns {
		if r.Source != source {
			continue
		}
		if r.Item != "" {
			return false
		}
		all = all || r.Currency == "" || r.Currency == currency && r.Minor >= paid
	}
	return all
}

// paidFor is the amount that refunds come off: of the order, or of its lines in
// the currency of the first that has one.
func paidFor(o *fact.Order) (currency string, minor int64) {
	if o.Whole {
		return o.Currency, o.Minor
	}
	for _, l := range o.Lines {
		if currency == "" {
			currency = l.Currency
		}
		if l.Currency == currency {
			minor += l.Minor
		}
	}
	return currency, minor
}

// giveBack takes one return off the lines it fits: those of its very variant
// first, then those of its item where one side does not say which variant.
func giveBack(o *fact.Order, r fact.Return, said []back, all bool) {
	left := r.Quantity
	take := func(i int, n int64) {
		if n = min(n, o.Lines[i].Quantity-said[i].quantity); n > 0 {
			said[i].quantity += n
			said[i].at = max(said[i].at, r.At)
			left -= n
		}
	}
	for i, l := range o.Lines {
		if all {
			take(i, l.Quantity)
		} else if r.Item != "" && l.Item == r.Item && l.Variant == r.Variant {
			take(i, left)
		}
	}
	for i, l := range o.Lines {
		if r.Item != "" && left > 0 && l.Item == r.Item && (l.Variant == "" || r.Variant == "") {
			take(i, left)
		}
	}
}

// money adds what was paid less what was given back.
func (t *totals) money(o *fact.Order, returned []back) {
	left := refunded(o, returned)
	if o.Whole {
		if o.Currency != "" {
			t.spends = append(t.spends, fact.Spend{Currency: o.Currency, Notice: o.Notice, Minor: o.Minor - left, Orders: 1})
		}
		return
	}
	currency, _ := paidFor(o)
	counted := false
	for _, l := range o.Lines {
		if l.Currency == "" {
			continue
		}
		m := fact.Spend{Currency: l.Currency, Notice: l.Notice, Minor: l.Minor}
		if l.Currency == currency && l.Minor > 0 {
			n := min(left, l.Minor)
			m.Minor, left = m.Minor-n, left-n
		}
		if !counted && l.Quantity > 0 {
			m.Orders, counted = 1, true
		}
		t.spends = append(t.spends, m)
	}
}

// refunded is the most that any one source says was given back, or, where none
// names an amount, the price of what came back.
func refunded(o *fact.Order, returned []back) int64 {
	if len(o.Returns) == 0 {
		return 0
	}
	currency, paid := paidFor(o)
	var most int64
	for _, source := range sourcesOf(o) {
		var sum int64
		named := false
		for _, r := range o.Returns {
			if r.Source == source && r.Currency != "" && r.Currency == currency {
				sum, named = sum+r.Minor, true
			}
		}
		if !named && everything(o, source) {
			sum = paid
		}
		most = max(most, sum)
	}
	if most == 0 {
		for i, l := range o.Lines {
			if returned[i].quantity > 0 && l.Currency == currency {
				most += l.Minor * returned[i].quantity / l.Quantity
			}
		}
	}
	return min(most, max(paid, 0))
}

// into adds the sums to those of a state.
func (t *totals) into(s *fact.State) {
	for _, p := range t.purchases {
		i, found := slices.BinarySearchFunc(s.Purchases, p, comparePurchases)
		if found {
			s.Purchases[i] = add(s.Purchases[i], p)
		} else {
			s.Purchases = slices.Insert(s.Purchases, i, p)
		}
	}
	for _, m := range t.spends {
		i, found := slices.BinarySearchFunc(s.Spends, m, compareSpends)
		if !found {
			s.Spends = slices.Insert(s.Spends, i, m)
			continue
		}
		s.Spends[i].Minor += m.Minor
		s.Spends[i].Orders += m.Orders
	}
}

// sum makes one entry of those with the same key.
func (t *totals) sum() {
	slices.SortFunc(t.purchases, comparePurchases)
	purchases := t.purchases[:0]
	for _, p := range t.purchases {
		if n := len(purchases) - 1; n >= 0 && comparePurchases(purchases[n], p) == 0 {
			purchases[n] = add(purchases[n], p)
			continue
		}
		purchases = append(purchases, p)
	}
	slices.SortFunc(t.spends, compareSpends)
	spends := t.spends[:0]
	for _, m := range t.spends {
		if n := len(spends) - 1; n >= 0 && compareSpends(spends[n], m) == 0 {
			spends[n].Minor += m.Minor
			spends[n].Orders += m.Orders
			continue
		}
		spends = append(spends, m)
	}
	t.purchases, t.spends = purchases, spends
}

// comparePurchases keeps what was bought apart from what came back of nobody
// knows which order: those have no Last.
func comparePurchases(a, b fact.Purchase) int {
	return cmp.Or(
		cmp.Compare(a.Item, b.Item), cmp.Compare(a.Variant, b.Variant), cmp.Compare(a.Notice, b.Notice),
		compareBool(a.Last == 0, b.Last == 0),
	)
}

func compareSpends(a, b fact.Spend) int {
	return cmp.Or(cmp.Compare(a.Currency, b.Currency), cmp.Compare(a.Notice, b.Notice))
}

// add joins two entries of one variant. What the last purchase said describes
// it; a gift is what was kept for nobody but others.
func add(a, b fact.Purchase) fact.Purchase {
	if latest(b, a) > 0 {
		a, b = b, a
	}
	switch {
	case (a.Quantity > 0) == (b.Quantity > 0):
		a.Gift = a.Gift && b.Gift
	case b.Quantity > 0:
		a.Gift = b.Gift
	}
	a.Quantity += b.Quantity
	a.Returned = max(a.Returned, b.Returned)
	return a
}

func latest(a, b fact.Purchase) int {
	return cmp.Or(cmp.Compare(a.Last, b.Last), cmp.Compare(a.Category, b.Category), cmp.Compare(a.Brand, b.Brand))
}

// loosen takes returns that name no order off what was bought of the item: of
// the very variant first, then of any where one side does not say which. What
// is left over belongs to purchases that nobody told us of.
func (t *totals) loosen() {
	if !slices.ContainsFunc(t.purchases, func(p fact.Purchase) bool { return p.Last == 0 }) {
		return
	}
	for _, exact := range []bool{true, false} {
		for i := range t.purchases {
			r := &t.purchases[i]
			for j := range t.purchases {
				p := &t.purchases[j]
				if r.Quantity >= 0 || i == j || p.Quantity <= 0 || p.Item != r.Item {
					continue
				}
				if p.Variant == r.Variant || !exact && (p.Variant == "" || r.Variant == "") {
					n := min(-r.Quantity, p.Quantity)
					p.Quantity -= n
					r.Quantity += n
					p.Returned = max(p.Returned, r.Returned)
				}
			}
		}
	}
	t.purchases = slices.DeleteFunc(t.purchases, func(p fact.Purchase) bool { return p.Last == 0 })
}
