package define

import (
	"fmt"
	"strings"
	"time"
)

// Mode is how a law lets a purpose begin. Its zero value is Forbidden, and a
// smaller mode is a stricter one.
type Mode uint8

// The modes, strictest first.
const (
	Forbidden  Mode = iota // never
	OptIn                  // only after the person said yes
	OptOut                 // until the person says no
	NoticeOnly             // when the notice says so
)

var modeWords = []string{"forbidden", "opt_in", "opt_out", "notice_only"}

// String is the word used in law packs.
func (m Mode) String() string { return word(modeWords, uint8(m)) }

// MarshalText writes the word.
func (m Mode) MarshalText() ([]byte, error) { return []byte(m.String()), nil }

// UnmarshalText reads the word; any other word is an error.
func (m *Mode) UnmarshalText(b []byte) error { return parse(modeWords, b, (*uint8)(m)) }

// Basis is a legal ground. Its zero value is none, which no law accepts.
type Basis uint8

// The bases. ExistingCustomer is the soft opt-in: someone who bought, was told
// and did not object.
const (
	NoBasis Basis = iota
	Consent
	Contract
	LegalObligation
	LegitimateInterest
	ExistingCustomer
)

var basisWords = []string{"", "consent", "contract", "legal_obligation", "legitimate_interest", "existing_customer"}

// String is the word used in purposes, law packs and receipts.
func (b Basis) String() string { return word(basisWords, uint8(b)) }

// MarshalText writes the word.
func (b Basis) MarshalText() ([]byte, error) { return []byte(b.String()), nil }

// UnmarshalText reads the word; any other word is an error.
func (b *Basis) UnmarshalText(t []byte) error { return parse(basisWords, t, (*uint8)(b)) }

// Role is what a recipient is in law. Its zero value is none.
type Role uint8

// The roles: a processor works for the brand and under its orders; a controller
// uses the data for itself.
const (
	NoRole Role = iota
	Processor
	Controller
)

var roleWords = []string{"", "processor", "controller"}

// String is the word used in recipients.
func (r Role) String() string { return word(roleWords, uint8(r)) }

// MarshalText writes the word.
func (r Role) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

// UnmarshalText reads the word; any other word is an error.
func (r *Role) UnmarshalText(b []byte) error { return parse(roleWords, b, (*uint8)(r)) }

func word(words []string, i uint8) string {
	if int(i) < len(words) {
		return words[i]
	}
	return ""
}

func parse(words []string, b []byte, into *uint8) error {
	for i, w := range words {
		if w == string(b) && w != "" {
			*into = uint8(i)
			return nil
		}
	}
	return fmt.Errorf("use one of %s", strings.TrimPrefix(strings.Join(words, ", "), ", "))
}

// Within reports whether key is parent or lies under it: user.contact holds
// user.contact.email and not user.contactx.
func Within(key, parent string) bool {
	return parent != "" && strings.HasPrefix(key, parent) &&
		(len(key) == len(parent) || key[len(parent)] == '.')
}

// WithinAny reports whether key lies within one of the parents.
func WithinAny(key string, parents []string) bool {
	for _, p := range parents {
		if Within(key, p) {
			return true
		}
	}
	return false
}

var originWords = []string{"", "declared", "observed", "inferred", "third_party"}

// String is the word of fact.Origin.
func (o Origin) String() string { return word(originWords, uint8(o)) }

// MarshalText writes the word.
func (o Origin) MarshalText() ([]byte, error) { return []byte(o.String()), nil }

// UnmarshalText reads the word; any other word is an error.
func (o *Origin) UnmarshalText(b []byte) error { return parse(originWords, b, (*uint8)(o)) }

// Minutes reads a local time such as "20:00" as minutes after midnight.
func Minutes(s string) (int, error) {
	t, err := time.Parse("15:04", s)
	if err != nil {
		return 0, fmt.Errorf("read local time: %w", err)
	}
	return t.Hour()*60 + t.Minute(), nil
}
