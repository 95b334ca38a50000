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
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/heed-platform/heed/internal/app"
	"github.com/heed-platform/heed/internal/clock"
	"github.com/heed-platform/heed/internal/collect/source"
	"github.com/heed-platform/heed/internal/config"
)

const journey = "../../workspace/import/completejourney.yaml"

// sharedData is a folder of the shared data.
func sharedData(t testing.TB, name string) string {
	t.Helper()
	dir := filepath.Join("..", "..", "..", "shared", "data", name)
	if _, err := os.Stat(dir); err != nil {
		t.Fatalf("this test reads ../shared/data/%s beside the project, and it is not there: %v", name, err)
	}
	return dir
}

// importing imports a folder through a mapping; it must succeed.
func (h *house) importing(t testing.TB, mapping string, o source.Options) source.Report {
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

// TestImport_aGrocersYear holds the whole of a real shop's year to the figures
// that its publishers give.
func TestImport_aGrocersYear(t *testing.T) {
	t.Parallel()
	h := found(t, t.TempDir(), "")
	defer h.close()
	o := source.Options{Paths: []string{sharedData(t, "purchases-completejourney")}}
	r := h.importing(t, journey, o)
	if r.Accepted != 56_735 || r.Rejected != 0 || r.Items != 92_331 {
		t.Errorf("report %+v", r)
	}
	people := h.everybody(t)
	if len(people) != 2_379 {
		t.Errorf("%d people, want 2,379: the households of all files", len(people))
	}
	var spent, orders int64
	reached := map[string]int{}
	for _, p := range people {
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
	before := values(people)
	if again := h.importing(t, journey, o); again.Accepted != 0 || again.Duplicates != 56_735 || again.Rejected != 0 {
		t.Errorf("imported again: %+v", again)
	}
	if diff := cmp.Diff(before, values(h.everybody(t))); diff != "" {
		t.Errorf("importing again changed something (-before +after)\n%.2000s", diff)
	}
}

// sampleOf writes a part of the grocer's files: about one household in so many.
func sampleOf(t testing.TB, in int) string {
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
			if n == 0 {
				for i, c := range cells {
					if c == "household_id" {
						column = i
					}
				}
			} else if column >= 0 {
				sum := fnv.New32a()
				_, _ = io.WriteString(sum, cells[column])
				if sum.Sum32()%uint32(in) != 0 {
					continue
				}
			} else if strings.Contains(name, "products") && n%in != 0 {
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
// again, and lets the last run end: everybody is as if nothing had happened.
func TestImport_killed(t *testing.T) {
	t.Parallel()
	sample := sampleOf(t, 12)
	for name, database := range databases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			whole := found(t, t.TempDir(), database(t))
			defer whole.close()
			o := source.Options{Paths: []string{sample}, Page: 50}
			want := whole.importing(t, journey, o)
			if want.Accepted < 3_000 || want.Rejected != 0 {
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
