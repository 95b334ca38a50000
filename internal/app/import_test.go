package app_test

import (
	"bufio"
	"compress/gzip"
	"context"
	"fmt"
	"hash/fnv"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/heed-platform/heed/internal/app"
	"github.com/heed-platform/heed/internal/clock"
	"github.com/heed-platform/heed/internal/collect/source"
	"github.com/heed-platform/heed/internal/config"
	"github.com/heed-platform/heed/internal/keep/keeptest/longtest"
	"github.com/heed-platform/heed/internal/person"
	"github.com/heed-platform/heed/internal/problem"
)

const journey = "../../workspace/import/completejourney.yaml"

// sharedData is a folder of the shared data.
func sharedData(t *testing.T, name string) string {
	t.Helper()
	dir := filepath.Join("..", "..", "..", "shared", "data", name)
	if _, err := os.Stat(dir); err != nil {
		t.Fatalf("this test reads ../shared/data/%s beside the project, and it is not there: %v", name, err)
	}
	return dir
}

// importing imports a folder through a mapping; it must succeed.
func (h *house) importing(t *testing.T, mapping string, o source.Options) source.Report {
	t.Helper()
	text, err := os.ReadFile(mapping)
	if err != nil {
		t.Fatal(err)
	}
	r, err := h.Import(context.Background(), app.Import{Map: string(text), File: mapping, Options: o})
	if err != nil {
		t.Fatalf("import: %v", err)
	}
	return r
}

// TestImport_aGrocersYear brings in the whole of a real shop's year, twice, with
// the built program, and holds it to the figures that its publishers give. (The
// program is built without the race detector, which would take minutes here.)
func TestImport_aGrocersYear(t *testing.T) {
	t.Parallel()
	dir, exe := t.TempDir(), filepath.Join(t.TempDir(), "heed")
	if out, err := exec.Command("go", "build", "-buildvcs=false", "-o", exe, "../../cmd/heed").CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	heed := func(args ...string) string {
		c := exec.Command(exe, args...)
		c.Env = append(os.Environ(), "HEED_DATA="+dir, "HEED_DATABASE=", "HEED_KEYS=")
		var notes strings.Builder
		c.Stderr = &notes
		out, err := c.Output()
		if err != nil {
			t.Fatalf("heed %v: %v\n%s", args, err, notes.String())
		}
		return string(out)
	}
	for _, want := range []string{"New events: 56,735. Known: 0.", "New events: 0. Known: 56,735."} {
		if got := heed("import", "--map", journey, sharedData(t, "purchases-completejourney")); !strings.Contains(got, want) || !strings.Contains(got, "Products: 92,331.") {
			t.Errorf("it says %q, want %q", got, want)
		}
	}
	if n := strings.Count(heed("export", "people", "--json"), "\n"); n != 2_379 {
		t.Errorf("%d people are exported, want 2,379: the households of all files", n)
	}
	h := found(t, dir, "")
	defer h.close()
	var spent, orders int64
	reached := map[string]int{}
	for _, p := range h.everybody(t) {
		for _, s := range p.Spends {
			if s.Currency != "USD" {
				t.Errorf("spent in %s", s.Currency)
			}
			spent, orders = spent+s.Minor, orders+s.Orders
		}
		for _, c := range p.Counters {
			reached[c.Name]++
		}
	}
	if spent != 23_393_524 || orders != 47_243 {
		t.Errorf("spent %d in %d orders, want 23393524 in 47243", spent, orders)
	}
	want := map[string]int{"Order Completed": 2_377, "Campaign Sent": 1_559, "Coupon Redeemed": 410}
	if diff := cmp.Diff(want, reached); diff != "" {
		t.Errorf("households by event (-want +got)\n%s", diff)
	}
}

