package door

import (
	"sync"
	"time"

	"github.com/heed-platform/heed/internal/clock"
)

// When looks at links are a machine's: the links of so many people from one
// place, or one link so many times, in a moment.
const (
	burstMoment = 10 * time.Second
	burstPeople = 5
	burstLooks  = 20
	burstQuiet  = time.Minute // one place is reported once in this time
	burstPlaces = 4096        // places remembered; when there are more, all are forgotten
)

// Bursts notices machines that look at the links of messages: mail scanners,
// previews, a leaked mailbox. Looking changes nothing, so nothing is done about
// them but to say so. A nil Bursts notices nothing.
type Bursts struct {
	note func(kind string)

	mu     sync.Mutex
	places map[string]*place
}

// place is what was looked at from one place within a moment.
type place struct {
	began    clock.Instant
	people   map[string]bool
	links    map[string]int
	reported clock.Instant
}

// NewBursts tells note about each burst: "people" for the links of many people
// from one place, "link" for one link again and again.
func NewBursts(note func(kind string)) *Bursts {
	return &Bursts{note: note, places: map[string]*place{}}
}

// Looked notes that somebody at from looked at a link about who.
func (b *Bursts) Looked(from, who, link string, now clock.Instant) {
	if b == nil {
		return
	}
	if kind := b.count(from, who, link, now); kind != "" {
		b.note(kind)
	}
}

func (b *Bursts) count(from, who, link string, now clock.Instant) (kind string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	p := b.places[from]
	if p == nil {
		if len(b.places) >= burstPlaces {
			clear(b.places)
		}
		p = &place{}
		b.places[from] = p
	}
	if p.people == nil || now.Sub(p.began) > burstMoment {
		p.began, p.people, p.links = now, map[string]bool{}, map[string]int{}
	}
	if len(p.links) < burstLooks || p.links[link] > 0 {
		p.people[who] = true
		p.links[link]++
	}
	switch {
	case p.reported != 0 && now.Sub(p.reported) < burstQuiet:
		return ""
	case len(p.people) >= burstPeople:
		kind = "people"
	case p.links[link] >= burstLooks:
		kind = "link"
	default:
		return ""
	}
	p.reported = now
	return kind
}
