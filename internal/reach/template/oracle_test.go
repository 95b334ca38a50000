package template

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
	_ "time/tzdata" // zones on machines without them
)

// One case for both: the template, the data as JSON, and where needed the
// person's zone and snippets.
type oracleCase struct {
	Template string            `json:"template"`
	Data     json.RawMessage   `json:"data,omitempty"`
	Zone     string            `json:"zone,omitempty"`
	Snippets map[string]string `json:"snippets,omitempty"`
}

type oracleResult struct {
	Text  string `json:"text"`
	Error string `json:"error"`
}

// askOracle renders all cases with liquidjs in one process.
func askOracle(t *testing.T, cases []oracleCase) []oracleResult {
	t.Helper()
	folder, err := filepath.Abs("testdata/oracle")
	if err != nil {
		t.Fatal(err)
	}
	node, err := exec.LookPath("node")
	if err != nil {
		t.Fatal("This test compares with liquidjs and needs Node (node and npm on the PATH); install Debian's nodejs and npm.")
	}
	if _, err := os.Stat(filepath.Join(folder, "node_modules", "liquidjs", "package.json")); err != nil {
		npm := exec.CommandContext(t.Context(), "npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund")
		npm.Dir = folder
		if out, err := npm.CombinedOutput(); err != nil {
			t.Fatalf("npm ci in %s did not install liquidjs, which this test compares with: %v\n%s", folder, err, out)
		}
	}
	in, err := json.Marshal(cases)
	if err != nil {
		t.Fatal(err)
	}
	js := exec.CommandContext(t.Context(), node, "oracle.js")
	js.Dir, js.Stdin, js.Env = folder, bytes.NewReader(in), append(os.Environ(), "TZ=UTC")
	var trouble bytes.Buffer
	js.Stderr = &trouble
	out, err := js.Output()
	if err != nil {
		t.Fatalf("the oracle stopped: %v\n%s", err, trouble.String())
	}
	var results []oracleResult
	if err := json.Unmarshal(out, &results); err != nil {
		t.Fatal(err)
	}
	if len(results) != len(cases) {
		t.Fatalf("the oracle answered %d of %d cases", len(results), len(cases))
	}
	return results
}

func (c oracleCase) render(t *testing.T) (string, error) {
	t.Helper()
	tpl, err := Parse(c.Template, Text, c.Snippets)
	if err != nil {
		return "", err
	}
	d := dataOf("{}")
	if c.Data != nil {
		d = dataOf(string(c.Data))
	}
	zone, err := time.LoadLocation(c.Zone)
	if err != nil {
		t.Fatal(err)
	}
	out, err := tpl.Render(d, Options{Zone: zone})
	return out.Text, err
}

func TestRender_likeLiquidjs(t *testing.T) {
	t.Parallel()
	cases := oracleCases()
	for i, want := range askOracle(t, cases) {
		got, err := cases[i].render(t)
		switch {
		case want.Error != "":
			t.Errorf("%s\nliquidjs refuses this, so it proves nothing: %s", cases[i].Template, want.Error)
		case err != nil:
			t.Errorf("%s\nliquidjs gives %q, heed refuses: %v", cases[i].Template, want.Text, err)
		case got != want.Text:
			t.Errorf("%s\nliquidjs gives %q\nheed gives     %q", cases[i].Template, want.Text, got)
		}
	}
	if len(cases) < 500 {
		t.Errorf("only %d cases", len(cases))
	}
}
