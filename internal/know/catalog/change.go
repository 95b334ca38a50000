package catalog

import (
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/heed-platform/heed/internal/collect/event/strict"
	"github.com/heed-platform/heed/internal/know/profile/money"
	"github.com/heed-platform/heed/internal/problem"
)

// Limits of what one record may say.
const (
	MaxBody = 256 << 10 // bytes of one record as JSON

	maxID       = 200 // bytes
	maxText     = 500
	maxURL      = 2000
	maxVariants = 500
	maxStock    = 1_000_000_000
	maxInterval = 3650 // days
)

var (
	errInvalid = problem.New(problem.Invalid, "catalog-item-invalid", "A catalog record cannot be read; mend the named fields and send it again.")
	errNotJSON = problem.New(problem.Invalid, "catalog-not-json", "A catalog record is one JSON object, without a name twice; send that.")
	errTooLong = problem.New(problem.TooLarge, "catalog-item-too-large", "A catalog record is larger than 256 KB; send fewer variants at once.")
)

// said is a field that a record may leave out (the zero said) or take back (set
// to the zero value).
type said[T any] struct {
	set   bool
	value T
}

// Change is what one record says about one item.
type Change struct {
	ID string

	heard                              bool // an event said so: it fills gaps only
	name, category, brand, link, image said[string]
	price                              said[Money]
	stock                              said[*int64]
	interval                           said[int64]
	variants                           []variantChange
}

type variantChange struct {
	id                string
	removed           bool
	name, size, color said[string]
	price             said[Money]
	stock             said[*int64]
	interval          said[int64]
}

// value is one field as a record gives it.
type value struct {
	text string
	kind kind
}

type kind uint8

const (
	scalar kind = iota // text, or a number as written
	null
	other
)

func valueOf(raw []byte) value {
	if strict.IsNull(raw) {
		return value{kind: null}
	}
	if t, ok := strict.Text(raw); ok {
		return value{text: t}
	}
	if strict.IsNumber(raw) {
		return value{text: string(raw)}
	}
	return value{string(raw), other}
}

// record reads the fields of one record and collects what is wrong with them.
type record struct {
	fault    *problem.Error
	currency string
}

func (r *record) refuse(pointer, reason string) {
	if r.fault == nil {
		r.fault = errInvalid
	}
	r.fault = r.fault.At(pointer, reason)
}

func (r *record) err() error {
	if r.fault == nil {
		return nil
	}
	return r.fault
}

// ChangeOf reads one record of the API:
//
//	{"id": "shoe", "name": "Swift 3", "category": "running", "brand": "Swift",
//	 "price": "89.90", "currency": "EUR", "stock": 12, "interval_days": 0,
//	 "url": "https://…", "image_url": "https://…",
//	 "variants": [{"id": "shoe-42", "name": "42", "size": "42", "color": "red",
//	               "price": "89.90", "stock": 3, "interval_days": 0, "removed": false}]}
//
// Only id is needed. What is left out stays as it is; null takes a value back.
// A price is decimal text or a number and needs the currency beside it. Problems:
// catalog-not-json, catalog-item-too-large, catalog-item-invalid.
func ChangeOf(body []byte) (Change, error) {
	if len(body) > MaxBody {
		return Change{}, errTooLong
	}
	s := strict.New(body)
	span := s.Skip()
	object := span.Of(body)
	if !s.End() || faulty(s) || len(object) == 0 || object[0] != '{' {
		return Change{}, errNotJSON
	}
	var r record
	var c Change
	r.money("/currency", valueOf(strict.Find(object, "currency")))
	for name, raw := range strict.Members(object) {
		if name == "variants" {
			c.variants = r.variants(raw)
		} else if !r.field(&c, "/"+name, name, valueOf(raw)) {
			r.refuse("/"+strict.Printable(name), "is not a field of a catalog record")
		}
	}
	if c.ID == "" {
		r.refuse("/id", "is missing")
	}
	return c, r.err()
}

func faulty(s *strict.Scanner) bool {
	f, _ := s.Take()
	return f != 0
}

func (r *record) money(at string, v value) {
	if v.kind == null {
		return
	}
	code, ok := money.Currency(v.text)
	if !ok {
		r.refuse(at, "is not a currency of ISO 4217, such as EUR")
	}
	r.currency = code
}

// field reads a field of the item; false when it has no such field.
func (r *record) field(c *Change, at, name string, v value) bool {
	switch name {
	case "id":
		c.ID = r.id(at, v)
	case "name":
		c.name = r.text(at, v, maxText)
	case "category":
		c.category = r.text(at, v, maxID)
	case "brand":
		c.brand = r.text(at, v, maxID)
	case "url":
		c.link = r.link(at, v)
	case "image_url":
		c.image = r.link(at, v)
	case "price":
		c.price = r.price(at, v)
	case "stock":
		c.stock = r.count(at, v, maxStock)
	case "interval_days":
		c.interval = days(r.count(at, v, maxInterval))
	case "currency": // read before all prices
	default:
		return false
	}
	return true
}

