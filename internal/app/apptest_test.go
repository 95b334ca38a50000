package app_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/heed-platform/heed/internal/account/audit"
	"github.com/heed-platform/heed/internal/app"
	"github.com/heed-platform/heed/internal/clock"
	"github.com/heed-platform/heed/internal/config"
	"github.com/heed-platform/heed/internal/fact"
	"github.com/heed-platform/heed/internal/keep/catalog"
	"github.com/heed-platform/heed/internal/keep/gate"
	"github.com/heed-platform/heed/internal/keep/keeptest/pgtest"
	"github.com/heed-platform/heed/internal/person"
	"github.com/heed-platform/heed/workspace"
)

// noon is where the clock of these tests stands when they begin: by day, so that
// nothing waits for the morning.
var noon = clock.At(time.Date(2026, 3, 10, 11, 0, 0, 0, time.UTC))

// house is one heed in the test's own process, on a database of its own. Its
// clock stands still until the test moves it.
type house struct {
	*app.App

	t     testing.TB
	clock *clock.Still
	log   *record
	env   map[string]string
	keys  map[string]string // write keys by source
}

// record is a log that may be written to from anywhere.
type record struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (r *record) Write(p []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.text.Write(p)
}

func (r *record) Bytes() []byte {
	r.mu.Lock()
	defer r.mu.Unlock()
	return bytes.Clone(r.text.Bytes())
}

// databases are those that every promise is held to on: each call of the
// function is the address of a fresh one.
var databases = map[string]func(testing.TB) string{
	"sqlite":   func(testing.TB) string { return "" },
	"postgres": pgtest.URL,
}

// onBoth tells the same on each database.
func onBoth(t *testing.T, f func(t *testing.T, h *house)) {
	t.Helper()
	for name, database := range databases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := found(t, t.TempDir(), database(t))
			t.Cleanup(h.close)
			f(t, h)
		})
	}
}

// found opens a heed in a folder.
func found(t testing.TB, folder, database string) *house {
	t.Helper()
	h := &house{env: map[string]string{"HEED_DATABASE": database}}
	h.begin(t, folder)
	return h
}

// begin opens a heed that was told where its databases are.
func (h *house) begin(t testing.TB, folder string) {
	t.Helper()
	h.t, h.clock, h.log, h.keys = t, clock.NewStill(noon), &record{}, map[string]string{"server": "wk-test"}
	h.env["HEED_DATA"], h.env["HEED_WRITE_KEY"], h.env["HEED_ADMIN_TOKEN"] = folder, "wk-test", "at-test-0123456789"
	h.open()
}

