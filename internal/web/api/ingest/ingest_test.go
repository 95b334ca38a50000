package ingest_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/heed-platform/heed/internal/clock"
	"github.com/heed-platform/heed/internal/collect/event"
	"github.com/heed-platform/heed/internal/fact"
	"github.com/heed-platform/heed/internal/keep"
	"github.com/heed-platform/heed/internal/line"
	"github.com/heed-platform/heed/internal/web"
	"github.com/heed-platform/heed/internal/web/api/ingest"
)

// road is a line that remembers: what it has seen is a duplicate.
type road struct {
	mu      sync.Mutex
	seen    map[string]bool
	batches []line.Batch
	err     error
}

func (l *road) Accept(_ context.Context, b line.Batch) ([]line.Answer, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.err != nil {
		return nil, l.err
	}
	l.batches = append(l.batches, b)
	out := make([]line.Answer, len(b.Arrivals))
	for i, a := range b.Arrivals {
		id := b.Source + " " + a.Event.Message
		switch {
		case a.Event.Message == "reused":
			out[i] = line.Answer{Outcome: line.Quarantined, Code: "id_reused", Why: "The same messageId came with another body."}
		case l.seen[id]:
			out[i] = line.Answer{Outcome: line.Duplicate}
		default:
			l.seen[id] = true
			out[i] = line.Answer{Outcome: line.Accepted}
		}
	}
	return out, nil
}

func (*road) Sealed(source, code, why string, raw []byte, at clock.Instant) keep.Quarantine {
	return keep.Quarantine{Source: source, Code: code, Why: why, Received: at, Body: bytes.Clone(raw)}
}

// door is the handler under test with what stands behind it.
type door struct {
	http.Handler

	road    *road
	clock   *clock.Still
	log     *bytes.Buffer
	refused map[string]int64
	gpc     []bool

	everyKey bool // any key is a server's
}

func newDoor(t *testing.T) *door {
	t.Helper()
	d := &door{
		road: &road{seen: map[string]bool{}}, clock: clock.NewStill(clock.At(time.Date(2026, 11, 22, 3, 0, 0, 0, time.UTC))),
		log: &bytes.Buffer{}, refused: map[string]int64{},
	}
	mux := http.NewServeMux()
	m := web.NewMetrics()
	ingest.Routes(mux, ingest.Deps{
		Line: d.road, Clock: d.clock, Metrics: m,
		Source: func(key string) (event.Source, bool) {
			switch key {
			case "server-key-0001", "WKSEG", "WKNEXT", "WKRUD", "WKRUDJS":
				return event.Source{Key: strings.ToLower(key), Kind: event.Server}, true
			case "browser-key-001":
				return event.Source{Key: "web", Kind: event.Browser}, true
			}
			return event.Source{Key: "any", Kind: event.Server}, d.everyKey
		},
		Grants: func(_ event.Source, _ *fact.Event, gpc bool) []fact.Grant {
			d.road.mu.Lock()
			defer d.road.mu.Unlock()
			d.gpc = append(d.gpc, gpc)
			return nil
		},
		Refused: func(_ context.Context, source string, n int64) error {
			d.road.mu.Lock()
			defer d.road.mu.Unlock()
			d.refused[source] += n
			return nil
		},
		PublicURL: func() string { return "https://heed.example" },
	})
	d.Handler = web.Wrap(mux, m, d.clock, slog.New(slog.NewJSONHandler(d.log, &slog.HandlerOptions{Level: slog.LevelDebug})))
	return d
}

func (d *door) send(method, target, body string, head ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, target, strings.NewReader(body))
	for i := 0; i+1 < len(head); i += 2 {
		r.Header.Set(head[i], head[i+1])
	}
	w := httptest.NewRecorder()
	d.ServeHTTP(w, r)
	return w
}

func basic(key string) string {
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(key+":"))
}

const one = `{"type":"track","event":"Seen","userId":"u1","messageId":"m1"}`

