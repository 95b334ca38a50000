package stories_test

import (
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// refusal is something that is asked and cannot be had.
type refusal struct {
	name string
	do   []string // of a command: its arguments
	exit int
	// says are words that must stand in the answer: what, where, how to mend it.
	says []string
}

// complaining is a line that says what is wrong; notes may stand before it.
var complaining = regexp.MustCompile(`(?m)^heed: .{14,}`)

// sound checks what every complaint on standard error must be.
func sound(t *testing.T, name, complaint string) {
	t.Helper()
	if !complaining.MatchString(complaint) {
		t.Errorf("%s: this is no complaint:\n%s", name, complaint)
	}
	for _, inside := range []string{"panic", "goroutine", "%!", "<nil>", "runtime error", "sql:", "SQLSTATE"} {
		if strings.Contains(complaint, inside) {
			t.Errorf("%s: the complaint shows heed's inside (%s):\n%s", name, inside, complaint)
		}
	}
}

// The command line: what was wrong goes to standard error as a sentence, nothing
// goes to standard output, and the exit code says whose fault it is.
func TestRefusal_commands(t *testing.T) {
	t.Parallel()
	h := start(t, programs.heed, "")
	h.hears(event{"type": "identify", "userId": "alone", "traits": event{"email": "alone@example.com"}})
	file := func(name, text string) string {
		path := filepath.Join(h.dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	file("faulty/purposes.yaml", "- { key: marketing, labell: offers }\n")
	copyWorkspace(t, filepath.Join(h.dir, "mean"))
	file("mean/audiences/a.yaml", "key: a\nlabel: a\nabout: a\nexpression: has(traits.phone\npurpose: marketing.communications.sms\n")
	for _, r := range []refusal{
		{"a word that is no command", []string{"nonsense"}, 2, []string{"nonsense", "--help"}},
		{"a flag that is none", []string{"verify", "--nonsense"}, 2, []string{"--nonsense", "--help"}},
		{"a database of another make", []string{"config", "--database", "mysql://x/y"}, 2, []string{"database", "postgres://"}},
		{"an address that is none", []string{"config", "--listen", "everywhere"}, 2, []string{"listen"}},
		{"a configuration that is not there", []string{"config", "--config", "nowhere.yaml"}, 2, []string{"nowhere.yaml"}},
		{"a person without a kind", []string{"person", "show", "alone"}, 2, []string{"NS:VALUE"}},
		{"a person nobody knows", []string{"person", "show", "email:nobody@example.com"}, 1, []string{"no such person"}},
		{"an explanation of nobody", []string{"person", "explain", "user_id:nobody"}, 1, []string{"no such person"}},
		{"erasing without being sure", []string{"person", "erase", "user_id:alone"}, 1, []string{"--yes"}},
		{"erasing nobody", []string{"person", "erase", "user_id:nobody", "--yes"}, 1, []string{"no such person"}},
		{"splitting one who is one", []string{"person", "split", "user_id:alone"}, 1, []string{"nothing to split"}},
		{"a folder that is not there", []string{"apply", "-f", "nowhere"}, 2, nil},
		{"a workspace with a fault", []string{"apply", "-f", "faulty"}, 2, []string{"purposes.yaml:1", "labell"}},
		{"an expression that does not end", []string{"apply", "-f", "mean"}, 2, []string{"audiences/a.yaml:4"}},
		{"a role that there is not", []string{"apply", "-f", "faulty", "--as", "king"}, 2, []string{"king", "privacy"}},
		{"a campaign that there is not", []string{"approve", "nothing", "--answer", "yes"}, 1, []string{"draft"}},
		{"an approval without an answer", []string{"approve", "nothing"}, 2, []string{"--answer"}},
		{"sending a campaign that there is not", []string{"campaign", "send", "nothing"}, 1, []string{"campaign"}},
		{"counting a campaign that there is not", []string{"campaign", "dry-run", "nothing"}, 1, []string{"heed campaign list"}},
		{"pausing a campaign that there is not", []string{"campaign", "pause", "nothing"}, 1, nil},
		{"counting no audience", []string{"audience", "preview"}, 2, []string{"audience"}},
		{"counting an audience that there is not", []string{"audience", "preview", "nothing"}, 1, []string{"audience"}},
		{"an audience for no purpose", []string{"audience", "preview", "--expression", "has(traits.email)"}, 2, []string{"purpose"}},
		{"an audience that is no expression", []string{"audience", "preview", "--expression", "has(", "--purpose", "marketing"}, 2, nil},
		{"an export of something else", []string{"export", "secrets"}, 2, []string{"people"}},
		{"an export to nobody", []string{"export", "people", "--purpose", "third_party_sharing"}, 2, []string{"--to"}},
		{"an export for no purpose", []string{"export", "people", "--to", "mail-relay"}, 2, []string{"--purpose"}},
		{"an export to somebody unknown", []string{"export", "people", "--purpose", "third_party_sharing", "--channel", "webhook", "--to", "a stranger"}, 2, []string{"--to", "recipients"}},
		{"an export for a purpose that is none", []string{"export", "people", "--purpose", "fun", "--to", "mail-relay"}, 2, []string{"--purpose", "purposes"}},
		{"an import of nothing", []string{"import", "nowhere.ndjson"}, 2, []string{"nowhere.ndjson"}},
		{"an import through no mapping", []string{"import", "--map", "nowhere.yaml", "faulty"}, 2, []string{"nowhere.yaml"}},
		{"an import without a line that holds", []string{"import", file("bad.ndjson", "{\"type\":\"shout\"}\nnot json\n")}, 2, []string{"bad.ndjson:1", "bad.ndjson:2"}},
		{"an import as of no day", []string{"import", "--as-of", "yesterday", "bad.ndjson"}, 2, []string{"2026-03-01"}},
		{"an event of quarantine that is not there", []string{"quarantine", "show", "99"}, 1, []string{"quarantine"}},
		{"an id that is no number", []string{"quarantine", "show", "first"}, 2, []string{"first"}},
		{"dropping nothing", []string{"quarantine", "drop"}, 2, nil},
		{"a token for a king", []string{"token", "king", "kim"}, 2, []string{"king", "marketer"}},
		{"a source of another kind", []string{"source", "x", "--kind", "stone"}, 2, []string{"stone", "browser"}},
		{"heads that are not there", []string{"verify", "--heads", "nowhere"}, 2, []string{"heed verify"}},
		{"a second server on the same folder", []string{"serve"}, 1, nil},
	} {
		out, complaint, code := h.try(r.do...)
		if code != r.exit || out != "" && r.do[0] != "import" { // which reports as far as it came
			t.Errorf("%s: exit %d, expected %d; on standard output %q", r.name, code, r.exit, out)
		}
		sound(t, r.name, complaint)
		says(t, r.name, complaint, r.says...)
	}
	// Faults of a workspace are what heed check is for, so they are its result.
	out, complaint, code := h.try("check", "faulty")
	if code != 1 {
		t.Errorf("check: exit %d", code)
	}
	says(t, "check", out, "purposes.yaml:1", "labell")
	sound(t, "check", complaint)
	// An event that is refused shows the server's answer.
	out, _, code = h.try("send", "--key", "nobody's", "--to", h.url)
	if code != 1 {
		t.Errorf("send with an unknown key: exit %d", code)
	}
	says(t, "send with an unknown key", out, "write-key-unknown")
	// Help is no mistake.
	for _, args := range [][]string{{}, {"--help"}, {"person", "--help"}, {"version"}} {
		if out, complaint, code := h.try(args...); code != 0 || out == "" || complaint != "" {
			t.Errorf("heed %s: exit %d, %q", strings.Join(args, " "), code, complaint)
		}
	}
}

// A server that cannot start says what is in its way.
func TestRefusal_starting(t *testing.T) {
	t.Parallel()
	h := start(t, programs.heed, "")
	h.hears(event{"type": "identify", "userId": "ada"})
	data := filepath.Join(h.dir, "data")
	other := append(slices.Clip(h.env), "HEED_LISTEN="+strings.TrimPrefix(h.url, "http://"), "HEED_DATA="+filepath.Join(t.TempDir(), "data"))
	says(t, "a port that is taken", h.refusesToStart(t, other), "--listen")

	h.stop()
	key := filepath.Join(data, "heed.kek")
	kek, err := os.ReadFile(key)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(key); err != nil {
		t.Fatal(err)
	}
	says(t, "a missing key file", h.refusesToStart(t, h.env), "heed.kek")
	if err := os.WriteFile(key, []byte(regexp.MustCompile(`"[A-Za-z0-9+/]{43}="`).ReplaceAllString(string(kek), `"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="`)), 0o600); err != nil {
		t.Fatal(err)
	}
	says(t, "another key file", h.refusesToStart(t, h.env), "heed.kek")
	if err := os.WriteFile(key, kek, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, address := range []string{"postgres://nobody:hunter2@127.0.0.1:1/x?sslmode=disable&connect_timeout=2", "sqlite:" + h.dir} {
		complaint := h.refusesToStart(t, append(slices.Clip(h.env), "HEED_DATABASE="+address))
		if strings.Contains(complaint, "hunter2") {
			t.Errorf("the password is told:\n%s", complaint)
		}
	}
	says(t, "somebody else's identity store", h.refusesToStart(t, append(slices.Clip(h.env), "HEED_KEYS=sqlite:"+filepath.Join(h.dir, "other.db"))), "--keys")
	// And when all is well again it starts, with everything there.
	h.serve()
	if h.person("user_id:ada").Person == "" {
		t.Error("ada is gone")
	}
	if _, complaint, code := h.try("serve"); code != 1 {
		t.Errorf("a second server on one folder: exit %d\n%s", code, complaint)
	}
}

// refusesToStart runs heed serve, which must fail, and returns why.
func (h *heed) refusesToStart(t *testing.T, env []string) string {
	t.Helper()
	other := &heed{t: t, program: h.program, dir: h.dir, env: env}
	_, complaint, code := other.try("serve")
	if code != 1 && code != 2 {
		t.Errorf("heed serve ended with %d", code)
	}
	sound(t, "heed serve", complaint)
	return complaint
}

// problemJSON is RFC 9457, as far as callers rely on it.
type problemJSON struct {
	Type, Title, Detail, Code string
	Status                    int
	Fields                    []struct{ Pointer, Reason string }
}

// Over HTTP every refusal is problem+json with a code that stays, a sentence that
// says how to mend it, and nothing of what was sent.
func TestRefusal_http(t *testing.T) {
	t.Parallel()
	on(t, func(t *testing.T, h *heed) {
		const secret = "anna-kowalska"
		marketer := strings.TrimSpace(h.run("token", "marketer", "mo"))
		big := `{"batch":[` + strings.Repeat(" ", 2<<20) + `]}`
		for _, r := range []struct {
			method, path, key, token, body string
			status                         int
			code                           string
		}{
			{"POST", "/v1/batch", "", "", `{"batch":[]}`, 401, "write-key-missing"},
			{"POST", "/v1/batch", secret, "", `{"batch":[]}`, 401, "write-key-unknown"},
			{"POST", "/v1/batch", writeKey, "", secret, 400, "body-not-json"},
			{"POST", "/v1/batch", writeKey, "", "", 400, ""},
			{"POST", "/v1/batch", writeKey, "", `{"` + secret + `":[]}`, 400, "body-no-batch"},
			{"POST", "/v1/batch", writeKey, "", `{"batch":"` + secret + `"}`, 400, "body-no-batch"},
			{"POST", "/v1/batch", writeKey, "", `{"batch":[],"batch":[]}`, 400, "body-not-strict"},
			{"POST", "/v1/batch", writeKey, "", big, 413, "body-too-large"},
			{"POST", "/v1/batch", writeKey, "", "\x1f\x8b" + secret, 400, "body-not-gzip"},
			{"GET", "/v1/batch", writeKey, "", "", 405, ""},
			{"POST", "/v1/shout", writeKey, "", "{}", 404, ""},
			{"GET", "/nowhere/" + secret, "", "", "", 404, ""},
			{"GET", "/api/balance", "", "", "", 401, "token-missing"},
			{"GET", "/api/balance", "", secret, "", 401, "token-unknown"},
			{"GET", "/api/people/00000000000000000000000000", "", adminToken, "", 400, ""},
			{"GET", "/api/people/" + secret + "?why=they+called", "", adminToken, "", 404, "person-not-found"},
			{"GET", "/api/people/00000000000000000000000000?why=they+called", "", adminToken, "", 404, "person-not-found"},
			{"GET", "/api/people/00000000000000000000000000?why=they+called", "", marketer, "", 403, "role-not-allowed"},
			{"POST", "/api/people/find?why=they+called", "", adminToken, `{"ns":"email","value":"` + secret + `@example.com"}`, 404, "person-not-found"},
			{"POST", "/api/people/find?why=they+called", "", adminToken, `{"ns":"email"}`, 400, ""},
			{"POST", "/api/apply", "", adminToken, `{"files":{"purposes.yaml":"- { key: marketing, labell: x }"}}`, 400, "workspace-invalid"},
			{"POST", "/api/campaigns/nothing/approve", "", adminToken, `{"answer":"yes","hash":"0"}`, 404, ""},
			{"POST", "/api/campaigns/nothing/send", "", adminToken, "", 409, "campaign-not-live"},
			{"POST", "/api/campaigns/nothing/dry-run", "", adminToken, "", 404, "campaign-missing"},
			{"DELETE", "/api/balance", "", adminToken, "", 405, ""},
		} {
			name := r.method + " " + r.path + " " + r.body[:min(len(r.body), 60)]
			status, header, body := h.ask(t, r.method, r.path, r.body, func(q *http.Request) {
				if r.key != "" {
					q.SetBasicAuth(r.key, "")
				}
				if r.token != "" {
					q.Header.Set("Authorization", "Bearer "+r.token)
				}
				q.Header.Set("Content-Type", "application/json")
			})
			var p problemJSON
			if err := json.Unmarshal([]byte(body), &p); err != nil || !strings.HasPrefix(header.Get("Content-Type"), "application/problem+json") {
				t.Errorf("%s: the answer is %d %s %.200s", name, status, header.Get("Content-Type"), body)
				continue
			}
			if status != r.status || p.Status != status || r.code != "" && p.Code != r.code {
				t.Errorf("%s: %d %s, expected %d %s\n%s", name, status, p.Code, r.status, r.code, body)
			}
			if p.Code == "" || p.Type == "" || p.Title == "" || len(p.Detail) < 20 || !strings.HasSuffix(p.Detail, ".") {
				t.Errorf("%s: %+v does not say what to do", name, p)
			}
			if strings.Contains(body+header.Get("Location"), secret) {
				t.Errorf("%s: the answer repeats what was sent: %s", name, body)
			}
			// Ingest names no scheme: browsers would ask the shop's visitors for a password.
			if status == 401 && r.path != "/v1/batch" && header.Get("WWW-Authenticate") == "" || status == 405 && header.Get("Allow") == "" {
				t.Errorf("%s: %d without the header that says what would do", name, status)
			}
		}
		if strings.Contains(h.log.String(), secret) {
			t.Errorf("the log repeats what was sent:\n%s", h.log)
		}
		h.quarantines(t, secret)
	})
}

// quarantines sends a batch in which each event but one is wrong in its own way:
// the good one is accepted, each other is put aside with its code and a sentence,
// and can be read, tried again and dropped.
func (h *heed) quarantines(t *testing.T, secret string) {
	t.Helper()
	long := strings.Repeat("u", 201)
	events := []string{
		`{"type":"track","event":"Fine","userId":"fine","messageId":"fine"}`,
		`"` + secret + `"`,
		`{"type":"shout","userId":"` + secret + `"}`,
		`{"type":"track","userId":"` + secret + `"}`,
		`{"type":"identify","traits":{"plan":"x"}}`,
		`{"type":"track","event":"x","userId":"` + long + `"}`,
		`{"type":"track","event":"x","userId":["` + secret + `"]}`,
		`{"type":"track","event":"x","userId":"a","userId":"` + secret + `"}`,
		`{"type":"track","event":"x","userId":"` + secret + `","timestamp":"yesterday"}`,
		`{"type":"track","event":"x","userId":"` + secret + `\u0000"}`,
		`{"type":"track","event":"x","userId":"` + secret + `","properties":` + strings.Repeat(`{"a":`, 70) + "1" + strings.Repeat("}", 70) + `}`,
		`{"type":"track","event":"x","userId":"` + secret + `","properties":{"a":"` + strings.Repeat("x", 70_000) + `"}}`,
		`{"type":"track","event":"Other","userId":"fine","messageId":"fine"}`,
	}
	codes := []string{
		"not_an_object", "unknown_type", "missing_field", "no_identifier", "id_too_long", "bad_identifier", "duplicate_key",
		"bad_time", "bad_encoding", "too_deep", "event_too_large", "id_reused",
	}
	status, answer := h.http(http.MethodPost, "/v1/batch", `{"batch":[`+strings.Join(events, ",")+`]}`, func(r *http.Request) { r.SetBasicAuth(writeKey, "") })
	var a answerOf
	if status != http.StatusOK || json.Unmarshal([]byte(answer), &a) != nil || a.Accepted != 1 || len(a.Quarantined) != len(codes) {
		t.Fatalf("%d: %s", status, answer)
	}
	for i, q := range a.Quarantined {
		if q.Index != i+1 || q.Code != codes[i] || !strings.Contains(q.Why, ".") {
			t.Errorf("event %d: %+v, expected %s", i+1, q, codes[i])
		}
	}
	if strings.Contains(answer, secret) {
		t.Errorf("the answer repeats what was sent: %s", answer)
	}
	listed := lines[struct {
		ID        int64
		Code, Why string
	}](t, h.run("quarantine", "list"))
	if len(listed) != len(codes) {
		t.Fatalf("%d events are in quarantine, not %d", len(listed), len(codes))
	}
	for _, q := range listed {
		if q.Code == "unknown_type" {
			says(t, "quarantine show", h.run("quarantine", "show", jsonText(q.ID)), secret, "shout")
			h.run("quarantine", "drop", jsonText(q.ID))
		}
	}
	says(t, "quarantine replay", h.run("quarantine", "replay"), "11 tried", "0 accepted", "11 still not understood")
}

type answerOf = answer

func jsonText(v any) string {
	raw, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return string(raw)
}

// ask is one request, with everything that is answered.
func (h *heed) ask(t *testing.T, method, path, body string, more func(*http.Request)) (int, http.Header, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, h.url+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	more(req)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, resp.Header, string(raw)
}
