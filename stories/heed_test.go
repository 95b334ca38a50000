package stories_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/heed-platform/heed/internal/keep/keeptest/pgtest"
)

// programs are built once: the real one, and one that is wrong on purpose.
var programs struct{ heed, wrongAck string }

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "heed-stories-")
	if err != nil {
		panic(err)
	}
	programs.heed = build(dir, "heed")
	programs.wrongAck = build(dir, "heed-wrong-ack", "-tags", "heed_wrong_ack")
	code := m.Run()
	_ = os.RemoveAll(dir)
	os.Exit(code)
}

func build(dir, name string, flags ...string) string {
	path := filepath.Join(dir, name)
	args := append([]string{"build", "-buildvcs=false", "-o", path}, flags...)
	cmd := exec.Command("go", append(args, "../cmd/heed")...)
	cmd.Stderr = os.Stderr
	if err := cmd.Run(); err != nil {
		panic("build heed: " + err.Error())
	}
	return path
}

// on tells a story on each database.
func on(t *testing.T, story func(t *testing.T, h *heed)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		story(t, start(t, programs.heed, ""))
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		story(t, start(t, programs.heed, pgtest.URL(t)))
	})
}

// heed is one running program.
type heed struct {
	t       *testing.T
	program string
	dir     string
	env     []string
	url     string
	cmd     *exec.Cmd
	log     *journal
}

const (
	writeKey   = "wk-story"
	adminToken = "at-story-0123456789abcdef"
)

// journal keeps what the program logs; a test may read it while it runs.
type journal struct {
	mu   sync.Mutex
	text bytes.Buffer
}

// Write implements io.Writer.
func (j *journal) Write(p []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.Write(p)
}

// String is what was logged so far.
func (j *journal) String() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.String()
}

// start runs `heed serve` in an empty folder on a free port.
func start(t *testing.T, program, database string, env ...string) *heed {
	t.Helper()
	h := &heed{t: t, program: program, dir: t.TempDir()}
	h.env = append(os.Environ(),
		"HEED_LISTEN=127.0.0.1:0", "HEED_ADMIN=127.0.0.1:0", "HEED_DATA="+filepath.Join(h.dir, "data"),
		"HEED_WRITE_KEY="+writeKey, "HEED_ADMIN_TOKEN="+adminToken, "HEED_LOG_LEVEL=info")
	if database != "" {
		h.env = append(h.env, "HEED_DATABASE="+database)
	}
	h.env = append(h.env, env...)
	h.serve()
	t.Cleanup(h.stop)
	return h
}

// serve starts the program and waits until it is ready.
func (h *heed) serve() {
	h.t.Helper()
	h.log = &journal{}
	h.cmd = exec.Command(h.program, "serve")
	h.cmd.Env, h.cmd.Dir = h.env, h.dir
	h.cmd.Stderr = h.log
	h.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	out, err := h.cmd.StdoutPipe()
	if err != nil {
		h.t.Fatal(err)
	}
	if err := h.cmd.Start(); err != nil {
		h.t.Fatal(err)
	}
	h.url = ""
	line := make([]byte, 0, 256)
	one := make([]byte, 1)
	for h.url == "" {
		if _, err := out.Read(one); err != nil {
			_ = h.cmd.Wait()
			h.t.Fatalf("heed did not start: %v\n%s", err, h.log)
		}
		if one[0] != '\n' {
			line = append(line, one[0])
			continue
		}
		h.url = strings.TrimPrefix(string(line), "heed listens on ")
	}
	go func() { _, _ = io.Copy(io.Discard, out) }()
}

// stop ends the program as an operator would.
func (h *heed) stop() {
	if h.cmd.ProcessState != nil {
		return
	}
	_ = h.cmd.Process.Signal(syscall.SIGTERM)
	done := make(chan error, 1)
	go func() { done <- h.cmd.Wait() }()
	select {
	case err := <-done:
		var exit *exec.ExitError
		if errors.As(err, &exit) && exit.ExitCode() != 0 {
			h.t.Errorf("heed ended with %v\n%s", err, h.log)
		}
	case <-time.After(20 * time.Second):
		_ = h.cmd.Process.Kill()
		h.t.Errorf("heed did not stop\n%s", h.log)
	}
}

// kill ends it as a power switch would, without the power.
func (h *heed) kill() {
	_ = h.cmd.Process.Kill()
	_ = h.cmd.Wait()
}

