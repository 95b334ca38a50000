package access

import (
	"errors"
	"testing"

	"github.com/heed-platform/heed/internal/account/housetest"
	"github.com/heed-platform/heed/internal/keep/gate"
	"github.com/heed-platform/heed/internal/person"
)

// What answers a person's own request goes to their own verified points, as a
// service message, once; nothing else leaves that way.
func TestAnswer_reachesNobodyElse(t *testing.T) {
	t.Parallel()
	on(t, func(t *testing.T, h *house) {
		h.Hears("server", housetest.Event{"type": "identify", "userId": "bob", "traits": map[string]any{"email": "bob@example.com"}})
		h.Hears("web", housetest.Event{"type": "identify", "userId": "ada", "anonymousId": "laptop", "traits": map[string]any{"email": "typed@example.com"}})
		good := gate.Reply{
			To: person.Ident(person.Email, "ada@example.com"), Channel: "email", Purpose: purpose, Recipient: "mail-relay", Text: person.Hide("hello"),
		}
		tests := []struct {
			name, code string
			turn       func(r *gate.Reply)
		}{
			{"her own", "", func(*gate.Reply) {}},
			{"somebody else's", "point_not_theirs", func(r *gate.Reply) { r.To = person.Ident(person.Email, "bob@example.com") }},
			{"typed into a browser", "point_not_theirs", func(r *gate.Reply) { r.To = person.Ident(person.Email, "typed@example.com") }},
			{"no address", "point_not_theirs", func(r *gate.Reply) { r.To = person.Ident(person.UserID, "ada") }},
			{"an offer", "no_grant", func(r *gate.Reply) { r.Purpose = "marketing.communications.email" }},
			{"by somebody who was not approved", "recipient_not_approved", func(r *gate.Reply) { r.Recipient = "style-partner" }},
			{"by no channel of it", "channel_not_of_purpose", func(r *gate.Reply) { r.Channel = "push" }},
		}
		for _, tt := range tests {
			pass, _, err := h.desk.who(t.Context(), ada)
			if err != nil {
				t.Fatal(err)
			}
			r := good
			tt.turn(&r)
			before := len(h.Inspect(ada).History())
			_, err = gate.Answer(t.Context(), pass, r)
			code := ""
			if denied, ok := errors.AsType[*gate.Denied](err); ok {
				code = denied.Ruling.Code
			} else if err != nil {
				t.Errorf("%s: %v", tt.name, err)
			}
			if left := len(h.Inspect(ada).History()) - before - 1; code != tt.code || left != map[bool]int{true: 1}[code == ""] {
				t.Errorf("%s: %q, %d disclosures", tt.name, code, left)
			}
			if _, err := gate.Answer(t.Context(), pass, good); err == nil {
				t.Errorf("%s: one pass let two messages leave", tt.name)
			}
		}
	})
}
