package audience

import (
	"cmp"
	"slices"

	"github.com/heed-platform/heed/internal/clock"
	"github.com/heed-platform/heed/internal/fact"
	"github.com/heed-platform/heed/internal/keep/gate"
	"github.com/heed-platform/heed/internal/know/audience/expression"
	"github.com/heed-platform/heed/internal/policy"
)

// Tally is an expression that counts its answers while it is asked about many
// people: a gate.Predicate whose Preview tells a marketer, before anything is
// sent, how many would be reached and what keeps the others back. It belongs to
// one goroutine.
type Tally struct {
	expression        *expression.Expression
	matched, withheld int
	codes, fields     map[string]int
}

var _ gate.Predicate = (*Tally)(nil)

// NewTally counts the answers of e.
func NewTally(e *expression.Expression) *Tally {
	return &Tally{expression: e, codes: map[string]int{}, fields: map[string]int{}}
}

// Fields are the paths that the expression reads.
func (t *Tally) Fields() []string { return t.expression.Fields() }

// Match answers as the expression does.
func (t *Tally) Match(s fact.Sight, now clock.Instant) policy.Tri {
	answer := t.expression.Match(s, now)
	switch answer {
	case policy.Yes:
		t.matched++
	case policy.Unknown:
		t.withheld++
		t.count(s, now)
	case policy.No:
	}
	return answer
}

// count adds one person to each code and each field that the answer lacked.
func (t *Tally) count(s fact.Sight, now clock.Instant) {
	seen := map[string]bool{}
	for _, w := range t.expression.Lacks(s, now) {
		t.fields[w.Path]++
		if !seen[w.Code] {
			seen[w.Code] = true
			t.codes[w.Code]++
		}
	}
}

// Preview is what a marketer may know of an audience before it is used. There
// is no count of the others: with it, every small number could be worked out.
type Preview struct {
	Matched  gate.Total `json:"matched"`
	Withheld gate.Total `json:"withheld"` // they might match; a promise keeps us from knowing
	Codes    []Line     `json:"codes"`    // the rulings that withhold, most people first
	Fields   []Line     `json:"fields"`   // what they withhold
}

// Line is how many people one reason keeps back. A person may be under several.
type Line struct {
	Name   string     `json:"name"`
	People gate.Total `json:"people"`
}

// Others is the name of the line that stands for reasons with few people each.
const Others = "others"

// Preview gives the counts so far.
func (t *Tally) Preview() Preview {
	return Preview{
		Matched: gate.TotalOf(t.matched), Withheld: gate.TotalOf(t.withheld),
		Codes: lines(t.codes), Fields: lines(t.fields),
	}
}

// fewest is how many people a line must stand for. Fewer are put together with
// the next: a single hidden number could be worked out from the sum of all.
const fewest = 10

func lines(counts map[string]int) []Line {
	type line struct {
		name string
		n    int
	}
	var sorted []line
	for name, n := range counts {
		sorted = append(sorted, line{name, n})
	}
	slices.SortFunc(sorted, func(a, b line) int { return cmp.Or(cmp.Compare(b.n, a.n), cmp.Compare(a.name, b.name)) })
	for last := len(sorted) - 1; last > 0 && sorted[last].n < fewest; last-- {
		sorted[last-1] = line{Others, sorted[last-1].n + sorted[last].n}
		sorted = sorted[:last]
	}
	out := make([]Line, 0, len(sorted))
	for _, l := range sorted {
		out = append(out, Line{l.name, gate.TotalOf(l.n)})
	}
	return out
}
