package expression

import (
	"bufio"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/heed-platform/heed/internal/policy"
)

var answers = map[policy.Tri]string{policy.Yes: "yes", policy.No: "no", policy.Unknown: "unknown"}

// TestExpression_tables reads testdata/*.txt: an expression at the margin, and
// under it answers and people. "→ TIME" after a person is when to look again.
func TestExpression_tables(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) < 5 {
		t.Fatalf("the tables are missing: %v %v", files, err)
	}
	for _, name := range files {
		t.Run(filepath.Base(name), func(t *testing.T) {
			t.Parallel()
			f, err := os.Open(name)
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			lines := bufio.NewScanner(f)
			var e *Expression
			for n := 1; lines.Scan(); n++ {
				line := lines.Text()
				switch {
				case strings.TrimSpace(line) == "" || line[0] == '#':
				case line[0] != ' ':
					if e, err = Compile(line, Schema{}); err != nil {
						t.Fatalf("%s:%d: %v", name, n, err)
					}
				default:
					row(t, name, n, e, line)
				}
			}
		})
	}
}

func row(t *testing.T, name string, n int, e *Expression, line string) {
	t.Helper()
	want, words, ok := strings.Cut(strings.TrimSpace(line), " ")
	if !ok || e == nil {
		t.Fatalf("%s:%d: not an answer and a person", name, n)
	}
	words, again, timed := strings.Cut(strings.TrimSpace(words), " → ")
	s := sight(t, words)
	if got := answers[e.Match(s, noon)]; got != want {
		t.Errorf("%s:%d: %s\n%s: got %s, want %s", name, n, e, words, got, want)
	}
	if due := format(e.Due(s, noon)); timed && due != again {
		t.Errorf("%s:%d: %s\n%s: look again %s, want %s", name, n, e, words, due, again)
	}
	if lacks := e.Lacks(s, noon); want == "unknown" && len(lacks) == 0 {
		t.Errorf("%s:%d: %s\n%s: unknown, and nothing says why", name, n, e, words)
	}
}
