package expression

import (
	"strings"

	"github.com/heed-platform/heed/internal/clock"
	"github.com/heed-platform/heed/internal/fact"
	"github.com/heed-platform/heed/internal/policy"
)

// bought is whether the person bought and kept an item, something of a category
// or something of a brand; exactly one of the three is set.
type bought struct {
	path                  string
	item, category, brand string
	span                  clock.Instant // the last one is not longer ago; 0 is ever
}

func (t bought) judge(r *Reading) policy.Tri {
	all := r.person.Purchases
	for i := 0; i < len(all); i++ {
		if !t.fits(&all[i]) {
			continue
		}
		first, end := variant(all, i)
		if t.kept(r, all[first:end]) {
			return policy.Yes
		}
		i = end - 1
	}
	if t.mayHide(r) || r.nothing(t.path).kind == unknown {
		return policy.Unknown
	}
	return policy.No
}

// variant gives the entries around i that are of the same variant: one for each
// promise that it was bought under.
func variant(all []fact.Purchase, i int) (first, end int) {
	other := func(j int) bool { return all[j].Variant != all[i].Variant || all[j].Item != all[i].Item }
	for first = i; first > 0 && !other(first-1); first-- {
	}
	for end = i + 1; end < len(all) && !other(end); end++ {
	}
	return first, end
}

// kept looks at the entries of one variant.
func (t bought) kept(r *Reading, entries []fact.Purchase) bool {
	var quantity int64
	var last clock.Instant
	for i := range entries {
		quantity += entries[i].Quantity
		last = max(last, entries[i].Last)
	}
	return quantity > 0 && (t.span == 0 || within(r, last, t.span))
}

func (t bought) fits(p *fact.Purchase) bool {
	switch {
	case t.item != "":
		return p.Item == t.item
	case t.brand != "":
		return p.Brand == t.brand
	}
	return policy.Within(p.Category, t.category)
}

// mayHide reports whether what was not found may lie in what is withheld: an
// item or a brand anywhere, a category only above or below itself. The gate
// withholds "purchases.CATEGORY" and, beside it, "purchases" to say that there
// is something; alone, "purchases" is all of them.
func (t bought) mayHide(r *Reading) bool {
	may, all := false, true
	for path, code := range r.withheld {
		category, one := strings.CutPrefix(path, purchases+".")
		if !one {
			continue
		}
		all = false
		if t.category == "" || policy.Within(t.category, category) || policy.Within(category, t.category) {
			may = true
			r.note(path, code)
		}
	}
	if code, some := r.withheld[purchases]; some && all {
		may = true
		r.note(purchases, code)
	}
	return may
}

// spent is money in one currency, in major units: 1999 cents are 19.99.
type spent struct {
	currency string
	scale    float64
}

func (t spent) value(r *Reading) value {
	if r.hides(spend, spend) {
		return value{}
	}
	var minor int64
	found := false
	for i := range r.person.Spends {
		if s := &r.person.Spends[i]; s.Currency == t.currency {
			minor += s.Minor
			found = true
		}
	}
	if !found && r.nothing(spend).kind == unknown {
		return value{}
	}
	return value{kind: decimal, f: float64(minor) / t.scale}
}

// ordersMade is the number of orders in all currencies.
type ordersMade struct{}

func (ordersMade) value(r *Reading) value {
	if r.hides(spend, spend) {
		return value{}
	}
	var n int64
	for i := range r.person.Spends {
		n += r.person.Spends[i].Orders
	}
	if n == 0 && r.nothing(spend).kind == unknown {
		return value{}
	}
	return value{kind: integer, n: n}
}
