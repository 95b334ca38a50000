package heed_test

import (
	"fmt"
	"go/ast"
	"go/token"
	"maps"
	"path"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"
)

// way lists the stages in the order data travels. A package may import its own
// stage, earlier ones and the floor; it never looks ahead.
var way = []string{"collect", "know", "decide", "reach", "learn", "account"}

// leaves are what stages tell each other with; they import nobody but each other.
var leaves = []string{"clock", "fact", "person", "problem"}

// floor is what every stage stands on.
var floor = append([]string{"keep", "policy"}, leaves...)

// mayImport says, for each folder under internal, which others it may import.
// A folder that is not here is a decision that nobody has taken: see docs/adr.
var mayImport = func() map[string][]string {
	may := map[string][]string{
		"policy": leaves,
		"keep":   append([]string{"policy"}, leaves...),
		"config": leaves,
		"line":   append([]string{"collect", "know", "decide"}, floor...),
		"web":    slices.Concat(way, floor, []string{"line"}),
		// app builds the program.
		"app": {"*"},
	}
	for _, leaf := range leaves {
		may[leaf] = leaves
	}
	for i, stage := range way {
		may[stage] = slices.Concat(way[:i], floor)
	}
	return may
}()

// only lists, for each import that could break a promise, who may have it.
var only = []struct {
	paths   []string
	folders []string
	why     string
}{
	{[]string{"database/sql", "zombiezen.com/go/sqlite", "modernc.org", "github.com/jackc/pgx"}, []string{"internal/keep/internal"}, "only keep/internal speaks SQL"},
	{[]string{"net/http"}, []string{"internal/web", "internal/reach/email", "internal/reach/sms", "internal/reach/webhook", "internal/collect/source", "internal/app", "cmd"}, "HTTP stays at the edges; return a problem.Error"},
	{[]string{"github.com/alecthomas/kong", "github.com/schollz/progressbar"}, []string{"cmd", "internal/app"}, "the command line is app's; a part knows nothing of flags"},
	{[]string{"github.com/wneessen/go-mail", "github.com/emersion", "net/smtp"}, []string{"internal/reach/email"}, "one package speaks SMTP"},
	{[]string{"cel.dev", "github.com/google/cel-go"}, []string{"internal/know/audience"}, "expressions are audiences"},
	{[]string{"go.yaml.in/yaml"}, []string{"internal/config", "internal/app", "internal/keep/catalog", "internal/collect/source", "internal/web/page/words"}, "definitions, mappings, settings and texts are the YAML there is"},
	{[]string{"github.com/prometheus"}, []string{"internal/app", "internal/web"}, "others count; the edge publishes"},
	{[]string{"unsafe", "reflect"}, nil, "either would open a sealed Pass"},
	{[]string{"os/exec", "plugin"}, nil, "heed runs no other program"},
	{[]string{"math/rand", "log"}, nil, "use math/rand/v2 or crypto/rand, and log/slog"},
}

// impure is what no rule may read: it answers the same question the same way.
var impure = []string{"os", "net", "crypto/rand", "math/rand", "math/rand/v2", "io/fs", "log/slog", "sync", "context", "runtime", "syscall"}

// mayReveal lists the folders and files that may turn a person.Secret back into
// text, and what for. Each line is a promise to check in review; keep it short.
var mayReveal = map[string]string{
	"internal/app/data.go":    "writes what a person says about themselves as an event of theirs",
	"internal/app/sources.go": "hands collect the canonical form that know gives an identifier",
	"internal/person":         "compares two secrets without showing them",
	"internal/fact":           "writes and reads the bytes that are sealed",
	"internal/collect":        "reads what has just arrived",
	"internal/know":           "normalizes, compares, folds and matches values",
	"internal/line":           "carries an event from its arrival to its seal",
	"internal/keep":           "seals, opens and rules",
	"internal/reach":          "writes the message that the gate has cleared",
	"internal/account":        "answers the person and exports what is theirs",
	"internal/web/page":       "shows people their own data",
}

// sealed are the types that only the gate makes; their zero values open nothing.
var sealed = []string{"Pass", "View", "Audience", "Cleared", "Handed", "Shown", "Total", "Dossier"}

// doors are functions, methods and types that only the named folders may use; a
// name without a package is a method of any value.
var doors = []struct {
	pkg, name string
	folders   []string
	why       string
}{
	{"gate", "Consider", []string{"internal/line"}, "it rules over a profile in the middle of the line's transaction"},
	{"", "Vault", []string{"internal/keep", "internal/line", "internal/app", "internal/account/audit"}, "what it opens, no ruling has seen; everybody else asks the gate"},
}

