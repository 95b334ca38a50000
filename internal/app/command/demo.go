package command

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/heed-platform/heed/internal/app"
	"github.com/heed-platform/heed/internal/app/town"
	"github.com/heed-platform/heed/internal/clock"
	"github.com/heed-platform/heed/internal/config"
	"github.com/heed-platform/heed/internal/decide/campaign"
	"github.com/heed-platform/heed/internal/keep/catalog"
	"github.com/heed-platform/heed/internal/keep/gate"
	"github.com/heed-platform/heed/internal/problem"
	"github.com/heed-platform/heed/internal/web/page"
	"github.com/heed-platform/heed/workspace"
)

// DemoCmd runs a town.
type DemoCmd struct {
	Seed   uint64 `default:"7" help:"Another seed makes other people."`
	People int    `default:"80" help:"How many live there."`
	Days   int    `default:"30" help:"How many days have passed when you arrive."`
	Once   bool   `help:"Stop when the past has been told."`
}

// demoMark is the file that says that a data folder is a demo's, to be made anew.
const demoMark = "this-is-a-demo"

var errNotDemo = problem.New(problem.Conflict, "data-folder-in-use",
	"The data folder holds a real database, and a demo would replace it; choose another with --data.")

// Run tells the town's past, then lets it live while you watch.
func (c *DemoCmd) Run(e *Env) error {
	if err := fresh(e.Config.Data); err != nil {
		return err
	}
	e.Config.Database = config.Locate("sqlite:" + filepath.Join(e.Config.Data, "heed.db"))
	e.Config.Keys = config.Locate("sqlite:" + filepath.Join(e.Config.Data, "keys.db"))
	still := clock.NewStill(clock.At(e.Clock.Now().Time().Truncate(24*time.Hour).AddDate(0, 0, -c.Days)))
	past := &stage{Clock: still}
	a, err := app.Open(e.Ctx, e.Config, past, e.Log)
	if err != nil {
		return err
	}
	a.UseOutbox()
	return errors.Join(c.live(e, a, past, still), a.Close())
}

// live tells the past and then serves. It listens first, so that the links in
// messages of the past lead somewhere.
func (c *DemoCmd) live(e *Env, a *app.App, now *stage, still *clock.Still) error {
	s, err := e.listen()
	if err != nil {
		return err
	}
	a.SetPublicURL(s.url)
	d := &demo{cmd: c, e: e, a: a, still: still, town: town.New(c.Seed, c.People)}
	a.Suggest(d.tries()...)
	if err := d.past(); err != nil || c.Once {
		return errors.Join(err, s.close())
	}
	now.now(e.Clock)
	return e.serve(a, s, func() { d.present(s) })
}

// fresh empties a demo's folder and refuses any other that is in use.
func fresh(dir string) error {
	entries, err := os.ReadDir(dir)
	if err == nil && len(entries) > 0 {
		if _, err := os.Stat(filepath.Join(dir, demoMark)); err != nil {
			return errNotDemo
		}
		if err := os.RemoveAll(dir); err != nil {
			return fmt.Errorf("empty the demo's folder: %w", err)
		}
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("make the demo's folder: %w", err)
	}
	return os.WriteFile(filepath.Join(dir, demoMark), []byte("heed demo replaces everything in this folder.\n"), 0o600)
}

// demo is one run.
type demo struct {
	cmd   *DemoCmd
	e     *Env
	a     *app.App
	still *clock.Still
	town  town.Town
	live  []string // campaigns
}

// past applies the workspace with two tokens and tells the days so far.
func (d *demo) past() error {
	if err := d.workspace(); err != nil {
		return err
	}
	d.e.say("\nA town of %d people, a shop, and %d days of living together:\n", d.cmd.People, d.cmd.Days)
	begin := d.still.Now().Time()
	for day := range d.cmd.Days {
		if err := d.day(day, begin.AddDate(0, 0, day)); err != nil {
			return err
		}
	}
	return nil
}

// workspace: privacy puts the promises in force, marketing drafts, privacy
// approves. Nobody can do the other's part.
func (d *demo) workspace() error {
	privacy := catalog.Actor{Role: catalog.Privacy, Name: "petra"}
	marketer := catalog.Actor{Role: catalog.Marketer, Name: "milan"}
	promises, campaigns := app.Split(workspace.Files)
	if _, err := d.a.Put(d.e.Ctx, promises, privacy); err != nil {
		return err
	}
	drafts, err := d.a.Put(d.e.Ctx, campaigns, marketer)
	if err != nil {
		return err
	}
	d.e.say("petra (privacy) put the shop's promises in force; milan (marketing) drafted:")
	for _, c := range drafts {
		if c.Kind != catalog.Campaign {
			continue
		}
		var def campaign.Definition
		if err := json.Unmarshal(c.Body, &def); err != nil {
			return fmt.Errorf("read campaign %s: %w", c.Key, err)
		}
		if p, ok := d.a.World().Rules.Purpose(def.Purpose); ok && p.Service && def.Trigger.Send {
			d.e.say("  %-28s stays a draft: it is for a day that has not come", c.Key)
			continue
		}
		const answer = "Yes: it is short, it is about something I did, and one tap ends it."
		if _, err := d.a.Approve(d.e.Ctx, c.Key, c.Version, c.Hash, answer, privacy); err != nil {
			return err
		}
		d.live = append(d.live, c.Key)
		d.e.say("  %-28s approved by petra, who answered %q", c.Key, answer)
	}
	d.a.NewKeys() // the town speaks through the app itself
	return nil
}

