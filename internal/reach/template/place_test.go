package template

import (
	"strings"
	"testing"
)

const ok = ""

// placeCases is where a value may stand, and where not, and why.
func placeCases() []struct{ text, want string } {
	return []struct{ text, want string }{
		// Where a value may stand.
		{"<p>{{ v }}</p>", ok},
		{`<p class="{{ v }}" title='{{ v }}'>`, ok},
		{`<title>{{ v }}</title><textarea rows=2>{{ v }}</textarea>{{ v }}`, ok},
		{"<!DOCTYPE html><html><!-- a > b -- c --><?xml x?><br/>{{ v }}", ok},
		{"1 < 2 && 3 > {{ v }} <3 {{ v }}", ok},
		{`<a href="{{ v }}">{{ v }}</a>`, ok},
		{`<a href="https://{{ v }}/{{ v }}?a={{ v }}&b={{ v }}#{{ v }}">`, ok},
		{"<script>if (a</*x*/b) { s = '</p>' }</script><style>a{}</style>{{ v }}", ok},
		{`<option{% if v %} selected{% endif %}>{{ v }}`, ok},
		{`<input {% if v %}checked{% endif %}>{{ v }}`, ok},
		{`<input {% if v %}checked {% endif %}title="{{ v }}">`, ok},
		{`<input {% if v %}checked {% endif %}="{{ v }}">`, "template-unsafe-place 1:37 An attribute needs a name"},
		{`<td {% if v %}class="a"{% else %}id="b"{% endif %} title="{{ v }}">`, ok},
		{`<td class="{% if v %}a{% else %}b{% endif %} {{ v }}">`, ok},
		{`<a href="{% if v %}https://a{% else %}{{ v }}{% endif %}/{{ v }}">`, ok},
		{`<a href="{% for i in v %}{{ i }}/{% endfor %}">`, ok},
		{"{% for i in v %}<li>{{ i }}{% if i %}{% continue %}{% endif %}</li>{% endfor %}", ok},
		{"<!--[if mso]><table><tr><td title=\"{{ v }}\"><![endif]-->{{ v }}<!--[if mso | IE]></td></tr></table><![endif]-->", ok},
		{"<!--[if !mso]><!--><p>{{ v }}</p><!--<![endif]-->{{ v }}", ok},
		{"<!--[if !mso]><!-- --><p>{{ v }}</p><!-- <![endif]-->{{ v }}", ok},
		{"<![if !mso]><p>{{ v }}</p><![endif]>", ok},
		{"<svg><path d='x'/></svg>{{ v }}<svg/>{{ v }}", ok},
		{"{% render 'open' %}{{ v }}\">", ok},
		{"{% capture c %}Dear {{ v }}, 1 < 2 & 3{% endcapture %}<p>{{ c }}</p>", ok},
		{"{% if false %}<b>{% else %}<b>{% endif %}", ok},
		{"<plaintext>all {{ 'of' }}", "template-unsafe-place 1:16 A value cannot stand inside <plaintext>"},

		// Where none may.
		{"<script>let x = '{{ v }}'</script>", "template-unsafe-place 1:18 A value cannot stand inside <script>: it would be read as code."},
		{"<SCRIPT >{{ v }}</SCRIPT >", "template-unsafe-place 1:10 A value cannot stand inside <script>"},
		{"<style>a { color: {{ v }} }</style>", "template-unsafe-place 1:19 A value cannot stand inside <style>"},
		{`<p onclick="f('{{ v }}')">`, "template-unsafe-place 1:16 A value cannot stand inside the event handler “onclick”"},
		{`<p ONClick='{{ v }}'>`, "template-unsafe-place 1:13 A value cannot stand inside the event handler"},
		{`<p xml:onclick='{{ v }}'>`, "template-unsafe-place 1:17 A value cannot stand inside the event handler"},
		{`<p style="color: {{ v }}">`, "template-unsafe-place 1:18 A value cannot stand inside “style”"},
		{`<p class={{ v }}>`, `template-unsafe-place 1:10 Put quotes around the value of “class”`},
		{`<p class=a{{ v }}>`, `template-unsafe-place 1:11 Put quotes`},
		{`<p class = {{ v }}>`, `template-unsafe-place 1:12 Put quotes`},
		{`<p {{ v }}="a">`, "template-unsafe-place 1:4 A value cannot be the name of a tag or of an attribute."},
		{`<p a{{ v }}="a">`, "template-unsafe-place 1:5 A value cannot be the name"},
		{`<h{{ v }}>`, "template-unsafe-place 1:3 A value cannot be the name"},
		{`</{{ v }}>`, "template-unsafe-place 1:1 A tag or comment cannot be cut in two"},
		{`<{{ v }}>`, "template-unsafe-place 1:1 A tag or comment cannot be cut in two"},
		{`<scr{% if v %}ipt>{{ v }}{% endif %}`, "template-unsafe-place 1:19 A value cannot stand inside <script>"},
		{"<!-- {{ v }} -->", "template-unsafe-place 1:6 A value cannot stand inside a comment"},
		{"<!-- --!>{{ v }}<!-->{{ v }}<!--->{{ v }}<!{{ v }}", "template-unsafe-place 1:42 A tag or comment"},
		{"<!-- a -{% if v %}->{{ v }}{% endif %}", "template-unsafe-place 1:5 A tag or comment cannot be cut"},
		{"<script></scr{% if v %}ipt>{% endif %}", "template-unsafe-place 1:9 A tag or comment cannot be cut"},
		{"<!DOCTYPE {{ v }}>", "template-unsafe-place 1:11 A value cannot stand inside a comment"},
		{`<img srcset="{{ v }} 2x">`, "template-unsafe-place 1:14 A value cannot stand inside “srcset”"},
		{`<iframe src="{{ v }}">`, "template-unsafe-place 1:14 A value cannot stand inside <iframe>: it could load or run something."},
		{`<base href='{{ v }}'>`, "template-unsafe-place 1:13 A value cannot stand inside <base>"},
		{`<meta http-equiv="refresh" content="0;url={{ v }}">`, "template-unsafe-place 1:43 A value cannot stand inside <meta>"},
		{`<script src="{{ v }}"></script>`, "template-unsafe-place 1:14 A value cannot stand inside <script>"},
		{`<svg><a title="{{ v }}">`, "template-unsafe-place 1:16 A value cannot stand inside <a>"},
		{`<svg>{{ v }}</svg>`, "template-unsafe-place 1:6 A value cannot stand inside <svg>"},
		{`<a href="javascript:f('{{ v }}')">`, "template-unsafe-place 1:10 A link that begins with javascript: is not allowed."},
		{`<a href=" JaVaScript:f()">`, "template-unsafe-place 1:10 A link that begins with javascript:"},
		{`<a href="{{ v }}:{{ v }}">`, "template-unsafe-place 1:17 The beginning of a link"},
		{`<p title="{{ v | newline_to_br }}">`, "template-unsafe-place 1:11 “newline_to_br” makes tags"},
		{`{{ v | escape | upcase }}`, "template-unsafe-place 1:8 Values are escaped where they are put out"},
		{`{% assign x = v | escape %}`, "template-unsafe-place 1:19 Values are escaped where they are put out"},
		{"{% capture c %}<b>{{ v }}</b>{% endcapture %}", "template-unsafe-place 1:16 A captured text is a value"},
		{"{% capture c %}a &nbsp; b{% endcapture %}", "template-unsafe-place 1:18 A captured text is a value"},
		{"{% capture c %}{% render 'open' %}{% endcapture %}", "template-unsafe-place open:1:1 A captured text is a value"},

		// Ways that do not fit together.
		{"{% if v %}<p title='{% endif %}{{ v }}", "template-uneven-branches 1:1 One way through this tag ends inside the attribute “title”, another ends in the text."},
		{"{% if v %}<!-- {% else %}x{% endif %}", "template-uneven-branches 1:1 "},
		{"{% for i in v %}<script>{% endfor %}", "template-uneven-branches 1:1 A round of this loop begins in the text and ends inside <script>."},
		{"{% for i in v %}<p title='{% break %}'>{% endfor %}", "template-uneven-branches 1:27 A round of this loop begins in the text and ends inside the attribute “title”."},
		{"{% case v %}{% when 1 %}<p title='{% endcase %}", "template-uneven-branches 1:1 "},
		{"<t{% if v %}d{% else %}h{% endif %}>{{ v }}", "template-uneven-branches 1:3 "},
		{`<a hr{% if v %}ef{% endif %}="{{ v }}">`, "template-unsafe-place 1:29 Put a space here"},
		{"<p", "template-uneven-branches 1:3 The template ends inside the tag <p>."},
		{"<!-- ", "template-uneven-branches 1:6 The template ends inside a comment."},
		{"<script>", "template-uneven-branches 1:9 The template ends inside <script>."},
		{"<!--[if mso]><p>", "template-uneven-branches 1:17 The template ends inside a conditional comment."},
		{`<!--[if mso]><p title="--><![endif]-->`, "template-unsafe-place 1:24 The conditional comment ends in the middle of a tag."},
		{`<!--[if mso]><script>--></script><![endif]-->`, "template-unsafe-place 1:22 The conditional comment ends in the middle"},
	}
}

// pages are the texts of placeCases.
func pages() []string {
	var texts []string
	for _, c := range placeCases() {
		texts = append(texts, c.text)
	}
	return texts
}

func TestParse_places(t *testing.T) {
	t.Parallel()
	snippets := Snippets{"open": `<p title="`}
	for _, tt := range placeCases() {
		_, err := Parse(tt.text, HTML, snippets)
		switch {
		case err == nil && tt.want != ok:
			t.Errorf("%s\nwas accepted", tt.text)
		case err == nil:
		case tt.want == ok:
			t.Errorf("%s\nwas refused: %v", tt.text, err)
		default:
			if got := refusal(t, err); !strings.HasPrefix(got, tt.want) {
				t.Errorf("%s\ngot  %s\nwant %s", tt.text, got, tt.want)
			}
		}
	}
}