const (
	maxFile    = 600  // lines; aim under 300
	maxPackage = 1500 // lines without tests; aim under 600
)

// longer lists files and packages over the limits, each with its reason.
var longer = map[string]string{
	"internal/app":                      "wiring, one short file for each thing that is wired; what decides anything lies in a stage",
	"internal/app/command":              "one short file for each command of the program",
	"internal/account/rights":           "one dossier in words for staff, for the person and to take along; they share the words",
	"internal/web/api":                  "a row and a short function for each thing that the API does; what decides lies behind it",
	"internal/collect/event":            "one judgment of one event, in one pass over its bytes",
	"internal/collect/source":           "an import is one way from rows to events, whatever the file",
	"internal/collect/source/mapping":   "one language: what a mapping may say, and every fault of it with its line",
	"internal/know/audience/expression": "one language: its words, its three-valued answers, its timers",
	"internal/policy":                   "one judgment; half of it is the definitions it compiles and the sentences it answers with",
	"internal/keep/gate":                "eight kinds of use behind one door; two doors would be two rules",
	"internal/keep/internal/postgres":   "one engine behind store.Data and store.Identity, a file for each subject",
	"internal/keep/internal/sqlite":     "one engine behind store.Data and store.Identity, a file for each subject",
	"internal/keep/internal/vault":      "seals, chains and key epochs share the bytes that must never be read apart",
	"internal/line":                     "the walk is one transaction: a file for each of its steps, read top to bottom",
	"internal/reach/template":           "a language of our own: reading it, running it, and escaping by place",
}

// wire lists packages that speak somebody else's JSON.
var wire = map[string]string{
	"internal/collect/event":       "the Segment spec's names",
	"internal/app/town":            "its people send events under the Segment spec's names",
	"internal/collect/source":      "shops' and payment providers' names",
	"internal/reach/sms":           "Twilio's names",
	"internal/collect/consent/gpp": "the IAB libraries' names",
	"internal/collect/consent/tcf": "the IAB libraries' names",
	"internal/collect/consent/usp": "the IAB libraries' names",
	"internal/web/api/ingest":      "what SDKs ask for before they send, under their names",
	"internal/web/page/gpc":        "the W3C specification's names",
}

// vague names say nothing about what is inside.
var vague = []string{"util", "utils", "common", "models", "manager", "service", "helpers", "helper", "types", "base", "misc", "lib", "shared"}

// architecture holds the tree to docs/adr and CONTRIBUTING.md.
var architecture = []rule{
	{"data moves one way", checkDirection},
	{"dangerous imports have a home", checkOnly},
	{"policy is pure", checkPure},
	{"only the gate makes what opens people", checkSealed},
	{"few may reveal a secret", checkReveal},
	{"side doors are for the few", checkDoors},
	{"packages and files stay small", checkSize},
	{"JSON is snake_case", checkTags},
	{"names say something", checkNames},
	{"no test hides", checkHiding},
}

func TestArchitecture(t *testing.T) {
	t.Parallel()
	tr := here(t)
	for _, r := range architecture {
		t.Run(r.name, func(t *testing.T) {
			t.Parallel()
			for _, fault := range r.check(tr) {
				t.Error(fault)
			}
		})
	}
}

// part is the folder under internal that a folder or package belongs to.
func part(dir string) string {
	rest, ok := strings.CutPrefix(dir, "internal/")
	if !ok {
		return ""
	}
	first, _, _ := strings.Cut(rest, "/")
	return first
}

func checkDirection(tr *tree) (faults []string) {
	for _, f := range tr.program() {
		from := part(f.dir)
		may, known := mayImport[from]
		if from != "" && !known {
			faults = append(faults, fmt.Sprintf("%s: internal/%s has no place in the house; give it one in mayImport, with an ADR", f.path, from))
			continue
		}
		for imported, place := range tr.imports(f) {
			rel, ours := strings.CutPrefix(imported, module+"/")
			if !ours {
				if slices.Contains(leaves, from) && strings.Contains(strings.Split(imported, "/")[0], ".") {
					faults = append(faults, fmt.Sprintf("%s: %s is a leaf and imports only the standard library, not %s", place, from, imported))
				}
				continue
			}
			to := part(rel)
			if from == "" || to == from || slices.Contains(may, "*") || slices.Contains(may, to) {
				continue
			}
			faults = append(faults, fmt.Sprintf("%s: %s may not import %s; it may import %v", place, from, to, may))
		}
	}
	return faults
}

