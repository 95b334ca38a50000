package expression

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"pgregory.net/rapid"

	"github.com/heed-platform/heed/internal/clock"
	"github.com/heed-platform/heed/internal/fact"
	"github.com/heed-platform/heed/internal/person"
	"github.com/heed-platform/heed/internal/policy"
)

// world is a person as a slow model holds them: everything that is true, and
// apart from it what is withheld.
type world struct {
	traits    map[string]string // JSON
	email     string
	happened  map[string][]clock.Instant
	purchases []fact.Purchase
	spends    map[string]fact.Spend
	withheld  map[string]bool
	now       clock.Instant
}

var (
	traitNames = []string{"a", "b", "s", "u", "v", "w", "t", "l", "o"}
	eventNames = []string{"X", "Y"}
	categories = map[string]string{"i1": "shoes", "i2": "socks", "i3": "shoes.running"}
	currencies = []string{"EUR", "JPY"}
	paths      = []string{
		"traits.a", "traits.b", "traits.s", "traits.u", "traits.v", "traits.w", "traits.t", "traits.l", "traits.o",
		"events.X", "events.Y", "purchases", "purchases.shoes", "purchases.socks", "purchases.shoes.running", "spend", "identifiers.email",
	}
)

// valuesOf are the JSON texts a trait tends to have; a few are of another type.
func valuesOf(name string) *rapid.Generator[string] {
	numbers := []string{"-1", "0", "1", "2", "2.5", "3"}
	texts := []string{`""`, `"a"`, `"ab"`, `"B"`, `"b\"c"`}
	bools := []string{"true", "false"}
	usual := map[string][]string{
		"a": numbers, "b": numbers, "s": texts, "u": texts, "v": bools, "w": bools,
		"t": {`"2026-01-10T00:00:00Z"`, `"2026-01-18T12:00:00Z"`, `"2025-06-01T00:00:00Z"`},
		"l": {`[]`, `["a"]`, `["a", 1, "B"]`}, "o": {`{}`, `{"k": "a"}`, `{"k": 2, "n": "ab"}`},
	}[name]
	return rapid.Custom(func(t *rapid.T) string {
		if rapid.IntRange(0, 9).Draw(t, "odd") == 0 {
			return rapid.SampledFrom(slices.Concat(numbers, texts, bools, []string{"null"})).Draw(t, "value")
		}
		return rapid.SampledFrom(usual).Draw(t, "value")
	})
}

// moments draws a moment within 60 days around noon.
func moments() *rapid.Generator[clock.Instant] {
	return rapid.Custom(func(t *rapid.T) clock.Instant {
		hours := rapid.IntRange(-60*24, 0).Draw(t, "hours")
		return noon.Add(time.Duration(hours) * time.Hour)
	})
}

// fill draws the part of the world that lies under one path.
func (w *world) fill(t *rapid.T, path string) {
	root, name, _ := strings.Cut(path, ".")
	switch root {
	case "traits":
		delete(w.traits, name)
		if rapid.IntRange(0, 3).Draw(t, "given") > 0 {
			w.traits[name] = valuesOf(name).Draw(t, name)
		}
	case "events":
		w.happened[name] = rapid.SliceOfN(moments(), 0, 4).Draw(t, name)
	case "purchases":
		w.purchases = slices.DeleteFunc(w.purchases, func(p fact.Purchase) bool { return name == "" || policy.Within(p.Category, name) })
		for _, item := range []string{"i1", "i2", "i3"} {
			if (name == "" || policy.Within(categories[item], name)) && rapid.Bool().Draw(t, item) {
				p := fact.Purchase{Item: item, Category: categories[item], Brand: "Acme", Quantity: rapid.Int64Range(0, 2).Draw(t, "kept"), Last: moments().Draw(t, "bought")}
				w.purchases = append(w.purchases, p)
			}
		}
	case "spend":
		for _, c := range currencies {
			w.spends[c] = fact.Spend{Currency: c, Minor: rapid.Int64Range(0, 5).Draw(t, "minor") * 50, Orders: rapid.Int64Range(0, 3).Draw(t, "orders")}
		}
	case "identifiers":
		w.email = rapid.SampledFrom([]string{"", "a@x", "ab@y"}).Draw(t, "email")
	}
}

