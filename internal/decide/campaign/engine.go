package campaign

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/heed-platform/heed/internal/clock"
	"github.com/heed-platform/heed/internal/decide/guard"
	"github.com/heed-platform/heed/internal/fact"
	"github.com/heed-platform/heed/internal/keep/gate"
	"github.com/heed-platform/heed/internal/policy"
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
// audience's or the campaign's.
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

// Approved is a definition that somebody let go live, by its content.
type Approved struct {
	Definition

	Version int64
	Hash    string
	Status  string // live, paused, ended, superseded
}

// Deps is what campaigns are compiled with.
type Deps struct {
	Rules *policy.Rules
	// Audience gives an audience's predicate; false when there is none.
	Audience func(key string) (gate.Predicate, bool)
}

// Live is one campaign, compiled.
type Live struct {
	Approved

	rules   *policy.Rules
	members gate.Predicate
	service bool
	caps    []fact.Cap
	quiet   guard.Quiet
	zone    string
}

// Engine holds the campaigns. A nil Engine holds none.
type Engine struct {
	live []*Live // those that decide
	all  map[string]*Live
}

// NewEngine compiles every version that may still be asked about: live ones
// decide; paused, ended and superseded ones explain what was queued under them.
func NewEngine(list []Approved, deps Deps) (*Engine, error) {
	e := &Engine{all: map[string]*Live{}}
	for _, a := range list {
		l, err := compile(a, deps)
		if err != nil {
			return nil, err
		}
		e.all[versioned(a.Key, a.Version)] = l
		if a.Status == "live" {
			e.live = append(e.live, l)
		}
	}
	slices.SortFunc(e.live, func(a, b *Live) int { return strings.Compare(a.Key, b.Key) })
	return e, nil
}

func versioned(key string, version int64) string { return key + "@" + strconv.FormatInt(version, 10) }

func compile(a Approved, deps Deps) (*Live, error) {
	if err := a.Check(); err != nil {
		return nil, err
	}
	purpose, ok := deps.Rules.Purpose(a.Purpose)
	if !ok {
		return nil, errDefinition.At("campaign/"+a.Key+"/purpose", fmt.Sprintf("there is no purpose %q", a.Purpose))
	}
	members, ok := deps.Audience(a.Audience)
	if !ok {
		return nil, errDefinition.At("campaign/"+a.Key+"/audience", fmt.Sprintf("there is no audience %q", a.Audience))
	}
	brand := deps.Rules.Brand()
	l := &Live{Approved: a, rules: deps.Rules, members: members, service: purpose.Service, zone: brand.Zone}
	for _, c := range brand.Caps {
		l.caps = append(l.caps, fact.Cap{Channel: c.Channel, Count: c.Count, Hours: c.Hours})
	}
	var err error
	if l.quiet, err = quietOf(brand.Quiet.From, brand.Quiet.To); err != nil {
		return nil, errDefinition.At("brand/quiet", err.Error())
	}
	return l, nil
}

func quietOf(from, to string) (guard.Quiet, error) {
	if from == "" && to == "" {
		return guard.Quiet{}, nil
	}
	a, err := minutes(from)
	if err != nil {
		return guard.Quiet{}, err
	}
	b, err := minutes(to)
	return guard.Quiet{From: a, To: b}, err
}

func minutes(text string) (int, error) {
	h, m, ok := strings.Cut(text, ":")
	hour, err1 := strconv.Atoi(h)
	minute, err2 := strconv.Atoi(m)
	if !ok || err1 != nil || err2 != nil || hour < 0 || hour > 24 || minute < 0 || minute > 59 {
		return 0, fmt.Errorf("%q is not a time such as 20:00", text)
	}
	return hour*60 + minute, nil
}

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

// Triggered are the campaigns that a moment concerns.
func (e *Engine) Triggered(m Moment) []*Live {
	if e == nil {
		return nil
	}
	var out []*Live
	for _, l := range e.live {
		t := l.Trigger
		switch m.Kind {
		case OnEvent:
			if t.Event != "" && t.Event == m.Name {
				out = append(out, l)
			}
		case OnEnter:
			if t.Enters != "" && t.Enters == m.Name {
				out = append(out, l)
			}
		case OnSend:
			if t.Send && l.Key == m.Name {
				out = append(out, l)
			}
		}
	}
	return out
}

// Find is one version, whatever its status.
func (e *Engine) Find(key string, version int64) (*Live, bool) {
	if e == nil {
		return nil, false
	}
	l, ok := e.all[versioned(key, version)]
	return l, ok
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
