package template

import (
	"encoding/json"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/heed-platform/heed/internal/clock"
)

// Kind says what a template's text is, and so how values in it are escaped.
type Kind uint8

// The kinds.
const (
	Text    Kind = iota // plain text: control characters of values are left out
	HTML                // a page or the HTML part of a mail
	Subject             // one line of text: no line break gets in
	JSON                // the result is JSON or an error; a value outside quotes is a JSON value
	URL                 // a link; values cannot change its scheme, nor leave their component
)

// What one rendering may use when Options say nothing.
const (
	DefaultSteps = 100_000
	DefaultBytes = 256 << 10
)

// Snippets are stored pieces of templates by name, for {% render "name" %}. A
// snippet is of the kind of the template that renders it.
type Snippets map[string]string

// Presence says whether a field is there for this use.
type Presence uint8

// Withheld is unknown to the template: it is put out like an absent field, and
// reported apart.
const (
	Absent Presence = iota
	Known
	Withheld
)

// Values is what one use may see. Lookup is asked only for paths of
// Template.Fields, at most once each in one rendering.
type Values interface {
	Lookup(path []string) (Value, Presence)
}

// Options is what a rendering depends on besides its values.
type Options struct {
	Now      clock.Instant  // what “now” is to the date filter
	Zone     *time.Location // the person's, for dates; nil is UTC
	Language string         // the person's, as in "de" or "en-GB", for money; "" is English
	Steps    int            // 0 is DefaultSteps
	Bytes    int            // 0 is DefaultBytes
}

// Output is one rendered text, and the fields that it met and did not get.
type Output struct {
	Text     string
	Absent   []string
	Withheld []string
}

// Template is a parsed template. It is never changed and may be rendered by
// many goroutines at once.
type Template struct {
	kind   Kind
	body   block
	fields []field
	slots  int
	loops  int
	grow   int
}

// Parse reads a template and everything it can render, and finds all that can
// be found before there are values. The error is a *problem.Error whose codes
// begin with "template-"; its Field points to "line:column" ("snippet:line:column"
// in a snippet).
func Parse(text string, kind Kind, snippets Snippets) (*Template, error) {
	src := &source{text: text}
	if !utf8.ValidString(text) {
		return nil, spot{src, 0}.is(errBrokenSource, "Some bytes are not UTF-8.")
	}
	c := &checker{faults: &faults{}, kind: kind, snippets: snippets}
	body, end := c.source(src, &scope{own: map[string]int{}}, state{place: begin(kind)})
	if c.first == nil && (end.place.mode != inText || end.place.hidden || end.place.foreign) {
		c.fail(spot{src, len(text)}, errUneven, "The template ends %s.", end.place.describe())
	}
	if c.first != nil {
		return nil, c.first
	}
	return &Template{kind: kind, body: body, fields: c.fields, slots: c.slots, loops: c.loops, grow: c.literals + c.literals/2 + 128}, nil
}

// Fields are the paths of all fields that rendering can ask for, sorted, in
// the form "traits.first_name". A path of one word is everything under it.
func (t *Template) Fields() []string {
	names := make([]string, len(t.fields))
	for i, f := range t.fields {
		names[i] = f.name()
	}
	slices.Sort(names)
	return names
}

// Where is the line and column, from 1, at which a field of Fields is first
// read; a field that is read in a snippet is found there. Zero is nowhere.
func (t *Template) Where(path string) (line, column int) {
	for _, f := range t.fields {
		if f.name() == path {
			return f.at.position()
		}
	}
	return 0, 0
}

func (f field) name() string { return strings.Join(f.path, ".") }

// Render gives the whole text or an error, never a part of it. The error is a
// *problem.Error: template-too-long, template-too-slow, template-divided-by-zero
// or template-not-json.
func (t *Template) Render(values Values, o Options) (Output, error) {
	r := &run{template: t, values: values, options: o, steps: o.Steps, limit: o.Bytes}
	if r.steps == 0 {
		r.steps = DefaultSteps
	}
	if r.limit == 0 {
		r.limit = DefaultBytes
	}
	r.prepare()
	r.block(t.body)
	if r.first != nil {
		return Output{}, r.first
	}
	out := Output{Text: string(r.out)}
	switch t.kind {
	case Subject:
		out.Text = oneLine(out.Text)
	case URL:
		out.Text = strings.Join(strings.FieldsFunc(out.Text, func(c rune) bool { return c <= ' ' || c == 0x7F }), "")
	case JSON:
		if !json.Valid(r.out) {
			return Output{}, spot{&source{}, 0}.is(errNotJSON, "The values of this message make something that cannot be read as JSON.")
		}
	case Text, HTML:
	}
	out.Absent, out.Withheld = r.missing()
	return out, nil
}
