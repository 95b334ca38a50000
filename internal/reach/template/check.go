package template

import (
	"slices"
	"strings"
)

// state is what is known at one point of a template before it is rendered: the
// place in the text, and which variables are set on every way to this point.
type state struct {
	place place
	set   []bool // by slot
	dead  bool   // nothing gets here: after break and continue
}

func (s state) has(slot int) bool { return slot < len(s.set) && s.set[slot] }

func (s state) with(slot int) state {
	set := make([]bool, max(len(s.set), slot+1))
	copy(set, s.set)
	set[slot] = true
	s.set = set
	return s
}

// scope is the variables that one source can see.
type scope struct {
	own   map[string]int // slots of what it assigns, captures or is given
	loops []inner
}

// inner is an open loop.
type inner struct {
	name         string
	slot, number int
	start        place // where each round begins, and must end
}

// field is a path outside the template that it can read.
type field struct {
	path []string
	at   spot
}

// checker walks a parsed template once, before it can be rendered: it gives
// every variable its slot or field, every output its escaping, and every
// snippet its own copy of the tree at the place where it stands.
type checker struct {
	*faults
	kind      Kind
	snippets  Snippets
	scope     *scope
	fields    []field
	slots     int
	loops     int
	rendering []string // the snippets around this point
	bytes     int      // of source so far, counting a snippet as often as it stands
	literals  int      // bytes of text, for the first size of the buffer
}

const (
	maxBytes    = 1 << 20
	maxSnippets = 8 // inside each other
)

// source parses and checks one source from state s on.
func (c *checker) source(src *source, sc *scope, s state) (block, state) {
	if c.bytes += len(src.text) + 64; c.bytes > maxBytes {
		c.fail(spot{src, 0}, errLarge, "With its snippets, each counted as often as it is rendered, the template is larger than %d bytes.", maxBytes)
		return nil, s
	}
	p := parser{faults: &faults{}, src: src}
	body := p.parse()
	if p.first != nil {
		if c.first == nil {
			c.first = p.first
		}
		return nil, s
	}
	for _, name := range p.names {
		if _, ok := sc.own[name]; !ok {
			sc.own[name] = c.slot()
		}
	}
	outer := c.scope
	c.scope = sc
	s = c.block(body, s)
	c.scope = outer
	return body, s
}

func (c *checker) slot() int {
	c.slots++
	return c.slots - 1
}

func (c *checker) block(b block, s state) state {
	for _, n := range b {
		if c.first != nil {
			return s
		}
		s = n.check(c, s)
	}
	return s
}

// join is the state after either a or b.
func (c *checker) join(at spot, a, b state) state {
	switch {
	case a.dead:
		return b
	case b.dead:
		return a
	}
	place, ok := a.place.join(b.place)
	if !ok {
		c.fail(at, errUneven, "One way through this tag ends %s, another ends %s.", a.place.describe(), b.place.describe())
	}
	j := state{place: place, set: make([]bool, min(len(a.set), len(b.set)))}
	for i := range j.set {
		j.set[i] = a.set[i] && b.set[i]
	}
	return j
}

func (n *literal) check(c *checker, s state) state {
	c.literals += len(n.text)
	if s.dead {
		return s
	}
	var offset int
	var reason string
	if s.place, offset, reason = s.place.feed(n.text); reason != "" {
		c.fail(spot{n.at.src, n.at.at + offset}, errPlace, "%s", reason)
	}
	return s
}

func (n *output) check(c *checker, s state) state {
	if !s.dead {
		var reason string
		if n.escape, n.value, reason = s.place.escape(n.value); reason != "" {
			c.fail(n.at, errPlace, "%s", reason)
		}
		s.place = s.place.after()
	}
	n.value.check(c, s)
	return s
}

func (n *assign) check(c *checker, s state) state {
	n.value.check(c, s)
	n.slot = c.scope.own[n.name]
	return s.with(n.slot)
}

// A captured text is a value like any other: it is escaped where it is put out,
// so it is collected as plain text and cannot hold markup.
func (n *capture) check(c *checker, s state) state {
	outside := s.place
	s.place = place{kind: Text, markup: outside.kind == HTML || outside.markup}
	s = c.block(n.body, s)
	s.place = outside
	n.slot = c.scope.own[n.name]
	return s.with(n.slot)
}

func (n *choice) check(c *checker, s state) state {
	var after state
	after.dead = true
	for _, a := range n.arms {
		if a.cond != nil {
			a.cond.check(c, s)
		}
		after = c.join(n.at, after, c.block(a.body, s))
	}
	if n.arms[len(n.arms)-1].cond != nil {
		after = c.join(n.at, after, s)
	}
	return after
}

func (n *match) check(c *checker, s state) state {
	n.value.check(c, s)
	after := c.block(n.otherwise, s)
	for _, w := range n.whens {
		for _, v := range w.values {
			v.check(c, s)
		}
		after = c.join(n.at, after, c.block(w.body, s))
	}
	return after
}

