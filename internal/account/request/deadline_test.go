package request_test

import (
	"os"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/heed-platform/heed/internal/account/request"
	"github.com/heed-platform/heed/internal/clock"
	"github.com/heed-platform/heed/internal/policy"
	"github.com/heed-platform/heed/internal/policy/define"
)

var berlin = func() *time.Location {
	zone, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		panic(err)
	}
	return zone
}()

// TestDue reads testdata/deadlines.txt: when it came in, the clock, and the last
// day, each counted by hand from the law's text.
func TestDue(t *testing.T) {
	t.Parallel()
	table, err := os.ReadFile("testdata/deadlines.txt")
	if err != nil {
		t.Fatal(err)
	}
	rows := 0
	for line := range strings.Lines(string(table)) {
		line, _, _ = strings.Cut(line, "#")
		words := strings.Fields(line)
		if len(words) == 0 {
			continue
		}
		rows++
		from, err := time.ParseInLocation("2006-01-02T15:04", words[0], berlin)
		if err != nil || len(words) < 4 {
			t.Fatalf("%q: %v", line, err)
		}
		d := policy.Deadline{Clock: define.Clock{Unit: words[2], Forward: len(words) > 4 && words[4] == "forward"}, Holidays: []string{"12-25", "12-26", "2026-04-03"}}
		for _, c := range words[1] {
			d.Within = d.Within*10 + int(c-'0')
		}
		got := request.Due(clock.At(from), d, berlin)
		last := got.Time().In(berlin)
		if last.Format(time.DateOnly) != words[3] || last.Format("15:04:05") != "23:59:59" {
			t.Errorf("%s: ends %s", strings.TrimSpace(line), last)
		}
	}
	if rows < 15 {
		t.Errorf("only %d rows", rows)
	}
}

// TestDue_neverBeforeThePeriod: a period is never shorter than it says, and an
// extension never ends earlier.
func TestDue_neverBeforeThePeriod(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		from := clock.Instant(rapid.Int64Range(0, 4e15).Draw(t, "from"))
		d := policy.Deadline{Clock: define.Clock{
			Within: rapid.IntRange(1, 60).Draw(t, "within"), Extended: rapid.IntRange(0, 60).Draw(t, "extended"),
			Unit: rapid.SampledFrom([]string{"hours", "days", "business_days", "months"}).Draw(t, "unit"), Forward: rapid.Bool().Draw(t, "forward"),
		}}
		due, late := request.Due(from, d, berlin), request.Extended(from, d, berlin)
		if late < due {
			t.Fatalf("the extension ends %s, the period %s", late.Format(), due.Format())
		}
		least := map[string]time.Duration{"hours": time.Hour, "days": 24*time.Hour - 2*time.Minute, "business_days": 24*time.Hour - 2*time.Minute, "months": 28*24*time.Hour - 2*time.Minute}[d.Unit]
		if due.Sub(from) < time.Duration(d.Within)*least-2*time.Hour { // a day in spring has 23 hours
			t.Fatalf("%d %s from %s end %s", d.Within, d.Unit, from.Format(), due.Format())
		}
	})
}
