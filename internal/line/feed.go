package line

import (
	"sync"

	"github.com/heed-platform/heed/internal/clock"
	"github.com/heed-platform/heed/internal/fact"
	"github.com/heed-platform/heed/internal/keep"
	"github.com/heed-platform/heed/internal/person"
)

// Seen is one event as an operator watches it go by: whom it met and what was
// ruled, nothing about the person.
type Seen struct {
	At        clock.Instant      `json:"at"`
	Source    string             `json:"source"`
	Type      string             `json:"type"`
	Event     string             `json:"event,omitempty"` // approved names only
	Person    person.Ref         `json:"person"`
	Fragments int                `json:"fragments"` // of the person, after this event
	Named     []person.Namespace `json:"named"`     // which identifiers it carried
	Uncovered int64              `json:"uncovered,omitempty"`
	Audiences []string           `json:"audiences,omitempty"`
	Decisions []Ruled            `json:"decisions,omitempty"`
}

// Ruled is what became of one campaign in the moment of the event.
type Ruled struct {
	Campaign string `json:"campaign"`
	Ruling   string `json:"ruling"` // "chosen", or the code of the first guard that vetoed
}

// feed hands what was committed to whoever watches. A watcher that is slow
// misses lines; the line never waits for it.
type feed struct {
	mu    sync.Mutex
	watch map[chan Seen]struct{}
}

// Watch returns what goes by from now on; call the second value to stop.
func (l *Line) Watch() (<-chan Seen, func()) {
	ch := make(chan Seen, 256)
	l.feed.mu.Lock()
	defer l.feed.mu.Unlock()
	if l.feed.watch == nil {
		l.feed.watch = map[chan Seen]struct{}{}
	}
	l.feed.watch[ch] = struct{}{}
	return ch, func() {
		l.feed.mu.Lock()
		defer l.feed.mu.Unlock()
		delete(l.feed.watch, ch)
	}
}

// watched reports whether anybody looks.
func (f *feed) watched() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.watch) > 0
}

func (f *feed) publish(seen []Seen) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for ch := range f.watch {
		for _, s := range seen {
			select {
			case ch <- s:
			default:
			}
		}
	}
}

// tell notes what a watcher may see of this person's events.
func (w *walk) tell(h *human, p *fact.Profile) {
	for _, s := range h.touched {
		e := &s.arrival.Event
		line := Seen{
			At: e.At, Source: e.Source, Type: e.Type.String(), Person: p.Ref, Fragments: len(p.Fragments), Uncovered: p.Uncovered,
			Decisions: h.ruled,
		}
		if w.set.Dictionary.Allows(e.Name) {
			line.Event = e.Name
		}
		for _, id := range e.Identifiers {
			line.Named = append(line.Named, id.NS)
		}
		for _, m := range p.Memberships {
			if m.In {
				line.Audiences = append(line.Audiences, m.Audience)
			}
		}
		w.seen = append(w.seen, line)
	}
}

// Sealed makes a quarantine row of bytes that were not understood.
func (l *Line) Sealed(source, code, why string, raw []byte, at clock.Instant) keep.Quarantine {
	return keep.Quarantine{
		Source: source, Code: code, Why: why, Received: at, Body: l.keep.Vault().SealNote("quarantine "+source, raw),
	}
}
