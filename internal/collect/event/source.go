package event

import (
	"fmt"
	"log/slog"

	"github.com/heed-platform/heed/internal/fact"
	"github.com/heed-platform/heed/internal/person"
)

// Kind says how far the holder of a write key is trusted. The zero Kind is
// trusted no further than a browser.
type Kind uint8

// The kinds of source.
const (
	Browser Kind = 1 // the key is public: what it says about a person is a claim
	Server  Kind = 2 // the key is secret: what it says is verified
	Import  Kind = 3 // like Server, for history: times are taken as written
)

// Key is a secret of a source. It never prints itself.
type Key []byte

// Format hides the bytes under every verb.
func (Key) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte("[withheld]")) }

// LogValue hides the bytes.
func (Key) LogValue() slog.Value { return slog.StringValue("[withheld]") }

// MarshalText hides the bytes.
func (Key) MarshalText() ([]byte, error) { return []byte("[withheld]"), nil }

// Source is what a workspace says about where a body came from.
type Source struct {
	Key    string      // its name in the workspace; messageIds count within it
	Kind   Kind        // how far it is trusted
	Notice string      // the notice that its pages show, "membership@3"; "" when none
	Origin fact.Origin // what its traits are worth at best
	Secret Key         // signs user ids (HMAC-SHA256, hex); empty signs nothing

	// Named refuses what names nobody and could stand for itself: an event made of
	// a row in which somebody should have been.
	Named bool

	// Strict refuses events with fields that their notice does not list.
	// Allowed tells which it lists: "traits.NAME", "properties.NAME" and
	// "identifiers.NAMESPACE" for those of a device or externalIds. A strict
	// source without Allowed lists nothing.
	Strict  bool
	Allowed func(notice, field string) bool

	// Canonical gives the form under which an identifier is found, or false
	// for a value that points at nobody ("null", an address without a domain).
	// An event's fragment is chosen by it, so what it answered before, or may
	// answer again, Once tells. Nil takes every value as it is.
	Canonical func(ns person.Namespace, value string) (string, bool)

	// Once gives the further forms under which a value was found at other times,
	// and whether it pointed at nobody at one: lists of blocked values change. Nil
	// says that Canonical never answered otherwise.
	Once func(ns person.Namespace, value string) (forms []string, nobody bool)
}

func (s *Source) trusted() bool { return s.Kind == Server || s.Kind == Import }

func (s *Source) canonical(ns person.Namespace, value string) (string, bool) {
	if s.Canonical == nil {
		return value, value != ""
	}
	return s.Canonical(ns, value)
}
