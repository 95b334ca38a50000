package template

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/heed-platform/heed/internal/clock"
	"github.com/heed-platform/heed/internal/problem"
)

func mustRender(t *testing.T, text string, kind Kind, json string, o Options) string {
	t.Helper()
	tpl, err := Parse(text, kind, nil)
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	out, err := tpl.Render(dataOf(json), o)
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return out.Text
}

func TestRender_escapes(t *testing.T) {
	t.Parallel()
	const evil = `{"v":"<b a=\"1\" c='2'>&amp;\r\nx\u0000\u001b</b>","js":"javascript:alert(1)","url":"https://a.example/x y?q=\"'<ü>&b=%41#f","path":"a/b ?c#d@e:f","gap":" \tjava\nscript:x","line":"a\r\nBcc: x@example.com\u2028y","num":12.5,"list":["a",{"b":"\"</script>"}],"yes":true,"tpl":"{{ v }}{% raw %}"}`
	tests := []struct {
		kind       Kind
		text, want string
	}{
		{HTML, "{{ v }}", "&lt;b a=&#34;1&#34; c=&#39;2&#39;&gt;&amp;amp;\r\nx&lt;/b&gt;"},
		{HTML, "{{ v | escape }}", "&lt;b a=&#34;1&#34; c=&#39;2&#39;&gt;&amp;amp;\r\nx&lt;/b&gt;"},
		{HTML, "{{ v | escape_once }}", "&lt;b a=&#34;1&#34; c=&#39;2&#39;&gt;&amp;\r\nx&lt;/b&gt;"},
		{HTML, "{{ v | newline_to_br }}", "&lt;b a=&#34;1&#34; c=&#39;2&#39;&gt;&amp;amp;<br />\nx&lt;/b&gt;"},
		{HTML, "{{ v | escape | newline_to_br }}", "&lt;b a=&#34;1&#34; c=&#39;2&#39;&gt;&amp;amp;<br />\nx&lt;/b&gt;"},
		{HTML, "{% assign w = v | upcase %}{{ w | slice: 0, 2 }}", "&lt;B"},
		{HTML, "{% capture w %}{{ v | slice: 0, 2 }}{% endcapture %}{{ w }}", "&lt;b"},
		{HTML, "{% for x in list %}{{ x }};{% endfor %}", "a;{&#34;b&#34;:&#34;\\&#34;&lt;/script&gt;&#34;};"},
		{HTML, "<p title='{{ v | slice: 0, 9 }}'>", "<p title='&lt;b a=&#34;1&#34; '>"},
		{HTML, "{{ tpl }}", "{{ v }}{% raw %}"},
		{HTML, `<a href="{{ js }}">`, `<a href="#">`},
		{HTML, `<a href="{{ gap }}">`, `<a href="#">`},
		{HTML, `<a href="{{ js | upcase }}">`, `<a href="#">`},
		{HTML, `<a href="java{{ 'script:x' }}">`, `<a href="java#">`},
		{HTML, `<a href="{{ 'javascript' }}{{ ':x' }}">`, `<a href="javascript#">`},
		{HTML, `<a href="{{ 'data:text/html,x' }}">`, `<a href="#">`},
		{HTML, `<a href="{{ 'mailto:a@b.example' }}">`, `<a href="mailto:a@b.example">`},
		{HTML, `<a href="{{ '/x:y' }}">`, `<a href="/x:y">`},
		{HTML, `<a data-href="{{ js }}" xlink:href="{{ js }}" my-src="{{ js }}">`, `<a data-href="#" xlink:href="#" my-src="#">`},
		{HTML, `<a href="{{ url }}">`, `<a href="https://a.example/x%20y?q=%22&#39;%3C%C3%BC%3E&amp;b=%41#f">`},
		{HTML, `<a href="/{{ path }}">`, `<a href="/a/b%20%3Fc%23d%40e:f">`},
		{HTML, `<a href="/?q={{ path }}">`, `<a href="/?q=a%2Fb%20%3Fc%23d%40e%3Af">`},
		{HTML, `<a href="/?q={{ path | url_encode }}">`, `<a href="/?q=a%2Fb%20%3Fc%23d%40e%3Af">`},
		{HTML, `<a href="{{ 'a b' | url_encode }}">`, `<a href="a%20b">`},
		{HTML, `<a href="{% if yes %}/x?{% endif %}{{ path }}">`, `<a href="/x?a%2Fb%20%3Fc%23d%40e%3Af">`},
		{Text, "{{ v }}|{{ line }}", "<b a=\"1\" c='2'>&amp;\r\nx</b>|a\r\nBcc: x@example.com\u2028y"},
		{Text, "{{ v | escape | slice: 0, 4 }}", "&lt;"},
		{Subject, "Hello {{ line }}\n  you ", "Hello a Bcc: x@example.com y you"},
		{Subject, "{{ v }}", `<b a="1" c='2'>&amp; x</b>`},
		{
			JSON, `{"a":"{{ line }}","b":{{ num }},"c":{{ list }},"d":{{ missing }},"e":{{ yes }},"f":{{ js | json }},"g":{{ path }}}`,
			`{"a":"a\r\nBcc: x@example.com` + "\u2028" + `y","b":12.5,"c":["a",{"b":"\"</script>"}],"d":null,"e":true,"f":"javascript:alert(1)","g":"a/b ?c#d@e:f"}`,
		},
		{JSON, `"\"{{ v | json }}"`, `"\"\"<b a=\\\"1\\\" c='2'>&amp;\\r\\nx\\u0000\\u001b</b>\""`},
		{URL, "https://a.example/{{ path }}?q={{ v | slice: 0, 2 }}\n", "https://a.example/a/b%20%3Fc%23d%40e:f?q=%3Cb"},
		{URL, "{{ js }}", "#"},
		{URL, " {{ url }} ", "https://a.example/x%20y?q=%22'%3C%C3%BC%3E&b=%41#f"},
	}
	for _, tt := range tests {
		if got := mustRender(t, tt.text, tt.kind, evil, Options{}); got != tt.want {
			t.Errorf("%s\ngot  %q\nwant %q", tt.text, got, tt.want)
		}
	}
}

