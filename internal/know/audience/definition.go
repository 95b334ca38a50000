package audience

import (
	"maps"
	"regexp"
	"slices"

	"github.com/heed-platform/heed/internal/know/audience/expression"
	"github.com/heed-platform/heed/internal/problem"
)

// Definition is an audience as a workspace writes it.
type Definition struct {
	Key        string `yaml:"key" json:"key"`
	Label      string `yaml:"label" json:"label"`
	About      string `yaml:"about" json:"about,omitempty"` // a sentence: who they are, and why anybody asks
	Expression string `yaml:"expression" json:"expression"`
	Purpose    string `yaml:"purpose" json:"purpose"` // what its membership is kept live for
	Generation int64  `yaml:"-" json:"-"`             // which version this is; memberships carry it
}

// Audience is a definition that was understood. It never changes.
type Audience struct {
	Definition

	Expression *expression.Expression
	asks       []*Audience // those it looks in, with in_audience
}

var keys = regexp.MustCompile(`^[a-z0-9][a-z0-9_-]{0,62}$`)

var errMistaken = problem.New(problem.Invalid, "audience-mistaken",
	"At least one audience cannot be used as it stands; each place that needs mending is named with a reason.")

// Compile understands all definitions of a workspace together, since they may
// look in each other. Its error is a problem "audience-mistaken" with a field
// for each mistake: KEY/key, KEY/label, KEY/purpose, or KEY/expression:LINE:COLUMN.
func Compile(definitions []Definition, schema expression.Schema) (*Set, error) {
	c := compiler{schema: schema, definitions: map[string]Definition{}, done: map[string]*Audience{}, open: map[string]bool{}}
	for _, d := range definitions {
		c.check(d)
		c.definitions[d.Key] = d
	}
	for _, key := range slices.Sorted(maps.Keys(c.definitions)) {
		c.compile(key)
	}
	if len(c.mistakes) > 0 {
		e := errMistaken
		for _, m := range c.mistakes {
			e = e.At(m.Pointer, m.Reason)
		}
		return nil, e
	}
	return newSet(slices.Collect(maps.Values(c.done))), nil
}

type compiler struct {
	schema      expression.Schema
	definitions map[string]Definition
	done        map[string]*Audience // nil is mistaken
	open        map[string]bool      // being compiled: asking for one of these goes round in a circle
	mistakes    []problem.Field
}

func (c *compiler) mistake(key, part, reason string) {
	c.mistakes = append(c.mistakes, problem.Field{Pointer: key + "/" + part, Reason: reason})
}

func (c *compiler) check(d Definition) {
	if !keys.MatchString(d.Key) {
		c.mistake(d.Key, "key", "A key is up to 63 small letters, digits, - and _.")
	}
	if _, twice := c.definitions[d.Key]; twice {
		c.mistake(d.Key, "key", "Another audience has this key.")
	}
	if d.Label == "" {
		c.mistake(d.Key, "label", "An audience needs a label for people to read.")
	}
	if d.Purpose == "" {
		c.mistake(d.Key, "purpose", "An audience needs the purpose that it is kept for.")
	}
}

// compile understands one definition, after those that it asks.
func (c *compiler) compile(key string) *Audience {
	if a, done := c.done[key]; done {
		return a
	}
	d := c.definitions[key]
	a := &Audience{Definition: d}
	schema := c.schema
	schema.Audience = func(other string) (*expression.Expression, string) {
		asked, why := c.ask(other)
		if asked == nil {
			return nil, why
		}
		a.asks = append(a.asks, asked)
		return asked.Expression, ""
	}
	c.open[key] = true
	e, err := expression.Compile(d.Expression, schema)
	delete(c.open, key)
	if err != nil {
		c.done[key] = nil
		for _, f := range problem.Of(err).Fields {
			c.mistake(key, "expression:"+f.Pointer, f.Reason)
		}
		return nil
	}
	a.Expression = e
	c.done[key] = a
	return a
}

// ask gives an audience that another one looks in, or nil and a sentence for
// the author.
func (c *compiler) ask(key string) (a *Audience, why string) {
	if _, known := c.definitions[key]; !known {
		return nil, "There is no audience of this name." + expression.Near(key, slices.Sorted(maps.Keys(c.definitions)))
	}
	if c.open[key] {
		return nil, "This audience is already being asked, so the question would go round for ever."
	}
	if a = c.compile(key); a == nil {
		return nil, "The audience asked here has a mistake of its own."
	}
	return a, ""
}

// same reports whether a asks what b asks: the same sentence for the same
// purpose, and so do those that it looks in.
func (a *Audience) same(b *Audience) bool {
	if a.Definition.Expression != b.Definition.Expression || a.Purpose != b.Purpose || len(a.asks) != len(b.asks) {
		return false
	}
	for i := range a.asks {
		if a.asks[i].Key != b.asks[i].Key || !a.asks[i].same(b.asks[i]) {
			return false
		}
	}
	return true
}
