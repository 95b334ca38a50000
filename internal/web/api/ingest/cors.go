package ingest

import (
	"net/http"

	"github.com/heed-platform/heed/internal/web"
)

// may is every header that an SDK sets. A star would not cover Authorization.
const may = "authorization, content-type, anonymousid, sentat, x-retry-count, " +
	"rsa-recovered, rsa-retry-attempt, rsa-since-last-attempt, rsa-since-first-attempt, rsa-retry-reason"

// handle serves an address in both slash forms, with the headers that let any
// page read the answer, refusals too: without them an SDK sees a broken network
// and tries again at once.
func (in *Ingest) handle(mux *http.ServeMux, method, path string, h web.Handler) {
	open := web.Handler(func(w http.ResponseWriter, r *http.Request) error {
		head := w.Header()
		head.Set("Access-Control-Allow-Origin", "*")
		head.Set("Access-Control-Expose-Headers", "Retry-After, X-Request-Id")
		head.Add("Vary", "Origin")
		switch r.Method {
		case method:
			return h(w, r)
		case http.MethodOptions:
			head.Set("Access-Control-Allow-Methods", "GET, POST, OPTIONS")
			head.Set("Access-Control-Allow-Headers", may)
			head.Set("Access-Control-Max-Age", "86400")
			w.WriteHeader(http.StatusNoContent)
			return nil
		case http.MethodHead:
			if method == http.MethodGet {
				return h(w, r)
			}
		}
		head.Set("Allow", method+", OPTIONS")
		return web.ErrMethod
	})
	mux.Handle(path, open)
	mux.Handle(path+"/{$}", open)
}
