package color

import (
	"math"
	"testing"

	"pgregory.net/rapid"
)

func TestParse(t *testing.T) {
	t.Parallel()
	for text, ok := range map[string]bool{"#0b6b4f": true, "#0B6B4F": true, "#fff": false, "0b6b4f": false, "#0b6b4g": false, "red": false, "": false, "#0b6b4f;": false} {
		if _, got := Parse(text); got != ok {
			t.Errorf("%q: %v", text, got)
		}
	}
}

// TestContrast has the examples of WCAG's own tools.
func TestContrast(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		a, b string
		want float64
	}{
		{"#000000", "#ffffff", 21}, {"#ffffff", "#ffffff", 1}, {"#767676", "#ffffff", 4.54}, {"#777777", "#ffffff", 4.48}, {"#ff0000", "#ffffff", 4.00},
	} {
		a, _ := Parse(tt.a)
		b, _ := Parse(tt.b)
		if got := Contrast(a, b); math.Abs(got-tt.want) > 0.005 || got != Contrast(b, a) {
			t.Errorf("%s on %s: %.3f, want %.2f", tt.a, tt.b, got, tt.want)
		}
	}
}

func TestToward_reachesWhatCanBeReached(t *testing.T) {
	t.Parallel()
	one := rapid.Custom(func(t *rapid.T) RGB {
		return RGB{rapid.Byte().Draw(t, "r"), rapid.Byte().Draw(t, "g"), rapid.Byte().Draw(t, "b")}
	})
	rapid.Check(t, func(t *rapid.T) {
		a, ground := one.Draw(t, "a"), one.Draw(t, "ground")
		end := Black
		if Contrast(White, ground) > Contrast(Black, ground) {
			end = White
		}
		// Black or white stands out from any color by 4.58 at least.
		if got := Toward(a, end, 4.5, ground); Contrast(got, ground) < 4.5 {
			t.Fatalf("%s toward %s on %s is %s", a, end, ground, got)
		}
		if back, ok := Parse(a.String()); !ok || back != a {
			t.Fatalf("%s reads back as %s", a, back)
		}
	})
}
