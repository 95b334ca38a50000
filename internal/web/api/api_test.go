package api_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"io/fs"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/heed-platform/heed/internal/clock"
	"github.com/heed-platform/heed/internal/collect/event"
	"github.com/heed-platform/heed/internal/fact"
	"github.com/heed-platform/heed/internal/keep"
	"github.com/heed-platform/heed/internal/keep/catalog"
	"github.com/heed-platform/heed/internal/keep/gate"
	"github.com/heed-platform/heed/internal/keep/queue"
	"github.com/heed-platform/heed/internal/line"
	"github.com/heed-platform/heed/internal/person"
	"github.com/heed-platform/heed/internal/policy"
	"github.com/heed-platform/heed/internal/policy/define"
	"github.com/heed-platform/heed/internal/reach/delivery"
	"github.com/heed-platform/heed/internal/web"
	"github.com/heed-platform/heed/internal/web/api"
	"github.com/heed-platform/heed/internal/web/api/ingest"
	"github.com/heed-platform/heed/internal/web/page"
)

// house is everything behind the API, as small as it can be: it answers, and
// remembers what it was asked.
type house struct {
	mu     sync.Mutex
	asked  []string
	visits []api.Visit
	said   []gate.Statement
	files  map[string]string
	items  map[string]keep.Item
	err    error
	ready  error
	seen   chan line.Seen
	texts  []api.Text
	stops  int
}

func (h *house) note(what string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.asked = append(h.asked, what)
}

func (h *house) met(v api.Visit) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.visits = append(h.visits, v)
}

// shoesHash is the SHA-256 of the body, which an approval names.
const shoesHash = "1e2c3a9a166f16b4b6988ab12bbcd988d2860bd6a4f3c46b574925e762f487a5"

var shoes = catalog.Entry{Kind: catalog.Campaign, Key: "shoes", Version: 2, Hash: shoesHash, Status: catalog.Draft, Author: "marketer:mia", Body: []byte(`{"key":"shoes"}`)}

func (h *house) Definitions(_ context.Context, kind string) ([]keep.Definition, error) {
	h.note("definitions " + kind)
	if kind != "" && kind != "campaign" {
		return nil, nil
	}
	return []keep.Definition{{Kind: "campaign", Key: "shoes", Version: 2, Hash: shoesHash, Status: "draft", Body: shoes.Body, Author: "marketer:mia"}}, nil
}

func (*house) Sources(context.Context) ([]keep.Source, error) {
	return []keep.Source{{Key: "web", Body: []byte(`{"kind":"browser","secret":"s3cret"}`)}}, nil
}

func (h *house) Items(_ context.Context, ids []string) ([]keep.Item, error) {
	var out []keep.Item
	for _, id := range ids {
		if it, ok := h.items[id]; ok {
			out = append(out, it)
		}
	}
	return out, nil
}

func (h *house) PutItems(_ context.Context, items []keep.Item) error {
	for _, it := range items {
		h.items[it.ID] = it
	}
	return nil
}

func (*house) Tallies(context.Context) ([]keep.Tally, error) {
	return []keep.Tally{{Source: "web", Accepted: 5, Duplicate: 2, Quarantined: 1, Refused: 1}}, nil
}

func (h *house) Apply(_ context.Context, files fs.FS, _ catalog.Actor) ([]catalog.Entry, error) {
	h.files = map[string]string{}
	err := fs.WalkDir(files, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		body, err := fs.ReadFile(files, name)
		h.files[name] = string(body)
		return err
	})
	if err != nil {
		return nil, err
	}
	return []catalog.Entry{shoes}, h.err
}

func (h *house) Draft(context.Context, string) (catalog.Entry, error) { return shoes, h.err }

func (h *house) Approve(_ context.Context, key string, version int64, hash, answer string, by catalog.Actor) ([]catalog.Entry, error) {
	return catalog.Approve([]catalog.Entry{shoes}, key, version, hash, answer, by, 1)
}

func (h *house) change(what string, by catalog.Actor) ([]catalog.Entry, error) {
	h.note(what + " " + by.String())
	return []catalog.Entry{shoes}, h.err
}

func (h *house) Pause(_ context.Context, _ string, by catalog.Actor) ([]catalog.Entry, error) {
	return h.change("pause", by)
}

