package source

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/heed-platform/heed/internal/clock"
	"github.com/heed-platform/heed/internal/problem"
)

const people = `
name: people
files: {rows: "*.csv*"}
rows: {from: rows, events: {type: identify, ids: {email: "{email}"}, time: 2020-01-01, traits: {n: "{n}"}}}
`

func run1(t *testing.T, s *shop, o Options) (Report, error) {
	t.Helper()
	o.Folder = t.TempDir()
	return New(s.sink(), clock.System{}).Run(t.Context(), o)
}

func TestRun_refusesBeforeAnythingIsImported(t *testing.T) {
	t.Parallel()
	const good = "email,n\na@b.c,1\n"
	tests := []struct {
		name, mapping string
		files         map[string]string
		want          string // the problem's code
		says          string
	}{
		{"nothing there", people, nil, "import-nothing", "holds no file"},
		{"no file that fits", people, map[string]string{"a.txt": good}, "import-nothing", ""},
		{"a column is missing", people, map[string]string{"a.csv": "mail,n\na,1\n"}, "import-columns", `a.csv: has no column "email"`},
		{"a column is missing in one of two", people, map[string]string{"a.csv": good, "b.csv": "email,m\n"}, "import-columns", `b.csv: has no column "n"`},
		{"packed and unpacked", people, map[string]string{"a.csv": good, "a.csv.gz": good}, "import-file-ambiguous", "a.csv.gz"},
		{"a file that is needed", orders, map[string]string{"products.csv": "sku,name,made_from\n"}, "import-file-missing", "lines*.csv"},
		{"two patterns", strings.Replace(people, `{rows: "*.csv*"}`, `{rows: "*.csv*", more: "a*"}`, 1), map[string]string{"a.csv": good}, "import-file-ambiguous", ""},
		{"an empty file", people, map[string]string{"a.csv": ""}, "file-empty", "a.csv"},
		{"utf-16", people, map[string]string{"a.csv": "\xff\xfee\x00"}, "file-utf16", "a.csv"},
		{"torn", people, map[string]string{"a.csv.gz": "\x1f\x8b\x08"}, "file-torn", "a.csv.gz"},
		{
			"consent without a day", strings.Replace(people, "time: 2020-01-01,", "grants: {purpose: marketing, status: withdrawn},", 1),
			map[string]string{"a.csv": good},
			"import-needs-day", "identify",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := newShop()
			r, err := run1(t, s, Options{Mapping: parsed(t, tt.mapping), Paths: []string{folder(t, tt.files)}})
			p := problem.Of(err)
			if err == nil || p.Code != tt.want || !strings.Contains(p.Error(), tt.says) {
				t.Errorf("got %v, want %s that says %q", err, tt.want, tt.says)
			}
			if s.pages > 0 || r.Accepted > 0 {
				t.Error("something was imported")
			}
		})
	}
}

func TestRun_paths(t *testing.T) {
	t.Parallel()
	s := newShop()
	dir := folder(t, map[string]string{"a.csv": "email,n\na@b.c,1\n", "b.csv": "email,n\nb@b.c,1\n", "notes.md": "x", ".hidden.csv": "x"})
	r, err := run1(t, s, Options{Mapping: parsed(t, people), Paths: []string{dir}})
	if err != nil || r.Files != 2 || r.Accepted != 2 || !slices.Equal(r.Ignored, []string{"notes.md"}) {
		t.Errorf("a folder: %+v, %v", r, err)
	}
	// A file that is named is what the mapping speaks of, whatever it is called.
	odd := filepath.Join(folder(t, map[string]string{"export.dat": "email,n\nc@b.c,1\n"}), "export.dat")
	if r, err = run1(t, s, Options{Mapping: parsed(t, people), Paths: []string{odd}}); err != nil || r.Accepted != 1 {
		t.Errorf("a named file: %+v, %v", r, err)
	}
	if _, err = run1(t, s, Options{Mapping: parsed(t, people), Paths: []string{dir + "/none"}}); problem.Of(err).Code != "import-nothing" {
		t.Errorf("no file: %v", err)
	}
}

