package heed_test

import (
	"flag"
	"fmt"
	"go/ast"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

var update = flag.Bool("update", false, "rewrite docs/problems/README.md from the code")

// documentation holds what people read to what the code says.
var documentation = []rule{
	{"each package says once what it is for", checkPackageDocs},
	{"links lead somewhere", checkLinks},
	{"pages name folders that exist", checkPaths},
	{"every problem has its row", checkProblems},
	{"problems are well made", checkCodes},
	{"every word has a meaning", checkWords},
	{"decisions are complete", checkDecisions},
	{"nothing is left for later", checkUnfinished},
	{"no trace of a machine", checkTraces},
}

func TestDocs(t *testing.T) {
	t.Parallel()
	tr := here(t)
	if *update {
		writeProblems(t, tr)
	}
	for _, r := range documentation {
		t.Run(r.name, func(t *testing.T) {
			t.Parallel()
			for _, fault := range r.check(tr) {
				t.Error(fault)
			}
		})
	}
}

// text is a file of the tree.
func (tr *tree) text(name string) (string, bool) {
	b, err := fs.ReadFile(tr.files, name)
	return string(b), err == nil
}

func (tr *tree) exists(name string) bool {
	_, err := fs.Stat(tr.files, name)
	return err == nil
}

// pages are the Markdown files.
func (tr *tree) pages() []string {
	return slices.DeleteFunc(slices.Clone(tr.all), func(p string) bool {
		return path.Ext(p) != ".md" || strings.Contains(p, "testdata/")
	})
}

func checkPackageDocs(tr *tree) (faults []string) {
	comments := map[string][]string{}
	for _, f := range tr.code {
		if f.test {
			continue
		}
		if _, seen := comments[f.dir]; !seen {
			comments[f.dir] = nil
		}
		if f.Doc == nil {
			continue
		}
		comments[f.dir] = append(comments[f.dir], f.path)
		want := "Package " + f.Name.Name + " "
		if f.Name.Name == "main" {
			want = "Command " + path.Base(f.dir) + " "
		}
		if !strings.HasPrefix(f.Doc.Text(), want) {
			faults = append(faults, fmt.Sprintf("%s: the package comment begins with %q", f.path, want))
		}
	}
	for _, dir := range slices.Sorted(maps.Keys(comments)) {
		if n := len(comments[dir]); n != 1 {
			faults = append(faults, fmt.Sprintf("%s has %d package comments %v; it needs exactly one: what it is for, what it promises, what it does not do, where to start reading", dir, n, comments[dir]))
		}
	}
	return faults
}

var (
	link    = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	fence   = regexp.MustCompile("(?ms)^```.*?^```$")
	heading = regexp.MustCompile(`(?m)^#+ +(.+)$`)
	anchor  = regexp.MustCompile(`<a id="([^"]+)">`)
)

// anchors are the places in a page that a link can name, as GitHub makes them.
func anchors(text string) []string {
	var ids []string
	for _, m := range heading.FindAllStringSubmatch(fence.ReplaceAllString(text, ""), -1) {
		id := strings.Map(func(r rune) rune {
			switch {
			case r == ' ':
				return '-'
			case r == '-' || r == '_' || r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r > 127:
				return r
			}
			return -1
		}, strings.ToLower(m[1]))
		ids = append(ids, id)
	}
	for _, m := range anchor.FindAllStringSubmatch(text, -1) {
		ids = append(ids, m[1])
	}
	return ids
}

func checkLinks(tr *tree) (faults []string) {
	for _, page := range tr.pages() {
		text, _ := tr.text(page)
		for _, m := range link.FindAllStringSubmatch(fence.ReplaceAllString(text, ""), -1) {
			target := m[1]
			if strings.Contains(target, "://") || strings.HasPrefix(target, "mailto:") {
				continue
			}
			name, id, _ := strings.Cut(target, "#")
			full := path.Join(path.Dir(page), name)
			if name == "" {
				full = page
			}
			if !tr.exists(full) {
				faults = append(faults, fmt.Sprintf("%s: the link to %s leads nowhere", page, target))
				continue
			}
			if other, _ := tr.text(full); id != "" && !slices.Contains(anchors(other), id) {
				faults = append(faults, fmt.Sprintf("%s: %s has no place named %s", page, full, id))
			}
		}
	}
	return faults
}

var inTree = regexp.MustCompile("`((?:cmd|internal|docs|stories|workspace|tools)/[a-z0-9_/.-]*)`")

func checkPaths(tr *tree) (faults []string) {
	for _, page := range tr.pages() {
		text, _ := tr.text(page)
		for _, m := range inTree.FindAllStringSubmatch(text, -1) {
			if !tr.exists(strings.TrimSuffix(m[1], "/")) {
				faults = append(faults, fmt.Sprintf("%s: there is no %s", page, m[1]))
			}
		}
	}
	return faults
}

// coded is one problem.New in the program.
type coded struct{ place, kind, code, detail string }

// problems finds every problem that the program can answer with; what is not
// written as constants is a fault.
func (tr *tree) problems() (all []coded, faults []string) {
	for _, f := range tr.program() {
		local := f.dir == "internal/problem"
		ast.Inspect(f.File, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok {
				return true
			}
			made := local && isName(call.Fun, "New")
			if s, ok := call.Fun.(*ast.SelectorExpr); ok {
				made = isName(s.X, "problem") && s.Sel.Name == "New"
			}
			if !made {
				return true
			}
			c := coded{place: tr.at(call)}
			if len(call.Args) == 3 {
				kind := call.Args[0]
				if s, ok := kind.(*ast.SelectorExpr); ok {
					kind = s.Sel
				}
				id, isKind := kind.(*ast.Ident)
				code, isCode := constant(call.Args[1])
				detail, isDetail := constant(call.Args[2])
				if isKind && isCode && isDetail {
					c.kind, c.code, c.detail = id.Name, code, detail
					all = append(all, c)
					return true
				}
			}
			faults = append(faults, c.place+": the kind, code and detail of a problem are constants; data goes into At or Because")
			return true
		})
	}
	slices.SortFunc(all, func(a, b coded) int { return strings.Compare(a.code+a.place, b.code+b.place) })
	return all, faults
}

