package command

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/heed-platform/heed/internal/clock"
	"github.com/heed-platform/heed/internal/collect/source"
)

// heed runs one command line on a data folder.
func importing(t *testing.T, data string, args ...string) (code int, out, errs string) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	env := map[string]string{"HEED_DATA": data, "HEED_WRITE_KEY": "wk-test", "HEED_ADMIN_TOKEN": "at-test-0123456789"}
	code = Main(context.Background(), Process{
		Args: append([]string{"import"}, args...), In: strings.NewReader(""), Out: &stdout, Err: &stderr,
		Env: func(k string) (string, bool) { v, ok := env[k]; return v, ok },
	})
	return code, stdout.String(), stderr.String()
}

const mapped = `
name: list
files: {people: "*.csv"}
rows: {from: people, key: mail, events: {type: identify, ids: {email: "{mail}"}, time: "{day}", traits: {city: "{city}"}}}
`

func TestImport(t *testing.T) {
	t.Parallel()
	dir, data := t.TempDir(), filepath.Join(t.TempDir(), "data")
	for name, text := range map[string]string{
		"list.yaml":     mapped,
		"list.csv":      "mail,city,day\na@b.de,Bonn,2020-01-01\nb@b.de,Ulm,2020-01-01\nc@b.de,Jena,yesterday\n",
		"broken.yaml":   "name: list\ncolor: red\n",
		"events.ndjson": `{"type":"track","event":"A","userId":"u","messageId":"1"}` + "\n",
		"none.ndjson":   "nonsense\n",
		"notes.md":      "",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	in := func(name string) string { return filepath.Join(dir, name) }
	rejects := in("rejects.ndjson")
	tests := []struct {
		name      string
		args      []string
		code      int
		out, errs []string
	}{
		{
			"a list",
			[]string{"--map", in("list.yaml"), "--rejects", rejects, in("list.csv")},
			codeOK,
			[]string{"3 rows of 1 file. New events: 2. Known: 0.\n"},
			[]string{"no notice covers what comes in", "1 did not come in: 1 bad_time", "where and why: " + rejects},
		},
		{
			"once more",
			[]string{"--map", in("list.yaml"), "--notice", "order@1", in("list.csv")},
			codeOK,
			[]string{"New events: 0. Known: 2."},
			[]string{"list.csv:4 bad_time: ", "the workspace has no notice order@1 yet"},
		},
		{"events", []string{in("events.ndjson")}, codeOK, []string{"New events: 1."}, nil},
		{"nothing came in", []string{in("none.ndjson")}, codeUsage, nil, []string{"none.ndjson:1 not_json", "Not one row came in"}},
		{"no mapping", []string{in("list.csv")}, codeUsage, nil, []string{"name one with --map", "list.csv"}},
		{"a mapping with faults", []string{"--map", in("broken.yaml"), in("list.csv")}, codeUsage, nil, []string{"broken.yaml:2: ", `"color" is not a key here`}},
		{"a mapping that is not there", []string{"--map", in("no.yaml"), in("list.csv")}, codeUsage, nil, []string{"no.yaml"}},
		{"a file that is not there", []string{in("no.ndjson")}, codeUsage, nil, []string{"no.ndjson"}},
		{"no date", []string{"--as-of", "today", in("events.ndjson")}, codeUsage, nil, []string{"like 2026-03-01"}},
		{"rejects nowhere", []string{"--rejects", in("no/where"), in("events.ndjson")}, codeUsage, nil, []string{"--rejects"}},
		{"no paths", nil, codeUsage, nil, []string{"heed --help"}},
	}
	for _, tt := range tests { // one after the other: they share a database
		code, out, errs := importing(t, data, tt.args...)
		if code != tt.code {
			t.Errorf("%s: code %d, want %d\n%s%s", tt.name, code, tt.code, out, errs)
		}
		for _, s := range tt.out {
			if !strings.Contains(out, s) {
				t.Errorf("%s: out lacks %q:\n%s", tt.name, s, out)
			}
		}
		for _, s := range tt.errs {
			if !strings.Contains(errs, s) {
				t.Errorf("%s: err lacks %q:\n%s", tt.name, s, errs)
			}
		}
		if strings.Contains(out+errs, "b.de") {
			t.Errorf("%s tells about a person:\n%s%s", tt.name, out, errs)
		}
	}
	raw, err := os.ReadFile(rejects)
	var reject source.Reject
	if err != nil || json.Unmarshal(raw, &reject) != nil || reject.Line != 4 || reject.Raw != "" {
		t.Errorf("rejects %s, %v", raw, err)
	}
	if code, _, _ := importing(t, data, "--map", in("list.yaml"), "--rejects", rejects, "--rejects-raw", in("list.csv")); code != codeOK {
		t.Errorf("code %d", code)
	}
	if raw, err = os.ReadFile(rejects); err != nil || !strings.Contains(string(raw), "c@b.de,Jena") {
		t.Errorf("raw rejects %s, %v", raw, err)
	}
	_, out, _ := importing(t, data, "--json", in("events.ndjson"))
	var report source.Report
	if err := json.Unmarshal([]byte(out), &report); err != nil || report.Duplicates != 1 {
		t.Errorf("as JSON: %s, %v", out, err)
	}
}

func TestProgress_plainLinesNowAndThen(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	clk := clock.NewStill(0)
	p := newProgress(&out, clk)
	for i := range 13 {
		p.show(source.Progress{Doing: "orders", Part: float64(i) / 12, Events: int64(i) * 1000, Rate: 1234.5, Left: 90 * time.Second})
		clk.Advance(time.Second)
	}
	p.end()
	want := " 42 %  orders: 5,000 events, 1,234 a second, 1m30s left\n 83 %  orders: 10,000 events, 1,234 a second, 1m30s left\n"
	if out.String() != want {
		t.Errorf("got\n%swant\n%s", out.String(), want)
	}
}

func TestNumber(t *testing.T) {
	t.Parallel()
	for n, want := range map[int64]string{0: "0", 999: "999", 1000: "1,000", 1234567: "1,234,567"} {
		if got := number(n); got != want {
			t.Errorf("%d: %s", n, got)
		}
	}
}