func TestRender_stops(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, text string
		kind       Kind
		want       error
	}{
		{"an endless loop", "{% for a in (1..1000) %}{% for b in (1..1000) %}{% endfor %}{% endfor %}", Text, errSlow},
		{"a huge range", "{% for a in (1..99999999999) %}{% endfor %}", Text, errSlow},
		{"a huge range as a value", "{{ (1..99999999999) | size }}", Text, errSlow},
		{"ten megabytes of text", "{% for a in (1..9000) %}" + strings.Repeat("x", 1000) + "{% endfor %}", Text, errLong},
		{"a doubling text", "{% assign s = 'xxxxxxxxxxxxxxxx' %}{% for a in (1..40) %}{% assign s = s | append: s %}{% endfor %}", Text, errLong},
		{"a multiplying replace", "{% assign s = 'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx' %}{% for a in (1..40) %}{% assign s = s | replace: 'x', s %}{% endfor %}", Text, errLong},
		{"a join", "{% assign s = 'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx' %}{{ (1..9000) | join: s }}", Text, errLong},
		{"a capture", "{% capture c %}{% for a in (1..9000) %}" + strings.Repeat("x", 100) + "{% endfor %}{% endcapture %}", Text, errLong},
		{"a doubling capture", "{% assign c = 'xxxxxxxxxxxxxxxx' %}{% for a in (1..40) %}{% capture c %}{{ c }}{{ c }}{% endcapture %}{% endfor %}", Text, errLong},
		{"escaping that grows", "{% assign s = '&' %}{% for a in (1..15) %}{% assign s = s | append: s %}{% endfor %}{{ s }}{{ s }}", HTML, errLong},
		{"division", "{{ 1 | divided_by: 0 }}", Text, errZero},
		{"modulo", "{{ 1 | modulo: 'x' }}", Text, errZero},
		{"not JSON", `{"a": {{ 1 }}{{ 2 }} 3}`, JSON, errNotJSON},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			tpl, err := Parse(tt.text, tt.kind, nil)
			if err != nil {
				t.Fatal(err)
			}
			out, err := tpl.Render(dataOf("{}"), Options{})
			if !errors.Is(err, tt.want) {
				t.Fatalf("got %v, want %v", err, tt.want)
			}
			if out.Text != "" {
				t.Errorf("%d bytes came out beside the error", len(out.Text))
			}
			if p := problem.Of(err); len(p.Fields) != 1 || !strings.Contains(p.Fields[0].Pointer, ":") {
				t.Errorf("the error %v has no place", err)
			}
		})
	}
}

func TestRender_limitsAreOptions(t *testing.T) {
	t.Parallel()
	tpl, err := Parse("{% for a in (1..3) %}12345{% endfor %}", Text, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		o    Options
		want error
	}{{Options{Bytes: 15}, nil}, {Options{Bytes: 14}, errLong}, {Options{Steps: 14}, nil}, {Options{Steps: 5}, errSlow}} {
		if _, err := tpl.Render(dataOf("{}"), tt.o); !errors.Is(err, tt.want) {
			t.Errorf("%+v: got %v, want %v", tt.o, err, tt.want)
		}
	}
}