func checkOnly(tr *tree) (faults []string) {
	for _, f := range tr.program() {
		for imported, place := range tr.imports(f) {
			for _, o := range only {
				// math/rand and log are names of folders too: those match exactly.
				match := under(imported, o.paths...) && !under(imported, "math/rand/v2", "log/slog")
				if match && !under(f.dir, o.folders...) {
					faults = append(faults, fmt.Sprintf("%s: only %v may import %s: %s", place, o.folders, imported, o.why))
				}
			}
		}
	}
	return faults
}

func checkPure(tr *tree) (faults []string) {
	for _, f := range tr.program() {
		for imported, place := range tr.imports(f) {
			outside := strings.Contains(strings.Split(imported, "/")[0], ".") && !under(imported, module)
			if part(f.dir) == "policy" && (outside || under(imported, impure...)) {
				faults = append(faults, fmt.Sprintf("%s: policy is a pure function of its question; it has no use for %s", place, imported))
			}
		}
	}
	return faults
}

func checkSealed(tr *tree) (faults []string) {
	for _, f := range tr.program() {
		if under(f.dir, "internal/keep/gate") {
			continue
		}
		ast.Inspect(f.File, func(n ast.Node) bool {
			lit, ok := n.(*ast.CompositeLit)
			if !ok {
				return true
			}
			made := lit.Type
			if generic, ok := made.(*ast.IndexExpr); ok {
				made = generic.X
			}
			if s, ok := made.(*ast.SelectorExpr); ok && isName(s.X, "gate") && slices.Contains(sealed, s.Sel.Name) {
				faults = append(faults, fmt.Sprintf("%s: gate.%s is made only by the gate", tr.at(lit), s.Sel.Name))
			}
			return true
		})
	}
	return faults
}

func isName(e ast.Expr, name string) bool {
	id, ok := e.(*ast.Ident)
	return ok && id.Name == name
}

func checkReveal(tr *tree) (faults []string) {
	allowed := slices.Collect(maps.Keys(mayReveal))
	for _, f := range tr.program() {
		if under(f.path, allowed...) {
			continue
		}
		ast.Inspect(f.File, func(n ast.Node) bool {
			if s, ok := n.(*ast.SelectorExpr); ok && s.Sel.Name == "Reveal" {
				faults = append(faults, fmt.Sprintf("%s: %s may not reveal a secret; pass it on as it is", tr.at(s.Sel), f.dir))
			}
			return true
		})
	}
	return faults
}

func checkDoors(tr *tree) (faults []string) {
	for _, f := range tr.program() {
		ast.Inspect(f.File, func(n ast.Node) bool {
			s, ok := n.(*ast.SelectorExpr)
			if !ok {
				return true
			}
			for _, d := range doors {
				if s.Sel.Name == d.name && (d.pkg == "" || isName(s.X, d.pkg)) && !under(f.dir, d.folders...) {
					faults = append(faults, fmt.Sprintf("%s: only %v may use %s.%s: %s", tr.at(s.Sel), d.folders, d.pkg, d.name, d.why))
				}
			}
			return true
		})
	}
	return faults
}

func checkSize(tr *tree) (faults []string) {
	lines, limit := map[string]int{}, map[string]int{}
	for _, f := range tr.code {
		if f.generated {
			continue
		}
		lines[f.path], limit[f.path] = f.lines, maxFile
		if !f.aside() {
			lines[f.dir] += f.lines
			limit[f.dir] = maxPackage
		}
	}
	for _, p := range slices.Sorted(maps.Keys(limit)) {
		switch {
		case lines[p] > limit[p] && longer[p] == "":
			faults = append(faults, fmt.Sprintf("%s has %d lines, more than %d: split it by subject, or say in longer why not", p, lines[p], limit[p]))
		case lines[p] < limit[p]*8/10 && longer[p] != "": // not at once, or it flips with every change
			faults = append(faults, fmt.Sprintf("%s is short enough now: take its exception away", p))
		}
	}
	return faults
}

var snake = regexp.MustCompile(`^[a-z][a-z0-9]*(_[a-z0-9]+)*$`)

