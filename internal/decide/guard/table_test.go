package guard_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/heed-platform/heed/internal/clock"
	"github.com/heed-platform/heed/internal/decide/guard"
	"github.com/heed-platform/heed/internal/fact"
)

var update = flag.Bool("update", false, "write the answers that the guards give now into testdata")

// TestTables reads testdata/*.txt: sentences about one message to one person, and
// a question. Under the question stands the answer, indented; -update rewrites
// the answers. An empty line begins anew, with a message that may leave.
func TestTables(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no tables in testdata: %v", err)
	}
	asked := map[string]bool{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		s := stage{t: t, file: file, c: fine(), vetoed: asked}
		got := s.play(string(text))
		if *update {
			if err := os.WriteFile(file, []byte(got), 0o600); err != nil {
				t.Fatal(err)
			}
			continue
		}
		if diff := cmp.Diff(strings.Split(string(text), "\n"), strings.Split(got, "\n")); diff != "" {
			t.Errorf("%s: the answers changed (- written, + given now; go test -run TestTables -update writes them):\n%s", file, diff)
		}
	}
	for _, name := range guard.Names() {
		if !asked[name] {
			t.Errorf("no table shows the guard %s say no", name)
		}
	}
}

var noon = instant("2026-03-02T12:00:00Z")

// fine is a case that nothing stands in the way of.
func fine() guard.Case {
	return guard.Case{
		Now: noon, Moment: noon.Add(-time.Hour), Expires: noon.Add(47 * time.Hour), Channel: "email",
		Allowed: true, Member: true, Address: guard.AddressKnown, Occasion: true, Zone: "Europe/Berlin", Draw: 5000,
	}
}

func instant(text string) clock.Instant {
	var at clock.Instant
	if err := at.UnmarshalText([]byte(text)); err != nil {
		panic(err)
	}
	return at
}

type stage struct {
	t      *testing.T
	file   string
	c      guard.Case
	vetoed map[string]bool
}

func (s *stage) play(text string) string {
	var out strings.Builder
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, "\n")
		if strings.HasPrefix(line, "  ") {
			continue // an answer: written anew below its question
		}
		out.WriteString(line + "\n")
		switch {
		case line == "":
			s.c = fine()
		case strings.HasPrefix(line, "#"):
		case strings.HasSuffix(line, "?"):
			out.WriteString(s.answer())
		default:
			s.learn(line)
		}
	}
	return out.String()
}

func (s *stage) answer() string {
	v := guard.Judge(s.c, nil)
	var out strings.Builder
	switch {
	case v.Chosen && v.Later == 0:
		out.WriteString("  yes\n")
	case v.Chosen:
		fmt.Fprintf(&out, "  not before %s\n", v.Later.Time().Format(time.RFC3339))
	case v.Holdout:
		out.WriteString("  no, by chance\n")
	default:
		fmt.Fprintf(&out, "  no: %s\n", v.Code)
	}
	for _, r := range v.Reasons {
		if r.Veto {
			s.vetoed[r.Guard] = true
			fmt.Fprintf(&out, "  %s: %s\n    marketer: %s\n    person: %s\n", r.Guard, r.Code, r.Marketer, r.Person)
		}
	}
	return out.String()
}

