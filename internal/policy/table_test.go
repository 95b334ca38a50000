package policy_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/heed-platform/heed/internal/clock"
	"github.com/heed-platform/heed/internal/fact"
	"github.com/heed-platform/heed/internal/keep/catalog"
	"github.com/heed-platform/heed/internal/policy"
	"github.com/heed-platform/heed/internal/policy/define"
)

var update = flag.Bool("update", false, "write the answers that the rules give now into testdata")

// shop compiles the example workspace: what the tables argue about is what is
// shipped.
func shop(tb testing.TB) (*policy.Rules, define.Definitions) {
	tb.Helper()
	w, faults := catalog.Load(os.DirFS("../../workspace"))
	for _, f := range append(faults, w.Check()...) {
		tb.Error(f)
	}
	r, err := w.Compile()
	if err != nil {
		tb.Fatal(err)
	}
	return r, w.Policy()
}

// TestTables reads testdata/*.txt: sentences about people, and questions. Under
// each question stands the answer, indented; -update rewrites the answers. A
// sentence that cannot be read fails the test.
func TestTables(t *testing.T) {
	t.Parallel()
	rules, defs := shop(t)
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no tables in testdata: %v", err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			t.Parallel()
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			s := stage{t: t, rules: rules, defs: defs, cast: map[string]*someone{}}
			s.now = s.instant("2026-11-22")
			got := s.play(string(text))
			if *update {
				if err := os.WriteFile(file, []byte(got), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			if diff := cmp.Diff(strings.Split(string(text), "\n"), strings.Split(got, "\n")); diff != "" && !*update {
				t.Errorf("the answers changed (- written, + given now; go test -run TestTables -update writes them):\n%s", diff)
			}
		})
	}
}

// stage is one file being read.
type stage struct {
	t     *testing.T
	rules *policy.Rules
	defs  define.Definitions
	cast  map[string]*someone
	now   clock.Instant
}

type someone struct {
	policy.Standing

	holds map[string]policy.Field
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
		case line == "" || strings.HasPrefix(line, "#"):
		case strings.HasSuffix(line, "?"):
			out.WriteString(s.answer(line))
		default:
			s.learn(line)
		}
	}
	return out.String()
}

var (
	dayIs   = regexp.MustCompile(`^It is (\S+)\.$`)
	livesIn = regexp.MustCompile(`^(\w+) lives in (\S+)\.$`)
	isAged  = regexp.MustCompile(`^(\w+) is (young|grown up)\.$`)
	holds   = regexp.MustCompile(`^(\w+) holds (.+?)(?: under (\S+?))?(?:, (declared|observed|inferred|third_party|of unknown origin))?(?:, until (\S+))?\.$`)
	answers = regexp.MustCompile(`^(\w+) (said yes to|said no to|took back|objected to|mumbled about) (\S+?)(?: by (\S+?))?(?: about (\S+?))?(?: under (\S+?))?\.$`)
	signals = regexp.MustCompile(`^(\w+)'s browser says do not sell or share(?: \((\S+)\))?\.$`)
	mutes   = regexp.MustCompile(`^(\w+) mutes (.+)\.$`)
	bought  = regexp.MustCompile(`^(\w+) bought (.+) for \w+\.$`)
	rests   = regexp.MustCompile(`^(\w+) takes a break until (\S+)\.$`)
)

