package access

import (
	"log/slog"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/heed-platform/heed/internal/account/housetest"
	"github.com/heed-platform/heed/internal/clock"
	"github.com/heed-platform/heed/internal/fact"
	"github.com/heed-platform/heed/internal/keep/gate"
	"github.com/heed-platform/heed/internal/person"
	"github.com/heed-platform/heed/internal/reach/delivery"
)

var ada = housetest.Subject(person.UserID, "ada")

// house is a desk over a house in which Ada lives, with two contact points.
type house struct {
	*housetest.House

	t    *testing.T
	desk *Desk
	box  *delivery.Outbox
}

func on(t *testing.T, test func(t *testing.T, h *house)) {
	t.Helper()
	housetest.On(t, func(t *testing.T, below *housetest.House) {
		h := &house{House: below, t: t, box: delivery.NewOutbox()}
		h.desk = New(Options{
			Keep: below.Keep, Canonical: below.Know.Canonical, Clock: below.Clock, Log: slog.New(slog.DiscardHandler),
			Channels: func() map[string]delivery.Channel { return map[string]delivery.Channel{"email": h.box, "sms": h.box} },
			Recipient: func(channel string) string {
				return map[string]string{"email": "mail-relay", "sms": "text-carrier"}[channel]
			},
			Code: func(channel, language, code string) Text {
				return Text{"Code", channel + " " + language + " code " + code}
			},
			Entered: func(channel, language string, at clock.Instant) Text {
				return Text{"Entered", channel + " " + language + " entered " + at.Format()}
			},
			Links: delivery.NewLinks(below.Keep.Vault().Key("links"), func() string { return "https://heed.example" }),
		})
		h.Hears("server", housetest.Event{
			"type": "identify", "userId": "ada", "anonymousId": "laptop",
			"traits": map[string]any{"email": "Ada@Example.com", "phone": "+4915112345678"},
		})
		test(t, h)
	})
}

// messages are those that came since the last look, oldest first.
func (h *house) messages() (out []delivery.Kept) {
	h.t.Helper()
	h.desk.Due(h.t.Context())
	for _, m := range slices.Backward(h.box.List()) {
		out = append(out, m)
	}
	h.box = delivery.NewOutbox()
	return out
}

var eight = regexp.MustCompile(`\d{8}$`)

// ask asks for a code and returns the try and the code that was sent.
func (h *house) ask(address string) (try, code string) {
	h.t.Helper()
	try, err := h.desk.Ask(h.t.Context(), address, "en")
	if err != nil {
		h.t.Fatal(err)
	}
	for _, m := range h.messages() {
		if strings.Contains(m.Text.Reveal(), " code ") {
			code = eight.FindString(m.Text.Reveal())
		}
	}
	return try, code
}

// enter comes in with a code and lets the other contact points hear of it.
func (h *house) enter(address string) (secret string, v Visitor) {
	h.t.Helper()
	try, code := h.ask(address)
	secret, v, err := h.desk.Give(h.t.Context(), try, code)
	if err != nil {
		h.t.Fatal(err)
	}
	return secret, v
}

// ref is whom a subject means now.
func (h *house) ref(s gate.Subject) person.Ref {
	h.t.Helper()
	_, who, err := h.desk.who(h.t.Context(), s)
	if err != nil {
		h.t.Fatal(err)
	}
	return who.Ref
}

// fragment is the one by which a subject is found.
func (h *house) fragment(s gate.Subject) fact.FragmentID {
	h.t.Helper()
	_, who, err := h.desk.who(h.t.Context(), s)
	if err != nil {
		h.t.Fatal(err)
	}
	return who.Asked
}
