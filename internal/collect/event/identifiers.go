package event

import (
	"cmp"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"
	"unicode"

	"github.com/heed-platform/heed/internal/collect/event/strict"
	"github.com/heed-platform/heed/internal/fact"
	"github.com/heed-platform/heed/internal/person"
)

// GroupID is the namespace of a group call that names nobody: its facts belong
// to the group. It never ties people together.
const GroupID person.Namespace = "group_id"

const maxIdentifiers = 32

// A push token is the one identifier that may be long: on the web it is a URL.
const (
	pushToken    = "context.device.token"
	maxPushToken = 2048
)

// Rank orders namespaces, the strongest first; the strongest identifier of an
// event names its fragment. Namespaces of equal rank stand in alphabetical order.
func Rank(ns person.Namespace) int {
	switch ns {
	case person.UserID:
		return 0
	case person.MemberID:
		return 1
	case person.Email:
		return 2
	case person.Phone:
		return 3
	case person.PushToken:
		return 5
	case person.DeviceID:
		return 6
	case person.AnonymousID:
		return 7
	}
	return 4
}

// DeviceClass reports whether a namespace points at a device rather than at
// somebody: all that a browser can name without a claim.
func DeviceClass(ns person.Namespace) bool { return Rank(ns) >= Rank(person.PushToken) }

// named is an identifier while it is sorted: in canonical form, and as it was
// sent. Value is empty where it points at nobody today.
type named struct {
	ns    person.Namespace
	value string
	sent  string
}

// byRank puts the strongest first.
func byRank(a, b named) int {
	return cmp.Or(cmp.Compare(Rank(a.ns), Rank(b.ns)), strings.Compare(string(a.ns), string(b.ns)))
}

// identifiers are those the event names, the one that names its fragment first.
func (t *trial) identifiers() []person.Identifier {
	var room [8]named
	found := t.collect(room[:0])
	slices.SortStableFunc(found, byRank)
	if !t.src.trusted() {
		if i := slices.IndexFunc(found, func(n named) bool { return DeviceClass(n.ns) }); i > 0 && !t.verified {
			own := found[i]
			copy(found[1:i+1], found[:i])
			found[0] = own
		}
	}
	if len(found) == 0 {
		if found = t.alone(found); found == nil {
			t.refuse(NoIdentifier, "")
			return nil
		}
	}
	if len(found) > maxIdentifiers {
		t.refuse(TooManyIdentifiers, "")
		return nil
	}
	ids := make([]person.Identifier, len(found))
	for i, n := range found {
		ids[i] = person.Ident(n.ns, n.value)
	}
	if t.src.Once != nil && t.code == "" {
		t.elsewhere = t.otherwise(found)
	}
	return ids
}

// alone lets something that happened stand for itself when it names nobody, or
// only what points at nobody: it is kept and counted, and is nobody's journey.
// Its identifier is made of its message, so that a retry meets the same fragment.
// Calls that are about somebody need somebody.
func (t *trial) alone(found []named) []named {
	if t.src.Named || t.typ != fact.Track && t.typ != fact.Page && t.typ != fact.Screen {
		return nil
	}
	sum := sha256.Sum256([]byte(t.src.Key + "\x00" + t.message()))
	return append(found, named{ns: person.AnonymousID, value: "nobody-" + hex.EncodeToString(sum[:16])})
}

// collect gathers what the event names, in canonical form, each once. It
// settles on the way whether the event is verified.
func (t *trial) collect(found []named) []named {
	e := t.e
	user := t.id(e.userID, "userId")
	t.verified = t.src.trusted() || t.signed(user)
	found = t.add(found, person.UserID, user)
	if t.src.trusted() || !t.verified {
		found = t.people(found)
	}
	found = t.add(found, person.PushToken, t.loose(e.device.token, pushToken))
	found = t.add(found, person.DeviceID, t.loose(e.device.id, "context.device.id"))
	if string(t.of(e.device.tracking)) == "true" {
		found = t.add(found, person.DeviceID, t.loose(e.device.advertising, "context.device.advertisingId"))
	}
	found = t.add(found, person.AnonymousID, t.id(e.anonymousID, "anonymousId"))
	switch {
	case t.typ == fact.Alias:
		found = t.add(found, person.AnonymousID, t.id(e.previousID, "previousId"))
	case t.typ == fact.Group && len(found) == 0:
		found = t.add(found, GroupID, t.id(e.groupID, "groupId"))
	}
	return found
}

