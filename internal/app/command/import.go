package command

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/schollz/progressbar/v3"

	"github.com/heed-platform/heed/internal/app"
	"github.com/heed-platform/heed/internal/clock"
	"github.com/heed-platform/heed/internal/collect/source"
	"github.com/heed-platform/heed/internal/problem"
)

// ImportCmd brings history in: nobody is written to because of it. Done twice, or
// begun again after it was interrupted, it gives what doing it once gives.
type ImportCmd struct {
	Path       []string `arg:"" help:"Files or folders: NDJSON or JSON of Segment events, or with --map any tables. Packed with gzip or not."`
	Map        string   `placeholder:"FILE" help:"The mapping that says what the columns mean (workspace/import has examples)."`
	Source     string   `placeholder:"NAME" help:"Which source of the workspace it counts as; by default the mapping's, else import."`
	Notice     string   `placeholder:"KEY@VERSION" help:"The notice under which values were collected that name none themselves."`
	AsOf       string   `placeholder:"DATE" help:"The day of the export, like 2026-03-01: when rows that don't tell were true."`
	Rejects    string   `placeholder:"FILE" help:"Write what did not come in there, one JSON line each, with file, line and reason."`
	RejectsRaw bool     `help:"Write the rejected rows themselves to the rejects, too. They hold what people told."`
	JSON       bool     `help:"Report as JSON."`
}

var (
	errAsOf    = problem.New(problem.Invalid, "import-day", "The day of the export is not a date; write it like 2026-03-01.")
	errMapFile = problem.New(problem.Invalid, "import-map-missing", "The mapping cannot be read; name a YAML file with --map.")
	errRejects = problem.New(problem.Invalid, "import-rejects", "The file for rejects cannot be written; name another with --rejects.")
	errNoneIn  = problem.New(problem.Invalid, "import-none", "Not one row came in; the rejects say why.")
)

// shownRejects is how many rejects are told when no file keeps them.
const shownRejects = 10

// Run imports.
func (c *ImportCmd) Run(e *Env) error {
	o, err := c.options(e)
	if err != nil {
		return err
	}
	rejects, err := c.rejects(e, o)
	if err != nil {
		return err
	}
	bar := newProgress(e.Err, e.Clock)
	o.Progress = bar.show
	err = e.with(func(a *app.App) error {
		c.warn(e, a, o)
		report, err := a.Import(e.Ctx, *o)
		bar.end()
		return errors.Join(c.report(e, report, err), err)
	})
	return errors.Join(err, rejects())
}

func (c *ImportCmd) options(e *Env) (*app.Import, error) {
	o := &app.Import{Source: c.Source, Notice: c.Notice, File: c.Map}
	for _, p := range c.Path {
		o.Paths = append(o.Paths, e.path(p))
	}
	if c.AsOf != "" {
		day, err := time.Parse(time.DateOnly, c.AsOf)
		if err != nil {
			return nil, errAsOf.At("--as-of", "is not a date").Because(err)
		}
		o.AsOf = clock.At(day)
	}
	if c.Map == "" {
		return o, nil
	}
	text, err := os.ReadFile(e.path(c.Map))
	if err != nil {
		return nil, errMapFile.At(c.Map, "cannot be read").Because(err)
	}
	if o.Map = string(text); strings.TrimSpace(o.Map) == "" {
		return nil, errMapFile.At(c.Map, "is empty")
	}
	return o, nil
}

// rejects says where they go. The result ends writing them.
func (c *ImportCmd) rejects(e *Env, o *app.Import) (func() error, error) {
	if c.Rejects == "" {
		n := 0
		o.Rejected = func(r source.Reject) {
			if n++; n <= shownRejects {
				e.note("%s:%d %s: %s", r.File, r.Line, r.Code, r.Why)
			}
		}
		return func() error { return nil }, nil
	}
	f, err := os.OpenFile(e.path(c.Rejects), os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return nil, errRejects.At(c.Rejects, "cannot be written").Because(err)
	}
	o.Rejects, o.RejectsRaw = f, c.RejectsRaw
	return f.Close, nil
}

