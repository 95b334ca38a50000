package postgres_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/heed-platform/heed/internal/fact"
	"github.com/heed-platform/heed/internal/keep/internal/postgres"
	"github.com/heed-platform/heed/internal/keep/internal/store"
	"github.com/heed-platform/heed/internal/keep/keeptest/pgtest"
)

// BenchmarkWrite locks, appends facts of 800 bytes and writes states of 600,
// 500 to a transaction, for random fragments out of ten thousand.
func BenchmarkWrite(b *testing.B) {
	d, err := postgres.OpenData(b.Context(), pgtest.URL(b))
	if err != nil {
		b.Fatal(err)
	}
	defer d.Close()
	last := map[fact.FragmentID]uint64{}
	random := rand.New(rand.NewPCG(1, 2))
	const size = 500
	for b.Loop() {
		var facts []store.Fact
		var states []store.State
		var ids []fact.FragmentID
		for len(facts) < size {
			id := fact.FragmentID(1 + random.IntN(10_000))
			last[id]++
			ids = append(ids, id)
			facts = append(facts, store.Fact{Fragment: id, N: last[id], Kind: 1, Body: make([]byte, 800)})
			states = append(states, store.State{Fragment: id, N: last[id], Version: 1, Body: make([]byte, 600)})
		}
		err := d.Write(b.Context(), func(w store.Writer) error {
			if _, err := w.Lock(b.Context(), ids); err != nil {
				return fmt.Errorf("lock: %w", err)
			}
			if err := w.Append(b.Context(), facts); err != nil {
				return err
			}
			return w.PutStates(b.Context(), states)
		})
		if err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/size, "ns/fact")
}
