package api

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/pprof"
	"path"
	"slices"

	"github.com/heed-platform/heed/internal/problem"
	"github.com/heed-platform/heed/internal/web"
	"github.com/heed-platform/heed/internal/web/api/ingest"
	"github.com/heed-platform/heed/internal/web/api/shelf"
	"github.com/heed-platform/heed/internal/web/page"
)

// New is the handler of the public port.
func New(d Deps) http.Handler {
	mux := http.NewServeMux()
	d.Ingest.Clock, d.Ingest.Metrics = d.Clock, d.Metrics
	ingest.Routes(mux, d.Ingest)
	health(mux, d.Ready)
	a := &api{Deps: d, routes: table(), strangers: web.NewLimiter(5, 50), shelf: shelf.New(d.Registry)}
	a.routes = slices.DeleteFunc(a.routes, func(rt route) bool { return rt.needs != nil && !rt.needs(&d) })
	a.mount(mux)
	if d.SMS.Answer != nil {
		inbound(mux, d.SMS)
	}
	if d.Feedback.Hear != nil {
		feedback(mux, d.Feedback)
	}
	if d.Requests.Hear != nil {
		answers(mux, d.Requests)
	}
	d.Pages.Clock = d.Clock
	page.Routes(mux, d.Pages)
	mux.Handle("/", web.Handler(func(http.ResponseWriter, *http.Request) error { return web.ErrRoute }))
	return web.Wrap(straight(mux), d.Metrics, d.Clock, d.Log)
}

// straight serves unclean paths in place: net/http would redirect them, and a
// client that follows a redirected POST sends no body.
func straight(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if p := r.URL.Path; p == "" || p[0] != '/' || path.Clean(p) != p && path.Clean(p)+"/" != p {
			clean := path.Clean("/" + p)
			u := *r.URL
			u.Path, u.RawPath = clean, ""
			r.URL = &u
		}
		h.ServeHTTP(w, r)
	})
}

var errNotReady = problem.New(problem.Unavailable, "not-ready", "heed cannot write durably now, or is shutting down; send this again in a moment.")

// health answers who watches over heed: alive, and ready for work.
func health(mux *http.ServeMux, ready func(context.Context) error) {
	mux.Handle("/healthz", only(http.MethodGet, func(w http.ResponseWriter, _ *http.Request) error {
		return reply(w, state{Status: "alive"})
	}))
	mux.Handle("/readyz", only(http.MethodGet, func(w http.ResponseWriter, r *http.Request) error {
		if err := ready(r.Context()); err != nil {
			return errNotReady.Because(err)
		}
		return reply(w, state{Status: "ready"})
	}))
}

// only serves one method, and HEAD where that is GET.
func only(method string, h web.Handler) web.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		if r.Method == method || r.Method == http.MethodHead && method == http.MethodGet {
			return h(w, r)
		}
		w.Header().Set("Allow", method)
		return web.ErrMethod
	}
}

type state struct {
	Status string `json:"status"`
}

// reply answers 200 with JSON.
func reply(w http.ResponseWriter, v any) error { return replyAs(w, http.StatusOK, v) }

func replyAs(w http.ResponseWriter, status int, v any) error {
	body, err := json.Marshal(v)
	if err != nil {
		return err
	}
	h := w.Header()
	h.Set("Content-Type", "application/json")
	if h.Get("Cache-Control") == "" {
		h.Set("Cache-Control", "no-store")
	}
	w.WriteHeader(status)
	_, _ = w.Write(append(body, '\n'))
	return nil
}

// Admin is the handler of the port that only this machine reaches: metrics and
// profiles.
func Admin(m *web.Metrics) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", m.Handler())
	mux.HandleFunc("GET /debug/pprof/", pprof.Index)
	mux.HandleFunc("GET /debug/pprof/cmdline", pprof.Cmdline)
	mux.HandleFunc("GET /debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("GET /debug/pprof/symbol", pprof.Symbol)
	mux.HandleFunc("GET /debug/pprof/trace", pprof.Trace)
	return mux
}
