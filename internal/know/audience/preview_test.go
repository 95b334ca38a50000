package audience

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/heed-platform/heed/internal/policy"
)

func TestTally_Preview(t *testing.T) {
	t.Parallel()
	set := compile(t, Definition{Key: "a", Expression: `traits.a == 1 && traits.b == 1`})
	a, _ := set.Find("a")
	tally := NewTally(a.Expression)
	ask := func(times int, traits map[string]string, code string, want policy.Tri) {
		t.Helper()
		for range times {
			s := sight(traits)
			for path := range s.Withheld {
				s.Withheld[path] = code
			}
			if got := tally.Match(s, noon); got != want {
				t.Fatalf("%v: got %d, want %d", traits, got, want)
			}
		}
	}
	ask(12, map[string]string{"a": "1", "b": "1"}, "", policy.Yes)
	ask(30, map[string]string{"a": "1", "b": "2"}, "", policy.No)
	ask(40, map[string]string{"a": "?", "b": "2"}, "not_covered", policy.No)
	ask(20, map[string]string{"a": "?", "b": "1"}, "not_covered", policy.Unknown)
	ask(11, map[string]string{"a": "?", "b": "?"}, "no_grant", policy.Unknown)
	ask(3, map[string]string{"a": "1", "b": "?"}, "expired", policy.Unknown)

	got, err := json.MarshalIndent(tally.Preview(), "", " ")
	if err != nil {
		t.Fatal(err)
	}
	// Three people under "expired" would be 34 - 20 - 11, so they stand with the next.
	want := `{
 "matched": "12",
 "withheld": "34",
 "codes": [
  {
   "name": "not_covered",
   "people": "20"
  },
  {
   "name": "others",
   "people": "14"
  }
 ],
 "fields": [
  {
   "name": "traits.a",
   "people": "31"
  },
  {
   "name": "traits.b",
   "people": "14"
  }
 ]
}`
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Error(diff)
	}
}

func TestTally_fewPeople(t *testing.T) {
	t.Parallel()
	set := compile(t, Definition{Key: "a", Expression: `traits.a == 1`})
	a, _ := set.Find("a")
	tally := NewTally(a.Expression)
	for range 9 {
		tally.Match(sight(map[string]string{"a": "1"}), noon)
		tally.Match(sight(map[string]string{"a": "?"}), noon)
	}
	p := tally.Preview()
	for name, got := range map[string]string{
		"matched": p.Matched.String(), "withheld": p.Withheld.String(), "code": p.Codes[0].People.String(), "field": p.Fields[0].People.String(),
	} {
		if got != "fewer than 10" {
			t.Errorf("%s shows %s", name, got)
		}
	}
}

func TestLines(t *testing.T) {
	t.Parallel()
	tests := []struct {
		counts map[string]int
		want   []string
	}{
		{nil, nil},
		{map[string]int{"a": 4}, []string{"a fewer than 10"}},
		{map[string]int{"a": 100, "b": 50, "c": 10}, []string{"a 100", "b 50", "c 10"}},
		{map[string]int{"a": 100, "b": 50, "c": 9}, []string{"a 100", "others 59"}},
		{map[string]int{"a": 100, "b": 5, "c": 6}, []string{"a 100", "others 11"}},
		{map[string]int{"a": 100, "b": 2, "c": 3}, []string{"others 105"}},
		{map[string]int{"a": 1, "b": 2, "c": 3}, []string{"others fewer than 10"}},
	}
	for _, tt := range tests {
		var got []string
		for _, l := range lines(tt.counts) {
			got = append(got, l.Name+" "+l.People.String())
		}
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%v (-want +got)\n%s", tt.counts, diff)
		}
	}
}
