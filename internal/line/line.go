package line

import (
	"context"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/heed-platform/heed/internal/clock"
	"github.com/heed-platform/heed/internal/decide/campaign"
	"github.com/heed-platform/heed/internal/fact"
	"github.com/heed-platform/heed/internal/keep"
	"github.com/heed-platform/heed/internal/know"
	"github.com/heed-platform/heed/internal/know/audience"
	"github.com/heed-platform/heed/internal/know/profile"
	"github.com/heed-platform/heed/internal/person"
	"github.com/heed-platform/heed/internal/problem"
)

// Arrival is one checked event and the grants it carried. Grants are in the
// order they were said; a browser's are already cut down to what it may say.
type Arrival struct {
	Event  fact.Event
	Grants []fact.Grant
	// Elsewhere is what else could have named its fragment (event.Verdict): there
	// it may have come before.
	Elsewhere []person.Identifier

	message, body person.Hash // which message it is, and what it says
	withheld      []string    // kinds that the person does not let the device tell, and that were in it
}

// Batch is what one request or one page of an import brings.
type Batch struct {
	Source     string
	Arrivals   []Arrival
	Quarantine []keep.Quarantine // not understood: sealed already, kept beside
	Replay     bool              // history: nothing is said to anybody because of it
	Held       bool              // tried again out of quarantine: what cannot be applied stays there as it is
	Returns    bool              // a file: what came before with other content is refused and goes back to it, not aside
}

// Answer is what became of one Arrival.
type Answer struct {
	Outcome Outcome
	Code    string // for Quarantined and Refused
	Why     string
	// Withheld lists, with commas, what was taken out before anything was kept,
	// because the person does not let this device tell it (collect/sharing).
	Withheld string
}

// Outcome is one of the ways an event can go.
type Outcome uint8

// The outcomes.
const (
	Accepted Outcome = iota + 1
	Duplicate
	Quarantined
	Refused // only where the batch Returns: heed keeps nothing of it
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
	feed  feed
	done  sync.WaitGroup

	in     chan *request
	mu     sync.RWMutex // guards closed, so that nothing is put in a line that nobody works off
	closed bool
	load   atomic.Int64 // bytes that stand in line or are being written
}

type request struct {
	batch   Batch
	look    []Look
	answers []Answer
	err     error
	ready   chan struct{}
}

// size is how many bytes the request brought.
func (r *request) size() (n int64) {
	for i := range r.batch.Arrivals {
		n += int64(len(r.batch.Arrivals[i].Event.Raw))
	}
	for i := range r.batch.Quarantine {
		n += int64(len(r.batch.Quarantine[i].Body))
	}
	return n
}

// What the line answers when it cannot take more.
var (
	errStopping = problem.New(problem.Unavailable, "shutting-down", "heed is shutting down; send this again in a moment.")
	errBusy     = problem.New(problem.TooMany, "line-full", "More is arriving than can be written; send this again in a moment.")
)

const (
	// groupLimit is how many events one transaction takes at most: enough to
	// spread an fsync, few enough to answer in milliseconds. groupBytes is the
	// same for large events.
	groupLimit = 2000
	groupBytes = 8 << 20
	// waiting is how many requests may stand in line before heed says so, and
	// waitingBytes what they may hold together.
	waiting      = 4096
	waitingBytes = 64 << 20
)

// New makes a line; Run starts it. workers is 1 where the database has one writer.
func New(k *keep.Keep, s *Settings, clk clock.Clock, log *slog.Logger) *Line {
	l := &Line{keep: k, clock: clk, log: log, in: make(chan *request, waiting)}
	l.set.Store(s)
	return l
}

// Adopt puts new settings in force for every batch that starts from now on.
func (l *Line) Adopt(s *Settings) { l.set.Store(s) }

// Run starts the workers. They end with Close.
func (l *Line) Run(ctx context.Context, workers int) {
	for range workers {
		l.done.Go(func() { l.work(context.WithoutCancel(ctx)) })
	}
}

// Close takes nothing more, answers everything that is in hand and stops.
func (l *Line) Close() {
	l.mu.Lock()
	if !l.closed {
		l.closed = true
		close(l.in)
	}
	l.mu.Unlock()
	l.done.Wait()
}

// Accept walks one batch and returns when it is committed, with one answer for
// each arrival in order. After an error the batch is to be sent again: whatever
// of it was written is known then.
func (l *Line) Accept(ctx context.Context, b Batch) ([]Answer, error) {
	// Here callers work side by side; behind, the line is one. What is noted goes
	// to a copy: a caller that gives up may send its batch again while the line
	// still reads this one.
	b.Arrivals = slices.Clone(b.Arrivals)
	for i := range b.Arrivals {
		a := &b.Arrivals[i]
		a.message, a.body = messageOf(l.keep.Vault(), &a.Event), said(l.keep.Vault(), &a.Event)
	}
	r := &request{batch: b, ready: make(chan struct{})}
	if err := l.submit(ctx, r); err != nil {
		return nil, err
	}
	return r.answers, r.err
}

func (l *Line) submit(ctx context.Context, r *request) error {
	if err := l.stand(r); err != nil {
		return err
	}
	if ackEarly {
		r.answers = make([]Answer, len(r.batch.Arrivals))
		for i := range r.answers {
			r.answers[i] = Answer{Outcome: Accepted}
		}
		return nil
	}
	// The batch is written even when the caller has gone: its retry meets the
	// message set.
	select {
	case <-r.ready:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// stand puts a request in line, if there is room.
func (l *Line) stand(r *request) error {
	l.mu.RLock()
	defer l.mu.RUnlock()
	if l.closed {
		return errStopping
	}
	size := r.size()
	if before := l.load.Add(size) - size; before > 0 && before+size > waitingBytes {
		l.load.Add(-size)
		return errBusy
	}
	select {
	case l.in <- r:
		return nil
	default:
		l.load.Add(-size)
		return errBusy
	}
}

func (l *Line) work(ctx context.Context) {
	for r := range l.in {
		l.process(ctx, l.gather(r))
	}
}

// gather takes what else is waiting, so that one fsync serves them all. It never
// waits for more: under light load a batch goes alone.
func (l *Line) gather(first *request) []*request {
	group, events, bytes := []*request{first}, len(first.batch.Arrivals), first.size()
	for events < groupLimit && bytes < groupBytes {
		select {
		case r, open := <-l.in:
			if !open {
				return group
			}
			group, events, bytes = append(group, r), events+len(r.batch.Arrivals), bytes+r.size()
		default:
			return group
		}
	}
	return group
}
