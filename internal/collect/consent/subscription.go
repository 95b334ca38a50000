package consent

import (
	"slices"
	"strings"

	"github.com/heed-platform/heed/internal/collect/event"
	"github.com/heed-platform/heed/internal/fact"
	"github.com/heed-platform/heed/internal/person"
)

// subscriptions reads context.messaging_subscriptions: what was said about one
// address, [{key, type: EMAIL|SMS|WhatsApp, status}]. DID_NOT_SUBSCRIBE is a
// number given at the till without a word about texts: a no. A yes counts only
// for an address that the event names as the person's; a no always counts.
func (l *listener) subscriptions(raw fact.Raw) {
	if isNull(raw) {
		return
	}
	if raw[0] != '[' {
		l.refuse(atSubscriptions, WhyMalformed)
		return
	}
	i := 0
	for item := range event.Elements(raw) {
		l.subscription(item, element(atSubscriptions, i))
		i++
	}
}

func (l *listener) subscription(item fact.Raw, where string) {
	key, _ := event.Text(event.Path(item, "key"))
	typ, _ := event.Text(event.Path(item, "type"))
	status, ok := event.Text(event.Path(item, "status"))
	if !ok {
		l.refuse(where, WhyMalformed)
		return
	}
	scope, ok := l.scopeOf(typ)
	if !ok {
		l.refuse(where, WhyUnmapped)
		return
	}
	// Only the yes must be spelled as Segment spells it.
	switch {
	case status == "SUBSCRIBED" && l.owns(typ, key):
		l.say(scope, fact.Granted, MethodAct, where)
	case status == "SUBSCRIBED":
		l.refuse(where, WhyAddress)
	case strings.EqualFold(status, "UNSUBSCRIBED"):
		l.say(scope, fact.Withdrawn, MethodAct, where)
	case strings.EqualFold(status, "DID_NOT_SUBSCRIBE"):
		l.say(scope, fact.Denied, MethodAct, where)
	default:
		l.refuse(where, WhyMalformed)
	}
}

func (l *listener) scopeOf(typ string) (Scope, bool) {
	subscriptions := Subscriptions()
	if l.m != nil {
		subscriptions = l.m.subscriptions
	}
	s, ok := subscriptions[typ]
	if !ok {
		s, ok = subscriptions[strings.ToUpper(typ)]
	}
	return s, ok
}

// owns reports whether the event names an address as its person's.
func (l *listener) owns(typ, key string) bool {
	ns := person.Phone
	if strings.EqualFold(typ, "EMAIL") {
		ns = person.Email
	}
	if l.m != nil && l.m.canonical != nil {
		var ok bool
		if key, ok = l.m.canonical(ns, key); !ok {
			return false
		}
	}
	return key != "" && slices.ContainsFunc(l.e.Identifiers, func(id person.Identifier) bool {
		return id.NS == ns && id.Value.Equal(person.Hide(key))
	})
}
