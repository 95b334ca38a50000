package snippet

import (
	"crypto/sha256"
	_ "embed" // analytics.js
	"encoding/hex"
	"fmt"
	"html"
	"net/http"
	"strings"

	"github.com/heed-platform/heed/internal/web"
)

//go:embed analytics.js
var written string

// script is what is served: the script as it was written, without the spaces at
// the beginning of its lines.
var script = func() string { //nolint:gochecknoglobals // a table that nothing writes to
	lines := strings.Split(written, "\n")
	for i, l := range lines {
		lines[i] = strings.TrimLeft(l, " ")
	}
	return strings.Join(lines, "\n")
}()

// Script is the script as browsers get it.
func Script() string { return script }

// Tag is what a page needs to load it, for the browser key of a source.
func Tag(url, key string) string {
	return fmt.Sprintf(`<script defer src="%s/analytics.js" data-key="%s" data-consent="buffer"></script>`, html.EscapeString(url), html.EscapeString(key))
}

// Routes adds the script to mux.
func Routes(mux *http.ServeMux) {
	sum := sha256.Sum256([]byte(script))
	tag := `"` + hex.EncodeToString(sum[:8]) + `"`
	mux.Handle("/analytics.js", web.Handler(func(w http.ResponseWriter, r *http.Request) error {
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			w.Header().Set("Allow", "GET, HEAD")
			return web.ErrMethod
		}
		h := w.Header()
		h.Set("Content-Type", "text/javascript; charset=utf-8")
		h.Set("Cache-Control", "public, max-age=3600")
		h.Set("Access-Control-Allow-Origin", "*")
		h.Set("Cross-Origin-Resource-Policy", "cross-origin")
		h.Set("ETag", tag)
		if r.Header.Get("If-None-Match") == tag {
			w.WriteHeader(http.StatusNotModified)
			return nil
		}
		_, err := w.Write([]byte(script))
		return err
	}))
}
