package app_test

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/heed-platform/heed/internal/app"
	"github.com/heed-platform/heed/internal/clock"
	"github.com/heed-platform/heed/internal/collect/event"
	"github.com/heed-platform/heed/internal/config"
	"github.com/heed-platform/heed/internal/line"
)

// BenchmarkWalk is the line without HTTP: batches of 20 of 751-byte events about
// people drawn at random, from 16 callers at once.
func BenchmarkWalk(b *testing.B) {
	env := map[string]string{"HEED_DATA": filepath.Join(b.TempDir(), "data"), "HEED_WRITE_KEY": "wk-test"}
	cfg, err := config.Load(config.Flags{}, func(k string) (string, bool) { v, ok := env[k]; return v, ok })
	if err != nil {
		b.Fatal(err)
	}
	a, err := app.Open(context.Background(), cfg, clock.System{}, slog.New(slog.DiscardHandler))
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = a.Close() }()
	src, _ := a.Source("wk-test")
	var n atomic.Int64
	var wg sync.WaitGroup
	b.ResetTimer()
	for w := range 16 {
		wg.Go(func() {
			r := rand.New(rand.NewPCG(uint64(w), 1))
			for n.Add(20) <= int64(b.N)*20 {
				parsed, err := event.Batch(batchOf(r, 20, 100_000), src, clock.System{}.Now())
				if err != nil {
					b.Error(err)
					return
				}
				batch := line.Batch{Source: src.Key}
				for _, v := range parsed.Verdicts {
					batch.Arrivals = append(batch.Arrivals, line.Arrival{Event: v.Event})
				}
				if _, err := a.Line.Accept(context.Background(), batch); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	b.ReportMetric(float64(b.N)*20/b.Elapsed().Seconds(), "events/s")
}

func batchOf(r *rand.Rand, n, people int) []byte {
	out := []byte(`{"batch":[`)
	for i := range n {
		if i > 0 {
			out = append(out, ',')
		}
		out = fmt.Appendf(out, `{"type":"track","messageId":"%016x%016x","userId":"user-%d","event":"Product Viewed","timestamp":"2026-03-01T10:00:00Z","properties":{"product_id":"p-%d","name":"A thing with a name of some length","category":"Things","brand":"Some brand","price":19.99,"currency":"EUR","quantity":1,"url":"https://shop.example/things/a-thing-with-a-name","position":3},"context":{"library":{"name":"analytics.js","version":"2.11.1"},"page":{"path":"/things/a-thing","referrer":"https://search.example/","search":"","title":"A thing - Shop","url":"https://shop.example/things/a-thing"},"userAgent":"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36","locale":"en-US","timezone":"Europe/Berlin"}}`, r.Uint64(), r.Uint64(), r.IntN(people), r.IntN(1000))
	}
	return append(out, "]}"...)
}