// sampleOf writes a part of the grocer's files: about one household in so many,
// and few products.
func sampleOf(t *testing.T, in int) string {
	t.Helper()
	from, to := sharedData(t, "purchases-completejourney"), t.TempDir()
	files, err := filepath.Glob(filepath.Join(from, "*.csv.gz"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range files {
		f, err := os.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		z, err := gzip.NewReader(f)
		if err != nil {
			t.Fatal(err)
		}
		var kept strings.Builder
		lines := bufio.NewScanner(z)
		column := -1
		for n := 0; lines.Scan(); n++ {
			cells := strings.Split(strings.ReplaceAll(lines.Text(), `"`, ""), ",")
			switch {
			case n == 0:
				column = slices.Index(cells, "household_id")
			case column >= 0:
				sum := fnv.New32a()
				_, _ = io.WriteString(sum, cells[column])
				if sum.Sum32()%uint32(in) != 0 {
					continue
				}
			case strings.Contains(name, "products") && n%100 != 0:
				continue
			}
			kept.WriteString(lines.Text() + "\n")
		}
		_ = f.Close()
		out := filepath.Join(to, strings.TrimSuffix(filepath.Base(name), ".gz"))
		if err := os.WriteFile(out, []byte(kept.String()), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return to
}

// TestImport_killed imports a sample, kills the program in the middle, again and
// again, and lets the last run end: everybody is as if nothing had happened, and
// one more import changes nothing.
func TestImport_killed(t *testing.T) {
	t.Parallel()
	sample := sampleOf(t, longtest.Rounds(70, 25))
	for name, database := range databases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			whole := found(t, t.TempDir(), database(t))
			defer whole.close()
			o := source.Options{Paths: []string{sample}, Page: 50}
			want := whole.importing(t, journey, o)
			if want.Accepted < 500 || want.Rejected != 0 {
				t.Fatalf("the sample is too small to be cut: %+v", want)
			}

			dir, url := t.TempDir(), database(t)
			first := found(t, dir, url)
			first.close()
			for cut := range 3 {
				kill(t, dir, url, sample, want.Accepted*int64(cut+1)/5)
			}
			torn := found(t, dir, url)
			defer torn.close()
			if n := len(torn.everybody(t)); n == 0 || n >= len(whole.everybody(t)) {
				t.Fatalf("%d people after the kills: nothing was cut in the middle", n)
			}
			r := torn.importing(t, journey, o)
			if r.Accepted == 0 || r.Duplicates+r.Skipped == 0 || r.Accepted+r.Duplicates+r.Skipped != want.Accepted {
				t.Errorf("after the kills %+v, want %d in all", r, want.Accepted)
			}
			if diff := cmp.Diff(values(whole.everybody(t)), values(torn.everybody(t))); diff != "" {
				t.Errorf("people (-whole +killed)\n%.2000s", diff)
			}
			spine(t, whole, torn)
			torn.rebuilds(t)
			before := values(torn.everybody(t))
			if r := torn.importing(t, journey, o); r.Accepted != 0 || r.Duplicates != want.Accepted || r.Rejected != 0 {
				t.Errorf("imported again: %+v", r)
			}
			if diff := cmp.Diff(before, values(torn.everybody(t))); diff != "" {
				t.Errorf("importing again changed something (-before +after)\n%.2000s", diff)
			}
			spine(t, whole, torn)
		})
	}
}

// spine compares what is counted in clear.
func spine(t *testing.T, a, b *house) {
	t.Helper()
	want, err := a.Keep.SpineCount(t.Context(), 0)
	got, err2 := b.Keep.SpineCount(t.Context(), 0)
	if diff := cmp.Diff(want, got); err != nil || err2 != nil || diff != "" {
		t.Errorf("spine (-whole +killed) %v %v\n%s", err, err2, diff)
	}
}

// kill starts an import as a program of its own and kills it without a word once
// so many events are in.
func kill(t *testing.T, dir, url, sample string, after int64) {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	c := exec.Command(exe)
	c.Env = append(os.Environ(), importChild+"="+sample, "HEED_DATA="+dir, "HEED_DATABASE="+url)
	c.Stderr = os.Stderr
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		var n int64
		if _, err := fmt.Sscanf(lines.Text(), "events %d", &n); err == nil && n >= after {
			break
		}
	}
	if err := c.Process.Kill(); err != nil {
		t.Fatalf("it ended before it could be killed: %v", err)
	}
	_ = c.Wait()
}

const importChild = "HEED_TEST_IMPORT"