func drawWorld(t *rapid.T) *world {
	w := &world{traits: map[string]string{}, happened: map[string][]clock.Instant{}, spends: map[string]fact.Spend{}, withheld: map[string]bool{}, now: noon}
	for _, p := range paths {
		w.fill(t, p)
	}
	return w
}

// with is a copy in which the drawn paths are withheld.
func (w *world) with(t *rapid.T) *world {
	c := w.clone()
	for _, p := range rapid.SliceOfNDistinct(rapid.SampledFrom(paths), 0, 5, rapid.ID).Draw(t, "withheld") {
		c.withheld[p] = true
	}
	// "purchases" is all of them only where no category is named.
	if c.hidesSome() {
		delete(c.withheld, "purchases")
	}
	return c
}

func (w *world) hidesSome() bool {
	return w.withheld["purchases.shoes"] || w.withheld["purchases.socks"] || w.withheld["purchases.shoes.running"]
}

// completed is a copy in which nothing is withheld and what was is drawn anew.
func (w *world) completed(t *rapid.T) *world {
	c := w.clone()
	clear(c.withheld)
	for _, p := range paths {
		if w.withheld[p] {
			c.fill(t, p)
		}
	}
	return c
}

func (w *world) clone() *world {
	c := &world{
		traits: maps.Clone(w.traits), happened: map[string][]clock.Instant{}, purchases: slices.Clone(w.purchases),
		spends: maps.Clone(w.spends), withheld: maps.Clone(w.withheld), now: w.now, email: w.email,
	}
	for name, happened := range w.happened {
		c.happened[name] = slices.Clone(happened)
	}
	return c
}

// hides reports whether purchases of a category are withheld.
func (w *world) hides(category string) bool {
	for p := range w.withheld {
		if p == "purchases" || policy.Within("purchases."+category, p) {
			return true
		}
	}
	return false
}

// sight is what the gate would show of this world.
func (w *world) sight() fact.Sight {
	s := fact.Sight{Profile: &fact.Profile{}, Withheld: map[string]string{}}
	for p := range w.withheld {
		s.Withheld[p] = "not_covered"
	}
	if w.hidesSome() {
		s.Withheld["purchases"] = "not_covered"
	}
	for _, name := range traitNames {
		if v, ok := w.traits[name]; ok && !w.withheld["traits."+name] {
			s.Profile.Attributes = append(s.Profile.Attributes, fact.Attribute{Name: name, Value: person.Hide(v)})
		}
	}
	for _, name := range eventNames {
		c := fact.Counter{Name: name}
		for _, when := range w.happened[name] {
			occur(&c, when)
		}
		if c.Count > 0 && !w.withheld["events."+name] {
			s.Profile.Counters = append(s.Profile.Counters, c)
		}
	}
	for _, p := range w.purchases {
		if !w.hides(p.Category) {
			s.Profile.Purchases = append(s.Profile.Purchases, p)
		}
	}
	for _, c := range currencies {
		if !w.withheld["spend"] {
			s.Profile.Spends = append(s.Profile.Spends, w.spends[c])
		}
	}
	if w.email != "" && !w.withheld["identifiers.email"] {
		s.Profile.Identifiers = []fact.Named{{Identifier: person.Ident(person.Email, w.email)}}
	}
	return s
}

// drawExpression writes a yes or no of at most the given depth.
func drawExpression(t *rapid.T, depth int) string {
	pick := func(of ...string) string { return rapid.SampledFrom(of).Draw(t, "word") }
	yesNo := func() string { return drawExpression(t, depth-1) }
	kind := rapid.IntRange(0, 15).Draw(t, "kind")
	if depth <= 0 {
		kind %= 10
	}
	days := func() string { return fmt.Sprintf("days(%d)", rapid.IntRange(1, 40).Draw(t, "days")) }
	switch kind {
	case 0:
		return drawNumber(t, depth) + pick(" == ", " != ", " < ", " <= ", " > ", " >= ") + drawNumber(t, depth)
	case 1:
		return drawText(t, depth) + pick(" == ", " != ", " < ", " >= ") + drawText(t, depth)
	case 2:
		return pick("within", "older", "ahead") + "(" + drawTime(t, depth) + ", " + days() + ")"
	case 3:
		return pick("traits.v", "traits.w", "true", "false")
	case 4:
		return "has(" + pick("traits.a", "traits.s", "traits.v", "traits.l", "traits.o.k", "traits.o.n", "identifiers.email") + ")"
	case 5:
		return drawText(t, depth) + " in " + pick(`traits.l`, `["a", "B"]`, `["ab", 1, true]`)
	case 6:
		return pick(`bought("i1")`, `bought("i3")`, `bought_category("shoes")`, `bought_category("socks")`, `bought_brand("Acme")`,
			`bought_category("shoes.running")`, `bought_category("shoes", `+days()+`)`, `bought("i2", `+days()+`)`)
	case 7:
		return drawText(t, depth) + pick(".contains(", ".startsWith(", ".endsWith(") + drawText(t, depth) + ")"
	case 8:
		return drawTime(t, depth) + pick(" < ", " >= ", " == ", " != ") + drawTime(t, depth)
	case 9:
		return drawNumber(t, depth) + " in " + pick("[1, 2.5]", "[2, 3, \"a\"]", "traits.l")
	case 10, 11:
		return "(" + yesNo() + " && " + yesNo() + ")"
	case 12, 13:
		return "(" + yesNo() + " || " + yesNo() + ")"
	case 14:
		return "!(" + yesNo() + ")"
	}
	return "(" + yesNo() + " ? " + yesNo() + " : " + yesNo() + ")"
}

