package audience

import (
	"fmt"
	"maps"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/heed-platform/heed/internal/clock"
	"github.com/heed-platform/heed/internal/fact"
	"github.com/heed-platform/heed/internal/person"
	"github.com/heed-platform/heed/internal/policy"
)

const (
	noon clock.Instant = 1768478400_000000 // 2026-01-15T12:00:00Z
	day  clock.Instant = 24 * 3600 * 1e6
)

// sight shows traits by their JSON; "?" is a withheld one.
func sight(traits map[string]string) fact.Sight {
	s := fact.Sight{Profile: &fact.Profile{}, Withheld: map[string]string{}}
	for _, name := range slices.Sorted(maps.Keys(traits)) {
		if traits[name] == "?" {
			s.Withheld["traits."+name] = "not_covered"
			continue
		}
		s.Profile.Attributes = append(s.Profile.Attributes, fact.Attribute{Name: name, Value: person.Hide(traits[name])})
	}
	return s
}

func in(key, purpose string, at clock.Instant) fact.Membership {
	return fact.Membership{Audience: key, Purpose: purpose, Generation: 1, In: true, At: at}
}

func out(key, purpose string, at clock.Instant) fact.Membership {
	m := in(key, purpose, at)
	m.In = false
	return m
}

func TestSet_Moves(t *testing.T) {
	t.Parallel()
	set := compile(
		t,
		Definition{Key: "gold", Generation: 1, Expression: `traits.plan == "gold"`},
		Definition{Key: "not-gold", Generation: 1, Expression: `traits.plan != "gold"`},
		Definition{Key: "adults", Generation: 1, Expression: `traits.age >= 18`, Purpose: "personalize"},
	)
	then := noon - day
	tests := []struct {
		name    string
		purpose string
		before  []fact.Membership
		traits  map[string]string
		want    []fact.Membership
	}{
		{"enters", "marketing", nil, map[string]string{"plan": `"gold"`}, []fact.Membership{in("gold", "marketing", noon)}},
		{"stays", "marketing", []fact.Membership{in("gold", "marketing", then)}, map[string]string{"plan": `"gold"`}, nil},
		{
			"changes", "marketing",
			[]fact.Membership{in("gold", "marketing", then), out("not-gold", "marketing", then)},
			map[string]string{"plan": `"free"`},
			[]fact.Membership{out("gold", "marketing", noon), in("not-gold", "marketing", noon)},
		},
		{"stays out", "marketing", []fact.Membership{out("gold", "marketing", then)}, nil, nil},
		{"what is withheld is left", "marketing", []fact.Membership{in("gold", "marketing", then)}, map[string]string{"plan": "?"}, []fact.Membership{out("gold", "marketing", noon)}},
		{"and entered by nobody", "marketing", nil, map[string]string{"plan": "?"}, nil},
		{"another purpose", "personalize", []fact.Membership{in("gold", "marketing", then)}, map[string]string{"age": "18", "plan": "?"}, []fact.Membership{in("adults", "personalize", noon)}},
		{"no such purpose", "share", nil, map[string]string{"plan": `"gold"`, "age": "18"}, nil},
		{
			"an older generation stays in", "marketing",
			[]fact.Membership{{Audience: "gold", Purpose: "marketing", Generation: 0, In: true, At: then}},
			map[string]string{"plan": `"gold"`},
			nil,
		},
		{
			"an audience that is no more is left", "marketing",
			[]fact.Membership{in("bronze", "marketing", then), out("copper", "marketing", then), in("iron", "personalize", then), in("lead", "forgotten", then)},
			nil,
			[]fact.Membership{out("bronze", "marketing", noon), out("lead", "forgotten", noon)},
		},
		{
			"an audience kept for something else is left there", "personalize",
			[]fact.Membership{in("adults", "marketing", then), in("gold", "personalize", then)},
			map[string]string{"age": "20"},
			[]fact.Membership{in("adults", "personalize", noon), out("gold", "personalize", noon)},
		},
	}
	for _, tt := range tests {
		got, due := set.Moves(tt.purpose, tt.before, sight(tt.traits), noon)
		if diff := cmp.Diff(tt.want, got); diff != "" || due != 0 {
			t.Errorf("%s: due %d (-want +got)\n%s", tt.name, due, diff)
		}
	}
}

// A person of whom nothing may be seen is a member of nothing.
func TestSet_Moves_nobody(t *testing.T) {
	t.Parallel()
	set := compile(t, Definition{Key: "all", Generation: 1, Expression: "true"})
	if got, _ := set.Moves("marketing", nil, fact.Sight{}, noon); len(got) != 0 {
		t.Errorf("got %v", got)
	}
	got, _ := set.Moves("marketing", []fact.Membership{in("all", "marketing", noon-day)}, fact.Sight{}, noon)
	if diff := cmp.Diff([]fact.Membership{out("all", "marketing", noon)}, got); diff != "" {
		t.Error(diff)
	}
}

