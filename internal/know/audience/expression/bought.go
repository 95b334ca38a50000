package expression

import (
	"math"

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
	hidden := r.hiddenCategories()
	all := r.person.Purchases
	for i := 0; i < len(all); {
		p := &all[i]
		n := 1
		for i+n < len(all) && all[i+n].Item == p.Item && all[i+n].Variant == p.Variant {
			n++
		}
		if t.kept(r, all[i:i+n], hidden) {
			return policy.Yes
		}
		i += n
	}
	if t.mayHide(r, hidden) || r.nothing(t.path).kind == unknown {
		return policy.Unknown
	}
	return policy.No
}

// kept looks at one variant, which has an entry for each promise that it was
// bought under.
func (t bought) kept(r *Reading, entries []fact.Purchase, hidden []string) bool {
	var quantity int64
	var last clock.Instant
	fits := false
	for i := range entries {
		p := &entries[i]
		if hides(hidden, p.Category) {
			continue
		}
		quantity += p.Quantity
		last = max(last, p.Last)
		fits = fits || t.fits(p)
	}
	if !fits || quantity <= 0 {
		return false
	}
	return t.span == 0 || within(r, last, t.span)
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

// hides reports whether purchases of a category are withheld.
func hides(hidden []string, category string) bool {
	for _, h := range hidden {
		if h == "" || policy.Within(category, h) {
			return true
		}
	}
	return false
}

// mayHide reports whether what was not found may lie in what is withheld: an
// item or a brand anywhere, a category only above or below itself.
func (t bought) mayHide(r *Reading, hidden []string) bool {
	may := false
	for _, h := range hidden {
		if t.category != "" && h != "" && !policy.Within(t.category, h) && !policy.Within(h, t.category) {
			continue
		}
		may = true
		path := purchases
		if h != "" {
			path += "." + h
		}
		r.note(path, r.withheld[path])
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

// minorDigits are the currencies of ISO 4217 whose minor unit is not a hundredth.
var minorDigits = map[string]int{
	"BIF": 0, "CLP": 0, "DJF": 0, "GNF": 0, "ISK": 0, "JPY": 0, "KMF": 0, "KRW": 0, "PYG": 0,
	"RWF": 0, "UGX": 0, "UYI": 0, "VND": 0, "VUV": 0, "XAF": 0, "XOF": 0, "XPF": 0,
	"BHD": 3, "IQD": 3, "JOD": 3, "KWD": 3, "LYD": 3, "OMR": 3, "TND": 3,
	"CLF": 4, "UYW": 4,
}

// minorPerMajor is how many minor units one major unit has.
func minorPerMajor(currency string) float64 {
	digits, special := minorDigits[currency]
	if !special {
		digits = 2
	}
	return math.Pow10(digits)
}
