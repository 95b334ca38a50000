package api_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/heed-platform/heed/internal/fact"
	"github.com/heed-platform/heed/internal/keep/gate"
	"github.com/heed-platform/heed/internal/line"
	"github.com/heed-platform/heed/internal/problem"
	"github.com/heed-platform/heed/internal/web/api"
)

// rights says who may do what: m(arketer), p(rivacy), o(perator), a(uditor),
// A(dmin). It is written down apart from the code, so that a route whose row is
// missing, or whose roles change, fails here and is looked at.
var rights = map[string]struct{ who, body string }{
	"POST /api/apply":                             {"mp--A", `{"files":{"campaigns/shoes.yaml":"key: shoes"}}`},
	"GET /api/definitions":                        {"mpoaA", ""},
	"GET /api/definitions/{kind}":                 {"mpoaA", ""},
	"GET /api/definitions/{kind}/{key...}":        {"mpoaA", ""},
	"POST /api/campaigns/{key}/approve":           {"-p--A", `{"answer":"Yes, gladly.","hash":"` + shoesHash + `"}`},
	"POST /api/campaigns/{key}/pause":             {"mpo-A", ""},
	"POST /api/campaigns/{key}/resume":            {"-po-A", ""},
	"POST /api/campaigns/{key}/end":               {"mpo-A", ""},
	"POST /api/campaigns/{key}/send":              {"--o-A", ""},
	"POST /api/campaigns/{key}/dry-run":           {"mpo-A", ""},
	"GET /api/audiences/{key}/preview":            {"mp--A", ""},
	"POST /api/audiences/preview":                 {"mp--A", `{"expression":"true","purpose":"marketing"}`},
	"POST /api/people/find":                       {"-po-A", `{"ns":"email","value":"ada@example.com"}`},
	"GET /api/people/{ref}":                       {"-po-A", ""},
	"GET /api/people/{ref}/explain":               {"-poaA", ""},
	"GET /api/people/{ref}/export":                {"-p--A", ""},
	"POST /api/people/{ref}/erase":                {"-p--A", ""},
	"POST /api/people/{ref}/split":                {"-po-A", `{"off":{"ns":"device_id","value":"tablet"}}`},
	"PUT /api/people/{ref}/preferences":           {"-po-A", `{"muted":["maternity"],"quiet":{"from":"20:00","to":"09:00"},"zone":"Europe/Berlin"}`},
	"POST /api/people/{ref}/grants":               {"-po-A", `{"grants":[{"purpose":"marketing.communications.sms","status":"withdrawn"}]}`},
	"GET /api/requests":                           {"-poaA", ""},
	"GET /api/requests/{id}":                      {"-poaA", ""},
	"POST /api/people/{ref}/requests":             {"-po-A", `{"right":"access"}`},
	"POST /api/requests/{id}/answer":              {"-p--A", `{"answer":"done"}`},
	"GET /api/conformance":                        {"-p-aA", ""},
	"GET /api/retention/report":                   {"-poaA", ""},
	"GET /api/notices/{id}/reask":                 {"mp--A", ""},
	"GET /api/leaks":                              {"-p--A", ""},
	"POST /api/leaks":                             {"-p--A", `{"what":"A disk is gone.","scope":{"sources":["server"]}}`},
	"GET /api/leaks/{id}":                         {"-p--A", ""},
	"POST /api/leaks/{id}/assess":                 {"-p--A", `{}`},
	"GET /api/leaks/{id}/report":                  {"-p--A", ""},
	"POST /api/leaks/{id}/tell":                   {"-p--A", `{"campaign":"leak-by-email"}`},
	"POST /api/leaks/{id}/close":                  {"-p--A", `{"why":"It was found unread."}`},
	"POST /api/items":                             {"m-o-A", `{"items":[{"id":"1","price":12.50,"currency":"EUR"}]}`},
	"GET /api/items/{id}":                         {"mpoaA", ""},
	"GET /api/quarantine":                         {"-poaA", ""},
	"POST /api/quarantine/replay":                 {"--o-A", `{}`},
	"POST /api/quarantine/drop":                   {"--o-A", `{"ids":[7]}`},
	"GET /api/deliveries":                         {"-poaA", ""},
	"POST /api/deliveries/{id}/retry":             {"--o-A", ""},
	"POST /api/deliveries/{id}/drop":              {"--o-A", ""},
	"GET /api/people/{ref}/decisions/{id}":        {"-poaA", ""},
	"GET /api/people/{ref}/decisions/{id}/replay": {"-poaA", ""},
	"GET /api/sources":                            {"mpoaA", ""},
	"POST /api/sources":                           {"--o-A", `{"key":"till","kind":"server"}`},
	"POST /api/tokens":                            {"----A", `{"name":"kim","role":"auditor"}`},
	"GET /api/balance":                            {"mpoaA", ""},
	"GET /api/tail":                               {"-poaA", ""},
	"GET /api/openapi.json":                       {"", ""},
}

