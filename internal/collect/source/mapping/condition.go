package mapping

import (
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// conditions say which rows a rule is about: all of when, none of unless.
type conditions struct {
	when, unless []condition
}

// condition asks one cell. A cell that says nothing equals no word and is no
// number.
type condition struct {
	cell   ref
	words  []string // one of them
	filled bool     // "*"
	empty  bool     // ""
	order  string   // >, >=, <, <=
	bound  decimal
}

func (c conditions) hold(s *Scope) bool {
	for i := range c.when {
		if !c.when[i].holds(s) {
			return false
		}
	}
	for i := range c.unless {
		if c.unless[i].holds(s) {
			return false
		}
	}
	return true
}

func (c *condition) holds(s *Scope) bool {
	text := c.cell.text(s)
	switch {
	case text == "":
		return c.empty
	case c.filled || slices.Contains(c.words, text):
		return true
	case c.order == "":
		return false
	}
	d, ok := parseDecimal(text, '.', "")
	if !ok {
		return false
	}
	d.unscaled.Neg(&d.unscaled)
	d.add(&c.bound) // bound − cell
	switch sign := d.unscaled.Sign(); c.order {
	case ">":
		return sign < 0
	case ">=":
		return sign <= 0
	case "<":
		return sign > 0
	default:
		return sign >= 0
	}
}

// condition reads {column: word}, {column: [words]}, {column: "*"} (filled),
// {column: ""} (empty) or {column: ">= 10"}.
func (c *compiler) conditions(n *yaml.Node, into *[]condition) {
	c.each(n, func(k, v *yaml.Node) {
		one := condition{cell: c.cell(k, k.Value)}
		c.list(v, func(w *yaml.Node) {
			word := c.scalar(w)
			if bound, order, ok := strings.Cut(word, " "); ok && slices.Contains([]string{">", ">=", "<", "<="}, bound) {
				var fine bool
				if one.bound, fine = parseDecimal(strings.TrimSpace(order), '.', ""); !fine {
					c.say(w, "%q compares with something that is not a number", word)
				}
				one.order = bound
				return
			}
			switch word {
			case "*":
				one.filled = true
			case "":
				one.empty = true
			default:
				one.words = append(one.words, word)
			}
		})
		*into = append(*into, one)
	})
}

// said are the keys of conditions.
func (c *compiler) said(into *conditions) []entry {
	return []entry{
		{"when", func(n *yaml.Node) { c.conditions(n, &into.when) }},
		{"unless", func(n *yaml.Node) { c.conditions(n, &into.unless) }},
	}
}