func (r *record) variants(raw []byte) []variantChange {
	if strict.IsNull(raw) {
		return nil
	}
	if raw[0] != '[' {
		r.refuse("/variants", "is not a list")
		return nil
	}
	var out []variantChange
	ids := map[string]bool{}
	for value := range strict.Elements(raw) {
		at := "/variants/" + strconv.Itoa(len(out))
		if len(out) == maxVariants {
			r.refuse("/variants", "has more than 500 entries")
			return nil
		}
		v := r.variant(at, value)
		switch {
		case v.id == "":
			r.refuse(at+"/id", "is missing")
		case ids[v.id]:
			r.refuse(at+"/id", "appears twice")
		}
		ids[v.id] = true
		out = append(out, v)
	}
	slices.SortFunc(out, func(a, b variantChange) int { return strings.Compare(a.id, b.id) })
	return out
}

func (r *record) variant(at string, raw []byte) (v variantChange) {
	if raw[0] != '{' {
		r.refuse(at, "is not an object")
		return v
	}
	for name, raw := range strict.Members(raw) {
		if name == "removed" {
			if v.removed = string(raw) == "true"; !v.removed && string(raw) != "false" {
				r.refuse(at+"/removed", "is neither true nor false")
			}
		} else if !r.variantField(&v, at+"/"+name, name, valueOf(raw)) {
			r.refuse(at+"/"+strict.Printable(name), "is not a field of a variant")
		}
	}
	return v
}

// variantField reads a field of a variant; false when it has no such field.
func (r *record) variantField(to *variantChange, at, name string, v value) bool {
	switch name {
	case "id":
		to.id = r.id(at, v)
	case "name":
		to.name = r.text(at, v, maxText)
	case "size":
		to.size = r.text(at, v, maxID)
	case "color":
		to.color = r.text(at, v, maxID)
	case "price":
		to.price = r.price(at, v)
	case "stock":
		to.stock = r.count(at, v, maxStock)
	case "interval_days":
		to.interval = days(r.count(at, v, maxInterval))
	default:
		return false
	}
	return true
}

func (r *record) id(at string, v value) string {
	t := v.text
	switch {
	case v.kind != scalar || t == "":
		r.refuse(at, "is neither text nor a number")
	case len(t) > maxID:
		r.refuse(at, "is longer than 200 bytes")
	case !plain(t):
		r.refuse(at, "holds characters that cannot be seen, or space at its ends")
	default:
		return t
	}
	return ""
}

// plain reports whether a text is fit to be compared and shown.
func plain(t string) bool {
	return utf8.ValidString(t) && strings.TrimSpace(t) == t &&
		!strings.ContainsFunc(t, func(c rune) bool { return !unicode.IsPrint(c) })
}

func (r *record) text(at string, v value, most int) said[string] {
	if v.kind == null {
		return said[string]{set: true}
	}
	t := strings.TrimSpace(v.text)
	switch {
	case v.kind != scalar:
		r.refuse(at, "is not text")
	case len(t) > most:
		r.refuse(at, "is longer than "+strconv.Itoa(most)+" bytes")
	case !plain(t):
		r.refuse(at, "holds characters that cannot be seen")
	}
	return said[string]{true, t}
}

func (r *record) link(at string, v value) said[string] {
	l := r.text(at, v, maxURL)
	if l.value == "" {
		return l
	}
	if u, err := url.Parse(l.value); err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || u.User != nil {
		r.refuse(at, "is not a web address that begins with https://")
	}
	return l
}

func (r *record) price(at string, v value) said[Money] {
	if v.kind == null {
		return said[Money]{set: true}
	}
	if r.currency == "" {
		r.refuse(at, "needs the field currency beside it")
		return said[Money]{}
	}
	whole, rest, ok := money.Scale(v.text, money.Digits(r.currency))
	switch {
	case !ok:
		r.refuse(at, "is not a decimal number such as 89.90")
	case whole < 0 || rest < 0:
		r.refuse(at, "is below zero")
	case rest != 0:
		r.refuse(at, "has more decimals than its currency")
	}
	return said[Money]{true, Money{Minor: whole, Currency: r.currency}}
}

func (r *record) count(at string, v value, most int64) said[*int64] {
	if v.kind == null {
		return said[*int64]{set: true}
	}
	n, rest, ok := money.Scale(v.text, 0)
	if !ok || rest != 0 || n < 0 || n > most {
		r.refuse(at, "is not a whole number from 0 to "+strconv.FormatInt(most, 10))
	}
	return said[*int64]{true, &n}
}

func days(n said[*int64]) said[int64] {
	if n.value == nil {
		return said[int64]{set: n.set}
	}
	return said[int64]{true, *n.value}
}
