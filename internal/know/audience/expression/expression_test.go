package expression

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/heed-platform/heed/internal/clock"
	"github.com/heed-platform/heed/internal/fact"
	"github.com/heed-platform/heed/internal/person"
	"github.com/heed-platform/heed/internal/policy"
)

func TestExpression_Fields(t *testing.T) {
	t.Parallel()
	tests := []struct {
		source string
		want   []string
		timed  bool
	}{
		{`true`, nil, false},
		{`traits.plan == "gold" && has(traits.address.city)`, []string{"traits.address", "traits.plan"}, false},
		{`traits["Favorite Brand"] == "x"`, []string{"traits.Favorite Brand"}, false},
		{`count("Order Completed") > 1`, []string{"events.Order Completed"}, false},
		{`count("Order Completed", days(3)) > 1`, []string{"events.Order Completed"}, true},
		{`older(first("A"), weeks(3)) || last("B") > first("A")`, []string{"events.A", "events.B"}, true},
		{`bought("x") || bought_brand("y") || bought_category("shoes")`, []string{"purchases", "purchases.shoes"}, false},
		{`bought("x", days(3))`, []string{"purchases"}, true},
		{`spend("EUR") > 10 || orders() > 3`, []string{"spend"}, false},
		{`has(identifiers.email)`, []string{"identifiers.email"}, false},
		{`in_audience("regulars") || traits.plan == "x"`, []string{"events.Order Completed", "traits.plan", "traits.vip"}, true},
	}
	for _, tt := range tests {
		e, err := Compile(tt.source, learned())
		if err != nil {
			t.Errorf("%s: %v", tt.source, err)
			continue
		}
		if diff := cmp.Diff(tt.want, e.Fields()); diff != "" || e.Timed() != tt.timed {
			t.Errorf("%s: timed %v (-want +got)\n%s", tt.source, e.Timed(), diff)
		}
	}
}

func TestExpression_audienceSeesTheSameView(t *testing.T) {
	t.Parallel()
	e, err := Compile(`in_audience("regulars") && traits.plan == "gold"`, learned())
	if err != nil {
		t.Fatal(err)
	}
	for words, want := range map[string]string{
		`plan is "gold"; vip is true; did Order Completed on 2026-01-01, 2026-01-02`:     "yes",
		`plan is "gold"; vip is withheld; did Order Completed on 2026-01-01, 2026-01-02`: "unknown",
		`plan is "gold"; vip is withheld; did Order Completed on 2026-01-01`:             "no",
		`plan is "gold"; vip is true; did Order Completed on 2025-01-01, 2025-01-02`:     "no",
		`plan is "free"; vip is withheld; Order Completed events are withheld`:           "no",
		`plan is withheld; vip is true; did Order Completed on 2026-01-01, 2026-01-02`:   "unknown",
	} {
		if got := answers[e.Match(sight(t, words), noon)]; got != want {
			t.Errorf("%s: got %s, want %s", words, got, want)
		}
	}
}

func TestExpression_nobody(t *testing.T) {
	t.Parallel()
	e := mustCompile(t, "true")
	if got := e.Match(fact.Sight{}, noon); got != policy.Unknown {
		t.Errorf("a sight of nobody: got %s", answers[got])
	}
	if got := e.Due(fact.Sight{}, noon); got != 0 {
		t.Errorf("a sight of nobody is due at %s", format(got))
	}
}

func TestExpression_Lacks(t *testing.T) {
	t.Parallel()
	tests := []struct {
		source, words string
		want          []Withheld
	}{
		{`traits.a == 1 && traits.b == 2`, "a is withheld; b is withheld", []Withheld{{"traits.a", "no_grant"}, {"traits.b", "no_grant"}}},
		{`traits.a == 1 && traits.a == 2`, "a is withheld", []Withheld{{"traits.a", "no_grant"}}},
		{`traits.a == 1 || traits.b == 2`, "a is 1; b is withheld", []Withheld{}},
		{`traits.a == 1`, "all traits are withheld", []Withheld{{"traits.a", "not_covered"}}},
		{`traits.a == 1`, "a is 1 until 2026-01-01", []Withheld{{"traits.a", "expired"}}},
		{`traits.a == 1`, "a is too long", []Withheld{{"traits.a", "not_held"}}},
		{`bought("x")`, "purchases in shoes are withheld", []Withheld{{"purchases.shoes", "not_covered"}}},
		{`bought_category("shoes")`, "purchases are withheld", []Withheld{{"purchases", "not_covered"}}},
		{`bought_category("shoes")`, "purchases in socks are withheld; there is more than fits", []Withheld{{"purchases.shoes", "not_held"}}},
		{`count("X") > 1`, "X events are withheld", []Withheld{{"events.X", "not_covered"}}},
		{`spend("EUR") > 1`, "spending is withheld", []Withheld{{"spend", "not_covered"}}},
	}
	for _, tt := range tests {
		got := mustCompile(t, tt.source).Lacks(sight(t, tt.words), noon)
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%s, %s (-want +got)\n%s", tt.source, tt.words, diff)
		}
	}
}

