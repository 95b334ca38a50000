package template

import (
	"bytes"
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"golang.org/x/net/html"
	"pgregory.net/rapid"
)

// hostile are pieces that values are made of: what ends tags, quotes, comments,
// links and lines somewhere.
var hostile = []string{
	"<", ">", "\"", "'", "`", "=", "&", "&lt;", "&#60;", "/", "\\", "<script>", "</script>", "<img src=x onerror=alert(1)>",
	"--", "-->", "<!--", "]]>", "</title>", "</textarea>", "</p>", "javascript:", "JaVaScRiPt:", "data:text/html,", "vbscript:",
	"\t", "\n", "\r", "\r\n", "\u2028", "\u0000", "\u001b", " ", "a", "ü", "😀", "{{ v }}", "{% raw %}", "}}", "%}", "#", "?", ":",
	"https://a.example/", "//", "%0d%0a", "Bcc: x@example.com", "\u202e", "\ufeff", "+", "%",
}

func hostileText() *rapid.Generator[string] {
	return rapid.Custom(func(t *rapid.T) string {
		parts := rapid.SliceOfN(rapid.OneOf(rapid.SampledFrom(hostile), rapid.StringN(0, 4, 16)), 0, 8).Draw(t, "parts")
		return strings.Join(parts, "")
	})
}

// page has a value in every kind of place where one may stand.
const page = `<!DOCTYPE html><html><head><title>{{ v }}</title></head><body class="{{ v }}">
<!--[if mso]><table><tr><td title="{{ v }}">{{ v }}<a href="{{ v }}"><![endif]-->
<p title='{{ v }}' data-x="a{{ v }}b">{{ v }}{{ v | newline_to_br }}{{ v | escape_once }}{{ v | upcase | truncate: 20 }}</p>
<a href="{{ v }}">1</a><a href='{{ v }}{{ v }}'>2</a><a href="/{{ v }}?{{ v }}#{{ v }}">3</a><a href="https://a.example{{ v }}">4</a>
{% for x in list %}<i class="{{ x }}">{{ x }}</i>{% endfor %}{% capture c %}{{ v }}{% endcapture %}<b>{{ c }}</b>
<textarea>{{ v }}</textarea><img src="{{ v }}" alt="{{ v }}"><noscript>{{ v }}</noscript></body></html>`

// fataler is what rapid and testing have in common.
type fataler interface {
	Helper()
	Fatal(args ...any)
}

// outline is the elements of a page with the names of their attributes, but for
// what newline_to_br makes, and every link.
func outline(t fataler, text string) (elements, links []string) {
	t.Helper()
	root, err := html.Parse(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	for n := range root.Descendants() {
		if n.Type == html.CommentNode {
			elements = append(elements, "comment")
		}
		if n.Type != html.ElementNode || n.Data == "br" {
			continue
		}
		name := n.Data
		for _, a := range n.Attr {
			name += " " + a.Key
			if a.Key == "href" || a.Key == "src" {
				links = append(links, a.Val)
			}
		}
		elements = append(elements, name)
	}
	return elements, links
}

func TestRender_valuesCannotChangeThePage(t *testing.T) {
	t.Parallel()
	tpl, err := Parse(page, HTML, nil)
	if err != nil {
		t.Fatal(err)
	}
	render := func(t *rapid.T, v string) string {
		out, err := tpl.Render(dataWith(v), Options{})
		if err != nil {
			t.Fatal(err)
		}
		return out.Text
	}
	rapid.Check(t, func(t *rapid.T) {
		plain, _ := outline(t, render(t, "plain"))
		elements, links := outline(t, render(t, hostileText().Draw(t, "v")))
		if !slices.Equal(plain, elements) {
			t.Fatalf("the page became %v", elements)
		}
		for _, link := range links {
			scheme, _, found := strings.Cut(strings.ToLower(strings.TrimSpace(link)), ":")
			if found && strings.Contains("javascript vbscript data", strings.Trim(scheme, "\t\r\n ")) && scheme != "" {
				t.Fatalf("a link became %q", link)
			}
		}
	})
}

// dataWith is v as a text and in a list.
func dataWith(v string) *data {
	return &data{root: Object(Member{"v", String(v)}, Member{"list", List(String(v), String("b"))})}
}

func TestRender_subjectIsOneLine(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		tpl, err := Parse("Hi {{ v }}\n{{ v | upcase }}{% capture c %}{{ v }}{% endcapture %}{{ c }}{{ list }}", Subject, nil)
		if err != nil {
			t.Fatal(err)
		}
		out, err := tpl.Render(dataWith(hostileText().Draw(t, "v")), Options{})
		if err != nil {
			t.Fatal(err)
		}
		if strings.ContainsFunc(out.Text, func(r rune) bool { return r < ' ' || r == 0x7F || r == 0x85 || r == 0x2028 || r == 0x2029 }) {
			t.Fatalf("the subject is %q", out.Text)
		}
	})
}

