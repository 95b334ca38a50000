package town

// Item is one thing on the shelf.
type Item struct {
	ID       string   `json:"product_id"`
	Name     string   `json:"name"`
	Category string   `json:"category"`
	Brand    string   `json:"brand"`
	Variants []string `json:"variants,omitempty"`
	Cents    int64    `json:"price_minor"`
	Days     int      `json:"consumable_days,omitempty"` // about used up after so many days
	for_     Taste
}

// Shelf is everything the shop sells.
func Shelf() []Item {
	sizes := []string{"S", "M", "L", "XL"}
	return []Item{
		{ID: "shoe-aurora", Name: "Aurora running shoe", Category: "Running shoes", Brand: "Larkfoot", Variants: []string{"38", "40", "42", "44"}, Cents: 11900, for_: Runner},
		{ID: "shoe-brook", Name: "Brook trail shoe", Category: "Running shoes", Brand: "Larkfoot", Variants: []string{"38", "40", "42", "44"}, Cents: 13900, for_: Runner},
		{ID: "sock-trail", Name: "Trail socks", Category: "Socks", Brand: "Larkfoot", Variants: sizes, Cents: 1400, for_: Runner},
		{ID: "short-wind", Name: "Wind shorts", Category: "Shorts", Brand: "Nordhaus", Variants: sizes, Cents: 3900, for_: Runner},
		{ID: "shirt-wind", Name: "Wind shirt", Category: "Shirts", Brand: "Nordhaus", Variants: sizes, Cents: 3400, for_: Runner},
		{ID: "coffee-dawn", Name: "Dawn coffee, 500 g", Category: "Coffee", Brand: "Linden", Cents: 990, Days: 21, for_: Coffee},
		{ID: "coffee-dusk", Name: "Dusk coffee, 500 g", Category: "Coffee", Brand: "Linden", Cents: 1090, Days: 21, for_: Coffee},
		{ID: "cup-clay", Name: "Clay cup", Category: "Household", Brand: "Linden", Cents: 1600, for_: Coffee},
		{ID: "jacket-fjord", Name: "Fjord jacket", Category: "Jacket", Brand: "Nordhaus", Variants: sizes, Cents: 18900, for_: Jackets},
		{ID: "jacket-heath", Name: "Heath jacket", Category: "Jacket", Brand: "Moorland", Variants: sizes, Cents: 15900, for_: Jackets},
		{ID: "shirt-oat", Name: "Oat shirt", Category: "Shirts", Brand: "Moorland", Variants: sizes, Cents: 4900, for_: Jackets},
		{ID: "scarf-plum", Name: "Plum scarf", Category: "Accessories", Brand: "Moorland", Cents: 2900, for_: Gifts},
		{ID: "ring-moss", Name: "Moss ring", Category: "Jewelery", Brand: "Linden", Cents: 7900, for_: Gifts},
		{ID: "soap-fig", Name: "Fig soap", Category: "Toiletries", Brand: "Linden", Cents: 690, Days: 40, for_: Gifts},
		{ID: "mat-dress", Name: "Maternity dress", Category: "Maternity", Brand: "Moorland", Variants: sizes, Cents: 6900, for_: Expecting},
		{ID: "mat-trousers", Name: "Maternity trousers", Category: "Maternity", Brand: "Moorland", Variants: sizes, Cents: 5900, for_: Expecting},
		{ID: "baby-blanket", Name: "Baby blanket", Category: "Baby", Brand: "Linden", Cents: 3200, for_: Expecting},
	}
}

func tasteful(t Taste) []Item {
	var out []Item
	for _, i := range Shelf() {
		if i.for_ == t {
			out = append(out, i)
		}
	}
	return out
}
