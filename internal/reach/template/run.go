package template

import (
	"math"
	"slices"
)

// flow says how a node ended: go on, leave the loop, or begin its next round.
type flow uint8

const (
	onward flow = iota
	broke
	skipped
)

// run is one rendering.
type run struct {
	faults

	template *Template
	values   Values
	options  Options
	steps    int // left
	limit    int // of bytes, for the text and for every value on the way
	out      []byte
	slots    []Value
	rounds   []round
	seen     []seen
	stack    []Value // arguments of filters
}

// round is where a loop is.
type round struct {
	at, of int
	title  string
}

// seen is a field that was asked for.
type seen struct {
	value    Value
	presence Presence
	asked    bool
}

func (r *run) prepare() {
	t := r.template
	r.out = make([]byte, 0, min(t.grow, r.limit))
	r.seen = make([]seen, len(t.fields))
	r.rounds = make([]round, t.loops)
	r.slots = make([]Value, t.slots)
	for i := range r.slots {
		r.slots[i].sort = isUnset
	}
}

// spend takes steps: one, and one more for each 64 bytes that are handled. It
// reports whether there were enough.
func (r *run) spend(at spot, bytes int) bool {
	r.steps -= 1 + bytes>>6
	if r.steps < 0 {
		r.fail(at, errSlow, "Here the steps are used up. Look for a loop over very many values.")
	}
	return r.first == nil
}

// fits reports whether a text of this many bytes may be made.
func (r *run) fits(at spot, bytes int) bool {
	if bytes > r.limit {
		r.fail(at, errLong, "Here the text grows beyond %d bytes.", r.limit)
	}
	return r.first == nil
}

func (r *run) missing() (absent, withheld []string) {
	for i, s := range r.seen {
		switch {
		case s.asked && s.presence == Absent:
			absent = append(absent, r.template.fields[i].name())
		case s.presence == Withheld:
			withheld = append(withheld, r.template.fields[i].name())
		}
	}
	slices.Sort(absent)
	slices.Sort(withheld)
	return absent, withheld
}

func (r *run) block(b block) flow {
	for _, n := range b {
		if f := n.exec(r); f != onward || r.first != nil {
			return f
		}
	}
	return onward
}

func (n *literal) exec(r *run) flow {
	if r.spend(n.at, len(n.text)) && r.fits(n.at, len(r.out)+len(n.text)) {
		r.out = append(r.out, n.text...)
	}
	return onward
}

func (n *output) exec(r *run) flow {
	v := n.value.eval(r)
	before := len(r.out)
	if !r.spend(n.at, 0) {
		return onward
	}
	r.out = n.escape.append(r.out, v)
	r.spend(n.at, len(r.out)-before)
	r.fits(n.at, len(r.out))
	return onward
}

func (n *assign) exec(r *run) flow {
	if r.spend(n.at, 0) {
		r.slots[n.slot] = n.value.eval(r)
	}
	return onward
}

func (n *capture) exec(r *run) flow {
	outside := r.out
	r.out = nil
	f := r.block(n.body)
	r.slots[n.slot] = Value{sort: isText, text: string(r.out)}
	r.out = outside
	r.spend(n.at, len(r.slots[n.slot].text))
	return f
}

func (n *choice) exec(r *run) flow {
	for _, a := range n.arms {
		if !r.spend(n.at, 0) {
			return onward
		}
		if a.cond == nil || a.cond.eval(r).truthy() != a.unless {
			return r.block(a.body)
		}
	}
	return onward
}

func (n *match) exec(r *run) flow {
	v := n.value.eval(r)
	for _, w := range n.whens {
		for _, x := range w.values {
			if !r.spend(n.at, 0) {
				return onward
			}
			if equal(v, x.eval(r)) {
				return r.block(w.body)
			}
		}
	}
	return r.block(n.otherwise)
}

func (n *loop) exec(r *run) flow {
	items := r.enumerate(n.at, n.over.eval(r))
	if r.first != nil {
		return onward
	}
	if len(items) == 0 {
		return r.block(n.none)
	}
	if n.offset != nil {
		if v := n.offset.eval(r); v.sort != isNil {
			items = items[cut(v.whole(), len(items)):]
		}
	}
	if n.limit != nil {
		if v := n.limit.eval(r); v.sort != isNil {
			items = items[:cut(v.whole(), len(items))]
		}
	}
	for i := range items {
		if !r.spend(n.at, 0) {
			return onward
		}
		r.rounds[n.number] = round{at: i, of: len(items), title: n.title}
		if n.reversed {
			i = len(items) - 1 - i
		}
		r.slots[n.slot] = items[i]
		if f := r.block(n.body); f == broke || r.first != nil {
			return onward
		}
	}
	return onward
}