func TestRender_JSONKeepsValues(t *testing.T) {
	t.Parallel()
	tpl, err := Parse(`{"quoted":"<{{ v }}>","bare":{{ v }},"list":[{% for x in list %}{{ x }}{% unless forloop.last %},{% endunless %}{% endfor %}]}`, JSON, nil)
	if err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(t *rapid.T) {
		v := hostileText().Draw(t, "v")
		out, err := tpl.Render(dataWith(v), Options{})
		if err != nil {
			t.Fatal(err)
		}
		var got struct {
			Quoted, Bare string
			List         []string
		}
		if err := json.Unmarshal([]byte(out.Text), &got); err != nil {
			t.Fatal(err)
		}
		if v = strings.ToValidUTF8(v, "\uFFFD"); got.Quoted != "<"+v+">" || got.Bare != v || got.List[0] != v {
			t.Fatalf("got %q", got)
		}
	})
}

func TestRender_linkStaysItself(t *testing.T) {
	t.Parallel()
	tpl, err := Parse("https://a.example/p/{{ v }}?q={{ v }}&r=1", URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(t *rapid.T) {
		out, err := tpl.Render(dataWith(hostileText().Draw(t, "v")), Options{})
		if err != nil {
			t.Fatal(err)
		}
		if strings.Count(out.Text, "?") != 1 || strings.Count(out.Text, "&") != 1 || strings.Contains(out.Text, "#") ||
			!strings.HasPrefix(out.Text, "https://a.example/p/") || !strings.HasSuffix(out.Text, "&r=1") {
			t.Fatalf("the link is %q", out.Text)
		}
	})
}

func FuzzParse(f *testing.F) {
	for _, c := range oracleCases()[:80] {
		f.Add(c.Template, uint8(Text))
	}
	f.Add(page, uint8(HTML))
	f.Add(`{"a":"{{ v }}","b":{{ v }}}`, uint8(JSON))
	f.Add("https://a.example/{{ v }}?{{ v }}", uint8(URL))
	f.Add("<!--[if mso]><p {% if v %}a{% endif %}='{{ v }}'><![endif]--><svg/>", uint8(HTML))
	f.Fuzz(func(t *testing.T, text string, kind uint8) {
		tpl, err := Parse(text, Kind(kind%5), Snippets{"s": text})
		if err != nil {
			refusal(t, err)
			return
		}
		d := dataWith("<a href='javascript:x'>\n")
		out, err := tpl.Render(d, Options{Steps: 20_000, Bytes: 1 << 16})
		if err != nil {
			if out.Text != "" {
				t.Fatalf("%q came out beside %v", out.Text, err)
			}
			refusal(t, err)
			return
		}
		if len(out.Text) > 1<<16 || !utf8.ValidString(out.Text) {
			t.Fatalf("%d bytes came out: %q", len(out.Text), out.Text)
		}
		for _, name := range d.asked {
			if !slices.Contains(tpl.Fields(), name) {
				t.Fatalf("%q was not in Fields", name)
			}
		}
	})
}

// FuzzRender puts any value into every place of a page.
func FuzzRender(f *testing.F) {
	for _, v := range hostile {
		f.Add(v)
	}
	tpl, err := Parse(page, HTML, nil)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, v string) {
		out, err := tpl.Render(dataWith(v), Options{})
		if err != nil {
			refusal(t, err)
			return
		}
		z := html.NewTokenizer(bytes.NewReader([]byte(out.Text)))
		for {
			token := z.Next()
			if token == html.ErrorToken {
				return
			}
			if token != html.StartTagToken && token != html.SelfClosingTagToken {
				continue
			}
			if name, _ := z.TagName(); !strings.Contains(" html head title body table tr td a p i b textarea img noscript br ", " "+string(name)+" ") {
				t.Fatalf("the value made a tag: %s in %s", name, out.Text)
			}
		}
	})
}

