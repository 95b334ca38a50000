package command

import (
	"fmt"

	"github.com/heed-platform/heed/internal/app"
	"github.com/heed-platform/heed/internal/keep"
	"github.com/heed-platform/heed/internal/problem"
)

// BackupCmd copies the database or the identity store, each into a file of its own.
type BackupCmd struct {
	Target   string `arg:"" optional:"" help:"Folder or new file for a backup of the database."`
	KeyStore string `placeholder:"FOLDER" help:"Folder for a copy of the identity store, apart from the other; copies there that are older than 7 days are removed."`
	JSON     bool   `help:"As JSON."`
}

var errNoTarget = problem.New(problem.Invalid, "backup-without-target",
	"Name a folder or file for the backup of the database, or a folder for a copy of the identity store with --key-store, or both.")

// Run backs up. With both, the database comes first: an identity store that is
// newer than the data opens all of them.
func (c *BackupCmd) Run(e *Env) error {
	if c.Target == "" && c.KeyStore == "" {
		return errNoTarget
	}
	return e.with(func(a *app.App) error {
		p := newProgress(e.Err, e.Clock)
		defer p.end()
		if c.Target != "" {
			b, err := a.BackUp(e.Ctx, "admin:"+atMachine, e.path(c.Target), p.part("backing up the database"))
			if err != nil {
				return err
			}
			if err := c.tell(e, b); err != nil {
				return err
			}
		}
		if c.KeyStore == "" {
			return nil
		}
		b, err := a.BackUpKeys(e.Ctx, "admin:"+atMachine, e.path(c.KeyStore), p.part("copying the identity store"))
		if err != nil {
			return err
		}
		return c.tell(e, b)
	})
}

func (c *BackupCmd) tell(e *Env, b app.Backup) error {
	if c.JSON {
		return e.json(b)
	}
	e.say("%s: %s rows, %s MB, read back and found whole", b.File, number(b.Rows), number(b.Bytes>>20))
	if b.Part == keep.KeyStore {
		e.say("delete it within 7 days; it opens only with heed.kek of key epoch %d, which is not in it: keep that file apart", b.Epoch)
	}
	if b.Pruned > 0 {
		e.say("older copies of the identity store removed: %d", b.Pruned)
	}
	return nil
}

// part shows how much of something is done.
func (p *progress) part(doing string) func(float64) {
	return func(done float64) {
		if p.bar != nil {
			p.bar.Describe(doing)
			_ = p.bar.Set(int(done * barSteps))
			return
		}
		if t := p.clock.Now(); t.Sub(p.told) >= plainEvery {
			p.told = t
			_, _ = fmt.Fprintf(p.out, "%3.0f %%  %s\n", done*100, doing)
		}
	}
}

// RestoreCmd puts a backup in place.
type RestoreCmd struct {
	File  string `arg:"" help:"What heed backup wrote; it says itself of which store it is."`
	Check bool   `help:"Only read it from end to end and say whether it is whole and ours."`
}

var errServing = problem.New(problem.Conflict, "restore-while-serving",
	"A server has this data folder open; stop it first. A restore goes into an empty place.")

// Run restores, takes out what was erased since, and leaves sending switched off.
func (c *RestoreCmd) Run(e *Env) error {
	if c.Check {
		return e.with(func(a *app.App) error {
			b, err := a.CheckBackup(e.path(c.File))
			if err == nil {
				e.say("whole and ours: %s of %s, %s rows", what(b.Part), b.Made.Format(), number(b.Rows))
			}
			return err
		})
	}
	if e.serving != nil {
		return errServing
	}
	p := newProgress(e.Err, e.Clock)
	b, err := app.Restore(e.Ctx, e.Config, e.path(c.File), e.Clock, p.part("restoring "+what(keep.Facts)))
	p.end()
	if err != nil {
		return err
	}
	e.say("restored: %s of %s, %s rows", what(b.Part), b.Made.Format(), number(b.Rows))
	return c.open(e, b)
}

// open opens what was restored, as the next start would, so that nobody learns
// then that it cannot be.
func (*RestoreCmd) open(e *Env, b keep.Copy) error {
	a, err := app.Open(e.Ctx, e.Config, e.Clock, e.Log)
	if p := problem.Of(err); b.Part == keep.KeyStore && p != nil && p.Code == "database-missing" {
		e.say("now restore the backup of the database, then start heed")
		return nil
	}
	if err != nil {
		return err
	}
	r := a.Keep.Recovery
	e.say("%s taken out that have no key here: erased since, or newer than the identity store", plural(r.Disowned, "identifier"))
	if r.Buried > 0 {
		e.say("%s erased again that this copy of the identity store had brought back", plural(r.Buried, "identifier"))
	}
	e.say("sending is switched off, because what was sent since is not known here; when you have looked: heed sending on")
	return a.Close()
}

func what(p keep.Part) string {
	if p == keep.KeyStore {
		return "the identity store"
	}
	return "the database"
}

// SendingCmd is the switch of sending.
type SendingCmd struct {
	On     SendingOnCmd     `cmd:"" help:"Let messages leave again."`
	Off    SendingOffCmd    `cmd:"" help:"Let no message leave, on any node, until somebody says on."`
	Status SendingStatusCmd `cmd:"" default:"1" help:"Say whether messages may leave."`
}

// SendingOnCmd switches on.
type SendingOnCmd struct {
	Queued string `enum:"ask,send,drop" default:"ask" help:"What waits in the queue: send it, or drop it. After a restore some of it may have left already."`
}

var errQueued = problem.New(problem.Conflict, "queue-undecided",
	"Messages wait in the queue; say --queued=drop, or --queued=send if you are sure that none of them has left already.")

// Run switches on, after it is clear what happens to what waits.
func (c *SendingOnCmd) Run(e *Env) error {
	return e.with(func(a *app.App) error {
		s, err := a.Keep.Sending(e.Ctx)
		if err != nil || !s.Off {
			if err == nil {
				e.say("messages may leave already")
			}
			return err
		}
		waiting, err := a.Keep.Waiting(e.Ctx)
		if err != nil {
			return err
		}
		if c.Queued == "ask" && waiting > 0 {
			return errQueued.At("queue", number(int64(waiting))+" waiting")
		}
		if c.Queued == "drop" {
			n, err := a.Keep.Queue.DropWaiting(e.Ctx, "admin:"+atMachine)
			if err != nil {
				return err
			}
			e.say("%s dropped", plural(n, "waiting message"))
		}
		if err := a.Keep.SwitchSending(e.Ctx, "admin:"+atMachine, true, ""); err != nil {
			return err
		}
		e.say("messages may leave")
		return nil
	})
}

// SendingOffCmd switches off.
type SendingOffCmd struct {
	Why string `arg:"" optional:"" default:"switched off by hand" help:"Why; no names of people."`
}

// Run switches off.
func (c *SendingOffCmd) Run(e *Env) error {
	return e.with(func(a *app.App) error {
		if err := a.Keep.SwitchSending(e.Ctx, "admin:"+atMachine, false, c.Why); err != nil {
			return err
		}
		e.say("no message leaves any more; those that were being handed over at this moment may still arrive")
		return nil
	})
}

// SendingStatusCmd says how the switch stands.
type SendingStatusCmd struct{}

// Run says it.
func (*SendingStatusCmd) Run(e *Env) error {
	return e.with(func(a *app.App) error {
		s, err := a.Keep.Sending(e.Ctx)
		switch {
		case err != nil:
			return err
		case s.Off:
			e.say("off since %s: %s", s.Since.Format(), s.Why)
		default:
			e.say("on")
		}
		return nil
	})
}
