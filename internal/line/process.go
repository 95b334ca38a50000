package line

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"runtime/debug"
	"time"

	"github.com/heed-platform/heed/internal/keep"
	"github.com/heed-platform/heed/internal/problem"
)

const (
	// walkTime bounds one transaction: whoever waits for a lock that another
	// node does not give back says so, instead of holding up everybody.
	walkTime = 30 * time.Second
	// later is when a person is looked at again whom the line could not look at.
	later = time.Hour
)

// process walks a group and answers each request.
func (l *Line) process(ctx context.Context, group []*request) {
	err := l.try(ctx, group)
	if err != nil && len(group) > 1 && apart(err) {
		half := len(group) / 2
		l.process(ctx, group[:half])
		l.process(ctx, group[half:])
		return
	}
	for _, r := range group {
		if err != nil && apart(err) {
			r.err = l.split(ctx, r, err)
		} else {
			r.err = err
		}
		if r.err != nil {
			r.answers, r.err = nil, face(r.err)
		}
		l.load.Add(-r.size())
		close(r.ready)
	}
}

var errOvertaken = problem.New(problem.Unavailable, "line-overtaken",
	"Others are writing about the same people, so this could not be written in time; send it again in a moment.")

// face is what the sender is told: somebody else's turn is no fault of anybody.
func face(err error) error {
	if apart(err) && !poison(err) || errors.Is(err, context.DeadlineExceeded) {
		return errOvertaken.Because(err)
	}
	return fmt.Errorf("walk: %w", err)
}

// apart reports whether it may help to write what failed together one by one:
// not when nothing can be written at all.
func apart(err error) bool {
	return !errors.Is(err, keep.ErrFull) && !errors.Is(err, keep.ErrDown) &&
		!errors.Is(err, context.Canceled) && !errors.Is(err, context.DeadlineExceeded)
}

// poison reports whether an event that failed alone will always fail: others
// were first is no fault of its own.
func poison(err error) bool {
	return apart(err) && !errors.Is(err, keep.ErrErased) && !errors.Is(err, keep.ErrStale)
}

// split tries the parts of a request that failed, so that a poison event does
// not fail its neighbors. What fails alone is set aside.
func (l *Line) split(ctx context.Context, r *request, err error) error {
	parts := r.parts()
	if len(parts) == 0 {
		if !poison(err) {
			return err
		}
		return l.setAside(ctx, r, err)
	}
	r.answers = nil
	for _, p := range parts {
		err := l.try(ctx, []*request{p})
		if err != nil && apart(err) {
			err = l.split(ctx, p, err)
		}
		if err != nil {
			return err
		}
		r.answers = append(r.answers, p.answers...)
	}
	return nil
}

// parts are two halves of the request; none when it cannot be parted.
func (r *request) parts() []*request {
	arrivals, aside, look := r.batch.Arrivals, r.batch.Quarantine, r.look
	half := func(n int) int { return (n + 1) / 2 }
	if len(arrivals)+len(aside)+len(look) < 2 {
		return nil
	}
	var first, second request
	for _, p := range []*request{&first, &second} {
		p.batch.Source, p.batch.Replay, p.batch.Held, p.batch.Returns = r.batch.Source, r.batch.Replay, r.batch.Held, r.batch.Returns
	}
	switch {
	case len(aside) > 0 && len(arrivals) > 0:
		first.batch.Quarantine, second.batch.Arrivals = aside, arrivals
	case len(arrivals) > 0:
		first.batch.Arrivals, second.batch.Arrivals = arrivals[:half(len(arrivals))], arrivals[half(len(arrivals)):]
	case len(aside) > 0:
		first.batch.Quarantine, second.batch.Quarantine = aside[:half(len(aside))], aside[half(len(aside)):]
	default:
		first.look, second.look = look[:half(len(look))], look[half(len(look)):]
	}
	return []*request{&first, &second}
}

// setAside keeps an event that cannot be applied where people see it, and looks
// at a person who cannot be looked at another time.
func (l *Line) setAside(ctx context.Context, r *request, cause error) error {
	if len(r.batch.Arrivals)+len(r.look) == 0 {
		return cause
	}
	r.answers = make([]Answer, len(r.batch.Arrivals))
	err := l.keep.Vault().Write(ctx, l.keep.Writer, nil, func(tx *keep.Tx) error {
		for i := range r.batch.Arrivals {
			e := &r.batch.Arrivals[i].Event
			r.answers[i] = Answer{
				Outcome: Quarantined, Code: "cannot_apply",
				Why: "heed could not apply this event; it is kept, and can be tried again when that is mended.",
			}
			if r.batch.Held {
				continue
			}
			if err := l.quarantine(ctx, tx, e, &r.answers[i]); err != nil {
				return err
			}
		}
		for _, k := range r.look {
			if k.Campaign != "" || k.Silent {
				continue
			}
			if err := tx.Store.ClearTimer(ctx, k.Fragment, k.Due); err != nil {
				return err
			}
			if err := tx.Store.PutTimers(ctx, []keep.Timer{{Fragment: k.Fragment, Due: tx.Now.Add(later)}}); err != nil {
				return err
			}
		}
		return tally(ctx, tx, []*request{r})
	})
	if err != nil {
		return errors.Join(cause, err)
	}
	l.log.LogAttrs(ctx, slog.LevelError, "something was set aside because it cannot be applied",
		slog.String("source", r.batch.Source), slog.Int("events", len(r.batch.Arrivals)), slog.Int("looks", len(r.look)), slog.Any("cause", cause))
	return nil
}

// try walks a group; a panic is an error like any other, of whoever caused it.
func (l *Line) try(ctx context.Context, group []*request) (err error) {
	ctx, stop := context.WithTimeout(ctx, walkTime)
	defer stop()
	defer func() {
		if p := recover(); p != nil {
			err = panicked(p)
		}
	}()
	return l.walk(ctx, group)
}

// panicked says where a panic was. What was said at it is left out unless it is
// the runtime's: it may be about somebody.
func panicked(p any) error {
	if e, ok := p.(runtime.Error); ok {
		return fmt.Errorf("panic: %w\n%s", e, debug.Stack())
	}
	return fmt.Errorf("panic: a %T\n%s", p, debug.Stack())
}
