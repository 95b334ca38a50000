package ingest_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/heed-platform/heed/internal/keep"
	"github.com/heed-platform/heed/internal/problem"
	"github.com/heed-platform/heed/internal/web"
)

// TestCORS_everyAnswerCanBeRead asks for every kind of answer: what a page
// cannot read, its SDK takes for a broken network and retries at once.
func TestCORS_everyAnswerCanBeRead(t *testing.T) {
	t.Parallel()
	batch := `{"batch":[` + one + `]}`
	tests := []struct {
		status               int
		method, target, body string
		line                 error
	}{
		{200, "POST", "/v1/batch?writeKey=WKSEG", batch, nil},
		{204, "OPTIONS", "/v1/batch", "", nil},
		{204, "OPTIONS", "/sourceConfig/", "", nil},
		{204, "OPTIONS", "/v1/projects/WKSEG/settings", "", nil},
		{400, "POST", "/v1/batch?writeKey=WKSEG", "{", nil},
		{401, "POST", "/v1/batch", batch, nil},
		{401, "GET", "/sourceConfig", "", nil},
		{404, "GET", "/v1/projects/x/settings", "", nil},
		{405, "GET", "/v1/batch", "", nil},
		{413, "POST", "/v1/batch?writeKey=WKSEG", strings.Repeat("x", 1<<20+1), nil},
		{429, "POST", "/v1/batch?writeKey=WKSEG", batch, problem.New(problem.TooMany, "line-full", "Full.")},
		{500, "POST", "/v1/batch?writeKey=WKSEG", batch, io.ErrUnexpectedEOF},
		{503, "POST", "/v1/batch?writeKey=WKSEG", batch, keep.ErrDown},
	}
	for _, test := range tests {
		d := newDoor(t)
		d.road.err = test.line
		w := d.send(test.method, test.target, test.body, "Origin", "https://shop.example")
		h := w.Header()
		if w.Code != test.status || h.Get("Access-Control-Allow-Origin") != "*" || !strings.Contains(h.Get("Access-Control-Expose-Headers"), "Retry-After") || h.Get("Vary") != "Origin" {
			t.Errorf("%s %s: %d, want %d, %v", test.method, test.target, w.Code, test.status, h)
		}
		again := h.Get("Retry-After")
		if (test.status == 429 || test.status == 503) != (again != "") || strings.Trim(again, "0123456789") != "" {
			t.Errorf("%d: Retry-After %q", test.status, again)
		}
		if strings.Contains(strings.ToLower(h.Get("WWW-Authenticate")), "basic") {
			t.Errorf("%d would open a browser's password box", test.status)
		}
	}
}

// listen serves a door on a real connection, with shorter limits than people get.
func listen(t *testing.T, d *door, limit time.Duration) net.Addr {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := web.Server(d, slog.New(slog.DiscardHandler))
	if s.ReadHeaderTimeout == 0 || s.ReadTimeout == 0 || s.WriteTimeout == 0 || s.IdleTimeout == 0 || s.MaxHeaderBytes == 0 {
		t.Errorf("a limit is missing: %+v", s)
	}
	s.ReadHeaderTimeout, s.ReadTimeout, s.IdleTimeout = limit, limit, limit
	done := make(chan struct{})
	go func() { defer close(done); _ = s.Serve(l) }()
	t.Cleanup(func() { _ = s.Close(); <-done })
	return l.Addr()
}