func TestReceive_perEventAnswer(t *testing.T) {
	t.Parallel()
	d := newDoor(t)
	body := `{"batch":[` + one + `,{"type":"dance","userId":"u1","messageId":"m2"},` + one + `,{"type":"track","event":"x","userId":"u1","messageId":"reused"}]}`
	w := d.send("POST", "/v1/batch", body, "Authorization", basic("server-key-0001"))
	want := `{"success":true,"accepted":1,"duplicates":1,"quarantined":[` +
		`{"index":1,"code":"unknown_type","why":"The type is none of identify, track, page, screen, group and alias; name one of them. (type)"},` +
		`{"index":3,"code":"id_reused","why":"The same messageId came with another body."}]}` + "\n"
	if w.Code != 200 || w.Body.String() != want {
		t.Errorf("%d %s", w.Code, cmp.Diff(want, w.Body.String()))
	}
	if n := len(d.road.batches[0].Quarantine); n != 1 {
		t.Errorf("%d events were put aside before the line, want 1", n)
	}
}

// TestReceive_addresses tries every address in both slash forms, and that
// nothing redirects.
func TestReceive_addresses(t *testing.T) {
	t.Parallel()
	types := map[string]string{
		"identify": "identify", "i": "identify", "track": "track", "t": "track", "page": "page", "p": "page",
		"screen": "screen", "s": "screen", "group": "group", "g": "group", "alias": "alias", "a": "alias",
	}
	for path, typ := range types {
		for _, slash := range []string{"", "/"} {
			d := newDoor(t)
			w := d.send("POST", "/v1/"+path+slash, `{"userId":"u1","groupId":"g","previousId":"x","event":"E","messageId":"m"}`, "Authorization", basic("server-key-0001"))
			if w.Code != 200 || !strings.Contains(w.Body.String(), `"accepted":1`) {
				t.Errorf("%s%s: %d %s", path, slash, w.Code, w.Body)
				continue
			}
			if got := d.road.batches[0].Arrivals[0].Event.Type.String(); got != typ {
				t.Errorf("%s%s was read as %s", path, slash, got)
			}
		}
	}
	for _, path := range []string{"/v1/batch", "/v1/b", "/v1/import", "/beacon/v1/batch"} {
		for _, slash := range []string{"", "/"} {
			d := newDoor(t)
			w := d.send("POST", path+slash+"?writeKey=server-key-0001", `{"batch":[`+one+`]}`)
			if w.Code != 200 || !strings.Contains(w.Body.String(), `"accepted":1`) {
				t.Errorf("%s%s: %d %s", path, slash, w.Code, w.Body)
				continue
			}
			if got := d.road.batches[0].Replay; got != (path == "/v1/import") {
				t.Errorf("%s: replay is %v", path, got)
			}
		}
	}
}

