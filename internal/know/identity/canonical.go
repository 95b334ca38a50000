package identity

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/nyaruka/phonenumbers"
	"golang.org/x/net/idna"
	"golang.org/x/text/unicode/norm"

	"github.com/heed-platform/heed/internal/person"
	"github.com/heed-platform/heed/internal/problem"
)

// MaxIdentifier is how many bytes an identifier may have; a push token, which
// may be a web push endpoint, may have MaxPushToken.
const (
	MaxIdentifier = 200
	MaxPushToken  = 2048
)

var errUnreadable = problem.New(problem.Invalid, "identifier-unreadable",
	"An identifier is empty, too long, or holds control, invisible or broken characters; send it as text of at most 200 bytes.")

var errEmail = problem.New(problem.Invalid, "email-invalid",
	"An email address can't be delivered to as it is written; send it as name@domain, without comments, quotes or brackets.")

var errPhone = problem.New(problem.Invalid, "phone-invalid",
	"A phone number can't be dialed as it is written; send it with + and the country code, or tell the source its region.")

// Canonical is the one way in which heed writes an identifier, so that the same
// identifier is always the same fragment. Canonical of a canonical value is
// itself. Region (ISO 3166, "DE") is where a phone number without a country
// code is; without region such a number is refused.
//
//   - email: composed (NFC), lower case throughout, the domain as in DNS. Dots
//     and +tags stay, as whether they matter is the mailbox's own business; a
//     destination that drops them does so on its way out.
//   - phone: E.164. What a numbering plan could hold is accepted, as plans grow
//     faster than tables of them; extensions are refused, because a switchboard
//     is many people.
//   - everything else: as it is, without outer space.
//
// Characters that can't be seen are refused, not repaired: two identifiers that
// look alike must not be two people, or one. Errors are identifier-unreadable,
// email-invalid and phone-invalid.
func Canonical(ns person.Namespace, value, region string) (string, error) {
	limit := MaxIdentifier
	if ns == person.PushToken {
		limit = MaxPushToken
	}
	value = strings.TrimSpace(value)
	if value == "" || len(value) > limit || !legible(value) {
		return "", errUnreadable
	}
	if ns == person.Email {
		return canonicalEmail(value)
	}
	if ns == person.Phone {
		return canonicalPhone(value, region)
	}
	return value, nil
}

// legible reports whether all characters are whole and can be seen.
func legible(s string) bool {
	if !utf8.ValidString(s) {
		return false
	}
	for _, r := range s {
		if r == utf8.RuneError || unicode.In(r, unicode.C, unicode.Zl, unicode.Zp) {
			return false
		}
	}
	return true
}

func canonicalEmail(value string) (string, error) {
	at := strings.LastIndexByte(value, '@')
	if at < 0 {
		return "", errEmail
	}
	local := norm.NFC.String(strings.ToLower(norm.NFC.String(value[:at])))
	domain, err := idna.Lookup.ToASCII(value[at+1:])
	if err != nil {
		return "", errEmail.Because(err)
	}
	// RFC 5321, 4.5.3.1: 64 octets before the @, 254 in all.
	if !dotAtom(local) || len(local) > 64 || !hostname(domain) || len(local)+1+len(domain) > 254 {
		return "", errEmail
	}
	return local + "@" + domain, nil
}

// dotAtom reports whether s is words of RFC 5322's atext, or of letters and
// digits of any script (RFC 6531), with single dots between.
func dotAtom(s string) bool {
	for word := range strings.SplitSeq(s, ".") {
		if word == "" {
			return false
		}
		for _, r := range word {
			switch {
			case r < utf8.RuneSelf && (unicode.IsLetter(r) || unicode.IsDigit(r)):
			case r < utf8.RuneSelf && strings.ContainsRune("!#$%&'*+-/=?^_`{|}~", r):
			case r >= utf8.RuneSelf && unicode.In(r, unicode.L, unicode.M, unicode.N):
			default:
				return false
			}
		}
	}
	return true
}

// hostname reports whether an ASCII domain has at least two labels, none too
// long, and a last one that is not a number.
func hostname(s string) bool {
	labels := strings.Split(s, ".")
	for _, l := range labels {
		if l == "" || len(l) > 63 {
			return false
		}
	}
	last := labels[len(labels)-1]
	return len(labels) > 1 && len(s) <= 253 && strings.Trim(last, "0123456789") != ""
}

func canonicalPhone(value, region string) (string, error) {
	if strings.ContainsFunc(value, unicode.IsLetter) {
		return "", errPhone
	}
	n, err := phonenumbers.Parse(value, strings.ToUpper(region))
	if err != nil {
		return "", errPhone.Because(err)
	}
	if n.GetExtension() != "" || phonenumbers.IsPossibleNumberWithReason(n) != phonenumbers.IS_POSSIBLE {
		return "", errPhone
	}
	return phonenumbers.Format(n, phonenumbers.E164), nil
}
