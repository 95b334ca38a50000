package template

import (
	"slices"
	"strings"
)

// node is one step of a template.
type node interface {
	// check looks at what rendering it would do from state s on, and returns
	// the state after it.
	check(c *checker, s state) state
	// exec renders it.
	exec(r *run) flow
}

type block []node

type literal struct {
	at   spot
	text string
}

// output is {{ value }}, escaped as check found out.
type output struct {
	at     spot
	value  expr
	escape escape
}

type assign struct {
	at    spot
	name  string
	value expr
	slot  int
}

type capture struct {
	at   spot
	name string
	body block
	slot int
}

// choice is if or unless: the first arm whose condition holds. An arm without a
// condition is else.
type choice struct {
	at   spot
	arms []arm
}

type arm struct {
	cond   expr
	unless bool
	body   block
}

// match is case: every when with an equal value, or else.
type match struct {
	at        spot
	value     expr
	whens     []when
	otherwise block
}

type when struct {
	values []expr
	body   block
}

// loop is for. Its number names its forloop.
type loop struct {
	at            spot
	name          string
	title         string // forloop.name
	over          expr
	limit, offset expr
	reversed      bool
	body, none    block
	slot, number  int
}

// jump is break or continue.
type jump struct {
	at   spot
	flow flow
}

// parser builds the tree of one source.
type parser struct {
	*faults
	src    *source
	pieces []piece
	at     int
	depth  int
	loops  int      // how many for tags are open
	names  []string // every name that an assign or capture sets
}

const maxBlocks = 50 // tags inside tags

// parse reads a source to its end.
func (p *parser) parse() block {
	p.pieces, p.first = scan(p.src)
	if p.first != nil {
		return nil
	}
	body, end := p.block()
	if end != nil {
		p.fail(p.spot(end), errSyntax, "“%s” has no tag that it belongs to.", end.name)
	}
	return body
}

func (p *parser) spot(x *piece) spot { return spot{p.src, x.at} }

func (p *parser) reader(x *piece) *reader {
	return &reader{faults: p.faults, src: p.src, at: x.from, end: x.to}
}

// block reads nodes up to a tag that ends or divides a block, and returns it.
func (p *parser) block() (block, *piece) {
	var b block
	if p.depth++; p.depth > maxBlocks {
		p.fail(p.spot(&p.pieces[min(p.at, len(p.pieces)-1)]), errDeep, "Tags stand inside each other more than %d deep.", maxBlocks)
	}
	defer func() { p.depth-- }()
	for p.first == nil && p.at < len(p.pieces) {
		x := &p.pieces[p.at]
		p.at++
		switch x.sort {
		case pieceText:
			if x.text != "" {
				b = append(b, &literal{at: p.spot(x), text: x.text})
			}
		case pieceOutput:
			b = append(b, &output{at: p.spot(x), value: p.reader(x).filteredValue()})
		case pieceTag:
			if divides(x.name) {
				return b, x
			}
			if n := p.tag(x); n != nil {
				b = append(b, n)
			}
		}
	}
	return b, nil
}

func divides(tag string) bool {
	return tag == "else" || tag == "elsif" || tag == "when" || strings.HasPrefix(tag, "end")
}

func (p *parser) tag(x *piece) node {
	switch x.name {
	case "if", "unless":
		return p.choice(x)
	case "case":
		return p.match(x)
	case "for":
		return p.loop(x)
	case "assign":
		return p.assign(x)
	case "capture":
		return p.capture(x)
	case "render":
		return p.render(x)
	case "break", "continue":
		return p.jump(x)
	case "#":
		return nil
	case "include", "layout":
		p.fail(p.spot(x), errTag, "There is no tag called “%s”; use “render” with the name of a snippet.", x.name)
	default:
		p.fail(p.spot(x), errTag, "There is no tag called “%s”%s", x.name, ending(nearest(x.name, tags)))
	}
	return nil
}

var tags = []string{
	"if", "elsif", "else", "endif", "unless", "endunless", "case", "when", "endcase", "for", "endfor", "assign",
	"capture", "endcapture", "comment", "endcomment", "raw", "endraw", "render", "break", "continue",
}

// ends fails unless the block that x opened was closed by name.
func (p *parser) ends(x, end *piece, names ...string) bool {
	if p.first != nil {
		return false
	}
	if end == nil {
		p.fail(p.spot(x), errSyntax, "{%% %s %%} is never closed with {%% end%s %%}.", x.name, x.name)
		return false
	}
	if !slices.Contains(names, end.name) {
		p.fail(p.spot(end), errSyntax, "“%s” does not fit the tag “%s” that is open here.", end.name, x.name)
		return false
	}
	if end.name == "else" || strings.HasPrefix(end.name, "end") {
		p.reader(end).finish()
	}
	return p.first == nil
}

