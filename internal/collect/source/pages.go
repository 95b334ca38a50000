package source

import (
	"context"
	"errors"
	"sync"

	"github.com/heed-platform/heed/internal/collect/source/mapping"
)

// maxPage bounds the bytes of one page.
const maxPage = 2 << 20

// pages hands events and items over, several pages at once where their order
// does not matter, and takes the answers in the order of the pages.
type pages struct {
	ctx    context.Context //nolint:containedctx // it ends with the rows at hand
	cancel context.CancelCauseFunc
	run    *run

	events []Entry
	items  []Item
	size   int

	work  chan *flight
	order chan *flight
	lanes sync.WaitGroup
	last  chan struct{}
}

// flight is one page that was handed over.
type flight struct {
	events  []Entry
	items   []Item
	answers []Answer
	err     error
	landed  chan struct{}
}

var errAnswers = errors.New("the sink did not answer for each of a page")

func newPages(ctx context.Context, r *run, rules *mapping.Rows) *pages {
	lanes := r.o.Lanes
	if rules.Grants() || rules.Items() {
		lanes = 1
	}
	p := &pages{run: r, work: make(chan *flight), order: make(chan *flight, lanes), last: make(chan struct{})}
	p.ctx, p.cancel = context.WithCancelCause(ctx)
	for range lanes {
		p.lanes.Go(p.lane)
	}
	go p.land()
	return p
}

func (p *pages) event(e Entry) error {
	p.events = append(p.events, e)
	if p.size += len(e.JSON); len(p.events) < p.run.o.Page && p.size < maxPage {
		return nil
	}
	return p.flush()
}

func (p *pages) item(i Item) error {
	p.items = append(p.items, i)
	if len(p.items) < p.run.o.Page {
		return nil
	}
	return p.flush()
}

// flush hands over what there is.
func (p *pages) flush() error {
	events, items := p.events, p.items
	p.events, p.items, p.size = nil, nil, 0
	if len(events) > 0 {
		p.run.mark.known(events)
		if err := p.hand(&flight{events: events, landed: make(chan struct{})}); err != nil {
			return err
		}
	}
	if len(items) > 0 {
		return p.hand(&flight{items: items, landed: make(chan struct{})})
	}
	return nil
}

func (p *pages) hand(f *flight) error {
	for _, to := range []chan *flight{p.order, p.work} {
		select {
		case to <- f:
		case <-p.ctx.Done():
			if to == p.work {
				f.err = context.Cause(p.ctx)
				close(f.landed)
			}
			return context.Cause(p.ctx)
		}
	}
	return nil
}

// lane carries one page at a time. After an error nothing more is sent.
func (p *pages) lane() {
	for f := range p.work {
		n := len(f.events)
		switch {
		case p.ctx.Err() != nil:
			f.err = context.Cause(p.ctx)
		case n > 0:
			f.answers, f.err = p.run.im.sink.Events(p.ctx, f.events)
		default:
			n = len(f.items)
			f.answers, f.err = p.run.im.sink.Items(p.ctx, f.items)
		}
		if f.err == nil && len(f.answers) != n {
			f.err = errAnswers
		}
		if f.err != nil {
			p.cancel(f.err)
		}
		close(f.landed)
	}
}

// land takes the answers. Behind a page that failed nothing is counted: the next
// run sends it again.
func (p *pages) land() {
	defer close(p.last)
	failed := false
	for f := range p.order {
		<-f.landed
		if failed = failed || f.err != nil; failed {
			continue
		}
		p.run.tell.answers(f)
		// What was answered is worth remembering also when the import is over.
		if err := p.run.mark.passed(context.WithoutCancel(p.ctx), f); err != nil {
			failed = true
			p.cancel(err)
		}
	}
}

// end hands over the rest and waits for all answers. It returns err, or what
// went wrong first.
func (p *pages) end(err error) error {
	if err == nil {
		err = p.flush()
	}
	close(p.work)
	close(p.order)
	p.lanes.Wait()
	<-p.last
	if cause := context.Cause(p.ctx); cause != nil {
		err = cause
	}
	p.cancel(nil)
	return err
}
