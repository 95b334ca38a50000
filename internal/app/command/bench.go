package command

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/heed-platform/heed/internal/app"
	"github.com/heed-platform/heed/internal/config"
	"github.com/heed-platform/heed/internal/keep"
)

// BenchCmd measures.
type BenchCmd struct {
	Ingest BenchIngestCmd `cmd:"" help:"Events per second through the full walk, beside a bare loop on the same kind of database; a PostgreSQL that --database names lends a database of its own."`
}

// BenchIngestCmd measures ingest, client and server in one process on loopback,
// on the kind of database that --database names.
type BenchIngestCmd struct {
	JSON        bool          `help:"One JSON line a figure."`
	For         time.Duration `name:"seconds" default:"5s" help:"How long each figure is measured."`
	People      int           `default:"100000" help:"How many people the events are about, at random."`
	Connections int           `default:"16" help:"Clients at once."`
}

// Figure is one measurement and its twin of the same run.
type Figure struct {
	Name   string  `json:"name"`
	Events float64 `json:"events_per_s"`
	CPU    float64 `json:"cpu_us_per_event"` // client, server and, with SQLite, the database
	Bare   float64 `json:"bare_events_per_s"`
	Ratio  float64 `json:"ratio"`
}

// Run measures batches of 20, of 100 and single events, in a database that it
// makes and takes away: a folder of its own, or a database beside the one named.
func (c *BenchIngestCmd) Run(e *Env) (failed error) {
	dir, err := os.MkdirTemp("", "heed-bench-")
	if err != nil {
		return fmt.Errorf("make a folder: %w", err)
	}
	defer func() { _ = os.RemoveAll(dir) }()
	database := "sqlite:" + filepath.Join(dir, "bare.db")
	cfg := e.Config
	cfg.Data = filepath.Join(dir, "data")
	if e.Config.Database.Scheme() == "sqlite" {
		cfg.Database = config.Locate("sqlite:" + filepath.Join(cfg.Data, "heed.db"))
	} else {
		beside, drop, err := keep.Aside(e.Ctx, e.Config.Database.Text())
		if err != nil {
			return err
		}
		defer func() { failed = errors.Join(failed, drop()) }()
		database, cfg.Database = beside, config.Locate(beside)
	}
	cfg.Keys = config.Locate("sqlite:" + filepath.Join(cfg.Data, "keys.db"))
	cfg.WriteKey, cfg.AdminToken = config.Hide("wk_bench"), config.Hide("at_bench_token_of_this_run")
	bare, err := c.bare(e.Ctx, database)
	if err != nil {
		return err
	}
	a, err := app.Open(e.Ctx, cfg, e.Clock, e.Log)
	if err != nil {
		return err
	}
	return errors.Join(c.figures(e, a, bare), a.Close())
}

func (c *BenchIngestCmd) bare(ctx context.Context, database string) (float64, error) {
	row := batch(rand.New(rand.NewPCG(1, 1)), 1, 1)                                           //nolint:gosec // load, not a secret
	begun := time.Now()                                                                       //nolint:forbidigo // measuring
	n, err := keep.Bare(ctx, database, row, func() bool { return time.Since(begun) < c.For }) //nolint:forbidigo // measuring
	return float64(n) / time.Since(begun).Seconds(), err                                      //nolint:forbidigo // measuring
}

func (c *BenchIngestCmd) figures(e *Env, a *app.App, bare float64) error {
	l, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // lives as long as the run
	if err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	srv := limits(a.Handler())
	go func() { _ = srv.Serve(l) }()
	defer func() { _ = srv.Close() }()
	if !c.JSON {
		e.say("%-20s %12s %12s %12s %7s", "", "events/s", "CPU-µs/event", "bare/s", "ratio")
	}
	for _, size := range []int{20, 100, 1} {
		f, err := c.measure(e.Ctx, "http://"+l.Addr().String(), size)
		if err != nil {
			return err
		}
		f.Bare, f.Ratio = bare, f.Events/bare
		if c.JSON {
			if err := json.NewEncoder(e.Out).Encode(f); err != nil {
				return err
			}
			continue
		}
		e.say("%-20s %12.0f %12.1f %12.0f %7.3f", f.Name, f.Events, f.CPU, f.Bare, f.Ratio)
	}
	return nil
}

func (c *BenchIngestCmd) measure(ctx context.Context, url string, size int) (Figure, error) {
	transport := &http.Transport{MaxIdleConnsPerHost: c.Connections}
	defer transport.CloseIdleConnections()
	client := &http.Client{Transport: transport, Timeout: 30 * time.Second}
	var done atomic.Int64
	var wg sync.WaitGroup
	failures := make(chan error, c.Connections)
	begun, cpu := time.Now(), cpuTime() //nolint:forbidigo // measuring
	for w := range c.Connections {
		wg.Go(func() {
			r := rand.New(rand.NewPCG(uint64(w), uint64(begun.UnixNano()))) //nolint:gosec // load, not a secret
			for time.Since(begun) < c.For && ctx.Err() == nil {             //nolint:forbidigo // measuring
				if err := post(ctx, client, url, batch(r, size, c.People)); err != nil {
					failures <- err
					return
				}
				done.Add(int64(size))
			}
		})
	}
	wg.Wait()
	took, used := time.Since(begun), cpuTime()-cpu //nolint:forbidigo // measuring
	select {
	case err := <-failures:
		return Figure{}, fmt.Errorf("bench: %w", err)
	default:
	}
	n := float64(done.Load())
	return Figure{Name: fmt.Sprintf("ingest_batch_%d", size), Events: n / took.Seconds(), CPU: float64(used.Microseconds()) / n}, nil
}

func post(ctx context.Context, client *http.Client, url string, body []byte) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url+"/v1/batch", bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.SetBasicAuth("wk_bench", "")
	resp, err := client.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	var answer struct{ Accepted int }
	if err := json.NewDecoder(resp.Body).Decode(&answer); err != nil {
		return err
	}
	_, _ = io.Copy(io.Discard, resp.Body)
	if resp.StatusCode != http.StatusOK || answer.Accepted == 0 {
		return fmt.Errorf("answered %s with %d accepted", resp.Status, answer.Accepted)
	}
	return nil
}

func cpuTime() time.Duration {
	var r syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &r); err != nil {
		return 0
	}
	return time.Duration(r.Utime.Nano() + r.Stime.Nano())
}

// batch is events of about 750 bytes each, about people drawn at random.
func batch(r *rand.Rand, n, people int) []byte {
	out := make([]byte, 0, n*800)
	out = append(out, `{"batch":[`...)
	for i := range n {
		if i > 0 {
			out = append(out, ',')
		}
		out = fmt.Appendf(out, `{"type":"track","messageId":"%016x%016x","userId":"user-%d","event":"Product Viewed","properties":{"product_id":"p-%d","name":"A thing with a name of some length","category":"Things","brand":"Some brand","price":19.99,"currency":"EUR","quantity":1,"url":"https://shop.example/things/a-thing-with-a-name","position":3},"context":{"library":{"name":"analytics.js","version":"2.11.1"},"page":{"path":"/things/a-thing","referrer":"https://search.example/","search":"","title":"A thing - Shop","url":"https://shop.example/things/a-thing"},"userAgent":"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36","locale":"en-US","timezone":"Europe/Berlin"}}`,
			r.Uint64(), r.Uint64(), r.IntN(people), r.IntN(1000))
	}
	return append(out, "]}"...)
}
