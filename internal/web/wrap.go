package web

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"github.com/heed-platform/heed/internal/clock"
	"github.com/heed-platform/heed/internal/problem"
)

type requestKey struct{}

// request is what Wrap knows of a request.
type request struct {
	id  string
	log *slog.Logger
}

// ID is the request's id, as the answer's X-Request-Id and the log have it.
func ID(r *http.Request) string {
	if q, ok := r.Context().Value(requestKey{}).(*request); ok {
		return q.id
	}
	return ""
}

// Log is where a request's doors write.
func Log(r *http.Request) *slog.Logger {
	if q, ok := r.Context().Value(requestKey{}).(*request); ok {
		return q.log
	}
	return slog.New(slog.DiscardHandler)
}

// answer remembers whether a status has been sent.
type answer struct {
	http.ResponseWriter

	status int
}

// WriteHeader notes the status and passes it on.
func (a *answer) WriteHeader(status int) {
	if a.status == 0 {
		a.status = status
	}
	a.ResponseWriter.WriteHeader(status)
}

// Write passes on what an answer says; the first of it says 200.
func (a *answer) Write(b []byte) (int, error) {
	if a.status == 0 {
		a.status = http.StatusOK
	}
	return a.ResponseWriter.Write(b)
}

// Unwrap lets http.ResponseController reach the connection.
func (a *answer) Unwrap() http.ResponseWriter { return a.ResponseWriter }

var errPanic = problem.New(problem.Internal, "internal", "Something went wrong inside heed; the log has the cause under this request's id.")

// Wrap is around everything that listens: each request gets an id, headers that
// keep browsers strict, a problem instead of a panic, and is counted.
func Wrap(h http.Handler, m *Metrics, clk clock.Clock, log *slog.Logger) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		begun := clk.Now()
		q := &request{id: requestID(r), log: log}
		r = r.WithContext(context.WithValue(r.Context(), requestKey{}, q))
		a := &answer{ResponseWriter: w}
		head := w.Header()
		head.Set("X-Request-Id", q.id)
		head.Set("X-Content-Type-Options", "nosniff")
		head.Set("Referrer-Policy", "no-referrer")
		head.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'")
		defer func() {
			m.answered(r.Pattern, a.status, clk.Now().Sub(begun))
		}()
		defer rescue(a, r)
		h.ServeHTTP(a, r)
	})
}

// rescue answers a panic like any other fault of ours.
func rescue(a *answer, r *http.Request) {
	v := recover()
	if v == nil {
		return
	}
	if err, ok := v.(error); ok && errors.Is(err, http.ErrAbortHandler) {
		panic(http.ErrAbortHandler)
	}
	Fail(a, r, errPanic.Because(fmt.Errorf("panic: %v", v)))
}

// requestID takes over the id that a proxy gave if it is a plain one.
func requestID(r *http.Request) string {
	given := r.Header.Get("X-Request-Id")
	if len(given) < 8 || len(given) > 64 {
		return rand.Text()
	}
	for _, c := range []byte(given) {
		switch {
		case '0' <= c && c <= '9', 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', c == '-', c == '_', c == '.':
		default:
			return rand.Text()
		}
	}
	return given
}

// The limits of every connection: a slow or greedy client costs no more than its
// own socket.
const (
	headerTime = 5 * time.Second
	readTime   = 30 * time.Second
	writeTime  = 60 * time.Second
	idleTime   = 2 * time.Minute
	headerSize = 32 << 10
)

// Server is an http.Server with these limits. What net/http itself has to say
// goes to the log as a warning.
func Server(h http.Handler, log *slog.Logger) *http.Server {
	return &http.Server{
		Handler: h, ReadHeaderTimeout: headerTime, ReadTimeout: readTime, WriteTimeout: writeTime,
		IdleTimeout: idleTime, MaxHeaderBytes: headerSize, ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelDebug),
	}
}