func dial(t *testing.T, to net.Addr, begin string) net.Conn {
	t.Helper()
	c, err := net.Dial("tcp", to.String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	if _, err := io.WriteString(c, begin); err != nil {
		t.Fatal(err)
	}
	return c
}

// TestServer_slowClients holds 200 connections that never finish, in the header
// and in the body, while a good request passes.
func TestServer_slowClients(t *testing.T) { //nolint:paralleltest // it weighs the heap, which others would fill
	d := newDoor(t)
	to := listen(t, d, 700*time.Millisecond)
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	var conns []net.Conn
	for range 100 {
		conns = append(conns, dial(t, to, "POST /v1/batch?writeKey=WKSEG HTTP/1.1\r\nHost: x\r\nX-A: "))
		conns = append(conns, dial(t, to, "POST /v1/batch?writeKey=WKSEG HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n{"))
	}
	time.Sleep(200 * time.Millisecond)
	runtime.ReadMemStats(&after)
	if grew := int64(after.HeapAlloc) - int64(before.HeapAlloc); grew > 64<<20 {
		t.Errorf("200 slow clients that promise 100 MB cost %d MB", grew>>20)
	}
	resp, err := http.Post(fmt.Sprintf("http://%s/v1/batch?writeKey=WKSEG", to), "text/plain", strings.NewReader(`{"batch":[`+one+`]}`))
	if err != nil || resp.StatusCode != 200 {
		t.Fatalf("a good request between them: %v %v", resp, err)
	}
	resp.Body.Close()
	for i, c := range conns {
		_ = c.SetReadDeadline(time.Now().Add(5 * time.Second))
		answer, err := io.ReadAll(c)
		if err != nil {
			t.Fatalf("connection %d is still open: %v", i, err)
		}
		if i%2 == 1 && !bytes.Contains(answer, []byte("body-too-slow")) {
			t.Errorf("a body that never ends is answered %.200q", answer)
		}
	}
}

// TestServer_lyingLength ends a body before its announced length.
func TestServer_lyingLength(t *testing.T) {
	t.Parallel()
	d := newDoor(t)
	to := listen(t, d, 5*time.Second)
	c := dial(t, to, "POST /v1/batch?writeKey=WKSEG HTTP/1.1\r\nHost: x\r\nContent-Length: 500\r\n\r\n{\"batch\":[]}")
	half, ok := c.(*net.TCPConn)
	if !ok {
		t.Fatalf("%T cannot close one way", c)
	}
	if err := half.CloseWrite(); err != nil {
		t.Fatal(err)
	}
	answer, _ := io.ReadAll(c)
	if !bytes.Contains(answer, []byte("400 Bad Request")) || !bytes.Contains(answer, []byte("body-cut-short")) || len(d.road.batches) > 0 {
		t.Errorf("%.300q", answer)
	}
}

// TestServer_oversize promises, or streams without promising, far too much.
func TestServer_oversize(t *testing.T) {
	t.Parallel()
	d := newDoor(t)
	to := listen(t, d, 5*time.Second)
	begin := "POST /v1/batch?writeKey=WKSEG HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
	c := dial(t, to, begin+"Content-Length: 104857600\r\n\r\n")
	answer, _ := io.ReadAll(c)
	if !bytes.Contains(answer, []byte("413 ")) {
		t.Errorf("promised: %.200q", answer)
	}
	c = dial(t, to, begin+"Transfer-Encoding: chunked\r\n\r\n")
	chunk := "10000\r\n" + strings.Repeat(" ", 1<<16) + "\r\n"
	go func() {
		for range 100 {
			if _, err := io.WriteString(c, chunk); err != nil {
				return
			}
		}
	}()
	status := make([]byte, 16)
	if _, err := io.ReadFull(c, status); err != nil || !bytes.Contains(status, []byte("413")) {
		t.Errorf("streamed: %v %q", err, status)
	}
}

// FuzzReceive sends any bytes to any address: never a fault of ours, and a 200
// accounts for every event.
func FuzzReceive(f *testing.F) {
	batch := `{"batch":[` + one + `,{"type":"track"},7],"context":{"a":1}}`
	for i, body := range []string{batch, zipped(batch), one, "", "{", "\x1f\x8b\x08", `{"batch":{}}`, `{"batch":[` + strings.Repeat("[", 100) + `]}`, "\x00\xff"} {
		f.Add([]byte(body), uint8(i), "Basic V0tTRUc6", "gzip", "1")
	}
	f.Add([]byte(batch), uint8(3), "Bearer", "br", "")
	paths := []string{"/v1/batch", "/v1/b/", "/v1/track", "/v1/i", "/v1/import", "/beacon/v1/batch?writeKey=WKSEG", "/v1/alias/", "/sourceConfig", "/v1/m"}
	f.Fuzz(func(t *testing.T, body []byte, path uint8, auth, encoding, gpc string) {
		d := newDoor(t)
		r := httptest.NewRequest("POST", paths[int(path)%len(paths)], bytes.NewReader(body))
		r.Header.Set("Authorization", auth)
		r.Header.Set("Content-Encoding", encoding)
		r.Header.Set("Sec-GPC", gpc)
		w := httptest.NewRecorder()
		d.ServeHTTP(w, r)
		if w.Code >= 500 || !json.Valid(w.Body.Bytes()) {
			t.Fatalf("%d %s", w.Code, w.Body)
		}
		if w.Code != 200 || len(d.road.batches) == 0 {
			return
		}
		var got struct {
			Accepted, Duplicates int
			Quarantined          []json.RawMessage
		}
		if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil {
			t.Fatal(err)
		}
		b := d.road.batches[0]
		if got.Accepted+got.Duplicates+len(got.Quarantined) != len(b.Arrivals)+len(b.Quarantine) {
			t.Fatalf("%s for %d events", w.Body, len(b.Arrivals)+len(b.Quarantine))
		}
	})
}
