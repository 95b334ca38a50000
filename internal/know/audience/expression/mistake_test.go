package expression

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/heed-platform/heed/internal/policy"
	"github.com/heed-platform/heed/internal/problem"
)

func learned() Schema {
	return Schema{
		Traits: map[string]Type{
			"plan": String, "age": Number, "tags": List, "renews_at": Time, "vip": Bool, "address": Object, "note": Mixed,
		},
		Events: []string{"Order Completed", "Product Viewed"},
		Audience: func(key string) (*Expression, string) {
			if key != "regulars" {
				return nil, "There is no audience of this name."
			}
			e, err := Compile(`count("Order Completed", days(90)) >= 2 && traits.vip`, Schema{})
			if err != nil {
				return nil, err.Error()
			}
			return e, ""
		},
	}
}

func TestCompile_mistakes(t *testing.T) {
	t.Parallel()
	tests := []struct {
		source string
		want   []string // "line:column reason"
	}{
		{``, []string{"1:1 There is nothing here; to mean everybody, write true."}},
		{"\xff", []string{"1:1 This is not UTF-8 text."}},
		{`traits.plan == 3`, []string{"1:1 traits.plan is text and the other side is a number: they can never be equal. Put it in quotes."}},
		{`3 == traits.plan`, []string{"1:1 traits.plan is text and the other side is a number: they can never be equal. Put it in quotes."}},
		{`traits.age > "30"`, []string{"1:1 traits.age is a number and the other side is text: neither is smaller. Leave out the quotes."}},
		{`traits.age == traits.plan`, []string{"1:1 traits.age is a number and traits.plan is text: they can never be equal."}},
		{`traits.vip == "true"`, []string{"1:1 traits.vip is a yes or no and the other side is text: they can never be equal. Leave out the quotes."}},
		{`1 == "a"`, []string{"1:1 One side is text and the other side is a number: they can never be equal. Put it in quotes."}},
		{`traits.vip < true`, []string{"1:1 Numbers, times and text are smaller or larger; this is a yes or no."}},
		{`traits.renews_at < "2026-01-01"`, []string{"1:1 traits.renews_at is a time and the other side is text: neither is smaller. Write timestamp(…) around the date."}},
		{`traits.tags == "vip"`, []string{"1:1 traits.tags is a list; write VALUE in traits.tags."}},
		{`traits.tags == traits.tags`, []string{"1:1 Two lists cannot be compared; ask for what is in them."}},
		{`traits.address == "Köln"`, []string{"1:1 An object cannot be compared; compare one of its parts."}},
		{`traits.tags.contains("vip")`, []string{`1:1 traits.tags is a list; write "VALUE" in traits.tags.`}},
		{`traits.age.contains("3")`, []string{"1:1 Here text is needed, and this is a number."}},
		{`traits.age.years > 3`, []string{"1:1 traits.age is a number and has no parts."}},
		{`traits.plan in ["a", 3]`, []string{"1:22 traits.plan is text and the other side is a number: they can never be equal. Put it in quotes."}},
		{`traits.plan in ["a", traits.note]`, []string{"1:22 A list in brackets holds fixed values only."}},
		{`traits.plan in "gold"`, []string{`1:16 Behind in stands a list: ["a", "b"], or a trait that holds one; this is text.`}},
		{`traits.age`, []string{"1:1 Here a yes or no is needed, and traits.age is a number; compare it with something."}},
		{`traits.plan && traits.vip`, []string{"1:1 Here a yes or no is needed, and traits.plan is text; compare it with something."}},
		{`traits.age + traits.plan > 1`, []string{"1:1 + works on numbers, and + and - on times; here are a number and text."}},
		{`-traits.plan == 1`, []string{"1:2 Only a number can have a minus; this is text."}},
		{`size(traits.age) == 1`, []string{"1:6 Text, lists and objects have a size; this is a number."}},
		{`traits.vip ? traits.plan == "x" : 3`, []string{"1:35 Both sides of : must be of one kind; here is a yes or no and there a number.", "1:35 Here a yes or no is needed, and this is a number; compare it with something."}},
		{`plan == "gold"`, []string{"1:1 The word plan means nothing by itself; text stands in quotes, a trait is written traits.NAME. Did you mean plan?"}},
		{`traits == 3`, []string{"1:1 Say which trait: traits.NAME."}},
		{`traits[0] == 3`, []string{"1:1 Say which trait: traits.NAME."}},
		{`identifiers == 3`, []string{"1:1 Say which identifier: identifiers.NAMESPACE, such as identifiers.email."}},
		{`identifiers.email.domain == "x"`, []string{"1:1 Say which identifier: identifiers.NAMESPACE, such as identifiers.email."}},
		{`traits[traits.plan] == 3`, []string{"1:1 Only traits and identifiers have parts; write traits.NAME."}},
		{`count("x").y == 3`, []string{"1:1 Only traits and identifiers have parts; write traits.NAME."}},
		{`traits.plan == null`, []string{"1:16 Nothing is ever null here; to ask whether there is a value, write has(traits.NAME)."}},
		{`traits.age == 3u`, []string{"1:15 Write the number without the u."}},
		{`traits.plan == b"x"`, []string{"1:16 Write the text without the b."}},
		{`[1]`, []string{"1:1 A list in brackets can only stand behind in."}},
		{`{"a": 1}`, []string{"1:1 Braces mean nothing here."}},
		{`cuont("x") > 1`, []string{"1:1 There is no function cuont. Did you mean count?"}},
		{`traits.tags.exists(t, t == "x")`, []string{"1:1 There is no function exists."}},
		{`count(traits.plan) > 1`, []string{`1:1 count is written count("EVENT") or count("EVENT", days(30)).`}},
		{`count("") > 1`, []string{`1:1 count is written count("EVENT") or count("EVENT", days(30)).`}},
		{`traits.plan.count("x") > 1`, []string{`1:1 count is written count("EVENT") or count("EVENT", days(30)).`}},
		{`count("x", hours(24)) > 1`, []string{"1:12 Counts are kept by the day, for 400 days: write days(1) to days(400)."}},
		{`count("x", days(401)) > 1`, []string{"1:12 Counts are kept by the day, for 400 days: write days(1) to days(400)."}},
		{`count("x", days(0)) > 1`, []string{`1:1 count is written count("EVENT") or count("EVENT", days(30)).`}},
		{`within(last("x"), days(traits.age))`, []string{"1:1 within is written within(TIME, days(30))."}},
		{`within(last("x"), days(99999))`, []string{"1:1 within is written within(TIME, days(30))."}},
		{`within(traits.age, days(3))`, []string{`1:8 Here a time is needed, such as last("EVENT"), and this is a number.`}},
		{`within("2026-01-01", days(3))`, []string{`1:8 Here a time is needed, such as last("EVENT"), and this is text.`}},
		{`last("x") > timestamp("soon")`, []string{"1:23 A time is written 2026-01-31T18:00:00Z, or 2026-01-31 for its first moment in UTC."}},
		{`has(traits["x"])`, []string{"1:1 In has, a name with spaces is written traits.`Favorite Brand`."}},
		{`has(count("x"))`, []string{"1:1 has is written has(traits.NAME) or has(identifiers.NAMESPACE)."}},
		{`has(traits)`, []string{"1:1 has is written has(traits.NAME) or has(identifiers.NAMESPACE)."}},
		{`spend("euro") > 1`, []string{"1:1 A currency is written as in ISO 4217: EUR, USD, JPY."}},
		{`in_audience("rgulars")`, []string{"1:1 There is no audience of this name."}},
		{`days(3)`, []string{"1:1 Here a yes or no is needed, and this is a length of time; compare it with something."}},

		// Two at once, in reading order, over lines.
		{"traits.plan == 3 &&\n\ttraits.age == \"x\"", []string{
			"1:1 traits.plan is text and the other side is a number: they can never be equal. Put it in quotes.",
			"2:2 traits.age is a number and the other side is text: they can never be equal.",
		}},

		// What people write who do not write CEL every day.
		{`traits.plan = "gold"`, []string{"1:13 Write == for =."}},
		{`traits.plan <> "gold"`, []string{"1:13 Write != for <>."}},
		{`traits.plan == "gold" and traits.vip`, []string{`1:23 Write && for "and".`}},
		{`not traits.vip`, []string{`1:1 Write ! for "not".`}},
		{`traits.vip & traits.vip`, []string{"1:12 Write && for &."}},
		{`traits.plan == “gold”`, []string{`1:16 Use plain quotes here: ".`, `1:21 Use plain quotes here: ".`}},
		{`traits.plan == "gold`, []string{"1:16 This quote is never closed."}},
		{`(traits.plan == "gold"`, []string{"1:1 This ( is never closed."}},
		{`traits.plan == "gold")`, []string{"1:22 This ) closes nothing; take it out, or open it earlier."}},
		{`traits.plan == == "gold"`, []string{"1:16 This cannot be read from here on: something is missing before it, too much, or nested too deeply."}},
	}
	for _, tt := range tests {
		_, err := Compile(tt.source, learned())
		p, ok := errors.AsType[*problem.Error](err)
		if !ok {
			t.Errorf("%s: got %v, want a problem", tt.source, err)
			continue
		}
		var got []string
		for _, f := range p.Fields {
			reason, _, _ := strings.Cut(f.Reason, "\n")
			got = append(got, f.Pointer+" "+reason)
		}
		if diff := cmp.Diff(tt.want, got); diff != "" || p.Code != "expression-mistaken" || p.Kind != problem.Invalid {
			t.Errorf("%s: %s %v (-want +got)\n%s", tt.source, p.Code, p.Kind, diff)
		}
	}
}

