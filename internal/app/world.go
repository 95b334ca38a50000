package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync/atomic"

	"github.com/heed-platform/heed/internal/clock"
	"github.com/heed-platform/heed/internal/collect/consent"
	"github.com/heed-platform/heed/internal/collect/form"
	"github.com/heed-platform/heed/internal/decide/campaign"
	"github.com/heed-platform/heed/internal/fact"
	"github.com/heed-platform/heed/internal/keep"
	"github.com/heed-platform/heed/internal/keep/catalog"
	"github.com/heed-platform/heed/internal/keep/gate"
	"github.com/heed-platform/heed/internal/know"
	"github.com/heed-platform/heed/internal/know/audience"
	"github.com/heed-platform/heed/internal/know/audience/expression"
	"github.com/heed-platform/heed/internal/know/identity"
	"github.com/heed-platform/heed/internal/know/profile"
	"github.com/heed-platform/heed/internal/line"
	"github.com/heed-platform/heed/internal/person"
	"github.com/heed-platform/heed/internal/policy"
	"github.com/heed-platform/heed/internal/problem"
)

// World is everything compiled from the definitions in force.
type World struct {
	Workspace catalog.Workspace
	Rules     *policy.Rules
	Know      *know.Knowledge
	Audiences *audience.Set
	Campaigns *campaign.Engine
	Consent   *consent.Mapping // what consent tools and subscriptions mean here
	Forms     *form.Book       // what people are asked

	key   [32]byte
	heeds clock.Instant // when the rules that signals go by last changed
}

var errWorkspace = problem.New(problem.Invalid, "workspace-invalid",
	"The workspace has faults and was not put in force; mend them and apply it again.")

// build compiles what is in force in the database.
func (a *App) build(ctx context.Context) (*World, error) {
	entries, err := a.entries(ctx)
	if err != nil {
		return nil, err
	}
	return compile(entries, a.Keep.Vault().Key("campaigns"))
}

// compile makes a world; key is what campaigns draw their holdouts with.
func compile(entries []catalog.Entry, key [32]byte) (*World, error) {
	w := &World{key: key}
	var faults []catalog.Fault
	w.Workspace, faults = catalog.InForce(entries, shapes()...)
	if len(faults) > 0 {
		return nil, withFaults(faults)
	}
	w.Forms = book(w)
	var err error
	if w.Rules, err = w.Workspace.Compile(); err != nil {
		return nil, err
	}
	if w.Know, err = knowledge(w.Workspace, w.Rules); err != nil {
		return nil, err
	}
	if err := remember(entries, w); err != nil {
		return nil, err
	}
	if w.Audiences, err = audiences(w.Workspace); err != nil {
		return nil, err
	}
	w.Consent, w.heeds = w.listening(), heeds(entries)
	w.Campaigns, err = campaigns(entries, w)
	return w, err
}

func withFaults(faults []catalog.Fault) error {
	p := errWorkspace
	for _, f := range faults {
		p = p.At(fmt.Sprintf("%s:%d", f.File, f.Line), f.Reason)
	}
	return p
}

// knowledge makes the identity rules of a workspace. Phone numbers without a
// country code belong where the brand does.
func knowledge(w catalog.Workspace, rules *policy.Rules) (*know.Knowledge, error) {
	var spaces []identity.Namespace
	for _, n := range w.Policy().Namespaces {
		spaces = append(spaces, identity.Namespace{
			Name: person.Namespace(n.Key), Limit: n.Limit, PerDays: n.Days, Blocked: n.Blocked,
		})
	}
	r, err := identity.NewRules(spaces)
	if err != nil {
		return nil, err
	}
	return know.New(r, region(rules.Brand().Jurisdiction)), nil
}

func (w *World) settings() *line.Settings {
	return &line.Settings{
		Know: w.Know, Audiences: w.Audiences, Campaigns: w.Campaigns,
		Dictionary: profile.NewDictionary(nil, w.hidden),
	}
}

// hidden says which purchases tell something sensitive; they do not stand on
// the spine.
func (w *World) hidden(_, category string) bool {
	return w.Rules.Sensitive(w.Rules.Category("purchases." + category))
}

// shapes are the kinds of definitions that stages understand.
func shapes() []catalog.Shape {
	return []catalog.Shape{
		{Kind: catalog.Audience, Sample: audience.Definition{}},
		{Kind: catalog.Campaign, Sample: campaign.Definition{}},
	}
}

// audiences compiles those in force.
func audiences(w catalog.Workspace) (*audience.Set, error) {
	var defs []audience.Definition
	for _, d := range w.Of(catalog.Audience) {
		var a audience.Definition
		if err := d.Decode(&a); err != nil {
			return nil, err
		}
		defs = append(defs, a)
	}
	return audience.Compile(defs, expression.Schema{})
}