// Taking the last audience away leaves nobody behind in it.
func TestSet_Moves_lastAudienceGone(t *testing.T) {
	t.Parallel()
	got, due := compile(t).Moves("marketing", []fact.Membership{in("all", "marketing", noon-day), out("old", "marketing", noon-day)}, sight(nil), noon)
	if diff := cmp.Diff([]fact.Membership{out("all", "marketing", noon)}, got); diff != "" || due != 0 {
		t.Errorf("due %d (-want +got)\n%s", due, diff)
	}
}

func TestSet_Moves_due(t *testing.T) {
	t.Parallel()
	set := compile(
		t,
		Definition{Key: "new", Expression: `within(first("Signed Up"), days(7))`},
		Definition{Key: "active", Expression: `count("Seen", days(30)) > 0`},
		Definition{Key: "gold", Expression: `traits.plan == "gold"`},
	)
	s := sight(nil)
	s.Profile.Counters = []fact.Counter{
		{Name: "Seen", Count: 1, First: noon, Last: noon, Days: []fact.DayCount{{Day: int32(noon / day), Count: 1}}},
		{Name: "Signed Up", Count: 1, First: noon - 2*day, Last: noon - 2*day},
	}
	var before []fact.Membership
	now := noon
	var story []string
	for range 4 {
		moves, due := set.Moves("marketing", before, s, now)
		for _, m := range moves {
			story = append(story, fmt.Sprintf("day %d %s %v", (now-noon)/day, m.Audience, m.In))
		}
		before = apply(before, moves)
		if due == 0 {
			story = append(story, "never again")
			break
		}
		now = due
	}
	want := []string{"day 0 active true", "day 0 new true", "day 5 new false", "day 29 active false", "never again"}
	if diff := cmp.Diff(want, story); diff != "" {
		t.Error(diff)
	}
	if got := len(set.Timed()); got != 2 {
		t.Errorf("%d are timed", got)
	}
}

// apply keeps the latest word for each audience and purpose, sorted by them.
func apply(before, moves []fact.Membership) []fact.Membership {
	latest := map[[2]string]fact.Membership{}
	for _, m := range append(slices.Clone(before), moves...) {
		latest[[2]string{m.Audience, m.Purpose}] = m
	}
	return slices.SortedFunc(maps.Values(latest), func(a, b fact.Membership) int { return order(a, b.Audience, b.Purpose) })
}

var purposesDrawn = []string{"marketing", "personalize"}

func drawSet(t *rapid.T) *Set {
	var all []Definition
	keys := rapid.SliceOfNDistinct(rapid.StringMatching(`[a-d][a-d]?`), 1, 8, rapid.ID).Draw(t, "keys")
	texts := []string{
		"traits.a == 1", "traits.b == 1", "traits.a == 1 && traits.b == 1", "!(traits.a == 1)", "has(traits.b)", "true",
		`bought_category("x.y")`, `bought("x")`, `count("E") > 1`, `spend("EUR") > 1`, `!bought_category("x")`,
	}
	for _, key := range keys {
		all = append(all, Definition{
			Key: key, Label: key, Purpose: rapid.SampledFrom(purposesDrawn).Draw(t, "purpose"),
			Expression: rapid.SampledFrom(texts).Draw(t, "expression"), Generation: 1,
		})
	}
	return compile(t, all...)
}

func drawSight(t *rapid.T) fact.Sight {
	traits := map[string]string{}
	for _, name := range []string{"a", "b"} {
		if v := rapid.SampledFrom([]string{"", "1", "2", "?"}).Draw(t, name); v != "" {
			traits[name] = v
		}
	}
	return sight(traits)
}

// Whatever was before, after the moves the members are those who match; and
// then there is nothing left to move.
func TestSet_Moves_membersAreWhoMatches(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		set, old := drawSet(t), drawSet(t)
		members := []fact.Membership{}
		sights := map[string]fact.Sight{}
		for _, purpose := range purposesDrawn {
			sights[purpose] = drawSight(t)
			moves, _ := old.Moves(purpose, members, drawSight(t), noon-day)
			members = apply(members, moves)
		}
		for _, purpose := range set.Purposes() {
			moves, _ := set.Moves(purpose, members, sights[purpose], noon)
			members = apply(members, moves)
		}
		got := map[string]bool{}
		for _, m := range members {
			if m.In {
				got[m.Purpose+" "+m.Audience] = true
			}
		}
		want := map[string]bool{}
		for _, a := range set.All() {
			if a.Expression.Match(sights[a.Purpose], noon) == policy.Yes {
				want[a.Purpose+" "+a.Key] = true
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatal(diff)
		}
		for _, purpose := range set.Purposes() {
			if moves, _ := set.Moves(purpose, members, sights[purpose], noon+1); len(moves) != 0 {
				t.Fatalf("moved twice: %v", moves)
			}
		}
	})
}

