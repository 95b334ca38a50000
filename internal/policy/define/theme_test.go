package define

import (
	"strings"
	"testing"
)

func TestTheme_whatSomeCannotReadIsRefused(t *testing.T) {
	t.Parallel()
	corner := func(n int) *int { return &n }
	for name, tt := range map[string]struct {
		theme Theme
		want  string // part of the fault; "" is none
	}{
		"none":              {Theme{}, ""},
		"a dark accent":     {Theme{Light: Colors{Accent: "#5b2a86"}}, ""},
		"white on white":    {Theme{Light: Colors{Ink: "#ffffff"}}, "theme.light.ink: #ffffff stands out"},
		"yellow links":      {Theme{Light: Colors{Accent: "#ffd400"}}, "theme.light.accent: #ffd400 stands out from the paper or the card by 1.4 to 1 only"},
		"yellow by night":   {Theme{Dark: Colors{Accent: "#ffd400"}}, ""},
		"a hair too little": {Theme{Light: Colors{Accent: "#777777", Paper: "#ffffff"}}, "theme.light.accent"},
		"just enough":       {Theme{Light: Colors{Accent: "#767676", Paper: "#ffffff"}}, ""},
		"a gray card":       {Theme{Dark: Colors{Card: "#888888"}}, "theme.dark.ink"},
		"a name":            {Theme{Light: Colors{Accent: "red"}}, "theme.light.accent: a color is written"},
		"a trick":           {Theme{Light: Colors{Accent: "#fff;}*{x"}}, "theme.light.accent: a color is written"},
		"fonts":             {Theme{Fonts: []string{"Inter", "system-ui"}}, ""},
		"a font's address":  {Theme{Fonts: []string{"x, url(https://fonts.example)"}}, "is not the name of a font"},
		"corners":           {Theme{Corner: corner(25)}, "theme.corner"},
	} {
		c := &check{}
		c.theme("shop", tt.theme)
		var all []string
		for _, f := range c.faults {
			all = append(all, f.Path+": "+f.Reason)
		}
		if got := strings.Join(all, "; "); tt.want == "" && got != "" || !strings.Contains(got, tt.want) {
			t.Errorf("%s: %q, want %q", name, got, tt.want)
		}
	}
}
