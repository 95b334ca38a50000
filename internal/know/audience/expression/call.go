package expression

import (
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"

	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"

	"github.com/heed-platform/heed/internal/clock"
	"github.com/heed-platform/heed/internal/know/profile/money"
)

// usage is how each function is written.
var usage = map[string]string{
	"has":             `has(traits.NAME) or has(identifiers.NAMESPACE)`,
	"count":           `count("EVENT") or count("EVENT", days(30))`,
	"first":           `first("EVENT")`,
	"last":            `last("EVENT")`,
	"bought":          `bought("ITEM") or bought("ITEM", days(90))`,
	"bought_category": `bought_category("CATEGORY") or bought_category("CATEGORY", days(90))`,
	"bought_brand":    `bought_brand("BRAND") or bought_brand("BRAND", days(90))`,
	"spend":           `spend("EUR")`,
	"orders":          `orders()`,
	"within":          `within(TIME, days(30))`,
	"older":           `older(TIME, days(90))`,
	"ahead":           `ahead(TIME, days(14))`,
	"in_audience":     `in_audience("KEY")`,
	"days":            `days(30)`,
	"weeks":           `weeks(4)`,
	"hours":           `hours(48)`,
	"timestamp":       `timestamp("2026-01-31T00:00:00Z")`,
	"contains":        `TEXT.contains("PART")`,
	"startsWith":      `TEXT.startsWith("PART")`,
	"endsWith":        `TEXT.endsWith("PART")`,
	"lowerAscii":      `TEXT.lowerAscii()`,
	"upperAscii":      `TEXT.upperAscii()`,
	"size":            `size(TEXT) or size(LIST)`,
}

// call is a function or an operator.
func (c *compiler) call(e ast.Expr) term {
	call := e.AsCall()
	name, args := call.FunctionName(), call.Args()
	if t, ok := c.operator(e, name, args); ok {
		return t
	}
	if usage[name] == "" {
		return c.wrong(e, "There is no function %s.%s", name, Near(name, slices.Sorted(maps.Keys(usage))))
	}
	misused := func() term { return c.wrong(e, "%s is written %s.", name, usage[name]) }
	switch name {
	case "contains", "startsWith", "endsWith":
		if !call.IsMemberFunction() || len(args) != 1 {
			return misused()
		}
		return c.matches(name, c.term(call.Target()), c.term(args[0]))
	case "lowerAscii", "upperAscii":
		if !call.IsMemberFunction() || len(args) != 0 {
			return misused()
		}
		return c.folded(name, c.term(call.Target()))
	case "size":
		if call.IsMemberFunction() {
			args = append([]ast.Expr{call.Target()}, args...)
		}
		if len(args) != 1 {
			return misused()
		}
		return c.size(c.term(args[0]))
	}
	if call.IsMemberFunction() {
		return misused()
	}
	t, ok := c.function(e, name, args)
	if !ok {
		return misused()
	}
	return t
}

// function is one that stands by itself; ok is false when it is miswritten.
func (c *compiler) function(e ast.Expr, name string, args []ast.Expr) (t term, ok bool) {
	at := c.place(e)
	switch {
	case name == "orders" && len(args) == 0:
		c.reads(spend)
		return term{kind: Number, source: ordersMade{}, about: "orders()", at: at}, true
	case name == "has" && len(args) == 1:
		return c.has(e, args[0])
	case name == "timestamp" && len(args) == 1:
		return c.moment(c.term(args[0])), true
	case (name == "within" || name == "older" || name == "ahead") && len(args) == 2:
		length, ok := c.length(args[1])
		return c.window(name, at, c.term(args[0]), length), ok
	case name == "days" || name == "weeks" || name == "hours":
		length, ok := c.length(e)
		return term{kind: lengthOfTime, source: constant{value{kind: span, n: int64(length)}}, fixed: true, at: at}, ok
	}
	if len(args) == 0 || len(args) > 2 {
		return t, false
	}
	word, ok := fixedText(args[0])
	if !ok || word == "" {
		return t, false
	}
	switch name {
	case "count":
		return c.count(word, at, args[1:])
	case "bought", "bought_category", "bought_brand":
		return c.bought(name, word, at, args[1:])
	}
	if len(args) != 1 {
		return t, false
	}
	switch name {
	case "first", "last":
		return term{kind: Time, source: occurred{c.event(word, at), word, name == "last"}, about: name + "(…)", at: at}, true
	case "spend":
		return c.spent(word, at), true
	case "in_audience":
		return c.audience(word, at), true
	}
	return t, false
}

