// Package color reads and compares the colors that a brand gives its pages, so
// that a theme which some people cannot read is refused before anybody meets it.
//
// Contrast is the ratio of WCAG 2.2 over the relative luminance of sRGB. It knows
// no names and no transparency. Start reading at Parse and Contrast.
package color

import (
	"fmt"
	"math"
)

// RGB is one opaque color of sRGB.
type RGB struct{ R, G, B uint8 }

// The ends of the scale.
var (
	Black = RGB{}              //nolint:gochecknoglobals // a constant that Go cannot write as one
	White = RGB{255, 255, 255} //nolint:gochecknoglobals // a constant that Go cannot write as one
)

// Parse reads "#0b6b4f".
func Parse(s string) (RGB, bool) {
	var c RGB
	if len(s) != len("#rrggbb") || s[0] != '#' {
		return c, false
	}
	var parts [3]uint8
	for i := range parts {
		high, ok := digit(s[1+2*i])
		low, ok2 := digit(s[2+2*i])
		if !ok || !ok2 {
			return c, false
		}
		parts[i] = high<<4 | low
	}
	return RGB{parts[0], parts[1], parts[2]}, true
}

func digit(c byte) (uint8, bool) {
	switch {
	case '0' <= c && c <= '9':
		return c - '0', true
	case 'a' <= c && c <= 'f':
		return c - 'a' + 10, true
	case 'A' <= c && c <= 'F':
		return c - 'A' + 10, true
	}
	return 0, false
}

// String is the color as style sheets write it.
func (c RGB) String() string { return fmt.Sprintf("#%02x%02x%02x", c.R, c.G, c.B) }

// Contrast is the contrast ratio of two colors, from 1 to 21 (WCAG 2.2, "contrast
// ratio").
func Contrast(a, b RGB) float64 {
	high, low := a.luminance(), b.luminance()
	if high < low {
		high, low = low, high
	}
	return (high + 0.05) / (low + 0.05)
}

// luminance is the relative luminance of WCAG 2.2, from 0 to 1.
func (c RGB) luminance() float64 {
	return 0.2126*linear(c.R) + 0.7152*linear(c.G) + 0.0722*linear(c.B)
}

func linear(part uint8) float64 {
	v := float64(part) / 255
	if v <= 0.04045 {
		return v / 12.92
	}
	return math.Pow((v+0.055)/1.055, 2.4)
}

// Mix is a with a share of b in it, from 0 to 1.
func Mix(a, b RGB, share float64) RGB {
	part := func(x, y uint8) uint8 { return uint8(math.Round(float64(x) + (float64(y)-float64(x))*share)) }
	return RGB{part(a.R, b.R), part(a.G, b.G), part(a.B, b.B)}
}

// Toward moves a toward b until its contrast with every one of grounds is at
// least ratio, or a is b.
func Toward(a, b RGB, ratio float64, grounds ...RGB) RGB {
	const steps = 50
	for i := range steps {
		c := Mix(a, b, float64(i)/steps)
		if Least(c, grounds...) >= ratio {
			return c
		}
	}
	return b
}

// Least is the smallest contrast of c with the grounds.
func Least(c RGB, grounds ...RGB) float64 {
	least := math.Inf(1)
	for _, g := range grounds {
		least = math.Min(least, Contrast(c, g))
	}
	return least
}
