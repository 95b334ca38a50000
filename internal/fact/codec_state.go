package fact

import (
	"encoding/binary"
	"slices"

	"github.com/heed-platform/heed/internal/person"
)

const schemaState = 2 // 2 has a Preference with location and sharing

// AppendState appends s's bytes to b.
func AppendState(b []byte, s *State) []byte {
	b = append(b, schemaState)
	b = binary.AppendUvarint(b, s.N)
	b = appendIdentifier(b, s.Identifier)
	b = appendBool(b, s.Verified)
	b = appendTime(b, s.First)
	b = appendTime(b, s.Last)
	b = appendCount(b, len(s.Ties))
	for _, t := range s.Ties {
		b = appendBool(appendIdentifier(appendInt(b, int64(t.Other)), t.Identifier), t.Verified)
	}
	b = appendAttributes(b, s.Attributes)
	b = appendCount(b, len(s.Grants))
	for i := range s.Grants {
		b = appendGrant(b, &s.Grants[i])
	}
	b = appendPreference(b, &s.Preference)
	b = appendCounters(b, s.Counters)
	b = appendCount(b, len(s.Orders))
	for i := range s.Orders {
		b = appendOrder(b, &s.Orders[i])
	}
	b = appendCount(b, len(s.Settled))
	for _, key := range s.Settled {
		b = binary.BigEndian.AppendUint64(b, key)
	}
	b = appendCount(b, len(s.Purchases))
	for i := range s.Purchases {
		b = appendPurchase(b, &s.Purchases[i])
	}
	b = appendCount(b, len(s.Spends))
	for _, m := range s.Spends {
		b = appendInt(appendInt(appendText(appendText(b, m.Currency), m.Notice), m.Minor), m.Orders)
	}
	b = appendCount(b, len(s.Contacted))
	for _, c := range s.Contacted {
		b = appendTime(appendText(appendText(b, c.Channel), c.Class), c.At)
		b = appendBool(binary.BigEndian.AppendUint64(b, c.ID), c.Back)
	}
	b = appendCount(b, len(s.Friends))
	for _, f := range s.Friends {
		b = appendTime(appendText(appendText(b, f.Relation), f.Value.Reveal()), f.At)
		b = appendBool(appendText(b, f.Notice), f.Gone)
	}
	b = appendCount(b, len(s.Memberships))
	for i := range s.Memberships {
		b = appendMembership(b, &s.Memberships[i])
	}
	b = appendInt(b, s.Uncovered)
	b = appendBool(b, s.Full)
	return appendTime(b, s.Due)
}

// ParseState reads what AppendState wrote. All texts share one copy of b.
func ParseState(b []byte) (State, error) {
	return parse(b, schemaState, func(r *reader) State {
		return State{
			N: r.uint(), Identifier: readIdentifier(r), Verified: r.bool(), First: r.time(), Last: r.time(),
			Ties: list(r, 4, func(r *reader) Tie {
				return Tie{Other: FragmentID(r.int()), Identifier: readIdentifier(r), Verified: r.bool()}
			}),
			Attributes: readAttributes(r),
			Grants:     list(r, 15, readGrant),
			Preference: readPreference(r),
			Counters:   readCounters(r),
			Orders:     list(r, 31, readOrder),
			Settled:    list(r, 8, (*reader).fixed64),
			Purchases:  list(r, 9, readPurchase),
			Spends: list(r, 4, func(r *reader) Spend {
				return Spend{Currency: r.text(), Notice: r.text(), Minor: r.int(), Orders: r.int()}
			}),
			Contacted: list(r, 12, func(r *reader) Contacted {
				return Contacted{Channel: r.text(), Class: r.text(), At: r.time(), ID: r.fixed64(), Back: r.bool()}
			}),
			Friends: list(r, 5, func(r *reader) Friend {
				return Friend{Relation: r.text(), Value: r.secret(), At: r.time(), Notice: r.text(), Gone: r.bool()}
			}),
			Memberships: list(r, 5, readMembership),
			Uncovered:   r.int(), Full: r.bool(), Due: r.time(),
		}
	})
}

// Flags of an Attribute.
const (
	attributeSame    = 1 << 0 // its provenance is that of the one before
	attributeClaimed = 1 << 1
)

// appendAttributes writes the provenance once for neighbors that share it: most
// attributes of a fragment come from one event.
func appendAttributes(b []byte, attributes []Attribute) []byte {
	b = appendCount(b, len(attributes))
	var last Attribute
	for i := range attributes {
		a := &attributes[i]
		b = appendText(b, a.Name)
		b = appendText(b, a.Value.Reveal())
		b = append(b, byte(a.Origin))
		same := a.Source == last.Source && a.Notice == last.Notice &&
			a.At == last.At && a.Expires == last.Expires && a.Message == last.Message
		var flags byte
		if same {
			flags |= attributeSame
		}
		if a.Claimed {
			flags |= attributeClaimed
		}
		if b = append(b, flags); same {
			continue
		}
		b = appendText(b, a.Source)
		b = appendText(b, a.Notice)
		b = appendTime(b, a.At)
		b = appendTime(b, a.Expires)
		b = append(b, a.Message[:]...)
		last = *a
	}
	return b
}

func readAttributes(r *reader) []Attribute {
	var last Attribute
	return list(r, 4, func(r *reader) Attribute {
		a := last
		a.Name, a.Value, a.Origin = r.text(), r.secret(), Origin(r.byte())
		flags := r.byte()
		if a.Claimed = flags&attributeClaimed != 0; flags&attributeSame != 0 {
			return a
		}
		a.Source, a.Notice, a.At, a.Expires, a.Message = r.text(), r.text(), r.time(), r.time(), r.hash()
		last = a
		return a
	})
}

