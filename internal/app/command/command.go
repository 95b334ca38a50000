// Package command is the command line: what an engineer types.
//
// A command works on the database that the configuration names. When a server
// has it open, the command runs inside that server, over its admin address
// (remote.go), so that there is one writer and one truth; otherwise it opens
// the database itself.
//
// It promises: results go to standard output and nothing else does; what went
// wrong goes to standard error as one sentence that says what, where and how to
// mend it; exit code 0 is done, 1 failed, 2 wrong usage. Start reading at Main.
package command

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"

	"github.com/alecthomas/kong"

	"github.com/heed-platform/heed/internal/app"
	"github.com/heed-platform/heed/internal/clock"
	"github.com/heed-platform/heed/internal/config"
	"github.com/heed-platform/heed/internal/problem"
)

// Process is what the operating system gives a program.
type Process struct {
	Args []string
	In   io.Reader
	Out  io.Writer
	Err  io.Writer
	Env  func(string) (string, bool)
}

// CLI is every command with its flags.
type CLI struct {
	config.Flags

	Serve       ServeCmd       `cmd:"" help:"Run heed."`
	Demo        DemoCmd        `cmd:"" help:"Run a town of people living with a shop; nothing leaves this machine."`
	Import      ImportCmd      `cmd:"" help:"Bring in history: Segment events as NDJSON, or CSV through a mapping."`
	Apply       ApplyCmd       `cmd:"" help:"Put a workspace in force; campaigns become drafts."`
	Approve     ApproveCmd     `cmd:"" help:"Take a campaign live; somebody else must have written it."`
	Check       CheckCmd       `cmd:"" help:"Find faults in a workspace, with file and line."`
	Campaign    CampaignCmd    `cmd:"" help:"Campaigns: list, dry-run, send, pause, resume, end."`
	Audience    AudienceCmd    `cmd:"" help:"Count an audience before it is used."`
	Export      ExportCmd      `cmd:"" help:"Write people, events, decisions or disclosures, one JSON line each."`
	Person      PersonCmd      `cmd:"" help:"Answer for one person: show, explain, export, erase, split."`
	Request     RequestCmd     `cmd:"" help:"The rights that people use: list, show, open, extend, answer, kept."`
	Verify      VerifyCmd      `cmd:"" help:"Check that nothing stored was changed, moved or cut."`
	Conformance ConformanceCmd `cmd:"" help:"Compare every use of data with what people had been promised."`
	Leak        LeakCmd        `cmd:"" help:"Something got out: who is affected, by when the authority must know, telling the people."`
	Retention   RetentionCmd   `cmd:"" help:"What no promise keeps any more: run, report."`
	Promise     PromiseCmd     `cmd:"" help:"A notice has changed: who may be asked again."`
	Rebuild     RebuildCmd     `cmd:"" help:"Make every projection again from the facts."`
	Backup      BackupCmd      `cmd:"" help:"Copy the database, or the identity store, each into a file of its own, while everything goes on."`
	Restore     RestoreCmd     `cmd:"" help:"Put a backup into an empty place; whoever was erased since does not come back."`
	KeyStore    KeysCmd        `cmd:"" name:"keys" help:"The key that all others are wrapped under: rotate, show."`
	Sending     SendingCmd     `cmd:"" help:"Whether messages may leave at all: on, off, status."`
	Quarantine  QuarantineCmd  `cmd:"" help:"Events that were not understood: list, show, replay, drop."`
	Consent     ConsentCmd     `cmd:"" help:"Read the strings of consent tools: GPP, TCF, US privacy."`
	Tail        TailCmd        `cmd:"" help:"Watch events arrive: whom they met and what was ruled."`
	Send        SendCmd        `cmd:"" help:"Send one event to a running server, to see it work."`
	Bench       BenchCmd       `cmd:"" help:"Measure this build on this machine."`
	Doctor      DoctorCmd      `cmd:"" help:"Look at ports, clock, database, keys and disk, and name the fix."`
	Token       TokenCmd       `cmd:"" help:"Make an API token for a role."`
	Source      SourceCmd      `cmd:"" help:"Make a write key for a source."`
	Webhook     WebhookCmd     `cmd:"" help:"Show the secret with which a recipient checks what it is handed."`
	Settings    SettingsCmd    `cmd:"" name:"config" help:"Show the configuration in force and where each value comes from."`
	Version     VersionCmd     `cmd:"" help:"Say which build this is."`
}