func (h *house) open() {
	h.t.Helper()
	cfg, err := config.Load(config.Flags{}, func(k string) (string, bool) { v, ok := h.env[k]; return v, ok && v != "" })
	if err != nil {
		h.t.Fatal(err)
	}
	log := slog.New(slog.NewTextHandler(h.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	if h.App, err = app.Open(context.Background(), cfg, h.clock, log); err != nil {
		h.t.Fatal(err)
	}
}

func (h *house) close() {
	if err := h.Close(); err != nil {
		h.t.Error(err)
	}
}

// furnish applies the example workspace; its campaigns are drafts.
func (h *house) furnish() {
	h.t.Helper()
	ctx := h.t.Context()
	_, err := h.Apply(ctx, workspace.Files, catalog.Actor{Role: catalog.Admin, Name: "furnisher"})
	if err != nil {
		h.t.Fatal(err)
	}
	maps.Copy(h.keys, h.NewKeys())
}

// goLive approves campaigns; their author is somebody else.
func (h *house) goLive(campaigns ...string) {
	h.t.Helper()
	for _, c := range campaigns {
		h.approve(c)
	}
}

func (h *house) approve(campaign string) {
	h.t.Helper()
	d, err := h.Draft(h.t.Context(), campaign)
	if err != nil {
		h.t.Fatal(err)
	}
	by := catalog.Actor{Role: catalog.Privacy, Name: "approver"}
	if _, err := h.Approve(h.t.Context(), d.Key, d.Version, d.Hash, "Yes, if it is true.", by); err != nil {
		h.t.Fatal(err)
	}
}

// said is the answer of ingest.
type said struct {
	Accepted, Duplicates int
	Quarantined          []struct {
		Index int
		Code  string
	}
}

// failer is what testing.TB and rapid.T share.
type failer interface {
	Helper()
	Fatalf(format string, args ...any)
}

// tell posts events with a source's key, as one batch.
func (h *house) tell(t failer, source string, events ...map[string]any) said {
	t.Helper()
	body, err := json.Marshal(map[string]any{"batch": events})
	if err != nil {
		t.Fatalf("%v", err)
	}
	status, text := h.post("/v1/batch", h.keys[source], string(body))
	var a said
	if status != http.StatusOK || json.Unmarshal([]byte(text), &a) != nil {
		t.Fatalf("ingest answered %d %s", status, text)
	}
	return a
}

// post sends a body to the public port without a network. A moment passes.
func (h *house) post(path, key, body string) (status int, answer string) {
	h.clock.Advance(time.Second)
	r := httptest.NewRequest(http.MethodPost, path, strings.NewReader(body))
	if key != "" {
		r.SetBasicAuth(key, "")
	}
	w := httptest.NewRecorder()
	h.Handler().ServeHTTP(w, r)
	return w.Code, w.Body.String()
}

var clerk = gate.Asking{Purpose: "essential.service.operations.support", By: "test", Role: "operator", Why: "to see that promises hold"}

// everybody is each person whole, as an operator's export sees them.
func (h *house) everybody(t failer) []*fact.Profile {
	t.Helper()
	var all []*fact.Profile
	err := gate.ExportAll(context.Background(), h.Keep.Gate, "people", clerk, func(d gate.Dossier) error {
		all = append(all, d.Profile())
		return nil
	})
	if err != nil {
		t.Fatalf("export everybody: %v", err)
	}
	return all
}

// values is what a heed knows of everybody, without the numbers that it made up
// itself: the same facts give the same lines in every database.
func values(people []*fact.Profile) []string {
	out := make([]string, len(people))
	for i, p := range people {
		var lines []string
		add := func(format string, args ...any) { lines = append(lines, fmt.Sprintf(format, args...)) }
		for _, n := range p.Identifiers {
			add("identifier %s %s %v", n.NS, n.Value.Reveal(), n.Verified)
		}
		slices.Sort(lines) // among identifiers of one kind the database's own numbers decide
		for i, a := range p.Attributes {
			// Of the values of one name the first speaks; the order of the rest is kept too.
			add("attribute %s %03d %s %s %s %q %d %d %v", a.Name, i, a.Value.Reveal(), a.Origin, a.Source, a.Notice, a.At, a.Expires, a.Claimed)
		}
		for _, g := range p.Grants {
			add("grant %s %s %s %s %q", g.Purpose, g.Channel, g.Topic, g.Status, g.Notice)
		}
		for _, c := range p.Counters {
			add("counter %s %q %d %d %d %v", c.Name, c.Notice, c.Count, c.First, c.Last, c.Days)
		}
		for _, b := range p.Purchases {
			add("purchase %+v", b)
		}
		for _, s := range p.Spends {
			add("spend %+v", s)
		}
		for _, f := range p.Friends {
			add("friend %s %s %d %q", f.Relation, f.Value.Reveal(), f.At, f.Notice)
		}
		for _, m := range p.Memberships {
			add("member %s %s %v", m.Audience, m.Purpose, m.In)
		}
		add("seen %d to %d, uncovered %d, full %v, preference %+v", p.First, p.Last, p.Uncovered, p.Full, p.Preference)
		out[i] = strings.Join(lines, "\n")
	}
	slices.Sort(out)
	return out
}

// one is the person that an identifier points at.
func one(t failer, people []*fact.Profile, ns person.Namespace, value string) *fact.Profile {
	t.Helper()
	i := slices.IndexFunc(people, func(p *fact.Profile) bool {
		return slices.ContainsFunc(p.Identifiers, func(n fact.Named) bool { return n.NS == ns && n.Value.Reveal() == value })
	})
	if i < 0 {
		t.Fatalf("nobody has the %s %q", ns, value)
	}
	return people[i]
}

// rounds plays a property a few times. rapid's own hundred would open a hundred
// databases; a failure is still made small.
func rounds(t *testing.T, n int, property func(t *rapid.T)) {
	t.Helper()
	failed := false
	rapid.Check(t, func(rt *rapid.T) {
		if n == 0 && !failed {
			return
		}
		defer func() {
			if failed = failed || rt.Failed(); !failed {
				n--
			}
		}()
		property(rt)
	})
}

// fresh makes heeds that begin alike: with the same keys, so that the same
// message has the same hash in each, and furnished in the same way.
func fresh(t *testing.T, database func(testing.TB) string, furnish func(*house)) func() *house {
	t.Helper()
	template := t.TempDir()
	first := found(t, template, database(t))
	furnish(first)
	first.close()
	return func() *house {
		dir := filepath.Join(t.TempDir(), "data")
		if err := os.CopyFS(dir, os.DirFS(template)); err != nil {
			t.Fatal(err)
		}
		h := found(t, dir, database(t))
		if h.First().Made { // its database did not come with the folder
			furnish(h)
		} else {
			h.keys = first.keys
		}
		return h
	}
}

// split parts whoever has the identifier from whom they were joined with.
func (h *house) split(t failer, id person.Identifier) {
	t.Helper()
	h.clock.Advance(time.Second)
	asking := clerk
	asking.Subject = gate.ByIdentifier(id)
	if _, err := h.Split(context.Background(), asking, asking.Subject, gate.Subject{}); err != nil {
		t.Fatalf("split: %v", err)
	}
}

// rebuilds makes every projection again from the facts and wants the same bytes.
func (h *house) rebuilds(t failer) {
	t.Helper()
	r, err := h.App.Rebuild(context.Background(), func(int) {})
	if err != nil || r.Differed != 0 {
		t.Fatalf("rebuilt from the facts: %+v, %v", r, err)
	}
}

// verifies reads the audit chain and every fact: nothing was changed or cut.
func (h *house) verifies(t failer) {
	t.Helper()
	r, err := audit.Verify(context.Background(), h.Keep, nil)
	if err != nil || !r.Sound() {
		t.Fatalf("what is stored does not verify: %+v, %v", r.Damage, err)
	}
}