func checkTags(tr *tree) (faults []string) {
	others := slices.Collect(maps.Keys(wire))
	for _, f := range tr.program() {
		if under(f.dir, others...) {
			continue
		}
		ast.Inspect(f.File, func(n ast.Node) bool {
			field, ok := n.(*ast.Field)
			if !ok || field.Tag == nil {
				return true
			}
			text, err := strconv.Unquote(field.Tag.Value)
			if err != nil {
				panic(err) // the parser has accepted it
			}
			for _, kind := range []string{"json", "yaml"} {
				name, _, _ := strings.Cut(reflect.StructTag(text).Get(kind), ",")
				if name != "" && name != "-" && !snake.MatchString(name) {
					faults = append(faults, fmt.Sprintf("%s: %s names are snake_case, not %q", tr.at(field), kind, name))
				}
			}
			return true
		})
	}
	return faults
}

func checkNames(tr *tree) (faults []string) {
	seen := map[string]bool{}
	for _, f := range tr.code {
		if seen[f.dir] {
			continue
		}
		seen[f.dir] = true
		if slices.Contains(vague, path.Base(f.dir)) || slices.Contains(vague, f.Name.Name) {
			faults = append(faults, fmt.Sprintf("%s: the name of package %s says nothing about what is inside", f.path, f.Name.Name))
		}
	}
	return faults
}

// checkHiding finds tests that may not run although nobody would see it.
func checkHiding(tr *tree) (faults []string) {
	for _, f := range tr.code {
		for _, group := range f.Comments {
			for _, c := range group.List {
				if f.test && strings.HasPrefix(c.Text, "//go:build") {
					faults = append(faults, fmt.Sprintf("%s: a build constraint hides this test; what it needs, the test command installs", tr.at(c)))
				}
			}
		}
		ast.Inspect(f.File, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok {
				return true
			}
			s, ok := call.Fun.(*ast.SelectorExpr)
			if !ok {
				return true
			}
			tester := isName(s.X, "t") || isName(s.X, "b") || isName(s.X, "f") || isName(s.X, "tb")
			if tester && !drawing(f, s.X.Pos()) && slices.Contains([]string{"Skip", "Skipf", "SkipNow"}, s.Sel.Name) || isName(s.X, "testing") && s.Sel.Name == "Short" {
				faults = append(faults, fmt.Sprintf("%s: a test runs or fails, it does not skip; what it needs, the test command installs", tr.at(call)))
			}
			return true
		})
	}
	return faults
}

// drawing reports whether pos lies in a function of a *rapid.T, where Skip takes
// another draw and skips no test.
func drawing(f *source, pos token.Pos) (is bool) {
	ast.Inspect(f.File, func(n ast.Node) bool {
		var params *ast.FieldList
		switch n := n.(type) {
		case *ast.FuncDecl:
			params = n.Type.Params
		case *ast.FuncLit:
			params = n.Type.Params
		default:
			return true
		}
		if pos < n.Pos() || n.End() <= pos {
			return false
		}
		// The innermost function that takes a tester is the one that speaks.
		if len(params.List) > 0 {
			if star, ok := params.List[0].Type.(*ast.StarExpr); ok {
				s, ok := star.X.(*ast.SelectorExpr)
				is = ok && isName(s.X, "rapid")
			}
		}
		return true
	})
	return is
}

