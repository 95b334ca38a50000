package template

import (
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/heed-platform/heed/internal/problem"
)

// faults keeps the first thing that went wrong; whoever embeds it looks before
// going on.
type faults struct{ first *problem.Error }

func (f *faults) fail(at spot, p *problem.Error, reason string, words ...any) {
	if f.first == nil {
		f.first = at.is(p, reason, words...)
	}
}

// reader reads what stands inside one tag or output.
type reader struct {
	*faults
	src     *source
	at, end int
	depth   int
}

const maxNesting = 20 // of brackets and ranges in one expression

func (r *reader) here() spot { return spot{r.src, r.at} }

func (r *reader) rest() string { return r.src.text[r.at:r.end] }

func (r *reader) space() {
	rest := r.rest()
	r.at += len(rest) - len(strings.TrimLeftFunc(rest, isGap))
}

// done reports whether only white space is left.
func (r *reader) done() bool {
	r.space()
	return r.at >= r.end
}

// take reads the mark if it stands next.
func (r *reader) take(mark string) bool {
	r.space()
	if !strings.HasPrefix(r.rest(), mark) {
		return false
	}
	r.at += len(mark)
	return true
}

// word reads a name, or nothing.
func (r *reader) word() string {
	rest := r.rest()
	n := strings.IndexFunc(rest, func(c rune) bool { return !isWord(c) })
	if n < 0 {
		n = len(rest)
	}
	r.at += n
	return rest[:n]
}

func isWord(c rune) bool {
	switch {
	case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c == '_', c == '-', c == '?':
		return true
	}
	return c >= utf8.RuneSelf && !isSpace(c) && !strings.ContainsRune("“”‘’", c)
}

// takeWord reads this word if it stands next.
func (r *reader) takeWord(word string) bool {
	r.space()
	before := r.at
	if r.word() == word {
		return true
	}
	r.at = before
	return false
}

// finish fails when something is left.
func (r *reader) finish() {
	if r.first == nil && !r.done() {
		r.fail(r.here(), errSyntax, "Here is something too much: %s.%s", r.next(), r.quoteHint())
	}
}

// next shows the next few characters, for a sentence. They are the template's.
func (r *reader) next() string {
	s := strings.TrimSpace(r.rest())
	return "“" + s[:advance(s, 0, 20)] + "”"
}

func (r *reader) quoteHint() string {
	c, _ := utf8.DecodeRuneInString(r.rest())
	if strings.ContainsRune("“”‘’„«»", c) {
		return ` Use straight quotes: "…".`
	}
	return ""
}

// expression reads comparisons joined by and, or; the right side is read first.
func (r *reader) expression() expr {
	l := r.comparison()
	at := r.here()
	and := r.takeWord("and")
	if !and && !r.takeWord("or") {
		return l
	}
	if r.depth++; r.depth > maxParts {
		r.fail(at, errDeep, "No more than %d conditions can be joined.", maxParts)
		return l
	}
	return logic{and: and, l: l, r: r.expression()}
}

const maxParts = 100 // of one condition

func (r *reader) comparison() expr {
	l := r.operand()
	op := r.operator()
	if op == "" {
		return l
	}
	c := compare{op: op, l: l, r: r.operand()}
	r.space()
	if at := r.here(); r.operator() != "" {
		r.fail(at, errSyntax, "Only two values can be compared; join comparisons with “and”.")
	}
	return c
}

func (r *reader) operator() string {
	for _, op := range []string{"==", "!=", "<>", ">=", "<=", ">", "<"} {
		if at := r.here(); r.take(op) {
			if op == "<>" {
				r.fail(at, errSyntax, "There is no operator “<>”; did you mean “!=”?")
			}
			return op
		}
	}
	if r.takeWord("contains") {
		return "contains"
	}
	if at := r.here(); r.take("=") {
		r.fail(at, errSyntax, "“=” does not compare; did you mean “==”?")
	}
	return ""
}

// operand is a value that must be there.
func (r *reader) operand() expr {
	r.space()
	v := r.value()
	if v == nil {
		if r.done() {
			r.fail(r.here(), errSyntax, "A value is missing here.")
		} else {
			r.fail(r.here(), errSyntax, "A value is missing before %s.%s", r.next(), r.quoteHint())
		}
		return constant{}
	}
	return v
}