var roles = []string{"marketer", "privacy", "operator", "auditor", "admin"}

// at is a path with its names filled in.
func at(path string) string {
	return strings.NewReplacer("{kind}", "campaign", "{key...}", "shoes", "{key}", "shoes", "{ref}", ada.String(), "{id}", "1").Replace(path)
}

func TestRoutes_everyRoleOnEveryRoute(t *testing.T) {
	t.Parallel()
	for _, rt := range api.Table() {
		name := rt.Method + " " + rt.Path
		row, ok := rights[name]
		if !ok {
			t.Errorf("%s has no row in rights: say who may", name)
			continue
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for i, role := range roles {
				s := serve(t)
				s.as("admin", "POST", "/api/items", `{"items":[{"id":"1"}]}`)
				may := row.who == "" || row.who[i] != '-'
				w := s.once(rt, role, row.body)
				switch {
				case may && w.Code != want(rt):
					t.Errorf("%s: %d %s", role, w.Code, w.Body)
				case !may && (w.Code != 403 || code(t, w) != "role-not-allowed" || len(s.visits) > 0):
					t.Errorf("%s may not, and is answered %d %s", role, w.Code, w.Body)
				}
			}
			if row.who == "" {
				return
			}
			s := serve(t)
			if w := s.send(rt.Method, at(rt.Path), row.body); w.Code != 401 || code(t, w) != "token-missing" || !strings.HasPrefix(w.Header().Get("WWW-Authenticate"), "Bearer") {
				t.Errorf("without a token: %d %s", w.Code, w.Body)
			}
			if w := s.send(rt.Method, at(rt.Path), row.body, "Authorization", "Bearer wrong"); w.Code != 401 || code(t, w) != "token-unknown" {
				t.Errorf("with a wrong token: %d %s", w.Code, w.Body)
			}
			if w := s.send(rt.Method, at(rt.Path), row.body, "Authorization", "Basic a2V5Og=="); w.Code != 401 {
				t.Errorf("with a write key: %d %s", w.Code, w.Body)
			}
			if !rt.Why {
				return
			}
			for _, reason := range []string{"", "   ", strings.Repeat("x", 501)} {
				if w := s.send(rt.Method, at(rt.Path), row.body, "Authorization", "Bearer token-of-admin", "X-Heed-Reason", reason); w.Code != 400 || code(t, w) != "reason-missing" {
					t.Errorf("with the reason %.10q: %d %s", reason, w.Code, w.Body)
				}
			}
			if len(s.visits) > 0 {
				t.Error("somebody was looked at without a reason")
			}
		})
	}
	if len(rights) != len(api.Table()) {
		t.Errorf("%d rows for %d routes", len(rights), len(api.Table()))
	}
}

func want(rt api.Row) int {
	if rt.Status != 0 {
		return rt.Status
	}
	return 200
}

// once makes a request whose stream, if it is one, ends at once.
func (s *served) once(rt api.Row, role, body string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(rt.Method, at(rt.Path), strings.NewReader(body))
	r.Header.Set("Authorization", "Bearer token-of-"+role)
	r.Header.Set("X-Heed-Reason", "She called.")
	w := httptest.NewRecorder()
	if rt.Path == "/api/tail" {
		ctx, stop := context.WithCancel(r.Context())
		stop()
		s.ServeHTTP(deadlines{w}, r.WithContext(ctx))
		return w
	}
	s.ServeHTTP(w, r)
	return w
}

// deadlines is a recorder that can be told when to stop writing, as a connection.
type deadlines struct{ *httptest.ResponseRecorder }

func (deadlines) SetWriteDeadline(time.Time) error { return nil }

