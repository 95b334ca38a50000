package command

import (
	"github.com/heed-platform/heed/internal/app"
	"github.com/heed-platform/heed/internal/keep/catalog"
)

// ConformanceCmd compares what was done with data to what people were promised.
type ConformanceCmd struct {
	JSON bool   `xor:"form" help:"As JSON."`
	CSV  bool   `xor:"form" name:"csv" help:"As a table for a spreadsheet."`
	Why  string `default:"compared at the command line" help:"Reason, for the record; name nobody."`
}

// Run compares; an exception is the result, and the exit code.
func (c *ConformanceCmd) Run(e *Env) error {
	return e.with(func(a *app.App) error {
		r, err := a.Conformance(e.Ctx, catalog.Actor{Role: catalog.Admin, Name: atMachine}, c.Why)
		if err != nil {
			return refusal(err)
		}
		switch {
		case c.JSON:
			err = e.json(r)
		case c.CSV:
			err = r.CSV(e.Out)
		default:
			err = r.Text(e.Out)
		}
		if err == nil && len(r.Exceptions) > 0 {
			err = codeError(codeFailed)
		}
		return err
	})
}
