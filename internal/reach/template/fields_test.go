package template

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestFields(t *testing.T) {
	t.Parallel()
	tests := []struct {
		text string
		want []string
	}{
		{"plain", []string{}},
		{"{{ traits.first_name }}{{ traits['last name'] }}{{ traits.first_name | upcase }}", []string{"traits.first_name", "traits.last name"}},
		{"{{ traits.address.city }}{{ traits.address[x] }}", []string{"traits.address", "x"}},
		{"{{ events['Order Completed'].count }}{{ identifiers.email }}", []string{"events.Order Completed", "identifiers.email"}},
		{"{{ purchases.shoes.last }}{{ spend.eur }}{{ memberships }}", []string{"memberships", "purchases", "spend"}},
		{"{{ item.name }}{{ item.price.eur }}{{ item[k] }}", []string{"item", "item.name", "item.price", "k"}},
		{"{{ items.first.name }}{{ items.size }}{{ items[0].name }}{{ items['0'] }}", []string{"items"}},
		{"{% for i in items limit: traits.n %}{{ i.name }}{% else %}{{ traits.e }}{% endfor %}", []string{"items", "traits.e", "traits.n"}},
		{"{% assign x = traits.a | append: traits.b %}{{ x }}{{ x.y }}", []string{"traits.a", "traits.b"}},
		{"{% assign item = 1 %}{{ item.name }}", []string{}},
		{"{{ item.name }}{% assign item = 1 %}{{ item.name }}", []string{"item.name"}},
		{"{% if traits.a %}{% assign item = 1 %}{% endif %}{{ item.name }}", []string{"item.name", "traits.a"}},
		{"{% if traits.a %}{% assign item = 1 %}{% else %}{% assign item = 2 %}{% endif %}{{ item.name }}", []string{"traits.a"}},
		{"{% case traits.a %}{% when traits.b, 1 %}{% capture c %}x{% endcapture %}{% else %}{% assign c = 1 %}{% endcase %}{{ c }}", []string{"traits.a", "traits.b"}},
		{"{% for i in (1..traits.n) %}{{ item.name }}{% assign item = i %}{% endfor %}{{ item.x }}", []string{"item.name", "item.x", "traits.n"}},
		{"{% for i in (1..3) %}{% if i == 2 %}{% break %}{% endif %}{% assign item = i %}{% endfor %}{{ item.x }}", []string{"item.x"}},
		{"{% unless false %}{{ traits.a | default: traits.b, allow_false: traits.c }}{% endunless %}", []string{"traits.a", "traits.b", "traits.c"}},
		{"{% capture c %}{{ traits.a }}{% endcapture %}{{ c }}", []string{"traits.a"}},
		{"{% comment %}{{ traits.a }}{% endcomment %}{% raw %}{{ traits.b }}{% endraw %}", []string{}},
		{"{% render 'card', item: catalog.shoe %}{{ item.y }}", []string{"catalog.shoe", "item.y", "traits.in_card"}},
		{"{% render 'card' %}", []string{"item.name", "traits.in_card"}},
		{"{% assign item = 1 %}{% render 'card' %}", []string{"item.name", "traits.in_card"}},
		{"{% render 'card' for items as item %}", []string{"items", "traits.in_card"}},
		{"{{ items | where: 'brand', traits.brand | map: traits.m | sort: traits.s | join: traits.j }}", []string{"items", "traits.brand", "traits.j", "traits.m", "traits.s"}},
	}
	snippets := Snippets{"card": "{{ item.name }}{{ traits.in_card }}"}
	for _, tt := range tests {
		tpl, err := Parse(tt.text, Text, snippets)
		if err != nil {
			t.Errorf("%s: %v", tt.text, err)
			continue
		}
		if diff := cmp.Diff(tt.want, tpl.Fields()); diff != "" {
			t.Errorf("%s\n%s", tt.text, diff)
		}
	}
}

func TestWhere(t *testing.T) {
	t.Parallel()
	tpl, err := Parse("a\n b {{ item.name }}{{ traits.x | append: traits.y }}", HTML, nil)
	if err != nil {
		t.Fatal(err)
	}
	for field, want := range map[string][2]int{"item.name": {2, 7}, "traits.y": {2, 41}, "traits.none": {0, 0}} {
		if line, column := tpl.Where(field); line != want[0] || column != want[1] {
			t.Errorf("%s is at %d:%d, want %v", field, line, column, want)
		}
	}
}

// What rendering asks for was known before, in every case of the corpus.
func TestFields_coverEveryLookup(t *testing.T) {
	t.Parallel()
	root := dataOf(string(corpusData)).root
	for _, c := range oracleCases() {
		tpl, err := Parse(c.Template, Text, c.Snippets)
		if err != nil {
			t.Fatal(err)
		}
		d := &data{root: root}
		if _, err := tpl.Render(d, Options{}); err != nil {
			t.Fatal(err)
		}
		known := tpl.Fields()
		for i, name := range d.asked {
			if !slices.Contains(known, name) {
				t.Errorf("%s\nasked for %s, which Fields does not name", c.Template, name)
			}
			if slices.Contains(d.asked[:i], name) {
				t.Errorf("%s\nasked for %s twice", c.Template, name)
			}
		}
	}
}

func TestRender_withheldIsAbsentAndReported(t *testing.T) {
	t.Parallel()
	tpl, err := Parse("{{ traits.phone }}|{{ traits.phone | default: 'none' }}|{% if traits.phone %}yes{% else %}no{% endif %}|{{ traits.gone | size }}|{{ traits.name }}|{% if false %}{{ traits.unread }}{% endif %}", Text, nil)
	if err != nil {
		t.Fatal(err)
	}
	d := dataOf(`{"traits":{"phone":"+49","name":"Ada"}}`)
	d.withheld = []string{"traits.phone"}
	got, err := tpl.Render(d, Options{})
	if err != nil {
		t.Fatal(err)
	}
	want := Output{Text: "|none|no|0|Ada|", Absent: []string{"traits.gone"}, Withheld: []string{"traits.phone"}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
