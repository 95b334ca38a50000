package gpc_test

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/heed-platform/heed/internal/clock"
	"github.com/heed-platform/heed/internal/web/page/gpc"
)

func TestRoutes(t *testing.T) {
	t.Parallel()
	mux := http.NewServeMux()
	gpc.Routes(mux, gpc.Deps{Since: func() clock.Instant { return clock.At(time.Date(2026, 11, 22, 23, 59, 0, 0, time.UTC)) }})
	ask := func(method string) *httptest.ResponseRecorder {
		w := httptest.NewRecorder()
		mux.ServeHTTP(w, httptest.NewRequest(method, "/.well-known/gpc.json", nil))
		return w
	}
	w := ask("GET")
	if w.Code != 200 || w.Header().Get("Content-Type") != "application/json" || w.Body.String() != "{\"gpc\":true,\"lastUpdate\":\"2026-11-22\"}\n" {
		t.Errorf("%d %v %s", w.Code, w.Header(), w.Body)
	}
	if w := ask("HEAD"); w.Code != 200 {
		t.Errorf("HEAD: %d", w.Code)
	}
	if w := ask("POST"); w.Code != http.StatusMethodNotAllowed || w.Header().Get("Allow") != "GET, HEAD" {
		t.Errorf("POST: %d %s", w.Code, w.Header().Get("Allow"))
	}
}
