package command

import (
	"github.com/heed-platform/heed/internal/app"
)

// KeysCmd works on the key that all other keys are wrapped under.
type KeysCmd struct {
	Rotate KeysRotateCmd `cmd:"" help:"Make a new key, wrap every key anew and destroy the old one; or finish a rotation that was interrupted."`
	Show   KeysShowCmd   `cmd:"" default:"1" help:"Say which key is in use and since when."`
}

// KeysRotateCmd rotates.
type KeysRotateCmd struct {
	JSON bool `help:"As JSON."`
}

// Run rotates while everything goes on.
func (c *KeysRotateCmd) Run(e *Env) error {
	return e.with(func(a *app.App) error {
		p := newProgress(e.Err, e.Clock)
		r, err := a.Keep.RotateKeys(e.Ctx, "admin:"+atMachine, func(done int) { p.count("wrapping keys anew", done) })
		p.end()
		if err != nil {
			return err
		}
		if c.JSON {
			return e.json(map[string]any{"epoch": r.Epoch, "keys": r.Keys})
		}
		e.say("key epoch %d is in use, %s wrapped anew, and the key of before is destroyed", r.Epoch, plural(r.Keys, "key"))
		e.say("copies of the identity store made before now cannot be opened any more: make one (heed backup --key-store FOLDER), and a copy of heed.kek, apart from it")
		return nil
	})
}

// count shows how many of something unknown are done.
func (p *progress) count(doing string, done int) {
	if p.bar != nil {
		p.bar.Describe(doing + ": " + number(int64(done)))
		return
	}
	p.part(doing + ": " + number(int64(done)))(0)
}

// KeysShowCmd says which key is in use.
type KeysShowCmd struct{}

// Run says it.
func (*KeysShowCmd) Run(e *Env) error {
	return e.with(func(a *app.App) error {
		epoch, since, unfinished := a.Keep.KeyEpoch()
		switch {
		case unfinished:
			e.say("key epoch %d; a rotation was begun and not finished: heed keys rotate", epoch)
		case since == 0:
			e.say("key epoch %d", epoch)
		default:
			e.say("key epoch %d since %s", epoch, since.Format())
		}
		return nil
	})
}
