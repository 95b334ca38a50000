package app

import (
	"context"
	"io/fs"

	"github.com/heed-platform/heed/internal/decide/campaign"
	"github.com/heed-platform/heed/internal/keep/catalog"
	"github.com/heed-platform/heed/internal/keep/gate"
	"github.com/heed-platform/heed/internal/line"
	"github.com/heed-platform/heed/internal/problem"
)

// Read reads a workspace from files and finds what is wrong with it: first what
// cannot be read, then what leads nowhere, then what could never be.
func Read(files fs.FS) (catalog.Workspace, []catalog.Fault) {
	w, faults := catalog.Load(files, shapes()...)
	if len(faults) > 0 {
		return w, faults
	}
	if faults := w.Check(); len(faults) > 0 {
		return w, faults
	}
	return w, unlawful(w)
}

// Apply puts a workspace in force for an actor: what is promised to people and
// audiences at once, campaigns as drafts. It returns what changed.
func (a *App) Apply(ctx context.Context, files fs.FS, by catalog.Actor) ([]catalog.Entry, error) {
	w, faults := Read(files)
	if len(faults) > 0 {
		return nil, withFaults(faults)
	}
	return a.Put(ctx, w, by)
}

// Approve takes a campaign's draft live.
func (a *App) Approve(ctx context.Context, key string, version int64, hash, answer string, by catalog.Actor) ([]catalog.Entry, error) {
	return a.Change(ctx, by, "campaign.approve", func(all []catalog.Entry) ([]catalog.Entry, error) {
		return catalog.Approve(all, key, version, hash, answer, by, a.Clock.Now())
	})
}

// Pause silences a live campaign at once.
func (a *App) Pause(ctx context.Context, key string, by catalog.Actor) ([]catalog.Entry, error) {
	return a.Change(ctx, by, "campaign.pause", func(all []catalog.Entry) ([]catalog.Entry, error) {
		return catalog.Pause(all, key, by)
	})
}

// Resume lets a paused campaign go on.
func (a *App) Resume(ctx context.Context, key string, by catalog.Actor) ([]catalog.Entry, error) {
	return a.Change(ctx, by, "campaign.resume", func(all []catalog.Entry) ([]catalog.Entry, error) {
		return catalog.Resume(all, key, by)
	})
}

// End closes a definition for good.
func (a *App) End(ctx context.Context, kind catalog.Kind, key string, by catalog.Actor) ([]catalog.Entry, error) {
	return a.Change(ctx, by, "definition.end", func(all []catalog.Entry) ([]catalog.Entry, error) {
		return catalog.End(all, kind, key, by)
	})
}

// Draft is the newest draft of a campaign.
func (a *App) Draft(ctx context.Context, key string) (catalog.Entry, error) {
	all, err := a.entries(ctx)
	if err != nil {
		return catalog.Entry{}, err
	}
	var found catalog.Entry
	for _, e := range all {
		if e.Kind == catalog.Campaign && e.Key == key && e.Status == catalog.Draft && e.Version > found.Version {
			found = e
		}
	}
	if found.Key == "" {
		return found, errNoDraft
	}
	return found, nil
}

var (
	errNoDraft = problem.New(problem.NotFound, "no-draft", "There is no draft of this campaign to approve; apply one first.")
	// ErrNotSent says that a campaign cannot be sent by hand.
	ErrNotSent = problem.New(problem.Conflict, "campaign-not-live", "This campaign is not live, or it does not start by being sent.")
)

// Sent says whom a send considered, and whom a promise kept out.
type Sent struct {
	Considered int
	Withheld   map[string]gate.Stopped
}

// Send considers everybody in a campaign's audience once. Who gets it is decided
// for each by the guards, and asked again when it leaves.
func (a *App) Send(ctx context.Context, key string, by catalog.Actor) (Sent, error) {
	return a.send(ctx, key, by, func(gate.Member) bool { return true })
}

// send considers those of the audience whom only admits.
func (a *App) send(ctx context.Context, key string, by catalog.Actor, only func(gate.Member) bool) (Sent, error) {
	c, ok := a.sendable(key)
	if !ok {
		return Sent{}, ErrNotSent
	}
	people, withheld, err := a.considered(ctx, c, by)
	if err != nil {
		return Sent{}, err
	}
	now := a.Clock.Now()
	out := Sent{Withheld: withheld}
	var looks []line.Look
	for m := range people {
		if only(m) {
			looks = append(looks, line.Look{Fragment: m.Anchor, Campaign: key, Due: now})
		}
	}
	for len(looks) > 0 {
		n := min(len(looks), timerPage)
		if err := a.Line.Look(ctx, looks[:n]); err != nil {
			return out, err
		}
		out.Considered, looks = out.Considered+n, looks[n:]
	}
	return out, nil
}

func (a *App) sendable(key string) (*campaign.Live, bool) {
	for _, c := range a.World().Campaigns.All() {
		if c.Key == key && c.Trigger.Send {
			return c, true
		}
	}
	return nil, false
}