// sentences are what a table can say.
var sentences = []struct {
	form *regexp.Regexp
	tell func(c *guard.Case, m []string)
}{
	{form(`It is (\S+)\.`), func(c *guard.Case, m []string) { c.Now = instant(m[1]) }},
	{form(`The moment is over at (\S+)\.`), func(c *guard.Case, m []string) { c.Expires = instant(m[1]) }},
	{form(`The moment is never over\.`), func(c *guard.Case, _ []string) { c.Expires = 0 }},
	{form(`It is news about an order\.`), func(c *guard.Case, _ []string) { c.Service = true }},
	{form(`Nothing happened to an order\.`), func(c *guard.Case, _ []string) { c.Occasion = false }},
	{form(`The channel is (\w+)\.`), func(c *guard.Case, m []string) { c.Channel = m[1] }},
	{form(`The gate says no: (\w+), "(.*)", "(.*)"\.`), func(c *guard.Case, m []string) { c.Allowed, c.Code, c.Marketer, c.Person = false, m[1], m[2], m[3] }},
	{form(`Nobody asked the gate\.`), func(c *guard.Case, _ []string) { c.Allowed = false }},
	{form(`The address is (\w+)\.`), func(c *guard.Case, m []string) { c.Address = guard.Address(m[1]) }},
	{form(`Nobody looked for the address\.`), func(c *guard.Case, _ []string) { c.Address = "" }},
	{form(`She may not be in the audience\.`), func(c *guard.Case, _ []string) { c.Member = false }},
	{form(`(.+) is withheld: (\w+)\.`), func(c *guard.Case, m []string) { c.Withheld = append(c.Withheld, guard.Hole{Path: m[1], Code: m[2]}) }},
	{form(`It touches (\S+)\.`), func(c *guard.Case, m []string) { c.Subjects = append(c.Subjects, guard.Subject{Topic: m[1]}) }},
	{form(`It touches (\S+), which is private and unsaid\.`), func(c *guard.Case, m []string) {
		c.Subjects = append(c.Subjects, guard.Subject{Topic: m[1], Private: true})
	}},
	{form(`It is about (\S+)\.`), func(c *guard.Case, m []string) { c.Items = append(c.Items, m[1]) }},
	{form(`It is about something that nobody named\.`), func(c *guard.Case, _ []string) { c.Missing = true }},
	{form(`It may be bought again after (\d+) days\.`), func(c *guard.Case, m []string) { c.Repurchase = number(m[1]) }},
	{form(`She has (-?\d+) (\S+)(?: of size (\S+))? since (\S+)\.`), func(c *guard.Case, m []string) {
		c.Owned = append(c.Owned, guard.Bought{Quantity: int64(number(m[1])), Item: m[2], Variant: m[3], Last: instant(m[4])})
	}},
	{form(`Some of what she bought may not be seen\.`), func(c *guard.Case, _ []string) { c.OwnedHidden = true }},
	{form(`She mutes (\S+)\.`), func(c *guard.Case, m []string) { c.Wish.Muted = append(c.Wish.Muted, m[1]) }},
	{form(`She chose (\S+)\.`), func(c *guard.Case, m []string) { c.Wish.Topics = append(c.Wish.Topics, m[1]) }},
	{form(`She chose no topic at all\.`), func(c *guard.Case, _ []string) { c.Wish.Topics = []string{""} }},
	{form(`She takes (\w+)\.`), func(c *guard.Case, m []string) { c.Wish.Channels = append(c.Wish.Channels, m[1]) }},
	{form(`She takes nothing at all\.`), func(c *guard.Case, _ []string) { c.Wish.Channels = []string{""} }},
	{form(`She takes a break until (\S+)\.`), func(c *guard.Case, m []string) { c.Wish.Break = instant(m[1]) }},
	{form(`She got (\w+) at (\S+)\.`), func(c *guard.Case, m []string) {
		c.Contacted = append(c.Contacted, guard.Sent{Channel: m[1], At: instant(m[2])})
	}},
	{form(`The brand sends at most (-?\d+) in (-?\d+) hours(?: by (\w+))?\.`), func(c *guard.Case, m []string) {
		c.Caps = append(c.Caps, fact.Cap{Count: number(m[1]), Hours: number(m[2]), Channel: m[3]})
	}},
	{form(`She wants at most (-?\d+) in (-?\d+) hours(?: by (\w+))?\.`), func(c *guard.Case, m []string) {
		c.Wish.Caps = append(c.Wish.Caps, fact.Cap{Count: number(m[1]), Hours: number(m[2]), Channel: m[3]})
	}},
	{form(`The brand is quiet from (\d+):(\d+) to (\d+):(\d+)\.`), func(c *guard.Case, m []string) { c.Quiet = append(c.Quiet, quiet(m)) }},
	{form(`She is quiet from (\d+):(\d+) to (\d+):(\d+)\.`), func(c *guard.Case, m []string) { c.Wish.Quiet = append(c.Wish.Quiet, quiet(m)) }},
	{form(`She lives by the clocks of (\S+)\.`), func(c *guard.Case, m []string) { c.Zone = m[1] }},
	{form(`Nobody knows her zone\.`), func(c *guard.Case, _ []string) { c.Zone = "" }},
	{form(`(\d+) of 10,000 are left out, and her draw is (\d+)\.`), func(c *guard.Case, m []string) { c.Holdout, c.Draw = number(m[1]), number(m[2]) }},
}

func form(text string) *regexp.Regexp { return regexp.MustCompile("^" + text + "$") }

func number(text string) int {
	n, err := strconv.Atoi(text)
	if err != nil {
		panic(err)
	}
	return n
}

func quiet(m []string) guard.Quiet {
	return guard.Quiet{From: number(m[1])*60 + number(m[2]), To: number(m[3])*60 + number(m[4])}
}

func (s *stage) learn(line string) {
	s.t.Helper()
	for _, known := range slices.Backward(sentences) {
		if m := known.form.FindStringSubmatch(line); m != nil {
			known.tell(&s.c, m)
			return
		}
	}
	s.t.Fatalf("%s: nobody understands %q", s.file, line)
}
