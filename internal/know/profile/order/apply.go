package order

import (
	"bytes"
	"cmp"
	"slices"

	"github.com/heed-platform/heed/internal/clock"
	"github.com/heed-platform/heed/internal/fact"
	"github.com/heed-platform/heed/internal/person"
)

// What a State keeps at most.
const (
	maxOrders    = 128
	maxLines     = 1024 // lines and returns of all orders
	maxSettled   = 4096
	maxPurchases = 16384
)

// Apply folds a report into the state of the fragment that its event arrived on.
func Apply(s *fact.State, r *Report) {
	if r.Loose && (r.Role == Updated || r.Role == Canceled || len(r.Lines) == 0 && !r.Priced) {
		return // it says something about an order without saying which
	}
	at, found := slices.BinarySearchFunc(s.Orders, r.Key, func(o fact.Order, key uint64) int {
		return cmp.Compare(o.Key, key)
	})
	if _, settled := slices.BinarySearch(s.Settled, r.Key); settled && !found {
		late(s, r)
		return
	}
	if !found {
		s.Orders = slices.Insert(s.Orders, at, fact.Order{Key: r.Key})
	}
	o := &s.Orders[at]
	switch r.Role {
	case Placed:
		o.Placed = true
		whole(o, r.order())
	case Updated:
		whole(o, r.order())
	case Bought:
		o.Placed = true
		for _, l := range r.own(1) {
			line(o, l)
		}
	case Returned:
		if r.Loose {
			o.Placed = true
			for _, l := range r.own(-1) {
				line(o, l)
			}
			break
		}
		o.Returns = append(o.Returns, r.returns()...)
		slices.SortFunc(o.Returns, compareReturns)
	case Canceled:
		o.Canceled = max(o.Canceled, r.event.At)
	case None:
	}
	settle(s)
}

// order is the report as an order of its own.
func (r *Report) order() fact.Order {
	o := fact.Order{
		Key: r.Key, Whole: true, At: r.event.At, Message: r.message, Notice: r.event.Notice, Lines: r.Lines,
	}
	if r.Priced {
		o.Currency, o.Minor = r.Currency, r.Minor
	}
	return o
}

// own are the lines with the report's provenance on each; sign -1 makes them
// come back. An amount for a single line beats its price.
func (r *Report) own(sign int64) []fact.Line {
	lines := slices.Clone(r.Lines)
	if len(lines) == 0 && r.Priced {
		lines = []fact.Line{{}} // money alone
	}
	for i := range lines {
		l := &lines[i]
		if len(lines) == 1 && r.Priced {
			l.Currency, l.Minor = r.Currency, r.Minor
		}
		l.At, l.Message, l.Notice = r.event.At, r.message, r.event.Notice
		l.Quantity, l.Minor = l.Quantity*sign, l.Minor*sign
	}
	return lines
}

// returns are the lines as returns. An amount for all of them is kept apart from
// the products, which then bring none of their own.
func (r *Report) returns() []fact.Return {
	back := fact.Return{At: r.event.At, Source: r.event.Source}
	var out []fact.Return
	for _, l := range r.Lines {
		b := back
		b.Item, b.Variant, b.Quantity = l.Item, l.Variant, magnitude(l.Quantity)
		out = append(out, b)
	}
	if r.Priced {
		back.Currency, back.Minor = r.Currency, magnitude(r.Minor)
	}
	if r.Priced || len(out) == 0 {
		out = append(out, back)
	}
	return out
}

// whole lets the better of two reports of the whole order speak.
func whole(o *fact.Order, r fact.Order) {
	if o.Whole && !better(&r, o) {
		return
	}
	r.Placed, r.Canceled, r.Returns = o.Placed, o.Canceled, o.Returns
	*o = r
}

func better(a, b *fact.Order) bool {
	return cmp.Or(
		compareBool(len(a.Lines) > 0, len(b.Lines) > 0),
		compareBool(a.Currency != "", b.Currency != ""),
		cmp.Compare(a.At, b.At),
		bytes.Compare(a.Message[:], b.Message[:]),
	) > 0
}

func compareBool(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return 1
	}
	return -1
}

// line adds one line's report where nobody told the whole. Of two reports of
// one variant the later speaks.
func line(o *fact.Order, l fact.Line) {
	if o.Whole {
		return
	}
	i, found := slices.BinarySearchFunc(o.Lines, l, compareLines)
	if !found {
		o.Lines = slices.Insert(o.Lines, i, l)
	} else if newer(l.At, l.Message, o.Lines[i].At, o.Lines[i].Message) {
		o.Lines[i] = l
	}
}

func newer(at clock.Instant, message person.Hash, than clock.Instant, other person.Hash) bool {
	return at > than || at == than && bytes.Compare(message[:], other[:]) > 0
}

func compareReturns(a, b fact.Return) int {
	return cmp.Or(
		cmp.Compare(a.At, b.At), cmp.Compare(a.Source, b.Source),
		cmp.Compare(a.Item, b.Item), cmp.Compare(a.Variant, b.Variant),
		cmp.Compare(a.Quantity, b.Quantity), cmp.Compare(a.Currency, b.Currency), cmp.Compare(a.Minor, b.Minor),
	)
}

// late takes what is told of an order that is settled already. Its lines were
// counted; what came back comes off whatever was bought of the same item.
func late(s *fact.State, r *Report) {
	if r.Role != Returned {
		return
	}
	o := fact.Order{Key: r.Key, Placed: true, Lines: r.own(-1)}
	t := totals{}
	t.order(&o)
	t.into(s)
}

// settle moves the oldest orders out while there are too many.
func settle(s *fact.State) {
	lines := 0
	for i := range s.Orders {
		lines += len(s.Orders[i].Lines) + len(s.Orders[i].Returns)
	}
	for len(s.Orders) > maxOrders || lines > maxLines && len(s.Orders) > 1 {
		oldest := 0
		for i := range s.Orders {
			if older(&s.Orders[i], &s.Orders[oldest]) {
				oldest = i
			}
		}
		o := &s.Orders[oldest]
		lines -= len(o.Lines) + len(o.Returns)
		if o.Placed {
			t := totals{}
			t.order(o)
			t.into(s)
			at, _ := slices.BinarySearch(s.Settled, o.Key)
			s.Settled = slices.Insert(s.Settled, at, o.Key)
		}
		s.Orders = slices.Delete(s.Orders, oldest, oldest+1)
	}
	if len(s.Settled) > maxSettled {
		s.Settled, s.Full = s.Settled[:maxSettled], true
	}
	if len(s.Purchases) > maxPurchases {
		s.Purchases, s.Full = s.Purchases[:maxPurchases], true
	}
}

func older(a, b *fact.Order) bool {
	return cmp.Or(cmp.Compare(when(a), when(b)), cmp.Compare(a.Key, b.Key)) < 0
}

// when an order was bought, or what came of it, as long as nobody said it was.
func when(o *fact.Order) clock.Instant {
	if o.Whole {
		return o.At
	}
	at := clock.Instant(0)
	for i := range o.Lines {
		at = max(at, o.Lines[i].At)
	}
	if at != 0 {
		return at
	}
	for i := range o.Returns {
		at = max(at, o.Returns[i].At)
	}
	return max(at, o.Canceled)
}