// Looking at what was touched is as good as looking at everything.
func TestSet_Touched_isEnough(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		set := drawSet(t)
		before := drawSight(t)
		traits := map[string]string{}
		for _, a := range before.Profile.Attributes {
			traits[a.Name] = a.Value.Reveal()
		}
		for path := range before.Withheld {
			traits[path[len("traits."):]] = "?"
		}
		changed := rapid.SampledFrom([]string{"a", "b"}).Draw(t, "changed")
		traits[changed] = rapid.SampledFrom([]string{"1", "2", "?"}).Draw(t, "to")
		after := sight(traits)
		for _, purpose := range set.Purposes() {
			moves, _ := set.Moves(purpose, nil, before, noon)
			members := apply(nil, moves)
			all, _ := set.Moves(purpose, members, after, noon)
			some, _ := set.MovesOf(set.Touched([]string{"traits." + changed}), purpose, members, after, noon)
			if diff := cmp.Diff(all, some); diff != "" {
				t.Fatalf("%v changed: (-all +touched)\n%s", changed, diff)
			}
		}
	})
}

// The index agrees with a plain look at everybody's fields.
func TestSet_Touched_index(t *testing.T) {
	t.Parallel()
	paths := []string{
		"traits.a", "traits.b", "traits", "events.E", "events", "purchases", "purchases.x", "purchases.x.y", "purchases.x.y.z", "purchases.xy", "spend", "identifiers.email",
	}
	rapid.Check(t, func(t *rapid.T) {
		set := drawSet(t)
		fields := rapid.SliceOfN(rapid.SampledFrom(paths), 1, 3).Draw(t, "fields")
		var want []string
		for _, a := range set.All() {
			touched := len(a.Expression.Fields()) == 0
			for _, read := range a.Expression.Fields() {
				for _, f := range fields {
					touched = touched || policy.Within(read, f) || policy.Within(f, read)
				}
			}
			if touched {
				want = append(want, a.Key)
			}
		}
		var got []string
		for _, a := range set.Touched(fields) {
			got = append(got, a.Key)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("%v (-want +got)\n%s", fields, diff)
		}
	})
}

func TestSet_Touched_many(t *testing.T) {
	t.Parallel()
	var all []Definition
	for i := range 3000 {
		all = append(all, Definition{Key: fmt.Sprintf("a%04d", i), Expression: fmt.Sprintf("traits.t%d == 1", i%300)})
	}
	got := compile(t, all...).Touched([]string{"traits.t7", "traits.t299", "traits.t7"})
	if len(got) != 20 || got[0].Key != "a0007" || got[19].Key != "a2999" {
		t.Errorf("got %d", len(got))
	}
}

// BenchmarkSet_hundred is the line's question for one event: which of 100
// audiences read what changed, and who moved.
func BenchmarkSet_hundred(b *testing.B) {
	var all []Definition
	for i := range 100 {
		texts := []string{
			`traits.trait_%02d == "value" && traits.age >= 18`, `count("Event %02d", days(90)) >= 3`, `within(last("Event %02d"), days(30))`,
			`bought("item-%02d")`, `traits.trait_%02d in ["a", "b"] && spend("EUR") > 100.0`,
		}
		all = append(all, Definition{Key: fmt.Sprintf("audience-%02d", i), Expression: fmt.Sprintf(texts[i%len(texts)], i%20)})
	}
	set := compile(b, all...)
	s := sight(map[string]string{"age": "41"})
	for i := range 20 {
		s.Profile.Attributes = append(s.Profile.Attributes, fact.Attribute{Name: fmt.Sprintf("trait_%02d", i), Value: person.Hide(`"value"`)})
		c := fact.Counter{Name: fmt.Sprintf("Event %02d", i), Count: 40, First: noon - 200*day, Last: noon}
		for d := range 40 {
			c.Days = append(c.Days, fact.DayCount{Day: int32(noon/day) - 200 + 5*int32(d), Count: 1})
		}
		s.Profile.Counters = append(s.Profile.Counters, c)
		s.Profile.Purchases = append(s.Profile.Purchases, fact.Purchase{Item: fmt.Sprintf("item-%02d", i), Quantity: 1, Last: noon})
	}
	moves, _ := set.Moves("marketing", nil, s, noon)
	members := apply(nil, moves)
	b.Run("touched by an event", func(b *testing.B) {
		b.ReportAllocs()
		changed := []string{"events.Event 07"}
		for b.Loop() {
			set.MovesOf(set.Touched(changed), "marketing", members, s, noon)
		}
	})
	b.Run("touched by an order", func(b *testing.B) {
		b.ReportAllocs()
		changed := []string{"events.Event 07", "purchases.shoes", "spend"}
		for b.Loop() {
			set.MovesOf(set.Touched(changed), "marketing", members, s, noon)
		}
	})
	b.Run("all", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			set.Moves("marketing", members, s, noon)
		}
	})
}