// people adds the identifiers of traits and externalIds.
func (t *trial) people(found []named) []named {
	email, phone, member := t.e.contextTraits.email, t.e.contextTraits.phone, t.e.contextTraits.member
	if own := &t.e.traits; t.typ == fact.Identify {
		email, phone, member = over(own.email, email), over(own.phone, phone), over(own.member, member)
	}
	found = t.add(found, person.MemberID, t.loose(member, "traits.member_id"))
	if raw := t.of(email); len(raw) > 0 && raw[0] == '"' {
		found = t.add(found, person.Email, t.loose(email, "traits.email"))
	}
	found = t.add(found, person.Phone, t.loose(phone, "traits.phone"))
	n := 0
	for raw := range strict.Elements(t.of(t.e.externalIDs)) {
		if n++; n > maxIdentifiers {
			t.refuse(TooManyIdentifiers, "context.externalIds")
			break
		}
		if ns, id := t.external(raw); id != "" {
			found = t.add(found, ns, id)
		}
	}
	return found
}

func over(own, around strict.Span) strict.Span {
	if own.IsZero() {
		return around
	}
	return own
}

// external reads one of context.externalIds. As in Segment it counts only with
// all four fields; ids of accounts or groups point at no person.
func (t *trial) external(raw []byte) (person.Namespace, string) {
	var id, typ, collection, encoding string
	for name, value := range strict.Members(raw) {
		switch name {
		case "id":
			id = t.text(value, "context.externalIds.id", true)
		case "type":
			typ, _ = strict.Text(value)
		case "collection":
			collection, _ = strict.Text(value)
		case "encoding":
			encoding, _ = strict.Text(value)
		}
	}
	ns := person.Namespace(strings.ToLower(typ))
	if collection != "users" || encoding != "none" || !isNamespace(ns) || ns == GroupID {
		return "", ""
	}
	return ns, id
}

func isNamespace(ns person.Namespace) bool {
	for i, c := range []byte(ns) {
		letter := 'a' <= c && c <= 'z'
		if !letter && (i == 0 || (c-'0' > 9 && c != '_' && c != '.' && c != '-')) {
			return false
		}
	}
	return ns != "" && len(ns) <= 64
}

func (t *trial) add(found []named, ns person.Namespace, value string) []named {
	if value == "" || len(found) > maxIdentifiers {
		return found
	}
	form, ok := t.src.canonical(ns, value)
	if !ok || form == "" {
		if t.src.Once != nil {
			t.absent = append(t.absent, named{ns: ns, sent: value})
		}
		return found
	}
	if slices.ContainsFunc(found, func(n named) bool { return n.ns == ns && n.value == form }) {
		return found
	}
	return append(found, named{ns, form, value})
}

// id reads an identifier of the envelope: text or a number, "" when absent.
func (t *trial) id(s strict.Span, field string) string { return t.text(t.of(s), field, false) }

// loose reads an identifier out of traits and the like, where any other type
// is a value that merely names nobody.
func (t *trial) loose(s strict.Span, field string) string { return t.text(t.of(s), field, true) }

func (t *trial) text(raw []byte, field string, loose bool) string {
	if strict.IsNull(raw) {
		return ""
	}
	text, ok := strict.Text(raw)
	switch {
	case ok:
	case strict.IsNumber(raw):
		text = string(raw)
	case loose:
		return ""
	default:
		t.refuse(BadIdentifier, field)
		return ""
	}
	switch {
	case len(text) > MaxID && (field != pushToken || len(text) > maxPushToken):
		t.refuse(IDTooLong, field)
		return ""
	case !visible(text):
		t.refuse(BadEncoding, field)
		return ""
	}
	return text
}

// visible reports whether every character of an identifier can be seen: two
// that look alike must be alike.
func visible(s string) bool {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c > '~' {
			return !strings.ContainsFunc(s[i:], hidden)
		}
	}
	return true
}

// hidden is a control or format character (bidi, zero width), a separator of
// lines, or the mark of text that was once broken.
func hidden(r rune) bool {
	return r == unicode.ReplacementChar || unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp)
}

// signed reports whether context.userIdHmac is the hex HMAC-SHA256 of the user
// id, as it was sent, under the source's secret.
func (t *trial) signed(user string) bool {
	if user == "" || len(t.src.Secret) == 0 {
		return false
	}
	text, _ := strict.Text(t.of(t.e.hmac))
	claimed, err := hex.DecodeString(text)
	if err != nil {
		return false
	}
	mac := hmac.New(sha256.New, t.src.Secret)
	mac.Write([]byte(user))
	return hmac.Equal(claimed, mac.Sum(nil))
}
