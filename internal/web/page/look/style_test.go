package look

import (
	"regexp"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/heed-platform/heed/internal/policy/define"
	"github.com/heed-platform/heed/internal/policy/define/color"
)

// TestVariables_everyReadableThemeStaysReadable: whatever colors the workspace
// lets through, what we make of them can be read too.
func TestVariables_everyReadableThemeStaysReadable(t *testing.T) {
	t.Parallel()
	one := rapid.Custom(func(t *rapid.T) color.RGB {
		return color.RGB{R: rapid.Byte().Draw(t, "r"), G: rapid.Byte().Draw(t, "g"), B: rapid.Byte().Draw(t, "b")}
	})
	line := regexp.MustCompile(`--([a-z-]+): (#[0-9a-f]{6});`)
	rapid.Check(t, func(t *rapid.T) {
		p := define.Palette{Paper: one.Draw(t, "paper")}
		far := color.White
		if color.Contrast(p.Paper, color.Black) > color.Contrast(p.Paper, color.White) {
			far = color.Black
		}
		p.Card = color.Mix(p.Paper, one.Draw(t, "card"), 0.03)
		p.Ink = color.Toward(one.Draw(t, "ink"), far, 4.5, p.Paper, p.Card)
		p.Accent = color.Toward(one.Draw(t, "accent"), far, 4.5, p.Paper, p.Card)
		if color.Least(p.Ink, p.Paper, p.Card) < 4.5 || color.Least(p.Accent, p.Paper, p.Card) < 4.5 {
			t.Skip("the workspace refuses it")
		}
		got := map[string]color.RGB{}
		for _, m := range line.FindAllStringSubmatch(variables(p), -1) {
			got[m[1]], _ = color.Parse(m[2])
		}
		for _, pair := range []struct {
			ink, ground string
			least       float64
		}{
			{"ink", "paper", 4.5},
			{"ink", "card", 4.5},
			{"ink", "wash", 4.5},
			{"accent", "wash", 4.5},
			{"on-accent", "accent", 4.5},
			{"soft", "paper", 4.5},
			{"soft", "card", 4.5},
			{"danger", "paper", 4.5},
			{"danger", "card", 4.5},
			{"edge", "card", 3},
			{"edge", "paper", 3},
		} {
			if c := color.Contrast(got[pair.ink], got[pair.ground]); c < pair.least {
				t.Fatalf("%+v: --%s %s on --%s %s: %.2f", p, pair.ink, got[pair.ink], pair.ground, got[pair.ground], c)
			}
		}
	})
}

func TestSheet(t *testing.T) {
	t.Parallel()
	corner := 0
	css := string(sheet(define.Brand{Theme: define.Theme{Light: define.Colors{Accent: "#5b2a86"}, Corner: &corner, Fonts: []string{"Inter Tight", "serif"}}}))
	for _, want := range []string{"--accent: #5b2a86", "--corner: 0px", `--font: "Inter Tight", serif, system-ui`, "prefers-color-scheme: dark", "@media print", "forced-colors"} {
		if !strings.Contains(css, want) {
			t.Errorf("no %s", want)
		}
	}
	for _, m := range regexp.MustCompile(`var\((--[a-z-]+)\)`).FindAllStringSubmatch(css, -1) {
		if !strings.Contains(css, m[1]+":") {
			t.Errorf("nothing sets %s", m[1])
		}
	}
	if regexp.MustCompile(`url\(|@import|https?:`).MatchString(css) {
		t.Error("the style sheet loads something")
	}
}