func TestReceive_whoseKey(t *testing.T) {
	t.Parallel()
	inBody := `{"writeKey":"browser-key-001","batch":[` + one + `]}`
	inEvent := `{"batch":[{"type":"track","event":"x","userId":"u","messageId":"m","writeKey":"browser-key-001"}]}`
	tests := []struct {
		name, target, body, auth string
		status                   int
		source                   string
	}{
		{"basic", "/v1/batch", `{"batch":[]}`, basic("server-key-0001"), 200, "server-key-0001"},
		{"basic, password ignored", "/v1/batch", `{"batch":[]}`, "Basic " + base64.StdEncoding.EncodeToString([]byte("WKSEG:pw")), 200, "wkseg"},
		{"basic without a colon", "/v1/batch", `{"batch":[]}`, "Basic " + base64.StdEncoding.EncodeToString([]byte("WKSEG")), 200, "wkseg"},
		{"basic without padding", "/v1/batch", `{"batch":[]}`, "basic " + base64.RawStdEncoding.EncodeToString([]byte("WKSEG:")), 200, "wkseg"},
		{"head beats body", "/v1/batch", inBody, basic("server-key-0001"), 200, "server-key-0001"},
		{"head beats query", "/v1/batch?writeKey=browser-key-001", inBody, basic("server-key-0001"), 200, "server-key-0001"},
		{"query", "/v1/batch?writeKey=WKNEXT", inBody, "", 200, "wknext"},
		{"bearer leaves it to the body", "/v1/batch", inBody, "Bearer abc", 200, "web"},
		{"body", "/v1/batch", inBody, "", 200, "web"},
		{"first event", "/v1/batch", inEvent, "", 200, "web"},
		{"none", "/v1/batch", `{"batch":[]}`, "", 401, ""},
		{"unknown in the head although the body's is known", "/v1/batch", inBody, basic("nobody-knows-1234"), 401, ""},
		{"unknown in the body", "/v1/batch", `{"writeKey":"nobody-knows-1234","batch":[]}`, "", 401, ""},
		{"not base64", "/v1/batch", inBody, "Basic %%%", 200, "web"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			d := newDoor(t)
			head := []string{}
			if test.auth != "" {
				head = append(head, "Authorization", test.auth)
			}
			w := d.send("POST", test.target, test.body, head...)
			if w.Code != test.status {
				t.Fatalf("%d, want %d: %s", w.Code, test.status, w.Body)
			}
			if test.source != "" && d.road.batches[0].Source != test.source {
				t.Errorf("counted for %s, want %s", d.road.batches[0].Source, test.source)
			}
			if strings.Contains(d.log.String(), "nobody-knows") {
				t.Errorf("the log holds a key: %s", d.log)
			}
		})
	}
}

func TestReceive_unknownKeyIsLoggedAndSlowed(t *testing.T) {
	t.Parallel()
	d := newDoor(t)
	var statuses [600]int
	for range 100 {
		statuses[d.send("POST", "/v1/batch", one, "Authorization", basic("nobody-knows-1234")).Code]++
	}
	if statuses[401] != 50 || statuses[429] != 50 {
		t.Errorf("401 × %d, 429 × %d; want 50 each", statuses[401], statuses[429])
	}
	if n := strings.Count(d.log.String(), "…1234"); n != 10 {
		t.Errorf("%d lines name the key's end, want 10", n)
	}
	if w := d.send("POST", "/v1/batch", `{"batch":[]}`, "Authorization", basic("WKSEG")); w.Code != 200 {
		t.Errorf("a known key from the same place is answered %d", w.Code)
	}
	d.clock.Advance(time.Second)
	if w := d.send("POST", "/v1/batch", one, "Authorization", basic("nobody-knows-1234")); w.Code != 401 {
		t.Errorf("a second later: %d", w.Code)
	}
}

func TestReceive_browserFlood(t *testing.T) {
	t.Parallel()
	d := newDoor(t)
	var last *httptest.ResponseRecorder
	for range 1001 {
		last = d.send("POST", "/v1/batch", `{"batch":[]}`, "Authorization", basic("browser-key-001"))
	}
	if last.Code != 429 || last.Header().Get("Retry-After") != "2" {
		t.Errorf("%d, Retry-After %q", last.Code, last.Header().Get("Retry-After"))
	}
	if w := d.send("POST", "/v1/batch", `{"batch":[]}`, "Authorization", basic("server-key-0001")); w.Code != 200 {
		t.Errorf("another source suffers: %d", w.Code)
	}
	r := httptest.NewRequest("POST", "/v1/batch", strings.NewReader(`{"batch":[]}`))
	r.RemoteAddr = "198.51.100.7:4444"
	r.Header.Set("Authorization", basic("browser-key-001"))
	w := httptest.NewRecorder()
	d.ServeHTTP(w, r)
	if w.Code != 200 {
		t.Errorf("another household suffers: %d", w.Code)
	}
}

func zipped(text string) string {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, _ = z.Write([]byte(text))
	_ = z.Close()
	return b.String()
}

