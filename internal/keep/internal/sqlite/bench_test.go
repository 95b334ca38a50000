package sqlite_test

import (
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"testing"

	"github.com/heed-platform/heed/internal/fact"
	"github.com/heed-platform/heed/internal/keep/internal/sqlite"
	"github.com/heed-platform/heed/internal/keep/internal/store"
)

// BenchmarkAppend appends facts of 800 bytes, 500 to a transaction, to random
// fragments out of a thousand and out of a million: the cost of one must not
// depend on how many there are.
func BenchmarkAppend(b *testing.B) {
	for _, people := range []int{1_000, 100_000, 1_000_000} {
		b.Run(fmt.Sprint(people), func(b *testing.B) {
			d, err := sqlite.OpenData(b.Context(), filepath.Join(b.TempDir(), "heed.db"))
			if err != nil {
				b.Fatal(err)
			}
			defer d.Close()
			last := make([]uint64, people)
			random := rand.New(rand.NewPCG(1, 2))
			body := make([]byte, 800)
			appendBatch := func(pick func(n int) int, size int) {
				batch := make([]store.Fact, size)
				for n := range batch {
					id := pick(n)
					last[id]++
					batch[n] = store.Fact{Fragment: fact.FragmentID(id + 1), N: last[id], Kind: 1, Body: body}
				}
				if err := d.Write(b.Context(), func(w store.Writer) error { return w.Append(b.Context(), batch) }); err != nil {
					b.Fatal(err)
				}
			}
			// Everybody has a first fact already; its body is small to save time.
			body = body[:1]
			for from := 0; from < people; from += 1000 {
				appendBatch(func(n int) int { return from + n }, min(1000, people))
			}
			body = body[:800]
			b.ResetTimer()
			for b.Loop() {
				appendBatch(func(int) int { return random.IntN(people) }, 500)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/500, "ns/fact")
		})
	}
}
