// Package housetest builds small houses for the tests of account: a keep with a
// workspace in force and a line that people's events walk, on each database.
//
// Nothing listens and nothing leaves. Start reading at On.
package housetest

import (
	"context"
	"encoding/json"
	"log/slog"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/heed-platform/heed/internal/clock"
	"github.com/heed-platform/heed/internal/collect/consent"
	"github.com/heed-platform/heed/internal/collect/event"
	"github.com/heed-platform/heed/internal/decide/campaign"
	"github.com/heed-platform/heed/internal/fact"
	"github.com/heed-platform/heed/internal/keep"
	"github.com/heed-platform/heed/internal/keep/catalog"
	"github.com/heed-platform/heed/internal/keep/gate"
	"github.com/heed-platform/heed/internal/keep/keeptest/pgtest"
	"github.com/heed-platform/heed/internal/know"
	"github.com/heed-platform/heed/internal/know/audience"
	"github.com/heed-platform/heed/internal/know/audience/expression"
	"github.com/heed-platform/heed/internal/know/identity"
	"github.com/heed-platform/heed/internal/know/profile"
	"github.com/heed-platform/heed/internal/line"
	"github.com/heed-platform/heed/internal/person"
	"github.com/heed-platform/heed/internal/policy"
	"github.com/heed-platform/heed/workspace"
)

// Noon is when the tests begin.
var Noon = clock.At(time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC))

// House is one heed without doors.
type House struct {
	Clock     *clock.Still
	Workspace catalog.Workspace
	Rules     *policy.Rules
	Know      *know.Knowledge
	Keep      *keep.Keep
	Line      *line.Line
	Engine    string // "sqlite" or "postgres"
	Data      string // path or URL of the data store
	Keys      string // path of the identity store

	t   testing.TB
	dir string
}

// On runs a test on each database, each time in a new house.
func On(t *testing.T, test func(t *testing.T, h *House)) {
	t.Helper()
	for engine, where := range map[string]func(testing.TB) string{
		"sqlite":   func(testing.TB) string { return "" },
		"postgres": pgtest.URL,
	} {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			test(t, New(t, engine, where(t)))
		})
	}
}

// New builds a house; "" is a SQLite file of its own.
func New(tb testing.TB, engine, url string) *House {
	tb.Helper()
	h := &House{t: tb, Clock: clock.NewStill(Noon), Engine: engine, Data: url, dir: tb.TempDir()}
	h.Keys = filepath.Join(h.dir, "keys.db")
	if engine == "sqlite" {
		h.Data = filepath.Join(h.dir, "heed.db")
	}
	var faults []catalog.Fault
	h.Workspace, faults = catalog.Load(workspace.Files,
		catalog.Shape{Kind: catalog.Audience, Sample: audience.Definition{}}, catalog.Shape{Kind: catalog.Campaign, Sample: campaign.Definition{}})
	if len(faults) > 0 {
		tb.Fatal(faults)
	}
	var err error
	if h.Rules, err = policy.Compile(h.Workspace.Policy()); err != nil {
		tb.Fatal(err)
	}
	var spaces []identity.Namespace
	for _, n := range h.Workspace.Policy().Namespaces {
		spaces = append(spaces, identity.Namespace{Name: person.Namespace(n.Key), Limit: n.Limit, PerDays: n.Days, Blocked: n.Blocked})
	}
	rules, err := identity.NewRules(spaces)
	if err != nil {
		tb.Fatal(err)
	}
	h.Know = know.New(rules, "DE")
	h.Open()
	tb.Cleanup(h.Close)
	h.define()
	return h
}

// define puts the workspace's definitions on the record.
func (h *House) define() {
	h.t.Helper()
	entries, err := catalog.Plan(nil, h.Workspace, catalog.Actor{Role: catalog.Admin, Name: "test"}, h.Clock.Now())
	if err != nil {
		h.t.Fatal(err)
	}
	rows := make([]keep.Definition, len(entries))
	for i, e := range entries {
		rows[i] = keep.Definition{
			Kind: string(e.Kind), Key: e.Key, Version: e.Version, Hash: e.Hash, Status: string(e.Status),
			Body: e.Body, Author: e.Author, Approve: e.Approve, Answer: e.Answer, At: e.At,
		}
	}
	if err := h.Keep.Define(context.Background(), "admin:test", "workspace.apply", rows); err != nil {
		h.t.Fatal(err)
	}
}

