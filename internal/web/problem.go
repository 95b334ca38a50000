package web

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strconv"
	"strings"

	"github.com/heed-platform/heed/internal/keep"
	"github.com/heed-platform/heed/internal/keep/gate"
	"github.com/heed-platform/heed/internal/problem"
)

// Handler answers a request, or returns why it cannot; Fail then answers.
type Handler func(w http.ResponseWriter, r *http.Request) error

// ServeHTTP makes a Handler an http.Handler.
func (h Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if err := h(w, r); err != nil {
		Fail(w, r, err)
	}
}

// face is a problem as RFC 9457 writes it.
type face struct {
	Type     string          `json:"type"` // path of the code's page
	Title    string          `json:"title"`
	Status   int             `json:"status"`
	Detail   string          `json:"detail"`
	Instance string          `json:"instance"` // the request's id, as the log has it
	Code     string          `json:"code"`
	Fields   []problem.Field `json:"fields,omitempty"`
}

// What the database says when it cannot keep anything.
var (
	errDown = problem.New(problem.Unavailable, "database-down", "The database cannot be reached; send this again in a moment.")
	errFull = problem.New(problem.Unavailable, "disk-full", "The disk is full, so nothing can be kept; send this again when there is room.")
)

// What a request meets that no door takes.
var (
	ErrMethod  = problem.New(problem.Invalid, "method-not-allowed", "This address does not take this method; the Allow header names those it takes.")
	ErrTooFast = problem.New(problem.TooMany, "too-many-requests", "More requests arrive from one place than are allowed; send them again in a moment.")
	ErrRoute   = problem.New(problem.NotFound, "address-unknown", "There is nothing at this address; /api/openapi.json lists what there is.")
)

// Fail answers with err's problem and writes its cause to the log. When the
// answer has begun already it breaks the connection off, so that nobody takes
// half an answer for a whole one.
func Fail(w http.ResponseWriter, r *http.Request, err error) {
	p, status := Note(r, err)
	if a, ok := w.(*answer); ok && a.status != 0 {
		panic(http.ErrAbortHandler)
	}
	h := w.Header()
	h.Set("Content-Type", "application/problem+json")
	h.Set("Cache-Control", "no-store")
	h.Del("Content-Encoding")
	if s := Pause(p.Kind); s > 0 {
		h.Set("Retry-After", strconv.Itoa(s))
	}
	body, merr := json.Marshal(face{
		Type: "/problems/" + p.Code, Title: Title(p.Code), Status: status, Detail: p.Detail,
		Instance: "urn:request:" + ID(r), Code: p.Code, Fields: p.Fields,
	})
	if merr != nil { // strings and numbers always marshal
		panic(merr)
	}
	w.WriteHeader(status)
	if r.Method != http.MethodHead {
		_, _ = w.Write(append(body, '\n'))
	}
}

// Note writes err's cause to the log and returns what the outside may see of it:
// for doors that answer people, not programs.
func Note(r *http.Request, err error) (p *problem.Error, status int) {
	p = Public(err)
	status = Status(p.Kind)
	if errors.Is(p, ErrMethod) {
		status = http.StatusMethodNotAllowed
	}
	note(r, p, status)
	return p, status
}

// Public is the problem that the outside may see of err: what is withheld looks
// like what is not there.
func Public(err error) *problem.Error {
	switch {
	case errors.Is(err, keep.ErrDown):
		return errDown.Because(err)
	case errors.Is(err, keep.ErrFull):
		return errFull.Because(err)
	}
	if denied, ok := errors.AsType[*gate.Denied](err); ok {
		// The ruling stands in the ledger, for those who may read it.
		return problem.Of(keep.ErrNobody).Because(fmt.Errorf("denied by ruling %s: %w", denied.Ruling.Code, err))
	}
	p := problem.Of(err)
	if p.Kind == problem.Withheld {
		return problem.Of(keep.ErrNobody).Because(err)
	}
	return p
}

// Title is a code as words.
func Title(code string) string {
	t := strings.ReplaceAll(code, "-", " ")
	if t == "" {
		return t
	}
	return strings.ToUpper(t[:1]) + t[1:]
}

// Status is the HTTP status of a kind.
func Status(k problem.Kind) int {
	switch k {
	case problem.Invalid:
		return http.StatusBadRequest
	case problem.Unauthenticated:
		return http.StatusUnauthorized
	case problem.Forbidden:
		return http.StatusForbidden
	case problem.Withheld, problem.NotFound:
		return http.StatusNotFound
	case problem.Conflict:
		return http.StatusConflict
	case problem.Gone:
		return http.StatusGone
	case problem.TooLarge:
		return http.StatusRequestEntityTooLarge
	case problem.TooMany:
		return http.StatusTooManyRequests
	case problem.Unavailable:
		return http.StatusServiceUnavailable
	case problem.Timeout:
		return http.StatusGatewayTimeout
	case problem.Internal:
	}
	return http.StatusInternalServerError
}

// Pause is how many seconds a client waits before it tries again; whole
// seconds, because the SDKs understand nothing else.
func Pause(k problem.Kind) int {
	switch k { //nolint:exhaustive // only these are worth another try
	case problem.TooMany:
		return 2
	case problem.Unavailable:
		return 5
	case problem.Timeout:
		return 1
	}
	return 0
}

// note writes one line about a refusal. The route is the pattern, never the
// path: what stands in a path may be somebody's.
func note(r *http.Request, p *problem.Error, status int) {
	level := slog.LevelDebug
	switch {
	case p.Kind == problem.Internal:
		level = slog.LevelError
	case status >= http.StatusInternalServerError:
		level = slog.LevelWarn
	}
	log := Log(r)
	if !log.Enabled(r.Context(), level) {
		return
	}
	attrs := []slog.Attr{
		slog.String("request", ID(r)), slog.String("route", r.Pattern), slog.String("code", p.Code), slog.Int("status", status),
	}
	if cause := errors.Unwrap(p); cause != nil {
		attrs = append(attrs, slog.String("cause", cause.Error()))
	}
	log.LogAttrs(r.Context(), level, "request refused", attrs...)
}