// value reads a literal, a range or a variable; nil when none stands here.
func (r *reader) value() expr {
	r.space()
	if r.at >= r.end {
		return nil
	}
	if r.depth++; r.depth > maxNesting+maxParts {
		r.fail(r.here(), errDeep, "This is nested too deep.")
		return nil
	}
	defer func() { r.depth-- }()
	switch c := r.src.text[r.at]; {
	case c == '"' || c == '\'':
		return constant{String(r.quoted())}
	case c == '(':
		return r.span()
	case c >= '0' && c <= '9', (c == '-' || c == '+') && r.at+1 < r.end && isDigit(r.src.text[r.at+1]):
		return r.numeral()
	}
	at := r.here()
	switch name := r.word(); name {
	case "":
		return nil
	case "true", "false":
		return constant{Bool(name == "true")}
	case "nil", "null":
		return constant{}
	case "empty":
		return constant{Value{sort: isEmpty}}
	case "blank":
		return constant{Value{sort: isBlank}}
	default:
		return &variable{at: at, name: name, props: r.props(), slot: -1, field: -1, loop: -1}
	}
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

func (r *reader) numeral() expr {
	at, from := r.here(), r.at
	r.at++
	for r.at < r.end && isDigit(r.src.text[r.at]) {
		r.at++
	}
	if r.at+1 < r.end && r.src.text[r.at] == '.' && isDigit(r.src.text[r.at+1]) {
		for r.at++; r.at < r.end && isDigit(r.src.text[r.at]); {
			r.at++
		}
	}
	digits := r.src.text[from:r.at]
	if r.word() != "" || strings.HasPrefix(r.rest(), ".") && !strings.HasPrefix(r.rest(), "..") {
		r.fail(at, errSyntax, "%s… is not a number.", digits)
	}
	return constant{numeral(strings.TrimPrefix(digits, "+"))}
}

func (r *reader) span() expr {
	s := span{at: r.here()}
	r.take("(")
	s.from = r.operand()
	if !r.take("..") {
		r.fail(r.here(), errSyntax, "Parentheses hold a range, as in (1..5); they cannot group conditions.")
		return s
	}
	s.to = r.operand()
	if !r.take(")") {
		r.fail(r.here(), errSyntax, "The range is not closed with “)”.")
	}
	return s
}

// props reads the steps after a variable's name.
func (r *reader) props() []prop {
	var props []prop
	for r.first == nil && r.at < r.end {
		at := r.here()
		text := r.src.text
		switch {
		case text[r.at] == '[':
			r.at++
			p := prop{at: at, index: r.operand()}
			if !r.take("]") {
				r.fail(at, errSyntax, "The bracket is not closed with “]”.")
			}
			if k, ok := p.index.(constant); ok && k.value.sort == isText {
				p = prop{at: at, name: k.value.text}
			} else if ok {
				p.number = k.value.sort == isNumber
			}
			props = append(props, p)
		case text[r.at] == '.' && (r.at+1 >= r.end || text[r.at+1] != '.'):
			r.at++
			name := r.word()
			if name == "" {
				r.fail(at, errSyntax, "A name is missing after the dot.")
			}
			props = append(props, prop{at: at, name: name})
		default:
			return props
		}
	}
	return props
}

// quoted reads a string with JavaScript's escapes.
func (r *reader) quoted() string {
	start := r.here()
	quote := r.src.text[r.at]
	var b strings.Builder
	for r.at++; r.at < r.end; r.at++ {
		c := r.src.text[r.at]
		switch {
		case c == quote:
			r.at++
			return b.String()
		case c == '\\' && r.at+1 < r.end:
			r.at++
			r.escape(&b)
		default:
			b.WriteByte(c)
		}
	}
	r.fail(start, errSyntax, "The text is not closed with %c.", quote)
	return ""
}

// escape reads what follows a backslash and stays on its last byte.
func (r *reader) escape(b *strings.Builder) {
	c := r.src.text[r.at]
	if i := strings.IndexByte("bfnrtv", c); i >= 0 {
		b.WriteByte("\b\f\n\r\t\v"[i])
		return
	}
	if c != 'u' {
		b.WriteByte(c)
		return
	}
	digits := r.src.text[r.at+1 : min(r.at+5, r.end)]
	n, err := strconv.ParseUint(digits, 16, 32)
	if err != nil || len(digits) < 4 {
		r.fail(r.here(), errSyntax, `\u needs four hexadecimal digits.`)
		return
	}
	b.WriteRune(rune(n))
	r.at += 4
}

// filteredValue reads an expression and its filters, to the end.
func (r *reader) filteredValue() expr {
	base := r.expression()
	var calls []*call
	for r.first == nil && r.take("|") {
		calls = append(calls, r.call())
	}
	r.finish()
	if len(calls) == 0 {
		return base
	}
	return &filtered{base: base, calls: calls}
}

func (r *reader) call() *call {
	r.space()
	c := &call{at: r.here(), name: r.word()}
	if c.name == "" {
		r.fail(c.at, errSyntax, "The name of a filter is missing after “|”.")
		return c
	}
	f, ok := filters[c.name]
	switch {
	case c.name == "raw":
		r.fail(c.at, errFilter, "There is no filter called “raw”: values are always escaped. What need not be escaped is the text of the template itself.")
	case !ok:
		r.fail(c.at, errFilter, "There is no filter called “%s”%s", c.name, ending(nearest(c.name, filterNames())))
	}
	c.filter = f
	if r.take(":") {
		for r.argument(c); r.first == nil && r.take(","); {
			r.argument(c)
		}
	}
	if n := len(c.args); r.first == nil && (n < f.least || n > f.most) {
		r.fail(c.at, errArguments, "The filter “%s” takes %s after its colon, and here it has %d.", c.name, f.arity(), n)
	}
	return c
}

// argument reads one value, or default's allow_false.
func (r *reader) argument(c *call) {
	r.space()
	at := r.here()
	v := r.operand()
	if !r.take(":") {
		c.args = append(c.args, v)
		return
	}
	if k, ok := v.(*variable); ok && k.name == "allow_false" && len(k.props) == 0 && c.name == "default" {
		c.keeps = r.operand()
		return
	}
	r.fail(at, errArguments, "The filter “%s” knows no argument of that name.", c.name)
}

// ending closes a sentence that may end with a question.
func ending(hint string) string {
	if hint == "" {
		return "."
	}
	return hint
}

func filterNames() []string {
	names := make([]string, 0, len(filters))
	for name := range filters {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}
