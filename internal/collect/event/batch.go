package event

import (
	"github.com/heed-platform/heed/internal/clock"
	"github.com/heed-platform/heed/internal/collect/event/strict"
	"github.com/heed-platform/heed/internal/fact"
	"github.com/heed-platform/heed/internal/person"
)

// The limits of a request. SDKs stay under half of them.
const (
	MaxBody   = 1 << 20  // bytes, decompressed
	MaxEvent  = 64 << 10 // bytes, with what the batch shares
	MaxEvents = 2500     // in one batch
	MaxID     = 200      // bytes of an identifier

	maxShared = 8 << 10 // bytes of a batch's own context and integrations, which every event gets
)

// Parsed is a body cut into events.
type Parsed struct {
	Verdicts []Verdict
	WriteKey string // as the body or its first event names it; "" when neither does
}

// Verdict is the answer for one event. With Code set the event is quarantined,
// and only its Type (if known) and Raw are of use.
type Verdict struct {
	Index int
	Event fact.Event
	Code  string   // one of Codes
	Why   string   // what is wrong and where, without any value
	Raw   fact.Raw // the event with what its batch shares; it may lie in the body

	// Elsewhere is what else could have named the event's fragment by what
	// Source.Canonical answered at other times: it may have come before, and lie there.
	Elsewhere []person.Identifier
}

// Batch reads {"batch": [events]}. The events keep pointing into body, which
// must not change afterwards. Its errors are the problems body-too-large,
// body-not-json, body-not-strict, body-no-batch, body-bad-context and
// batch-too-long.
func Batch(body []byte, src Source, received clock.Instant) (Parsed, error) {
	if len(body) > MaxBody {
		return Parsed{}, errTooLarge
	}
	b, err := scanBatch(body)
	if err != nil {
		return Parsed{}, err
	}
	p := Parsed{Verdicts: make([]Verdict, len(b.events)), WriteKey: plainText(b.writeKey.Of(body))}
	if p.WriteKey == "" && len(b.events) > 0 {
		p.WriteKey = plainText(b.events[0].writeKey.Of(body))
	}
	shared := shared{context: b.context.Of(body), integrations: b.integrations.Of(body), sentAt: b.sentAt.Of(body)}
	for i := range b.events {
		v := &p.Verdicts[i]
		judge(v, body, &b.events[i], 0, &shared, &src, received)
		v.Index = i
	}
	return p, nil
}

// Single reads one event that was sent to the address of its type; the event
// itself may leave its type out. Type zero takes the event's own, which is how
// a quarantined event is replayed. Its errors are body-too-large and
// body-not-json.
func Single(body []byte, typ fact.EventType, src Source, received clock.Instant) (Parsed, error) {
	if len(body) > MaxBody {
		return Parsed{}, errTooLarge
	}
	var e envelope
	s := strict.New(body)
	scanEvent(s, &e)
	if !s.End() {
		return Parsed{}, errNotJSON
	}
	p := Parsed{Verdicts: make([]Verdict, 1), WriteKey: plainText(e.writeKey.Of(body))}
	judge(&p.Verdicts[0], body, &e, typ, &shared{}, &src, received)
	return p, nil
}

// WriteKey is the key that a body names, for requests that name it nowhere
// else; "" when it names none. It checks nothing: Batch and Single do.
func WriteKey(body []byte) string {
	if key := plainText(strict.Find(body, "writeKey")); key != "" {
		return key
	}
	for first := range strict.Elements(strict.Find(body, "batch")) {
		return plainText(strict.Find(first, "writeKey"))
	}
	return ""
}

func plainText(raw []byte) string {
	t, _ := strict.Text(raw)
	return t
}

// batch is where the parts of a body lie.
type batch struct {
	writeKey, sentAt, context, integrations strict.Span

	events []envelope
}

// shared is what a batch says about all of its events.
type shared struct{ context, integrations, sentAt []byte }

func scanBatch(body []byte) (batch, error) {
	var b batch
	s := strict.New(body)
	if !s.Enter() {
		s.Skip()
		if !s.End() {
			return b, errNotJSON
		}
		return b, errNoBatch
	}
	found := false
	var outside strict.Fault
	var path string
	note := func() {
		if f, p := s.Take(); f != 0 && outside == 0 {
			outside, path = f, p
		}
	}
	for name, ok := s.Next(); ok; name, ok = s.Next() {
		switch string(name) {
		case "batch":
			note()
			if found = s.EnterArray(); !found {
				s.Skip()
				continue
			}
			b.events = make([]envelope, 0, 1+min(len(body)/600, MaxEvents))
			for s.Item() {
				if len(b.events) == MaxEvents {
					return b, errTooManyInOne
				}
				b.events = append(b.events, envelope{})
				scanEvent(s, &b.events[len(b.events)-1])
			}
		case "writeKey":
			b.writeKey = s.Skip()
		case "sentAt":
			b.sentAt = s.Skip()
		case "context":
			b.context = s.Skip()
		case "integrations":
			b.integrations = s.Skip()
		default:
			if variantInBody(name) {
				s.Report(strict.Variant)
			}
			s.Skip()
		}
	}
	if !s.End() {
		return b, errNotJSON
	}
	note()
	switch {
	case outside != 0:
		return b, errNotStrict.At(path, codeOf(outside))
	case !found:
		return b, errNoBatch
	case !shareable(b.context.Of(body)) || !shareable(b.integrations.Of(body)):
		return b, errSharedField
	}
	return b, nil
}

// shareable bounds what 2,500 events would each get a copy of.
func shareable(raw []byte) bool {
	return objectOrNothing(raw) && len(raw) <= maxShared
}

// objectOrNothing is what traits, properties and their kin may be. Some SDKs
// write an empty object as an empty list.
func objectOrNothing(raw []byte) bool {
	if strict.IsNull(raw) || raw[0] == '{' {
		return true
	}
	if raw[0] != '[' {
		return false
	}
	for range strict.Elements(raw) {
		return false
	}
	return true
}