// TestRoutes_answersAreAsDescribed holds every answer to its schema's names.
func TestRoutes_answersAreAsDescribed(t *testing.T) {
	t.Parallel()
	for _, rt := range api.Table() {
		if rt.Open || rt.Path == "/api/tail" {
			continue
		}
		s := serve(t)
		w := s.once(rt, "admin", rights[rt.Method+" "+rt.Path].body)
		var got map[string]json.RawMessage
		if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil {
			t.Errorf("%s %s: %v: %s", rt.Method, rt.Path, err, w.Body)
		}
		for name := range got {
			if !rt.Names[name] {
				t.Errorf("%s %s answers with %q, which is not described", rt.Method, rt.Path, name)
			}
		}
		for _, name := range rt.Required {
			if got[name] == nil {
				t.Errorf("%s %s answers without %q", rt.Method, rt.Path, name)
			}
		}
	}
}

func TestOpenAPI_hasEveryRoute(t *testing.T) {
	t.Parallel()
	w := serve(t).send("GET", "/api/openapi.json", "")
	var doc struct {
		OpenAPI string `json:"openapi"`
		Paths   map[string]map[string]struct {
			Summary     string         `json:"summary"`
			OperationID string         `json:"operationId"`
			Roles       []string       `json:"x-roles"`
			Responses   map[string]any `json:"responses"`
			Body        any            `json:"requestBody"`
			Parameters  []struct {
				Name string `json:"name"`
				In   string `json:"in"`
			} `json:"parameters"`
		} `json:"paths"`
	}
	if err := json.Unmarshal(w.Body.Bytes(), &doc); err != nil || doc.OpenAPI != "3.1.0" {
		t.Fatalf("%v %.200s", err, w.Body)
	}
	ids := map[string]bool{}
	for _, rt := range api.Table() {
		op, ok := doc.Paths[strings.ReplaceAll(rt.Path, "...", "")][strings.ToLower(rt.Method)]
		if !ok || strings.TrimRight(op.Summary, ".?") == op.Summary || ids[op.OperationID] || op.Responses[fmt.Sprint(want(rt))] == nil || (op.Body != nil) != rt.Body {
			t.Errorf("%s %s is not described, or not well: %+v", rt.Method, rt.Path, op)
		}
		ids[op.OperationID] = true
		if diff := cmp.Diff(rt.Roles, op.Roles); diff != "" {
			t.Errorf("%s %s: roles %s", rt.Method, rt.Path, diff)
		}
		names := 0
		for _, p := range op.Parameters {
			if p.In == "path" {
				names++
			}
		}
		if names != strings.Count(rt.Path, "{") {
			t.Errorf("%s %s: %d of its names are described", rt.Method, rt.Path, names)
		}
	}
}

func TestPeople_whoAndWhyAreHandedOn(t *testing.T) {
	t.Parallel()
	s := serve(t)
	if w := s.as("operator", "GET", "/api/people/"+ada.String(), ""); w.Code != 200 || w.Header().Get("Cache-Control") != "no-store" {
		t.Fatalf("%d %s %v", w.Code, w.Body, w.Header())
	}
	v := s.visits[0]
	if v.Why != "She called about her order." || v.By.String() != "operator:kim" || v.Subject != gate.ByRef(ada) {
		t.Errorf("handed on %+v", v)
	}
}

// TestPeople_absentAndWithheldLookAlike compares the whole answers.
func TestPeople_absentAndWithheldLookAlike(t *testing.T) {
	t.Parallel()
	answers := map[string]bool{}
	for _, err := range []error{gate.ErrNobody, problem.New(problem.Withheld, "secret-reason", "Withheld by membership@3."), fmt.Errorf("open: %w", gate.ErrNobody)} {
		s := serve(t)
		s.err = err
		for _, target := range []string{"/api/people/" + ada.String(), "/api/people/" + ada.String() + "/explain"} {
			w := s.as("admin", "GET", target, "")
			w.Header().Del("X-Request-Id")
			answers[fmt.Sprintf("%d %v %s", w.Code, w.Header(), cut(w.Body.String()))] = true
		}
		w := s.as("admin", "GET", "/api/people/not-a-ref", "")
		w.Header().Del("X-Request-Id")
		answers[fmt.Sprintf("%d %v %s", w.Code, w.Header(), cut(w.Body.String()))] = true
	}
	if len(answers) != 1 {
		t.Errorf("%d different answers: %v", len(answers), answers)
	}
}

// cut takes the request's id out of a problem.
func cut(body string) string {
	before, rest, _ := strings.Cut(body, "urn:request:")
	_, after, _ := strings.Cut(rest, `"`)
	return before + after
}

