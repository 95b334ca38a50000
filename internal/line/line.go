package line

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"

	"github.com/heed-platform/heed/internal/clock"
	"github.com/heed-platform/heed/internal/decide/campaign"
	"github.com/heed-platform/heed/internal/fact"
	"github.com/heed-platform/heed/internal/keep"
	"github.com/heed-platform/heed/internal/know"
	"github.com/heed-platform/heed/internal/know/audience"
	"github.com/heed-platform/heed/internal/know/profile"
	"github.com/heed-platform/heed/internal/problem"
)

// Arrival is one checked event and the grants it carried. Grants are in the
// order they were said; a browser's are already cut down to what it may say.
type Arrival struct {
	Event  fact.Event
	Grants []fact.Grant
}

// Batch is what one request or one page of an import brings.
type Batch struct {
	Source     string
	Arrivals   []Arrival
	Quarantine []keep.Quarantine // not understood: sealed already, kept beside
	Replay     bool              // history: nothing is said to anybody because of it
}

// Answer is what became of one Arrival.
type Answer struct {
	Outcome Outcome
	Code    string // for Quarantined
	Why     string
}

// Outcome is one of the ways an event can go.
type Outcome uint8

// The outcomes.
const (
	Accepted Outcome = iota + 1
	Duplicate
	Quarantined
)

// Settings is what the line works by; Adopt replaces it whole.
type Settings struct {
	Know       *know.Knowledge
	Audiences  *audience.Set
	Campaigns  *campaign.Engine
	Dictionary profile.Dictionary // event names that may stand on the spine
}

// Line is the walk, running.
type Line struct {
	keep  *keep.Keep
	clock clock.Clock
	log   *slog.Logger
	set   atomic.Pointer[Settings]

	in      chan *request
	stop    chan struct{}
	done    sync.WaitGroup
	limit   int
	feed    feed
	stopped atomic.Bool
}

type request struct {
	ctx     context.Context //nolint:containedctx // the request waits for its answer; its end must reach the worker
	batch   Batch
	look    []Look
	answers []Answer
	err     error
	ready   chan struct{}
}

// What the line answers when it cannot take more.
var (
	errStopping = problem.New(problem.Unavailable, "shutting-down", "heed is shutting down; send this again in a moment.")
	errBusy     = problem.New(problem.TooMany, "line-full", "More is arriving than can be written; send this again in a moment.")
)

const (
	// groupLimit is how many events one transaction takes at most: enough to
	// spread an fsync, few enough to answer in milliseconds.
	groupLimit = 2000
	// waiting is how many requests may stand in line before heed says so.
	waiting = 4096
)

// New makes a line; Run starts it. workers is 1 where the database has one writer.
func New(k *keep.Keep, s *Settings, clk clock.Clock, log *slog.Logger) *Line {
	l := &Line{keep: k, clock: clk, log: log, in: make(chan *request, waiting), stop: make(chan struct{}), limit: groupLimit}
	l.set.Store(s)
	return l
}

// Adopt puts new settings in force for every batch that starts from now on.
func (l *Line) Adopt(s *Settings) { l.set.Store(s) }

// Run starts the workers. They end with Close.
func (l *Line) Run(ctx context.Context, workers int) {
	for range workers {
		l.done.Add(1)
		go func() {
			defer l.done.Done()
			l.work(context.WithoutCancel(ctx))
		}()
	}
}

// Close answers everything that is in hand and stops.
func (l *Line) Close() {
	if l.stopped.CompareAndSwap(false, true) {
		close(l.stop)
	}
	l.done.Wait()
}

// Accept walks one batch and returns when it is committed, with one answer for
// each arrival in order. An error means that nothing of it was written.
func (l *Line) Accept(ctx context.Context, b Batch) ([]Answer, error) {
	r := &request{ctx: ctx, batch: b, ready: make(chan struct{})}
	if err := l.submit(ctx, r); err != nil {
		return nil, err
	}
	return r.answers, r.err
}

func (l *Line) submit(ctx context.Context, r *request) error {
	if l.stopped.Load() {
		return errStopping
	}
	select {
	case l.in <- r:
	case <-l.stop:
		return errStopping
	default:
		return errBusy
	}
	if ackEarly {
		r.answers = make([]Answer, len(r.batch.Arrivals))
		for i := range r.answers {
			r.answers[i] = Answer{Outcome: Accepted}
		}
		return nil
	}
	// From here on the batch may be committed, so the answer is waited for even
	// when the caller has gone: its retry meets the message set.
	select {
	case <-r.ready:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (l *Line) work(ctx context.Context) {
	for {
		select {
		case r := <-l.in:
			l.process(ctx, l.gather(r))
		case <-l.stop:
			for { // what is in hand is still answered
				select {
				case r := <-l.in:
					l.process(ctx, l.gather(r))
				default:
					return
				}
			}
		}
	}
}

// gather takes what else is waiting, so that one fsync serves them all. It never
// waits for more: under light load a batch goes alone.
func (l *Line) gather(first *request) []*request {
	group, size := []*request{first}, len(first.batch.Arrivals)
	for size < l.limit {
		select {
		case r := <-l.in:
			group, size = append(group, r), size+len(r.batch.Arrivals)
		default:
			return group
		}
	}
	return group
}

// process walks a group and answers each request. When a group fails for
// another reason than the database, its requests are tried one by one, so that
// one poison batch does not fail its neighbors.
func (l *Line) process(ctx context.Context, group []*request) {
	err := l.walk(ctx, group)
	if err != nil && len(group) > 1 && !errors.Is(err, keep.ErrFull) && !errors.Is(err, keep.ErrDown) {
		for _, r := range group {
			l.process(ctx, []*request{r})
		}
		return
	}
	for _, r := range group {
		if err != nil {
			r.answers, r.err = nil, fmt.Errorf("walk: %w", err)
		}
		close(r.ready)
	}
}
