// Package linetest lends tests a small heed on either engine: the real keep,
// gate and line, with the example workspace's promises and a clock that stands
// still until the test moves it.
//
// It checks nothing by itself. Start reading at OnBoth.
package linetest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/heed-platform/heed/internal/clock"
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

// Noon is a Tuesday, 12:00 in Berlin, outside quiet hours.
var Noon = clock.At(time.Date(2026, 3, 3, 11, 0, 0, 0, time.UTC))

// What the example workspace calls things that many tests are about.
const (
	Letters  = "marketing.communications.email"
	Choosing = "personalize.content.profiled"
	Support  = "essential.service.operations.support"
	Shipping = "essential.service.notifications.email"
	Relay    = "mail-relay"
	Promise  = "newsletter@2"
)

// House is one open heed.
type House struct {
	T     testing.TB
	Clock *clock.Still
	Keep  *keep.Keep
	Know  *know.Knowledge
	Rules *policy.Rules
	Line  *line.Line

	// Members is the audience of campaigns whose audience nobody defined; nil is
	// everybody. It is asked from many goroutines.
	Members gate.Predicate

	database, folder string
	log              log
	messages         int
	mu               sync.Mutex
}

type log struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

// OnBoth runs f in a fresh house on each engine.
func OnBoth(t *testing.T, f func(t *testing.T, h *House)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		f(t, Open(t, t.TempDir(), ""))
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		f(t, Open(t, t.TempDir(), pgtest.URL(t)))
	})
}

// Open opens a house in a folder; "" is a SQLite file there. It is closed when
// the test ends, if the test did not close it before.
func Open(t testing.TB, folder, database string) *House {
	t.Helper()
	h := &House{T: t, Clock: clock.NewStill(Noon), folder: folder, database: database}
	w, faults := catalog.Load(workspace.Files)
	if len(faults) > 0 {
		t.Fatal(faults)
	}
	var err error
	if h.Rules, err = w.Compile(); err != nil {
		t.Fatal(err)
	}
	h.Know = know.New(identity.DefaultRules(), "DE")
	h.Reopen()
	t.Cleanup(h.Close)
	return h
}

// Reopen opens the house again; audiences and campaigns are to be adopted anew.
func (h *House) Reopen() {
	h.T.Helper()
	h.Close()
	keys := h.database
	if h.database == "" {
		h.database, keys = "sqlite:"+filepath.Join(h.folder, "heed.db"), "sqlite:"+filepath.Join(h.folder, "keys.db")
	} else if h.database == "sqlite:"+filepath.Join(h.folder, "heed.db") {
		keys = "sqlite:" + filepath.Join(h.folder, "keys.db")
	}
	var err error
	ctx := context.Background() // the house outlives a test's own context by its last cleanup
	h.Keep, err = keep.Open(ctx, keep.Config{Database: h.database, Keys: keys, Folder: h.folder}, h.Know, h.Clock)
	if err != nil {
		h.T.Fatal(err)
	}
	h.Keep.Gate.Adopt(h.Rules)
	h.Line = line.New(h.Keep, h.settings(nil, nil), h.Clock, slog.New(slog.NewTextHandler(&h.log, nil)))
	workers := 1
	if h.Keep.ManyWriters() {
		workers = 4
	}
	h.Line.Run(ctx, workers)
}

// Close closes it; more than once is once.
func (h *House) Close() {
	if h.Keep == nil {
		return
	}
	h.Line.Close()
	if err := h.Keep.Close(); err != nil {
		h.T.Error(err)
	}
	h.Keep = nil
}

// KeyFile is where the house keeps its key.
func (h *House) KeyFile() string { return filepath.Join(h.folder, "heed.kek") }

// Neighbor is another node on the same database with the same key file.
func (h *House) Neighbor() *House {
	h.T.Helper()
	n := &House{T: h.T, Clock: h.Clock, Know: h.Know, Rules: h.Rules, folder: h.folder, database: h.database}
	n.Reopen()
	h.T.Cleanup(n.Close)
	return n
}

func (h *House) settings(audiences []audience.Definition, campaigns []campaign.Approved) *line.Settings {
	h.T.Helper()
	set, err := audience.Compile(audiences, expression.Schema{})
	if err != nil {
		h.T.Fatal(err)
	}
	engine, err := campaign.NewEngine(campaigns, campaign.Deps{Rules: h.Rules, Audience: func(key string) (gate.Predicate, bool) {
		if a, ok := set.Find(key); ok {
			return a.Expression, true
		}
		if h.Members != nil {
			return h.Members, true
		}
		return Everybody{}, true
	}})
	if err != nil {
		h.T.Fatal(err)
	}
	return &line.Settings{Know: h.Know, Audiences: set, Campaigns: engine, Dictionary: profile.NewDictionary(nil, nil)}
}