func TestPeople_valuesNeverReachTheLog(t *testing.T) {
	t.Parallel()
	s := serve(t)
	s.as("privacy", "POST", "/api/people/find", `{"ns":"email","value":"nobody@example.com"}`)
	s.as("privacy", "POST", "/api/people/find", `{"ns":"email","valeu":"nobody@example.com"}`)
	s.as("privacy", "POST", "/api/people/find", `{"ns":"email","value":["nobody@example.com"]}`)
	s.as("privacy", "GET", "/api/people/nobody@example.com", "")
	s.send("GET", "/api/nobody@example.com?why=nobody@example.com", "")
	s.send("POST", "/v1/track?writeKey=nobody@example.com", "nobody@example.com")
	s.err = errors.New("the cause of it all")
	w := s.as("privacy", "POST", "/api/people/find", `{"ns":"email","value":"ada@example.com"}`)
	if w.Code != 500 || strings.Contains(w.Body.String(), "cause of") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	log := s.log.String()
	if strings.Contains(log, "@example.com") {
		t.Errorf("the log holds a value:\n%s", log)
	}
	if !strings.Contains(log, "the cause of it all") || !strings.Contains(log, w.Header().Get("X-Request-Id")) {
		t.Errorf("the log lacks the cause or the request:\n%s", log)
	}
}

func TestPeople_badRequests(t *testing.T) {
	t.Parallel()
	ref := "/api/people/" + ada.String()
	tests := []struct{ method, target, body, pointer string }{
		{"POST", "/api/people/find", `{"ns":"email"}`, "/value"},
		{"POST", "/api/people/find", `{"ns":"email","value":""}`, "/value"},
		{"POST", "/api/people/find", `{"ns":"email","value":"x","more":1}`, "/more"},
		{"POST", "/api/people/find", `{"ns":7,"value":"x"}`, "/ns"},
		{"POST", "/api/people/find", `{"ns":`, "/"},
		{"POST", "/api/people/find", `[]`, "/"},
		{"POST", ref + "/split", `{"off":{"ns":"email"}}`, "/off/value"},
		{"PUT", ref + "/preferences", `{"zone":"Mars/Olympus"}`, "/zone"},
		{"PUT", ref + "/preferences", `{"quiet":{"from":"8pm","to":"09:00"}}`, "/quiet"},
		{"PUT", ref + "/preferences", `{"caps":[{"count":1,"hours":0}]}`, "/caps/0"},
		{"PUT", ref + "/preferences", `{"break_until":"soon"}`, "/"},
		{"POST", ref + "/grants", `{"grants":[]}`, "/grants"},
		{"POST", ref + "/grants", `{"grants":[{"purpose":"marketing.sms","status":"withdrawn"}]}`, "/grants/0/purpose"},
		{"POST", ref + "/grants", `{"grants":[{"purpose":"marketing.communications.sms","status":"yes"}]}`, "/grants/0/status"},
		{"POST", ref + "/grants", `{"grants":[{"purpose":"marketing.communications.sms","status":"granted","evidence":"form 7"}]}`, "/grants/0/notice"},
		{"POST", ref + "/grants", `{"grants":[{"purpose":"marketing.communications.sms","status":"granted","notice":"none@1"}]}`, "/grants/0/notice"},
		{"POST", "/api/tokens", `{"name":"kim","role":"king"}`, "/role"},
		{"POST", "/api/sources", `{"key":"","kind":"server"}`, "/key"},
		{"POST", "/api/items", `{"items":[{"name":"no id"}]}`, "/items/0/id"},
		{"POST", "/api/quarantine/drop", `{"ids":[]}`, "/ids"},
		{"GET", "/api/quarantine?limit=0", "", "?limit"},
		{"GET", "/api/deliveries?state=lost", "", "?state"},
		{"POST", "/api/apply", `{"files":{"../etc/passwd.yaml":"x: 1"}}`, "/files"},
		{"POST", "/api/apply", `{"files":{"campaigns/a.txt":"x: 1"}}`, "/files"},
	}
	for _, test := range tests {
		s := serve(t)
		w := s.as("admin", test.method, test.target, test.body)
		if w.Code != 400 || code(t, w) != "request-invalid" || !strings.Contains(w.Body.String(), `"pointer":"`+test.pointer+`"`) {
			t.Errorf("%s %s %s: %d %s", test.method, test.target, test.body, w.Code, w.Body)
		}
		if len(s.said) > 0 {
			t.Errorf("%s was taken all the same", test.body)
		}
	}
	s := serve(t)
	if w := s.as("admin", "POST", "/api/items", `{"items":["`+strings.Repeat("x", 1<<20)+`"]}`); w.Code != 413 {
		t.Errorf("a body over the limit: %d", w.Code)
	}
}

