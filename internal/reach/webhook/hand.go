package webhook

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/heed-platform/heed/internal/keep/gate"
	"github.com/heed-platform/heed/internal/problem"
	"github.com/heed-platform/heed/internal/reach/delivery"
)

// Endpoint is where a recipient wants its payloads, and the secrets that it
// checks them with: the newest first, the one before it while it is replaced.
type Endpoint struct {
	URL     string
	Secrets []Secret
}

// Switches remember, for every node and over restarts, which addresses answered
// 410 and so want no more, ever. Another address is switched on.
type Switches interface {
	IsOff(ctx context.Context, address string) (bool, error)
	TurnOff(ctx context.Context, address string) error
}

// Hand hands payloads to recipients, as reach/delivery wants it done.
type Hand struct {
	client   *Client
	endpoint func(recipient string) (Endpoint, bool)
	switches Switches
}

// NewHand makes a Hand; endpoint knows the recipients.
func NewHand(c *Client, endpoint func(recipient string) (Endpoint, bool), s Switches) *Hand {
	return &Hand{client: c, endpoint: endpoint, switches: s}
}

// Protection says how payloads travel.
func (*Hand) Protection() string { return "tls, signed" }

// Hand hands one payload over.
func (h *Hand) Hand(ctx context.Context, label delivery.Label, handed gate.Handed) error {
	l, err := handed.Open()
	if err != nil {
		return err
	}
	return h.hand(ctx, label, l)
}

func (h *Hand) hand(ctx context.Context, label delivery.Label, l gate.Letter) error {
	e, ok := h.endpoint(label.Recipient)
	if !ok {
		return delivery.Fail(delivery.Later, "webhook_missing", nil)
	}
	switch off, err := h.switches.IsOff(ctx, e.URL); {
	case err != nil:
		return delivery.Fail(delivery.Later, "webhook_switch", err)
	case off:
		return delivery.Fail(delivery.Refused, "webhook_disabled", nil)
	}
	body, err := Payload(kindOf(label.Campaign), l.At, json.RawMessage(l.Payload.Reveal()))
	if err != nil {
		return delivery.Fail(delivery.Refused, "webhook_payload", err)
	}
	answer, err := h.client.Post(ctx, e.URL, label.Key, body, e.Secrets...)
	if err != nil {
		return unanswered(answer, err)
	}
	if answer.Disabled {
		if err := h.switches.TurnOff(ctx, e.URL); err != nil { // then the next one is refused as this one was
			return delivery.Fail(delivery.Refused, "http_410", err)
		}
	}
	return judge(answer)
}

// kindOf is the payload's type: "campaign.order_shipped".
func kindOf(campaign string) string {
	return "campaign." + strings.Trim(strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
			return r
		}
		return '_'
	}, strings.ToLower(campaign)), ".")
}

func unanswered(a Answer, err error) error {
	p := problem.Of(err)
	f := delivery.Fail(delivery.Later, strings.ReplaceAll(p.Code, "-", "_"), err)
	f.Detail = p.Detail
	switch {
	case errors.Is(p, errAddress), errors.Is(p, errBody):
		f.Class = delivery.Refused
	case a.MayHave:
		f.Class = delivery.Unknown
	}
	return f
}

// refused are answers about this very payload. All others are about us, the way
// or the hour, and somebody may mend them: Standard Webhooks tries those again.
var refused = map[int]bool{
	http.StatusBadRequest: true, http.StatusGone: true, http.StatusRequestEntityTooLarge: true, http.StatusUnsupportedMediaType: true,
	http.StatusUnprocessableEntity: true,
}

func judge(a Answer) error {
	if a.Delivered {
		return nil
	}
	f := delivery.Fail(delivery.Later, fmt.Sprintf("http_%d", a.Status), nil)
	if refused[a.Status] {
		f.Class = delivery.Refused
	}
	f.After = a.RetryAfter
	return f
}
