package command

import (
	"bufio"

	"github.com/heed-platform/heed/internal/account/ledger"
	"github.com/heed-platform/heed/internal/app"
	"github.com/heed-platform/heed/internal/keep/gate"
)

// ExportCmd writes what is held about everybody, one JSON line each.
type ExportCmd struct {
	What string `arg:"" enum:"people,events,decisions,disclosures" help:"people, events, decisions or disclosures."`
	JSON bool   `default:"true" negatable:"" help:"One JSON line each; for people, --no-json writes a plain table."`
	Why  string `default:"exported at the command line" help:"Reason, for the record; name nobody."`
}

// exportBuffer spares the server a frame a line.
const exportBuffer = 64 << 10

// Run writes; that it was done is in the audit chain before the first line.
func (c *ExportCmd) Run(e *Env) error {
	return e.with(func(a *app.App) error {
		out := bufio.NewWriterSize(e.Out, exportBuffer)
		asking := gate.Asking{By: atMachine, Role: "admin", Why: c.Why}
		n, err := ledger.Export(e.Ctx, a.Keep.Gate, c.What, asking, out)
		if err != nil {
			return refusal(err)
		}
		if err := out.Flush(); err != nil {
			return err
		}
		e.note("%d lines", n)
		return nil
	})
}