func TestGrants_areWrittenAsSaid(t *testing.T) {
	t.Parallel()
	s := serve(t)
	w := s.as("operator", "POST", "/api/people/"+ada.String()+"/grants",
		`{"grants":[{"purpose":"marketing.communications.sms","status":"withdrawn","channel":"sms","said":"2026-11-01T10:00:00Z","evidence":"call 17"},{"purpose":"marketing.communications.sms","status":"objected","said":"2030-01-01T00:00:00Z"}]}`)
	if w.Code != 201 || strings.TrimSpace(w.Body.String()) != `{"records":["r1"],"leaving":1}` {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	g := s.said[0].Grants
	if s.said[0].By != "operator:kim" || g[0].Status != fact.Withdrawn || g[0].Method != "api" || g[0].Evidence != "call 17" || g[0].Said.Format() != "2026-11-01T10:00:00.000000Z" {
		t.Errorf("%+v", s.said[0])
	}
	if g[1].Said != s.clock.Now() {
		t.Errorf("said in the future: %s", g[1].Said.Format())
	}
}

func TestPreferences_areSetWhole(t *testing.T) {
	t.Parallel()
	s := serve(t)
	w := s.as("operator", "PUT", "/api/people/"+ada.String()+"/preferences",
		`{"muted":["maternity"],"channels":["email"],"caps":[{"count":1,"hours":168}],"quiet":{"from":"20:00","to":"09:30"},"break_until":"2026-12-22T00:00:00Z","zone":"Europe/Berlin","language":"de"}`)
	if w.Code != 200 {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	got := *s.said[0].Preference
	want := fact.Preference{
		Muted: []string{"maternity"}, Channels: []string{"email"}, Caps: []fact.Cap{{Count: 1, Hours: 168}},
		QuietOn: true, QuietAt: 1200, QuietTo: 570, Break: got.Break, Zone: "Europe/Berlin", Language: "de", Source: "api",
	}
	if diff := cmp.Diff(want, got); diff != "" || got.Break.Format() != "2026-12-22T00:00:00.000000Z" {
		t.Error(diff, got.Break.Format())
	}
}

func TestApply_formats(t *testing.T) {
	t.Parallel()
	want := map[string]string{"audiences/regulars.yaml": "key: regulars\n", "campaigns/shoes.yaml": `{"key":"shoes"}`}
	s := serve(t)
	w := s.as("marketer", "POST", "/api/apply", `{"files":{"audiences/regulars.yaml":"key: regulars\n","campaigns/shoes.yaml":{"key":"shoes"}}}`)
	if diff := cmp.Diff(want, s.files); w.Code != 200 || diff != "" {
		t.Errorf("JSON: %d %s %s", w.Code, w.Body, diff)
	}
	if !strings.Contains(w.Body.String(), `"write_keys":{"till":"wk_till"}`) || !strings.Contains(w.Body.String(), `"status":"draft"`) {
		t.Errorf("answer: %s", w.Body)
	}
	s = serve(t)
	stream := "---\n# Source: audiences/regulars.yaml\nkey: regulars\n---\nkey: second\n# Source: campaigns/shoes.yaml\nkey: shoes\n"
	w = s.send("POST", "/api/apply", stream, "Authorization", "Bearer token-of-marketer", "Content-Type", "application/yaml; charset=utf-8")
	want = map[string]string{"audiences/regulars.yaml": "# Source: audiences/regulars.yaml\nkey: regulars\n---\nkey: second\n", "campaigns/shoes.yaml": "# Source: campaigns/shoes.yaml\nkey: shoes\n"}
	if diff := cmp.Diff(want, s.files); w.Code != 200 || diff != "" {
		t.Errorf("YAML: %d %s %s", w.Code, w.Body, diff)
	}
	for _, bad := range []string{"", "key: nobody knows where\n", "# Source: ../x.yaml\nkey: a\n", "# Source: campaigns/x.yaml\na: 1\n# Source: campaigns/x.yaml\na: 2\n"} {
		s := serve(t)
		if w := s.send("POST", "/api/apply", bad, "Authorization", "Bearer token-of-marketer", "Content-Type", "text/yaml"); w.Code != 400 || s.files != nil {
			t.Errorf("%q: %d %s", bad, w.Code, w.Body)
		}
	}
}

// TestApprove_keepsTheRules shows that the API adds no way round the lifecycle.
func TestApprove_keepsTheRules(t *testing.T) {
	t.Parallel()
	s := serve(t)
	if w := s.as("privacy", "POST", "/api/campaigns/shoes/approve", `{"answer":"Yes.","hash":"another"}`); w.Code != 409 || code(t, w) != "definition-changed" {
		t.Errorf("another hash: %d %s", w.Code, w.Body)
	}
	if w := s.as("privacy", "POST", "/api/campaigns/shoes/approve", `{"answer":" ","hash":"`+shoesHash+`"}`); w.Code != 400 || code(t, w) != "answer-missing" {
		t.Errorf("no answer: %d %s", w.Code, w.Body)
	}
	if w := s.as("operator", "POST", "/api/campaigns/shoes/send", ""); !strings.Contains(w.Body.String(), "fewer than 10") {
		t.Errorf("a small number shows: %s", w.Body)
	}
}

func TestSources_showNoSecret(t *testing.T) {
	t.Parallel()
	w := serve(t).as("auditor", "GET", "/api/sources", "")
	if strings.TrimSpace(w.Body.String()) != `{"sources":[{"key":"web","kind":"browser"}]}` {
		t.Errorf("%s", w.Body)
	}
}

// TestItems_areMerged sends what changed and keeps the rest.
func TestItems_areMerged(t *testing.T) {
	t.Parallel()
	s := serve(t)
	s.as("marketer", "POST", "/api/items", `{"items":[{"id":"1","name":"Swift 3","price":"89.90","currency":"EUR"},{"id":"2","name":"Socks"}]}`)
	w := s.as("operator", "POST", "/api/items", `{"items":[{"id":"1","stock":12},{"id":"1","stock":11}]}`)
	if w.Code != 200 || strings.TrimSpace(w.Body.String()) != `{"done":2}` {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	if w := s.as("auditor", "GET", "/api/items/1", ""); strings.TrimSpace(w.Body.String()) != `{"id":"1","name":"Swift 3","price":{"minor":8990,"currency":"EUR"},"stock":11}` {
		t.Errorf("%s", w.Body)
	}
	if w := s.as("auditor", "GET", "/api/items/3", ""); w.Code != 404 || code(t, w) != "item-missing" {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	if w := s.as("operator", "POST", "/api/items", `{"items":[{"id":"2","stock":1},{"id":"1","price":"1.00"}]}`); w.Code != 400 || !strings.Contains(w.Body.String(), "/items/1/price") {
		t.Errorf("a price without its currency: %d %s", w.Code, w.Body)
	}
	if w := s.as("auditor", "GET", "/api/items/2", ""); strings.Contains(w.Body.String(), "stock") {
		t.Errorf("half of a request was kept: %s", w.Body)
	}
}

func TestTokens_guessingIsSlowed(t *testing.T) {
	t.Parallel()
	s := serve(t)
	var got [600]int
	for range 60 {
		got[s.send("GET", "/api/balance", "", "Authorization", "Bearer guess").Code]++
	}
	if got[401] != 50 || got[429] != 10 {
		t.Errorf("401 × %d, 429 × %d", got[401], got[429])
	}
	if w := s.as("admin", "GET", "/api/balance", ""); w.Code != 200 {
		t.Errorf("a good token suffers: %d", w.Code)
	}
}

func TestTail_streams(t *testing.T) {
	t.Parallel()
	for _, accept := range []string{"", "text/event-stream"} {
		s := serve(t)
		server := httptest.NewServer(s)
		s.seen <- line.Seen{Source: "web", Type: "track"}
		r := httptest.NewRequest("GET", server.URL+"/api/tail", nil)
		r.RequestURI = ""
		r.Header.Set("Authorization", "Bearer token-of-operator")
		r.Header.Set("Accept", accept)
		resp, err := server.Client().Do(r)
		if err != nil {
			t.Fatal(err)
		}
		buf := make([]byte, 300)
		n, _ := resp.Body.Read(buf)
		resp.Body.Close()
		server.Close()
		text := string(buf[:n])
		if !strings.HasPrefix(strings.TrimPrefix(text, "data: "), `{"at":`) || strings.HasPrefix(text, "data: ") != (accept != "") {
			t.Errorf("%q: %q", accept, text)
		}
	}
}