// run types a command and returns its output; it must succeed.
func (h *heed) run(args ...string) string {
	h.t.Helper()
	out, errs, code := h.try(args...)
	if code != 0 {
		h.t.Fatalf("heed %s: exit %d\n%s", strings.Join(args, " "), code, errs)
	}
	return out
}

// try types a command.
func (h *heed) try(args ...string) (out, errs string, code int) {
	h.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, h.program, args...)
	cmd.Env, cmd.Dir = h.env, h.dir
	var o, e bytes.Buffer
	cmd.Stdout, cmd.Stderr = &o, &e
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		h.t.Fatalf("heed %s: %v", strings.Join(args, " "), err)
	}
	return o.String(), e.String(), cmd.ProcessState.ExitCode()
}

// answer is what ingest says.
type answer struct {
	Success     bool
	Accepted    int
	Duplicates  int
	Quarantined []struct {
		Index     int
		Code, Why string
	}
}

// event is one event of a story.
type event map[string]any

// hears posts events with the first write key; all must be accepted.
func (h *heed) hears(events ...event) {
	h.t.Helper()
	a := h.posts(writeKey, events...)
	if a.Accepted != len(events) {
		h.t.Fatalf("of %d events %d were accepted: %+v", len(events), a.Accepted, a)
	}
}

// posts sends a batch and returns the answer; events without a messageId get one.
func (h *heed) posts(key string, events ...event) answer {
	h.t.Helper()
	for _, e := range events {
		if e["messageId"] == nil {
			e["messageId"] = fmt.Sprintf("%s-%d", strings.ReplaceAll(h.t.Name(), "/", "-"), time.Now().UnixNano())
		}
	}
	body, err := json.Marshal(map[string]any{"batch": events})
	if err != nil {
		h.t.Fatal(err)
	}
	var a answer
	status, raw := h.http(http.MethodPost, "/v1/batch", string(body), func(r *http.Request) { r.SetBasicAuth(key, "") })
	if status != http.StatusOK {
		h.t.Fatalf("ingest answered %d: %s", status, raw)
	}
	if err := json.Unmarshal([]byte(raw), &a); err != nil {
		h.t.Fatalf("ingest answered %s", raw)
	}
	return a
}

// api calls the management API with the admin token and decodes the answer.
func (h *heed) api(method, path string, body, into any) int {
	h.t.Helper()
	raw, err := json.Marshal(body)
	if err != nil {
		h.t.Fatal(err)
	}
	status, text := h.http(method, path, string(raw), func(r *http.Request) {
		r.Header.Set("Authorization", "Bearer "+adminToken)
		r.Header.Set("Content-Type", "application/json")
	})
	if into != nil {
		if err := json.Unmarshal([]byte(text), into); err != nil {
			h.t.Fatalf("%s %s answered %d %s", method, path, status, text)
		}
	}
	return status
}

func (h *heed) http(method, path, body string, more func(*http.Request)) (int, string) {
	h.t.Helper()
	req, err := http.NewRequestWithContext(h.t.Context(), method, h.url+path, strings.NewReader(body))
	if err != nil {
		h.t.Fatal(err)
	}
	if more != nil {
		more(req)
	}
	client := &http.Client{Timeout: 30 * time.Second, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	resp, err := client.Do(req)
	if err != nil {
		h.t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		h.t.Fatal(err)
	}
	return resp.StatusCode, string(raw)
}

// shown is `heed person show --json`.
type shown struct {
	Person      string
	Identifiers []struct {
		NS, Value string
		Verified  bool
	}
	Attributes []struct {
		Name, Origin, Category, Notice string
		Value                          any
	}
}

// person looks somebody up by an identifier.
func (h *heed) person(id string) shown {
	h.t.Helper()
	var s shown
	if err := json.Unmarshal([]byte(h.run("person", "show", id, "--json")), &s); err != nil {
		h.t.Fatal(err)
	}
	return s
}

// lines parses JSON lines.
func lines[T any](t *testing.T, text string) []T {
	t.Helper()
	var out []T
	for line := range strings.Lines(text) {
		var v T
		if err := json.Unmarshal([]byte(line), &v); err != nil {
			t.Fatalf("%q is no JSON line: %v", line, err)
		}
		out = append(out, v)
	}
	return out
}
