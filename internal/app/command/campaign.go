package command

import (
	"fmt"
	"strings"

	"github.com/heed-platform/heed/internal/app"
	"github.com/heed-platform/heed/internal/decide/campaign"
	"github.com/heed-platform/heed/internal/keep/catalog"
	"github.com/heed-platform/heed/internal/keep/gate"
	"github.com/heed-platform/heed/internal/web/api/plan"
)

// CampaignCmd is what can be done with campaigns.
type CampaignCmd struct {
	List   CampaignListCmd   `cmd:"" help:"Show every campaign and where it stands."`
	DryRun CampaignDryRunCmd `cmd:"" name:"dry-run" help:"Count whom it would reach, and what stops the others. Nothing is sent."`
	Send   CampaignSendCmd   `cmd:"" help:"Consider everybody in its audience, once."`
	Pause  CampaignPauseCmd  `cmd:"" help:"Silence it at once."`
	Resume CampaignResumeCmd `cmd:"" help:"Let it go on as it was approved."`
	End    CampaignEndCmd    `cmd:"" help:"Close it for good."`
}

// AudienceCmd is what can be done with audiences.
type AudienceCmd struct {
	Preview AudiencePreviewCmd `cmd:"" help:"Count whom it would reach, and which promises keep the others back."`
}

// actor is who does something at the command line.
type actor struct {
	As string `default:"admin" enum:"admin,privacy,marketer,operator,auditor" help:"Role in which you act: admin, privacy, marketer, operator or auditor."`
	By string `default:"command-line" help:"Name for the record."`
}

func (a actor) acting() catalog.Actor { return catalog.Actor{Role: catalog.Role(a.As), Name: a.By} }

// CampaignListCmd shows campaigns.
type CampaignListCmd struct {
	JSON bool `help:"One JSON line each."`
}

// Run lists them, one line each.
func (c *CampaignListCmd) Run(e *Env) error {
	return e.with(func(a *app.App) error {
		shelf, err := a.Shelf(e.Ctx)
		if err != nil {
			return err
		}
		for _, s := range shelf {
			if c.JSON {
				if err := e.json(s); err != nil {
					return err
				}
				continue
			}
			e.say("%-10s %-24s %-8s %-30s %s", s.Status, fmt.Sprintf("%s@%d", s.Key, s.Version), s.Channel, s.Moment, s.Label)
		}
		if len(shelf) == 0 {
			e.note("There are no campaigns; heed apply -f DIR brings some in.")
		}
		return nil
	})
}

// CampaignDryRunCmd counts.
type CampaignDryRunCmd struct {
	actor `embed:""`

	Campaign string `arg:"" help:"The campaign's key."`
	Version  int64  `help:"Another version than the newest draft or the live one."`
	JSON     bool   `help:"As JSON."`
}

// Run counts what would happen.
func (c *CampaignDryRunCmd) Run(e *Env) error {
	return e.with(func(a *app.App) error {
		r, err := a.DryRun(e.Ctx, c.Campaign, c.Version, c.acting())
		if err != nil {
			return err
		}
		if c.JSON {
			return e.json(r)
		}
		e.dryRun(r)
		return nil
	})
}

func (e *Env) dryRun(r campaign.Report) {
	e.say("%s@%d, as if its moment (%s) were now for everybody. Nothing was sent.\n", r.Campaign, r.Version, r.Moment)
	e.count(r.Audience, "are in the audience, or kept from being known to be")
	e.count(r.Withheld, "are withheld by what they were promised:")
	for _, k := range r.Promises {
		e.say("  %14s  %s", k.People, k.Marketer)
	}
	e.count(r.Stopped, "are stopped by a guard for good")
	e.count(r.HeldOut, "are left out by chance, to see what the campaign causes")
	e.count(r.Later, "would receive it later")
	e.count(r.Receive, "would receive it now")
	e.say("\nWhat each guard says, for good or for now:")
	for _, g := range r.Guards {
		e.say("%16s  %s", g.People, g.Guard)
		for _, k := range g.Codes {
			e.say("  %14s    %s", k.People, k.Marketer)
		}
	}
	if len(r.Untried) > 0 {
		e.say("\nOnly a real moment can ask: %s.", strings.Join(r.Untried, ", "))
	}
}