var kebab = regexp.MustCompile(`^[a-z][a-z0-9]*(-[a-z0-9]+)*$`)

func checkCodes(tr *tree) []string {
	all, faults := tr.problems()
	first := map[string]coded{}
	for _, c := range all {
		if !kebab.MatchString(c.code) {
			faults = append(faults, fmt.Sprintf("%s: %q is not kebab-case", c.place, c.code))
		}
		if !strings.HasSuffix(c.detail, ".") && !strings.HasSuffix(c.detail, "?") || strings.ToUpper(c.detail[:1]) != c.detail[:1] && !strings.HasPrefix(c.detail, "heed ") {
			faults = append(faults, fmt.Sprintf("%s: the detail of %s is not a sentence with a full stop", c.place, c.code))
		}
		if f, ok := first[c.code]; ok && f.kind != c.kind {
			faults = append(faults, fmt.Sprintf("%s: %s is %s here and %s at %s; a code never changes its meaning", c.place, c.code, c.kind, f.kind, f.place))
		}
		first[c.code] = c
	}
	return faults
}

const (
	problemsPage  = "docs/problems/README.md"
	problemsBegin = "<!-- problems: begin -->\n"
	problemsEnd   = "<!-- problems: end -->"
)

// problemTable is the page's table as the code has it. The sentence that a
// caller reads says what happened and how to mend it, so the page repeats it.
func problemTable(all []coded) string {
	var b strings.Builder
	b.WriteString("| code | kind | what happened and how to mend it |\n|---|---|---|\n")
	for i, c := range all {
		if i > 0 && all[i-1].code == c.code {
			continue
		}
		// Engines and channels may say the same in other words, each to its own reader.
		var details []string
		for _, same := range all[i:] {
			if same.code == c.code && !slices.Contains(details, same.detail) {
				details = append(details, same.detail)
			}
		}
		text := strings.ReplaceAll(strings.Join(details, "<br>"), "|", `\|`)
		fmt.Fprintf(&b, "| <a id=%q></a>`%s` | %s | %s |\n", c.code, c.code, c.kind, text)
	}
	return b.String()
}

func checkProblems(tr *tree) (faults []string) {
	page, _ := tr.text(problemsPage)
	_, rest, begun := strings.Cut(page, problemsBegin)
	table, _, ended := strings.Cut(rest, problemsEnd)
	if !begun || !ended {
		return []string{problemsPage + " has no table between its problems comments"}
	}
	all, _ := tr.problems()
	want := strings.Split(problemTable(all), "\n")
	got := strings.Split(table, "\n")
	for _, row := range want {
		if !slices.Contains(got, row) {
			faults = append(faults, problemsPage+" lacks this row (make fmt writes it): "+row)
		}
	}
	for _, row := range got {
		if !slices.Contains(want, row) {
			faults = append(faults, problemsPage+" has a row that the code does not (make fmt removes it): "+row)
		}
	}
	return faults
}

