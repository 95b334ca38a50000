package app

import (
	"context"
	"io"
	"time"

	"github.com/google/uuid"

	"github.com/heed-platform/heed/internal/account/leak"
	"github.com/heed-platform/heed/internal/account/request"
	"github.com/heed-platform/heed/internal/clock"
	"github.com/heed-platform/heed/internal/keep/catalog"
	"github.com/heed-platform/heed/internal/keep/gate"
	"github.com/heed-platform/heed/internal/person"
	"github.com/heed-platform/heed/internal/problem"
)

// errLeakRole says who answers for leaks.
var errLeakRole = problem.New(problem.Forbidden, "leak-role", "Leaks are for privacy and admin; ask one of them.")

// usualReport is how long there is to tell the authority where no law pack says
// it: as long as the shortest that is known.
const usualReport = 72 * time.Hour

func mayLeak(by catalog.Actor) error {
	if by.Role != catalog.Privacy && by.Role != catalog.Admin {
		return errLeakRole
	}
	return nil
}

// OpenLeak puts a leak on file and counts who is affected. learned is when
// somebody learned of it; zero is now.
func (a *App) OpenLeak(ctx context.Context, by catalog.Actor, what string, learned clock.Instant, s leak.Scope) (leak.Case, error) {
	if err := mayLeak(by); err != nil {
		return leak.Case{}, err
	}
	if err := s.Check(a.World().Rules, a.hasAudience); err != nil {
		return leak.Case{}, err
	}
	if learned == 0 || learned > a.Clock.Now() {
		learned = a.Clock.Now()
	}
	c := leak.Case{ID: "leak-" + uuid.NewString()[:8], Learned: learned, What: what, Scope: s}
	c.Due, c.Law = a.reportDue(learned)
	if err := leak.Begin(ctx, a.Keep, by.String(), c); err != nil {
		return leak.Case{}, err
	}
	return a.AssessLeak(ctx, by, c.ID, nil)
}

func (a *App) hasAudience(key string) bool {
	_, ok := a.World().Predicate(key)
	return ok
}

// reportDue is when the authority must know, by the strictest law that speaks
// where the brand is.
func (a *App) reportDue(learned clock.Instant) (clock.Instant, string) {
	rules := a.World().Rules
	due, law := learned.Add(usualReport), "no law pack sets a time; the shortest known one"
	zone, err := time.LoadLocation(rules.Brand().Zone)
	if err != nil {
		zone = time.UTC
	}
	for i, d := range rules.Deadlines(rules.Brand().Jurisdiction, "breach") {
		if at := request.Due(learned, d, zone); i == 0 || at < due {
			due, law = at, d.Law
		}
	}
	return due, law
}

// AssessLeak counts again who is affected; a scope that is not nil replaces the
// one on file, as more is known.
func (a *App) AssessLeak(ctx context.Context, by catalog.Actor, id string, s *leak.Scope) (leak.Case, error) {
	if err := mayLeak(by); err != nil {
		return leak.Case{}, err
	}
	c, err := leak.Find(ctx, a.Keep, id)
	if err != nil {
		return c, err
	}
	if s != nil {
		if err := s.Check(a.World().Rules, a.hasAudience); err != nil {
			return c, err
		}
		c.Scope = *s
	}
	found, err := leak.Assess(ctx, a.Keep.Gate, leakAsking(by, id), c.Scope, nil)
	if err != nil {
		return c, err
	}
	return leak.Change(ctx, a.Keep, by.String(), "assessed", id, a.Clock.Now(), func(c *leak.Case) { c.Scope, c.Latest = found.Scope, &found })
}

func leakAsking(by catalog.Actor, id string) leak.Asking {
	return leak.Asking{By: by.Name, Role: string(by.Role), Why: "affected by " + id}
}

// TellOfLeak considers everybody who is affected for a campaign that is live and
// starts by being sent: somebody else has approved its words. The gate and the
// guards decide for each, and what cannot be reached is counted by its reason.
func (a *App) TellOfLeak(ctx context.Context, by catalog.Actor, id, campaign string) (Sent, error) {
	if err := mayLeak(by); err != nil {
		return Sent{}, err
	}
	c, err := leak.Find(ctx, a.Keep, id)
	if err != nil {
		return Sent{}, err
	}
	affected := map[person.Ref]bool{}
	_, err = leak.Assess(ctx, a.Keep.Gate, leakAsking(by, id), c.Scope, func(m gate.Member) { affected[m.Ref] = true })
	if err != nil {
		return Sent{}, err
	}
	sent, err := a.send(ctx, campaign, by, func(m gate.Member) bool { return affected[m.Ref] })
	if err != nil {
		return sent, err
	}
	_, err = leak.Change(ctx, a.Keep, by.String(), "told people by "+campaign, id, a.Clock.Now(), func(*leak.Case) {})
	return sent, err
}

// CloseLeak ends a case; what it said stays.
func (a *App) CloseLeak(ctx context.Context, by catalog.Actor, id, why string) (leak.Case, error) {
	if err := mayLeak(by); err != nil {
		return leak.Case{}, err
	}
	now := a.Clock.Now()
	return leak.Change(ctx, a.Keep, by.String(), "closed: "+why, id, now, func(c *leak.Case) { c.Status, c.Closed = leak.Closed, now })
}

// DraftLeak writes the report to the authority.
func (a *App) DraftLeak(ctx context.Context, id string, w io.Writer) error {
	c, err := leak.Find(ctx, a.Keep, id)
	if err != nil {
		return err
	}
	return leak.Draft(w, c, a.World().Rules, a.Clock.Now())
}
