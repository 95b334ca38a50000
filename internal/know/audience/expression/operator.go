package expression

import (
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"
)

func (c *compiler) choice(e ast.Expr, args []ast.Expr) term {
	condition := c.yesOrNo(c.term(args[0]))
	yes, no := c.term(args[1]), c.term(args[2])
	t := term{kind: yes.kind, at: c.place(e)}
	if yes.kind == Mixed || no.kind == Mixed {
		t.kind = Mixed
	} else if yes.kind != no.kind {
		c.mistakes.add(no.at, "Both sides of : must be of one kind; here is %s and there %s.", yes.kind.plain(), no.kind.plain())
	}
	if t.kind == Bool {
		t.judge = either{condition, c.yesOrNo(yes), c.yesOrNo(no)}
	} else {
		t.source = choice{condition, yes.value(), no.value()}
	}
	return t
}

func (c *compiler) equals(e ast.Expr, turned bool, a, b term) term {
	t := term{kind: Bool, judge: equals{a.value(), b.value(), turned}, at: c.place(e)}
	switch {
	case a.kind == Mixed || b.kind == Mixed:
	case a.kind == List || b.kind == List:
		l, other := a, b
		if b.kind == List {
			l, other = b, a
		}
		if other.kind == List {
			c.mistakes.add(t.at, "Two lists cannot be compared; ask for what is in them.")
		} else {
			c.mistakes.add(t.at, "%s is a list; write VALUE in %s.", l.name(), l.name())
		}
	case a.kind == Object || b.kind == Object:
		c.mistakes.add(t.at, "An object cannot be compared; compare one of its parts.")
	default:
		c.comparable(t.at, a, b, "they can never be equal")
	}
	return t
}

func (c *compiler) ordered(e ast.Expr, sign string, a, b term) term {
	accepts := map[string]relation{
		operators.Less: {less: true}, operators.LessEquals: {less: true, equal: true},
		operators.Greater: {more: true}, operators.GreaterEquals: {more: true, equal: true},
	}[sign]
	t := term{kind: Bool, judge: ordered{a.value(), b.value(), accepts}, at: c.place(e)}
	for _, side := range []term{a, b} {
		if side.kind == Bool || side.kind == List || side.kind == Object {
			c.mistakes.add(side.at, "Numbers, times and text are smaller or larger; this is %s.", side.kind.plain())
			return t
		}
	}
	if a.kind != Mixed && b.kind != Mixed {
		c.comparable(t.at, a, b, "neither is smaller")
	}
	return t
}

// comparable refuses two sides of different kinds and says how to mend it.
func (c *compiler) comparable(at place, a, b term, so string) {
	if a.kind == b.kind {
		return
	}
	mend := ""
	for _, pair := range [][2]term{{a, b}, {b, a}} {
		side, other := pair[0], pair[1]
		switch s, isText := side.text(); {
		case isText && other.kind == Time:
			if _, ok := readTime(s); ok {
				mend = " Write timestamp(…) around the date."
			}
		case isText && (other.kind == Number && isNumber(s) || other.kind == Bool && (s == "true" || s == "false")):
			mend = " Leave out the quotes."
		case side.fixed && !isText && other.kind == String && (side.kind == Number || side.kind == Bool):
			mend = " Put it in quotes."
		}
	}
	if a.about == "" {
		a, b = b, a
	}
	c.mistakes.add(at, "%s is %s and %s is %s: %s.%s", subject(a), a.kind.plain(), b.name(), b.kind.plain(), so, mend)
}

func subject(t term) string {
	if t.about == "" {
		return "One side"
	}
	return t.about
}

func (c *compiler) in(e ast.Expr, args []ast.Expr) term {
	of := c.term(args[0])
	t := term{kind: Bool, at: c.place(e)}
	if args[1].Kind() == ast.ListKind {
		t.judge = c.among(of, args[1])
		return t
	}
	in := c.term(args[1])
	c.steps += stepsOfWalk
	if in.kind != List && in.kind != Object && in.kind != Mixed {
		c.mistakes.add(in.at, "Behind in stands a list: [\"a\", \"b\"], or a trait that holds one; this is %s.", in.kind.plain())
	}
	t.judge = inside{of.value(), in.value()}
	return t
}

func (c *compiler) among(of term, members ast.Expr) judge {
	j := among{of: of.value(), texts: map[string]bool{}}
	for _, m := range members.AsList().Elements() {
		member := c.term(m)
		k, ok := member.source.(constant)
		if !member.fixed || !ok {
			c.mistakes.add(member.at, "A list in brackets holds fixed values only.")
			continue
		}
		if of.kind != Mixed && member.kind != Mixed {
			c.comparable(member.at, of, member, "they can never be equal")
		}
		if k.v.kind == text {
			j.texts[k.v.s] = true
		} else {
			j.others = append(j.others, k.v)
		}
	}
	return j
}

func (c *compiler) negative(of term) term {
	if of.kind != Number && of.kind != Mixed {
		c.mistakes.add(of.at, "Only a number can have a minus; this is %s.", of.kind.plain())
	}
	return term{kind: Number, source: negative{of.value()}, about: of.about, at: of.at}
}

func (c *compiler) arithmetic(e ast.Expr, op byte, a, b term) term {
	t := term{kind: Number, source: arithmetic{op, a.value(), b.value()}, at: c.place(e)}
	moves := op == '+' || op == '-'
	temporal := func(k Type) bool { return k == Time || k == lengthOfTime }
	countable := func(k Type) bool { return k == Number || k == Mixed }
	switch {
	case countable(a.kind) && countable(b.kind):
	case moves && a.kind == lengthOfTime && b.kind == lengthOfTime:
		t.kind = lengthOfTime
	case op == '-' && a.kind != lengthOfTime && b.kind == Time && (a.kind == Mixed || temporal(a.kind)):
		t.kind = lengthOfTime
	case op == '-' && a.kind == Time && b.kind == Mixed:
		t.kind = lengthOfTime
	case moves && b.kind == lengthOfTime && (a.kind == Time || a.kind == Mixed):
		t.kind = Time
	case op == '+' && a.kind == lengthOfTime && (b.kind == Time || b.kind == Mixed):
		t.kind = Time
	default:
		c.mistakes.add(t.at, "%c works on numbers, and + and - on times; here are %s and %s.", op, a.kind.plain(), b.kind.plain())
	}
	return t
}