// TestArchitecture_catches is the control: each rule must find a planted fault.
func TestArchitecture_catches(t *testing.T) {
	t.Parallel()
	long := "package gate\n" + strings.Repeat("\n", maxFile+1)
	tests := []struct{ rule, path, text, want string }{
		{"data moves one way", "internal/know/profile/a.go", `package profile; import _ "github.com/heed-platform/heed/internal/reach/email"`, "know may not import reach"},
		{"data moves one way", "internal/collect/event/a.go", `package event; import _ "github.com/heed-platform/heed/internal/line"`, "collect may not import line"},
		{"data moves one way", "internal/account/audit/a.go", `package audit; import _ "github.com/heed-platform/heed/internal/web/api"`, "account may not import web"},
		{"data moves one way", "internal/line/a.go", `package line; import _ "github.com/heed-platform/heed/internal/reach/delivery"`, "line may not import reach"},
		{"data moves one way", "internal/policy/a.go", `package policy; import _ "github.com/heed-platform/heed/internal/keep/gate"`, "policy may not import keep"},
		{"data moves one way", "internal/person/a.go", `package person; import _ "golang.org/x/text/width"`, "person is a leaf"},
		{"data moves one way", "internal/web/page/a.go", `package page; import _ "github.com/heed-platform/heed/internal/app"`, "web may not import app"},
		{"data moves one way", "internal/magic/a.go", `package magic`, "no place in the house"},
		{"dangerous imports have a home", "internal/keep/gate/a.go", `package gate; import _ "github.com/jackc/pgx/v5"`, "only keep/internal speaks SQL"},
		{"dangerous imports have a home", "internal/know/place/a.go", `package place; import _ "net/http"`, "HTTP stays at the edges"},
		{"dangerous imports have a home", "internal/app/a.go", `package app; import _ "reflect"`, "sealed Pass"},
		{"dangerous imports have a home", "cmd/heed/a.go", `package main; import _ "log"`, "log/slog"},
		{"policy is pure", "internal/policy/a.go", `package policy; import _ "os"`, "has no use for os"},
		{"policy is pure", "internal/policy/a.go", `package policy; import _ "cel.dev/cel-go/cel"`, "has no use for cel"},
		{"only the gate makes what opens people", "internal/app/a.go", `package app; var x = gate.Pass[gate.Contact]{}`, "gate.Pass is made only by the gate"},
		{"only the gate makes what opens people", "internal/reach/sms/a.go", `package sms; var x = &gate.Cleared{}`, "gate.Cleared is made only by the gate"},
		{"few may reveal a secret", "internal/decide/guard/a.go", `package guard; var x = secret.Reveal()`, "may not reveal"},
		{"few may reveal a secret", "internal/web/api/a.go", `package api; var f = person.Secret.Reveal`, "may not reveal"},
		{"side doors are for the few", "internal/web/page/a.go", `package page; var x = gate.Consider[gate.Contact]`, "only [internal/line] may use gate.Consider"},
		{"side doors are for the few", "internal/web/api/a.go", `package api; func f(k *keep.Keep) any { return k.Vault() }`, "may use .Vault"},
		{"packages and files stay small", "internal/keep/gate/a.go", long, "split it by subject"},
		{"JSON is snake_case", "internal/web/api/a.go", "package api; type a struct { B int `json:\"messageId,omitempty\"` }", "snake_case"},
		{"names say something", "internal/web/util/a.go", `package util`, "says nothing"},
		{"no test hides", "internal/web/api/a_test.go", `package api; func TestA(t *testing.T) { t.Skip("no PostgreSQL") }`, "does not skip"},
		{"no test hides", "internal/web/api/a_test.go", `package api; func TestA(t *testing.T) { if testing.Short() { return } }`, "does not skip"},
		{"no test hides", "internal/web/api/a_test.go", `package api; func TestA(t *testing.T) { rapid.Check(t, func(t *rapid.T) {}); t.Skip() }`, "does not skip"},
		{"no test hides", "internal/web/api/a_test.go", "//go:build slow\n\npackage api", "build constraint"},
	}
	caught := map[string]bool{}
	for _, test := range tests {
		tr := readTree(t, fstest.MapFS{test.path: {Data: []byte(test.text)}})
		for _, r := range architecture {
			if r.name != test.rule {
				continue
			}
			faults := strings.Join(r.check(tr), "\n")
			if !strings.Contains(faults, test.want) {
				t.Errorf("%q does not see %s in\n%s\nit says: %s", r.name, test.want, test.text, faults)
			}
			caught[r.name] = true
		}
	}
	for _, r := range architecture {
		if !caught[r.name] {
			t.Errorf("nothing shows that %q can fail", r.name)
		}
	}
}

// TestArchitecture_allows shows that the rules let the ordinary through.
func TestArchitecture_allows(t *testing.T) {
	t.Parallel()
	tr := readTree(t, fstest.MapFS{
		"internal/decide/guard/a.go": {Data: []byte(`package guard; import (_ "github.com/heed-platform/heed/internal/know/profile"; _ "github.com/heed-platform/heed/internal/keep/gate"; _ "log/slog"; _ "math/rand/v2")`)},
		"internal/app/part/a.go":     {Data: []byte(`package part; import (_ "github.com/heed-platform/heed/internal/web/api"; _ "github.com/heed-platform/heed/internal/line"; _ "net/http")`)},
		"internal/fact/a.go":         {Data: []byte(`package fact; import (_ "github.com/heed-platform/heed/internal/person"; _ "strings")`)},
		"internal/keep/a_test.go":    {Data: []byte(`package keep; import _ "reflect"`)},
		"internal/know/a_test.go":    {Data: []byte(`package know; func TestA(t *testing.T) { rapid.Check(t, func(t *rapid.T) { t.Skip("draw again") }) }`)},
		"internal/reach/sms/a.go":    {Data: []byte("package sms; type a struct { B int `json:\"MessageSid\"` }")},
	})
	for _, r := range architecture {
		for _, fault := range r.check(tr) {
			t.Errorf("%s: %s", r.name, fault)
		}
	}
}
