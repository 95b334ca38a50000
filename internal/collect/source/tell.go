package source

import (
	"bytes"
	"encoding/json"
	"sync"
	"time"

	"github.com/heed-platform/heed/internal/clock"
)

// teller counts, and says how far the import is.
type teller struct {
	mu     sync.Mutex
	o      *Options
	clock  clock.Clock
	began  clock.Instant
	report Report

	// Work is measured in bytes of files. Sorting is the lesser part of the work
	// on rows that are grouped.
	total, done float64
	share       map[string]float64 // by rows: bytes
	doing       string
	weight      float64 // of the rows at hand
	file        *rows   // that is read now
	base        float64 // of the files read before
	grouped     bool
	sorting     int64 // rows that were sorted
	emitted     int64
	finished    bool

	told  clock.Instant
	rates []sample
}

// sample is a moment at which so many events were answered.
type sample struct {
	at     clock.Instant
	events int64
	done   float64
}

const (
	tellEvery = 200 * time.Millisecond
	sortPart  = 0.15 // of the work on rows that are grouped
)

func newTeller(o *Options, clk clock.Clock) *teller {
	return &teller{o: o, clock: clk, began: clk.Now(), share: map[string]float64{}, report: Report{Reasons: map[string]int64{}}}
}

// plan measures the work.
func (t *teller) plan(r *run) {
	for i := range r.m.Rows {
		rules := &r.m.Rows[i]
		for _, in := range r.found.of(rules.From) {
			t.share[rules.Name] += float64(in.size) + 1
			t.total += float64(in.size) + 1
		}
	}
}

func (t *teller) begin(name string, grouped bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.done += t.weight
	t.doing, t.weight, t.grouped = name, t.share[name], grouped
	t.file, t.base, t.sorting, t.emitted = nil, 0, 0, 0
}

// row counts a row that was read.
func (t *teller) row(from *rows) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.report.Rows++
	if t.file != from {
		if t.file != nil {
			t.base += float64(t.file.in.size)
		}
		t.file = from
	}
	t.tick()
}

// sorted says that the rows at hand were sorted and are now grouped.
func (t *teller) sorted(n int64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.sorting = n
}

func (t *teller) groupedRow() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.emitted++
	t.tick()
}

// answers counts a page.
func (t *teller) answers(f *flight) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for i, a := range f.answers {
		var r Reject
		if len(f.events) > 0 {
			e := &f.events[i]
			t.report.Events++
			r = Reject{File: e.File, Line: e.Line, Raw: string(e.JSON)}
			switch {
			case a.Outcome == Refused:
			case e.Known:
				t.report.Skipped++
			case a.Outcome == Accepted:
				t.report.Accepted++
				t.report.Grants += int64(len(e.Grants))
			default:
				t.report.Duplicates++
			}
		} else {
			r = Reject{File: f.items[i].File, Line: f.items[i].Line, Raw: string(f.items[i].JSON)}
			if a.Outcome != Refused {
				t.report.Items++
			}
		}
		if a.Outcome == Refused {
			r.Code, r.Why = a.Code, a.Why
			t.rejectLocked(r)
		}
	}
	t.tick()
}

func (t *teller) reject(r Reject) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.rejectLocked(r)
}

func (t *teller) rejectLocked(r Reject) {
	t.report.Rejected++
	t.report.Reasons[r.Code]++
	if !t.o.RejectsRaw {
		r.Raw = ""
	}
	if t.o.Rejected != nil {
		t.o.Rejected(r)
	}
	if t.o.Rejects == nil {
		return
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if enc.Encode(r) == nil {
		_, _ = t.o.Rejects.Write(b.Bytes()) // a full disk ends the import elsewhere
	}
}

func (t *teller) rejected() int64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.report.Rejected
}

// tick tells about the progress now and then.
func (t *teller) tick() {
	if t.o.Progress == nil {
		return
	}
	now := t.clock.Now()
	if now.Sub(t.told) < tellEvery {
		return
	}
	t.told = now
	t.o.Progress(t.progress(now))
}

func (t *teller) progress(now clock.Instant) Progress {
	part := t.base
	if t.file != nil {
		part += float64(*t.file.read)
	}
	if t.grouped {
		part *= sortPart
	}
	if t.sorting > 0 {
		part = t.weight * (sortPart + (1-sortPart)*float64(t.emitted)/float64(t.sorting))
	}
	p := Progress{Doing: t.doing, Rows: t.report.Rows, Events: t.report.Events}
	if t.finished {
		p.Part = 1
	} else if t.total > 0 {
		p.Part = min((t.done+part)/t.total, 1)
	}
	// The last ten seconds tell better than all of it what comes next.
	t.rates = append(t.rates, sample{now, p.Events, p.Part})
	for len(t.rates) > 2 && now.Sub(t.rates[1].at) > 10*time.Second {
		t.rates = t.rates[1:]
	}
	first := t.rates[0]
	if span := now.Sub(first.at); span > time.Second {
		p.Rate = float64(p.Events-first.events) / span.Seconds()
		if gain := p.Part - first.done; gain > 0 {
			p.Left = time.Duration(float64(span) * (1 - p.Part) / gain)
		}
	}
	return p
}

// final is the report.
func (t *teller) final(err error) Report {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.report.Seconds = t.clock.Now().Sub(t.began).Seconds()
	if err == nil {
		t.finished = true
	}
	if t.o.Progress != nil {
		t.o.Progress(t.progress(t.clock.Now()))
	}
	return t.report
}
