package identity_test

import (
	"crypto/sha256"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/heed-platform/heed/internal/clock"
	"github.com/heed-platform/heed/internal/fact"
	"github.com/heed-platform/heed/internal/know/identity"
	"github.com/heed-platform/heed/internal/person"
)

var update = flag.Bool("update", false, "rewrite the answers in testdata")

const day = clock.Instant(24 * 3600 * 1_000_000)

// story is one paragraph of testdata/stories.txt.
type story struct {
	title string
	heard []string
	says  []string
}

func readStories(t *testing.T) (preamble string, stories []story) {
	t.Helper()
	b, err := os.ReadFile("testdata/stories.txt")
	if err != nil {
		t.Fatal(err)
	}
	parts := strings.Split("\n"+string(b), "\n== ")
	for _, p := range parts[1:] {
		title, rest, _ := strings.Cut(p, "\n")
		heard, says, ok := strings.Cut(rest, "---\n")
		if !ok {
			t.Fatalf("story %q has no dashes", title)
		}
		stories = append(stories, story{title, lines(heard), lines(says)})
	}
	return strings.TrimSpace(parts[0]), stories
}

func lines(s string) []string {
	return strings.FieldsFunc(s, func(r rune) bool { return r == '\n' })
}

// world is what was heard, the fragments numbered as they arrive.
type world struct {
	names []string // by id, less one
	nodes []identity.Node
	edges []identity.Edge
}

func (w *world) id(name string) fact.FragmentID {
	if i := slices.Index(w.names, name); i >= 0 {
		return fact.FragmentID(i + 1)
	}
	ns, _, _ := strings.Cut(name, ":")
	w.names = append(w.names, name)
	id := fact.FragmentID(len(w.names))
	w.nodes = append(w.nodes, identity.Node{ID: id, NS: person.Namespace(ns), Ref: ref(name)})
	return id
}

func ref(name string) person.Ref { return person.RefOf([16]byte(hash(name))) }

func hash(s string) person.Hash {
	h := sha256.Sum256([]byte(s))
	return person.Hash(h[:16])
}

// hear does with a line what collect does with an event: the first identifier
// is the fragment's, the others are edges.
func (w *world) hear(t *testing.T, line string) {
	t.Helper()
	f := strings.Fields(line)
	if f[0] == "cut" {
		a, b := w.id(f[1]), w.id(f[2])
		w.edges = append(w.edges, identity.Edge{A: a, B: b, Verified: true, Cut: true, At: 5000 * day})
		return
	}
	var n int
	if _, err := fmt.Sscan(f[1], &n); err != nil || len(f) < 4 {
		t.Fatalf("can't read %q", line)
	}
	verified := f[2] == "server"
	first := w.id(f[3])
	for _, name := range f[3:] {
		id := w.id(name)
		w.nodes[id-1].Verified = w.nodes[id-1].Verified || verified
		if id != first {
			w.edges = append(w.edges, identity.Edge{A: first, B: id, Verified: verified, At: clock.Instant(n) * day, Message: hash(line)})
		}
	}
}

// tell writes an answer in the words of the stories.
func (w *world) tell(people []identity.Person, r identity.Rules) []string {
	byStrength := func(x, y string) int {
		nx, _, _ := strings.Cut(x, ":")
		ny, _, _ := strings.Cut(y, ":")
		if c := r.Compare(person.Namespace(nx), person.Namespace(ny)); c != 0 {
			return c
		}
		return strings.Compare(x, y)
	}
	var groups [][]string
	var refused []string
	for _, p := range people {
		var names []string
		for _, f := range p.Fragments {
			names = append(names, w.names[f-1])
		}
		slices.SortFunc(names, byStrength)
		groups = append(groups, names)
		for _, f := range p.Refused {
			ends := []string{w.names[f.Edge.A-1], w.names[f.Edge.B-1]}
			slices.SortFunc(ends, byStrength)
			refused = append(refused, fmt.Sprintf("refused %s %s %s", f.Code, ends[0], ends[1]))
		}
	}
	slices.SortFunc(groups, func(x, y []string) int { return byStrength(x[0], y[0]) })
	slices.Sort(refused)
	var out []string
	for _, g := range groups {
		out = append(out, strings.Join(g, " "))
	}
	return append(out, slices.Compact(refused)...)
}

func TestResolve_stories(t *testing.T) {
	t.Parallel()
	preamble, stories := readStories(t)
	r := identity.DefaultRules()
	for i, s := range stories {
		w := &world{}
		for _, l := range s.heard {
			w.hear(t, l)
		}
		got := w.tell(identity.Resolve(w.nodes, w.edges, r), r)
		if *update {
			stories[i].says = got
			continue
		}
		want := slices.Clone(s.says)
		if d := cmp.Diff(sorted(want), sorted(got)); d != "" {
			t.Errorf("%s (-want +got):\n%s", s.title, d)
		}
		for seed := range uint64(20) {
			shuffled := slices.Clone(s.heard)
			rand.New(rand.NewPCG(seed, 1)).Shuffle(len(shuffled), func(i, j int) {
				shuffled[i], shuffled[j] = shuffled[j], shuffled[i]
			})
			w := &world{}
			for _, l := range shuffled {
				w.hear(t, l)
			}
			if d := cmp.Diff(got, w.tell(identity.Resolve(w.nodes, w.edges, r), r)); d != "" {
				t.Fatalf("%s, arriving as %q (-in order +shuffled):\n%s", s.title, shuffled, d)
			}
		}
	}
	if *update {
		writeStories(t, preamble, stories)
	}
}

func sorted(s []string) []string {
	s = slices.Clone(s)
	slices.Sort(s)
	return s
}

func writeStories(t *testing.T, preamble string, stories []story) {
	t.Helper()
	var b strings.Builder
	b.WriteString(preamble + "\n")
	for _, s := range stories {
		fmt.Fprintf(&b, "\n== %s\n%s\n---\n%s\n", s.title, strings.Join(s.heard, "\n"), strings.Join(s.says, "\n"))
	}
	if err := os.WriteFile("testdata/stories.txt", []byte(b.String()), 0o600); err != nil {
		t.Fatal(err)
	}
}