func (s *stage) learn(line string) {
	s.t.Helper()
	if m := dayIs.FindStringSubmatch(line); m != nil {
		s.now = s.instant(m[1])
		return
	}
	for _, form := range []struct {
		is    *regexp.Regexp
		learn func(who *someone, m []string)
	}{
		{livesIn, func(who *someone, m []string) { who.Jurisdiction = m[2] }},
		{isAged, func(who *someone, m []string) {
			who.Minor = policy.No
			if m[2] == "young" {
				who.Minor = policy.Yes
			}
		}},
		{answers, func(who *someone, m []string) {
			status := map[string]fact.GrantStatus{
				"said yes to": fact.Granted, "said no to": fact.Denied, "took back": fact.Withdrawn, "objected to": fact.Objected,
			}[m[2]]
			who.Grants = append(who.Grants, fact.Grant{Status: status, Purpose: strings.Replace(m[3], "everything", "", 1), Channel: m[4], Topic: m[5], Notice: m[6], Method: "form"})
		}},
		{signals, func(who *someone, m []string) {
			who.Grants = append(who.Grants, fact.Grant{Status: fact.Objected, Purpose: m[2], Method: "gpc"})
		}},
		{mutes, func(who *someone, m []string) { who.Muted = append(who.Muted, m[2]) }},
		{bought, func(who *someone, m []string) {
			who.Purchased = append(who.Purchased, s.rules.Category("purchases."+m[2]))
		}},
		{rests, func(who *someone, m []string) { who.Break = s.instant(m[2]) }},
		{holds, func(who *someone, m []string) {
			path := m[2]
			if !strings.ContainsAny(path, ".") && path != "purchases" && path != "spend" {
				path = "traits." + path
			}
			f := policy.Field{Name: path, Category: s.rules.Category(path), Notice: m[3], Origin: fact.Declared, At: s.now}
			if strings.HasPrefix(path, "purchases") || strings.HasPrefix(path, "events") || path == "spend" {
				f.Origin = fact.Observed
			}
			if m[4] != "" {
				f.Origin, _ = fact.ParseOrigin(m[4])
			}
			if m[5] != "" {
				f.Expires = s.instant(m[5])
			}
			who.holds[m[2]] = f
		}},
	} {
		if m := form.is.FindStringSubmatch(line); m != nil {
			who := s.cast[m[1]]
			if who == nil {
				who = &someone{holds: map[string]policy.Field{}}
				s.cast[m[1]] = who
			}
			form.learn(who, m)
			return
		}
	}
	s.t.Errorf("nobody understands the sentence %q", line)
}

var (
	may     = regexp.MustCompile(`^May we (\w+) (\w+) for (\S+?)(?: by (\S+?))?(?: about (\S+?))?(?: to (\S+?))?(?: using (.+?))?\?$`)
	byLaw   = regexp.MustCompile(`^Law by law: may we (\w+) people for (\S+?)(?: by (\S+?))?(?: to (\S+?))?\?$`)
	worth   = regexp.MustCompile(`^Origin by origin: what of (\w+)'s (.+)\?$`)
	promise = regexp.MustCompile(`^Which notices promise (\S+) for (\S+)\?$`)
)

func (s *stage) answer(line string) string {
	s.t.Helper()
	if m := may.FindStringSubmatch(line); m != nil {
		return s.may(line, m)
	}
	if m := byLaw.FindStringSubmatch(line); m != nil {
		return s.byLaw(m)
	}
	if m := worth.FindStringSubmatch(line); m != nil {
		return s.worth(s.cast[m[1]], m[2])
	}
	if m := promise.FindStringSubmatch(line); m != nil {
		refs := s.rules.Promising(m[1], m[2])
		if len(refs) == 0 {
			return "  none\n"
		}
		return "  " + strings.Join(refs, ", ") + "\n"
	}
	s.t.Errorf("nobody understands the question %q", line)
	return ""
}

func (s *stage) may(line string, m []string) string {
	use, known := policy.ParseUse(m[1])
	who := s.cast[m[2]]
	if who == nil {
		s.t.Fatalf("nobody has said anything about %s", m[2])
	}
	if !known && m[1] != "none" {
		s.t.Fatalf("%q: there is no use called %s", line, m[1])
	}
	q := policy.Question{Use: use, Purpose: m[3], Channel: m[4], Topic: m[5], Recipient: m[6], Now: s.now}
	r := s.rules.Person(q, who.Standing)
	if m[7] != "" {
		f, has := who.holds[m[7]]
		if !has {
			s.t.Fatalf("%q: nothing was said of %s", line, m[7])
		}
		r = s.rules.Field(q, who.Standing, f)
	}
	if r.Verdict == policy.Allow {
		return "  yes\n"
	}
	return fmt.Sprintf("  no: %s\n  missing: %s\n  marketer: %s\n  person: %s\n", r.Code, r.Missing, r.Marketer, r.Person)
}

