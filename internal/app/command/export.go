package command

import (
	"bufio"
	"cmp"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/heed-platform/heed/internal/account/ledger"
	"github.com/heed-platform/heed/internal/app"
	"github.com/heed-platform/heed/internal/keep/gate"
	"github.com/heed-platform/heed/internal/problem"
)

// ExportCmd writes what is held about everybody, one JSON line each, or what one
// purpose may hand to one recipient.
type ExportCmd struct {
	What    string `arg:"" enum:"people,events,decisions,disclosures" help:"people, events, decisions or disclosures."`
	JSON    bool   `default:"true" negatable:"" help:"One JSON line each; people --no-json are a plain table."`
	Purpose string `help:"Only people and values that this purpose may hand over; needs --to."`
	Channel string `help:"The channel that the purpose is for."`
	To      string `placeholder:"RECIPIENT" help:"Who receives it: a recipient of the workspace."`
	Why     string `default:"exported at the command line" help:"Reason, for the record; name nobody."`
}

var errExport = problem.New(problem.Invalid, "export-flags",
	"These flags of heed export do not go together; --purpose is for people, needs --to, and writes JSON only.")

func (c *ExportCmd) check() error {
	switch {
	case c.Purpose == "" && (c.To != "" || c.Channel != ""):
		return errExport.At("--purpose", "is missing")
	case c.Purpose != "" && c.To == "":
		return errExport.At("--to", "is missing: whoever receives data is named")
	case c.Purpose != "" && c.What != ledger.People:
		return errExport.At("--purpose", "is for people")
	case !c.JSON && (c.What != ledger.People || c.Purpose != ""):
		return errExport.At("--no-json", "is for people without --purpose")
	}
	return nil
}

// known checks that the workspace knows what is asked for: a list for a name that
// was mistyped must not look like a list on which nobody is.
func (c *ExportCmd) known(a *app.App) error {
	if c.Purpose == "" {
		return nil
	}
	if _, ok := a.World().Rules.Purpose(c.Purpose); !ok {
		return errExport.At("--purpose", "is none of the workspace's purposes")
	}
	if _, ok := a.World().Rules.Recipient(c.To); !ok {
		return errExport.At("--to", "is none of the workspace's recipients")
	}
	return nil
}

// exportBuffer spares the server a frame a line.
const exportBuffer = 64 << 10

// Run writes; that it was done is in the audit chain before the first line.
func (c *ExportCmd) Run(e *Env) error {
	if err := c.check(); err != nil {
		return err
	}
	return e.with(func(a *app.App) error {
		if err := c.known(a); err != nil {
			return err
		}
		out := bufio.NewWriterSize(e.Out, exportBuffer)
		asking := gate.Asking{
			By: atMachine, Role: "admin", Why: c.Why, Purpose: c.Purpose, Channel: c.Channel, Recipient: c.To,
		}
		return refusal(errors.Join(c.write(e, a, asking, out), out.Flush()))
	})
}

func (c *ExportCmd) write(e *Env, a *app.App, asking gate.Asking, out io.Writer) error {
	switch {
	case c.Purpose != "":
		// Straight to where it goes: a line that waits in a buffer has not left.
		n, stopped, err := ledger.ExportFor(e.Ctx, a.Keep.Gate, asking, e.Out)
		if err != nil {
			return err
		}
		e.note("%s handed to %s and entered in the ledger of disclosures", people(n), c.To)
		for _, s := range slices.SortedFunc(maps.Values(stopped), mostFirst) {
			e.note("withheld from %s: %s", gate.TotalOf(s.People), s.Ruling.Marketer)
		}
		return nil
	case !c.JSON:
		return ledger.Table(e.Ctx, a.Keep.Gate, asking, out)
	}
	_, err := ledger.Export(e.Ctx, a.Keep.Gate, c.What, asking, out)
	return err
}

func people(n int) string {
	if n == 1 {
		return "1 person"
	}
	return fmt.Sprintf("%d people", n)
}

// mostFirst puts the ruling that stops most people first.
func mostFirst(x, y gate.Stopped) int {
	return cmp.Or(cmp.Compare(y.People, x.People), strings.Compare(x.Ruling.Code, y.Ruling.Code), strings.Compare(x.Ruling.Missing, y.Ruling.Missing))
}
