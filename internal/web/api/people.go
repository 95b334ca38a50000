package api

import (
	"strconv"

	"github.com/heed-platform/heed/internal/keep/gate"
	"github.com/heed-platform/heed/internal/person"
	"github.com/heed-platform/heed/internal/problem"
	"github.com/heed-platform/heed/internal/web/api/said"
)

// identifier is how a request names somebody, in its body only.
type identifier struct {
	NS    string `json:"ns"`
	Value string `json:"value"`
}

func (i identifier) subject() gate.Subject {
	return gate.ByIdentifier(person.Ident(person.Namespace(i.NS), i.Value))
}

func (i identifier) check(p *problem.Error, at string) *problem.Error {
	if i.NS == "" {
		p = p.At(at+"/ns", "is missing")
	}
	if i.Value == "" {
		p = p.At(at+"/value", "is missing")
	}
	return p
}

// invalid is the problem of a request with these places wrong; nil without any.
func invalid(wrong []problem.Field) error {
	p := errInput
	for _, f := range wrong {
		p = p.At(f.Pointer, f.Reason)
	}
	return faults(p)
}

func faults(p *problem.Error) error {
	if len(p.Fields) == 0 {
		return nil
	}
	return p
}

func (c *visit) find() (any, error) {
	var in identifier
	if err := c.input(&in); err != nil {
		return nil, err
	}
	if err := faults(in.check(errInput, "")); err != nil {
		return nil, err
	}
	ref, err := c.People.Find(c.r.Context(), Visit{Subject: in.subject(), By: c.by, Why: c.why})
	if err != nil {
		return nil, err
	}
	return struct {
		Person string `json:"person"`
	}{ref}, nil
}

func (c *visit) show() (any, error) {
	v, err := c.person()
	if err != nil {
		return nil, err
	}
	return c.People.Show(c.r.Context(), v)
}

func (c *visit) explain() (any, error) {
	v, err := c.person()
	if err != nil {
		return nil, err
	}
	return c.People.Explain(c.r.Context(), v)
}

func (c *visit) export() (any, error) {
	v, err := c.person()
	if err != nil {
		return nil, err
	}
	return c.People.Export(c.r.Context(), v)
}

func (c *visit) erase() (any, error) {
	v, err := c.person()
	if err != nil {
		return nil, err
	}
	return c.People.Erase(c.r.Context(), v)
}

func (c *visit) decision() (any, error) {
	v, err := c.person()
	if err != nil {
		return nil, err
	}
	return c.People.Decision(c.r.Context(), v, c.r.PathValue("id"))
}

func (c *visit) replayDecision() (any, error) {
	v, err := c.person()
	if err != nil {
		return nil, err
	}
	return c.People.Replay(c.r.Context(), v, c.r.PathValue("id"))
}

func (c *visit) split() (any, error) {
	var in struct {
		Off  identifier  `json:"off"`
		From *identifier `json:"from"`
	}
	if err := c.input(&in); err != nil {
		return nil, err
	}
	p := in.Off.check(errInput, "/off")
	var from gate.Subject
	if in.From != nil {
		p, from = in.From.check(p, "/from"), in.From.subject()
	}
	if err := faults(p); err != nil {
		return nil, err
	}
	v, err := c.person()
	if err != nil {
		return nil, err
	}
	parts, err := c.People.Split(c.r.Context(), v, in.Off.subject(), from)
	if err != nil {
		return nil, err
	}
	return struct {
		Kept  person.Ref `json:"kept"`
		Other person.Ref `json:"other"`
		Cuts  int        `json:"cuts"`
	}{parts.Kept, parts.Other, parts.Cuts}, nil
}

// receipt says that a statement is in force.
type receipt struct {
	Records []string `json:"records"`
	Leaving int      `json:"leaving"`
}

func (c *visit) declare(st gate.Statement) (any, error) {
	v, err := c.person()
	if err != nil {
		return nil, err
	}
	st.By = c.by.String()
	got, err := c.People.Declare(c.r.Context(), v, st)
	if err != nil {
		return nil, err
	}
	return receipt{Records: append([]string{}, got.Records...), Leaving: got.Leaving}, nil
}

func (c *visit) prefer() (any, error) {
	var in said.Preferences
	if err := c.input(&in); err != nil {
		return nil, err
	}
	p, wrong := in.Fact()
	if err := invalid(wrong); err != nil {
		return nil, err
	}
	return c.declare(gate.Statement{Preference: p})
}

func (c *visit) grant() (any, error) {
	var in struct {
		Grants []said.Grant `json:"grants"`
	}
	if err := c.input(&in); err != nil {
		return nil, err
	}
	if len(in.Grants) == 0 || len(in.Grants) > maxGrants {
		return nil, errInput.At("/grants", "has from 1 to 100 entries")
	}
	var st gate.Statement
	var wrong []problem.Field
	for i, g := range in.Grants {
		entry, bad := g.Fact(c.Rules(), c.Clock.Now(), "/grants/"+strconv.Itoa(i))
		st.Grants, wrong = append(st.Grants, entry), append(wrong, bad...)
	}
	if err := invalid(wrong); err != nil {
		return nil, err
	}
	return c.declare(st)
}

const maxGrants = 100
