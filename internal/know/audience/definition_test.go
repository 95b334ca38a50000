package audience

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"

	"github.com/heed-platform/heed/internal/know/audience/expression"
	"github.com/heed-platform/heed/internal/problem"
)

// compile is also for properties, whose rapid.T is no testing.TB.
func compile(tb interface{ Fatal(args ...any) }, definitions ...Definition) *Set {
	for i := range definitions {
		d := &definitions[i]
		if d.Label == "" {
			d.Label = d.Key
		}
		if d.Purpose == "" {
			d.Purpose = "marketing"
		}
	}
	set, err := Compile(definitions, expression.Schema{})
	if err != nil {
		tb.Fatal(err)
	}
	return set
}

func TestCompile_mistakes(t *testing.T) {
	t.Parallel()
	good := Definition{Key: "good", Label: "Good", Purpose: "p", Expression: "true"}
	with := func(key, text string) Definition {
		return Definition{Key: key, Label: key, Purpose: "p", Expression: text}
	}
	tests := []struct {
		name string
		all  []Definition
		want []string
	}{
		{"key", []Definition{{Key: "Not A Key", Label: "x", Purpose: "p", Expression: "true"}}, []string{"Not A Key/key A key is up to 63 small letters, digits, - and _."}},
		{"twice", []Definition{good, good}, []string{"good/key Another audience has this key."}},
		{"empty", []Definition{{Key: "x"}}, []string{
			"x/label An audience needs a label for people to read.",
			"x/purpose An audience needs the purpose that it is kept for.",
			"x/expression:1:1 There is nothing here; to mean everybody, write true.",
		}},
		{"expression", []Definition{good, with("bad", "true &&\n traits.plan = 3")}, []string{"bad/expression:2:14 Write == for =."}},
		{"stranger", []Definition{good, with("a", `in_audience("god")`)}, []string{"a/expression:1:1 There is no audience of this name. Did you mean good?"}},
		{"itself", []Definition{with("a", `in_audience("a")`)}, []string{"a/expression:1:1 This audience is already being asked, so the question would go round for ever."}},
		{"circle", []Definition{with("a", `in_audience("b")`), with("b", `true && in_audience("c")`), with("c", `in_audience("a")`)}, []string{
			"c/expression:1:1 This audience is already being asked, so the question would go round for ever.",
			"b/expression:1:9 The audience asked here has a mistake of its own.",
			"a/expression:1:1 The audience asked here has a mistake of its own.",
		}},
		{"too much together", []Definition{
			with("a", strings.Repeat(`bought("x") || `, 60)+"true"), with("b", `in_audience("a") || in_audience("a")`),
		}, []string{"b/expression:1:1 This takes up to 2645 steps for one person and may take 2000; make it simpler."}},
	}
	for _, tt := range tests {
		_, err := Compile(tt.all, expression.Schema{})
		p, ok := errors.AsType[*problem.Error](err)
		if !ok {
			t.Errorf("%s: got %v, want a problem", tt.name, err)
			continue
		}
		var got []string
		for _, f := range p.Fields {
			reason, _, _ := strings.Cut(f.Reason, "\n")
			got = append(got, f.Pointer+" "+reason)
		}
		if diff := cmp.Diff(tt.want, got); diff != "" || p.Code != "audience-mistaken" {
			t.Errorf("%s: %s (-want +got)\n%s", tt.name, p.Code, diff)
		}
	}
}

func TestDefinition_yaml(t *testing.T) {
	t.Parallel()
	const file = `
key: regulars
label: Regulars
about: People who came back within three months, to thank them.
expression: |
  count("Order Completed", days(90)) >= 2
  && !bought_category("gift cards")
purpose: marketing.communications.email
`
	var d Definition
	if err := yaml.Unmarshal([]byte(file), &d); err != nil {
		t.Fatal(err)
	}
	d.Generation = 7
	set, err := Compile([]Definition{d}, expression.Schema{Traits: map[string]expression.Type{"plan": expression.String}})
	if err != nil {
		t.Fatal(err)
	}
	a, ok := set.Find("regulars")
	if !ok || a.Generation != 7 || a.Purpose != "marketing.communications.email" || len(set.Warnings()) != 0 {
		t.Fatalf("got %+v %v", a, set.Warnings())
	}
	if diff := cmp.Diff([]string{"events.Order Completed", "purchases.gift cards"}, a.Expression.Fields()); diff != "" {
		t.Error(diff)
	}
}

func TestSet_warnings(t *testing.T) {
	t.Parallel()
	schema := expression.Schema{Traits: map[string]expression.Type{"plan": expression.String}}
	set, err := Compile([]Definition{{Key: "a", Label: "A", Purpose: "p", Expression: "has(traits.plam)"}}, schema)
	if err != nil {
		t.Fatal(err)
	}
	got := set.Warnings()
	if len(got) != 1 || got[0].Pointer != "a/expression:1:5" || !strings.Contains(got[0].Reason, "Did you mean plan?") {
		t.Errorf("got %v", got)
	}
}

func TestSet_changed(t *testing.T) {
	t.Parallel()
	before := compile(
		t,
		Definition{Key: "a", Expression: "traits.a == 1"}, Definition{Key: "b", Expression: `in_audience("a")`},
		Definition{Key: "c", Expression: `in_audience("b") || true`}, Definition{Key: "d", Expression: "traits.d == 1"},
		Definition{Key: "e", Expression: "true"},
	)
	after := compile(
		t,
		Definition{Key: "a", Expression: "traits.a == 2"}, Definition{Key: "b", Expression: `in_audience("a")`},
		Definition{Key: "c", Expression: `in_audience("b") || true`}, Definition{Key: "d", Label: "A better label", Generation: 2, Expression: "traits.d == 1"},
		Definition{Key: "e", Expression: "true", Purpose: "another"}, Definition{Key: "f", Expression: "true"},
	)
	names := func(all []*Audience) (keys []string) {
		for _, a := range all {
			keys = append(keys, a.Key)
		}
		return keys
	}
	if diff := cmp.Diff([]string{"a", "b", "c", "e", "f"}, names(after.Changed(before))); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"a", "b", "c", "d", "e"}, names(before.Changed(nil))); diff != "" {
		t.Error(diff)
	}
	if got := before.Changed(before); len(got) != 0 {
		t.Errorf("nothing changed, and yet %v", names(got))
	}
}

// No set is a set of nothing.
func TestSet_nil(t *testing.T) {
	t.Parallel()
	for _, set := range []*Set{nil, compile(t)} {
		_, found := set.Find("a")
		moves, due := set.Moves("marketing", nil, sight(nil), noon)
		if set.Len() != 0 || len(set.All()) != 0 || len(set.Purposes()) != 0 || len(set.Touched([]string{"traits.a"})) != 0 ||
			len(set.Timed()) != 0 || len(set.Warnings()) != 0 || len(set.Changed(nil)) != 0 || found || len(moves) != 0 || due != 0 {
			t.Errorf("%v is not empty", set)
		}
	}
}