// appendCounters says first how many days there are in all, so that reading
// them back needs one allocation.
func appendCounters(b []byte, counters []Counter) []byte {
	days := 0
	for i := range counters {
		days += len(counters[i].Days)
	}
	b = appendCount(b, days)
	b = appendCount(b, len(counters))
	for i := range counters {
		c := &counters[i]
		b = appendText(b, c.Name)
		b = appendText(b, c.Notice)
		b = appendInt(b, c.Count)
		b = appendTime(b, c.First)
		b = appendTime(b, c.Last)
		b = appendCount(b, len(c.Days))
		var last int32
		for _, d := range c.Days {
			b = appendInt(b, int64(d.Day)-int64(last))
			b = appendInt(b, int64(d.Count))
			last = d.Day
		}
	}
	return b
}

func readCounters(r *reader) []Counter {
	days := make([]DayCount, 0, r.count(2))
	counters := list(r, 6, func(r *reader) Counter {
		c := Counter{Name: r.text(), Notice: r.text(), Count: r.int(), First: r.time(), Last: r.time()}
		n, from := r.count(2), len(days)
		if n > cap(days)-from {
			r.fail()
			return c
		}
		var day int64
		for range n {
			step, count := r.pair()
			day += step
			if day != int64(int32(day)) || count != int64(int32(count)) {
				r.fail()
			}
			days = append(days, DayCount{Day: int32(day), Count: int32(count)})
		}
		if n > 0 {
			c.Days = slices.Clip(days[from:])
		}
		return c
	})
	if len(days) != cap(days) {
		r.fail()
	}
	return counters
}

// Flags of an Order and of a Line: what is there at all.
const (
	orderWhole    = 1 << 0
	orderPlaced   = 1 << 1
	orderCanceled = 1 << 2

	lineGift  = 1 << 0
	lineMoney = 1 << 1
	lineOwn   = 1 << 2
)

func appendOrder(b []byte, o *Order) []byte {
	var flags byte
	if o.Whole {
		flags |= orderWhole
	}
	if o.Placed {
		flags |= orderPlaced
	}
	if o.Canceled != 0 {
		flags |= orderCanceled
	}
	b = append(binary.BigEndian.AppendUint64(b, o.Key), flags)
	b = appendTime(b, o.At)
	b = append(b, o.Message[:]...)
	b = appendText(b, o.Notice)
	b = appendInt(appendText(b, o.Currency), o.Minor)
	if o.Canceled != 0 {
		b = appendTime(b, o.Canceled)
	}
	b = appendCount(b, len(o.Lines))
	for i := range o.Lines {
		b = appendLine(b, &o.Lines[i])
	}
	b = appendCount(b, len(o.Returns))
	for _, back := range o.Returns {
		b = appendInt(appendText(appendText(b, back.Item), back.Variant), back.Quantity)
		b = appendInt(appendText(b, back.Currency), back.Minor)
		b = appendText(appendTime(b, back.At), back.Source)
	}
	return b
}

func readOrder(r *reader) Order {
	o := Order{Key: r.fixed64()}
	flags := r.byte()
	o.Whole, o.Placed = flags&orderWhole != 0, flags&orderPlaced != 0
	o.At, o.Message, o.Notice, o.Currency, o.Minor = r.time(), r.hash(), r.text(), r.text(), r.int()
	if flags&orderCanceled != 0 {
		o.Canceled = r.time()
	}
	o.Lines = list(r, 6, readLine)
	o.Returns = list(r, 7, func(r *reader) Return {
		return Return{
			Item: r.text(), Variant: r.text(), Quantity: r.int(),
			Currency: r.text(), Minor: r.int(), At: r.time(), Source: r.text(),
		}
	})
	return o
}

func appendLine(b []byte, l *Line) []byte {
	own := l.At != 0 || l.Message != person.Hash{} || l.Notice != ""
	money := l.Currency != "" || l.Minor != 0
	var flags byte
	if l.Gift {
		flags |= lineGift
	}
	if money {
		flags |= lineMoney
	}
	if own {
		flags |= lineOwn
	}
	b = append(b, flags)
	b = appendText(b, l.Item)
	b = appendText(b, l.Variant)
	b = appendText(b, l.Category)
	b = appendText(b, l.Brand)
	b = appendInt(b, l.Quantity)
	if money {
		b = appendInt(appendText(b, l.Currency), l.Minor)
	}
	if own {
		b = append(appendTime(b, l.At), l.Message[:]...)
		b = appendText(b, l.Notice)
	}
	return b
}

func readLine(r *reader) Line {
	flags := r.byte()
	l := Line{Gift: flags&lineGift != 0}
	l.Item, l.Variant, l.Category, l.Brand, l.Quantity = r.text(), r.text(), r.text(), r.text(), r.int()
	if flags&lineMoney != 0 {
		l.Currency, l.Minor = r.text(), r.int()
	}
	if flags&lineOwn != 0 {
		l.At, l.Message, l.Notice = r.time(), r.hash(), r.text()
	}
	return l
}

func appendPurchase(b []byte, p *Purchase) []byte {
	b = appendText(b, p.Item)
	b = appendText(b, p.Variant)
	b = appendText(b, p.Category)
	b = appendText(b, p.Brand)
	b = appendInt(b, p.Quantity)
	b = appendTime(b, p.Last)
	b = appendTime(b, p.Returned)
	b = appendText(b, p.Notice)
	return appendBool(b, p.Gift)
}

func readPurchase(r *reader) Purchase {
	return Purchase{
		Item: r.text(), Variant: r.text(), Category: r.text(), Brand: r.text(), Quantity: r.int(),
		Last: r.time(), Returned: r.time(), Notice: r.text(), Gift: r.bool(),
	}
}
