package catalog

import (
	"slices"
	"strings"

	"github.com/heed-platform/heed/internal/problem"
)

var errTooMany = problem.New(problem.Invalid, "catalog-too-many-variants", "An item has more than 500 variants; remove some, or make several items of it.")

// Upsert is the item after the changes, in order. The zero Item is one that is
// new. Problem: catalog-too-many-variants.
func (i Item) Upsert(changes ...Change) (Item, error) {
	out := i
	out.Variants = slices.Clone(i.Variants)
	for _, c := range changes {
		apply(&out, c)
	}
	if len(out.Variants) > maxVariants {
		return i, errTooMany
	}
	return out, nil
}

func apply(i *Item, c Change) {
	i.ID = c.ID
	g := gaps{c.heard, &i.Heard}
	take(g, "name", &i.Name, c.name)
	take(g, "category", &i.Category, c.category)
	take(g, "brand", &i.Brand, c.brand)
	take(g, "url", &i.URL, c.link)
	take(g, "image_url", &i.ImageURL, c.image)
	take(g, "price", &i.Price, c.price)
	take(g, "stock", &i.Stock, c.stock)
	take(g, "interval_days", &i.IntervalDays, c.interval)
	for _, v := range c.variants {
		applyVariant(i, v, c.heard)
	}
}

func applyVariant(i *Item, c variantChange, heard bool) {
	at, found := slices.BinarySearchFunc(i.Variants, c.id, func(v Variant, id string) int { return strings.Compare(v.ID, id) })
	switch {
	case c.removed:
		if found {
			i.Variants = slices.Delete(i.Variants, at, at+1)
		}
		return
	case !found && heard && len(i.Variants) >= maxVariants:
		return // a gap is not worth an error
	case !found:
		i.Variants = slices.Insert(i.Variants, at, Variant{ID: c.id})
	}
	v := &i.Variants[at]
	g := gaps{heard, &v.Heard}
	take(g, "name", &v.Name, c.name)
	take(g, "size", &v.Size, c.size)
	take(g, "color", &v.Color, c.color)
	take(g, "price", &v.Price, c.price)
	take(g, "stock", &v.Stock, c.stock)
	take(g, "interval_days", &v.IntervalDays, c.interval)
}

// gaps knows which fields only events told.
type gaps struct {
	heard  bool
	fields *[]string
}

// take sets a field. What an event says fills a gap, or takes the place of what
// another event said; what was said on purpose takes the place of both. The list
// is copied before it changes, because the item before may still be in use.
func take[T comparable](g gaps, name string, to *T, from said[T]) {
	var nothing T
	at, heard := slices.BinarySearch(*g.fields, name)
	switch {
	case !from.set, g.heard && from.value == nothing, g.heard && !heard && *to != nothing:
		return
	case heard && !g.heard:
		*g.fields = slices.Delete(slices.Clone(*g.fields), at, at+1)
	case g.heard && !heard:
		*g.fields = slices.Insert(slices.Clone(*g.fields), at, name)
	}
	*to = from.value
}