// byLaw asks one question for a grown-up in every place, by what they said.
func (s *stage) byLaw(m []string) string {
	use, known := policy.ParseUse(m[1])
	if !known {
		s.t.Fatalf("there is no use called %s", m[1])
	}
	q := policy.Question{Use: use, Purpose: m[2], Channel: m[3], Recipient: m[4], Now: s.now}
	yes := fact.Grant{Status: fact.Granted, Purpose: q.Purpose, Notice: s.notice(q.Purpose)}
	no := fact.Grant{Status: fact.Denied, Purpose: q.Purpose}
	gpc := fact.Grant{Status: fact.Objected, Method: "gpc"}
	said := []struct {
		name string
		s    policy.Standing
	}{
		{"nothing", policy.Standing{Minor: policy.No}},
		{"yes", policy.Standing{Minor: policy.No, Grants: []fact.Grant{yes}}},
		{"no", policy.Standing{Minor: policy.No, Grants: []fact.Grant{yes, no}}},
		{"do not sell", policy.Standing{Minor: policy.No, Grants: []fact.Grant{yes, gpc}}},
		{"bought before", policy.Standing{Minor: policy.No, Purchased: []string{"user.behavior.purchase_history"}}},
		{"yes, age unknown", policy.Standing{Grants: []fact.Grant{yes}}},
		{"yes, young", policy.Standing{Minor: policy.Yes, Grants: []fact.Grant{yes}}},
	}
	var head []string
	for _, c := range said {
		head = append(head, c.name)
	}
	out := row("", head)
	for _, place := range []string{"DE", "GB", "US-CA", "US-TX", "US", "CA", "BR", "unknown"} {
		var cells []string
		for _, c := range said {
			c.s.Jurisdiction = place
			code := s.rules.Person(q, c.s).Code
			if code == policy.CodeAllowed {
				code = "may"
			}
			cells = append(cells, code)
		}
		out += row(place, cells)
	}
	return out
}

// row is one line of a table.
func row(first string, cells []string) string {
	line := fmt.Sprintf("  %-12s", first)
	for _, c := range cells {
		line += fmt.Sprintf("  %-22s", c)
	}
	return strings.TrimRight(line, " ") + "\n"
}

// worth is what one value is good for, use by use, by where it comes from.
func (s *stage) worth(who *someone, name string) string {
	s.t.Helper()
	f, has := who.holds[name]
	if !has {
		s.t.Fatalf("nothing was said of %s", name)
	}
	uses := []policy.Question{
		{Use: policy.Personalize, Purpose: "personalize.content.profiled"},
		{Use: policy.Contact, Purpose: "marketing.communications.email", Channel: "email"},
		{Use: policy.Learn, Purpose: "train_ai_system"},
		{Use: policy.Measure, Purpose: "analytics.reporting"},
		{Use: policy.Operate, Purpose: "essential.service.operations.support"},
		{Use: policy.Honor, Purpose: "essential.legal_obligation"},
	}
	var head []string
	for _, q := range uses {
		head = append(head, q.Use.String())
	}
	out := row("", head)
	for _, origin := range []fact.Origin{fact.Declared, fact.Observed, fact.Inferred, fact.ThirdParty, 0} {
		var cells []string
		f.Origin = origin
		for _, q := range uses {
			q.Now = s.now
			code := s.rules.Field(q, who.Standing, f).Code
			if code == policy.CodeAllowed {
				code = "may"
			}
			cells = append(cells, code)
		}
		out += row(origin.String(), cells)
	}
	return out
}

// notice is one that names the purpose, or none.
func (s *stage) notice(purpose string) string {
	for _, n := range s.defs.Notices {
		for _, c := range n.Covers {
			if slices.Contains(c.Purposes, purpose) && slices.Contains(s.rules.Promising(c.Category, purpose), n.Ref()) {
				return n.Ref()
			}
		}
	}
	return ""
}

func (s *stage) instant(day string) clock.Instant {
	s.t.Helper()
	t, err := time.Parse(time.DateOnly, day)
	if err != nil {
		s.t.Fatalf("%q is not a day", day)
	}
	return clock.At(t)
}
