package delivery

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/heed-platform/heed/internal/clock"
	"github.com/heed-platform/heed/internal/decide/campaign"
	"github.com/heed-platform/heed/internal/keep/gate"
	"github.com/heed-platform/heed/internal/keep/queue"
)

// How the work is paced.
const (
	lease = 30 * time.Second // how long a claimed job is this worker's
	slack = 5 * time.Second  // of the lease, left to write down what happened
	idle  = time.Second      // between looks at an empty queue
	width = 16               // jobs in hand at once
)

// Options are what a Worker is made of.
type Options struct {
	Gate      *gate.Gate
	Queue     *queue.Queue
	Campaigns func() *campaign.Engine // those in force now
	Channels  map[string]Channel      // by the campaigns' name for it: email, sms
	Hands     map[string]Hand         // likewise: webhook
	Links     *Links
	Clock     clock.Clock
	Log       *slog.Logger
}

// Worker takes deliveries from the queue and lets them leave. Many may work on
// one queue, in one process or in many.
type Worker struct {
	Options

	mu       sync.Mutex
	messages map[string]*Message // parsed, by the hash of the campaign's content
}

// NewWorker makes a Worker.
func NewWorker(o Options) *Worker { return &Worker{Options: o, messages: map[string]*Message{}} }

// Run works until ctx ends; then it finishes what it holds, which takes no
// longer than a lease, and returns.
func (w *Worker) Run(ctx context.Context) {
	free := make(chan struct{}, width)
	for range width {
		free <- struct{}{}
	}
	var hands sync.WaitGroup
	defer hands.Wait()
	for {
		n, ok := take(ctx, free)
		if !ok {
			return
		}
		jobs, err := w.Queue.Claim(ctx, queue.Delivery, lease, n)
		if err != nil && ctx.Err() == nil {
			w.Log.ErrorContext(ctx, "deliveries cannot be claimed; trying again", slog.Any("cause", err))
		}
		for _, job := range jobs {
			hands.Go(func() {
				defer func() { free <- struct{}{} }()
				w.work(ctx, job)
			})
		}
		for range n - len(jobs) {
			free <- struct{}{}
		}
		if len(jobs) < n && !rest(ctx, idle) {
			return
		}
	}
}

// Due does everything that is due now and returns when it is done.
func (w *Worker) Due(ctx context.Context) error {
	for {
		jobs, err := w.Queue.Claim(ctx, queue.Delivery, lease, width)
		if err != nil || len(jobs) == 0 {
			return err
		}
		var hands sync.WaitGroup
		for _, job := range jobs {
			hands.Go(func() { w.work(ctx, job) })
		}
		hands.Wait()
	}
}

// take waits for one free hand and takes all others that are free.
func take(ctx context.Context, free <-chan struct{}) (n int, ok bool) {
	select {
	case <-ctx.Done():
		return 0, false
	case <-free:
		n = 1
	}
	for n < width {
		select {
		case <-free:
			n++
		default:
			return n, true
		}
	}
	return n, true
}

// rest waits, and reports whether there is still work to do.
func rest(ctx context.Context, d time.Duration) bool {
	pause, cancel := context.WithTimeout(ctx, d)
	defer cancel()
	<-pause.Done()
	return ctx.Err() == nil
}

// work does one job and files it. A job in hand is finished even when heed is
// told to stop: half of a send cannot be taken back.
func (w *Worker) work(ctx context.Context, job queue.Claimed) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), lease-slack)
	defer cancel()
	f := w.try(ctx, job)
	ctx, cancel = context.WithTimeout(context.WithoutCancel(ctx), slack)
	defer cancel()
	if err := w.file(ctx, job, f); err != nil {
		// The lease runs out and somebody looks at the job again.
		w.Log.ErrorContext(ctx, "a delivery could not be filed", slog.Int64("job", job.ID), slog.String("code", f.code), slog.Any("cause", err))
	}
}

// fate is what becomes of a job.
type fate struct {
	how  how
	code string
	due  clock.Instant // for waits
	wait time.Duration // for again: what the other side asked for
	why  error         // for the log
}

type how uint8

const (
	left   how = iota // somebody else's now, or to be looked at when the lease is over
	ended             // done, code says how
	waits             // until due; not a try
	again             // after a pause; too often is buried
	buried            // for people to look at
)

func (w *Worker) file(ctx context.Context, job queue.Claimed, f fate) error {
	if f.why != nil {
		w.Log.WarnContext(ctx, "a delivery did not leave", slog.Int64("job", job.ID), slog.String("code", f.code),
			slog.Int("attempt", job.Attempt), slog.Any("cause", f.why))
	}
	switch f.how {
	case ended:
		return w.Queue.End(ctx, job, f.code)
	case waits:
		return w.Queue.Wait(ctx, job, f.code, f.due)
	case buried:
		return w.Queue.Bury(ctx, job, f.code)
	case again:
		if job.Attempt > len(pauses) {
			return w.Queue.Bury(ctx, job, f.code)
		}
		return w.Queue.Again(ctx, job, f.code, w.Clock.Now().Add(max(pause(job.Attempt, rand.Float64()), f.wait))) //nolint:gosec // spreads load, keeps no secret
	case left:
	}
	return nil
}

// pauses are how long to wait after each try that failed: 76 hours in all.
var pauses = []time.Duration{
	5 * time.Second, 5 * time.Minute, 30 * time.Minute, 2 * time.Hour, 5 * time.Hour,
	10 * time.Hour, 14 * time.Hour, 20 * time.Hour, 24 * time.Hour,
}

// pause is the one after a try, from 1, moved by up to a tenth either way so
// that what failed together is not tried together.
func pause(attempt int, random float64) time.Duration {
	p := pauses[min(attempt, len(pauses))-1]
	return p + time.Duration((random*2-1)*float64(p)/10)
}
