package source

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/heed-platform/heed/internal/clock"
)

// BenchmarkRun is the reading side alone: the grocer's year, from packed files to
// events, with a sink that takes everything.
func BenchmarkRun(b *testing.B) {
	text, err := os.ReadFile(filepath.Join("..", "..", "..", "workspace", "import", "completejourney.yaml"))
	if err != nil {
		b.Fatal(err)
	}
	m, faults := ParseMapping(text)
	if len(faults) > 0 {
		b.Fatal(faults)
	}
	dir := filepath.Join("..", "..", "..", "..", "shared", "data", "purchases-completejourney")
	all := Sink{
		Events: func(_ context.Context, page []Entry) ([]Answer, error) { return yes(len(page)), nil },
		Items:  func(_ context.Context, page []Item) ([]Answer, error) { return yes(len(page)), nil },
	}
	var rows int64
	for b.Loop() {
		r, err := New(all, clock.System{}).Run(b.Context(), Options{Paths: []string{dir}, Mapping: &m, Folder: b.TempDir()})
		if err != nil {
			b.Fatal(err)
		}
		rows += r.Rows
	}
	b.ReportMetric(float64(rows)/b.Elapsed().Seconds(), "rows/s")
}

func yes(n int) []Answer {
	out := make([]Answer, n)
	for i := range out {
		out[i].Outcome = Accepted
	}
	return out
}