func (e *Env) count(n gate.Total, what string) { e.say("%16s  %s", n, what) }

// CampaignSendCmd sends.
type CampaignSendCmd struct {
	actor `embed:""`

	Campaign string `arg:"" help:"The campaign's key."`
}

// Run considers everybody in the audience.
func (c *CampaignSendCmd) Run(e *Env) error {
	return e.with(func(a *app.App) error {
		sent, err := a.Send(e.Ctx, c.Campaign, c.acting())
		if err != nil {
			return err
		}
		e.said(sent)
		return nil
	})
}

// said tells whom a send considered and whom a promise kept out.
func (e *Env) said(sent app.Sent) {
	e.count(gate.TotalOf(sent.Considered), "are considered; the guards decide for each, and once more when it leaves")
	for _, s := range sent.Withheld {
		e.say("%16s  %s", gate.TotalOf(s.People), s.Ruling.Marketer)
	}
}

// CampaignPauseCmd pauses.
type CampaignPauseCmd struct {
	actor `embed:""`

	Campaign string `arg:"" help:"The campaign's key."`
}

// Run pauses it.
func (c *CampaignPauseCmd) Run(e *Env) error {
	return e.step(func(a *app.App) ([]catalog.Entry, error) { return a.Pause(e.Ctx, c.Campaign, c.acting()) })
}

// CampaignResumeCmd resumes.
type CampaignResumeCmd struct {
	actor `embed:""`

	Campaign string `arg:"" help:"The campaign's key."`
}

// Run resumes it.
func (c *CampaignResumeCmd) Run(e *Env) error {
	return e.step(func(a *app.App) ([]catalog.Entry, error) { return a.Resume(e.Ctx, c.Campaign, c.acting()) })
}

// CampaignEndCmd ends.
type CampaignEndCmd struct {
	actor `embed:""`

	Campaign string `arg:"" help:"The campaign's key."`
}

// Run ends it.
func (c *CampaignEndCmd) Run(e *Env) error {
	return e.step(func(a *app.App) ([]catalog.Entry, error) {
		return a.End(e.Ctx, catalog.Campaign, c.Campaign, c.acting())
	})
}

// step does one step in a campaign's life and says where it stands.
func (e *Env) step(f func(*app.App) ([]catalog.Entry, error)) error {
	return e.with(func(a *app.App) error {
		changed, err := f(a)
		if err != nil {
			return err
		}
		for _, d := range changed {
			e.say("%-10s %s@%d", d.Status, d.Key, d.Version)
		}
		return nil
	})
}

// AudiencePreviewCmd counts an audience.
type AudiencePreviewCmd struct {
	actor `embed:""`

	Audience   string `arg:"" optional:"" help:"The audience's key."`
	Expression string `help:"An expression instead, such as 'has(traits.phone)'."`
	Purpose    string `help:"For another purpose than the audience's own; an expression needs one."`
	JSON       bool   `help:"As JSON."`
}

// Run counts.
func (c *AudiencePreviewCmd) Run(e *Env) error {
	return e.with(func(a *app.App) error {
		p, err := a.Preview(e.Ctx, app.Sketch{Audience: c.Audience, Expression: c.Expression, Purpose: c.Purpose}, c.acting())
		if err != nil {
			return err
		}
		if c.JSON {
			return e.json(p)
		}
		e.preview(p)
		return nil
	})
}

func (e *Env) preview(p plan.Preview) {
	e.count(p.Matched, "belong to it, as far as this purpose may know")
	e.count(p.Withheld, "may belong to it; what they were promised keeps it unknown")
	for _, k := range p.Promises {
		e.say("  %14s  %s", k.People, k.Says)
	}
	for _, f := range p.Fields {
		e.say("  %14s  lack %s", f.People, f.Name)
	}
}
