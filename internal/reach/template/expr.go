package template

// expr is something that has a value: a constant, a range, a variable, a
// comparison, a chain of filters.
type expr interface {
	eval(r *run) Value
	// check settles what it reads, given what is known before it.
	check(c *checker, s state)
}

type constant struct{ value Value }

// span is (from..to), both ends included.
type span struct {
	at       spot
	from, to expr
}

// compare is l op r for the operators that give an answer about two values.
type compare struct {
	op   string
	l, r expr
}

// logic is l and r, or l or r; Liquid reads them from right to left.
type logic struct {
	and  bool
	l, r expr
}

// filtered is a value and the filters it goes through, in order.
type filtered struct {
	base  expr
	calls []*call
}

// call is one filter with its arguments.
type call struct {
	at     spot
	name   string
	filter filter
	args   []expr
	keeps  expr // default's allow_false, or nil
}

// variable is a path that begins with a name: one of this template's own
// (assigned, captured, of a loop, given to a snippet) or a field from outside.
type variable struct {
	at    spot
	name  string
	props []prop

	// What check finds out.
	slot  int // own variable, or -1
	sure  bool
	field int // outside field, or -1
	walk  int // how many props the field takes
	loop  int // forloop of which loop, or -1
}

// prop is one step of a path.
type prop struct {
	at     spot
	name   string // when it is known now and is text
	number bool   // known now, and a number
	index  expr   // nil when name holds it
}