// TestMain is the program that is killed, when it is started as that.
func TestMain(m *testing.M) {
	if sample := os.Getenv(importChild); sample != "" {
		if err := importUntilKilled(sample); err != nil {
			_, _ = fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// leapingClock is a second further whenever somebody looks, so that everything
// that is done now and then is done all the time.
type leapingClock struct{ clock.Still }

func (c *leapingClock) Now() clock.Instant {
	c.Advance(time.Second)
	return c.Still.Now()
}

func importUntilKilled(sample string) error {
	cfg, err := config.Load(config.Flags{}, os.LookupEnv)
	if err != nil {
		return err
	}
	leaping := &leapingClock{}
	leaping.Set(noon)
	a, err := app.Open(context.Background(), cfg, leaping, slog.New(slog.NewTextHandler(os.Stderr, nil)))
	if err != nil {
		return err
	}
	text, err := os.ReadFile(journey)
	if err != nil {
		return err
	}
	_, err = a.Import(context.Background(), app.Import{Map: string(text), File: journey, Options: source.Options{
		Paths: []string{sample}, Page: 50, Lanes: 2, Progress: func(p source.Progress) { fmt.Println("events", p.Events) },
	}})
	return err
}

const listed = `
name: list
files: {people: "*.csv"}
rows:
  from: people
  key: mail
  events:
    type: identify
    ids: {email: "{mail}", user_id: "{number}"}
    time: "{day}"
    grants: {purpose: marketing.communications.email, channel: email, notice: newsletter@2, status: "{said}"}
`

// list imports rows of mail, number, said and day.
func (h *house) list(t *testing.T, rows ...string) source.Report {
	t.Helper()
	h.clock.Advance(time.Second)
	r, err := h.Import(context.Background(), app.Import{Map: listed, Options: source.Options{Paths: []string{fileOf(t, "mail,number,said,day", rows...)}}})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// fileOf writes a table.
func fileOf(t *testing.T, header string, rows ...string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "list.csv")
	if err := os.WriteFile(name, []byte(header+"\n"+strings.Join(rows, "\n")+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

// TestImport_consent moves a list in. What was taken back stays taken back,
// whatever an older list says and under whichever identifier.
func TestImport_consent(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		lists [][]string
		want  string
	}{
		{"a yes", [][]string{{"a@b.de,,granted,2021-05-01"}}, "granted"},
		{"a no", [][]string{{"a@b.de,,withdrawn,2021-05-01"}}, "withdrawn"},
		{"a no after a yes", [][]string{{"a@b.de,,granted,2021-05-01"}, {"a@b.de,,withdrawn,2022-05-01"}}, "withdrawn"},
		{"an older yes after a no", [][]string{{"a@b.de,,withdrawn,2022-05-01"}, {"a@b.de,,granted,2021-05-01"}}, "withdrawn"},
		{"an older yes under another number", [][]string{{"a@b.de,,withdrawn,2022-05-01"}, {"a@b.de,7,granted,2021-05-01"}}, "withdrawn"},
		{"both in one list", [][]string{{"a@b.de,,withdrawn,2022-05-01", "a@b.de,,granted,2021-05-01"}}, "withdrawn"},
		{"a no under another number", [][]string{{"a@b.de,7,granted,2021-05-01"}, {"a@b.de,,withdrawn,2020-05-01"}}, "withdrawn"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			h := found(t, t.TempDir(), "")
			defer h.close()
			h.furnish()
			for _, rows := range tt.lists {
				if r := h.list(t, rows...); r.Accepted != int64(len(rows)) || r.Grants != int64(len(rows)) {
					t.Fatalf("%+v", r)
				}
			}
			p := one(t, h.everybody(t), person.Email, "a@b.de")
			if len(p.Grants) != 1 || p.Grants[0].Status.String() != tt.want {
				t.Fatalf("grants %+v, want %s", p.Grants, tt.want)
			}
			if g := p.Grants[0]; g.Method != "import" || g.Source != "import" || !strings.HasPrefix(g.Evidence, "list.csv:") {
				t.Errorf("proof %+v", g)
			}
		})
	}
}

func TestImport_refusals(t *testing.T) {
	t.Parallel()
	h := found(t, t.TempDir(), "")
	defer h.close()
	h.furnish()
	file := fileOf(t, "mail,number,said,day", "a@b.de,,granted,2021-05-01")
	tests := []struct {
		name string
		o    app.Import
		code string
		says string
	}{
		{"a mapping with faults", app.Import{Map: "name: x\ncolor: red\n", File: "x.yaml"}, "import-map-invalid", "x.yaml:2"},
		{"a source that nobody defined", app.Import{Map: listed, Source: "crm"}, "import-source-unknown", "crm"},
		{"a source of the mapping", app.Import{Map: "source: crm" + listed}, "import-source-unknown", "crm"},
		{"a table without a mapping", app.Import{}, "import-needs-map", "list.csv"},
	}
	for _, tt := range tests {
		tt.o.Paths = []string{file}
		_, err := h.Import(t.Context(), tt.o)
		if p := problem.Of(err); err == nil || p.Code != tt.code || !strings.Contains(p.Error(), tt.says) {
			t.Errorf("%s: %v, want %s that says %q", tt.name, err, tt.code, tt.says)
		}
	}
	if n := len(h.everybody(t)); n != 0 {
		t.Errorf("%d people came", n)
	}
	r, err := h.Import(t.Context(), app.Import{Map: strings.Replace(listed, "marketing.communications.email", "marketing.comunication", 1), Options: source.Options{Paths: []string{file}}})
	if err != nil || r.Reasons["bad_grant"] != 1 || r.Accepted != 0 {
		t.Errorf("a yes to a purpose that nobody knows: %+v, %v", r, err)
	}
}

// What came once stays as it came: a row that says something else under the same
// key is told, not taken.
func TestImport_otherContentUnderTheSameKey(t *testing.T) {
	t.Parallel()
	h := found(t, t.TempDir(), "")
	defer h.close()
	const sold = `
name: sold
files: {rows: "*.csv"}
rows: {from: rows, key: no, events: {type: track, event: Order Completed, ids: {user_id: "{who}"}, time: 2020-01-01, properties: {order_id: "{no}", currency: EUR, total: {column: total, as: number}}}}
`
	in := func(rows ...string) source.Report {
		r, err := h.Import(t.Context(), app.Import{Map: sold, Options: source.Options{Paths: []string{fileOf(t, "no,who,total", rows...)}}})
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	in("1,u,10", "2,u,5.55")
	r := in("1,u,12", "2,u,5.55", "3,u,1")
	if r.Accepted != 1 || r.Duplicates != 1 || r.Reasons["id_reused"] != 1 {
		t.Errorf("%+v", r)
	}
	// The row is in the file of rejects; however often it comes, quarantine stays
	// empty, since nothing that anybody mends would ever let it in.
	in("1,u,12")
	aside, err := h.Keep.Quarantined(t.Context(), 0, 10)
	if err != nil || len(aside) != 0 {
		t.Errorf("%d rows in quarantine, %v", len(aside), err)
	}
	tallies, err := h.Keep.Tallies(t.Context())
	if err != nil || len(tallies) != 1 || tallies[0].Accepted != 3 || tallies[0].Refused != 2 || tallies[0].Quarantined != 0 {
		t.Errorf("the balance is %+v, %v", tallies, err)
	}
	p := one(t, h.everybody(t), person.UserID, "u")
	if len(p.Spends) != 1 || p.Spends[0].Minor != 1655 || p.Spends[0].Orders != 3 {
		t.Errorf("spent %+v", p.Spends)
	}
}

func TestImport_people(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, h *house) {
		t.Helper()
		h.furnish()
		in := func(mapping, path string) source.Report {
			return h.importing(t, "../../workspace/import/"+mapping+".yaml", source.Options{Paths: []string{sharedData(t, path)}})
		}
		for range 2 { // importing twice creates nobody
			in("unomi-basic", "profiles-unomi/1-basic-test.csv")
			in("unomi-actors", "profiles-unomi/6-actors-test.csv")
		}
		people := h.everybody(t)
		if len(people) != 9 {
			t.Errorf("%d people, want 9", len(people))
		}
		actor := one(t, people, "twitter_id", "1")
		var genres string
		for _, a := range actor.Attributes {
			if a.Name == "movie_genres" {
				genres = a.Value.Reveal()
			}
		}
		if genres != `["Horror","Action"]` {
			t.Errorf("genres %s", genres)
		}
		if r := in("senzing", "identity-senzing/customers.csv"); r.Accepted != 120 {
			t.Errorf("%+v", r)
		}
		joined := one(t, h.everybody(t), "record_id", "CUSTOMERS:1003")
		same := false
		for _, id := range joined.Identifiers {
			same = same || id.Value.Reveal() == "CUSTOMERS:1004"
		}
		if !same {
			t.Error("two records with one email address are two people")
		}
	})
}

// Without an applied workspace the mapping's notice is not known yet; it is said,
// not guessed.
func TestImport_notices(t *testing.T) {
	t.Parallel()
	h := found(t, t.TempDir(), "")
	defer h.close()
	text, err := os.ReadFile(journey)
	if err != nil {
		t.Fatal(err)
	}
	o := app.Import{Map: string(text)}
	if got := h.Notices(o); !slices.Equal(got, []string{"membership@3"}) {
		t.Errorf("not known: %v", got)
	}
	if got := h.Notices(app.Import{Notice: "nobody@1"}); !slices.Equal(got, []string{"nobody@1"}) {
		t.Errorf("not known: %v", got)
	}
	if got := h.Notices(app.Import{}); !slices.Equal(got, []string{""}) {
		t.Errorf("none named: %q", got)
	}
	h.furnish()
	if got := h.Notices(o); len(got) != 0 {
		t.Errorf("not known: %v", got)
	}
}
