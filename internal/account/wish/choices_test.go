package wish

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestCompare_whatLowers(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, from, to string
		lower          bool
	}{
		{"purpose.marketing.communications.email", On, Off, true},
		{"purpose.marketing.communications.email", Off, On, false},
		{"topic.baby", On, Off, true},
		{"topic.baby", Off, On, false},
		{"only", Off, On, true},
		{"only", On, Off, false},
		{"channel.sms", "2", No, true},
		{"channel.sms", No, "2", false},
		{"channel.sms", "1", "2", false}, // another order is neither more nor less
		{"often", "", "2/168", true},
		{"often", "2/168", "", false},
		{"often", "2/168", "1/24", false},
		{"often", "1/24", "2/168", true},
		{"quiet", "", "20:00-08:00", true},
		{"quiet", "20:00-08:00", "19:00-09:00", true},
		{"quiet", "20:00-08:00", "21:00-09:00", false},
		{"quiet", "20:00-08:00", "", false},
		{"quiet", "22:00-23:00", "20:00-08:00", true},
		{"break", "", "2026-04-01T00:00:00.000000Z", true},
		{"break", "2026-04-01T00:00:00.000000Z", "2026-03-01T00:00:00.000000Z", false},
		{"break", "2026-04-01T00:00:00.000000Z", "", false},
		{"location", "precise", "city", true},
		{"location", "none", "city", false},
		{"location", "", "precise", true}, // no word holds nothing back
		{"location", "none", "", false},
		{"share.0.location", Yes, No, true},
		{"share.0.location", No, Yes, false},
		{"language", "de", "en", false},
	} {
		want := []Difference{{tt.name, tt.from, tt.to, tt.lower}}
		if d := cmp.Diff(want, Compare(Choices{tt.name: tt.from}, Choices{tt.name: tt.to})); d != "" {
			t.Error(d)
		}
	}
	if got := Compare(Choices{"only": On}, Choices{"else": On}); got != nil {
		t.Errorf("a name that was not shown: %v", got)
	}
}

// TestQuiet_holds compares with a list of minutes.
func TestQuiet_holds(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		draw := func(label string) string {
			a, b := rapid.IntRange(0, 23).Draw(t, label), rapid.IntRange(0, 23).Draw(t, label)
			if a == b {
				return ""
			}
			return clockTime(a*60) + "-" + clockTime(b*60)
		}
		minutes := func(quiet string) (set [24]bool) {
			at, to, ok := ParseQuiet(quiet)
			for m := at; ok && m != to; m = (m + 60) % dayMinutes {
				set[m/60] = true
			}
			return set
		}
		a, b := draw("a"), draw("b")
		all := true
		for h, quiet := range minutes(b) {
			all = all && (!quiet || minutes(a)[h])
		}
		if holds(a, b) != all {
			t.Fatalf("%q holds %q: %v", a, b, !all)
		}
	})
}

func FuzzParse(f *testing.F) {
	for _, seed := range []string{"2/168", "20:00-08:00", "2026-04-01T00:00:00.000000Z", "precise", "-1/0", "99:99-", "on"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, value string) {
		for _, name := range []string{Often, Quiet, Break, Zone, Location, Only, Channels + "sms", Shares + "0.location", "else"} {
			if valid(name, value, 1) && name == "else" {
				t.Errorf("%q is a value of nothing", value)
			}
		}
		if c, ok := ParseOften(value); ok && (c.Hours < 1 || c.Count < 0) {
			t.Errorf("%q", value)
		}
		if at, to, ok := ParseQuiet(value); ok && (at < 0 || to < 0 || at >= dayMinutes || to >= dayMinutes || at == to) {
			t.Errorf("%q", value)
		}
	})
}
