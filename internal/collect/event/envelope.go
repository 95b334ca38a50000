package event

import (
	"unicode/utf8"

	"github.com/heed-platform/heed/internal/collect/event/strict"
)

// envelope is where the fields that heed reads lie in a body. Everything else
// was checked and stays where it is.
type envelope struct {
	at    strict.Span
	fault strict.Fault
	path  string // where the fault is

	typ, userID, anonymousID, groupID, previousID, messageID strict.Span
	timestamp, original, sentAt, name, event, writeKey       strict.Span
	properties, context, integrations                        strict.Span

	traits, contextTraits     traits
	device                    device
	externalIDs, notice, hmac strict.Span
}

type traits struct{ all, email, phone, member strict.Span }

type device struct{ id, token, advertising, tracking strict.Span }

// scanEvent passes one value and notes what an event keeps in it. Whatever is
// wrong inside it stays inside it, as its fault.
func scanEvent(s *strict.Scanner, e *envelope) {
	s.Floor()
	defer s.Ground()
	if !s.Enter() {
		e.at = s.Skip()
		e.fault, e.path = s.Take()
		return
	}
	for name, ok := s.Next(); ok; name, ok = s.Next() {
		if into := e.field(name); into != nil {
			*into = s.Skip()
			continue
		}
		switch string(name) {
		case "context":
			e.context = scanContext(s, e)
		case "traits":
			scanTraits(s, &e.traits)
		default:
			if variantInEvent(name) {
				s.Report(strict.Variant)
			}
			s.Skip()
		}
	}
	e.at = s.Left()
	e.fault, e.path = s.Take()
}

func (e *envelope) field(name []byte) *strict.Span {
	switch string(name) {
	case "type":
		return &e.typ
	case "userId":
		return &e.userID
	case "anonymousId":
		return &e.anonymousID
	case "groupId":
		return &e.groupID
	case "previousId":
		return &e.previousID
	case "messageId":
		return &e.messageID
	case "timestamp":
		return &e.timestamp
	case "originalTimestamp":
		return &e.original
	case "sentAt":
		return &e.sentAt
	case "name":
		return &e.name
	case "event":
		return &e.event
	case "writeKey":
		return &e.writeKey
	case "properties":
		return &e.properties
	case "integrations":
		return &e.integrations
	}
	return nil
}

func scanContext(s *strict.Scanner, e *envelope) strict.Span {
	if !s.Enter() {
		return s.Skip()
	}
	for name, ok := s.Next(); ok; name, ok = s.Next() {
		switch string(name) {
		case "traits":
			scanTraits(s, &e.contextTraits)
		case "device":
			scanDevice(s, &e.device)
		case "externalIds":
			e.externalIDs = s.Skip()
		case "notice":
			e.notice = s.Skip()
		case "userIdHmac":
			e.hmac = s.Skip()
		case "consent", "consentManagement", "messaging_subscriptions":
			s.Skip() // Read later, by collect/consent.
		default:
			if variantInContext(name) {
				s.Report(strict.Variant)
			}
			s.Skip()
		}
	}
	return s.Left()
}

func scanTraits(s *strict.Scanner, t *traits) {
	if !s.Enter() {
		t.all = s.Skip()
		return
	}
	for name, ok := s.Next(); ok; name, ok = s.Next() {
		switch string(name) {
		case "email":
			t.email = s.Skip()
		case "phone":
			t.phone = s.Skip()
		case "member_id":
			t.member = s.Skip()
		default:
			s.Skip()
		}
	}
	t.all = s.Left()
}

func scanDevice(s *strict.Scanner, d *device) {
	if !s.Enter() {
		s.Skip()
		return
	}
	for name, ok := s.Next(); ok; name, ok = s.Next() {
		switch string(name) {
		case "id":
			d.id = s.Skip()
		case "token":
			d.token = s.Skip()
		case "advertisingId":
			d.advertising = s.Skip()
		case "adTrackingEnabled":
			d.tracking = s.Skip()
		default:
			s.Skip()
		}
	}
}

// A name that heed reads, but in other case, is refused: another reader of the
// same bytes might take it for that field. Only names that are no field exactly
// come to these three.

func variantInBody(name []byte) bool {
	switch string(lower(new(folded), name)) {
	case "batch", "writekey", "sentat", "context", "integrations":
		return true
	}
	return false
}

func variantInEvent(name []byte) bool {
	switch string(lower(new(folded), name)) {
	case "type", "userid", "anonymousid", "groupid", "previousid", "messageid", "timestamp", "originaltimestamp",
		"sentat", "name", "event", "writekey", "properties", "traits", "context", "integrations":
		return true
	}
	return false
}

func variantInContext(name []byte) bool {
	switch string(lower(new(folded), name)) {
	case "traits", "device", "externalids", "notice", "useridhmac",
		"consent", "consentmanagement", "messaging_subscriptions":
		return true
	}
	return false
}

// folded has room for the longest name that heed reads.
type folded [24]byte

// lower folds a name as encoding/json does, or gives nil for one that cannot
// be a variant.
func lower(buf *folded, name []byte) []byte {
	n := 0
	for _, r := range string(name) {
		switch {
		case n == len(buf):
			return nil
		case 'A' <= r && r <= 'Z':
			r += 'a' - 'A'
		case r == 'ſ': // Unicode folds it to s.
			r = 's'
		case r == '\u212a': // The Kelvin sign folds to k.
			r = 'k'
		case r >= utf8.RuneSelf:
			return nil
		}
		buf[n] = byte(r)
		n++
	}
	return buf[:n]
}