func (n *loop) check(c *checker, s state) state {
	for _, e := range []expr{n.over, n.limit, n.offset} {
		if e != nil {
			e.check(c, s)
		}
	}
	n.slot, n.number = c.slot(), c.loops
	c.loops++
	s.place = s.place.repeated()
	c.scope.loops = append(c.scope.loops, inner{n.name, n.slot, n.number, s.place})
	c.round(n.at, s.place, c.block(n.body, s))
	c.scope.loops = c.scope.loops[:len(c.scope.loops)-1]
	return c.join(n.at, s, c.block(n.none, s))
}

// round holds a loop to leaving the text as it found it.
func (c *checker) round(at spot, start place, end state) {
	if end.dead {
		return
	}
	if p, ok := start.join(end.place); !ok || p != start {
		c.fail(at, errUneven, "A round of this loop begins %s and ends %s.", start.describe(), end.place.describe())
	}
}

func (n *jump) check(c *checker, s state) state {
	loops := c.scope.loops
	c.round(n.at, loops[len(loops)-1].start, s)
	s.dead = true
	return s
}

func (s span) check(c *checker, st state) {
	s.from.check(c, st)
	s.to.check(c, st)
}

func (e compare) check(c *checker, s state) {
	e.l.check(c, s)
	e.r.check(c, s)
}

func (e logic) check(c *checker, s state) {
	e.l.check(c, s)
	e.r.check(c, s)
}

func (e constant) check(*checker, state) {}

func (e *filtered) check(c *checker, s state) {
	e.base.check(c, s)
	for _, x := range e.calls {
		for _, a := range x.args {
			a.check(c, s)
		}
		if x.keeps != nil {
			x.keeps.check(c, s)
		}
		if c.kind == HTML && (x.name == "escape" || x.name == "escape_once" || x.name == "newline_to_br") {
			c.fail(x.at, errPlace, "Values are escaped where they are put out, so in HTML “%s” can only be the last filter of an output in the text.", x.name)
		}
		if k, ok := first(x.args).(constant); ok && x.name == "date" {
			if code := badDateCode(k.value.string()); code != "" {
				c.fail(x.at, errArguments, "There is no date code “%s”; see %%Y, %%m, %%d, %%B, %%A, %%H, %%M and their kin.", code)
			}
		}
	}
}

func first(args []expr) expr {
	if len(args) == 0 {
		return nil
	}
	return args[0]
}

func (v *variable) check(c *checker, s state) {
	for _, p := range v.props {
		if p.index != nil {
			p.index.check(c, s)
		}
	}
	if v.name == "forloop" {
		v.checkForloop(c)
		return
	}
	for _, l := range slices.Backward(c.scope.loops) {
		if l.name == v.name {
			v.slot, v.sure = l.slot, true
			return
		}
	}
	v.slot = -1
	if slot, ok := c.scope.own[v.name]; ok {
		v.slot, v.sure = slot, s.has(slot)
	}
	if !v.sure {
		v.checkField(c)
	}
}

var forloopWords = []string{"index", "index0", "rindex", "rindex0", "first", "last", "length", "name"}

func (v *variable) checkForloop(c *checker) {
	if len(c.scope.loops) == 0 {
		c.fail(v.at, errSyntax, "“forloop” is known only inside a loop.")
		return
	}
	if len(v.props) != 1 || !slices.Contains(forloopWords, v.props[0].name) {
		c.fail(v.at, errSyntax, "A loop knows forloop.%s.", strings.Join(forloopWords, ", forloop."))
		return
	}
	v.loop = c.scope.loops[len(c.scope.loops)-1].number
}

// checkField settles which field of the outside the path reads. Under traits,
// events and identifiers the field must be named; elsewhere a name is taken as
// a field and anything else reads the whole.
func (v *variable) checkField(c *checker) {
	path := []string{v.name}
	var next prop
	if len(v.props) > 0 {
		next = v.props[0]
	}
	switch v.name {
	case "traits", "events", "identifiers":
		if next.name == "" {
			c.fail(v.at, errOpenField, "“%s” needs the name of one field, as in %s.name or %s[\"a name\"], so that it is known before sending what is read.", v.name, v.name, v.name)
			return
		}
		path = append(path, next.name)
	case "purchases", "spend", "memberships":
	default:
		if next.name != "first" && next.name != "last" && next.name != "size" && strings.Trim(next.name, "0123456789") != "" {
			path = append(path, next.name)
		}
	}
	v.walk = len(path) - 1
	v.field = slices.IndexFunc(c.fields, func(f field) bool { return slices.Equal(f.path, path) })
	if v.field < 0 {
		v.field = len(c.fields)
		c.fields = append(c.fields, field{path: path, at: v.at})
	}
}