// steered finds tags that could go another way with another text.
var steered = regexp.MustCompile(`\{%[^%]*([=<>\[.|]|contains|case)`)

// FuzzPlaces lets any page that Parse accepts be read by a browser's parser,
// with a plain and a hostile value: nothing but text may differ.
func FuzzPlaces(f *testing.F) {
	for _, text := range append(pages(), page) {
		f.Add(text)
	}
	values := []string{"\"'><script>x</script><!-- ", "--></title></textarea></style></script>", "javascript:x", " onclick=x ", "]]>--!><svg><p>"}
	f.Fuzz(func(t *testing.T, text string) {
		tpl, err := Parse(text, HTML, nil)
		if err != nil || steered.MatchString(text) {
			return
		}
		render := func(v string) []string {
			out, err := tpl.Render(dataWith(v), Options{Steps: 20_000, Bytes: 1 << 16})
			if err != nil {
				return nil
			}
			elements, _ := outline(t, out.Text)
			return elements
		}
		plain := render("plain")
		for _, v := range values {
			if elements := render(v); elements != nil && !slices.Equal(plain, elements) {
				t.Fatalf("with %q\n%s\nbecame %v\ninstead of %v", v, text, elements, plain)
			}
		}
	})
}

const mail = `<html><body><p>Dear {{ traits.first_name | default: "friend" | capitalize }},</p>
<p>the <a href="https://shop.example/p/{{ item.id }}?c={{ campaign.name }}">{{ item.name }}</a> by {{ item.brand }} that you looked at is back in your size
({{ traits.size }}), for {{ item.price | money: "EUR" }}.</p>
{% if traits.tags contains "vip" %}<p>As a member you have {{ traits.points }} points.</p>{% else %}<p>Become a member and collect points.</p>{% endif %}
<ul>{% for i in items limit: 3 %}<li><a href="{{ i.url }}">{{ i.name | truncate: 30 }}</a>: {{ i.price }}</li>{% endfor %}</ul>
<p>Your shop in {{ traits.city }}, {{ campaign.sent | date: "%d %B %Y" }}</p><p><a href="{{ links.unsubscribe }}">Unsubscribe</a></p></body></html>`

const mailData = `{"traits":{"first_name":"ada","size":"M","tags":["new","vip"],"points":1280,"city":"Zürich"},
"item":{"id":"p-17","name":"Jacket & hood","brand":"Ålesund","price":12900},"campaign":{"name":"back in stock","sent":1700000000},
"links":{"unsubscribe":"https://shop.example/u/abcdef"},
"items":[{"name":"Sock","price":9.5,"url":"https://shop.example/p/1"},{"name":"Shorts","price":39,"url":"https://shop.example/p/2"},{"name":"Cap","price":19.95,"url":"https://shop.example/p/3"}]}`

func BenchmarkRender_mail(b *testing.B) {
	tpl, err := Parse(mail, HTML, nil)
	if err != nil {
		b.Fatal(err)
	}
	d := answers{}
	for _, f := range tpl.fields {
		if d[f.path[0]] == nil {
			d[f.path[0]] = map[string]Value{}
		}
		d[f.path[0]][strings.Join(f.path[1:], "")], _ = dataOf(mailData).Lookup(f.path)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := tpl.Render(d, Options{}); err != nil {
			b.Fatal(err)
		}
	}
}

// answers is Values without any work, so that the benchmark measures rendering.
type answers map[string]map[string]Value

func (a answers) Lookup(path []string) (Value, Presence) {
	if len(path) == 1 {
		return a[path[0]][""], Known
	}
	return a[path[0]][path[1]], Known
}

func BenchmarkParse_mail(b *testing.B) {
	for b.Loop() {
		if _, err := Parse(mail, HTML, nil); err != nil {
			b.Fatal(err)
		}
	}
}