func writeProblems(t *testing.T, tr *tree) {
	t.Helper()
	page, _ := tr.text(problemsPage)
	before, rest, begun := strings.Cut(page, problemsBegin)
	_, after, ended := strings.Cut(rest, problemsEnd)
	if !begun || !ended {
		t.Fatal(problemsPage + " has no table between its problems comments")
	}
	all, _ := tr.problems()
	text := before + problemsBegin + problemTable(all) + problemsEnd + after
	if err := os.WriteFile(problemsPage, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// terms are the words that code, API, screens and pages share.
var terms = []string{
	"fact", "fragment", "person", "identifier", "event", "attribute", "provenance", "data category", "purpose", "notice", "grant",
	"use", "gate", "view", "audience", "moment", "candidate", "guard", "decision", "delivery", "recipient", "disclosure", "slip",
}

func checkWords(tr *tree) (faults []string) {
	const page = "docs/guide/words.md"
	text, _ := tr.text(page)
	row := regexp.MustCompile(`(?m)^\| ([a-z ]+) \| (.+) \|$`)
	var listed []string
	for _, m := range row.FindAllStringSubmatch(text, -1) {
		if m[1] == "word" {
			continue
		}
		if slices.Contains(listed, m[1]) {
			faults = append(faults, fmt.Sprintf("%s explains %q twice", page, m[1]))
		}
		listed = append(listed, m[1])
	}
	for _, word := range terms {
		if !slices.Contains(listed, word) {
			faults = append(faults, fmt.Sprintf("%s does not explain %q", page, word))
		}
	}
	return faults
}

// parts are the sections of a decision, in their order.
var parts = []string{"## Question", "## What we do", "## Why, and what else we looked at", "## What it costs", "## How we would notice we were wrong"}

var (
	decisionName  = regexp.MustCompile(`^docs/adr/(\d{4})-[a-z0-9]+(-[a-z0-9]+)*\.md$`)
	decisionState = regexp.MustCompile(`(?m)^status: (draft|accepted|superseded by \d{4}|dropped) · \d{4}-\d\d-\d\d$`)
)

func checkDecisions(tr *tree) (faults []string) {
	next := 0
	for _, p := range tr.pages() {
		if path.Dir(p) != "docs/adr" || path.Base(p) == "README.md" {
			continue
		}
		m := decisionName.FindStringSubmatch(p)
		if m == nil || m[1] != fmt.Sprintf("%04d", next) {
			faults = append(faults, fmt.Sprintf("%s: decisions are docs/adr/NNNN-short-title.md, and the next is %04d", p, next))
			continue
		}
		next++
		text, _ := tr.text(p)
		if m[1] != "0000" && !decisionState.MatchString(text) {
			faults = append(faults, p+": the second line is the status and the date, as in: status: accepted · 2026-01-31")
		}
		if !strings.HasPrefix(text, "# "+m[1]+" ") && m[1] != "0000" {
			faults = append(faults, p+": the title begins with # "+m[1])
		}
		at := 0
		for _, section := range parts {
			i := strings.Index(text[at:], section+"\n")
			if i < 0 {
				faults = append(faults, fmt.Sprintf("%s: %q is missing or not in its place", p, section))
				continue
			}
			at += i
		}
		if n := strings.Count(text, "\n"); n > 80 {
			faults = append(faults, fmt.Sprintf("%s has %d lines; a decision is one page", p, n))
		}
	}
	return faults
}

var written = []string{".go", ".md", ".yaml", ".yml", ".sql", ".ts", ".tsx", ".css", ".html", ".sh", ".txt", ""}

// prose yields the files that people write, with their text.
func (tr *tree) prose(yield func(string, string) bool) {
	for _, p := range tr.all {
		if !slices.Contains(written, path.Ext(p)) || p == "docs_test.go" {
			continue
		}
		if text, ok := tr.text(p); ok && !yield(p, text) {
			return
		}
	}
}

// later are the words by which unfinished work shows; one with an issue's
// number, as in TODO(#12), is a promise that somebody keeps.
var later = regexp.MustCompile(`(?:^|[^.|\w])(TODO|FIXME|XXX|HACK|WIP)\b(\(#\d+\))?|(?i:\b(not (yet )?implemented|unimplemented|lorem ipsum)\b)`)

func checkUnfinished(tr *tree) (faults []string) {
	for p, text := range tr.prose {
		if strings.Contains(p, "testdata/") {
			continue
		}
		for i, line := range strings.Split(text, "\n") {
			if m := later.FindStringSubmatch(line); m != nil && m[2] == "" {
				faults = append(faults, fmt.Sprintf("%s:%d: %q: finish it, or name the issue as in TODO(#12)", p, i+1, strings.TrimSpace(m[0])))
			}
		}
	}
	return faults
}

// registries are the hosts that this machine fetches packages from.
func registries() []string {
	var hosts []string
	for _, cmd := range []*exec.Cmd{exec.Command("go", "env", "GOPROXY"), exec.Command("npm", "config", "get", "registry")} {
		out, err := cmd.Output()
		if err != nil {
			continue // without the tool there is no registry of it
		}
		for _, u := range regexp.MustCompile(`https?://([^/,|\s]+)`).FindAllStringSubmatch(string(out), -1) {
			hosts = append(hosts, u[1])
		}
	}
	return hosts
}

func checkTraces(tr *tree) (faults []string) {
	traces := registries()
	if root, err := os.Getwd(); err == nil {
		traces = append(traces, path.Dir(root)+"/")
	}
	traces = append(traces, "/"+"work/", "/home/", "/Users/")
	for p, text := range tr.prose {
		if path.Base(p) == "go.sum" {
			continue
		}
		for i, line := range strings.Split(text, "\n") {
			for _, trace := range traces {
				if trace != "//" && strings.Contains(line, trace) {
					faults = append(faults, fmt.Sprintf("%s:%d: %q belongs to one machine", p, i+1, trace))
				}
			}
		}
	}
	return faults
}

// TestDocs_catches is the control: each rule must find a planted fault.
func TestDocs_catches(t *testing.T) {
	t.Parallel()
	adr := "# 0000 T\nstatus: accepted · 2026-01-31\n" + strings.Join(parts[1:], "\n")
	tests := []struct{ rule, path, text, want string }{
		{"each package says once what it is for", "a/a.go", "package a", "0 package comments"},
		{"each package says once what it is for", "a/a.go", "// A does it.\npackage a", "begins with"},
		{"links lead somewhere", "README.md", "[x](docs/y.md)", "leads nowhere"},
		{"links lead somewhere", "README.md", "# Two words!\n[x](#two-words) [y](#three)", "no place named three"},
		{"pages name folders that exist", "README.md", "see `internal/nowhere/`", "there is no internal/nowhere"},
		{"every problem has its row", "internal/a/a.go", `package a; var e = problem.New(problem.Invalid, "a-b", "C.")`, "has no table"},
		{"problems are well made", "internal/a/a.go", `package a; var e = problem.New(problem.Invalid, "a_b", "C.")`, "kebab-case"},
		{"problems are well made", "internal/a/a.go", `package a; var e = problem.New(problem.Invalid, "a", "c")`, "not a sentence"},
		{"problems are well made", "internal/a/a.go", `package a; var e = problem.New(problem.Invalid, "a", "C "+name)`, "are constants"},
		{"problems are well made", "internal/a/a.go", `package a; var e, f = problem.New(problem.Invalid, "a", "C."), problem.New(problem.Gone, "a", "D.")`, "a code never changes its meaning"},
		{"every word has a meaning", "docs/guide/words.md", "| fact | x |\n| fact | y |", `explains "fact" twice`},
		{"every word has a meaning", "docs/guide/words.md", "| fact | x |", `does not explain "slip"`},
		{"decisions are complete", "docs/adr/0000-t.md", adr, `"## Question" is missing`},
		{"decisions are complete", "docs/adr/0002-t.md", adr, "the next is 0000"},
		{"nothing is left for later", "a.go", "package a // TODO mend", "finish it"},
		{"nothing is left for later", "a.md", "This is not yet implemented.", "finish it"},
		{"no trace of a machine", "a.md", "see /home/me/x", "belongs to one machine"},
	}
	caught := map[string]bool{}
	for _, test := range tests {
		tr := readTree(t, fstest.MapFS{test.path: {Data: []byte(test.text)}})
		for _, r := range documentation {
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
	for _, r := range documentation {
		if !caught[r.name] {
			t.Errorf("nothing shows that %q can fail", r.name)
		}
	}
}