func TestRun_withoutMapping(t *testing.T) {
	t.Parallel()
	const a, b = `{"type":"track","event":"A","userId":"u","messageId":"1"}`, `{"type":"track","event":"B","userId":"u","messageId":"2"}`
	s := newShop()
	dir := folder(t, map[string]string{
		"a.ndjson": a + "\n\n" + b + "\nnonsense\n{\"type\":\"walk\",\"userId\":\"u\"}\n", "b.json": "[" + a + "," + `{"type":"identify","userId":"v"}` + "]", "c.txt": "x",
	})
	r, rejects := imported(t, s, Options{Paths: []string{dir}})
	var got []string
	for _, x := range rejects {
		got = append(got, fmt.Sprintf("%s:%d %s", x.File, x.Line, x.Code))
	}
	if diff := cmp.Diff([]string{"a.ndjson:4 not_json", "a.ndjson:5 unknown_type"}, got); diff != "" {
		t.Errorf("rejects (-want +got)\n%s", diff)
	}
	if r.Accepted != 3 || r.Duplicates != 1 || string(s.events[0].Raw) != a {
		t.Errorf("report %+v, first %s", r, []byte(s.events[0].Raw))
	}
	csv := filepath.Join(folder(t, map[string]string{"a.csv": "x"}), "a.csv")
	if _, err := run1(t, s, Options{Paths: []string{csv}}); problem.Of(err).Code != "import-needs-map" {
		t.Errorf("a table without a mapping: %v", err)
	}
}

func TestPlain_isAMapping(t *testing.T) {
	t.Parallel()
	if _, faults := ParseMapping([]byte(plain)); len(faults) > 0 {
		t.Fatal(faults)
	}
}

func TestRun_rejects(t *testing.T) {
	t.Parallel()
	dir := folder(t, map[string]string{"a.csv": "email,n\na@b.c,1\nshort\n,3\n\"x\"y,4\nb@b.c,5\n"})
	for _, raw := range []bool{false, true} {
		var out bytes.Buffer
		s := newShop()
		r, err := run1(t, s, Options{Mapping: parsed(t, people), Paths: []string{dir}, Rejects: &out, RejectsRaw: raw})
		if err != nil || r.Accepted != 2 || r.Rejected != 3 {
			t.Fatalf("%+v, %v", r, err)
		}
		var got []string
		for line := range strings.SplitSeq(strings.TrimSpace(out.String()), "\n") {
			var x Reject
			if err := json.Unmarshal([]byte(line), &x); err != nil {
				t.Fatal(err)
			}
			if (x.Raw != "") != raw || strings.Contains(x.Why, "b.c") {
				t.Errorf("reject %+v", x)
			}
			got = append(got, fmt.Sprintf("%s:%d %s", x.File, x.Line, x.Code))
		}
		slices.Sort(got)
		if diff := cmp.Diff([]string{"a.csv:3 cell_count", "a.csv:4 no_identifier", "a.csv:5 stray_quote"}, got); diff != "" {
			t.Errorf("rejects (-want +got)\n%s", diff)
		}
		if diff := cmp.Diff(map[string]int64{"cell_count": 1, "no_identifier": 1, "stray_quote": 1}, r.Reasons); diff != "" {
			t.Errorf("reasons %s", diff)
		}
	}
}

// An order of which a line cannot be read would be imported wrong, and could not
// be mended afterwards: the id stays the same.
func TestRun_incompleteGroups(t *testing.T) {
	t.Parallel()
	dir := folder(t, map[string]string{"lines.csv": "order,customer,sku,amount,gift,day\n1,a,s1,1,,2020-01-01\n1,a,s1\n2,a,s1,x,,2020-01-01\n3,a,s1,1,,2020-01-01\n4,a,s1,1,,\n"})
	s := newShop()
	if _, err := run1(t, s, Options{Mapping: parsed(t, orders), Paths: []string{dir}}); problem.Of(err).Code != "import-incomplete" || len(s.events) > 0 {
		t.Errorf("%v, %d events", err, len(s.events))
	}
	allowed := strings.Replace(orders, "group:", "incomplete: true\n    group:", 1)
	r, rejects := imported(t, s, Options{Mapping: parsed(t, allowed), Paths: []string{dir}})
	if r.Accepted != 2 || len(rejects) != 3 || rejects[1].Line != 4 || rejects[1].Code != "bad_number" || rejects[2].Code != "no_time" {
		t.Errorf("%+v, rejects %+v", r, rejects)
	}
}