// fixedText is a text written in the expression.
func fixedText(e ast.Expr) (string, bool) {
	if e.Kind() != ast.LiteralKind {
		return "", false
	}
	s, ok := e.AsLiteral().Value().(string)
	return s, ok
}

// longest is the longest length of time: a hundred years.
const longest = 36500 * day

// length is days(n), weeks(n) or hours(n). They are fixed, so that it can be
// said when an answer changes.
func (c *compiler) length(e ast.Expr) (clock.Instant, bool) {
	if e.Kind() != ast.CallKind || len(e.AsCall().Args()) != 1 {
		return 0, false
	}
	n := e.AsCall().Args()[0]
	if n.Kind() != ast.LiteralKind {
		return 0, false
	}
	count, ok := n.AsLiteral().Value().(int64)
	unit := map[string]clock.Instant{"days": day, "weeks": 7 * day, "hours": day / 24}[e.AsCall().FunctionName()]
	if !ok || unit == 0 || count < 1 || clock.Instant(count) > longest/unit {
		return 0, false
	}
	return clock.Instant(count) * unit, true
}

func (c *compiler) window(name string, at place, of term, length clock.Instant) term {
	how := map[string]func(*Reading, clock.Instant, clock.Instant) bool{"within": within, "older": older, "ahead": ahead}[name]
	c.timed = true
	c.wantTime(of)
	return term{kind: Bool, judge: window{of.value(), length, how}, at: at}
}

// wantTime refuses what can be no time.
func (c *compiler) wantTime(t term) {
	if t.kind != Time && t.kind != Mixed && (t.kind != String || t.fixed) {
		c.mistakes.add(t.at, "Here a time is needed, such as last(\"EVENT\"), and this is %s.", t.kind.plain())
	} else if t.kind == String {
		c.warnings.add(t.at, "What %s holds has not looked like a time so far; where it does not, the answer is no.", t.name())
	}
}

func (c *compiler) moment(of term) term {
	if s, fixed := of.text(); fixed {
		t, ok := readTime(s)
		if !ok {
			c.mistakes.add(of.at, "A time is written 2026-01-31T18:00:00Z, or 2026-01-31 for its first moment in UTC.")
		}
		return term{kind: Time, source: constant{value{kind: instant, n: int64(t)}}, fixed: true, at: of.at}
	}
	c.wantTime(of)
	return term{kind: Time, source: moment{of.value()}, about: of.about, at: of.at}
}

// has asks for a path; anything else always or never has a value.
func (c *compiler) has(e, arg ast.Expr) (term, bool) {
	if arg.Kind() != ast.SelectKind {
		if _, _, path := c.unfold(arg); path && arg.Kind() == ast.CallKind {
			return c.wrong(e, "In has, a name with spaces is written traits.`Favorite Brand`."), true
		}
		return term{}, false
	}
	c.steps++
	t := c.path(arg)
	return term{kind: Bool, judge: given{t.value()}, at: c.place(e)}, true
}

// event records an event name that is read.
func (c *compiler) event(name string, at place) string {
	if len(c.schema.Events) > 0 && !slices.Contains(c.schema.Events, name) {
		c.warnings.add(at, "No event of this name has been seen yet.%s", Near(name, c.schema.Events))
	}
	return c.reads(events + "." + name)
}

// counted is how far back counts are kept by the day.
const counted = 400

func (c *compiler) count(name string, at place, window []ast.Expr) (term, bool) {
	source := count{path: c.event(name, at), name: name}
	if len(window) == 1 {
		length, ok := c.length(window[0])
		if !ok {
			return term{}, false
		}
		if length%day != 0 || length > counted*day || window[0].AsCall().FunctionName() == "hours" {
			c.mistakes.add(c.place(window[0]), "Counts are kept by the day, for %d days: write days(1) to days(%d).", counted, counted)
		}
		source.days = int64(length / day)
		c.timed = true
		c.steps += stepsOfWalk
	}
	return term{kind: Number, source: source, about: "count(…)", at: at}, true
}

func (c *compiler) bought(name, what string, at place, window []ast.Expr) (term, bool) {
	c.steps += stepsOfWalk
	b := bought{path: purchases}
	switch name {
	case "bought":
		b.item = what
	case "bought_brand":
		b.brand = what
	case "bought_category":
		b.category = what
		b.path += "." + what
	}
	c.reads(b.path)
	if len(window) == 1 {
		length, ok := c.length(window[0])
		if !ok {
			return term{}, false
		}
		b.span = length
		c.timed = true
	}
	return term{kind: Bool, judge: b, at: at}, true
}