// Adopt puts audiences and campaigns in force.
func (h *House) Adopt(audiences []audience.Definition, campaigns ...campaign.Approved) {
	h.T.Helper()
	h.Line.Adopt(h.settings(audiences, campaigns))
}

// Campaign is a live one by email: whoever does something gets a letter.
func Campaign(on string) campaign.Approved {
	return campaign.Approved{
		Version: 1, Hash: "hash-of-" + on, Status: "live",
		Definition: campaign.Definition{
			Key: "hello", Label: "Hello", About: "Says hello.", Purpose: Letters, Channel: "email", Audience: "all",
			Recipient: Relay, Trigger: campaign.Trigger{Event: on}, Expires: 24 * 14,
			Message: campaign.Message{Subject: "Hello", Text: "Dear {{ traits.first_name }}"},
		},
	}
}

// Everybody is a predicate that holds for anyone.
type Everybody struct{}

// Fields are none.
func (Everybody) Fields() []string { return nil }

// Match is yes.
func (Everybody) Match(fact.Sight, clock.Instant) policy.Tri { return policy.Yes }

// Log is what was logged so far.
func (h *House) Log() string {
	h.log.mu.Lock()
	defer h.log.mu.Unlock()
	return h.log.text.String()
}

// Server is a source whose events are verified and lie under a notice.
func Server(notice string) event.Source {
	return event.Source{Key: "server", Kind: event.Server, Notice: notice, Origin: fact.Declared}
}

// Arrival reads one event of a source.
func (h *House) Arrival(src event.Source, body string, grants ...fact.Grant) line.Arrival {
	h.T.Helper()
	src.Canonical, src.Once = h.canonical, h.Know.Once
	parsed, err := event.Single([]byte(body), 0, src, h.Clock.Now())
	if err != nil || parsed.Verdicts[0].Code != "" {
		h.T.Fatalf("%v %+v", err, parsed.Verdicts)
	}
	return line.Arrival{Event: parsed.Verdicts[0].Event, Grants: grants, Elsewhere: parsed.Verdicts[0].Elsewhere}
}

func (h *House) canonical(ns person.Namespace, value string) (string, bool) {
	id, err := h.Know.Canonical(person.Ident(ns, value))
	return id.Value.Reveal(), err == nil
}

// Batch reads events of a source that go in one request, each with its own
// message id.
func (h *House) Batch(src event.Source, bodies ...string) line.Batch {
	h.T.Helper()
	b := line.Batch{Source: src.Key}
	for _, body := range bodies {
		b.Arrivals = append(b.Arrivals, h.Arrival(src, body))
	}
	return b
}

// Tell sends one event with a message id of its own; body is the rest of it.
func (h *House) Tell(src event.Source, body string, grants ...fact.Grant) line.Answer {
	h.T.Helper()
	h.mu.Lock()
	h.messages++
	id := h.messages
	h.mu.Unlock()
	a := h.Arrival(src, fmt.Sprintf(`{"messageId":"m-%d",%s`, id, body[1:]), grants...)
	answers, err := h.Line.Accept(context.Background(), line.Batch{Source: src.Key, Arrivals: []line.Arrival{a}})
	if err != nil {
		h.T.Fatal(err)
	}
	return answers[0]
}

// Said is a yes or no to letters, as a server heard it.
func (h *House) Said(status fact.GrantStatus) fact.Grant {
	return fact.Grant{
		Purpose: Letters, Channel: "email", Status: status, Notice: Promise, Method: "form", Source: "server",
		Said: h.Clock.Now(), Received: h.Clock.Now(),
	}
}

// Member is a customer with an address who said yes to letters.
func (h *House) Member(user string) {
	h.T.Helper()
	h.Tell(Server(Promise), fmt.Sprintf(`{"type":"identify","userId":%q,"traits":{"email":"%s@mail.example","first_name":"Ada"}}`, user, user), h.Said(fact.Granted))
}

// User is whom a user id points at.
func User(id string) gate.Subject { return gate.ByIdentifier(person.Ident(person.UserID, id)) }

// Writing asks to write a letter to somebody.
func Writing(s gate.Subject) gate.Asking {
	return gate.Asking{Subject: s, Purpose: Letters, Channel: "email", Recipient: Relay}
}

