package look

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/heed-platform/heed/internal/policy/define"
	"github.com/heed-platform/heed/internal/policy/define/color"
)

// sheet is the style sheet: the brand's theme as variables, then ours.
func sheet(b define.Brand) []byte {
	css, err := files.ReadFile("page.css")
	if err != nil { // it is part of the program
		panic(err)
	}
	day, night := b.Theme.Palettes()
	corner := 12
	if b.Theme.Corner != nil {
		corner = *b.Theme.Corner
	}
	var out bytes.Buffer
	fmt.Fprintf(&out, ":root {\n  color-scheme: light dark; --corner: %dpx;\n  --font: %s;\n%s}\n", corner, fonts(b.Theme.Fonts), variables(day))
	fmt.Fprintf(&out, "@media (prefers-color-scheme: dark) {\n  :root {\n%s  }\n}\n", variables(night))
	out.Write(css)
	return out.Bytes()
}

const (
	readable = 4.5 // least contrast of text (WCAG 2.2, 1.4.3)
	seen     = 3   // least contrast of what can be pressed (1.4.11)
)

// variables are the colors of a palette and those that follow from it, each far
// enough from what it stands on.
func variables(p define.Palette) string {
	grounds := []color.RGB{p.Paper, p.Card}
	onAccent := color.White
	if color.Contrast(p.Accent, color.White) < color.Contrast(p.Accent, color.Black) {
		onAccent = color.Mix(color.Black, p.Accent, 0.08)
		onAccent = color.Toward(onAccent, color.Black, readable, p.Accent)
	}
	danger := color.RGB{R: 0xb4, G: 0x2d, B: 0x1a}
	if color.Contrast(p.Paper, color.White) > color.Contrast(p.Paper, color.Black) {
		danger = color.RGB{R: 0xff, G: 0x9d, B: 0x8a}
	}
	var wash color.RGB
	for share := 0.12; ; share -= 0.02 {
		// As much of the accent as leaves it readable on itself.
		if wash = color.Mix(p.Card, p.Accent, share); share <= 0 || color.Least(wash, p.Accent, p.Ink) >= readable {
			break
		}
	}
	grounds = append(grounds, wash)
	var b strings.Builder
	for _, v := range []struct {
		name string
		rgb  color.RGB
	}{
		{"ink", p.Ink},
		{"paper", p.Paper},
		{"card", p.Card},
		{"accent", p.Accent},
		{"on-accent", onAccent},
		{"wash", wash},
		{"soft", color.Toward(color.Mix(p.Ink, p.Paper, 0.35), p.Ink, readable+0.5, grounds...)},
		{"edge", color.Toward(color.Mix(p.Ink, p.Paper, 0.6), p.Ink, seen+0.2, grounds...)},
		{"line", color.Mix(p.Paper, p.Ink, 0.13)},
		{"danger", color.Toward(danger, p.Ink, readable, grounds...)},
	} {
		fmt.Fprintf(&b, "  --%s: %s;\n", v.name, v.rgb)
	}
	return b.String()
}

// generic are the font families that CSS itself knows; they stand without quotes.
var generic = []string{"serif", "sans-serif", "monospace", "system-ui", "ui-serif", "ui-sans-serif", "ui-rounded"}

// fonts is the list of families, ending in what every device has. The workspace
// has checked the names.
func fonts(families []string) string {
	all := make([]string, 0, len(families)+len(generic))
	for _, name := range families {
		if !slices.Contains(generic, name) {
			name = `"` + name + `"`
		}
		all = append(all, name)
	}
	all = append(all, "system-ui", "-apple-system", `"Segoe UI"`, "Roboto", `"Noto Sans"`, `"Noto Sans Arabic"`, "sans-serif")
	return strings.Join(all, ", ")
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