func TestCompile_caret(t *testing.T) {
	t.Parallel()
	long := strings.Repeat(`traits.vip || `, 8)
	tests := []struct{ source, want string }{
		{`traits.vip && traits.plan == 3`, "" +
			"\n    traits.vip && traits.plan == 3" +
			"\n                  ^"},
		{"true ||\n\ttraits.age == \"Ada Lovelace\"", "" +
			"\n     traits.age == \"············\"" +
			"\n     ^"},
		{`traits.plan == "größe" || traits.age == "x"`, "" +
			"\n    traits.plan == \"·····\" || traits.age == \"·\"" +
			"\n                              ^"},
		{long + `traits.age == "x" || ` + long + "true", "" +
			"\n    aits.vip || traits.vip || traits.vip || traits.age == \"·\" || traits.vip || trait" +
			"\n                                            ^"},
	}
	for _, tt := range tests {
		_, err := Compile(tt.source, learned())
		p, ok := errors.AsType[*problem.Error](err)
		if !ok {
			t.Fatalf("%s: %v", tt.source, err)
		}
		_, got, _ := strings.Cut(p.Fields[0].Reason, "\n")
		if diff := cmp.Diff(tt.want, "\n"+got); diff != "" {
			t.Errorf("%s (-want +got)\n%s", tt.source, diff)
		}
	}
}