// Open opens the keep and starts the line, for a house that was closed.
func (h *House) Open() {
	h.t.Helper()
	data := h.Data
	if h.Engine == "sqlite" {
		data = "sqlite:" + data
	}
	var err error
	h.Keep, err = keep.Open(context.Background(), keep.Config{Database: data, Keys: "sqlite:" + h.Keys, Folder: h.dir}, h.Know, h.Clock)
	if err != nil {
		h.t.Fatal(err)
	}
	h.Keep.Gate.Adopt(h.Rules)
	none, err := audience.Compile(nil, expression.Schema{})
	if err != nil {
		h.t.Fatal(err)
	}
	settings := &line.Settings{Know: h.Know, Audiences: none, Dictionary: profile.NewDictionary(nil, nil)}
	h.Line = line.New(h.Keep, settings, h.Clock, slog.New(slog.DiscardHandler))
	h.Line.Run(context.Background(), 1)
}

// Close ends what Open began; closing twice is closing once.
func (h *House) Close() {
	if h.Keep == nil {
		return
	}
	h.Line.Close()
	if err := h.Keep.Close(); err != nil {
		h.t.Error(err)
	}
	h.Keep = nil
}

// Event is one event as somebody sends it; a missing messageId is made up.
type Event map[string]any

// Hears accepts events from a source of the workspace, all of them.
func (h *House) Hears(source string, events ...Event) {
	h.t.Helper()
	def, ok := h.Rules.Source(source)
	if !ok {
		h.t.Fatalf("the workspace has no source %s", source)
	}
	src := event.Source{
		Key: source, Kind: map[string]event.Kind{"server": event.Server, "import": event.Import}[def.Kind],
		Notice: def.Notice, Origin: fact.Origin(def.Origin),
		Canonical: func(ns person.Namespace, value string) (string, bool) {
			id, err := h.Know.Canonical(person.Ident(ns, value))
			return id.Value.Reveal(), err == nil
		},
	}
	for _, e := range events {
		if e["messageId"] == nil {
			e["messageId"] = uuid.NewString()
		}
	}
	body, err := json.Marshal(map[string]any{"batch": events})
	if err != nil {
		h.t.Fatal(err)
	}
	parsed, err := event.Batch(body, src, h.Clock.Now())
	if err != nil {
		h.t.Fatal(err)
	}
	batch := line.Batch{Source: source}
	for _, v := range parsed.Verdicts {
		if v.Code != "" {
			h.t.Fatalf("%s: %s", v.Code, v.Why)
		}
		batch.Arrivals = append(batch.Arrivals, line.Arrival{
			Event: v.Event, Grants: consent.Hear(&v.Event, false, &consent.Mapping{}).Grants,
		})
	}
	answers, err := h.Line.Accept(context.Background(), batch)
	if err != nil {
		h.t.Fatal(err)
	}
	for _, a := range answers {
		if a.Outcome != line.Accepted {
			h.t.Fatalf("%+v", a)
		}
	}
	h.Clock.Advance(time.Second)
}

// Subject is whom NS and value point at.
func Subject(ns person.Namespace, value string) gate.Subject {
	return gate.ByIdentifier(person.Ident(ns, value))
}

// Says enters a grant or a refusal.
func (h *House) Says(s gate.Subject, g fact.Grant) {
	h.t.Helper()
	if g.Said == 0 {
		g.Said = h.Clock.Now()
	}
	if _, err := gate.Declare(context.Background(), h.Keep.Gate, s, gate.Statement{Grants: []fact.Grant{g}, By: "person"}); err != nil {
		h.t.Fatal(err)
	}
	h.Clock.Advance(time.Second)
}

// Staff asks as somebody of the staff does.
func Staff(s gate.Subject) gate.Asking {
	return gate.Asking{Subject: s, Purpose: "essential.service.operations.support", By: "test", Role: "operator", Why: "a test looks"}
}

// Inspect opens a person for staff.
func (h *House) Inspect(s gate.Subject) gate.Dossier {
	h.t.Helper()
	pass, err := gate.Ask[gate.Operate](context.Background(), h.Keep.Gate, Staff(s))
	if err != nil {
		h.t.Fatal(err)
	}
	d, err := gate.Inspect(context.Background(), pass)
	if err != nil {
		h.t.Fatal(err)
	}
	return d
}

// Erase erases a person in their own name.
func (h *House) Erase(s gate.Subject) gate.Certificate {
	h.t.Helper()
	a := Staff(s)
	a.Purpose = "essential.legal_obligation"
	pass, err := gate.Ask[gate.Honor](context.Background(), h.Keep.Gate, a)
	if err != nil {
		h.t.Fatal(err)
	}
	c, err := gate.Erase(context.Background(), pass)
	if err != nil {
		h.t.Fatal(err)
	}
	return c
}
