package command

import (
	"fmt"
	"time"

	"github.com/heed-platform/heed/internal/account/leak"
	"github.com/heed-platform/heed/internal/app"
	"github.com/heed-platform/heed/internal/clock"
)

// LeakCmd answers for data that got out.
type LeakCmd struct {
	Open   LeakOpenCmd   `cmd:"" help:"Put it on file, start the clock, count who is affected."`
	Assess LeakAssessCmd `cmd:"" help:"Count again, with another scope as more is known."`
	Show   LeakShowCmd   `cmd:"" help:"One case: clock, scope, who is affected, what was done."`
	List   LeakListCmd   `cmd:"" help:"Every case, the one that is due first first."`
	Report LeakReportCmd `cmd:"" help:"Draft the report to the authority."`
	Tell   LeakTellCmd   `cmd:"" help:"Tell the people, by a campaign that somebody else approved."`
	Close  LeakCloseCmd  `cmd:"" help:"End the case."`
}

// scope is what got out, as flags.
type scope struct {
	Since    time.Time `placeholder:"TIME" help:"Data from this time on (RFC 3339)."`
	Until    time.Time `placeholder:"TIME" help:"Data until this time."`
	Source   []string  `help:"Data that came from these sources."`
	To       []string  `name:"to" placeholder:"RECIPIENT" help:"Data that had been handed to these recipients."`
	Category []string  `help:"Only these kinds of data, with all below them."`
	Audience string    `help:"Only who belongs to this audience now."`
}

func (s scope) scope() leak.Scope {
	return leak.Scope{
		Since: instant(s.Since), Until: instant(s.Until), Sources: s.Source, Recipients: s.To, Categories: s.Category, Audience: s.Audience,
	}
}

func instant(t time.Time) clock.Instant {
	if t.IsZero() {
		return 0
	}
	return clock.At(t)
}

// LeakOpenCmd opens a case.
type LeakOpenCmd struct {
	actor `embed:""`
	scope `embed:""`

	What    string    `arg:"" help:"What happened, in a sentence; name nobody."`
	Learned time.Time `placeholder:"TIME" help:"When somebody learned of it (RFC 3339); now unless told."`
	JSON    bool      `help:"As JSON."`
}

// Run opens.
func (c *LeakOpenCmd) Run(e *Env) error {
	return e.with(func(a *app.App) error {
		found, err := a.OpenLeak(e.Ctx, c.acting(), c.What, instant(c.Learned), c.scope.scope())
		if err != nil {
			return refusal(err)
		}
		return e.leak(found, c.JSON, a.Clock.Now())
	})
}

// LeakAssessCmd counts again.
type LeakAssessCmd struct {
	actor `embed:""`
	scope `embed:""`

	ID   string `arg:"" help:"The case."`
	Same bool   `help:"With the scope that is on file."`
	JSON bool   `help:"As JSON."`
}

// Run counts.
func (c *LeakAssessCmd) Run(e *Env) error {
	return e.with(func(a *app.App) error {
		s := c.scope.scope()
		with := &s
		if c.Same {
			with = nil
		}
		found, err := a.AssessLeak(e.Ctx, c.acting(), c.ID, with)
		if err != nil {
			return refusal(err)
		}
		return e.leak(found, c.JSON, a.Clock.Now())
	})
}

// LeakShowCmd shows a case.
type LeakShowCmd struct {
	ID   string `arg:"" help:"The case."`
	JSON bool   `help:"As JSON."`
}

// Run shows.
func (c *LeakShowCmd) Run(e *Env) error {
	return e.with(func(a *app.App) error {
		found, err := leak.Find(e.Ctx, a.Keep, c.ID)
		if err != nil {
			return err
		}
		return e.leak(found, c.JSON, a.Clock.Now())
	})
}

// LeakListCmd lists cases.
type LeakListCmd struct {
	JSON bool `help:"One JSON line each."`
}

// Run lists.
func (c *LeakListCmd) Run(e *Env) error {
	return e.with(func(a *app.App) error {
		all, err := leak.List(e.Ctx, a.Keep)
		if err != nil {
			return err
		}
		for _, found := range all {
			if c.JSON {
				if err := e.json(found); err != nil {
					return err
				}
				continue
			}
			e.say("%-14s %-7s %-28s %s", found.ID, found.Status, remaining(found, a.Clock.Now()), found.What)
		}
		if len(all) == 0 {
			e.note("Nothing is on file.")
		}
		return nil
	})
}

// LeakReportCmd drafts.
type LeakReportCmd struct {
	ID string `arg:"" help:"The case."`
}

// Run drafts.
func (c *LeakReportCmd) Run(e *Env) error {
	return e.with(func(a *app.App) error { return a.DraftLeak(e.Ctx, c.ID, e.Out) })
}

// LeakTellCmd tells the people.
type LeakTellCmd struct {
	actor `embed:""`

	ID       string `arg:"" help:"The case."`
	Campaign string `arg:"" help:"A live campaign that starts by being sent, such as leak-by-email."`
}

// Run tells.
func (c *LeakTellCmd) Run(e *Env) error {
	return e.with(func(a *app.App) error {
		sent, err := a.TellOfLeak(e.Ctx, c.acting(), c.ID, c.Campaign)
		if err != nil {
			return refusal(err)
		}
		e.said(sent)
		return nil
	})
}

// LeakCloseCmd closes.
type LeakCloseCmd struct {
	actor `embed:""`

	ID  string `arg:"" help:"The case."`
	Why string `arg:"" help:"Why it is over, in a sentence."`
}

// Run closes.
func (c *LeakCloseCmd) Run(e *Env) error {
	return e.with(func(a *app.App) error {
		_, err := a.CloseLeak(e.Ctx, c.acting(), c.ID, c.Why)
		return refusal(err)
	})
}

func remaining(c leak.Case, now clock.Instant) string {
	left := c.Left(now)
	switch {
	case c.Status == leak.Closed:
		return "closed " + c.Closed.Time().Format(time.DateOnly)
	case left < 0:
		return fmt.Sprintf("report LATE by %d hours", -int(left.Hours()))
	}
	return fmt.Sprintf("report due in %d hours", int(left.Hours()))
}

// leak shows a case to whoever answers for it: privacy sees whole numbers.
func (e *Env) leak(c leak.Case, asJSON bool, now clock.Instant) error {
	if asJSON {
		return e.json(c)
	}
	e.say("%s (%s): %s", c.ID, remaining(c, now), c.What)
	e.say("learned %s, report due %s (%s)", c.Learned.Format(), c.Due.Format(), c.Law)
	if a := c.Latest; a != nil {
		e.say("\n%s affected, %d of them known to be minors; %d records", people(a.People), a.Minors, a.Records)
		for _, k := range a.Kinds {
			mark := ""
			if k.Sensitive {
				mark = "  sensitive"
			}
			e.say("%8d  %s%s", k.People, k.Category, mark)
		}
		if len(a.Before) > 0 {
			e.say("\nwhere their data had gone before:")
		}
		for _, b := range a.Before {
			e.say("%8d  %s, %d times, last %s", b.People, b.Recipient, b.Disclosures, b.Last.Format())
		}
	}
	e.say("")
	for _, s := range c.Steps {
		e.say("%s  %s  %s", s.At.Format(), s.By, s.What)
	}
	e.note("heed leak report %s drafts the report; heed leak tell %s CAMPAIGN tells the people.", c.ID, c.ID)
	return nil
}
