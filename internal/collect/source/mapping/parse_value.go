package mapping

import (
	"encoding/json"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// text reads a value that stays text: an identifier, a word of the ledger.
func (c *compiler) text(n *yaml.Node) *spoken {
	if n.Kind == yaml.ScalarNode {
		return &spoken{template: c.template(n), cast: c.plain()}
	}
	v, ok := chain(c.value(n))
	for part := v; ok && part != nil; part = part.or {
		ok = part.cast.as == "text" && part.cast.split == ""
	}
	if !ok {
		c.say(n, "needs text here, such as \"{column}\"")
		return &spoken{cast: c.plain()}
	}
	return v
}

// chain makes one text of the first of several.
func chain(v value) (*spoken, bool) {
	switch v := v.(type) {
	case *spoken:
		return v, true
	case first:
		var head, tail *spoken
		for _, one := range v {
			s, ok := one.(*spoken)
			if !ok {
				return nil, false
			}
			if head == nil {
				head = s
			} else {
				tail.or = s
			}
			tail = s
		}
		return head, head != nil
	}
	return nil, false
}

// time reads a value that is a time.
func (c *compiler) time(n *yaml.Node) *spoken {
	v := c.text(n)
	for part := v; part != nil; part = part.or {
		part.cast.as = "time"
		if p := part.template.parts; len(p) == 1 && part.cast.words == nil {
			if _, ok := moment(p[0].text, part.cast.layouts, part.cast.zone); !ok {
				c.say(n, "%q is not a time; write it like 2026-01-31 or name its layout", p[0].text)
			}
		}
	}
	return v
}

// value reads a value: text with {columns} in it, a number or true or false that
// is the same for every row, a list of values, or an object that says more.
func (c *compiler) value(n *yaml.Node) value {
	switch n.Kind {
	case yaml.ScalarNode:
		if n.Tag != "!!str" && n.Tag != "!!timestamp" {
			return c.constant(n)
		}
		if !strings.ContainsAny(n.Value, "{}") {
			return constant{quote(n.Value)}
		}
		return &spoken{template: c.template(n), cast: c.plain()}
	case yaml.SequenceNode:
		var l list
		c.list(n, func(v *yaml.Node) { l = append(l, c.value(v)) })
		return l
	case yaml.MappingNode:
		return c.spoken(n)
	default:
		c.say(n, "needs a value here")
		return constant{[]byte("null")}
	}
}

func quote(s string) []byte {
	b, err := json.Marshal(s)
	if err != nil { // no text fails to marshal
		return []byte("null")
	}
	return b
}

func (c *compiler) constant(n *yaml.Node) value {
	var v any
	b := []byte("null")
	if err := n.Decode(&v); err != nil {
		c.say(n, "needs a value that can be written as JSON")
	} else if b, err = json.Marshal(v); err != nil {
		c.say(n, "needs a value that can be written as JSON")
	}
	return constant{b}
}

// plain is how text is read of which nothing is said.
func (c *compiler) plain() cast {
	return cast{
		as: "text", mark: '.', zone: c.zone, layouts: usual, digits: 2,
		yes: []string{"true", "yes", "y", "t", "on", "1"}, no: []string{"false", "no", "n", "f", "off", "0"},
	}
}

// template reads "text {column} text"; {{ and }} are braces.
func (c *compiler) template(n *yaml.Node) template {
	var t template
	var text strings.Builder
	s := c.scalar(n)
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '{' && i+1 < len(s) && s[i+1] == '{', s[i] == '}' && i+1 < len(s) && s[i+1] == '}':
			text.WriteByte(s[i])
			i++
		case s[i] == '{':
			end := strings.IndexByte(s[i:], '}')
			if end < 0 {
				c.say(n, "a brace is opened and never closed; write {{ for a brace")
				return t
			}
			t.parts = append(t.parts, part{text: text.String(), cell: c.cell(n, strings.TrimSpace(s[i+1:i+end]))})
			text.Reset()
			i += end
		case s[i] == '}':
			c.say(n, "a brace is closed and never opened; write }} for a brace")
			return t
		default:
			text.WriteByte(s[i])
		}
	}
	t.parts = append(t.parts, part{text: text.String(), last: true})
	return t
}

// what a value is made of, of which it names one.
var makings = []string{"column", "text", "value", "sum", "count", "each", "object", "first"}

// what else a value says of itself.
var sayings = []string{
	"as", "digits", "per", "decimal", "thousands", "layout", "zone", "yes", "no", "words", "otherwise", "split", "trim", "when", "unless",
}

