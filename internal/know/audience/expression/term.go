package expression

import (
	"unicode/utf8"

	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"

	"github.com/heed-platform/heed/internal/person"
)

// compiler walks CEL's tree once, checks it and builds what will be asked.
type compiler struct {
	schema   Schema
	info     *ast.SourceInfo
	fields   map[string]bool
	mistakes notes
	warnings notes
	timed    bool
	steps    int
}

// term is one checked part. It has a judge or a source; the other one is made
// from it on demand.
type term struct {
	kind   Type
	judge  judge
	source source
	about  string // what to call it in a message: "traits.plan"
	fixed  bool   // written in the expression
	at     place
}

// wrong stands for a part that has a mistake. It is Mixed, so that one mistake
// is told once.
func (c *compiler) wrong(e ast.Expr, format string, args ...any) term {
	at := c.place(e)
	c.mistakes.add(at, format, args...)
	return term{kind: Mixed, source: constant{value{kind: absent}}, at: at}
}

// place is where the author would point when reading e: for a + b the start of a.
func (c *compiler) place(e ast.Expr) place {
	at := c.spot(e)
	if e.Kind() == ast.SelectKind {
		return c.place(e.AsSelect().Operand())
	}
	if e.Kind() == ast.CallKind {
		call := e.AsCall()
		if call.IsMemberFunction() {
			return c.place(call.Target())
		}
		name := call.FunctionName()
		_, sign := operators.FindReverse(name)
		switch {
		case !sign:
			// The parser puts a call at its bracket.
			at.column -= utf8.RuneCountInString(name)
		case name != operators.LogicalNot && name != operators.Negate:
			return c.place(call.Args()[0])
		}
	}
	return at
}

// spot is where the parser puts e: for a + b the sign.
func (c *compiler) spot(e ast.Expr) place {
	at := c.info.GetStartLocation(e.ID())
	return place{max(at.Line(), 1), max(at.Column(), 0) + 1}
}

// reads records a field path that the answer hangs on.
func (c *compiler) reads(path string) string {
	c.fields[path] = true
	return path
}

// value is t as something that has a value.
func (t term) value() source {
	if t.source != nil {
		return t.source
	}
	return verdict{t.judge}
}

// name is t in a sentence.
func (t term) name() string {
	if t.about != "" {
		return t.about
	}
	return "the other side"
}

// text is the text written in the expression at t.
func (t term) text() (string, bool) {
	k, ok := t.source.(constant)
	return k.v.s, ok && k.v.kind == text
}

// yesOrNo is t where a yes or no is needed.
func (c *compiler) yesOrNo(t term) judge {
	if t.kind != Bool && t.kind != Mixed {
		name := t.about
		if name == "" {
			name = "this"
		}
		c.mistakes.add(t.at, "Here a yes or no is needed, and %s is %s; compare it with something.", name, t.kind.plain())
	}
	if t.judge != nil {
		return t.judge
	}
	return truth{t.source}
}

func (c *compiler) term(e ast.Expr) term {
	c.steps++
	switch e.Kind() {
	case ast.LiteralKind:
		return c.literal(e)
	case ast.IdentKind, ast.SelectKind:
		return c.path(e)
	case ast.CallKind:
		return c.call(e)
	case ast.ListKind:
		return c.wrong(e, "A list in brackets can only stand behind in.")
	case ast.MapKind, ast.StructKind:
		return c.wrong(e, "Braces mean nothing here.")
	case ast.ComprehensionKind, ast.UnspecifiedExprKind:
	}
	return c.wrong(e, "This means nothing here.")
}

func (c *compiler) literal(e ast.Expr) term {
	t := term{at: c.place(e), fixed: true}
	switch v := e.AsLiteral().Value().(type) {
	case bool:
		t.kind, t.source = Bool, constant{boolValue(v)}
	case int64:
		t.kind, t.source = Number, constant{value{kind: integer, n: v}}
	case float64:
		t.kind, t.source = Number, constant{value{kind: decimal, f: v}}
	case string:
		t.kind, t.source = String, constant{value{kind: text, s: v}}
	case uint64:
		return c.wrong(e, "Write the number without the u.")
	case []byte:
		return c.wrong(e, "Write the text without the b.")
	default:
		return c.wrong(e, "Nothing is ever null here; to ask whether there is a value, write has(traits.NAME).")
	}
	return t
}

// path is traits.… or identifiers.….
func (c *compiler) path(e ast.Expr) term {
	root, steps, ok := c.unfold(e)
	switch {
	case !ok:
		return c.wrong(e, "Only traits and identifiers have parts; write traits.NAME.")
	case root == traits && len(steps) > 0 && !steps[0].indexed:
		return c.trait(e, steps)
	case root == identifiers && len(steps) == 1 && !steps[0].indexed:
		path := c.reads(identifiers + "." + steps[0].key)
		return term{kind: String, source: identifier{path, person.Namespace(steps[0].key)}, about: path, at: c.place(e)}
	case root == traits:
		return c.wrong(e, "Say which trait: traits.NAME.")
	case root == identifiers:
		return c.wrong(e, "Say which identifier: identifiers.NAMESPACE, such as identifiers.email.")
	}
	return c.wrong(e, "The word %s means nothing by itself; text stands in quotes, a trait is written traits.NAME.%s", root, Near(root, c.schema.traits()))
}

// unfold takes a.b[0]["c"] apart; ok is false where it does not start with a word.
func (c *compiler) unfold(e ast.Expr) (root string, steps []step, ok bool) {
	switch e.Kind() {
	case ast.IdentKind:
		return e.AsIdent(), nil, true
	case ast.SelectKind:
		root, steps, ok = c.unfold(e.AsSelect().Operand())
		return root, append(steps, step{key: e.AsSelect().FieldName()}), ok
	case ast.CallKind:
		call := e.AsCall()
		if call.FunctionName() != operators.Index {
			return "", nil, false
		}
		root, steps, ok = c.unfold(call.Args()[0])
		next := step{}
		if at := call.Args()[1]; at.Kind() == ast.LiteralKind {
			switch v := at.AsLiteral().Value().(type) {
			case string:
				next.key = v
			case int64:
				next = step{index: int(v), indexed: true}
			default:
				ok = false
			}
		} else {
			ok = false
		}
		return root, append(steps, next), ok
	case ast.ComprehensionKind, ast.ListKind, ast.LiteralKind, ast.MapKind, ast.StructKind, ast.UnspecifiedExprKind:
	}
	return "", nil, false
}

func (c *compiler) trait(e ast.Expr, steps []step) term {
	name := steps[0].key
	learned, known := c.schema.Traits[name]
	t := term{kind: learned, about: traits + "." + name, at: c.place(e)}
	if len(c.schema.Traits) > 0 && !known {
		c.warnings.add(t.at, "Nobody has been seen with a trait %s yet, so it is absent for everybody.%s", name, Near(name, c.schema.traits()))
	}
	if len(steps) > 1 {
		c.steps += stepsOfText
		if learned != Mixed && learned != Object && learned != List {
			return c.wrong(e, "%s is %s and has no parts.", t.about, learned.plain())
		}
		t.kind = Mixed
	}
	t.source = trait{path: c.reads(traits + "." + name), name: name, steps: steps[1:]}
	return t
}
