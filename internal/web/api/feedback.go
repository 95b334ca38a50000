package api

import (
	"context"
	"io"
	"net/http"

	"github.com/heed-platform/heed/internal/reach/webhook"
)

// FeedbackPath is where whoever carries messages says what came back.
const FeedbackPath = "/v1/feedback"

// Feedback hears what came back of messages: somebody complained, an address is
// dead. Hear gets the headers of Standard Webhooks and the body as it came.
type Feedback struct {
	Hear func(ctx context.Context, id, timestamp, signature string, body []byte) error
}

// feedback takes the carriers' calls. An address that nobody here has gets the
// same answer.
func feedback(mux *http.ServeMux, f Feedback) {
	const most = 16 << 10
	mux.Handle(FeedbackPath, only(http.MethodPost, func(w http.ResponseWriter, r *http.Request) error {
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, most))
		if err != nil {
			return errInput.At("/", "is at most 16 KB").Because(err)
		}
		h := r.Header
		if err := f.Hear(r.Context(), h.Get(webhook.HeaderID), h.Get(webhook.HeaderTimestamp), h.Get(webhook.HeaderSignature), body); err != nil {
			return err
		}
		return replyAs(w, http.StatusAccepted, state{Status: "heard"})
	}))
}