func (h *house) Resume(_ context.Context, _ string, by catalog.Actor) ([]catalog.Entry, error) {
	return h.change("resume", by)
}

func (h *house) End(_ context.Context, _ catalog.Kind, _ string, by catalog.Actor) ([]catalog.Entry, error) {
	return h.change("end", by)
}

func (h *house) Send(context.Context, string, catalog.Actor) (int, error) { return 4, h.err }

func (*house) AddSource(context.Context, catalog.Actor, string, string) (string, error) {
	return "wk_new", nil
}

func (*house) AddToken(context.Context, catalog.Actor, catalog.Role, string) (string, error) {
	return "at_new", nil
}

func (*house) NewKeys() map[string]string { return map[string]string{"till": "wk_till"} }

type counts struct {
	Matched  gate.Total `json:"matched"`
	Withheld gate.Total `json:"withheld"`
	Codes    []string   `json:"codes"`
	Fields   []string   `json:"fields"`
}

func (h *house) audiences() api.Audiences {
	few := counts{Matched: gate.TotalOf(3)}
	return api.Audiences{
		Preview:           func(context.Context, string, catalog.Actor) (any, error) { return few, h.err },
		PreviewExpression: func(context.Context, string, string, catalog.Actor) (any, error) { return few, h.err },
		DryRun:            func(context.Context, string, catalog.Actor) (any, error) { return few, h.err },
	}
}

var ada = person.RefOf([16]byte{1, 2, 3})

func (h *house) Find(_ context.Context, v api.Visit) (string, error) {
	h.met(v)
	if v.Subject == gate.ByIdentifier(person.Ident("email", "nobody@example.com")) {
		return "", gate.ErrNobody
	}
	return ada.String(), h.err
}

type shown struct {
	Person string `json:"person"`
}

func (h *house) show(v api.Visit) (any, error) {
	h.met(v)
	return shown{ada.String()}, h.err
}

func (h *house) Show(_ context.Context, v api.Visit) (any, error)    { return h.show(v) }
func (h *house) Explain(_ context.Context, v api.Visit) (any, error) { return h.show(v) }
func (h *house) Export(_ context.Context, v api.Visit) (any, error)  { return h.show(v) }

func (h *house) Erase(_ context.Context, v api.Visit) (any, error) { return h.show(v) }

func (h *house) Decision(_ context.Context, v api.Visit, _ string) (any, error) { return h.show(v) }
func (h *house) Replay(_ context.Context, v api.Visit, _ string) (any, error)   { return h.show(v) }

func (h *house) Split(_ context.Context, v api.Visit, _, _ gate.Subject) (gate.Parts, error) {
	h.met(v)
	return gate.Parts{Kept: ada, Other: ada, Cuts: 1}, h.err
}

func (h *house) Declare(_ context.Context, v api.Visit, st gate.Statement) (gate.Receipt, error) {
	h.met(v)
	h.mu.Lock()
	defer h.mu.Unlock()
	h.said = append(h.said, st)
	return gate.Receipt{Records: []string{"r1"}, Leaving: 1}, h.err
}

func (h *house) quarantine() api.Quarantine {
	return api.Quarantine{
		List: func(context.Context, int64, int) ([]keep.Quarantine, error) {
			return []keep.Quarantine{{ID: 7, Source: "web", Code: "bad_time", Why: "A time.", Body: []byte("sealed")}}, nil
		},
		Replay: func(context.Context, []int64, catalog.Actor) (any, error) { return shown{}, h.err },
		Drop:   func(context.Context, []int64, catalog.Actor) error { return h.err },
	}
}

func (h *house) requests() api.Requests {
	return api.Requests{
		List: func(context.Context, string, int) (any, error) {
			return map[string]any{"requests": []any{}}, h.err
		},
		Show:   func(context.Context, string) (any, error) { return shown{}, h.err },
		Open:   func(context.Context, api.Visit, string, string, bool) (any, error) { return shown{}, h.err },
		Answer: func(context.Context, string, catalog.Actor, string, string) (any, error) { return shown{}, h.err },
		Hear:   func(context.Context, string, string, string, []byte) error { return h.err },
	}
}

func (h *house) deliveries() api.Deliveries {
	return api.Deliveries{
		List: func(context.Context, string, string, int) ([]queue.Entry, error) {
			return []queue.Entry{{ID: 1, Kind: "delivery", State: "dead", Code: "smtp_550"}}, nil
		},
		Retry: func(context.Context, int64, catalog.Actor) error { return h.err },
		Drop:  func(context.Context, int64, catalog.Actor) error { return h.err },
	}
}

