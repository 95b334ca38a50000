package command

import (
	"github.com/heed-platform/heed/internal/app"
)

// PromiseCmd is about notices that have changed.
type PromiseCmd struct {
	Reask PromiseReaskCmd `cmd:"" help:"Count who may be asked to agree to a version of a notice, and ask them."`
}

// PromiseReaskCmd counts, or asks.
type PromiseReaskCmd struct {
	actor `embed:""`

	Notice string `arg:"" help:"A version of a notice, such as newsletter@3."`
	Send   string `placeholder:"CAMPAIGN" help:"Consider those who may be asked for this live campaign, which somebody else approved."`
	JSON   bool   `help:"As JSON."`
}

// Run counts or asks.
func (c *PromiseReaskCmd) Run(e *Env) error {
	return e.with(func(a *app.App) error {
		if c.Send != "" {
			sent, err := a.AskAgain(e.Ctx, c.acting(), c.Notice, c.Send)
			if err != nil {
				return refusal(err)
			}
			e.said(sent)
			return nil
		}
		r, err := a.Reask(e.Ctx, c.acting(), c.Notice)
		if err != nil {
			return refusal(err)
		}
		if c.JSON {
			return e.json(r)
		}
		e.say("may be asked        %s", r.May)
		e.say("agreed already      %s", r.Agreed)
		for _, l := range r.Later {
			e.say("not before %s  %s", l.Month, l.People)
		}
		return nil
	})
}
