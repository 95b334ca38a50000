package webhook

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strconv"
	"strings"
	"time"

	"github.com/heed-platform/heed/internal/clock"
	"github.com/heed-platform/heed/internal/problem"
)

// The headers of Standard Webhooks.
const (
	HeaderID        = "Webhook-Id"
	HeaderTimestamp = "Webhook-Timestamp" // seconds since 1970
	HeaderSignature = "Webhook-Signature"
)

// Tolerance is how far the timestamp of what arrives may lie from now.
const Tolerance = 5 * time.Minute

const (
	prefix     = "whsec_"
	leastBytes = 24
	mostBytes  = 64
)

// What can be wrong with a secret, or with what somebody sent us.
var (
	errSecret    = problem.New(problem.Invalid, "webhook-secret-invalid", "A webhook's secret is whsec_ and the base64 of 24 to 64 bytes; copy it again or make a new one.")
	errSignature = problem.New(problem.Unauthenticated, "webhook-signature-wrong", "The webhook's signature does not fit; check that both sides have the same secret and that the body is signed byte for byte.")
	errStale     = problem.New(problem.Unauthenticated, "webhook-stale", "The webhook's timestamp lies more than five minutes from now; send it when it is signed, and check the clock.")
)

var errID = errors.New("a webhook message needs an id of visible characters without a dot")

// Secret signs what leaves and verifies what arrives. It never prints itself.
// The zero Secret signs nothing and verifies nothing.
type Secret struct{ key []byte }

// ParseSecret reads whsec_…; the problem is webhook-secret-invalid.
func ParseSecret(s string) (Secret, error) {
	text, ok := strings.CutPrefix(s, prefix)
	key, err := base64.StdEncoding.DecodeString(text)
	if !ok || err != nil || len(key) < leastBytes || len(key) > mostBytes {
		return Secret{}, errSecret
	}
	return Secret{key}, nil
}

// NewSecret makes one of 32 random bytes.
func NewSecret(random io.Reader) (Secret, error) {
	key := make([]byte, 32)
	if _, err := io.ReadFull(random, key); err != nil {
		return Secret{}, fmt.Errorf("make a webhook secret: %w", err)
	}
	return Secret{key}, nil
}

// Text is what whoever runs the other side needs to have.
func (s Secret) Text() string { return prefix + base64.StdEncoding.EncodeToString(s.key) }

// Format hides the key under every verb.
func (Secret) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "[withheld]") }

// LogValue hides the key.
func (Secret) LogValue() slog.Value { return slog.StringValue("[withheld]") }

// MarshalText hides the key.
func (Secret) MarshalText() ([]byte, error) { return []byte("[withheld]"), nil }

func (s Secret) mac(id, timestamp string, body []byte) []byte {
	h := hmac.New(sha256.New, s.key)
	_, _ = io.WriteString(h, id+"."+timestamp+".") // a hash never fails
	_, _ = h.Write(body)
	return h.Sum(nil)
}

// Sign is the value of the signature header: one signature for each secret, so
// that a secret can be replaced without a gap. A dot in the id would let two
// messages have one signature, so it is an error.
func Sign(id string, at clock.Instant, body []byte, secrets ...Secret) (string, error) {
	if len(secrets) == 0 {
		return "", errSecret
	}
	if id == "" || strings.ContainsFunc(id, func(r rune) bool { return r == '.' || r <= ' ' || r > '~' }) {
		return "", errID
	}
	signatures := make([]string, len(secrets))
	for i, s := range secrets {
		if len(s.key) < leastBytes {
			return "", errSecret
		}
		signatures[i] = "v1," + base64.StdEncoding.EncodeToString(s.mac(id, seconds(at), body))
	}
	return strings.Join(signatures, " "), nil
}

func seconds(at clock.Instant) string { return strconv.FormatInt(at.Time().Unix(), 10) }

// Verify checks what arrived: the three headers and the body as it was received.
// The problems are webhook-stale and webhook-signature-wrong. That an id is new
// is for the caller to check.
func Verify(id, timestamp, signatures string, body []byte, now clock.Instant, secrets ...Secret) error {
	unix, err := strconv.ParseInt(timestamp, 10, 64)
	if err != nil || id == "" {
		return errSignature
	}
	if away := now.Time().Sub(time.Unix(unix, 0)); away > Tolerance || away < -Tolerance {
		return errStale
	}
	for _, s := range secrets {
		if len(s.key) < leastBytes {
			continue
		}
		want := s.mac(id, timestamp, body)
		for signature := range strings.FieldsSeq(signatures) {
			version, text, _ := strings.Cut(signature, ",")
			got, err := base64.StdEncoding.DecodeString(text)
			if err == nil && version == "v1" && hmac.Equal(got, want) {
				return nil
			}
		}
	}
	return errSignature
}