// spoken reads a value that says more than its text.
func (c *compiler) spoken(n *yaml.Node) value {
	cast := c.plain()
	var made value
	var t *template
	var when conditions
	var named []string
	is := func(what string, read func(*yaml.Node)) entry {
		return entry{what, func(n *yaml.Node) {
			named = append(named, what)
			read(n)
		}}
	}
	entries := []entry{
		is("column", func(n *yaml.Node) {
			t = &template{parts: []part{{cell: c.cell(n, c.scalar(n))}, {last: true}}}
		}),
		is("text", func(n *yaml.Node) { t = new(c.template(n)) }),
		is("value", func(n *yaml.Node) { made = c.constant(n) }),
		is("sum", func(n *yaml.Node) { made = &sum{cell: c.cell(n, c.scalar(n)), cast: &cast} }),
		is("count", func(n *yaml.Node) {
			c.choice(n, "rows")
			made = count{}
		}),
		is("each", func(n *yaml.Node) { made = &each{value: c.inner(n)} }),
		is("object", func(n *yaml.Node) { made = c.fields(n) }),
		is("first", func(n *yaml.Node) {
			var f first
			c.list(n, func(v *yaml.Node) { f = append(f, c.value(v)) })
			made = f
		}),
	}
	c.object(n, slices.Concat(entries, c.casting(&cast), c.said(&when))...)
	if len(named) != 1 {
		c.say(n, "a value is one of %s", strings.Join(makings, ", "))
		return constant{[]byte("null")}
	}
	if t != nil {
		made = &spoken{template: *t, cast: cast}
	}
	return conditional(made, when)
}

// conditional gives each, sum and count their conditions; of other values it
// makes one that is there only when they hold.
func conditional(v value, when conditions) value {
	if len(when.when)+len(when.unless) == 0 {
		return v
	}
	switch v := v.(type) {
	case *each:
		v.when = when
		return v
	case *sum:
		v.when = when
		return v
	case count:
		return count{when}
	}
	return &only{v, when}
}

// inner is a value for one row of many; an object may be written without saying
// that it is one, unless all of its names are words of values.
func (c *compiler) inner(n *yaml.Node) value {
	if n.Kind != yaml.MappingNode {
		return c.value(n)
	}
	says := slices.Concat(makings, sayings)
	for i := 0; i+1 < len(n.Content); i += 2 {
		if !slices.Contains(says, n.Content[i].Value) {
			return c.fields(n)
		}
	}
	return c.value(n)
}

// fields are the names and values of an object.
func (c *compiler) fields(n *yaml.Node) object {
	o := object{}
	c.each(n, func(k, v *yaml.Node) { o = append(o, field{k.Value, c.value(v)}) })
	return o
}

// casting are the keys that say how text becomes a value.
func (c *compiler) casting(t *cast) []entry {
	return []entry{
		{"as", func(n *yaml.Node) {
			t.as = c.choice(n, "text", "number", "integer", "minor", "boolean", "time", "date", "json")
		}},
		{"digits", func(n *yaml.Node) { t.digits = c.number(n, 8) }},
		{"per", func(n *yaml.Node) {
			t.per = new(c.cell(n, c.scalar(n)))
			t.as = "number"
		}},
		{"decimal", func(n *yaml.Node) { t.mark = c.choice(n, ".", ",")[0] }},
		{"thousands", func(n *yaml.Node) { t.group = c.choice(n, ".", ",", " ", "'", "\u00a0", "\u202f") }},
		{"layout", func(n *yaml.Node) { t.layouts = c.layouts(n) }},
		{"zone", func(n *yaml.Node) { t.zone = c.location(n) }},
		{"yes", func(n *yaml.Node) { t.yes = lower(c.texts(n)) }},
		{"no", func(n *yaml.Node) { t.no = lower(c.texts(n)) }},
		{"words", func(n *yaml.Node) {
			t.words = map[string]string{}
			c.each(n, func(k, v *yaml.Node) { t.words[k.Value] = c.scalar(v) })
		}},
		{"otherwise", func(n *yaml.Node) { t.otherwise = new(c.scalar(n)) }},
		{"split", func(n *yaml.Node) {
			if t.split = c.scalar(n); t.split == "" {
				c.say(n, "needs what stands between the elements of the list")
			}
		}},
		{"trim", func(n *yaml.Node) { t.trim = c.scalar(n) }},
	}
}

func lower(words []string) []string {
	for i, w := range words {
		words[i] = strings.ToLower(w)
	}
	return words
}

func (c *compiler) layouts(n *yaml.Node) []string {
	var out []string
	c.list(n, func(v *yaml.Node) {
		l, err := layoutOf(c.scalar(v))
		if err != nil {
			c.say(v, "%s", err)
		}
		out = append(out, l)
	})
	return out
}
