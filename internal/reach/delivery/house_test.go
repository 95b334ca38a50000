package delivery

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
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
	"github.com/heed-platform/heed/internal/keep/queue"
	"github.com/heed-platform/heed/internal/know"
	"github.com/heed-platform/heed/internal/know/identity"
	"github.com/heed-platform/heed/internal/know/profile"
	"github.com/heed-platform/heed/internal/line"
	"github.com/heed-platform/heed/internal/person"
	"github.com/heed-platform/heed/internal/policy"
	"github.com/heed-platform/heed/internal/policy/define"
	"github.com/heed-platform/heed/workspace"
)

// noon is a Tuesday, 12:00 in Berlin, outside quiet hours.
var noon = clock.At(time.Date(2026, 3, 3, 11, 0, 0, 0, time.UTC))

const (
	marketing = "marketing.communications.email"
	service   = "essential.service.notifications.email"
	payments  = "essential.service.payment_processing"
)

// everybody is an audience that holds for anyone.
type everybody struct{}

func (everybody) Fields() []string { return nil }

func (everybody) Match(fact.Sight, clock.Instant) policy.Tri { return policy.Yes }

// house is a small heed: the real keep on SQLite, gate, line and campaigns with
// the example workspace's promises.
type house struct {
	t        *testing.T
	clock    *clock.Still
	keep     *keep.Keep
	know     *know.Knowledge
	rules    *policy.Rules
	line     *line.Line
	worker   *Worker
	mu       sync.Mutex
	approved []campaign.Approved
	messages int
}

func open(t *testing.T, ch Channel, campaigns ...campaign.Approved) *house {
	t.Helper()
	h := &house{t: t, clock: clock.NewStill(noon), know: know.New(identity.DefaultRules(), "DE")}
	w, faults := catalog.Load(workspace.Files)
	if len(faults) > 0 {
		t.Fatal(faults)
	}
	var err error
	if h.rules, err = policy.Compile(paying(w.Policy())); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	h.keep, err = keep.Open(t.Context(), keep.Config{
		Database: "sqlite:" + filepath.Join(dir, "heed.db"), Keys: "sqlite:" + filepath.Join(dir, "keys.db"), Folder: dir,
	}, h.know, h.clock)
	if err != nil {
		t.Fatal(err)
	}
	h.keep.Gate.Adopt(h.rules)
	log := slog.New(slog.DiscardHandler)
	h.line = line.New(h.keep, &line.Settings{Know: h.know, Dictionary: profile.NewDictionary(nil, nil)}, h.clock, log)
	h.line.Run(context.WithoutCancel(t.Context()), 1)
	t.Cleanup(func() {
		h.line.Close()
		_ = h.keep.Close()
	})
	h.worker = NewWorker(Options{
		Gate: h.keep.Gate, Queue: h.keep.Queue, Campaigns: h.engine, Channels: map[string]Channel{"email": ch},
		Links: links(1), Clock: h.clock, Log: log,
	})
	h.approve(campaigns...)
	return h
}

// paying is the example workspace in which payments are asked for by webhook.
func paying(d define.Definitions) define.Definitions {
	d.Purposes = slices.Clone(d.Purposes)
	for i, p := range d.Purposes {
		if p.Key == payments {
			d.Purposes[i].Channels = []string{"webhook"}
		}
	}
	return d
}

// approve replaces the campaigns in force.
func (h *house) approve(list ...campaign.Approved) {
	h.t.Helper()
	h.mu.Lock()
	h.approved = list
	h.mu.Unlock()
	h.line.Adopt(&line.Settings{Know: h.know, Dictionary: profile.NewDictionary(nil, nil), Campaigns: h.engine()})
}

func (h *house) engine() *campaign.Engine {
	h.mu.Lock()
	defer h.mu.Unlock()
	e, err := campaign.NewEngine(h.approved, campaign.Deps{
		Rules: h.rules, Audience: func(string) (gate.Predicate, bool) { return everybody{}, true },
	})
	if err != nil {
		h.t.Fatal(err)
	}
	return e
}

// letter is a live campaign by email on an event.
func letter(purpose, on string) campaign.Approved {
	return campaign.Approved{
		Version: 1, Hash: "hash-of-" + on, Status: "live",
		Definition: campaign.Definition{
			Key: "hello", Label: "Hello", About: "Says hello.", Purpose: purpose, Channel: "email", Audience: "all",
			Recipient: "mail-relay", Trigger: campaign.Trigger{Event: on}, Expires: 24 * 14,
			Message: campaign.Message{
				Subject: "Hello {{ traits.first_name }}",
				Text:    "Dear {{ traits.first_name }},\nwhy: {{ links.why }}\nstop: {{ links.unsubscribe }}\n{{ brand.name }}",
				HTML:    `<p title="{{ traits.first_name }}">Dear {{ traits.first_name }}, <a href="{{ links.why }}">why</a></p>`,
			},
		},
	}
}

