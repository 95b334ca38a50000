package ingest_test

import (
	"bufio"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// recorded is one request as a real SDK sent it.
type recorded struct {
	Method string            `json:"m"`
	URL    string            `json:"u"`
	Head   map[string]string `json:"h"`
	Body   string            `json:"body"` // unpacked
}

// wire reads what the SDKs of Segment and RudderStack sent, byte for byte.
func wire(t *testing.T, name string) []recorded {
	t.Helper()
	f, err := os.Open(filepath.Join("../../../../../shared/reference/wire", name))
	if err != nil {
		t.Fatalf("the recordings of real SDKs belong beside the repository, in shared/reference/wire: %v", err)
	}
	defer f.Close()
	var all []recorded
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var r recorded
		if err := json.Unmarshal(lines.Bytes(), &r); err != nil {
			t.Fatal(err)
		}
		all = append(all, r)
	}
	if len(all) < 10 {
		t.Fatalf("%s holds %d requests", name, len(all))
	}
	return all
}

func (r recorded) request() *http.Request {
	body := r.Body
	if r.Head["content-encoding"] == "gzip" {
		body = zipped(body)
	}
	q := httptest.NewRequest(r.Method, r.URL, strings.NewReader(body))
	for k, v := range r.Head {
		if k != "content-length" && k != "host" {
			q.Header.Set(k, v)
		}
	}
	return q
}

// events are the events of a body, as the SDK wrote them.
func (r recorded) events(t *testing.T) []map[string]any {
	t.Helper()
	var body struct {
		Batch []map[string]any `json:"batch"`
	}
	if err := json.Unmarshal([]byte(r.Body), &body); err != nil {
		t.Fatal(err)
	}
	if body.Batch != nil {
		return body.Batch
	}
	var one map[string]any
	if err := json.Unmarshal([]byte(r.Body), &one); err != nil {
		t.Fatal(err)
	}
	return []map[string]any{one}
}

func TestWire_realSDKs(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"node.jsonl", "br.jsonl"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDoor(t)
			d.everyKey = true
			for i, r := range wire(t, name) {
				w := httptest.NewRecorder()
				d.road.batches = nil
				d.ServeHTTP(w, r.request())
				if r.URL == "/v1/x" { // where a redirect of the recording led
					if w.Code != http.StatusNotFound {
						t.Errorf("%d: %s: %d", i, r.URL, w.Code)
					}
					continue
				}
				if w.Header().Get("Access-Control-Allow-Origin") != "*" {
					t.Errorf("%d: %s %s cannot be read by a page", i, r.Method, r.URL)
				}
				switch r.Method {
				case http.MethodOptions:
					preflight(t, r, w)
				case http.MethodGet:
					if w.Code != 200 || !json.Valid(w.Body.Bytes()) {
						t.Errorf("%d: %s: %d %s", i, r.URL, w.Code, w.Body)
					}
				case http.MethodPost:
					d.everyEventKept(t, r, w)
				}
			}
		})
	}
}

func preflight(t *testing.T, r recorded, w *httptest.ResponseRecorder) {
	t.Helper()
	if w.Code != http.StatusNoContent || !strings.Contains(w.Header().Get("Access-Control-Allow-Methods"), r.Head["access-control-request-method"]) {
		t.Errorf("%s: %d %v", r.URL, w.Code, w.Header())
	}
	allowed := strings.Split(w.Header().Get("Access-Control-Allow-Headers"), ", ")
	for h := range strings.SplitSeq(r.Head["access-control-request-headers"], ",") {
		if h = strings.TrimSpace(h); h != "" && !slices.Contains(allowed, h) {
			t.Errorf("%s: the browser may not send %s", r.URL, h)
		}
	}
}

// everyEventKept compares what reached the line with what was sent.
func (d *door) everyEventKept(t *testing.T, r recorded, w *httptest.ResponseRecorder) {
	t.Helper()
	var got struct {
		Success              bool
		Accepted, Duplicates int
		Quarantined          []json.RawMessage
	}
	if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil || w.Code != 200 || !got.Success {
		t.Fatalf("%s: %d %s", r.URL, w.Code, w.Body)
	}
	sent := r.events(t)
	if got.Accepted+got.Duplicates != len(sent) || len(got.Quarantined) > 0 {
		t.Errorf("%s: %s for %d events", r.URL, w.Body, len(sent))
	}
	for i, a := range d.road.batches[0].Arrivals {
		var kept map[string]any
		if err := json.Unmarshal(a.Event.Raw, &kept); err != nil {
			t.Fatal(err)
		}
		for name, value := range sent[i] {
			was, _ := json.Marshal(value)
			is, _ := json.Marshal(kept[name])
			if name != "context" && string(was) != string(is) {
				t.Errorf("%s: event %d: %s was not kept", r.URL, i, name)
			}
		}
	}
}

// TestSettings_lead tells SDKs to send here and nowhere else.
func TestSettings_lead(t *testing.T) {
	t.Parallel()
	d := newDoor(t)
	w := d.send("GET", "/v1/projects/WKNEXT/settings", "")
	want := `{"integrations":{"Segment.io":{"apiKey":"WKNEXT","apiHost":"heed.example/v1","protocol":"https","retryQueue":true,"addBundledMetadata":true}},` +
		`"plan":{"track":{"__default":{"enabled":true,"integrations":{}}}},"metrics":{"sampleRate":0},"enabledMiddleware":{},"remotePlugins":[]}` + "\n"
	if w.Code != 200 || w.Body.String() != want {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	w = d.send("GET", "/v1/projects/nobody-knows/settings", "")
	if w.Code != 404 || strings.Contains(w.Body.String(), "{") || w.Header().Get("Access-Control-Allow-Origin") != "*" {
		t.Errorf("unknown key: %d %s", w.Code, w.Body)
	}
	for _, target := range []string{"/sourceConfig", "/sourceConfig/", "/sourceConfig/?writeKey=WKRUDJS"} {
		head := []string{"Authorization", basic("WKRUDJS")}
		if strings.Contains(target, "writeKey") {
			head = nil
		}
		w := d.send("GET", target, "", head...)
		var c struct {
			Source struct {
				ID           string
				Config       map[string]any
				Destinations []any
			}
		}
		if err := json.Unmarshal(w.Body.Bytes(), &c); err != nil || w.Code != 200 || c.Source.ID == "" || c.Source.Config == nil || c.Source.Destinations == nil {
			t.Errorf("%s: %d %s", target, w.Code, w.Body)
		}
	}
	if w := d.send("GET", "/sourceConfig", ""); w.Code != 401 {
		t.Errorf("without a key: %d", w.Code)
	}
	for _, target := range []string{"/v1/m", "/rsaMetrics"} {
		if w := d.send("POST", target, `{"series":[]}`); w.Code != 200 || strings.TrimSpace(w.Body.String()) != `{"success":true}` {
			t.Errorf("%s: %d %s", target, w.Code, w.Body)
		}
	}
}
