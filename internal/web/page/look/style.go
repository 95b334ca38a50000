package look

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http"

	"github.com/heed-platform/heed/internal/policy/define"
)

// colors are the variables of the style sheet, light and dark.
const colors = `:root {
  --ink: #1d2522; --soft: #55605b; --paper: #fbfaf7; --card: #ffffff; --line: #e2e0d8; --edge: #7d8782; --field: #ffffff;
  --accent: #0b6b4f; --on-accent: #ffffff; --wash: #e6f2ec; --danger: #a8321f; --corner: 12px;
  --font: system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "Noto Sans Arabic", sans-serif;
  color-scheme: light dark;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ink: #e8ebe7; --soft: #a9b5af; --paper: #141917; --card: #1c2320; --line: #2e3834; --edge: #7f8b86; --field: #141917;
    --accent: #6fd3ae; --on-accent: #0c1a14; --wash: #20352c; --danger: #ff9d8a;
  }
}
`

// sheet is the style sheet: the brand's theme, then ours.
func sheet(define.Brand) []byte {
	css, err := files.ReadFile("page.css")
	if err != nil { // it is part of the program
		panic(err)
	}
	return append([]byte(colors), css...)
}

// stylePath changes with what it leads to, so that browsers may keep it for ever.
func stylePath(b define.Brand) string {
	sum := sha256.Sum256(sheet(b))
	return "/page.css?v=" + hex.EncodeToString(sum[:6])
}

// Style serves the style sheet at /page.css.
func (l *Look) Style(w http.ResponseWriter, r *http.Request) error {
	brand := l.brand()
	h := w.Header()
	h.Set("Content-Type", "text/css; charset=utf-8")
	h.Set("Cache-Control", "no-cache")
	if r.URL.RequestURI() == stylePath(brand) {
		h.Set("Cache-Control", "public, max-age=31536000, immutable")
	}
	_, err := w.Write(sheet(brand))
	return err
}
