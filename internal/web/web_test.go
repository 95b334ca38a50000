package web_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/heed-platform/heed/internal/clock"
	"github.com/heed-platform/heed/internal/keep"
	"github.com/heed-platform/heed/internal/keep/gate"
	"github.com/heed-platform/heed/internal/policy"
	"github.com/heed-platform/heed/internal/problem"
	"github.com/heed-platform/heed/internal/web"
)

func answer(h web.Handler, head ...string) (*httptest.ResponseRecorder, string) {
	var log bytes.Buffer
	mux := http.NewServeMux()
	mux.Handle("/people/{ref}", h)
	r := httptest.NewRequest("GET", "/people/ada@example.com?token=s3cret", nil)
	for i := 0; i+1 < len(head); i += 2 {
		r.Header.Set(head[i], head[i+1])
	}
	w := httptest.NewRecorder()
	web.Wrap(mux, web.NewMetrics(), clock.NewStill(1), slog.New(slog.NewJSONHandler(&log, nil))).ServeHTTP(w, r)
	return w, log.String()
}

func failing(err error) web.Handler {
	return func(http.ResponseWriter, *http.Request) error { return err }
}

func TestFail_statusOfEveryKind(t *testing.T) {
	t.Parallel()
	tests := map[problem.Kind]int{
		problem.Internal: 500, problem.Invalid: 400, problem.Unauthenticated: 401, problem.Forbidden: 403, problem.Withheld: 404,
		problem.NotFound: 404, problem.Conflict: 409, problem.Gone: 410, problem.TooLarge: 413, problem.TooMany: 429,
		problem.Unavailable: 503, problem.Timeout: 504,
	}
	for kind := problem.Internal; kind <= problem.Timeout; kind++ {
		w, _ := answer(failing(fmt.Errorf("wrapped: %w", problem.New(kind, "some-code", "Some detail."))))
		if w.Code != tests[kind] {
			t.Errorf("%s: %d", kind, w.Code)
		}
	}
}

func TestFail_face(t *testing.T) {
	t.Parallel()
	w, log := answer(failing(problem.New(problem.Invalid, "body-not-json", "The body is not JSON.").At("/batch/3", "is a number").Because(io.ErrUnexpectedEOF)), "X-Request-Id", "proxy-id-0001")
	want := `{"type":"/problems/body-not-json","title":"Body not json","status":400,"detail":"The body is not JSON.",` +
		`"instance":"urn:request:proxy-id-0001","code":"body-not-json","fields":[{"pointer":"/batch/3","reason":"is a number"}]}` + "\n"
	if diff := cmp.Diff(want, w.Body.String()); diff != "" || w.Header().Get("Content-Type") != "application/problem+json" {
		t.Error(diff, w.Header())
	}
	if log != "" {
		t.Errorf("a caller's mistake is no news: %s", log)
	}
}

func TestFail_unclassifiedShowsNothing(t *testing.T) {
	t.Parallel()
	for name, h := range map[string]web.Handler{
		"error": failing(errors.New("a private matter")),
		"panic": func(http.ResponseWriter, *http.Request) error { panic("a private matter") },
	} {
		w, log := answer(h)
		if w.Code != 500 || strings.Contains(w.Body.String(), "a private matter") {
			t.Errorf("%s: %d %s", name, w.Code, w.Body)
		}
		var line struct{ Level, Cause, Route, Request, Code string }
		if err := json.Unmarshal([]byte(log), &line); err != nil || line.Level != "ERROR" || !strings.Contains(line.Cause, "a private matter") ||
			line.Route != "/people/{ref}" || line.Request != w.Header().Get("X-Request-Id") || line.Code != "internal" {
			t.Errorf("%s: %v %s", name, err, log)
		}
		if strings.Contains(log, "example.com") || strings.Contains(log, "s3cret") {
			t.Errorf("%s: the log has the path or the query: %s", name, log)
		}
	}
}

// TestFail_withheldIsNobody compares the faces of what may not be said.
func TestFail_withheldIsNobody(t *testing.T) {
	t.Parallel()
	var first string
	for _, err := range []error{
		gate.ErrNobody, keep.ErrNobody, fmt.Errorf("show: %w", gate.ErrNobody),
		problem.New(problem.Withheld, "membership-promise", "The notice does not allow it.").At("/traits/phone", "withheld"),
		&gate.Denied{Ruling: policy.Ruling{Code: "purpose_not_in_notice", Marketer: "Not promised."}},
	} {
		w, _ := answer(failing(err), "X-Request-Id", "the-same-id")
		if face := fmt.Sprint(w.Code, w.Header(), w.Body); first == "" {
			first = face
		} else if diff := cmp.Diff(first, face); diff != "" {
			t.Errorf("%v: %s", err, diff)
		}
	}
}

func TestFail_databaseDownIsWorthAnotherTry(t *testing.T) {
	t.Parallel()
	for _, err := range []error{keep.ErrDown, keep.ErrFull} {
		if w, _ := answer(failing(fmt.Errorf("walk: %w", err))); w.Code != 503 || w.Header().Get("Retry-After") != "5" {
			t.Errorf("%v: %d %v", err, w.Code, w.Header())
		}
	}
}

// TestFail_afterTheAnswerBegan breaks the connection off rather than let half an
// answer pass for a whole one.
func TestFail_afterTheAnswerBegan(t *testing.T) {
	t.Parallel()
	s := httptest.NewServer(web.Wrap(web.Handler(func(w http.ResponseWriter, _ *http.Request) error {
		_, _ = io.WriteString(w, strings.Repeat("x", 10000))
		return errors.New("too late")
	}), web.NewMetrics(), clock.NewStill(1), slog.New(slog.DiscardHandler)))
	defer s.Close()
	resp, err := s.Client().Get(s.URL)
	if err != nil {
		return
	}
	defer resp.Body.Close()
	if _, err := io.ReadAll(resp.Body); err == nil {
		t.Error("half an answer ended like a whole one")
	}
}

func TestWrap_requestIDs(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, given := range []string{"", "short", "with space inside", "line\nbreak-0001", strings.Repeat("x", 65), `quote"quote"`} {
		w, _ := answer(failing(nil), "X-Request-Id", given)
		id := w.Header().Get("X-Request-Id")
		if id == given || len(id) < 20 || seen[id] {
			t.Errorf("%q became %q", given, id)
		}
		seen[id] = true
	}
	if w, _ := answer(failing(nil), "X-Request-Id", "0af7651916cd43dd"); w.Header().Get("X-Request-Id") != "0af7651916cd43dd" {
		t.Error("a proxy's id was not taken over")
	}
}

func TestAddress_householdsAndProxies(t *testing.T) {
	t.Parallel()
	tests := []struct{ from, forwarded, want string }{
		{"203.0.113.9:1", "", "203.0.113.9"},
		{"203.0.113.9:1", "198.51.100.1", "203.0.113.9"}, // not from near: its word counts for nothing
		{"10.0.0.1:1", "198.51.100.1, 198.51.100.2", "198.51.100.2"},
		{"10.0.0.1:1", "nonsense", "10.0.0.1"},
		{"[2001:db8:1:2:3::4]:1", "", "2001:db8:1:2::/64"},
		{"[::ffff:203.0.113.9]:1", "", "203.0.113.9"},
	}
	for _, test := range tests {
		r := httptest.NewRequest("GET", "/", nil)
		r.RemoteAddr = test.from
		if test.forwarded != "" {
			r.Header.Set("X-Forwarded-For", test.forwarded)
		}
		if got := web.Address(r); got != test.want {
			t.Errorf("%+v: %s", test, got)
		}
	}
}
