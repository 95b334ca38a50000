package expression

import (
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/heed-platform/heed/internal/clock"
	"github.com/heed-platform/heed/internal/fact"
	"github.com/heed-platform/heed/internal/policy"
)

func draw(t *rapid.T) *Expression {
	source := drawExpression(t, 3)
	e, err := Compile(source, Schema{})
	if err != nil {
		t.Skip("the generator wrote a mistake that the zero schema knows:", err)
	}
	return e
}

// A yes or a no holds whatever the withheld values are.
func TestExpression_everyCompletionAgrees(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		e := draw(t)
		hidden := drawWorld(t).with(t)
		answer := e.Match(hidden.sight(), noon)
		if answer == policy.Unknown {
			return
		}
		for range 5 {
			full := hidden.completed(t)
			if got := e.Match(full.sight(), noon); got != answer {
				t.Fatalf("%s\nhidden %s: %s\nfull   %s: %s", e, describe(hidden.sight()), answers[answer], describe(full.sight()), answers[got])
			}
		}
	})
}

// Until Due the answer is what it was.
func TestExpression_holdsUntilDue(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		e := draw(t)
		s := drawWorld(t).with(t).sight()
		for i := range s.Profile.Attributes {
			if rapid.IntRange(0, 4).Draw(t, "expires") == 0 {
				s.Profile.Attributes[i].Expires = noon.Add(-30*24*3600e9) + clock.Instant(rapid.Int64Range(0, 60).Draw(t, "day"))*day
			}
		}
		now := noon + clock.Instant(rapid.Int64Range(-40, 40).Draw(t, "now"))*day/2
		answer, due := e.Match(s, now), e.Due(s, now)
		if due != 0 && due <= now {
			t.Fatalf("%s: due %s is not after now %s", e, format(due), format(now))
		}
		end := due - 1
		if due == 0 {
			end = now + 400*day
		}
		for range 5 {
			later := clock.Instant(rapid.Int64Range(int64(now), int64(end)).Draw(t, "later"))
			if got := e.Match(s, later); got != answer {
				t.Fatalf("%s\n%s\nat %s %s, due %s, but at %s %s", e, describe(s), format(now), answers[answer], format(due), format(later), answers[got])
			}
		}
		if got := e.Match(s, end); got != answer {
			t.Fatalf("%s\n%s\nat %s %s, due %s, but at the end %s", e, describe(s), format(now), answers[answer], format(due), answers[got])
		}
		if due != 0 && !e.Timed() && !expires(e, s.Profile.Attributes, due) {
			t.Fatalf("%s is due at %s and says that time does not matter", e, format(due))
		}
	})
}

// expires reports whether a value that e reads expires at the given moment.
func expires(e *Expression, all []fact.Attribute, at clock.Instant) bool {
	for _, a := range all {
		if a.Expires == at && touches(e.Fields(), "traits."+a.Name) {
			return true
		}
	}
	return false
}

// What is not among the fields does not matter.
func TestExpression_readsItsFieldsOnly(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		e := draw(t)
		w := drawWorld(t)
		other := w.clone()
		for _, p := range paths {
			if !touches(e.Fields(), p) {
				other.fill(t, p)
				other.withheld[p] = rapid.Bool().Draw(t, "withheld")
			}
		}
		if a, b := e.Match(w.sight(), noon), e.Match(other.sight(), noon); a != b {
			t.Fatalf("%s reads %v\n%s: %s\n%s: %s", e, e.Fields(), describe(w.sight()), answers[a], describe(other.sight()), answers[b])
		}
	})
}

// touches reports whether a change under path can matter to one of the fields.
func touches(fields []string, path string) bool {
	for _, f := range fields {
		if policy.Within(f, path) || policy.Within(path, f) {
			return true
		}
	}
	return false
}

func TestExpression_laws(t *testing.T) {
	t.Parallel()
	laws := []struct{ left, right string }{
		{"!(A && B)", "!(A) || !(B)"},
		{"!(A || B)", "!(A) && !(B)"},
		{"!(!(A))", "A"},
		{"A && B", "B && A"},
		{"A || B", "B || A"},
		{"A && (B || C)", "(A && B) || (A && C)"},
		{"(A && B) && C", "A && (B && C)"},
		{"A && true", "A"},
		{"A || false", "A"},
		{"A && false", "false"},
		{"A || true", "true"},
	}
	rapid.Check(t, func(t *rapid.T) {
		law := rapid.SampledFrom(laws).Draw(t, "law")
		terms := strings.NewReplacer("A", "("+draw(t).String()+")", "B", "("+draw(t).String()+")", "C", "("+draw(t).String()+")")
		left, err := Compile(terms.Replace(law.left), Schema{})
		if err != nil {
			t.Skip("too many steps")
		}
		right, err := Compile(terms.Replace(law.right), Schema{})
		if err != nil {
			t.Skip("too many steps")
		}
		s := drawWorld(t).with(t).sight()
		if a, b := left.Match(s, noon), right.Match(s, noon); a != b {
			t.Fatalf("%s: %s\n%s: %s\n%s", left, answers[a], right, answers[b], describe(s))
		}
	})
}

// A schema can refuse; it never changes what an expression means.
func TestCompile_schemaOnlyRefuses(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		free := draw(t)
		schema := Schema{Traits: map[string]Type{}}
		for _, name := range traitNames {
			schema.Traits[name] = Type(rapid.IntRange(0, int(Object)).Draw(t, name))
		}
		strict, err := Compile(free.String(), schema)
		if err != nil {
			return
		}
		s := drawWorld(t).with(t).sight()
		if a, b := free.Match(s, noon), strict.Match(s, noon); a != b {
			t.Fatalf("%s: %s without and %s with %v", free, answers[a], answers[b], schema.Traits)
		}
		if a, b := strings.Join(free.Fields(), " "), strings.Join(strict.Fields(), " "); a != b {
			t.Fatalf("%s reads %s without and %s with a schema", free, a, b)
		}
	})
}