// Clerk asks to look at somebody, for the record.
func Clerk(s gate.Subject) gate.Asking {
	return gate.Asking{Subject: s, Purpose: Support, By: "test", Role: "operator", Why: "to see it work"}
}

// Self asks for oneself.
func Self(s gate.Subject) gate.Asking {
	return gate.Asking{Subject: s, Purpose: "essential.service", By: "self", Role: "person"}
}

// Letter is a draft that goes through the relay.
func Letter(decision string) gate.Draft {
	return gate.Draft{
		To: "email", Fields: []string{"traits.first_name"}, Subject: person.Hide("Hello"), Text: person.Hide("Dear Ada"),
		Recipient: Relay, Country: "DE", Protection: "tls", Decision: decision,
	}
}

// Write asks, opens and clears a letter, as a sender does.
func (h *House) Write(ctx context.Context, s gate.Subject, d gate.Draft) (gate.Cleared, error) {
	pass, err := gate.Ask[gate.Contact](ctx, h.Keep.Gate, Writing(s))
	if err != nil {
		return gate.Cleared{}, err
	}
	v, err := gate.See(pass)
	if err != nil {
		return gate.Cleared{}, err
	}
	return gate.Clear(ctx, v, d)
}

// Declare enters what somebody says about letters.
func (h *House) Declare(ctx context.Context, s gate.Subject, status fact.GrantStatus) (gate.Receipt, error) {
	g := h.Said(status)
	g.Method = "preference_center"
	return gate.Declare(ctx, h.Keep.Gate, s, gate.Statement{Grants: []fact.Grant{g}, By: "person"})
}

// Code is the code of a no; "" for a yes, and the error's text for a failure.
func Code(err error) string {
	if denied, ok := errors.AsType[*gate.Denied](err); ok {
		return denied.Ruling.Code
	}
	if err != nil {
		return err.Error()
	}
	return ""
}

// Inspect opens somebody for a clerk.
func (h *House) Inspect(s gate.Subject) gate.Dossier {
	h.T.Helper()
	pass, err := gate.Ask[gate.Operate](context.Background(), h.Keep.Gate, Clerk(s))
	if err != nil {
		h.T.Fatal(err)
	}
	d, err := gate.Inspect(context.Background(), pass)
	if err != nil {
		h.T.Fatal(err)
	}
	return d
}

// Facts are somebody's facts of some kinds, fragment by fragment in the order of
// the chains.
func (h *House) Facts(s gate.Subject, kinds ...fact.Kind) []gate.Line {
	h.T.Helper()
	return slices.DeleteFunc(h.Inspect(s).History(), func(l gate.Line) bool { return !slices.Contains(kinds, l.Kind) })
}

// Disclosures are what left for somebody.
func (h *House) Disclosures(s gate.Subject) []fact.Disclosure {
	h.T.Helper()
	var out []fact.Disclosure
	for _, l := range h.Facts(s, fact.KindDisclosure) {
		d, err := fact.ParseDisclosure(l.Payload)
		if err != nil {
			h.T.Fatal(err)
		}
		out = append(out, d)
	}
	return out
}

// Settle looks at everybody whose timer rang.
func (h *House) Settle() {
	h.T.Helper()
	ctx := context.Background()
	due, err := h.Keep.DueTimers(ctx, h.Clock.Now(), 10_000)
	if err != nil {
		h.T.Fatal(err)
	}
	looks := make([]line.Look, len(due))
	for i, t := range due {
		looks[i] = line.Look{Fragment: t.Fragment, Due: t.Due}
	}
	if err := h.Line.Look(ctx, looks); err != nil {
		h.T.Fatal(err)
	}
}

// Disclose writes a disclosure without asking anybody, as no sender may.
func (h *House) Disclose(ctx context.Context, anchor fact.FragmentID, decision string) error {
	v := h.Keep.Vault()
	frags, err := v.Fragments(ctx, []fact.FragmentID{anchor})
	if err != nil {
		return err
	}
	return v.Write(ctx, h.Keep.Writer, slices.Collect(maps.Values(frags)), func(tx *keep.Tx) error {
		c := tx.Chain(anchor)
		d := fact.AppendDisclosure(nil, &fact.Disclosure{ID: decision, Decision: decision, At: tx.Now})
		tx.Append(c, fact.KindDisclosure, tx.Now, d)
		return h.Know.Apply(&c.State, fact.KindDisclosure, d)
	})
}
