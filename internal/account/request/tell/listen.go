package tell

import (
	"context"
	"encoding/json"

	"github.com/heed-platform/heed/internal/account/request"
	"github.com/heed-platform/heed/internal/clock"
	"github.com/heed-platform/heed/internal/keep"
	"github.com/heed-platform/heed/internal/problem"
	"github.com/heed-platform/heed/internal/reach/webhook"
)

// Heard is what came to the address for answers, as it was received.
type Heard struct {
	ID, Timestamp, Signature string // the headers of Standard Webhooks
	Body                     []byte
}

// Listener takes what recipients answer.
type Listener struct {
	Desk   *request.Desk
	Keep   *keep.Keep
	Secret func(recipient string) (webhook.Secret, error)
	Clock  clock.Clock
}

// errAnswer is the one refusal: it tells nobody which requests there are.
var errAnswer = problem.New(problem.Unauthenticated, "answer-not-signed",
	"The answer is not signed by the recipient whose request it names; sign it as Standard Webhooks 1.0.0 says, with the secret that heed webhook shows.")

// answers are the words for how far a recipient is: OpenDSR's, and plain ones.
var answers = map[string]request.Status{
	"pending": request.Working, "in_progress": request.Working, "completed": request.Done, "done": request.Done,
	"cancelled": request.Refused, //nolint:misspell // OpenDSR spells it so
	"refused":   request.Refused,
}

// seen is the kind of tickets by which a call is told from its copy.
const seen = "dsr-answer"

// Hear takes one answer. It must be signed with the secret of the recipient whose
// part it names, be of now, and come for the first time; a copy changes nothing.
func (l *Listener) Hear(ctx context.Context, h Heard) error {
	var in struct {
		ID     string `json:"subject_request_id"`
		State  string `json:"request_status"`
		Plain  string `json:"request"`
		Status string `json:"status"`
	}
	if err := json.Unmarshal(h.Body, &in); err != nil {
		return errAnswer.Because(err)
	}
	if in.ID == "" {
		in.ID, in.State = in.Plain, in.Status
	}
	part, err := l.Desk.Show(ctx, in.ID)
	if err != nil && problem.Of(err).Kind != problem.NotFound {
		return err
	}
	// Somebody who guesses numbers waits as long as somebody who knows one.
	secret, serr := l.Secret(part.Recipient)
	if serr != nil {
		return serr
	}
	signed := webhook.Verify(h.ID, h.Timestamp, h.Signature, h.Body, l.Clock.Now(), secret)
	state, known := answers[in.State]
	if err != nil || signed != nil || part.Of == "" || !known {
		return errAnswer.Because(signed)
	}
	if _, err := l.Keep.Show(ctx, seen, part.ID+h.ID, l.Clock.Now()); err == nil {
		return nil
	}
	err = l.Keep.Issue(ctx, part.ID+h.ID, keep.Ticket{Kind: seen, Until: l.Clock.Now().Add(2 * webhook.Tolerance)})
	if err != nil {
		return err
	}
	_, err = l.Desk.Answer(ctx, part.ID, "recipient:"+part.Recipient, state)
	return err
}
