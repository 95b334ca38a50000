package consent

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"slices"

	"github.com/heed-platform/heed/internal/collect/event"
	"github.com/heed-platform/heed/internal/fact"
)

// The methods by which this package enters grants.
const (
	MethodAct   = "sdk"       // the person just said so
	MethodState = "sdk_state" // an SDK repeats what was said some time before
	MethodGPC   = "gpc"       // the browser says so for the person
)

// Scope is what a grant is about. An empty Channel or Topic is all of them.
type Scope struct{ Purpose, Channel, Topic string }

// Heard is what one event and its request said.
type Heard struct {
	// Grants are sorted by scope, one for each. Those Granted hold for the
	// fragment of Identifiers[0] and no other; the others lower, and may reach
	// every fragment of the person.
	Grants  []fact.Grant
	Refused []Refusal
}

// Refusal is a signal that was not taken.
type Refusal struct {
	Where string // the path of the signal
	Why   string // a sentence without any value
}

// Why a signal was not taken.
const (
	WhyClaimed   = "An unverified event cannot give consent for somebody whom it merely names; send it with a server key, or sign the user id."
	WhyRumor     = "Consent is the person's own word; a source whose data is inferred or bought cannot give it."
	WhyMalformed = "The signal has another form than its specification; whatever it was meant to allow is not allowed."
	WhyAddress   = "The address subscribed is none of those that the event names as the person's."
	WhyInvalid   = "The consent string may not stand for a yes: it names no consent tool, belongs to no one service, or does not say which vendors were shown."
	WhyUnmapped  = "The workspace does not say what this kind of subscription is for."
)

// Hear reads one accepted event. gpc is whether its request carried a Sec-GPC
// header that counts (see GPC). How far the event is trusted, it says itself:
// Verified, Origin and Identifiers, as package event settled them.
func Hear(e *fact.Event, gpc bool, m *Mapping) Heard {
	l := listener{e: e, m: m, act: e.Type == fact.Track && e.Name == event.ConsentUpdated}
	for name, value := range event.Members(event.Path(e.Raw, "context")) {
		switch name {
		case "consent":
			l.segment(value)
		case "consentManagement":
			l.rudder(value)
		case "messaging_subscriptions":
			l.subscriptions(value)
		default:
			l.carried("context.", name, value)
		}
	}
	if gpc {
		l.gpc("Sec-GPC: 1")
	}
	return l.heard()
}

// listener gathers what one event says.
type listener struct {
	e       *fact.Event
	m       *Mapping
	act     bool
	said    []fact.Grant
	refused []Refusal
}

func (l *listener) refuse(where, why string) {
	r := Refusal{where, why}
	if !slices.Contains(l.refused, r) {
		l.refused = append(l.refused, r)
	}
}

// method is how the event's consent object was said.
func (l *listener) method() string {
	if l.act {
		return MethodAct
	}
	return MethodState
}

// say notes one thing heard. A yes must be the person's own.
func (l *listener) say(s Scope, status fact.GrantStatus, method, evidence string) {
	if status == fact.Granted {
		switch {
		case !l.e.Verified && !ownDevice(l.e):
			l.refuse(evidence, WhyClaimed)
			return
		case !Own(l.e.Origin):
			l.refuse(evidence, WhyRumor)
			return
		}
	}
	l.said = append(l.said, fact.Grant{
		Purpose:  s.Purpose,
		Channel:  s.Channel,
		Topic:    s.Topic,
		Status:   status,
		Method:   method,
		Evidence: evidence,
		Source:   l.e.Source,
		Said:     l.e.At,
		Received: l.e.Received,
		Message:  l.e.Message,
	})
}

// Own reports whether data of this origin can be the person's own word: what was
// guessed or bought says yes for nobody. A refusal counts wherever it comes from.
func Own(o fact.Origin) bool { return o == fact.Declared || o == fact.Observed }

// ownDevice reports whether the event's fragment is the device that sent it.
func ownDevice(e *fact.Event) bool {
	return len(e.Identifiers) > 0 && event.DeviceClass(e.Identifiers[0].NS)
}

// heard keeps the most restrictive word on each scope. GPC stands beside what
// the person said: it answers another question, and neither replaces the other.
func (l *listener) heard() Heard {
	slices.SortStableFunc(l.said, func(a, b fact.Grant) int {
		return cmp.Or(compareScope(&a, &b), -cmp.Compare(a.Status, b.Status), cmp.Compare(a.Method, b.Method))
	})
	said := slices.CompactFunc(l.said, func(a, b fact.Grant) bool { return compareScope(&a, &b) == 0 })
	language := ""
	if len(said) > 0 {
		language = locale(l.e)
	}
	for i := range said {
		said[i].Record = record(l.e, &said[i])
		said[i].Notice = l.e.Notice
		said[i].Language = language
	}
	return Heard{Grants: said, Refused: l.refused}
}

func compareScope(a, b *fact.Grant) int {
	return cmp.Or(
		cmp.Compare(a.Purpose, b.Purpose), cmp.Compare(a.Channel, b.Channel), cmp.Compare(a.Topic, b.Topic),
		cmp.Compare(beside(a), beside(b)),
	)
}

func beside(g *fact.Grant) int {
	if g.Method == MethodGPC {
		return 1
	}
	return 0
}

// record names an entry the same way each time the same event is heard.
func record(e *fact.Event, g *fact.Grant) string {
	h := sha256.New()
	for _, part := range []string{e.Source, e.Message, g.Purpose, g.Channel, g.Topic, g.Method} {
		h.Write([]byte(part))
		h.Write([]byte{0})
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// locale is the language the person was spoken to in, if the event says so.
func locale(e *fact.Event) string {
	text, _ := event.Text(event.Path(e.Raw, "context.locale"))
	if len(text) > 35 { // RFC 5646, 4.4.1
		return ""
	}
	return text
}