// campaigns compiles every version that was ever approved: live ones decide, and
// what was queued under older ones must still explain itself.
func campaigns(entries []catalog.Entry, w *World) (*campaign.Engine, error) {
	var list []campaign.Approved
	for _, e := range entries {
		if e.Kind != catalog.Campaign || e.Approve == "" {
			continue
		}
		a := campaign.Approved{Version: e.Version, Hash: e.Hash, Status: string(e.Status)}
		if err := json.Unmarshal(e.Body, &a.Definition); err != nil {
			return nil, fmt.Errorf("campaign %s: %w", e.Key, err)
		}
		list = append(list, a)
	}
	return campaign.NewEngine(list, w.deps())
}

// Predicate is an audience as the gate asks it.
func (w *World) Predicate(key string) (gate.Predicate, bool) { return predicates(w.Audiences)(key) }

// adopt puts a world in force everywhere at once.
func (a *App) adopt(w *World, base *swap) {
	base.set(w.Know)
	a.Keep.Gate.Adopt(w.Rules)
	a.Line.Adopt(w.settings())
	a.world.Store(w)
	a.base = base
}

// entries are all versions of all definitions.
func (a *App) entries(ctx context.Context) ([]catalog.Entry, error) {
	defs, err := a.Keep.Definitions(ctx, "")
	if err != nil {
		return nil, err
	}
	out := make([]catalog.Entry, len(defs))
	for i, d := range defs {
		out[i] = catalog.Entry{
			Kind: catalog.Kind(d.Kind), Key: d.Key, Version: d.Version, Hash: d.Hash, Status: catalog.Status(d.Status),
			Body: d.Body, Author: d.Author, Approve: d.Approve, Answer: d.Answer, At: d.At,
		}
	}
	return out, nil
}

func rows(entries []catalog.Entry) []keep.Definition {
	out := make([]keep.Definition, len(entries))
	for i, e := range entries {
		out[i] = keep.Definition{
			Kind: string(e.Kind), Key: e.Key, Version: e.Version, Hash: e.Hash, Status: string(e.Status),
			Body: e.Body, Author: e.Author, Approve: e.Approve, Answer: e.Answer, At: e.At,
		}
	}
	return out
}

// Change is one step in the life of definitions: f says what becomes of them.
// The step is refused when the world that it makes cannot be compiled.
func (a *App) Change(ctx context.Context, by catalog.Actor, what string, f func([]catalog.Entry) ([]catalog.Entry, error)) ([]catalog.Entry, error) {
	a.change.Lock()
	defer a.change.Unlock()
	all, err := a.entries(ctx)
	if err != nil {
		return nil, err
	}
	changed, err := f(all)
	if err != nil || len(changed) == 0 {
		return changed, err
	}
	w, err := compile(merge(all, changed), a.Keep.Vault().Key("campaigns"))
	if err != nil {
		return nil, err
	}
	if _, err := a.bar(ctx, w.Know); err != nil {
		return nil, err
	}
	if err := a.Keep.Define(ctx, by.String(), what, rows(changed)); err != nil {
		return nil, err
	}
	a.adopt(w, a.base)
	return changed, errors.Join(a.addSources(ctx, by), a.loadSources(ctx))
}

func merge(all, changed []catalog.Entry) []catalog.Entry {
	type id struct {
		kind    catalog.Kind
		key     string
		version int64
	}
	at := map[id]int{}
	out := append([]catalog.Entry(nil), all...)
	for i, e := range out {
		at[id{e.Kind, e.Key, e.Version}] = i
	}
	for _, e := range changed {
		if i, ok := at[id{e.Kind, e.Key, e.Version}]; ok {
			out[i] = e
		} else {
			out = append(out, e)
		}
	}
	return out
}

// swap is the gate's Knowledge, replaced whole when the workspace changes.
type swap struct {
	now atomic.Pointer[know.Knowledge]
}

func (s *swap) set(k *know.Knowledge) { s.now.Store(k) }

func (s *swap) Person(id fact.FragmentID, n []gate.Node, e []gate.Edge) gate.Group {
	return s.now.Load().Person(id, n, e)
}

func (s *swap) People(n []gate.Node, e []gate.Edge) []gate.Group { return s.now.Load().People(n, e) }

func (s *swap) Fold(ref person.Ref, g gate.Group, n []gate.Node, st map[fact.FragmentID]fact.State) *fact.Profile {
	return s.now.Load().Fold(ref, g, n, st)
}

func (s *swap) Apply(st *fact.State, kind fact.Kind, payload []byte) error {
	return s.now.Load().Apply(st, kind, payload)
}

func (s *swap) Canonical(id person.Identifier) (person.Identifier, error) {
	return s.now.Load().Canonical(id)
}
