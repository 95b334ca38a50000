package command

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/heed-platform/heed/internal/collect/consent/gpp"
	"github.com/heed-platform/heed/internal/collect/consent/tcf"
	"github.com/heed-platform/heed/internal/collect/consent/usp"
	"github.com/heed-platform/heed/internal/problem"
)

// ConsentCmd is what consent tools say.
type ConsentCmd struct {
	Decode ConsentDecodeCmd `cmd:"" help:"Read a GPP, TCF or US privacy string, and say why where it cannot be read."`
}

// ConsentDecodeCmd shows the fields of a consent string under the names of the
// IAB's own libraries.
type ConsentDecodeCmd struct {
	Kind string `arg:"" enum:"gpp,tcf,usp" help:"gpp, tcf or usp."`
	Text string `arg:"" name:"string" help:"The string, as the consent tool gave it."`
	JSON bool   `name:"json" help:"JSON, a refusal too."`
}

// Run prints the fields, or the reason why there are none.
func (c *ConsentDecodeCmd) Run(e *Env) error {
	fields, err := c.fields()
	if err != nil {
		p := problem.Of(err)
		if c.JSON {
			if err := c.print(e, unreadable{p.Code, p.Detail}); err != nil {
				return err
			}
		}
		e.note("heed: %s (%s)", p.Detail, p.Code)
		return codeError(codeFailed)
	}
	if c.JSON {
		return c.print(e, fields)
	}
	return c.lines(e, fields)
}

// unreadable is a string that cannot be read.
type unreadable struct {
	Error  string `json:"error"` // the problem's code
	Reason string `json:"reason"`
}

func (c *ConsentDecodeCmd) fields() (any, error) {
	switch c.Kind {
	case "gpp":
		return gpp.Decode(c.Text)
	case "tcf":
		return tcf.Decode(c.Text)
	}
	return usp.Decode(c.Text)
}

// print writes one JSON object: the string, under the name that vectors of the
// libraries use, then its fields.
func (c *ConsentDecodeCmd) print(e *Env, fields any) error {
	body, err := json.Marshal(fields)
	if err != nil {
		return fmt.Errorf("write consent string: %w", err)
	}
	text, err := json.Marshal(c.Text)
	if err != nil {
		return fmt.Errorf("write consent string: %w", err)
	}
	name := map[string]string{"gpp": "gpp", "tcf": "tc", "usp": "usp"}[c.Kind]
	e.say(`{"%s":%s,%s`, name, text, bytes.TrimPrefix(body, []byte("{")))
	return nil
}

// lines writes a field a line; those of a GPP section under its name.
func (c *ConsentDecodeCmd) lines(e *Env, fields any) error {
	s, sections := fields.(gpp.String)
	if !sections {
		return c.section(e, "", fields)
	}
	for _, one := range s.Sections {
		if err := c.section(e, one.Name+".", one); err != nil {
			return err
		}
	}
	for _, id := range s.Unknown {
		e.say("section %d: nobody here can read it", id)
	}
	return nil
}

func (*ConsentDecodeCmd) section(e *Env, before string, fields any) error {
	body, err := json.Marshal(fields)
	if err != nil {
		return fmt.Errorf("write consent string: %w", err)
	}
	dec := json.NewDecoder(bytes.NewReader(body))
	if _, err := dec.Token(); err != nil {
		return fmt.Errorf("write consent string: %w", err)
	}
	for dec.More() {
		name, err := dec.Token()
		if err != nil {
			return fmt.Errorf("write consent string: %w", err)
		}
		var value json.RawMessage
		if err := dec.Decode(&value); err != nil {
			return fmt.Errorf("write consent string: %w", err)
		}
		e.say("%s%v: %s", before, name, strings.ReplaceAll(string(value), ",", ", "))
	}
	return nil
}