// Where heed means to differ from liquidjs; the list is in the package comment.
func TestRender_differences(t *testing.T) {
	t.Parallel()
	const json = `{"big":12345678901234567890,"o":{"a":[1,null]},"emoji":"a😀b","day":"1990-05-17","clock":"2024-01-02 03:04:05","instant":"2024-01-02T03:04:05Z"}`
	newYork, err := time.LoadLocation("America/New_York")
	if err != nil {
		t.Fatal(err)
	}
	now := clock.At(time.Date(2026, 11, 22, 3, 0, 0, 0, time.UTC))
	for text, want := range map[string]string{
		"{{ emoji | size }}{{ emoji.size }}{{ emoji | slice: 1 }}{{ emoji[2] }}{{ emoji | split: '' | join: '.' }}": "33😀ba.😀.b",
		"{{ 'one two three' | truncatewords: 3 }}|{{ ' one  two three ' | truncatewords: 2 }}":                      "one two three|one two...",
		"{{ big }} {{ big | json }} {{ big | append: '' }}":                                                         "12345678901234567890 12345678901234567890 12345678901234567890",
		"{{ o }} {{ missing | json }}":                                    `{"a":[1,null]} null`,
		"{{ day | date: '%Y-%m-%d' }}":                                    "1990-05-17",
		"{{ clock | date: '%H:%M %Z' }} {{ instant | date: '%d %H:%M' }}": "03:04 EST 01 22:04",
		"{{ 'now' | date: '%Y-%m-%d %H:%M' }} {{ 'today' | date: '%A' }}": "2026-11-21 22:00 Saturday",
		"{% case 1 %}{% when 1 %}a{% when 1 %}b{% endcase %}":             "a",
		"{{ '%zz' | url_decode }} {{ '%ff' | url_decode }}":               "%zz %ff",
		"{% raw %} a {%- endraw -%} b":                                    " a b",
	} {
		if got := mustRender(t, text, Text, json, Options{Zone: newYork, Now: now}); got != want {
			t.Errorf("%s\ngot  %q\nwant %q", text, got, want)
		}
	}
}

func TestRender_money(t *testing.T) {
	t.Parallel()
	const json = `{"cents":123456,"less":-5,"spend":{"minor":5,"currency":"EUR"},"text":"x","none":null}`
	tests := []struct{ language, text, want string }{
		{"", "{{ cents | money: 'EUR' }} {{ cents | money: 'usd' }} {{ cents | money: 'CHF' }}", "€1,234.56 $1,234.56 CHF\u00a01,234.56"},
		{"en-GB", "{{ less | money: 'GBP' }} {{ 0 | money: 'GBP' }} {{ spend | money }}", "-£0.05 £0.00 €0.05"},
		{"de-DE", "{{ cents | money: 'EUR' }} {{ cents | money: 'CHF' }}", "1.234,56\u00a0€ 1.234,56\u00a0CHF"},
		{"fr", "{{ cents | money: 'EUR' }}", "1\u00a0234,56\u00a0€"},
		{"", "{{ cents | money: 'JPY' }} {{ cents | money: 'KWD' }} {{ 1234567890 | money: 'EUR' }}", "¥123,456 KWD\u00a0123.456 €12,345,678.90"},
		{"", "{{ text | money: 'EUR' }}|{{ none | money: 'EUR' }}|{{ cents | money }}|{{ cents | money: 'euro' }}|{{ 12.6 | money: 'EUR' }}", "x||123456|123456|€0.13"},
	}
	for _, tt := range tests {
		if got := mustRender(t, tt.text, Text, json, Options{Language: tt.language}); got != tt.want {
			t.Errorf("%s %s\ngot  %q\nwant %q", tt.language, tt.text, got, tt.want)
		}
	}
}

func TestRender_snippets(t *testing.T) {
	t.Parallel()
	snippets := Snippets{
		"row":   `<li title="{{ row.name }}">{{ forloop.index }} {{ row.name }}{% if seen %}again{% endif %}{% assign seen = true %}</li>`,
		"outer": `<ul>{% render "row" for items as row %}</ul>{% render "link", to: shop.url %}`,
		"link":  `<a href="{{ to }}">`,
		"twice": `{% if x %}{{ x }}{% else %}none{% endif %}{% assign x = 2 %}`,
	}
	tests := []struct{ text, want string }{
		{`{% render "outer" %}`, `<ul><li title="A&amp;B">1 A&amp;B</li><li title="C">2 C</li></ul><a href="https://s.example/">`},
		{`{% for i in (1..2) %}{% render "twice" %}{% render "twice", x: i %}{% endfor %}`, "none1none2"},
	}
	d := dataOf(`{"items":[{"name":"A&B"},{"name":"C"}],"shop":{"url":"https://s.example/"},"row":{"name":"hers"}}`)
	for _, tt := range tests {
		tpl, err := Parse(tt.text, HTML, snippets)
		if err != nil {
			t.Fatal(err)
		}
		if out, err := tpl.Render(d, Options{}); err != nil || out.Text != tt.want {
			t.Errorf("%s\ngot  %s %v\nwant %s", tt.text, out.Text, err, tt.want)
		}
	}
}

func TestRender_zeroTemplate(t *testing.T) {
	t.Parallel()
	if out, err := (&Template{}).Render(nil, Options{}); err != nil || out.Text != "" {
		t.Errorf("got %q, %v", out.Text, err)
	}
}