func drawNumber(t *rapid.T, depth int) string {
	kind := rapid.IntRange(0, 9).Draw(t, "number")
	if depth <= 0 {
		kind %= 6
	}
	less := func() string { return drawNumber(t, depth-1) }
	switch kind {
	case 0, 1:
		return rapid.SampledFrom([]string{"traits.a", "traits.b", "traits.s", "traits.o.k", "traits.l[1]"}).Draw(t, "trait")
	case 2:
		return rapid.SampledFrom([]string{"0", "1", "2", "2.5", "-1", "50.0"}).Draw(t, "literal")
	case 3:
		return fmt.Sprintf("count(%q)", rapid.SampledFrom(eventNames).Draw(t, "event"))
	case 4:
		return fmt.Sprintf("count(%q, days(%d))", rapid.SampledFrom(eventNames).Draw(t, "event"), rapid.IntRange(1, 70).Draw(t, "days"))
	case 5:
		return rapid.SampledFrom([]string{`spend("EUR")`, `spend("JPY")`, "orders()"}).Draw(t, "money")
	case 6:
		return "(" + less() + rapid.SampledFrom([]string{" + ", " - ", " * "}).Draw(t, "sign") + less() + ")"
	case 7:
		return "(" + less() + rapid.SampledFrom([]string{" / 2", " / 2.0", " % 2"}).Draw(t, "sign") + ")"
	case 8:
		return "size(" + drawText(t, depth-1) + ")"
	}
	return "(" + drawExpression(t, depth-1) + " ? " + less() + " : " + less() + ")"
}

func drawText(t *rapid.T, depth int) string {
	kind := rapid.IntRange(0, 4).Draw(t, "text")
	if depth <= 0 {
		kind %= 3
	}
	switch kind {
	case 0, 1:
		return rapid.SampledFrom([]string{"traits.s", "traits.u", "traits.a", "traits.o.k", "traits.o.n", "traits.l[0]", "identifiers.email"}).Draw(t, "trait")
	case 2:
		return rapid.SampledFrom([]string{`"a"`, `"ab"`, `"B"`, `""`, `"b\"c"`}).Draw(t, "literal")
	case 3:
		return drawText(t, depth-1) + rapid.SampledFrom([]string{".lowerAscii()", ".upperAscii()"}).Draw(t, "fold")
	}
	return "(" + drawExpression(t, depth-1) + " ? " + drawText(t, depth-1) + " : " + drawText(t, depth-1) + ")"
}

func drawTime(t *rapid.T, depth int) string {
	kind := rapid.IntRange(0, 4).Draw(t, "time")
	if depth <= 0 {
		kind %= 4
	}
	switch kind {
	case 0, 1:
		return fmt.Sprintf("%s(%q)", rapid.SampledFrom([]string{"first", "last"}).Draw(t, "which"), rapid.SampledFrom(eventNames).Draw(t, "event"))
	case 2:
		return `timestamp("2026-01-10T00:00:00Z")`
	case 3:
		return `timestamp(traits.t)`
	}
	return fmt.Sprintf("(%s %s days(%d))", drawTime(t, depth-1), rapid.SampledFrom([]string{"+", "-"}).Draw(t, "sign"), rapid.IntRange(1, 9).Draw(t, "days"))
}
