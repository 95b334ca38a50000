package sms

import (
	"crypto/hmac"
	"crypto/sha1" //nolint:gosec // the gateway signs with HMAC-SHA1, which still holds
	"encoding/base64"
	"encoding/xml"
	"io"
	"maps"
	"net/url"
	"slices"
	"strings"

	"github.com/heed-platform/heed/internal/person"
)

// What is what somebody wants by a text, or what the gateway tells.
type What uint8

// The kinds. Nothing is also what START says: a word alone gives no consent.
const (
	Nothing  What = iota
	Withdraw      // no more marketing by text
	Help          // who is this, and how does it stop
	Report        // what became of a text of ours
)

// Heard is one call of the gateway, read.
type Heard struct {
	What   What
	From   person.Secret // the number that wrote; of a Report, the one written to
	Text   string        // the gateway's id of the text: proof of who wrote when
	Signed bool          // the gateway's signature holds; only a Withdraw counts without
	// Answered says that the gateway has answered the person by itself.
	Answered bool
	Status   string // of a Report: "delivered", "undelivered", "failed", …
	Code     string // of a Report: the gateway's number for what went wrong
}

// Inbound reads a call of the gateway: the address it called, with its query,
// the form, and what its X-Twilio-Signature says. A call whose signature does
// not hold is Nothing, unless it asks to stop: nobody is ever harmed by that.
func Inbound(token, address string, form url.Values, signature string) Heard {
	h := Heard{
		Signed: Signed(token, address, form, signature), From: person.Hide(form.Get("From")), Text: form.Get("MessageSid"),
		Answered: form.Get("OptOutType") != "",
	}
	if status := form.Get("MessageStatus"); status != "" {
		h.What, h.From, h.Status, h.Code = Report, person.Hide(form.Get("To")), status, form.Get("ErrorCode")
	} else {
		h.What = Listen(form.Get("Body"))
		if form.Get("OptOutType") == "STOP" {
			h.What = Withdraw
		}
	}
	if !h.Signed && h.What != Withdraw {
		h.What = Nothing
	}
	return h
}

// Signed reports whether the gateway made this call: HMAC-SHA1, by the
// account's token, over the address and the form's fields by name.
func Signed(token, address string, form url.Values, signature string) bool {
	given, err := base64.StdEncoding.DecodeString(signature)
	return err == nil && token != "" && hmac.Equal(given, sign(token, address, form))
}

func sign(token, address string, form url.Values) []byte {
	mac := hmac.New(sha1.New, []byte(token))
	_, _ = io.WriteString(mac, address) // a hash never fails
	for _, name := range slices.Sorted(maps.Keys(form)) {
		values := slices.Compact(slices.Sorted(slices.Values(form[name])))
		for _, v := range values {
			_, _ = io.WriteString(mac, name+v)
		}
	}
	return mac.Sum(nil)
}

// Reply is what the gateway is told to answer the person, as TwiML; an empty
// text answers nothing.
func Reply(text string) []byte {
	var b strings.Builder
	b.WriteString(xml.Header + "<Response>")
	if text != "" {
		b.WriteString("<Message>")
		_ = xml.EscapeText(&b, []byte(text)) // a Builder never fails
		b.WriteString("</Message>")
	}
	b.WriteString("</Response>")
	return []byte(b.String())
}