func (h *house) Open(token string) (page.Link, bool) {
	return page.Link{What: "offers by email"}, token == "good"
}

func (h *house) Stop(context.Context, string, page.Stop) error {
	h.stops++
	return h.err
}

func (h *house) Accept(_ context.Context, b line.Batch) ([]line.Answer, error) {
	out := make([]line.Answer, len(b.Arrivals))
	for i := range out {
		out[i].Outcome = line.Accepted
	}
	return out, h.err
}

func (*house) Sealed(string, string, string, []byte, clock.Instant) keep.Quarantine {
	return keep.Quarantine{}
}

// served is the public handler over a house, with its log.
type served struct {
	http.Handler
	*house

	log     *bytes.Buffer
	metrics *web.Metrics
	clock   *clock.Still
}

func rules(t *testing.T) *policy.Rules {
	t.Helper()
	r, err := policy.Compile(define.Definitions{
		Purposes: []define.Purpose{{Key: "marketing.communications.sms", Label: "Offers by text message", Basis: define.Consent, Channels: []string{"sms"}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func serve(t *testing.T) *served {
	t.Helper()
	s := &served{
		house: &house{items: map[string]keep.Item{}, seen: make(chan line.Seen, 4)}, log: &bytes.Buffer{}, metrics: web.NewMetrics(),
		clock: clock.NewStill(clock.At(time.Date(2026, 11, 22, 3, 0, 0, 0, time.UTC))),
	}
	inForce := rules(t)
	s.Handler = api.New(api.Deps{
		Log: slog.New(slog.NewJSONHandler(s.log, &slog.HandlerOptions{Level: slog.LevelDebug})), Clock: s.clock, Metrics: s.metrics,
		Ingest: ingest.Deps{
			Line: s.house, Source: func(key string) (event.Source, bool) {
				return event.Source{Key: "web", Kind: event.Server}, key == "key"
			},
			Grants:    func(event.Source, *fact.Event, bool) []fact.Grant { return nil },
			Refused:   func(context.Context, string, int64) error { return nil },
			PublicURL: func() string { return "https://heed.example" },
		},
		Pages: page.Deps{Links: s.house, Outbox: func() *delivery.Outbox { return nil }},
		SMS: api.SMS{PublicURL: func() string { return "https://heed.example" }, Answer: func(_ context.Context, m api.Text) ([]byte, error) {
			s.texts = append(s.texts, m)
			return []byte("<Response/>"), nil
		}},
		Ready: func(context.Context) error { return s.ready },
		Actor: func(token string) (catalog.Actor, bool) {
			role, ok := strings.CutPrefix(token, "token-of-")
			return catalog.Actor{Role: catalog.Role(role), Name: "kim"}, ok
		},
		Rules: func() *policy.Rules { return inForce },
		Watch: func() (<-chan line.Seen, func()) { return s.seen, func() { s.note("unwatch") } },

		Registry: s.house, Workspace: s.house, Audiences: s.audiences(), People: s.house, Quarantine: s.quarantine(), Requests: s.requests(), Promises: s.promises(),
		Deliveries: s.deliveries(),
	})
	return s
}

// send makes one request; head is names and values in turn.
func (s *served) send(method, target, body string, head ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, target, strings.NewReader(body))
	for i := 0; i+1 < len(head); i += 2 {
		r.Header.Set(head[i], head[i+1])
	}
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	return w
}

// as makes one request with a role's token and a reason.
func (s *served) as(role, method, target, body string) *httptest.ResponseRecorder {
	return s.send(method, target, body, "Authorization", "Bearer token-of-"+role, "X-Heed-Reason", "She called about her order.")
}

func code(t *testing.T, w *httptest.ResponseRecorder) string {
	t.Helper()
	var p struct {
		Code, Type, Title, Detail, Instance string
		Status                              int
	}
	if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil {
		t.Fatalf("%v: %s", err, w.Body)
	}
	if p.Type != "/problems/"+p.Code || p.Title == "" || p.Detail == "" || p.Status != w.Code || p.Instance != "urn:request:"+w.Header().Get("X-Request-Id") {
		t.Errorf("not a whole problem: %s", w.Body)
	}
	return p.Code
}

func TestHealth(t *testing.T) {
	t.Parallel()
	s := serve(t)
	if w := s.send("GET", "/healthz", ""); w.Code != 200 {
		t.Errorf("healthz: %d", w.Code)
	}
	if w := s.send("GET", "/readyz", ""); w.Code != 200 {
		t.Errorf("readyz: %d", w.Code)
	}
	s.ready = io.ErrClosedPipe
	if w := s.send("GET", "/readyz", ""); w.Code != 503 || code(t, w) != "not-ready" || w.Header().Get("Retry-After") == "" {
		t.Errorf("readyz while not ready: %d %s", w.Code, w.Body)
	}
	if w := s.send("GET", "/healthz", ""); w.Code != 200 {
		t.Errorf("healthz while not ready: %d", w.Code)
	}
	if w := s.send("POST", "/healthz", ""); w.Code != 405 || w.Header().Get("Allow") != "GET" {
		t.Errorf("POST healthz: %d", w.Code)
	}
	if w := s.send("GET", "/nothing/here", ""); w.Code != 404 || code(t, w) != "address-unknown" {
		t.Errorf("unknown address: %d %s", w.Code, w.Body)
	}
}

// TestNew_neverRedirects sends POSTs to paths that net/http would clean by a
// redirect, which an SDK follows without its body.
func TestNew_neverRedirects(t *testing.T) {
	t.Parallel()
	s := serve(t)
	for _, path := range []string{"/v1/track", "/v1/track/", "//v1/track", "/v1//track", "/x/../v1/track", "/v1/./track/"} {
		r := httptest.NewRequest("POST", "http://heed.example/", strings.NewReader(`{"userId":"u","event":"E","messageId":"m"}`))
		r.URL.Path = path
		r.SetBasicAuth("key", "")
		w := httptest.NewRecorder()
		s.ServeHTTP(w, r)
		if w.Code != 200 || !strings.Contains(w.Body.String(), `"accepted":1`) {
			t.Errorf("%s: %d %s", path, w.Code, w.Body)
		}
	}
}

func TestSMS(t *testing.T) {
	t.Parallel()
	s := serve(t)
	w := s.send("POST", "/webhooks/sms?x=1", "From=%2B4915112345678&Body=STOP", "Content-Type", "application/x-www-form-urlencoded", "X-Twilio-Signature", "sig")
	if w.Code != 200 || w.Body.String() != "<Response/>" || len(s.texts) != 1 {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	m := s.texts[0]
	if m.URL != "https://heed.example/webhooks/sms?x=1" || m.Signature != "sig" || m.Form.Get("Body") != "STOP" {
		t.Errorf("handed over %+v", m)
	}
	if strings.Contains(s.log.String(), "4915112345678") {
		t.Errorf("the log has the number: %s", s.log)
	}
}

func TestAdmin(t *testing.T) {
	t.Parallel()
	s := serve(t)
	s.send("POST", "/v1/track", `{"userId":"secret-person","event":"E","messageId":"m"}`, "Authorization", "Basic a2V5Og==")
	s.send("GET", "/api/people/"+ada.String(), "", "Authorization", "Bearer token-of-privacy", "X-Heed-Reason", "why not")
	s.metrics.Gauge("heed_queue_depth", "Jobs that wait.", map[string]string{"queue": "delivery"}, func() float64 { return 3 })
	w := httptest.NewRecorder()
	api.Admin(s.metrics).ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
	text := w.Body.String()
	for _, want := range []string{`heed_ingest_events_total{result="accepted",source="web"} 1`, `heed_queue_depth{queue="delivery"} 3`, `route="/api/people/{ref}"`} {
		if !strings.Contains(text, want) {
			t.Errorf("no %s in\n%s", want, text)
		}
	}
	for _, never := range []string{"secret-person", ada.String()} {
		if strings.Contains(text, never) {
			t.Errorf("a label holds %s", never)
		}
	}
	w = httptest.NewRecorder()
	api.Admin(s.metrics).ServeHTTP(w, httptest.NewRequest("GET", "/debug/pprof/", nil))
	if w.Code != 200 {
		t.Errorf("pprof: %d", w.Code)
	}
	if w := s.send("GET", "/metrics", ""); w.Code != 404 {
		t.Errorf("the public port shows metrics: %d", w.Code)
	}
}