func TestRun_keys(t *testing.T) {
	t.Parallel()
	const sale = `
name: sales
files: {rows: "*.csv*"}
rows: {from: rows, KEY events: {type: track, event: Sold, ids: {user_id: "{who}"}, time: 2020-01-01, properties: {n: "{n}"}}}
`
	keyed, placed := parsed(t, strings.Replace(sale, "KEY", "key: no,", 1)), parsed(t, strings.Replace(sale, "KEY", "", 1))
	in := func(s *shop, m *Mapping, name, text string) Report {
		r, _ := imported(t, s, Options{Mapping: m, Paths: []string{folder(t, map[string]string{name: text})}})
		return r
	}
	const first = "no,who,n\n1,a,5\n2,a,5\n"
	tests := []struct {
		name, file, text   string
		keyedNew, keyedOld int64
		placedNew          int64
	}{
		{"the same", "a.csv", first, 0, 2, 0},
		{"packed", "a.csv.gz", gz(first), 0, 2, 0},
		{"another name", "b.csv", first, 0, 2, 2},
		{"more rows behind", "a.csv", first + "3,a,5\n", 1, 2, 1},
		{"more rows before", "a.csv", "no,who,n\n0,a,5\n1,a,5\n2,a,5\n", 1, 2, 1}, // by place, row 2 holds n = 5 of a already
		{"other content", "a.csv", "no,who,n\n1,a,6\n2,a,5\n", 0, 1, 1},
	}
	for _, tt := range tests {
		for _, m := range []*Mapping{keyed, placed} {
			s := newShop()
			if r := in(s, m, "a.csv", first); r.Accepted != 2 {
				t.Fatalf("%+v", r)
			}
			r := in(s, m, tt.file, tt.text)
			if m == keyed && (r.Accepted != tt.keyedNew || r.Duplicates != tt.keyedOld) {
				t.Errorf("%s, by key: %+v", tt.name, r)
			}
			if m == placed && r.Accepted != tt.placedNew {
				t.Errorf("%s, by place: %+v", tt.name, r)
			}
		}
	}
	s := newShop()
	if r := in(s, keyed, "a.csv", "no,who,n\n,a,5\n1,a,5\n1,a,5\n"); r.Accepted != 1 || r.Duplicates != 1 || r.Reasons["no_key"] != 1 {
		t.Errorf("no key and a key twice: %+v", r)
	}
}

func gz(s string) string {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, _ = z.Write([]byte(s))
	_ = z.Close()
	return b.String()
}

// note is a Memory.
type note struct{ state []byte }

func (n *note) Load(context.Context) ([]byte, error) { return n.state, nil }

func (n *note) Save(_ context.Context, state []byte) error {
	n.state = state
	return nil
}

// TestRun_goesOnWhereItStopped ends an import at every page and begins it again.
func TestRun_goesOnWhereItStopped(t *testing.T) {
	t.Parallel()
	var file strings.Builder
	file.WriteString("email,n\n")
	for i := range 95 {
		fmt.Fprintf(&file, "p%d@b.c,%d\n", i, i)
	}
	dir := folder(t, map[string]string{"a.csv": file.String()})
	gone := errors.New("the database is gone")
	for stop := 1; stop <= 10; stop++ {
		s, memory, clk := newShop(), &note{}, clock.NewStill(0)
		s.fail = func(page int) error {
			clk.Advance(time.Minute)
			if page >= stop {
				return gone
			}
			return nil
		}
		o := Options{Mapping: parsed(t, people), Paths: []string{dir}, Page: 10, Lanes: 1, Memory: memory, Folder: t.TempDir()}
		r, err := New(s.sink(), clk).Run(t.Context(), o)
		if !errors.Is(err, gone) || r.Accepted != int64(stop-1)*10 {
			t.Fatalf("stop %d: %+v, %v", stop, r, err)
		}
		s.fail = nil
		r, err = New(s.sink(), clk).Run(t.Context(), o)
		if err != nil || r.Skipped != int64(stop-1)*10 || r.Accepted != 95-r.Skipped || len(s.events) != 95 {
			t.Fatalf("stop %d, again: %+v, %v, %d events", stop, r, err, len(s.events))
		}
		if len(memory.state) > 0 {
			t.Fatal("an import that ended left its checkpoint")
		}
	}
}

// A checkpoint holds for the same bytes only.
func TestRun_checkpointOfOtherFiles(t *testing.T) {
	t.Parallel()
	memory := &note{}
	s := newShop()
	dir := folder(t, map[string]string{"a.csv": "email,n\na@b.c,1\nb@b.c,1\n"})
	o := Options{Mapping: parsed(t, people), Paths: []string{dir}, Page: 1, Memory: memory}
	memory.state = []byte(`{"print":"other","events":2}`)
	if r, err := run1(t, s, o); err != nil || r.Accepted != 2 {
		t.Fatalf("%+v, %v", r, err)
	}
	memory.state = []byte(`nonsense`)
	if r, err := run1(t, s, o); err != nil || r.Duplicates != 2 {
		t.Fatalf("%+v, %v", r, err)
	}
}

