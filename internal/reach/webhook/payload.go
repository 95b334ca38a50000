package webhook

import (
	"encoding/json"
	"fmt"
	"regexp"

	"github.com/heed-platform/heed/internal/clock"
	"github.com/heed-platform/heed/internal/problem"
)

// thin is what a payload may weigh: a receiver that needs more asks for it, and
// that is seen.
const thin = 20 << 10

var (
	errPayload = problem.New(problem.Invalid, "webhook-payload-invalid", "A webhook's payload has a type such as person.updated and data that is one JSON value, at most 20 KB together.")
	eventType  = regexp.MustCompile(`^[a-z0-9_]+(\.[a-z0-9_]+)*$`)
)

// Payload is the body that Standard Webhooks asks for: type, timestamp, data.
// The problem is webhook-payload-invalid.
func Payload(kind string, at clock.Instant, data json.RawMessage) ([]byte, error) {
	if !eventType.MatchString(kind) || !json.Valid(data) {
		return nil, errPayload
	}
	body, err := json.Marshal(struct {
		Type      string          `json:"type"`
		Timestamp clock.Instant   `json:"timestamp"`
		Data      json.RawMessage `json:"data"`
	}{kind, at, data})
	if err != nil {
		return nil, fmt.Errorf("write a webhook's payload: %w", err)
	}
	if len(body) > thin {
		return nil, errPayload
	}
	return body, nil
}
