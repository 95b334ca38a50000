package delivery

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"strconv"
	"strings"

	"github.com/heed-platform/heed/internal/clock"
	"github.com/heed-platform/heed/internal/person"
	"github.com/heed-platform/heed/internal/problem"
)

// Links makes and reads the links in messages. A link says what it may do and
// for whom, is signed, and does nothing else; it holds no data of the person.
type Links struct {
	key [32]byte
	url func() string
}

// NewLinks makes Links with a key of the vault; url is how the world reaches
// heed, without a slash at the end.
func NewLinks(key [32]byte, url func() string) *Links { return &Links{key, url} }

// Unsubscribe is what a link to stop says: who no longer wants what, and at
// which contact point they were written to. Whoever stops it stops it there,
// whomever that point belongs to later.
type Unsubscribe struct {
	Ref     person.Ref
	Point   person.Hash // gate.PointOf; zero in links from before it was there
	Purpose string
	Channel string
	Topic   string // "" is all of them
}

// Why is what a link to a reason says: one decision about one person.
type Why struct {
	Ref      person.Ref
	Decision string
}

// Enter is what a link into a person's own pages says: who may come in, with no
// more than the right to lower what is allowed, to which page, and until when.
type Enter struct {
	Ref      person.Ref
	Point    person.Hash // the contact point it was sent to
	Decision string      // the one that its message came from
	Page     string      // "/me/preferences"
	Until    clock.Instant
}

// Receipt says which message a gateway's report is about.
type Receipt struct {
	Ref      person.Ref
	Decision string
}

// ErrLink answers every link that heed did not make, whatever is wrong with it.
var ErrLink = problem.New(problem.NotFound, "link-unknown", "This link is not one of ours, or it was cut short; copy it again from the message.")

const (
	linkUnsubscribe = "unsubscribe"
	linkWhy         = "why"
	linkReceipt     = "receipt"
	linkEnter       = "enter"
	macSize         = 16
	refSize         = 16
	maxToken        = 2048
)

// Unsubscribe is the address that stops: POST does it, GET only asks. It never
// runs out, because whoever finds an old message may still want it to stop.
func (l *Links) Unsubscribe(u Unsubscribe) string {
	return l.url() + "/u/" + l.sign(linkUnsubscribe, u.Ref, u.Purpose, u.Channel, u.Topic, string(u.Point[:]))
}

// Why is the address of the page that says why this message came.
func (l *Links) Why(w Why) string {
	return l.url() + "/why/" + l.sign(linkWhy, w.Ref, w.Decision)
}

// Enter is the address that lets somebody in; it opens once, and runs out.
func (l *Links) Enter(e Enter) string {
	return l.url() + "/me/enter/" + l.sign(linkEnter, e.Ref, string(e.Point[:]), e.Decision, e.Page, strconv.FormatInt(int64(e.Until), 10))
}

// ReadEnter reads the last part of an Enter address; the problem is
// link-unknown. Whether it has run out is for the caller to see.
func (l *Links) ReadEnter(token string) (Enter, error) {
	ref, words, ok := l.verify(linkEnter, token)
	if !ok || len(words) != 4 || len(words[0]) != len(person.Hash{}) {
		return Enter{}, ErrLink
	}
	until, err := strconv.ParseInt(words[3], 10, 64)
	if err != nil {
		return Enter{}, ErrLink.Because(err)
	}
	return Enter{Ref: ref, Point: person.Hash([]byte(words[0])), Decision: words[1], Page: words[2], Until: clock.Instant(until)}, nil
}

// Receipt is a token that a gateway gives back with its report.
func (l *Links) Receipt(r Receipt) string { return l.sign(linkReceipt, r.Ref, r.Decision) }

// ReadReceipt reads what Receipt made; the problem is link-unknown.
func (l *Links) ReadReceipt(token string) (Receipt, error) {
	ref, words, ok := l.verify(linkReceipt, token)
	if !ok || len(words) != 1 {
		return Receipt{}, ErrLink
	}
	return Receipt{Ref: ref, Decision: words[0]}, nil
}

// ReadUnsubscribe reads the last part of an Unsubscribe address; the problem is
// link-unknown.
func (l *Links) ReadUnsubscribe(token string) (Unsubscribe, error) {
	ref, words, ok := l.verify(linkUnsubscribe, token)
	if !ok || len(words) != 3 && len(words) != 4 {
		return Unsubscribe{}, ErrLink
	}
	u := Unsubscribe{Ref: ref, Purpose: words[0], Channel: words[1], Topic: words[2]}
	if len(words) == 4 {
		if len(words[3]) != len(u.Point) {
			return Unsubscribe{}, ErrLink
		}
		u.Point = person.Hash([]byte(words[3]))
	}
	return u, nil
}

// ReadWhy reads the last part of a Why address; the problem is link-unknown.
func (l *Links) ReadWhy(token string) (Why, error) {
	ref, words, ok := l.verify(linkWhy, token)
	if !ok || len(words) != 1 {
		return Why{}, ErrLink
	}
	return Why{Ref: ref, Decision: words[0]}, nil
}

// sign packs who and what and puts the proof in front. What the link is for is
// part of the proof and not of the token: one kind never passes for another.
func (l *Links) sign(use string, ref person.Ref, words ...string) string {
	id := ref.Bytes()
	body := append([]byte(nil), id[:]...)
	for _, w := range words {
		body = binary.AppendUvarint(body, uint64(len(w)))
		body = append(body, w...)
	}
	return base64.RawURLEncoding.EncodeToString(append(l.mac(use, body), body...))
}

func (l *Links) mac(use string, body []byte) []byte {
	h := hmac.New(sha256.New, l.key[:])
	_, _ = h.Write([]byte("heed link " + use + "\x00"))
	_, _ = h.Write(body)
	return h.Sum(nil)[:macSize]
}

func (l *Links) verify(use, token string) (ref person.Ref, words []string, ok bool) {
	if len(token) > maxToken {
		return ref, nil, false
	}
	raw, err := base64.RawURLEncoding.Strict().DecodeString(strings.TrimSpace(token))
	if err != nil || len(raw) < macSize+refSize {
		return ref, nil, false
	}
	body := raw[macSize:]
	if !hmac.Equal(raw[:macSize], l.mac(use, body)) {
		return ref, nil, false
	}
	ref = person.RefOf([refSize]byte(body[:refSize]))
	for rest := body[refSize:]; len(rest) > 0; {
		n, size := binary.Uvarint(rest)
		if size <= 0 || n > uint64(len(rest)-size) {
			return ref, nil, false
		}
		words = append(words, string(rest[size:size+int(n)]))
		rest = rest[size+int(n):]
	}
	return ref, words, true
}
