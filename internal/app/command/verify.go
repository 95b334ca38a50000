package command

import (
	"os"

	"github.com/heed-platform/heed/internal/account/audit"
	"github.com/heed-platform/heed/internal/app"
	"github.com/heed-platform/heed/internal/problem"
)

// VerifyCmd checks what is stored.
type VerifyCmd struct {
	Heads string `placeholder:"FILE" help:"What an earlier heed verify printed, kept elsewhere: compare with it."`
	JSON  bool   `help:"As JSON."`
}

var errHeads = problem.New(problem.Invalid, "heads-unreadable", "The file with heads cannot be read, or holds none; give what heed verify printed before.")

// Run verifies; damage is the result, and the exit code.
func (c *VerifyCmd) Run(e *Env) error {
	known, err := c.known(e)
	if err != nil {
		return err
	}
	return e.with(func(a *app.App) error {
		r, err := audit.Verify(e.Ctx, a.Keep, known)
		if err != nil {
			return err
		}
		if c.JSON {
			err = e.json(r)
		} else {
			show(e, r)
		}
		if err == nil && !r.Sound() {
			err = codeError(codeFailed)
		}
		return err
	})
}

func (c *VerifyCmd) known(e *Env) ([]audit.Head, error) {
	if c.Heads == "" {
		return nil, nil
	}
	text, err := os.ReadFile(e.path(c.Heads))
	if err != nil {
		return nil, errHeads.Because(err)
	}
	known := audit.ParseHeads(string(text))
	if len(known) == 0 {
		return nil, errHeads
	}
	return known, nil
}

func show(e *Env, r audit.Report) {
	for _, h := range r.Heads {
		e.say("%s", h)
	}
	e.say("heads %s", r.Joint)
	e.say("%d audit entries, %d facts of %d identifiers; %d entries tell of people who were erased", r.Entries, r.Facts, r.Fragments, r.Gone)
	if r.Erasing > 0 {
		e.say("%s under way", plural(r.Erasing, "erasure"))
	}
	if r.Loose > 0 {
		e.say("%s that no fact tells of, of events that were interrupted: send those again, and it is told", plural(r.Loose, "edge"))
	}
	for _, d := range r.Damage {
		e.say("DAMAGE %s: %s", d.Where, d.Why)
	}
	switch {
	case r.More > 0:
		e.say("and %d more", r.More)
	case r.Sound():
		e.say("nothing was changed, moved or cut; keep the lines with heads elsewhere, and give them to heed verify --heads next time")
	}
}