func TestReading_beforeTheEpoch(t *testing.T) {
	t.Parallel()
	for when, want := range map[string]int64{
		"1969-12-31": -1, "1969-12-31T23:59:59Z": -1, "1970-01-01": 0, "1969-12-30T12:00:00Z": -2, "2026-01-15": 20468,
	} {
		if got := NewReading(fact.Sight{}, at(when)).today(); got != want {
			t.Errorf("%s is day %d, want %d", when, got, want)
		}
	}
}

func FuzzCompile(f *testing.F) {
	for _, s := range []string{
		`traits.plan == "gold" && count("Order Completed", days(90)) >= 2`, `within(last("X"), weeks(2)) || !has(traits.a.b)`,
		`traits["x y"][0] in ["a", 1, true]`, `spend("EUR") / orders() > 2.5 ? bought("x") : bought_category("y", hours(3))`,
		`traits.a.lowerAscii().contains("\u00e4") // not a word`, `a = "b" and not c`, "`x` == 'y", `((((((`, `{}[]`, `-9223372036854775808 == 0x10`,
	} {
		f.Add(s)
	}
	people := []string{`nothing is known`, `a is [1, "x"]; a.b is {"b": 1}; x y is "2026-01-01"; X events are withheld`, `all traits are withheld; purchases are withheld`}
	f.Fuzz(func(t *testing.T, source string) {
		began := time.Now()
		e, err := Compile(source, learned())
		if took := time.Since(began); took > time.Second {
			t.Fatalf("took %s", took)
		}
		if err != nil {
			return
		}
		free, err := Compile(source, Schema{Audience: learned().Audience})
		if err != nil {
			t.Fatalf("a schema let through what none refuses: %v", err)
		}
		for _, words := range people {
			s := sight(t, words)
			if a, b := e.Match(s, noon), free.Match(s, noon); a != b {
				t.Fatalf("%s with a schema, %s without", answers[a], answers[b])
			}
		}
	})
}

// customer is somebody with a lot behind them.
func customer() fact.Sight {
	p := &fact.Profile{}
	for i := range 30 {
		p.Attributes = append(p.Attributes, fact.Attribute{Name: fmt.Sprintf("trait_%02d", i), Value: person.Hide(`"value"`)})
	}
	p.Attributes = append(p.Attributes,
		fact.Attribute{Name: "age", Value: person.Hide("41")},
		fact.Attribute{Name: "plan", Value: person.Hide(`"gold"`)},
		fact.Attribute{Name: "tags", Value: person.Hide(`["new","vip","berlin"]`)},
	)
	for i := range 20 {
		c := fact.Counter{Name: fmt.Sprintf("Event %02d", i)}
		for d := range 40 {
			occur(&c, noon-clock.Instant(d)*5*day)
		}
		p.Counters = append(p.Counters, c)
	}
	for i := range 50 {
		p.Purchases = append(p.Purchases, fact.Purchase{Item: fmt.Sprintf("item-%02d", i), Category: fmt.Sprintf("category-%d", i%7), Quantity: 1, Last: noon - clock.Instant(i)*day})
	}
	p.Spends = []fact.Spend{{Currency: "EUR", Minor: 123456, Orders: 17}}
	return fact.Sight{Profile: p, Withheld: map[string]string{"traits.phone": "no_grant", "purchases.maternity": "sensitive_closed"}}
}

func BenchmarkExpression_Match(b *testing.B) {
	s := customer()
	for _, source := range []string{
		`traits.plan == "gold"`,
		`traits.plan == "gold" && traits.age >= 18`,
		`has(traits.phone)`,
		`"vip" in traits.tags`,
		`count("Event 10") >= 3`,
		`count("Event 10", days(90)) >= 3`,
		`within(last("Event 19"), days(30))`,
		`bought_category("category-6")`,
		`!bought("item-99")`,
		`spend("EUR") / orders() > 50`,
		`traits.plan in ["gold", "silver"] && count("Event 10", days(90)) >= 3 && !bought("item-99") && spend("EUR") > 100.0 && within(last("Event 19"), days(30))`,
	} {
		e := mustCompile(b, source)
		b.Run(source, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				e.Match(s, noon)
			}
		})
	}
}

func BenchmarkCompile(b *testing.B) {
	for b.Loop() {
		mustCompile(b, `traits.plan in ["gold", "silver"] && count("Event 10", days(90)) >= 3 && !bought("item-99")`)
	}
}
