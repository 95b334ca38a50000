package event_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/heed-platform/heed/internal/clock"
	"github.com/heed-platform/heed/internal/collect/event"
	"github.com/heed-platform/heed/internal/fact"
)

// shared is a folder that lies beside the repository.
func shared(t *testing.T, parts ...string) string {
	t.Helper()
	p := filepath.Join(append([]string{"..", "..", "..", "..", "shared"}, parts...)...)
	if _, err := os.Stat(p); err != nil {
		t.Fatalf("this test needs %s, which lies beside the repository; put it there: %v", filepath.Join(parts...), err)
	}
	return p
}

func read(t *testing.T, p string) []byte {
	t.Helper()
	b, err := os.ReadFile(p)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// keepsEverything fails unless an event was accepted with each property of
// what was sent.
func keepsEverything(t *testing.T, v event.Verdict, sent []byte) {
	t.Helper()
	if v.Code != "" {
		t.Fatalf("quarantined: %s, %s", v.Code, v.Why)
	}
	if sent, kept := decoded(t, sent), decoded(t, v.Event.Raw); sent != kept {
		t.Errorf("sent\n%s\nkept\n%s", sent, kept)
	}
}

// decoded is what encoding/json understands, in one form.
func decoded(t *testing.T, b []byte) string {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		t.Fatal(err)
	}
	out, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

func TestSingle_segmentSpec(t *testing.T) {
	t.Parallel()
	var payloads []struct {
		File    string          `json:"file"`
		Payload json.RawMessage `json:"payload"`
	}
	if err := json.Unmarshal(read(t, shared(t, "data", "peer-segment-spec", "spec-payloads.json")), &payloads); err != nil {
		t.Fatal(err)
	}
	whole := 0
	for i, p := range payloads {
		var fields map[string]any
		if err := json.Unmarshal(p.Payload, &fields); err != nil {
			t.Fatal(err)
		}
		sent := []byte(p.Payload)
		typ, _ := fields["type"].(string)
		if typ != "" {
			whole++
		}
		// The parts leave out what the spec says is common to all calls: who,
		// and the type, which then comes from the address.
		want := fact.EventType(0)
		if typ == "" {
			want = fact.Track
		}
		got, err := event.Single(sent, want, server(), received)
		if err != nil {
			t.Fatalf("payload %d of %s: %v", i, p.File, err)
		}
		keepsEverything(t, got.Verdicts[0], sent)
	}
	if whole != 36 || len(payloads) != 75 {
		t.Errorf("%d whole events of %d payloads, want 36 of 75", whole, len(payloads))
	}
}

func TestBatch_segmentEndToEnd(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob(filepath.Join(shared(t, "data", "peer-segment-e2e"), "*.json"))
	if err != nil || len(files) != 11 {
		t.Fatalf("%d fixtures, want 11: %v", len(files), err)
	}
	var all [][]byte
	for _, f := range files {
		all = append(all, read(t, f))
	}
	body := append(append([]byte(`{"batch":[`), bytes.Join(all, []byte(","))...), "]}"...)
	p, err := event.Batch(body, server(), received)
	if err != nil {
		t.Fatal(err)
	}
	for i, v := range p.Verdicts {
		keepsEverything(t, v, all[i])
	}
}

// TestBatch_wire replays what the SDKs of Segment and RudderStack really sent.
func TestBatch_wire(t *testing.T) {
	t.Parallel()
	types := map[string]fact.EventType{}
	for _, typ := range []fact.EventType{fact.Identify, fact.Track, fact.Page, fact.Screen, fact.Group, fact.Alias} {
		types[typ.String()], types[typ.String()[:1]] = typ, typ
	}
	bodies, events := 0, 0
	for _, file := range []string{"node.jsonl", "br.jsonl"} {
		lines := bufio.NewScanner(bytes.NewReader(read(t, shared(t, "reference", "wire", file))))
		lines.Buffer(nil, 1<<20)
		for lines.Scan() {
			var r struct{ M, U, Body string }
			if err := json.Unmarshal(lines.Bytes(), &r); err != nil {
				t.Fatal(err)
			}
			if r.M != "POST" {
				continue
			}
			bodies++
			path, _, _ := strings.Cut(r.U, "?")
			name := path[strings.LastIndexByte(path, '/')+1:]
			var p event.Parsed
			var err error
			if typ, single := types[name]; single {
				p, err = event.Single([]byte(r.Body), typ, browser(), clock.Instant(1795400000000000))
			} else {
				p, err = event.Batch([]byte(r.Body), browser(), clock.Instant(1795400000000000))
			}
			if err != nil {
				t.Fatalf("%s: %v", r.U, err)
			}
			if want := writeKeyOf(t, r.Body); p.WriteKey != want || event.WriteKey([]byte(r.Body)) != want {
				t.Errorf("%s: write key %q, want %q", r.U, p.WriteKey, want)
			}
			for _, v := range p.Verdicts {
				events++
				if v.Code != "" {
					t.Errorf("%s: event %d quarantined: %s, %s", r.U, v.Index, v.Code, v.Why)
				}
			}
		}
	}
	if bodies < 60 || events < bodies {
		t.Errorf("replayed %d bodies with %d events, fewer than were recorded", bodies, events)
	}
}

func writeKeyOf(t *testing.T, body string) string {
	t.Helper()
	var b struct {
		WriteKey string
		Batch    []struct{ WriteKey string }
	}
	if err := json.Unmarshal([]byte(body), &b); err != nil {
		t.Fatal(err)
	}
	if b.WriteKey == "" && len(b.Batch) > 0 {
		return b.Batch[0].WriteKey
	}
	return b.WriteKey
}
