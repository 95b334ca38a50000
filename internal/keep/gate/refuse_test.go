package gate_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"
)

const module = "github.com/heed-platform/heed/"

// The programs in testdata/refuse must not compile, each for its stated reason.
// They are laid over the tree in folders that do not exist and built at once.
func TestGate_refusesToCompile(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/refuse/*.txt")
	if err != nil || len(files) < 12 {
		t.Fatalf("%d programs, %v", len(files), err)
	}
	root, err := filepath.Abs("../../..")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	overlay := map[string]string{}
	wants := map[string]string{}
	var packages []string
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".txt")
		a, err := txtar.ParseFile(file)
		if err != nil || len(a.Files) != 2 || a.Files[1].Name != "want" {
			t.Fatalf("%s: %v, %d parts", file, err, len(a.Files))
		}
		folder := strings.Replace(filepath.Dir(a.Files[0].Name), "refused", "refused_"+name, 1)
		real := filepath.Join(dir, name+".go")
		if err := os.WriteFile(real, a.Files[0].Data, 0o600); err != nil {
			t.Fatal(err)
		}
		overlay[filepath.Join(root, folder, "refused.go")] = real
		wants[module+folder] = strings.TrimSpace(string(a.Files[1].Data))
		packages = append(packages, "./"+folder)
	}
	// A program that is right, as the control: the same way of building must take it.
	control := filepath.Join(dir, "control.go")
	if err := os.WriteFile(control, []byte("package control\n\nimport \"github.com/heed-platform/heed/internal/keep/gate\"\n\nvar _ gate.Pass[gate.Contact]\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	overlay[filepath.Join(root, "internal/know/refused_control/control.go")] = control
	raw, err := json.Marshal(map[string]any{"Replace": overlay})
	if err != nil {
		t.Fatal(err)
	}
	list := filepath.Join(dir, "overlay.json")
	if err := os.WriteFile(list, raw, 0o600); err != nil {
		t.Fatal(err)
	}
	build := func(pkgs ...string) (string, error) {
		cmd := exec.Command("go", append([]string{"build", "-overlay", list}, pkgs...)...)
		cmd.Dir = root
		out, err := cmd.CombinedOutput()
		return string(out), err
	}
	if out, err := build("./internal/know/refused_control"); err != nil {
		t.Fatalf("the control does not compile: %v\n%s", err, out)
	}
	for i, pkg := range packages {
		out, err := build(pkg)
		want := wants[module+strings.TrimPrefix(pkg, "./")]
		if err == nil || !strings.Contains(out, want) {
			t.Errorf("%s: want %q, got %v\n%s", files[i], want, err, out)
		}
	}
}
