package line_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/heed-platform/heed/internal/collect/event"
	"github.com/heed-platform/heed/internal/fact"
	"github.com/heed-platform/heed/internal/know/audience"
	"github.com/heed-platform/heed/internal/line"
	house "github.com/heed-platform/heed/internal/line/linetest"
)

// BenchmarkWalk is the line without HTTP: batches of 20 of 751-byte events from
// 16 callers at once, about people who are known already or who are new, with
// and without audiences.
func BenchmarkWalk(b *testing.B) {
	const people = 20_000
	for _, v := range []struct {
		name      string
		new       bool
		audiences int
	}{{"new", true, 0}, {"known", false, 0}, {"known, 10 audiences", false, 10}, {"known, 100 audiences", false, 100}} {
		b.Run(v.name, func(b *testing.B) {
			h := house.Open(b, b.TempDir(), "")
			if !v.new {
				drive(b, h, people/20, func(_ *rand.Rand, n int) int { return n })
			}
			var set []audience.Definition
			for n := range v.audiences {
				d := of(fmt.Sprintf("a-%d", n), fmt.Sprintf(`count("Product Viewed") > %d`, n))
				switch n % 4 {
				case 1:
					d.Expression = fmt.Sprintf(`traits.shoe_size == %d`, n)
				case 2:
					d.Expression = fmt.Sprintf(`bought_category("Running shoes") && spend("EUR") > %d.0`, n)
				case 3:
					d.Expression = fmt.Sprintf(`within(last("Order Completed"), days(%d))`, n)
				}
				set = append(set, d)
			}
			h.Adopt(set)
			before := spent(b)
			b.ResetTimer()
			drive(b, h, b.N, func(r *rand.Rand, n int) int {
				if v.new {
					return people + n
				}
				return r.IntN(people)
			})
			b.StopTimer()
			b.ReportMetric(float64(b.N)*20/b.Elapsed().Seconds(), "events/s")
			b.ReportMetric((spent(b)-before)/float64(b.N)/20, "cpu-µs/event")
		})
	}
}

// spent is the process's CPU time so far, in microseconds.
func spent(tb testing.TB) float64 {
	tb.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		tb.Fatal(err)
	}
	return float64(u.Utime.Sec+u.Stime.Sec)*1e6 + float64(u.Utime.Usec+u.Stime.Usec)
}

// drive sends batches of 20; who says whom the n-th event is about.
func drive(tb testing.TB, h *house.House, batches int, who func(r *rand.Rand, n int) int) {
	tb.Helper()
	var next atomic.Int64
	var wg sync.WaitGroup
	for w := range 16 {
		wg.Go(func() {
			r := rand.New(rand.NewPCG(uint64(w), 1))
			for {
				n := int(next.Add(1)) - 1
				if n >= batches {
					return
				}
				parsed, err := event.Batch(batchOf(r, func(i int) int { return who(r, 20*n+i) }), event.Source{
					Key: "server", Kind: event.Server, Notice: house.Promise, Origin: fact.Declared,
				}, h.Clock.Now())
				if err != nil {
					tb.Error(err)
					return
				}
				batch := line.Batch{Source: "server"}
				for _, v := range parsed.Verdicts {
					batch.Arrivals = append(batch.Arrivals, line.Arrival{Event: v.Event})
				}
				if _, err := h.Line.Accept(context.Background(), batch); err != nil {
					tb.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
}

func batchOf(r *rand.Rand, who func(i int) int) []byte {
	out := []byte(`{"batch":[`)
	for i := range 20 {
		if i > 0 {
			out = append(out, ',')
		}
		out = fmt.Appendf(out, `{"type":"track","messageId":"%016x%016x","userId":"user-%d","event":"Product Viewed","timestamp":"2026-03-01T10:00:00Z","properties":{"product_id":"p-%d","name":"A thing with a name of some length","category":"Things","brand":"Some brand","price":19.99,"currency":"EUR","quantity":1,"url":"https://shop.example/things/a-thing-with-a-name","position":3},"context":{"library":{"name":"analytics.js","version":"2.11.1"},"page":{"path":"/things/a-thing","referrer":"https://search.example/","search":"","title":"A thing - Shop","url":"https://shop.example/things/a-thing"},"userAgent":"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36","locale":"en-US","timezone":"Europe/Berlin"}}`,
			r.Uint64(), r.Uint64(), who(i), r.IntN(1000))
	}
	return append(out, "]}"...)
}
