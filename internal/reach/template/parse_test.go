package template

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/heed-platform/heed/internal/problem"
)

// refusal is the one problem that Parse gives, as "code pointer reason".
func refusal(t *testing.T, err error) string {
	t.Helper()
	p, ok := errors.AsType[*problem.Error](err)
	if !ok || len(p.Fields) != 1 {
		t.Fatalf("error %v is not a problem with one place", err)
	}
	return p.Code + " " + p.Fields[0].Pointer + " " + p.Fields[0].Reason
}

func TestParse_refuses(t *testing.T) {
	t.Parallel()
	tests := []struct{ text, want string }{
		{"{{ a | upcas }}", "template-unknown-filter 1:8 There is no filter called “upcas”; did you mean “upcase”?"},
		{"{{ a | frobnicate }}", "template-unknown-filter 1:8 There is no filter called “frobnicate”."},
		{"{{ a | raw }}", "template-unknown-filter 1:8 There is no filter called “raw”: values are always escaped."},
		{"a\nb {% iff a %}", "template-unknown-tag 2:3 There is no tag called “iff”; did you mean “if”?"},
		{"{% include 'x' %}", "template-unknown-tag 1:1 There is no tag called “include”; use “render”"},
		{"{% env %}", "template-unknown-tag 1:1 There is no tag called “env”"},
		{"{% %}", "template-syntax 1:4 A tag needs a name"},
		{"{{ a", "template-syntax 1:1 {{ is never closed with }}."},
		{"{% if a", "template-syntax 1:1 {% is never closed with %}."},
		{"ä{{ 'a }}", "template-syntax 1:2 {{ is never closed"},
		{"{% if a %}x", "template-syntax 1:1 {% if %} is never closed with {% endif %}."},
		{"{% raw %}{{", "template-syntax 1:1 {% raw %} is never closed with {% endraw %}."},
		{"{% comment %}{% endif %}", "template-syntax 1:1 {% comment %} is never closed"},
		{"{% for a in b %}{% endif %}", "template-syntax 1:17 “endif” does not fit the tag “for”"},
		{"{% endif %}", "template-syntax 1:1 “endif” has no tag that it belongs to."},
		{"{% if a %}{% else %}{% else %}{% endif %}", "template-syntax 1:21 “else” does not fit"},
		{"{% if a %}{% else %}{% elsif b %}{% endif %}", "template-syntax 1:21 “elsif” does not fit"},
		{"{% if a %}{% else b %}{% endif %}", "template-syntax 1:19 Here is something too much: “b”."},
		{"{% if a = 1 %}{% endif %}", "template-syntax 1:9 “=” does not compare; did you mean “==”?"},
		{"{% if a <> 1 %}{% endif %}", "template-syntax 1:9 There is no operator “<>”"},
		{"{% if a == b == c %}{% endif %}", "template-syntax 1:14 Only two values can be compared"},
		{"{% if (a or b) and c %}{% endif %}", "template-syntax 1:10 Parentheses hold a range"},
		{"{% if not a %}{% endif %}", "template-syntax 1:11 Here is something too much: “a”."},
		{"{% if %}{% endif %}", "template-syntax 1:7 A value is missing here."},
		{"{{ a b }}", "template-syntax 1:6 Here is something too much: “b”."},
		{"{{ “a” }}", `template-syntax 1:4 A value is missing before ““a””. Use straight quotes: "…".`},
		{"{{ a | }}", "template-syntax 1:8 The name of a filter is missing"},
		{"{{ a | append }}", "template-filter-arguments 1:8 The filter “append” takes 1 value after its colon, and here it has 0."},
		{"{{ a | upcase: 1 }}", "template-filter-arguments 1:8 The filter “upcase” takes nothing after its colon, and here it has 1."},
		{"{{ a | slice: 1, 2, 3 }}", "template-filter-arguments 1:8 The filter “slice” takes 1 to 2 values after its colon, and here it has 3."},
		{"{{ a | truncate: length: 3 }}", "template-filter-arguments 1:18 The filter “truncate” knows no argument of that name."},
		{`{{ a | date: "%Y %Q" }}`, "template-filter-arguments 1:8 There is no date code “%Q”"},
		{`{{ a | date: "%Y%" }}`, "template-filter-arguments 1:8 There is no date code “%”"},
		{"{{ a. }}", "template-syntax 1:5 A name is missing after the dot."},
		{"{{ a[1 }}", "template-syntax 1:5 The bracket is not closed"},
		{"{{ 1.2.3 }}", "template-syntax 1:4 1.2… is not a number."},
		{"{{ 12a }}", "template-syntax 1:4 12… is not a number."},
		{`{{ "\u12" }}`, `template-syntax 1:6 \u needs four hexadecimal digits.`},
		{"{% assign x %}", "template-syntax 1:13 “assign” reads {% assign name = value %}"},
		{"{% assign = 1 %}", "template-syntax 1:11 The name of a variable is missing here."},
		{"{% assign nil = 1 %}", "template-syntax 1:11 “nil” is a word of the language"},
		{"{% for a of b %}{% endfor %}", "template-syntax 1:1 A loop reads {% for item in list %}"},
		{"{% for a in b sorted %}{% endfor %}", "template-syntax 1:15 After the list a loop knows"},
		{"{% for a in b limit 3 %}{% endfor %}", "template-syntax 1:21 “limit” needs a colon and a number"},
		{"{% for a in b offset: continue %}{% endfor %}", "template-syntax 1:23 “offset: continue” is not known here"},
		{"{% break %}", "template-syntax 1:1 “break” stands outside of every loop."},
		{"{{ forloop.index }}", "template-syntax 1:4 “forloop” is known only inside a loop."},
		{"{% for a in b %}{{ forloop.parent }}{% endfor %}", "template-syntax 1:20 A loop knows forloop.index, "},
		{"{% case a %}text{% when 1 %}{% endcase %}", "template-syntax 1:1 Between “case” and its first “when”"},
		{"{% case a %}{% else %}{% when 1 %}{% endcase %}", "template-syntax 1:23 “when” does not fit"},
		{"{% render name %}", "template-unknown-snippet 1:1 “render” needs the name of a snippet in quotes"},
		{"{% render 'footr' %}", "template-unknown-snippet 1:1 There is no snippet called “footr”; did you mean “footer”?"},
		{"{% render 'bad' %}", "template-unknown-filter bad:2:8 There is no filter called “nope”"},
		{"{% render 'self' %}", "template-too-deep self:1:1 The snippet “self” renders itself: self → self."},
		{"{% render 's1' %}", "template-too-deep s8:1:1 Snippets stand inside each other more than 8 deep"},
		{strings.Repeat("{% if a %}", 60), "template-too-deep 1:"},
		{"{{ a" + strings.Repeat("[b", 300) + " }}", "template-too-deep 1:"},
		{"{% if a" + strings.Repeat(" and a", 300) + " %}{% endif %}", "template-too-deep 1:"},
		{strings.Repeat("x", 1<<20), "template-too-large 1:1 "},
		{strings.Repeat("{% render 'big' %}", 200), "template-too-large big:1:1 "},
		{"\xff", "template-not-utf8 1:1 "},
		{"{{ traits }}", "template-open-field 1:4 “traits” needs the name of one field"},
		{"{{ traits[x] }}", "template-open-field 1:4 “traits” needs the name"},
		{"{{ traits[0] }}", "template-open-field 1:4 “traits” needs the name"},
		{"{% assign t = traits %}{{ t.phone }}", "template-open-field 1:15 “traits” needs the name"},
		{"{% for t in traits %}{% endfor %}", "template-open-field 1:13 “traits” needs the name"},
		{"{% render 'footer', t: identifiers %}", "template-open-field 1:24 “identifiers” needs the name"},
		{"{{ items | map: events }}", "template-open-field 1:17 “events” needs the name"},
		{"{{ a | where: 'b', traits[k] }}", "template-open-field 1:20 “traits” needs the name"},
	}
	snippets := Snippets{
		"footer": "bye", "bad": "\n{{ 1 | nope }}", "self": "{% render 'self' %}", "big": strings.Repeat("x", 10_000),
	}
	for i := range 9 {
		snippets[fmt.Sprintf("s%d", i+1)] = fmt.Sprintf("{%% render 's%d' %%}", i+2)
	}
	snippets["s10"] = "end"
	for _, tt := range tests {
		_, err := Parse(tt.text, Text, snippets)
		if err == nil {
			t.Errorf("%.80s\nwas accepted", tt.text)
		} else if got := refusal(t, err); !strings.HasPrefix(got, tt.want) {
			t.Errorf("%.80s\ngot  %s\nwant %s", tt.text, got, tt.want)
		}
	}
}

func TestParse_errorsShowNoValues(t *testing.T) {
	t.Parallel()
	tpl, err := Parse("{{ 1 | divided_by: traits.secret }}", Text, nil)
	if err != nil {
		t.Fatal(err)
	}
	_, err = tpl.Render(dataOf(`{"traits":{"secret":"canary"}}`), Options{})
	if err == nil || strings.Contains(err.Error(), "canary") {
		t.Errorf("the error is %v", err)
	}
}
