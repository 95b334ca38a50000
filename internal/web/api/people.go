package api

import (
	"strconv"
	"time"

	"github.com/heed-platform/heed/internal/clock"
	"github.com/heed-platform/heed/internal/fact"
	"github.com/heed-platform/heed/internal/keep/gate"
	"github.com/heed-platform/heed/internal/person"
	"github.com/heed-platform/heed/internal/problem"
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

// preferences are how a person wants to be spoken to. What is left out is no
// wish: each time the whole is set.
type preferences struct {
	Muted    []string `json:"muted"`
	Topics   []string `json:"topics"`
	Channels []string `json:"channels"`
	Caps     []struct {
		Channel string `json:"channel"`
		Count   int    `json:"count"`
		Hours   int    `json:"hours"`
	} `json:"caps"`
	Quiet *struct {
		From string `json:"from"`
		To   string `json:"to"`
	} `json:"quiet"`
	Break    clock.Instant `json:"break_until"`
	Zone     string        `json:"zone"`
	Language string        `json:"language"`
}

const yearHours = 8760

// fact reads the wishes; a wish that cannot be understood is refused, because
// half of what a person asked for is not what they asked for.
func (in *preferences) fact() (*fact.Preference, error) {
	p := errInput
	out := &fact.Preference{
		Muted: in.Muted, Topics: in.Topics, Channels: in.Channels, Break: in.Break, Zone: in.Zone, Language: in.Language, Source: "api",
	}
	for i, limit := range in.Caps {
		if limit.Count < 0 || limit.Hours < 1 || limit.Hours > yearHours {
			p = p.At("/caps/"+strconv.Itoa(i), "has a count from 0 and hours from 1 to 8760")
		}
		out.Caps = append(out.Caps, fact.Cap{Channel: limit.Channel, Count: limit.Count, Hours: limit.Hours})
	}
	if in.Quiet != nil {
		var ok, ok2 bool
		out.QuietOn = true
		out.QuietAt, ok = minutes(in.Quiet.From)
		out.QuietTo, ok2 = minutes(in.Quiet.To)
		if !ok || !ok2 {
			p = p.At("/quiet", "has times such as 22:00 and 08:00")
		}
	}
	if _, err := time.LoadLocation(in.Zone); err != nil || in.Zone == "Local" {
		p = p.At("/zone", "is a name such as Europe/Berlin")
	}
	return out, faults(p)
}

// minutes reads 22:00 as minutes after midnight.
func minutes(clockTime string) (int, bool) {
	t, err := time.Parse("15:04", clockTime)
	return t.Hour()*60 + t.Minute(), err == nil
}

func (c *visit) prefer() (any, error) {
	var in preferences
	if err := c.input(&in); err != nil {
		return nil, err
	}
	p, err := in.fact()
	if err != nil {
		return nil, err
	}
	return c.declare(gate.Statement{Preference: p})
}

// grant is what a person said about one use.
type grant struct {
	Purpose      string        `json:"purpose"`
	Status       string        `json:"status"`
	Channel      string        `json:"channel"`
	Topic        string        `json:"topic"`
	Notice       string        `json:"notice"`
	Language     string        `json:"language"`
	Jurisdiction string        `json:"jurisdiction"`
	Said         clock.Instant `json:"said"`
	Evidence     string        `json:"evidence"`
}

var statuses = map[string]fact.GrantStatus{
	"granted": fact.Granted, "denied": fact.Denied, "withdrawn": fact.Withdrawn, "objected": fact.Objected,
}

func (c *visit) grant() (any, error) {
	var in struct {
		Grants []grant `json:"grants"`
	}
	if err := c.input(&in); err != nil {
		return nil, err
	}
	p := errInput
	if len(in.Grants) == 0 || len(in.Grants) > 100 {
		p = p.At("/grants", "has from 1 to 100 entries")
	}
	var st gate.Statement
	for i, g := range in.Grants {
		p = c.checkGrant(p, g, "/grants/"+strconv.Itoa(i))
		said := g.Said
		if now := c.Clock.Now(); said == 0 || said > now {
			said = now
		}
		st.Grants = append(st.Grants, fact.Grant{
			Purpose: g.Purpose, Channel: g.Channel, Topic: g.Topic, Status: statuses[g.Status], Notice: g.Notice, Language: g.Language,
			Jurisdiction: g.Jurisdiction, Method: "api", Source: "api", Said: said, Evidence: g.Evidence,
		})
	}
	if err := faults(p); err != nil {
		return nil, err
	}
	return c.declare(st)
}

// checkGrant refuses what would stand in the ledger without effect: a withdrawal
// under a misspelled purpose stops nothing.
func (c *visit) checkGrant(p *problem.Error, g grant, at string) *problem.Error {
	rules := c.Rules()
	if rules == nil {
		return p.At(at+"/purpose", "is not known, for no workspace is in force yet")
	}
	if _, known := rules.Purpose(g.Purpose); !known {
		p = p.At(at+"/purpose", "is no purpose of the workspace")
	}
	status := statuses[g.Status]
	if status == 0 {
		p = p.At(at+"/status", "is granted, denied, withdrawn or objected")
	}
	if _, known := rules.Notice(g.Notice); g.Notice != "" && !known {
		p = p.At(at+"/notice", "is no notice of the workspace")
	}
	if status == fact.Granted && g.Notice == "" {
		p = p.At(at+"/notice", "is missing; a grant names the text that the person saw")
	}
	if status == fact.Granted && g.Evidence == "" {
		p = p.At(at+"/evidence", "is missing; a grant names what proves it")
	}
	return p
}
