package webhook

import (
	"context"
	"errors"

	"github.com/heed-platform/heed/internal/keep/gate"
	"github.com/heed-platform/heed/internal/reach/delivery"
)

// Bring posts what a recipient must be told about a right that somebody used, as
// it was written. Its errors are a delivery.Hand's.
func (c *Client) Bring(ctx context.Context, address string, handed gate.Handed, secrets ...Secret) error {
	l, err := handed.Open()
	if err != nil {
		return err
	}
	return c.bring(ctx, address, l.ID, []byte(l.Payload.Reveal()), secrets...)
}

// Remind posts that a request was not answered yet; body names nobody.
func (c *Client) Remind(ctx context.Context, address, id string, body []byte, secrets ...Secret) error {
	return c.bring(ctx, address, id, body, secrets...)
}

func (c *Client) bring(ctx context.Context, address, id string, body []byte, secrets ...Secret) error {
	answer, err := c.Post(ctx, address, id, body, secrets...)
	if errors.Is(err, errURL) {
		return delivery.Fail(delivery.Refused, "webhook_url_invalid", err)
	}
	if err != nil {
		return unanswered(answer, err)
	}
	return judge(answer)
}
