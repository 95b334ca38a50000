// Package gpc serves /.well-known/gpc.json: that the brand heeds Global Privacy
// Control, and since when it does so in the way it does now.
//
// It promises what the W3C specification asks of that resource, and nothing
// more. What the signal stops is the law packs' to say; that it is heard is
// package consent's work. Start reading at Routes.
package gpc

import (
	"encoding/json"
	"net/http"

	"github.com/heed-platform/heed/internal/clock"
	"github.com/heed-platform/heed/internal/web"
)

// Deps is what the resource stands on.
type Deps struct {
	// Since is when the rules by which the signal is heeded last changed.
	Since func() clock.Instant
}

// support is the resource. The names are the specification's.
//
//nolint:tagliatelle // see above
type support struct {
	GPC        bool   `json:"gpc"`
	LastUpdate string `json:"lastUpdate"` // a day, in UTC
}

// Routes adds the resource to mux.
func Routes(mux *http.ServeMux, d Deps) {
	mux.Handle("/.well-known/gpc.json", web.Handler(func(w http.ResponseWriter, r *http.Request) error {
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			w.Header().Set("Allow", "GET, HEAD")
			return web.ErrMethod
		}
		body, err := json.Marshal(support{GPC: true, LastUpdate: d.Since().Time().Format("2006-01-02")})
		if err != nil {
			return err
		}
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Cache-Control", "public, max-age=3600")
		_, _ = w.Write(append(body, '\n'))
		return nil
	}))
}
