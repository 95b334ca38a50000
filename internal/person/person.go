// Package person holds the small values by which every stage names a human
// without knowing anything about them: Ref, Secret, Identifier.
//
// It promises that printing, logging or marshaling any of them shows no
// personal data. It does not decide who is who (know/identity) or who may look
// (keep/gate). Start reading at Secret.
package person

import (
	"encoding/base32"
	"encoding/binary"
	"fmt"
	"log/slog"
)

// Ref is an opaque, random person id. It is never derived from data and stays
// with the fragment that anchors the person.
type Ref struct{ id [16]byte }

var alphabet = base32.NewEncoding("0123456789abcdefghjkmnpqrstvwxyz").WithPadding(base32.NoPadding)

// RefOf wraps sixteen random bytes.
func RefOf(id [16]byte) Ref { return Ref{id} }

// ParseRef reads the text form.
func ParseRef(s string) (Ref, error) {
	b, err := alphabet.DecodeString(s)
	if err != nil || len(b) != 16 {
		return Ref{}, fmt.Errorf("%q is not a person id", s)
	}
	return Ref{[16]byte(b)}, nil
}

// String is 26 letters and digits; it identifies and says nothing.
func (r Ref) String() string { return alphabet.EncodeToString(r.id[:]) }

// Bytes is the id itself.
func (r Ref) Bytes() [16]byte { return r.id }

// IsZero reports whether r names nobody.
func (r Ref) IsZero() bool { return r.id == [16]byte{} }

// MarshalText writes the text form.
func (r Ref) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

// UnmarshalText reads the text form.
func (r *Ref) UnmarshalText(b []byte) error {
	p, err := ParseRef(string(b))
	*r = p
	return err
}

// Hash is a keyed hash of an identifier: how identifiers are found without
// being stored in clear.
type Hash [16]byte

// Uint64 is the first half, for ordering ties.
func (h Hash) Uint64() uint64 { return binary.BigEndian.Uint64(h[:8]) }

const withheld = "[withheld]"

// Secret is text about a person. It prints, logs and marshals as [withheld];
// Reveal is the only way to the text, and arch_test.go lists who may call it.
// It holds a pointer because fmt cannot call methods on unexported fields and
// would print a plain string.
type Secret struct{ p *string }

// Hide makes a Secret.
func Hide(s string) Secret { return Secret{&s} }

// Reveal gives the text back.
func (s Secret) Reveal() string {
	if s.p == nil {
		return ""
	}
	return *s.p
}

// IsZero reports whether there is no text.
func (s Secret) IsZero() bool { return s.p == nil || *s.p == "" }

// Equal compares the texts.
func (s Secret) Equal(o Secret) bool { return s.Reveal() == o.Reveal() }

// String hides the text.
func (Secret) String() string { return withheld }

// Format hides the text under every verb.
func (Secret) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(withheld)) }

// LogValue hides the text.
func (Secret) LogValue() slog.Value { return slog.StringValue(withheld) }

// MarshalText hides the text, in JSON and everywhere else.
func (Secret) MarshalText() ([]byte, error) { return []byte(withheld), nil }

// Namespace says what kind of identifier a value is.
type Namespace string

// The namespaces heed knows from the start; a workspace may use more.
const (
	UserID      Namespace = "user_id"
	MemberID    Namespace = "member_id"
	Email       Namespace = "email"
	Phone       Namespace = "phone"
	DeviceID    Namespace = "device_id"
	PushToken   Namespace = "push_token"
	AnonymousID Namespace = "anonymous_id"
)

// Identifier is a (namespace, value) that points at a person.
type Identifier struct {
	NS    Namespace
	Value Secret
}

// Ident makes an Identifier.
func Ident(ns Namespace, value string) Identifier { return Identifier{ns, Hide(value)} }

// String shows the namespace only.
func (i Identifier) String() string { return string(i.NS) + ":" + withheld }