// cut is an index as JavaScript's slice takes it: from the end if negative,
// never outside.
func cut(i, n int) int {
	if i < 0 {
		i += n
	}
	return min(max(i, 0), n)
}

// enumerate is what a loop goes over: the items of a list, the members of an
// object as [name, value], or the one text.
func (r *run) enumerate(at spot, v Value) []Value {
	switch {
	case v.sort == isText && v.text != "":
		return []Value{v}
	case v.sort == isObject && r.spend(at, 64*len(v.many.values)):
		pairs := make([]Value, len(v.many.values))
		for i, x := range v.many.values {
			pairs[i] = List(String(v.many.names[i]), x)
		}
		return pairs
	}
	return v.items()
}

func (n *jump) exec(r *run) flow {
	r.spend(n.at, 0)
	return n.flow
}

func (c constant) eval(*run) Value { return c.value }

func (s span) eval(r *run) Value {
	from, okFrom := s.from.eval(r).number()
	to, okTo := s.to.eval(r).number()
	if !okFrom || !okTo || math.IsNaN(from) || math.IsNaN(to) || to < from {
		return List()
	}
	n := math.Ceil(to + 1 - from)
	if n > float64(r.steps) {
		r.spend(s.at, math.MaxInt32)
		return List()
	}
	r.spend(s.at, 64*int(n))
	values := make([]Value, int(n))
	for i := range values {
		values[i] = Number(from + float64(i))
	}
	return List(values...)
}

func (e compare) eval(r *run) Value {
	l, right := e.l.eval(r), e.r.eval(r)
	r.steps -= (len(l.text)+len(right.text))>>6 + len(l.items())
	switch e.op {
	case "==":
		return Bool(equal(l, right))
	case "!=":
		return Bool(!equal(l, right))
	case "contains":
		return Bool(contains(l, right))
	}
	sign, ok := order(l, right)
	switch e.op {
	case "<":
		ok = ok && sign < 0
	case "<=":
		ok = ok && sign <= 0
	case ">":
		ok = ok && sign > 0
	case ">=":
		ok = ok && sign >= 0
	}
	return Bool(ok)
}

func (e logic) eval(r *run) Value {
	if l := e.l.eval(r).truthy(); l != e.and {
		return Bool(l)
	}
	return Bool(e.r.eval(r).truthy())
}

func (e *filtered) eval(r *run) Value {
	v := e.base.eval(r)
	for _, c := range e.calls {
		if v = c.eval(r, v); r.first != nil {
			return Value{}
		}
	}
	return v
}

func (c *call) eval(r *run, v Value) Value {
	if !r.spend(c.at, len(v.text)+16*len(v.items())) {
		return Value{}
	}
	base := len(r.stack)
	for _, a := range c.args {
		r.stack = append(r.stack, a.eval(r))
	}
	if c.keeps == nil || v.sort != isBool || !c.keeps.eval(r).truthy() {
		v = c.filter.apply(work{r, c.at}, v, r.stack[base:])
	}
	r.stack = r.stack[:base]
	r.fits(c.at, len(v.text))
	return v
}

func (v *variable) eval(r *run) Value {
	if v.loop >= 0 {
		return r.rounds[v.loop].property(v.props[0].name)
	}
	props := v.props
	var x Value
	if v.slot >= 0 {
		x = r.slots[v.slot]
	}
	if v.slot < 0 || x.sort == isUnset {
		if v.field < 0 {
			return Value{}
		}
		x = r.lookup(v.field)
		props = props[v.walk:]
	}
	for i := range props {
		if p := &props[i]; p.index != nil {
			x = x.property(p.index.eval(r))
		} else {
			x = x.named(p.name)
		}
	}
	return x
}

func (r *run) lookup(i int) Value {
	s := &r.seen[i]
	if !s.asked {
		s.asked = true
		if s.value, s.presence = r.values.Lookup(r.template.fields[i].path); s.presence != Known {
			s.value = Value{}
		}
	}
	return s.value
}

// property is forloop.name.
func (l round) property(name string) Value {
	switch name {
	case "index":
		return Number(float64(l.at + 1))
	case "index0":
		return Number(float64(l.at))
	case "rindex":
		return Number(float64(l.of - l.at))
	case "rindex0":
		return Number(float64(l.of - l.at - 1))
	case "first":
		return Bool(l.at == 0)
	case "last":
		return Bool(l.at == l.of-1)
	case "length":
		return Number(float64(l.of))
	}
	return String(l.title)
}
