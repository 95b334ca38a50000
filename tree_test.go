package heed_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// module is the import path of the tree's root.
const module = "github.com/heed-platform/heed"

// tree is the source tree, read once for all rules of this package.
type tree struct {
	files fs.FS
	fset  *token.FileSet
	code  []*source
	all   []string // every file, generated folders left out
}

// source is one Go file.
type source struct {
	*ast.File

	path, dir string // dir is "." or as in "internal/keep/gate"
	test      bool
	lines     int
	generated bool
}

// unread are folders that people do not write.
var unread = []string{".git", "bin", "node_modules", "heed-data", "dist"}

// readTree reads every Go file under the root.
func readTree(t *testing.T, files fs.FS) *tree {
	t.Helper()
	tr := &tree{files: files, fset: token.NewFileSet()}
	err := fs.WalkDir(files, ".", func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			if slices.Contains(unread, d.Name()) {
				return fs.SkipDir
			}
			return nil
		}
		tr.all = append(tr.all, p)
		if !strings.HasSuffix(p, ".go") || strings.Contains(p, "testdata/") {
			return nil
		}
		text, err := fs.ReadFile(files, p)
		if err != nil {
			return err
		}
		parsed, err := parser.ParseFile(tr.fset, p, text, parser.ParseComments)
		if err != nil {
			return err
		}
		tr.code = append(tr.code, &source{
			File: parsed, path: p, dir: path.Dir(p), test: strings.HasSuffix(p, "_test.go"),
			lines: strings.Count(string(text), "\n"), generated: ast.IsGenerated(parsed),
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return tr
}

// here is the real tree.
func here(t *testing.T) *tree {
	t.Helper()
	return readTree(t, os.DirFS("."))
}

// program yields the files that end up in the binary.
func (tr *tree) program() []*source {
	return slices.DeleteFunc(slices.Clone(tr.code), (*source).aside)
}

// aside reports whether f stays out of the binary. Packages of test helpers
// (keeptest) are tests that others import.
func (f *source) aside() bool {
	return f.test || strings.HasSuffix(f.dir, "test") || under(f.dir, "stories")
}

// at is where n stands, as file:line.
func (tr *tree) at(n ast.Node) string {
	p := tr.fset.Position(n.Pos())
	return fmt.Sprintf("%s:%d", p.Filename, p.Line)
}

// imports are the paths that f imports, each with its place.
func (tr *tree) imports(f *source) map[string]string {
	places := map[string]string{}
	for _, i := range f.Imports {
		p, err := strconv.Unquote(i.Path.Value)
		if err != nil {
			panic(err) // the parser has accepted it
		}
		places[p] = tr.at(i)
	}
	return places
}

// under reports whether p is the folder or package of one of the prefixes, or
// below it.
func under(p string, prefixes ...string) bool {
	return slices.ContainsFunc(prefixes, func(prefix string) bool {
		return p == prefix || strings.HasPrefix(p, prefix+"/")
	})
}

// constant is the text of a string literal or of a sum of them.
func constant(e ast.Expr) (string, bool) {
	switch e := e.(type) {
	case *ast.BasicLit:
		s, err := strconv.Unquote(e.Value)
		return s, err == nil && e.Kind == token.STRING
	case *ast.BinaryExpr:
		left, ok := constant(e.X)
		right, ok2 := constant(e.Y)
		return left + right, ok && ok2 && e.Op == token.ADD
	}
	return "", false
}

// rule is one promise about the tree; it returns what breaks it.
type rule struct {
	name  string
	check func(*tree) []string
}
