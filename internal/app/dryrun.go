package app

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/heed-platform/heed/internal/decide/campaign"
	"github.com/heed-platform/heed/internal/keep/catalog"
	"github.com/heed-platform/heed/internal/know/audience"
	"github.com/heed-platform/heed/internal/know/audience/expression"
	"github.com/heed-platform/heed/internal/problem"
	"github.com/heed-platform/heed/internal/reach/delivery"
	"github.com/heed-platform/heed/internal/web/api/plan"
)

var (
	errNoCampaign = problem.New(problem.NotFound, "campaign-missing",
		"There is no such campaign, or no such version of it; heed campaign list shows what there is.")
	errNobodyAsks = problem.New(problem.Forbidden, "asker-missing",
		"Counting people is on the record, so it needs the name and the role of whoever asks.")
)

// deps is what campaigns are compiled with.
func (w *World) deps() campaign.Deps {
	return campaign.Deps{Rules: w.Rules, Audience: w.Predicate, Fields: messageFields, Key: w.key[:]}
}

// messageFields are the paths of people's data that a message reads.
func messageFields(m campaign.Message) ([]string, error) {
	parsed, err := delivery.Parse(m)
	if err != nil {
		return nil, err
	}
	return parsed.Fields(), nil
}

// DryRun counts what a campaign would do for everybody now, and does nothing.
// Version 0 is the newest draft, or the live one where there is none.
func (a *App) DryRun(ctx context.Context, key string, version int64, by catalog.Actor) (campaign.Report, error) {
	if by.Name == "" || by.Role == "" {
		return campaign.Report{}, errNobodyAsks
	}
	entries, err := a.entries(ctx)
	if err != nil {
		return campaign.Report{}, err
	}
	e, ok := wanted(entries, key, version)
	if !ok {
		return campaign.Report{}, errNoCampaign
	}
	c := campaign.Approved{Version: e.Version, Hash: e.Hash, Status: string(e.Status)}
	if err := json.Unmarshal(e.Body, &c.Definition); err != nil {
		return campaign.Report{}, fmt.Errorf("campaign %s: %w", e.Key, err)
	}
	live, err := campaign.Compile(c, a.World().deps())
	if err != nil {
		return campaign.Report{}, err
	}
	asking := live.Asking()
	asking.By, asking.Role = by.Name, string(by.Role)
	return campaign.DryRun(ctx, a.Keep.Gate, live, asking, a.Clock.Now())
}

// wanted picks a version of a campaign: the one that is named, else the newest
// that is a draft, else the one that is live or paused.
func wanted(entries []catalog.Entry, key string, version int64) (found catalog.Entry, ok bool) {
	rank := map[catalog.Status]int{catalog.Draft: 3, catalog.Live: 2, catalog.Paused: 1}
	for _, e := range entries {
		switch {
		case e.Kind != catalog.Campaign || e.Key != key:
		case version != 0:
			if e.Version == version {
				return e, true
			}
		case rank[e.Status] > rank[found.Status] || rank[e.Status] == rank[found.Status] && rank[e.Status] > 0 && e.Version > found.Version:
			found = e
		}
	}
	return found, found.Key != ""
}

// Sketch is an audience to be counted: one of the workspace by its key, for its
// own purpose or another, or an expression for a purpose.
type Sketch struct {
	Audience   string
	Expression string
	Purpose    string
}

var (
	errSketch = problem.New(problem.Invalid, "preview-unclear",
		"A preview counts either an audience by its key, or an expression for a purpose of the workspace.")
	errNoAudience = problem.New(problem.NotFound, "audience-missing", "There is no audience of this name in force.")
)

// sketched is the key under which a sketch is compiled beside the workspace's
// own audiences, in which it may look.
const sketched = "the-audience-that-is-being-counted"

// Preview counts an audience: whom the gate would let through for the purpose,
// and what keeps the others back.
func (a *App) Preview(ctx context.Context, s Sketch, by catalog.Actor) (plan.Preview, error) {
	if by.Name == "" || by.Role == "" {
		return plan.Preview{}, errNobodyAsks
	}
	set, err := a.World().sketch(s)
	if err != nil {
		return plan.Preview{}, err
	}
	counts := plan.Counts{Gate: a.Keep.Gate, Audiences: func() *audience.Set { return set }}
	counted, err := counts.Preview(ctx, sketched, by)
	if err != nil {
		return plan.Preview{}, err
	}
	out, ok := counted.(plan.Preview)
	if !ok {
		return plan.Preview{}, fmt.Errorf("preview is a %T", counted)
	}
	return out, nil
}

// sketch is the workspace's audiences and the one that is to be counted.
func (w *World) sketch(s Sketch) (*audience.Set, error) {
	d := audience.Definition{Key: sketched, Label: sketched, Expression: s.Expression, Purpose: s.Purpose}
	var all []audience.Definition
	found := s.Audience == ""
	for _, other := range w.Audiences.All() {
		all = append(all, other.Definition)
		if other.Key == s.Audience {
			found = true
			d.Expression, d.Purpose = other.Definition.Expression, cmp.Or(s.Purpose, other.Purpose)
		}
	}
	if !found {
		return nil, errNoAudience
	}
	if _, ok := w.Rules.Purpose(d.Purpose); !ok || (s.Audience == "") == (s.Expression == "") {
		return nil, errSketch
	}
	return audience.Compile(append(all, d), expression.Schema{})
}

// Shelved is one campaign and where it stands.
type Shelved struct {
	Key      string         `json:"key"`
	Version  int64          `json:"version"`
	Hash     string         `json:"hash"`
	Status   catalog.Status `json:"status"`
	Label    string         `json:"label"`
	Purpose  string         `json:"purpose"`
	Channel  string         `json:"channel"`
	Audience string         `json:"audience"`
	Moment   string         `json:"moment"` // "send:KEY", "event:NAME", "audience:KEY"
	Author   string         `json:"author"`
	Approved string         `json:"approved_by,omitempty"`
	Answer   string         `json:"answer,omitempty"` // to catalog.Conscience
}

// Shelf is every campaign, by key: the versions that count or may yet, and of
// those that have none, the newest.
func (a *App) Shelf(ctx context.Context) ([]Shelved, error) {
	entries, err := a.entries(ctx)
	if err != nil {
		return nil, err
	}
	newest, standing := map[string]int64{}, map[string]bool{}
	stands := func(e catalog.Entry) bool { return e.Status != catalog.Ended && e.Status != catalog.Superseded }
	for _, e := range entries {
		if e.Kind == catalog.Campaign {
			newest[e.Key], standing[e.Key] = max(newest[e.Key], e.Version), standing[e.Key] || stands(e)
		}
	}
	var out []Shelved
	for _, e := range entries {
		if e.Kind != catalog.Campaign || !stands(e) && (standing[e.Key] || e.Version != newest[e.Key]) {
			continue
		}
		var d campaign.Definition
		if err := json.Unmarshal(e.Body, &d); err != nil {
			return nil, fmt.Errorf("campaign %s: %w", e.Key, err)
		}
		l := campaign.Live{Approved: campaign.Approved{Definition: d}}
		out = append(out, Shelved{
			Key: e.Key, Version: e.Version, Hash: e.Hash, Status: e.Status, Label: d.Label, Purpose: d.Purpose,
			Channel: d.Channel, Audience: d.Audience, Moment: l.Trial(0).String(), Author: e.Author, Approved: e.Approve, Answer: e.Answer,
		})
	}
	slices.SortFunc(out, func(a, b Shelved) int { return cmp.Or(cmp.Compare(a.Key, b.Key), cmp.Compare(a.Version, b.Version)) })
	return out, nil
}