func TestReceive_bodies(t *testing.T) {
	t.Parallel()
	batch := `{"batch":[` + one + `]}`
	long := `{"batch":[` + one + `],"x":"` + strings.Repeat("a", 1<<20) + `"}`
	tests := []struct {
		name, body string
		head       []string
		status     int
		code       string
	}{
		{"form type and gzip", zipped(batch), []string{"Content-Type", "application/x-www-form-urlencoded", "Content-Encoding", "gzip"}, 200, ""},
		{"gzip without its header", zipped(batch), []string{"Content-Type", "text/plain"}, 200, ""},
		{"a proxy unpacked it and left the header", batch, []string{"Content-Encoding", "gzip"}, 200, ""},
		{"another encoding", batch, []string{"Content-Encoding", "br"}, 400, "body-encoding-unknown"},
		{"broken gzip", zipped(batch)[:30], nil, 400, "body-not-gzip"},
		{"two bytes of gzip", "\x1f\x8b", nil, 400, "body-not-gzip"},
		{"too large", long, nil, 413, "body-too-large"},
		{"too large once unpacked", zipped(long), nil, 413, "body-too-large"},
		{"a bomb", zipped(strings.Repeat(" ", 32<<20)), nil, 413, "body-too-large"},
		{"empty", "", nil, 400, "body-not-json"},
		{"not JSON", "hello", nil, 400, "body-not-json"},
		{"no batch", `{}`, nil, 400, "body-no-batch"},
		{"all poisoned", `{"batch":[1,2]}`, nil, 200, ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			d := newDoor(t)
			w := d.send("POST", "/v1/batch?writeKey=server-key-0001", test.body, test.head...)
			if w.Code != test.status {
				t.Fatalf("%d, want %d: %s", w.Code, test.status, w.Body)
			}
			if test.code == "" {
				return
			}
			var p struct{ Type, Title, Detail, Instance string }
			if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil || p.Type != "/problems/"+test.code || p.Title == "" || p.Detail == "" || !strings.HasPrefix(p.Instance, "urn:request:") {
				t.Errorf("%v %s", err, w.Body)
			}
			if w.Header().Get("Content-Type") != "application/problem+json" || w.Header().Get("Access-Control-Allow-Origin") != "*" {
				t.Errorf("headers %v", w.Header())
			}
			if d.refused["server-key-0001"] != 1 {
				t.Errorf("the balance misses it: %v", d.refused)
			}
		})
	}
}

func TestReceive_whenTheLineCannot(t *testing.T) {
	t.Parallel()
	tests := []struct {
		err    error
		status int
	}{{fmt.Errorf("walk: %w", keep.ErrDown), 503}, {fmt.Errorf("walk: %w", keep.ErrFull), 503}, {errors.New("nobody expected this"), 500}}
	for _, test := range tests {
		d := newDoor(t)
		d.road.err = test.err
		w := d.send("POST", "/v1/batch", `{"batch":[`+one+`]}`, "Authorization", basic("WKSEG"), "Origin", "https://shop.example")
		if w.Code != test.status || (w.Code == 503) != (w.Header().Get("Retry-After") == "5") {
			t.Errorf("%v: %d, Retry-After %q", test.err, w.Code, w.Header().Get("Retry-After"))
		}
		if w.Header().Get("Access-Control-Allow-Origin") != "*" || !strings.Contains(w.Header().Get("Access-Control-Expose-Headers"), "Retry-After") {
			t.Errorf("%v: a browser cannot read the refusal: %v", test.err, w.Header())
		}
		if strings.Contains(w.Body.String(), "expected") {
			t.Errorf("the cause is shown: %s", w.Body)
		}
	}
}

func TestReceive_globalPrivacyControl(t *testing.T) {
	t.Parallel()
	d := newDoor(t)
	d.send("POST", "/v1/t", one, "Authorization", basic("WKSEG"), "Sec-GPC", "1")
	d.send("POST", "/v1/t", one, "Authorization", basic("WKSEG"), "Sec-GPC", "0")
	if diff := cmp.Diff([]bool{true, false}, d.gpc); diff != "" {
		t.Error(diff)
	}
}
