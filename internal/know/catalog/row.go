package catalog

import (
	"maps"
	"slices"
	"strings"

	"github.com/heed-platform/heed/internal/collect/event/strict"
)

var columns = []string{
	"id", "name", "category", "brand", "url", "image_url", "price", "currency", "stock", "interval_days",
	"variant_id", "variant_name", "variant_size", "variant_color", "variant_price", "variant_stock", "variant_interval_days",
}

// Columns are the columns that ChangeOfRow reads.
func Columns() []string { return slices.Clone(columns) }

// ChangeOfRow reads one row of a CSV file by its column names. A row with a
// variant_id is about that variant and, in the columns of the item, about the
// item too. An empty cell says nothing. Problem: catalog-item-invalid, whose
// pointers are column names.
func ChangeOfRow(row map[string]string) (Change, error) {
	var r record
	var c Change
	var v variantChange
	if cell := strings.TrimSpace(row["currency"]); cell != "" {
		r.money("currency", value{text: cell})
	}
	for _, column := range slices.Sorted(maps.Keys(row)) {
		cell := value{text: strings.TrimSpace(row[column])}
		name, ofVariant := strings.CutPrefix(column, "variant_")
		switch {
		case !slices.Contains(columns, column):
			r.refuse(strict.Printable(column), "is not a column of a catalog file")
		case cell.text == "":
		case ofVariant:
			r.variantField(&v, column, name, cell)
		default:
			r.field(&c, column, name, cell)
		}
	}
	if c.ID == "" {
		r.refuse("id", "is missing")
	}
	switch {
	case v.id != "":
		c.variants = []variantChange{v}
	case v != variantChange{}:
		r.refuse("variant_id", "is missing, but other columns of a variant are filled")
	}
	return c, r.err()
}
