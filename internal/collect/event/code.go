package event

import (
	"github.com/heed-platform/heed/internal/collect/event/strict"
	"github.com/heed-platform/heed/internal/problem"
)

// The codes of quarantine. They are stable and documented.
const (
	BadEncoding        = "bad_encoding"
	DuplicateKey       = "duplicate_key"
	TooDeep            = "too_deep"
	TooManyProperties  = "too_many_properties"
	TooLarge           = "event_too_large"
	NotAnObject        = "not_an_object"
	UnknownType        = "unknown_type"
	TypeMismatch       = "type_mismatch"
	MissingField       = "missing_field"
	BadField           = "bad_field"
	BadTime            = "bad_time"
	BadIdentifier      = "bad_identifier"
	IDTooLong          = "id_too_long"
	NoIdentifier       = "no_identifier"
	TooManyIdentifiers = "too_many_identifiers"
	NotInNotice        = "field_not_in_notice"
)

// Codes lists every code that a Verdict can carry.
func Codes() []string {
	return []string{
		BadEncoding, DuplicateKey, TooDeep, TooManyProperties, TooLarge, NotAnObject, UnknownType,
		TypeMismatch, MissingField, BadField, BadTime, BadIdentifier, IDTooLong, NoIdentifier,
		TooManyIdentifiers, NotInNotice,
	}
}

// Why is the sentence for a code: what is wrong and how to mend it.
func Why(code string) string {
	switch code {
	case BadEncoding:
		return "The text is not clean UTF-8, or an identifier holds characters that cannot be seen; send it as it was typed."
	case DuplicateKey:
		return "A name appears twice, or differs from a field of the spec only in case; send each name once, as the spec writes it."
	case TooDeep:
		return "Objects and lists lie more than 64 levels deep; flatten them."
	case TooManyProperties:
		return "One object has more than 1,000 names; send fewer, or several events."
	case TooLarge:
		return "The event is larger than 64 KB; send less, or several events."
	case NotAnObject:
		return "An event is a JSON object; this is something else."
	case UnknownType:
		return "The type is none of identify, track, page, screen, group and alias; name one of them."
	case TypeMismatch:
		return "The type in the event is not the one of the address it was sent to; send it to its own address or to /v1/batch."
	case MissingField:
		return "A field that this type of event needs is missing or empty; fill it."
	case BadField:
		return "A field has another JSON type than the spec gives it; send the type of the spec."
	case BadTime:
		return "A time is neither ISO 8601 with a date and a time nor milliseconds since 1970; send one of them."
	case BadIdentifier:
		return "An identifier is neither text nor a number; send text."
	case IDTooLong:
		return "An identifier is longer than 200 bytes; send a shorter one."
	case NoIdentifier:
		return "Nothing in the event points at anybody; send userId or anonymousId."
	case TooManyIdentifiers:
		return "The event names more than 32 identifiers; send those of one person only."
	case NotInNotice:
		return "The notice of this source does not list a field of the event; ask for less, or show a notice that lists it."
	}
	return "The event cannot be read."
}

func codeOf(f strict.Fault) string {
	switch f {
	case strict.Encoding:
		return BadEncoding
	case strict.Duplicate, strict.Variant:
		return DuplicateKey
	case strict.TooDeep:
		return TooDeep
	case strict.TooManyKeys:
		return TooManyProperties
	}
	return ""
}

// What makes a whole body unreadable.
var (
	errNotJSON      = problem.New(problem.Invalid, "body-not-json", "The body is not JSON; send one JSON object.")
	errNotStrict    = problem.New(problem.Invalid, "body-not-strict", "The body breaks a rule outside of its events: a name twice, text that is not clean UTF-8, or too deep; mend the named place.")
	errNoBatch      = problem.New(problem.Invalid, "body-no-batch", "The body holds no list named batch; send {\"batch\": [events]}, or one event to the address of its type.")
	errSharedField  = problem.New(problem.Invalid, "body-bad-context", "The batch's own context or integrations is not an object of at most 8 KB; send an object, or put it into the events.")
	errTooLarge     = problem.New(problem.TooLarge, "body-too-large", "The body is larger than 1 MB; send smaller batches.")
	errTooManyInOne = problem.New(problem.TooLarge, "batch-too-long", "The batch holds more than 2,500 events; send smaller batches.")
)