func TestCompile_limits(t *testing.T) {
	t.Parallel()
	for name, source := range map[string]string{
		"too long":       strings.Repeat(" ", maxLetters) + "true",
		"nested":         strings.Repeat("(", 500) + "true" + strings.Repeat(")", 500),
		"too many steps": "true" + strings.Repeat(` || bought("x")`, 120),
		"a long choice":  strings.Repeat("true ? true : ", 280) + "true",
	} {
		if _, err := Compile(source, Schema{}); !errors.Is(err, errMistake) {
			t.Errorf("%s: got %v", name, err)
		}
	}
	for name, source := range map[string]string{
		"two hundred comparisons": "true" + strings.Repeat(` || traits.a == "x"`, 200),
		"turned and turned":       strings.Repeat("!", 3000) + "true",
		"minus and minus":         "1 == " + strings.Repeat("- ", 1900) + "1",
	} {
		e, err := Compile(source, Schema{})
		if err != nil {
			t.Errorf("%s: %v", name, err)
		} else if got := e.Match(sight(t, "nothing is known"), noon); got != policy.Yes {
			t.Errorf("%s: got %s", name, answers[got])
		}
	}
}

func TestExpression_warnings(t *testing.T) {
	t.Parallel()
	tests := []struct {
		source string
		want   []string
	}{
		{`traits.plan == "gold"`, nil},
		{`traits.paln == "gold"`, []string{"1:1 Nobody has been seen with a trait paln yet, so it is absent for everybody. Did you mean plan?"}},
		{`has(traits.shoe_size)`, []string{"1:5 Nobody has been seen with a trait shoe_size yet, so it is absent for everybody."}},
		{`count("Order Complete") > 1`, []string{"1:1 No event of this name has been seen yet. Did you mean Order Completed?"}},
		{`within(traits.plan, days(3))`, []string{"1:8 What traits.plan holds has not looked like a time so far; where it does not, the answer is no."}},
		{`in_audience("regulars")`, nil},
	}
	for _, tt := range tests {
		e, err := Compile(tt.source, learned())
		if err != nil {
			t.Errorf("%s: %v", tt.source, err)
			continue
		}
		var got []string
		for _, f := range e.Warnings() {
			reason, _, _ := strings.Cut(f.Reason, "\n")
			got = append(got, f.Pointer+" "+reason)
		}
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%s (-want +got)\n%s", tt.source, diff)
		}
	}
	if e, err := Compile(`traits.anything == count("Whatever")`, Schema{}); err != nil || len(e.Warnings()) != 0 {
		t.Errorf("where nothing was learned there is nothing to warn of: %v", err)
	}
}
