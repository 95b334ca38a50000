package define

import (
	"regexp"

	"github.com/heed-platform/heed/internal/policy/define/color"
)

// Theme is how the brand's pages look. What is left out is heed's own.
type Theme struct {
	Light  Colors   `yaml:"light" json:"light,omitzero"`
	Dark   Colors   `yaml:"dark" json:"dark,omitzero"`      // for whoever set their phone to dark
	Corner *int     `yaml:"corner" json:"corner,omitempty"` // how round, 0 to 24 pixels
	Fonts  []string `yaml:"fonts" json:"fonts,omitempty"`   // families that people have, the first that is there; nothing is loaded
}

// Colors are written "#0b6b4f".
type Colors struct {
	Accent string `yaml:"accent" json:"accent,omitempty"` // links and buttons
	Ink    string `yaml:"ink" json:"ink,omitempty"`       // text
	Paper  string `yaml:"paper" json:"paper,omitempty"`   // behind everything
	Card   string `yaml:"card" json:"card,omitempty"`     // behind what belongs together
}

// readable is the least contrast of text that WCAG 2.2 allows (1.4.3, level AA).
const readable = 4.5

// own are heed's colors, by day and by night.
func own() (day, night Colors) {
	return Colors{Accent: "#0b6b4f", Ink: "#1d2522", Paper: "#fbfaf7", Card: "#ffffff"},
		Colors{Accent: "#6fd3ae", Ink: "#e8ebe7", Paper: "#141917", Card: "#1c2320"}
}

// Palette is the colors of a theme, whole and readable.
type Palette struct{ Accent, Ink, Paper, Card color.RGB }

// Palettes are the theme's colors by day and by night. A brand that gives only a
// color for the day has it at night too, made lighter until it can be read.
func (t Theme) Palettes() (day, night Palette) {
	light, dark := own()
	day, night = t.Light.over(light), t.Dark.over(dark)
	if t.Light.Accent != "" && t.Dark.Accent == "" {
		night.Accent = color.Toward(day.Accent, night.Ink, readable, night.Paper, night.Card)
	}
	return day, night
}

// over fills what is not given, or not a color, from own.
func (c Colors) over(own Colors) Palette {
	pick := func(given, own string) color.RGB {
		if rgb, ok := color.Parse(given); ok {
			return rgb
		}
		rgb, _ := color.Parse(own)
		return rgb
	}
	return Palette{pick(c.Accent, own.Accent), pick(c.Ink, own.Ink), pick(c.Paper, own.Paper), pick(c.Card, own.Card)}
}

var family = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9 -]{0,49}$`)

const mostCorner = 24

// theme checks that everybody can read the pages.
func (c *check) theme(key string, t Theme) {
	for _, part := range []struct {
		path   string
		colors Colors
	}{{"theme.light", t.Light}, {"theme.dark", t.Dark}} {
		for _, v := range []struct{ name, value string }{
			{"accent", part.colors.Accent}, {"ink", part.colors.Ink}, {"paper", part.colors.Paper}, {"card", part.colors.Card},
		} {
			if _, ok := color.Parse(v.value); !ok && v.value != "" {
				c.say("brand", key, part.path+"."+v.name, "a color is written #0b6b4f")
				return
			}
		}
	}
	day, night := t.Palettes()
	for _, part := range []struct {
		path string
		p    Palette
	}{{"theme.light", day}, {"theme.dark", night}} {
		for _, v := range []struct {
			name string
			on   color.RGB
		}{{"ink", part.p.Ink}, {"accent", part.p.Accent}} {
			if got := color.Least(v.on, part.p.Paper, part.p.Card); got < readable {
				c.say("brand", key, part.path+"."+v.name, "%s stands out from the paper or the card by %.1f to 1 only; people need 4.5 to read it", v.on, got)
			}
		}
	}
	if t.Corner != nil && (*t.Corner < 0 || *t.Corner > mostCorner) {
		c.say("brand", key, "theme.corner", "is 0 to 24 pixels")
	}
	for _, name := range t.Fonts {
		if !family.MatchString(name) {
			c.say("brand", key, "theme.fonts", "%q is not the name of a font", name)
		}
	}
}