// day tells one day: its events in their order, and what left because of them.
func (d *demo) day(n int, start time.Time) error {
	today := d.e.Clock.Now().Time()
	messages := slices.DeleteFunc(d.town.Day(n, start), func(m town.Message) bool { return m.At.After(today) })
	before := d.a.Outbox().Len()
	events := 0
	for len(messages) > 0 {
		// An hour at a time, so that what follows from the morning has happened
		// before the afternoon.
		end := messages[0].At.Add(time.Hour)
		k, _ := slices.BinarySearchFunc(messages, end, func(m town.Message, t time.Time) int { return m.At.Compare(t) })
		k = max(k, 1)
		d.still.Set(clock.At(messages[k-1].At))
		for _, m := range messages[:k] {
			if err := d.a.Tell(d.e.Ctx, m.Source, m.Body); err != nil {
				return err
			}
		}
		events += k
		messages = messages[k:]
		if err := d.a.CatchUp(d.e.Ctx); err != nil {
			return err
		}
	}
	if n == d.cmd.Days/2 {
		if err := d.letter(); err != nil {
			return err
		}
	}
	d.e.say("  %s  %3d events, %2d messages left", start.Format("Mon 2 Jan"), events, d.a.Outbox().Len()-before)
	return nil
}

// letter sends the one-off campaign, so that there is something to read and
// something that was held back.
func (d *demo) letter() error {
	for _, key := range d.live {
		sent, err := d.a.Send(d.e.Ctx, key, catalog.Actor{Role: catalog.Marketer, Name: "milan"})
		if errors.Is(err, app.ErrNotSent) {
			continue // it starts by an event or an audience
		}
		if err != nil {
			return err
		}
		d.e.say("             milan sends %q: %s may be considered", key, plural(sent.Considered, "neighbor"))
		for _, w := range slices.SortedFunc(maps.Values(sent.Withheld), func(a, b gate.Stopped) int { return b.People - a.People }) {
			d.e.say("               withheld from %s: %s", gate.TotalOf(w.People), w.Ruling.Marketer)
		}
	}
	return d.a.CatchUp(d.e.Ctx)
}

// tries is what to try next, in the terminal and on the page.
func (d *demo) tries() []page.Try {
	who := "email:" + d.town.Person(0).Email
	return []page.Try{
		{Command: "heed person explain " + who, About: "Who is this, why do we think so, and what may be used for what?"},
		{Command: "heed tail", About: "Watch events arrive: whom they met and what was ruled."},
		{Command: "heed campaign dry-run bulk-sms", About: "Whom would a text reach, and which promise keeps the others out?"},
		{Command: "heed export disclosures --json", About: "What left, about whom, to which company, for what."},
		{Command: "heed person erase " + who + " --yes", About: "Destroy somebody's data and read the proof."},
		{Command: "heed verify", About: "Was anything that is stored changed, moved or cut?"},
		{Command: "heed rebuild", About: "Make everything again from the facts alone: nothing may differ."},
	}
}

// present prints where to look and lets the town live.
func (d *demo) present(s *server) {
	d.e.say("\nThe town lives on. What left can be read at %s. In another terminal, try:\n", s.url)
	for _, t := range d.tries() {
		d.e.say("  %-62s %s", t.Command, t.About)
	}
	d.e.say("\nAdmin token for the API: %s\nCtrl-C ends the demo.\n", d.a.First().AdminToken)
	go d.liveOn()
}

// stride is how long the town rests between two events, so that one can watch.
const stride = 1500 * time.Millisecond

// liveOn tells a day's events one by one, at a pace that can be watched.
func (d *demo) liveOn() {
	for day := d.cmd.Days; ; day++ {
		for _, m := range d.town.Day(day, d.e.Clock.Now().Time().Truncate(24*time.Hour)) {
			select {
			case <-d.e.Ctx.Done():
				return
			case <-clock.After(stride):
			}
			m = m.Live(d.e.Clock.Now().Time())
			if err := d.a.Tell(d.e.Ctx, m.Source, m.Body); err != nil && d.e.Ctx.Err() == nil {
				d.e.note("heed: %s", problem.Of(err))
			}
		}
	}
}
