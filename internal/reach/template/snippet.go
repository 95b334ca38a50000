package template

import (
	"maps"
	"slices"
	"strings"
	"unicode/utf8"
)

// rendered is {% render "name" %}. The snippet sees fields, and of the
// template's own variables only what it is given here.
type rendered struct {
	at    spot
	name  string
	given []given
	over  expr // render … for: once for each of its items
	as    string

	// What check finds out.
	body     block
	from, to int // the snippet's own slots
	item     int // the slot of as
	number   int // of its forloop
}

// given is one variable handed to a snippet.
type given struct {
	name  string
	value expr
	slot  int
}

func (p *parser) render(x *piece) node {
	r := p.reader(x)
	r.space()
	n := &rendered{at: p.spot(x), item: -1}
	k, ok := r.operand().(constant)
	if !ok || k.value.sort != isText {
		r.fail(n.at, errSnippet, "“render” needs the name of a snippet in quotes, so that it is known before sending.")
		return n
	}
	n.name, n.as = k.value.text, k.value.text
	if i := strings.LastIndexByte(n.as, '/'); i >= 0 {
		n.as = n.as[i+1:]
	}
	at := r.at
	switch word := p.peekWord(r); word {
	case "for", "with":
		v := r.operand()
		if r.takeWord("as") {
			r.space()
			n.as = p.name(r)
		}
		if word == "for" {
			n.over = v
		} else {
			n.given = append(n.given, given{name: n.as, value: v})
		}
	default:
		r.at = at
	}
	for r.first == nil && !r.done() {
		r.take(",")
		r.space()
		g := given{name: p.name(r)}
		if !r.take(":") {
			r.fail(r.here(), errSyntax, "What a snippet is given reads name: value.")
		}
		g.value = r.operand()
		n.given = append(n.given, g)
	}
	return n
}

// peekWord reads for or with, unless it is the name of something given.
func (p *parser) peekWord(r *reader) string {
	r.space()
	word := r.word()
	if r.take(":") {
		return ""
	}
	return word
}

func (n *rendered) check(c *checker, s state) state {
	text, ok := c.snippets[n.name]
	switch {
	case !ok:
		c.fail(n.at, errSnippet, "There is no snippet called “%s”%s", n.name, ending(nearest(n.name, slices.Collect(maps.Keys(c.snippets)))))
		return s
	case !utf8.ValidString(text):
		c.fail(n.at, errBrokenSource, "Some bytes of the snippet “%s” are not UTF-8.", n.name)
		return s
	case slices.Contains(c.rendering, n.name):
		c.fail(n.at, errDeep, "The snippet “%s” renders itself: %s.", n.name, strings.Join(append(c.rendering, n.name), " → "))
		return s
	case len(c.rendering) == maxSnippets:
		c.fail(n.at, errDeep, "Snippets stand inside each other more than %d deep: %s.", maxSnippets, strings.Join(append(c.rendering, n.name), " → "))
		return s
	}
	sc := &scope{own: map[string]int{}}
	inside := s
	n.from = c.slots
	for i := range n.given {
		g := &n.given[i]
		g.value.check(c, s)
		g.slot = c.slot()
		sc.own[g.name] = g.slot
		inside = inside.with(g.slot)
	}
	if n.over != nil {
		n.over.check(c, s)
		n.item, n.number = c.slot(), c.loops
		c.loops++
		inside.place = inside.place.repeated()
		sc.loops = []inner{{n.as, n.item, n.number, inside.place}}
	}
	c.rendering = append(c.rendering, n.name)
	start := inside.place
	n.body, inside = c.source(&source{name: n.name, text: text}, sc, inside)
	c.rendering = c.rendering[:len(c.rendering)-1]
	n.to = c.slots
	if n.over != nil {
		c.round(n.at, start, inside)
	}
	s.place = inside.place
	return s
}

func (n *rendered) exec(r *run) flow {
	if n.over == nil {
		r.enter(n)
		return r.block(n.body)
	}
	items := r.enumerate(n.at, n.over.eval(r))
	for i, x := range items {
		r.enter(n)
		r.rounds[n.number] = round{at: i, of: len(items), title: n.as}
		r.slots[n.item] = x
		if r.block(n.body); r.first != nil {
			return onward
		}
	}
	return onward
}

// enter gives the snippet fresh variables. What it is given is worked out
// before any is cleared, since that may be the last round's.
func (r *run) enter(n *rendered) {
	base := len(r.stack)
	for _, g := range n.given {
		r.stack = append(r.stack, g.value.eval(r))
	}
	for i := n.from; i < n.to; i++ {
		r.slots[i] = Value{sort: isUnset}
	}
	for i, g := range n.given {
		r.slots[g.slot] = r.stack[base+i]
	}
	r.stack = r.stack[:base]
	r.spend(n.at, 32*(n.to-n.from))
}
