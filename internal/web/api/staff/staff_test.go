package staff_test

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/heed-platform/heed/internal/app"
	"github.com/heed-platform/heed/internal/clock"
	"github.com/heed-platform/heed/internal/config"
	"github.com/heed-platform/heed/internal/keep/catalog"
	"github.com/heed-platform/heed/workspace"
)

// desk is the whole program, asked over its public port.
type desk struct {
	*app.App

	t     *testing.T
	clock *clock.Still
}

func open(t *testing.T) *desk {
	t.Helper()
	d := &desk{t: t, clock: clock.NewStill(clock.At(time.Date(2026, 3, 10, 11, 0, 0, 0, time.UTC)))}
	env := map[string]string{"HEED_DATA": t.TempDir(), "HEED_WRITE_KEY": "wk-test", "HEED_ADMIN_TOKEN": "at-test"}
	cfg, err := config.Load(config.Flags{}, func(k string) (string, bool) { v, ok := env[k]; return v, ok })
	if err != nil {
		t.Fatal(err)
	}
	if d.App, err = app.Open(context.Background(), cfg, d.clock, slog.New(slog.DiscardHandler)); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	})
	if _, err := d.Apply(t.Context(), workspace.Files, catalog.Actor{Role: catalog.Admin, Name: "furnisher"}); err != nil {
		t.Fatal(err)
	}
	return d
}

// ask makes one request as the admin and reads the answer.
func (d *desk) ask(method, target, body string, status int) map[string]any {
	d.t.Helper()
	d.clock.Advance(time.Second)
	r := httptest.NewRequest(method, target, strings.NewReader(body))
	r.Header.Set("Authorization", "Bearer at-test")
	r.Header.Set("X-Heed-Reason", "The person called.")
	if strings.HasPrefix(target, "/v1/") {
		r.SetBasicAuth("wk-test", "")
	}
	w := httptest.NewRecorder()
	d.Handler().ServeHTTP(w, r)
	var out map[string]any
	if err := json.Unmarshal(w.Body.Bytes(), &out); err != nil || w.Code != status {
		d.t.Fatalf("%s %s: %d, want %d: %s", method, target, w.Code, status, w.Body)
	}
	return out
}

// TestPeople_overThePublicPort walks through what staff can do with somebody, to
// the end.
func TestPeople_overThePublicPort(t *testing.T) {
	t.Parallel()
	d := open(t)
	d.ask("POST", "/v1/identify", `{"userId":"u1","messageId":"m1","traits":{"email":"ada@mail.example","first_name":"Ada"}}`, 200)
	d.ask("POST", "/v1/identify", `{"userId":"u1","anonymousId":"tablet","messageId":"m2"}`, 200)
	ref, _ := d.ask("POST", "/api/people/find", `{"ns":"email","value":"Ada@mail.example"}`, 200)["person"].(string)
	who := "/api/people/" + ref

	shown := d.ask("GET", who, "", 200)
	if ids, _ := shown["identifiers"].([]any); len(ids) != 3 || shown["person"] != ref {
		t.Errorf("shown: %v", shown)
	}
	explained, err := json.Marshal(d.ask("GET", who+"/explain", "", 200))
	if err != nil || !strings.Contains(string(explained), "The person called.") {
		t.Errorf("that staff looked is not on the record: %s %v", explained, err)
	}
	said := d.ask("POST", who+"/grants", `{"grants":[{"purpose":"marketing.communications.sms","status":"withdrawn","evidence":"call 17"}]}`, 201)
	if records, _ := said["records"].([]any); len(records) != 1 {
		t.Errorf("receipt: %v", said)
	}
	d.ask("PUT", who+"/preferences", `{"quiet":{"from":"20:00","to":"09:00"},"zone":"Europe/Berlin"}`, 200)
	exported, err := json.Marshal(d.ask("GET", who+"/export", "", 200))
	if err != nil || !strings.Contains(string(exported), "call 17") || !strings.Contains(string(exported), "Ada") {
		t.Errorf("exported: %s %v", exported, err)
	}
	parts := d.ask("POST", who+"/split", `{"off":{"ns":"anonymous_id","value":"tablet"},"from":{"ns":"user_id","value":"u1"}}`, 200)
	if parts["kept"] == parts["other"] || parts["cuts"] == 0.0 {
		t.Errorf("split: %v", parts)
	}
	d.ask("GET", who+"/decisions/none", "", 404)
	proof := d.ask("POST", who+"/erase", "", 200)
	if proof["tombstones"] == nil || proof["says"] == nil {
		t.Errorf("proof: %v", proof)
	}
	gone := d.ask("GET", who, "", 404)
	never := d.ask("GET", "/api/people/00000000000000000000000000", "", 404)
	if gone["code"] != never["code"] || gone["detail"] != never["detail"] {
		t.Errorf("who was erased is answered otherwise than who never was: %v and %v", gone, never)
	}
}
