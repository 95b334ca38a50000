package expression

import (
	"cmp"
	"slices"

	"cel.dev/cel-go/common"
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/parser"

	"github.com/heed-platform/heed/internal/clock"
	"github.com/heed-platform/heed/internal/fact"
	"github.com/heed-platform/heed/internal/policy"
	"github.com/heed-platform/heed/internal/problem"
)

// The limits of one expression. A step is one part looked at once; parts that
// walk a list or a text count for more.
const (
	maxLetters = 4000
	maxDepth   = 100
	maxSteps   = 2000

	stepsOfText = 5
	stepsOfWalk = 20
)

// Expression is a checked expression. It never changes and may be asked by
// many goroutines at once.
type Expression struct {
	text     string
	root     judge
	fields   []string
	warnings []problem.Field
	timed    bool
	steps    int
}

// Compile reads and checks an expression against what is known of the people.
// Its error is a problem "expression-mistaken" that names every mistake as
// line:column with a reason and a caret. Names that nobody has been seen with
// are allowed, and told by Warnings. Everything that any Schema accepts, the
// zero Schema accepts too, and it means the same.
func Compile(source string, schema Schema) (*Expression, error) {
	if err := mistaken(tooLong(source), source); err != nil {
		return nil, err
	}
	tree, err := parse(source)
	if err != nil {
		return nil, err
	}
	c := &compiler{schema: schema, info: tree.SourceInfo(), fields: map[string]bool{}}
	root := c.yesOrNo(c.term(tree.Expr()))
	if c.steps > maxSteps {
		c.mistakes.add(place{1, 1}, "This takes up to %d steps for one person and may take %d; make it simpler.", c.steps, maxSteps)
	}
	if err := mistaken(c.mistakes, source); err != nil {
		return nil, err
	}
	e := &Expression{text: source, root: root, timed: c.timed, steps: c.steps, warnings: pointed(c.warnings, source)}
	for f := range c.fields {
		e.fields = append(e.fields, f)
	}
	slices.Sort(e.fields)
	return e, nil
}

// parse makes CEL's tree. Macros are left out: has is read as a call, and there
// is nothing else that could loop.
func parse(source string) (*ast.AST, error) {
	p, err := parser.NewParser(
		parser.EnablePrattParser(true),
		parser.MaxRecursionDepth(maxDepth),
		parser.ErrorReportingLimit(1),
		parser.EnableIdentEscapeSyntax(true),
	)
	if err != nil {
		return nil, err
	}
	tree, wrong := p.Parse(common.NewTextSource(source))
	if len(wrong.GetErrors()) == 0 {
		return tree, nil
	}
	found := slips(source)
	if len(found) == 0 {
		at := wrong.GetErrors()[0].Location
		found.add(place{max(at.Line(), 1), at.Column() + 1},
			"This cannot be read from here on: something is missing before it, too much, or nested too deeply.")
	}
	return nil, mistaken(found, source)
}

// String is the text that was compiled.
func (e *Expression) String() string { return e.text }

// Fields are the paths of everything that the answer can hang on, sorted, known
// before anybody is looked at: traits.plan, events.Order Completed, purchases,
// purchases.shoes, spend, identifiers.email.
func (e *Expression) Fields() []string { return slices.Clone(e.fields) }

// Warnings are remarks that stop nothing: line:column and a sentence.
func (e *Expression) Warnings() []problem.Field { return slices.Clone(e.warnings) }

// Timed reports whether the answer can change by the passing of time alone.
// Values that expire are not meant; Judge's moment knows about those.
func (e *Expression) Timed() bool { return e.timed }

// Judge answers for one reading and gives the next moment at which the answer
// may be another although nothing new became known; zero is never. Until then
// the answer holds for the same Sight. A ruling that lapses by time makes
// another Sight; the gate knows when.
func (e *Expression) Judge(r *Reading) (policy.Tri, clock.Instant) {
	if r.person == nil {
		return policy.Unknown, 0
	}
	r.due = 0
	answer := e.root.judge(r)
	return answer, r.due
}

// Match answers for one person at now. Unknown means that it hangs on something
// withheld.
func (e *Expression) Match(s fact.Sight, now clock.Instant) policy.Tri {
	answer, _ := e.Judge(NewReading(s, now))
	return answer
}

// Due is the next moment at which Match may answer something else for the same
// sight; zero is never.
func (e *Expression) Due(s fact.Sight, now clock.Instant) clock.Instant {
	_, due := e.Judge(NewReading(s, now))
	return due
}

// Lacks is what was looked for and withheld while the question was answered,
// sorted by path. It is the why of an unknown.
func (e *Expression) Lacks(s fact.Sight, now clock.Instant) []Withheld {
	met := []Withheld{}
	r := NewReading(s, now)
	r.met = &met
	e.Judge(r)
	slices.SortFunc(met, func(a, b Withheld) int { return cmp.Compare(a.Path, b.Path) })
	return met
}
