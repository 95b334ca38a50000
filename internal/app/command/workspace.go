package command

import (
	"os"

	"github.com/heed-platform/heed/internal/app"
	"github.com/heed-platform/heed/internal/keep/catalog"
)

// local acts for whoever sits at the machine: they hold the database anyway, and
// the audit chain says that it was done from there.
const atMachine = "command-line"

// ApplyCmd puts a workspace in force.
type ApplyCmd struct {
	From string `short:"f" required:"" placeholder:"DIR" help:"Folder with the workspace's YAML files."`
	As   string `default:"admin" enum:"admin,privacy,marketer" help:"Role in which to apply: admin, privacy or marketer."`
	By   string `default:"command-line" help:"Name for the record."`
}

// Run applies.
func (c *ApplyCmd) Run(e *Env) error {
	return e.with(func(a *app.App) error {
		by := catalog.Actor{Role: catalog.Role(c.As), Name: c.By}
		changed, err := a.Apply(e.Ctx, os.DirFS(e.path(c.From)), by)
		if err != nil {
			return err
		}
		for _, d := range changed {
			e.say("%-10s %-12s %s@%d", d.Status, d.Kind, d.Key, d.Version)
		}
		if len(changed) == 0 {
			e.say("nothing changed")
		}
		for source, key := range a.NewKeys() {
			e.say("write key for source %s: %s (shown once)", source, key)
		}
		return nil
	})
}

// ApproveCmd takes a campaign live.
type ApproveCmd struct {
	Campaign string `arg:"" help:"The campaign's key."`
	Answer   string `required:"" help:"Your answer to: would I want to be written to like this?"`
	As       string `default:"privacy" enum:"admin,privacy" help:"Role in which to approve: privacy or admin."`
	By       string `default:"approver" help:"Name for the record; it must not be the author's."`
}

// Run approves the newest draft.
func (c *ApproveCmd) Run(e *Env) error {
	return e.with(func(a *app.App) error {
		d, err := a.Draft(e.Ctx, c.Campaign)
		if err != nil {
			return err
		}
		if _, err := a.Approve(e.Ctx, d.Key, d.Version, d.Hash, c.Answer, catalog.Actor{Role: catalog.Role(c.As), Name: c.By}); err != nil {
			return err
		}
		e.say("%s@%d is live. On the record: %s answered %q to %q", d.Key, d.Version, c.By, c.Answer, catalog.Conscience)
		return nil
	})
}

// CheckCmd finds faults in a workspace.
type CheckCmd struct {
	From string `arg:"" optional:"" default:"workspace" placeholder:"DIR" help:"Folder with the workspace's YAML files."`
}

// Run checks; faults go to standard output, since they are the result.
func (c *CheckCmd) Run(e *Env) error {
	dir := e.path(c.From)
	if info, err := os.Stat(dir); err != nil || !info.IsDir() {
		return errFolder.At(c.From, "is not a folder that can be read")
	}
	w, faults := app.Read(os.DirFS(dir))
	for _, f := range faults {
		e.say("%s", f)
	}
	if len(faults) > 0 {
		e.note("heed: there is something to mend in this workspace: %s.", plural(len(faults), "fault"))
		return codeError(codeFailed)
	}
	e.say("%d definitions, no faults", len(w.Definitions))
	return nil
}

// TokenCmd makes an API token.
type TokenCmd struct {
	Role string `arg:"" enum:"marketer,privacy,operator,auditor,clerk,admin" help:"marketer, privacy, operator, auditor, clerk or admin."`
	Name string `arg:"" help:"Whose token it is, for the record."`
}

// Run makes it and shows it once.
func (c *TokenCmd) Run(e *Env) error {
	return e.with(func(a *app.App) error {
		token, err := a.AddToken(e.Ctx, catalog.Actor{Role: catalog.Admin, Name: atMachine}, catalog.Role(c.Role), c.Name)
		if err != nil {
			return err
		}
		e.say("%s", token)
		return nil
	})
}

// SourceCmd makes a write key.
type SourceCmd struct {
	Name string `arg:"" help:"The source's key in the workspace."`
	Kind string `default:"browser" enum:"browser,server,import" help:"browser, server or import; a workspace's own definition goes before."`
}

// Run makes it and shows it once.
func (c *SourceCmd) Run(e *Env) error {
	return e.with(func(a *app.App) error {
		key, err := a.AddSource(e.Ctx, catalog.Actor{Role: catalog.Admin, Name: atMachine}, c.Name, c.Kind)
		if err != nil {
			return err
		}
		e.say("%s", key)
		return nil
	})
}