func (p *parser) choice(x *piece) node {
	n := &choice{at: p.spot(x)}
	closer := "end" + x.name
	a := arm{cond: p.reader(x).filteredValue(), unless: x.name == "unless"}
	for {
		var end *piece
		a.body, end = p.block()
		n.arms = append(n.arms, a)
		names := []string{"elsif", "else", closer}
		if a.cond == nil {
			names = []string{closer}
		}
		if !p.ends(x, end, names...) || end.name == closer {
			return n
		}
		a = arm{}
		if end.name == "elsif" {
			a.cond = p.reader(end).filteredValue()
		}
	}
}

func (p *parser) match(x *piece) node {
	n := &match{at: p.spot(x), value: p.reader(x).filteredValue()}
	before, end := p.block()
	if i := slices.IndexFunc(before, visible); i >= 0 {
		p.fail(p.spot(x), errSyntax, "Between “case” and its first “when” nothing can stand.")
	}
	for p.ends(x, end, "when", "else", "endcase") && end.name == "when" {
		w := when{values: p.values(end)}
		w.body, end = p.block()
		n.whens = append(n.whens, w)
	}
	if p.first == nil && end.name == "else" {
		n.otherwise, end = p.block()
		p.ends(x, end, "endcase")
	}
	return n
}

func visible(n node) bool {
	t, ok := n.(*literal)
	return !ok || strings.TrimFunc(t.text, isSpace) != ""
}

// values reads what stands after when, divided by commas or “or”.
func (p *parser) values(x *piece) []expr {
	r := p.reader(x)
	values := []expr{r.operand()}
	for r.first == nil && (r.take(",") || r.takeWord("or")) {
		values = append(values, r.operand())
	}
	r.finish()
	return values
}

func (p *parser) loop(x *piece) node {
	r := p.reader(x)
	r.space()
	n := &loop{at: p.spot(x), name: p.name(r)}
	if !r.takeWord("in") {
		r.fail(n.at, errSyntax, "A loop reads {%% for item in list %%}; the word “in” is missing.")
	}
	r.space()
	from := r.at
	n.over = r.operand()
	n.title = n.name + "-" + r.src.text[from:r.at]
	for r.first == nil && !r.done() {
		r.take(",")
		switch at := r.here(); {
		case r.takeWord("reversed"):
			n.reversed = true
		case r.takeWord("limit"):
			n.limit = p.modifier(r, "limit")
		case r.takeWord("offset"):
			n.offset = p.modifier(r, "offset")
		default:
			r.fail(at, errSyntax, "After the list a loop knows “limit:”, “offset:” and “reversed”, not %s.", r.next())
		}
	}
	p.loops++
	var end *piece
	n.body, end = p.block()
	p.loops--
	if p.ends(x, end, "else", "endfor") && end.name == "else" {
		n.none, end = p.block()
		p.ends(x, end, "endfor")
	}
	return n
}

func (p *parser) modifier(r *reader, word string) expr {
	if !r.take(":") {
		r.fail(r.here(), errSyntax, "“%s” needs a colon and a number, as in %s: 3.", word, word)
	}
	v := r.operand()
	if k, ok := v.(*variable); ok && k.name == "continue" {
		r.fail(k.at, errSyntax, "“%s: continue” is not known here; give a number.", word)
	}
	return v
}

// name reads the name of a variable that the template sets.
func (p *parser) name(r *reader) string {
	at := r.here()
	name := r.word()
	switch name {
	case "":
		r.fail(at, errSyntax, "The name of a variable is missing here.")
	case "true", "false", "nil", "null", "empty", "blank", "forloop", "in", "and", "or", "contains":
		r.fail(at, errSyntax, "“%s” is a word of the language and cannot be a variable's name.", name)
	}
	return name
}

func (p *parser) assign(x *piece) node {
	r := p.reader(x)
	r.space()
	n := &assign{at: p.spot(x), name: p.name(r)}
	if !r.take("=") {
		r.fail(r.here(), errSyntax, "“assign” reads {%% assign name = value %%}; the “=” is missing.")
	}
	n.value = r.filteredValue()
	p.names = append(p.names, n.name)
	return n
}

func (p *parser) capture(x *piece) node {
	r := p.reader(x)
	r.space()
	n := &capture{at: p.spot(x)}
	if strings.HasPrefix(r.rest(), `"`) || strings.HasPrefix(r.rest(), "'") {
		n.name = r.quoted()
	} else {
		n.name = p.name(r)
	}
	r.finish()
	p.names = append(p.names, n.name)
	var end *piece
	n.body, end = p.block()
	p.ends(x, end, "endcapture")
	return n
}

func (p *parser) jump(x *piece) node {
	p.reader(x).finish()
	if p.loops == 0 {
		p.fail(p.spot(x), errSyntax, "“%s” stands outside of every loop.", x.name)
	}
	n := &jump{at: p.spot(x), flow: broke}
	if x.name == "continue" {
		n.flow = skipped
	}
	return n
}