// tell sends one event of a customer from the shop's server.
func (h *house) tell(notice, user, name string, grants ...fact.Grant) {
	h.t.Helper()
	h.messages++
	src := event.Source{Key: "server", Kind: event.Server, Notice: notice, Origin: fact.Declared}
	body := fmt.Sprintf(`{"type":"track","messageId":"m-%d","userId":%q,"event":%q}`, h.messages, user, name)
	if name == "" {
		body = fmt.Sprintf(`{"type":"identify","messageId":"m-%d","userId":%q,"traits":{"email":"%s@mail.example","first_name":"Ada <b>","phone":"+493012345"}}`,
			h.messages, user, user)
	}
	parsed, err := event.Single([]byte(body), 0, src, h.clock.Now())
	if err != nil || parsed.Verdicts[0].Code != "" {
		h.t.Fatalf("%v %+v", err, parsed.Verdicts)
	}
	_, err = h.line.Accept(h.t.Context(), line.Batch{Source: "server", Arrivals: []line.Arrival{{Event: parsed.Verdicts[0].Event, Grants: grants}}})
	if err != nil {
		h.t.Fatal(err)
	}
}

// member is a customer with an address and a yes to letters.
func (h *house) member(user string) {
	h.t.Helper()
	h.tell("newsletter@2", user, "", fact.Grant{
		Record: "r-" + user, Purpose: marketing, Channel: "email", Status: fact.Granted, Notice: "newsletter@2",
		Method: "form", Source: "server", Said: h.clock.Now(), Received: h.clock.Now(),
	})
}

func (h *house) who(user string) gate.Subject {
	return gate.ByIdentifier(person.Ident(person.UserID, user))
}

// due works everything that is due.
func (h *house) due() {
	h.t.Helper()
	if err := h.worker.Due(h.t.Context()); err != nil {
		h.t.Fatal(err)
	}
}

// job is the only delivery there is.
func (h *house) job() queue.Entry {
	h.t.Helper()
	var all []queue.Entry
	for _, state := range []string{"waiting", "done", "dead"} {
		list, err := h.keep.Queue.List(h.t.Context(), queue.Delivery, state, 10)
		if err != nil {
			h.t.Fatal(err)
		}
		all = append(all, list...)
	}
	if len(all) != 1 {
		h.t.Fatalf("%d deliveries, want 1: %+v", len(all), all)
	}
	return all[0]
}

// claim takes the only delivery as another worker would.
func (h *house) claim() queue.Claimed {
	h.t.Helper()
	jobs, err := h.keep.Queue.Claim(h.t.Context(), queue.Delivery, lease, 10)
	if err != nil || len(jobs) != 1 {
		h.t.Fatalf("claimed %d, %v", len(jobs), err)
	}
	return jobs[0]
}

// inspect opens a person for the test.
func (h *house) inspect(user string) gate.Dossier {
	h.t.Helper()
	pass, err := gate.Ask[gate.Operate](h.t.Context(), h.keep.Gate, gate.Asking{
		Subject: h.who(user), Purpose: "essential.service.operations.support", By: "test", Role: "operator", Why: "to see it work",
	})
	if err != nil {
		h.t.Fatal(err)
	}
	d, err := gate.Inspect(h.t.Context(), pass)
	if err != nil {
		h.t.Fatal(err)
	}
	return d
}

// ledger is what a person's record says left, and what became of it, in order.
func (h *house) ledger(user string) (disclosures []fact.Disclosure, outcomes []fact.Outcome) {
	h.t.Helper()
	for _, l := range h.inspect(user).History() {
		switch l.Kind {
		case fact.KindDisclosure:
			x, err := fact.ParseDisclosure(l.Payload)
			if err != nil {
				h.t.Fatal(err)
			}
			disclosures = append(disclosures, x)
		case fact.KindOutcome:
			x, err := fact.ParseOutcome(l.Payload)
			if err != nil {
				h.t.Fatal(err)
			}
			outcomes = append(outcomes, x)
		default:
		}
	}
	return disclosures, outcomes
}

// wire is a channel that answers as told and looks, at the moment when bytes
// would go, whether the ledger has them.
type wire struct {
	answer  func(try int) error
	house   *house
	user    string
	mu      sync.Mutex
	keys    []string
	letters []gate.Letter
	bare    int // sent without a row in the ledger
}

var errBare = errors.New("bytes left without a row in the ledger")

func (*wire) Protection() string { return "tls" }

func (w *wire) Send(ctx context.Context, label Label, c gate.Cleared) error {
	l, err := c.Open()
	if err != nil {
		return err
	}
	trace, err := w.house.keep.Gate.Pending(ctx, w.house.who(w.user), label.Key)
	if err != nil {
		return err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.keys, w.letters = append(w.keys, label.Key), append(w.letters, l)
	if trace.Disclosure != l.ID || trace.Status != "" {
		w.bare++
		return errBare
	}
	if w.answer == nil {
		return nil
	}
	return w.answer(len(w.keys))
}

// wired opens a house with one customer, one decision and a wire.
func wired(t *testing.T, purpose string, answer func(try int) error) (*house, *wire) {
	t.Helper()
	w := &wire{answer: answer, user: "ada"}
	on, notice := "Product Viewed", "newsletter@2"
	if purpose == service {
		on, notice = "Order Shipped", "order@1"
	}
	h := open(t, w, letter(purpose, on))
	w.house = h
	if purpose == service {
		h.tell(notice, "ada", "")
	} else {
		h.member("ada")
	}
	h.tell(notice, "ada", on)
	return h, w
}

// dying is a channel whose process dies when the bytes are on their way.
type dying struct{}

func (dying) Protection() string { return "tls" }

func (dying) Send(context.Context, Label, gate.Cleared) error { panic("killed") }