// warn says what will be kept and can be used for nothing.
func (c *ImportCmd) warn(e *Env, a *app.App, o *app.Import) {
	for _, notice := range a.Notices(*o) {
		if notice == "" {
			e.note("no notice covers what comes in: it is kept, and can be used for nothing; name one with --notice")
		} else {
			e.note("the workspace has no notice %s yet: what came under it can be used for nothing until it is applied", notice)
		}
	}
}

func (c *ImportCmd) report(e *Env, r source.Report, failed error) error {
	if c.JSON {
		b, err := json.Marshal(r)
		if err != nil {
			return fmt.Errorf("write report: %w", err)
		}
		e.say("%s", b)
	} else if r.Rows > 0 {
		e.say("%s rows of %s. New events: %s. Known: %s.%s", number(r.Rows), plural(r.Files, "file"),
			number(r.Accepted), number(r.Duplicates+r.Skipped), also(r))
	}
	if len(r.Ignored) > 0 {
		e.note("not read: %s", strings.Join(shorten(r.Ignored), ", "))
	}
	if r.Rejected == 0 {
		return nil
	}
	var why []string
	for _, code := range slices.Sorted(maps.Keys(r.Reasons)) {
		why = append(why, fmt.Sprintf("%s %s", number(r.Reasons[code]), code))
	}
	e.note("%s did not come in: %s", number(r.Rejected), strings.Join(why, ", "))
	switch {
	case c.Rejects != "":
		e.note("where and why: %s", filepath.Clean(e.path(c.Rejects)))
	case r.Rejected > shownRejects:
		e.note("name a file with --rejects to see all of them")
	}
	if failed == nil && r.Accepted+r.Duplicates+r.Skipped+r.Items == 0 {
		return errNoneIn
	}
	return nil
}

func also(r source.Report) string {
	var b strings.Builder
	if r.Grants > 0 {
		fmt.Fprintf(&b, " Entries of consent: %s.", number(r.Grants))
	}
	if r.Items > 0 {
		fmt.Fprintf(&b, " Products: %s.", number(r.Items))
	}
	return b.String()
}

func shorten(names []string) []string {
	const most = 5
	if len(names) <= most {
		return names
	}
	return append(slices.Clone(names[:most]), fmt.Sprintf("and %d more", len(names)-most))
}

// number writes 75,000.
func number(n int64) string {
	s := fmt.Sprint(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// progress shows how far long work is: a bar on a terminal, a plain line now and
// then elsewhere.
type progress struct {
	out   io.Writer
	clock clock.Clock
	bar   *progressbar.ProgressBar
	told  clock.Instant
}

// plainEvery is how often a line is written where there is no terminal.
const plainEvery = 5 * time.Second

func newProgress(out io.Writer, clk clock.Clock) *progress {
	p := &progress{out: out, clock: clk, told: clk.Now()}
	if isTerminal(out) {
		p.bar = progressbar.NewOptions(barSteps,
			progressbar.OptionSetWriter(out), progressbar.OptionSetWidth(30), progressbar.OptionSetPredictTime(false),
			progressbar.OptionClearOnFinish(), progressbar.OptionSetElapsedTime(false), progressbar.OptionShowDescriptionAtLineEnd(),
		)
	}
	return p
}

const barSteps = 1000

func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

func (p *progress) show(now source.Progress) {
	if p.bar != nil {
		p.bar.Describe(now.Doing + ": " + pace(now))
		_ = p.bar.Set(int(now.Part * barSteps))
		return
	}
	if t := p.clock.Now(); t.Sub(p.told) >= plainEvery {
		p.told = t
		_, _ = fmt.Fprintf(p.out, "%3.0f %%  %s: %s\n", now.Part*100, now.Doing, pace(now))
	}
}

func pace(p source.Progress) string {
	s := number(p.Events) + " events"
	if p.Rate > 0 {
		s += ", " + number(int64(p.Rate)) + " a second"
	}
	if p.Left > 0 {
		s += ", " + p.Left.Round(time.Second).String() + " left"
	}
	return s
}

func (p *progress) end() {
	if p.bar != nil {
		_ = p.bar.Finish()
	}
}