func (c *compiler) spent(currency string, at place) term {
	if code, ok := money.Currency(currency); !ok || code != currency {
		c.mistakes.add(at, "A currency is written as in ISO 4217: EUR, USD, JPY.")
	}
	c.reads(spend)
	return term{kind: Number, source: spent{currency, math.Pow10(money.Digits(currency))}, about: "spend(…)", at: at}
}

// audience asks the other audience's expression of the same view. Reading its
// memberships instead would carry into this purpose what another one allowed.
func (c *compiler) audience(key string, at place) term {
	var other *Expression
	why := "There are no audiences to look in here."
	if c.schema.Audience != nil {
		other, why = c.schema.Audience(key)
	}
	if other == nil {
		c.mistakes.add(at, "%s", why)
		return term{kind: Bool, judge: truth{constant{value{kind: absent}}}, at: at}
	}
	for _, f := range other.fields {
		c.reads(f)
	}
	c.timed = c.timed || other.timed
	c.steps += other.steps
	return term{kind: Bool, judge: other.root, at: at}
}

func (c *compiler) matches(name string, of, part term) term {
	c.steps += stepsOfText
	if of.kind == List {
		c.mistakes.add(of.at, "%s is a list; write \"VALUE\" in %s.", of.name(), of.name())
	} else {
		c.wantText(of)
	}
	c.wantText(part)
	how := map[string]func(string, string) bool{
		"contains": strings.Contains, "startsWith": strings.HasPrefix, "endsWith": strings.HasSuffix,
	}[name]
	return term{kind: Bool, judge: matches{of.value(), part.value(), how}, at: of.at}
}

func (c *compiler) folded(name string, of term) term {
	c.steps += stepsOfText
	c.wantText(of)
	to := lowerASCII
	if name == "upperAscii" {
		to = upperASCII
	}
	return term{kind: String, source: folded{of.value(), to}, about: of.about, at: of.at}
}

// wantText refuses what can be no text; a trait that holds times is text too.
func (c *compiler) wantText(t term) {
	_, isTrait := t.source.(trait)
	if t.kind != String && t.kind != Mixed && (t.kind != Time || !isTrait) {
		c.mistakes.add(t.at, "Here text is needed, and this is %s.", t.kind.plain())
	}
}

func (c *compiler) size(of term) term {
	c.steps += stepsOfText
	if of.kind == Number || of.kind == Bool || of.kind == lengthOfTime {
		c.mistakes.add(of.at, "Text, lists and objects have a size; this is %s.", of.kind.plain())
	}
	return term{kind: Number, source: size{of.value()}, about: "size(…)", at: of.at}
}

// isNumber reports whether text reads as a number, for a better message.
func isNumber(s string) bool {
	_, err := strconv.ParseFloat(s, 64)
	return err == nil
}

// operator is what stands between its parts; ok is false when name is none.
func (c *compiler) operator(e ast.Expr, name string, args []ast.Expr) (t term, ok bool) {
	switch name {
	case operators.LogicalAnd:
		return term{kind: Bool, judge: and{c.yesOrNo(c.term(args[0])), c.yesOrNo(c.term(args[1]))}, at: c.place(e)}, true
	case operators.LogicalOr:
		return term{kind: Bool, judge: or{c.yesOrNo(c.term(args[0])), c.yesOrNo(c.term(args[1]))}, at: c.place(e)}, true
	case operators.LogicalNot:
		return term{kind: Bool, judge: not{c.yesOrNo(c.term(args[0]))}, at: c.place(e)}, true
	case operators.Conditional:
		return c.choice(e, args), true
	case operators.Equals, operators.NotEquals:
		return c.equals(e, name == operators.NotEquals, c.term(args[0]), c.term(args[1])), true
	case operators.Less, operators.LessEquals, operators.Greater, operators.GreaterEquals:
		return c.ordered(e, name, c.term(args[0]), c.term(args[1])), true
	case operators.In:
		return c.in(e, args), true
	case operators.Index:
		return c.path(e), true
	case operators.Negate:
		return c.negative(c.term(args[0])), true
	case operators.Add, operators.Subtract, operators.Multiply, operators.Divide, operators.Modulo:
		sign, _ := operators.FindReverse(name)
		return c.arithmetic(e, sign[0], c.term(args[0]), c.term(args[1])), true
	}
	return t, false
}