// Env is what a command works with.
type Env struct {
	Ctx    context.Context //nolint:containedctx // kong calls Run with values, and a command is one call
	In     io.Reader
	Out    io.Writer
	Err    io.Writer
	Dir    string // relative paths are relative to this
	Lookup func(string) (string, bool)
	Config config.Config
	Clock  clock.Clock
	Log    *slog.Logger

	serving *app.App // set when the command runs inside a server
}

// exit codes.
const (
	codeOK     = 0
	codeFailed = 1
	codeUsage  = 2
)

// Main runs one command and returns the exit code.
func Main(ctx context.Context, p Process) int {
	dir, err := os.Getwd()
	if err != nil {
		return fail(p.Err, err)
	}
	e := &Env{Ctx: ctx, In: p.In, Out: p.Out, Err: p.Err, Dir: dir, Lookup: p.Env, Clock: clock.System{}}
	return e.run(p.Args)
}

// run parses and runs; usage faults are told apart from failures.
func (e *Env) run(args []string) int {
	var cli CLI
	exited := -1
	parser, err := kong.New(&cli,
		kong.Name("heed"),
		kong.Description("Customer data and personalization that keep what was promised.\nStart with: heed demo, or heed serve."),
		kong.Writers(e.Out, e.Err), kong.Exit(func(code int) { exited = code }),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, NoExpandSubcommands: true}),
	)
	if err != nil {
		return fail(e.Err, err)
	}
	if len(args) == 0 {
		args = []string{"--help"}
	}
	parsed, err := parser.Parse(args)
	if exited >= 0 {
		return exited
	}
	if err != nil {
		_, _ = fmt.Fprintf(e.Err, "heed: %s\nTry heed --help.\n", err)
		return codeUsage
	}
	if e.serving == nil {
		if e.Config, err = config.Load(cli.Flags, e.Lookup); err != nil {
			fail(e.Err, err)
			return codeUsage
		}
		e.Log = logger(e.Config, e.Err)
		code, done := e.remote(parsed.Command(), args)
		if done {
			return code
		}
	}
	if err := parsed.Run(e); err != nil {
		return fail(e.Err, err)
	}
	return codeOK
}

func logger(c config.Config, w io.Writer) *slog.Logger {
	options := &slog.HandlerOptions{Level: c.Log.Level}
	if c.Log.Format == "json" {
		return slog.New(slog.NewJSONHandler(w, options))
	}
	return slog.New(slog.NewTextHandler(w, options))
}

// fail tells what went wrong: the public face, then the cause for the one who
// sits at the machine.
func fail(w io.Writer, err error) int {
	if code, ok := errors.AsType[codeError](err); ok {
		return int(code)
	}
	p := problem.Of(err)
	_, _ = fmt.Fprintf(w, "heed: %s\n", p.Detail)
	for _, f := range p.Fields {
		_, _ = fmt.Fprintf(w, "  %s: %s\n", f.Pointer, f.Reason)
	}
	if p.Unwrap() != nil {
		_, _ = fmt.Fprintf(w, "  cause: %v\n", p.Unwrap())
	}
	if p.Kind == problem.Invalid {
		return codeUsage
	}
	return codeFailed
}

// codeError ends a command with a code after it has said everything itself.
type codeError int

func (codeError) Error() string { return "the command failed" }

// open gives the running server's app, or opens the database.
func (e *Env) open() (*app.App, func() error, error) {
	if e.serving != nil {
		return e.serving, func() error { return nil }, nil
	}
	a, err := app.Open(e.Ctx, e.Config, e.Clock, e.Log)
	if err != nil {
		return nil, nil, err
	}
	return a, a.Close, nil
}

// with opens, runs and closes.
func (e *Env) with(f func(*app.App) error) error {
	a, closing, err := e.open()
	if err != nil {
		return err
	}
	return errors.Join(f(a), closing())
}

// path makes a path that was typed absolute.
func (e *Env) path(p string) string {
	if p == "" || filepath.IsAbs(p) || strings.HasPrefix(p, "-") {
		return p
	}
	return filepath.Join(e.Dir, p)
}

// say writes one line of results.
func (e *Env) say(format string, args ...any) {
	_, _ = fmt.Fprintf(e.Out, format+"\n", args...)
}

// note writes one line that is not a result.
func (e *Env) note(format string, args ...any) {
	_, _ = fmt.Fprintf(e.Err, format+"\n", args...)
}
