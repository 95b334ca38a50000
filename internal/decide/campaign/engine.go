package campaign

import (
	"slices"
	"strconv"
	"strings"

	"github.com/heed-platform/heed/internal/clock"
	"github.com/heed-platform/heed/internal/fact"
	"github.com/heed-platform/heed/internal/keep/gate"
)

// Kind is what sort of moment it is.
type Kind uint8

// The kinds of moments.
const (
	OnEvent Kind = iota + 1 // an event happened
	OnEnter                 // somebody entered an audience
	OnSend                  // somebody sends the campaign
)

// Moment is a reason to consider talking to somebody. Name is the event's, the
// audience's or the campaign's; Event is set where an event is the reason.
type Moment struct {
	Kind  Kind
	Name  string
	At    clock.Instant
	Event *fact.Event
}

// String is "event:Order Completed", as decisions keep it.
func (m Moment) String() string {
	switch m.Kind {
	case OnEvent:
		return "event:" + m.Name
	case OnEnter:
		return "audience:" + m.Name
	case OnSend:
		return "send:" + m.Name
	}
	return "unknown:" + m.Name
}

// Approved is a definition that somebody let go live, by its content. Only Live
// ones decide; the others explain what was queued under them.
type Approved struct {
	Definition

	Version int64
	Hash    string
	Status  string // live, paused, ended, superseded
}

// StatusLive is the status of those that decide.
const StatusLive = "live"

// Engine holds the campaigns. A nil Engine holds none.
type Engine struct {
	live      []*Live // those that decide, by key
	triggered map[trigger][]*Live
	all       map[string]*Live
}

// trigger is what a moment is looked up by.
type trigger struct {
	kind Kind
	name string
}

// NewEngine compiles every version that may still be asked about. One that
// decides, or may again, must be understood; one that was ended or superseded
// may name what is gone since, and then speaks to nobody.
func NewEngine(list []Approved, deps Deps) (*Engine, error) {
	e := &Engine{all: map[string]*Live{}, triggered: map[trigger][]*Live{}}
	for _, a := range list {
		l, err := Compile(a, deps)
		switch {
		case err == nil:
		case a.Status == StatusLive, a.Status == "paused":
			return nil, err
		default:
			l = &Live{Approved: a, rules: deps.Rules, members: nobody{}}
		}
		e.all[versioned(a.Key, a.Version)] = l
		if a.Status == StatusLive {
			e.live = append(e.live, l)
		}
	}
	slices.SortFunc(e.live, func(a, b *Live) int { return strings.Compare(a.Key, b.Key) })
	for _, l := range e.live {
		m := l.Trial(0)
		e.triggered[trigger{m.Kind, m.Name}] = append(e.triggered[trigger{m.Kind, m.Name}], l)
	}
	return e, nil
}

func versioned(key string, version int64) string { return key + "@" + strconv.FormatInt(version, 10) }

// Len is how many campaigns decide.
func (e *Engine) Len() int {
	if e == nil {
		return 0
	}
	return len(e.live)
}

// All are the campaigns that decide, by key.
func (e *Engine) All() []*Live {
	if e == nil {
		return nil
	}
	return e.live
}

// Triggered are the campaigns that a moment concerns, by key. A page that is
// named like an event is not that event.
func (e *Engine) Triggered(m Moment) []*Live {
	if e == nil || m.Event != nil && m.Event.Type != fact.Track {
		return nil
	}
	return e.triggered[trigger{m.Kind, m.Name}]
}

// Find is one version, whatever its status.
func (e *Engine) Find(key string, version int64) (*Live, bool) {
	if e == nil {
		return nil, false
	}
	l, ok := e.all[versioned(key, version)]
	return l, ok
}

// Trial is the kind of moment that starts the campaign, as if it were now: for
// dry runs.
func (l *Live) Trial(now clock.Instant) Moment {
	switch t := l.Trigger; {
	case t.Event != "":
		return Moment{Kind: OnEvent, Name: t.Event, At: now}
	case t.Enters != "":
		return Moment{Kind: OnEnter, Name: t.Enters, At: now}
	}
	return Moment{Kind: OnSend, Name: l.Key, At: now}
}

// Asking is the question that this campaign puts to the gate.
func (l *Live) Asking() gate.Asking {
	return gate.Asking{
		Purpose: l.Purpose, Channel: l.Channel, Topic: l.Topic, Recipient: l.Recipient, By: "campaign/" + l.Key, Role: "heed",
	}
}

// Members is the audience's predicate.
func (l *Live) Members() gate.Predicate { return l.members }

// Service reports whether caps and quiet hours leave it alone.
func (l *Live) Service() bool { return l.service }

// Class is how caps count its messages.
func (l *Live) Class() string {
	if l.service {
		return "service"
	}
	return "marketing"
}