// TestRun_ids: however a file is cut into pages and however much fits in memory,
// the same events come under the same ids.
func TestRun_ids(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		n := rapid.IntRange(1, 60).Draw(rt, "rows")
		var file strings.Builder
		file.WriteString("order,customer,sku,amount,gift,day\n")
		for range n {
			fmt.Fprintf(&file, "%d,c%d,s%d,%d.%02d,,2020-01-01\n", rapid.IntRange(1, 9).Draw(rt, "order"), rapid.IntRange(1, 3).Draw(rt, "customer"),
				rapid.IntRange(1, 5).Draw(rt, "sku"), rapid.IntRange(0, 50).Draw(rt, "whole"), rapid.IntRange(0, 99).Draw(rt, "cents"))
		}
		dir := folder(t, map[string]string{"lines.csv": file.String()})
		m := parsed(t, orders)
		whole := newShop()
		imported(t, whole, Options{Mapping: m, Paths: []string{dir}})
		cut := newShop()
		imported(t, cut, Options{
			Mapping: m, Paths: []string{dir}, Page: rapid.IntRange(1, 20).Draw(rt, "page"),
			Lanes: rapid.IntRange(1, 5).Draw(rt, "lanes"), Buffer: rapid.IntRange(1, 3000).Draw(rt, "buffer"),
		})
		if diff := cmp.Diff(whole.seen, cut.seen); diff != "" {
			rt.Fatalf("events (-whole +cut)\n%s", diff)
		}
	})
}

func TestRun_progress(t *testing.T) {
	t.Parallel()
	dir := data(t, "purchases-cdnow/CDNOW_sample.txt")
	var last Progress
	clk := clock.NewStill(0)
	o := Options{Mapping: workspaceMapping(t, "cdnow"), Paths: []string{dir}, Folder: t.TempDir(), Progress: func(p Progress) {
		if p.Part < last.Part || p.Part > 1 || p.Events < last.Events {
			t.Errorf("it went back: %+v after %+v", p, last)
		}
		last = p
	}}
	s := newShop()
	s.fail = func(int) error { clk.Advance(time.Second); return nil }
	if _, err := New(s.sink(), clk).Run(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	if last.Part != 1 || last.Events != 6_919 || last.Rate == 0 {
		t.Errorf("at the end: %+v", last)
	}
}

// A sink that fails ends the import at once, in whichever lane.
func TestRun_failingSink(t *testing.T) {
	t.Parallel()
	var file strings.Builder
	file.WriteString("email,n\n")
	for i := range 1000 {
		fmt.Fprintf(&file, "p%d@b.c,%d\n", i, i)
	}
	dir := folder(t, map[string]string{"a.csv": file.String()})
	gone := errors.New("the database is gone")
	s := newShop()
	s.fail = func(page int) error {
		if page > 3 {
			return gone
		}
		return nil
	}
	r, err := run1(t, s, Options{Mapping: parsed(t, people), Paths: []string{dir}, Page: 10})
	if !errors.Is(err, gone) || r.Accepted > 30 || s.pages > 20 {
		t.Errorf("%+v after %d pages: %v", r, s.pages, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	s = newShop()
	s.fail = func(int) error { cancel(); return nil }
	if _, err := New(s.sink(), clock.System{}).Run(ctx, Options{Mapping: parsed(t, people), Paths: []string{dir}, Page: 10}); problem.Of(err).Code != "import-stopped" {
		t.Errorf("canceled: %v", err)
	}
}

// Sixty thousand rows in little memory: what is grouped lies on disk.
func TestRun_boundedMemory(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	f, err := os.Create(filepath.Join(dir, "lines.csv"))
	if err != nil {
		t.Fatal(err)
	}
	_, _ = f.WriteString("order,customer,sku,amount,gift,day\n")
	const n = 60_000
	for i := range n {
		_, _ = fmt.Fprintf(f, "%d,c%d,s%d,1.5,,2020-01-01\n", i*7919%(n/4), i*7919%(n/4)%97, i%100)
	}
	_ = f.Close()
	s := newShop()
	r, rejects := imported(t, s, Options{Mapping: parsed(t, orders), Paths: []string{dir}, Buffer: 64 << 10})
	if len(rejects) > 0 || r.Accepted != n/4 {
		t.Fatalf("%+v, rejects %+v", r, rejects[:min(3, len(rejects))])
	}
	for _, e := range s.events[:100] {
		if got := property(&e, "total"); got != "6" {
			t.Fatalf("an order of four lines costs %s", got)
		}
	}
}
