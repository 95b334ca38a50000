package webhook

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/heed-platform/heed/internal/clock"
	"github.com/heed-platform/heed/internal/keep/gate"
	"github.com/heed-platform/heed/internal/person"
	"github.com/heed-platform/heed/internal/reach/delivery"
)

// handTo makes a Hand whose only recipient "partner" is at the address, which
// the operator allows.
func handTo(t *testing.T, address string) (*Hand, Secret) {
	t.Helper()
	secret, err := ParseSecret("whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD")
	if err != nil {
		t.Fatal(err)
	}
	c := NewClient(Options{
		Clock: clock.NewStill(noon), Timeout: time.Second,
		Guard: Guard{Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}},
	})
	return NewHand(c, func(recipient string) (Endpoint, bool) {
		return Endpoint{URL: address, Secrets: []Secret{secret}}, recipient == "partner"
	}, &remembered{off: map[string]bool{}}), secret
}

// remembered are switches without a database; fails is what befalls it.
type remembered struct {
	off   map[string]bool
	fails error
}

func (r *remembered) IsOff(_ context.Context, address string) (bool, error) {
	return r.off[address], r.fails
}

func (r *remembered) TurnOff(_ context.Context, address string) error {
	r.off[address] = true
	return r.fails
}

var noon = clock.At(time.Date(2026, 3, 3, 12, 0, 0, 0, time.UTC))

func payload(text string) gate.Letter {
	return gate.Letter{ID: "019c", Channel: "webhook", Payload: person.Hide(text), At: noon}
}

func label() delivery.Label {
	return delivery.Label{Key: "d-1", Campaign: "Order-shipped", Recipient: "partner"}
}

func TestHand_signedUnderTheSameKey(t *testing.T) {
	t.Parallel()
	var body []byte
	var header http.Header
	s := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ = io.ReadAll(r.Body)
		header = r.Header
	}))
	defer s.Close()
	h, secret := handTo(t, s.URL)
	for range 2 { // a second try is the same message
		if err := h.hand(t.Context(), label(), payload(`{"city": "Köln"}`)); err != nil {
			t.Fatal(err)
		}
		if err := Verify(header.Get(HeaderID), header.Get(HeaderTimestamp), header.Get(HeaderSignature), body, noon, secret); err != nil {
			t.Error(err)
		}
		if header.Get(HeaderID) != "d-1" {
			t.Errorf("id %q", header.Get(HeaderID))
		}
	}
	var got map[string]any
	if err := json.Unmarshal(body, &got); err != nil {
		t.Fatal(err)
	}
	want := map[string]any{"type": "campaign.order_shipped", "timestamp": noon.Format(), "data": map[string]any{"city": "Köln"}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestHand_answers(t *testing.T) {
	t.Parallel()
	tests := []struct {
		status int
		class  delivery.Class
		code   string
	}{
		{400, delivery.Refused, "http_400"},
		{410, delivery.Refused, "http_410"},
		{413, delivery.Refused, "http_413"},
		{422, delivery.Refused, "http_422"},
		{301, delivery.Later, "http_301"},
		{401, delivery.Later, "http_401"},
		{404, delivery.Later, "http_404"},
		{429, delivery.Later, "http_429"},
		{500, delivery.Later, "http_500"},
		{503, delivery.Later, "http_503"},
	}
	for _, tt := range tests {
		var calls atomic.Int64
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			calls.Add(1)
			w.Header().Set("Retry-After", "60")
			w.WriteHeader(tt.status)
		}))
		h, _ := handTo(t, s.URL)
		f, ok := errors.AsType[*delivery.Failure](h.hand(t.Context(), label(), payload(`{}`)))
		if !ok || f.Class != tt.class || f.Code != tt.code || f.After != time.Minute {
			t.Errorf("%d: %+v", tt.status, f)
		}
		// Gone is gone: nothing is ever asked there again.
		if tt.status == http.StatusGone {
			f, ok = errors.AsType[*delivery.Failure](h.hand(t.Context(), label(), payload(`{}`)))
			if !ok || f.Class != delivery.Refused || f.Code != "webhook_disabled" || calls.Load() != 1 {
				t.Errorf("after 410: %+v, %d calls", f, calls.Load())
			}
		}
		s.Close()
	}
}

// Gone is gone for every node and after a restart; where nobody can tell, nothing
// is sent.
func TestHand_goneStaysGone(t *testing.T) {
	t.Parallel()
	var calls atomic.Int64
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		calls.Add(1)
		w.WriteHeader(http.StatusGone)
	}))
	defer s.Close()
	h, _ := handTo(t, s.URL)
	if err := h.hand(t.Context(), label(), payload(`{}`)); err == nil {
		t.Fatal("410 is no failure")
	}
	again := NewHand(h.client, h.endpoint, h.switches)
	f, ok := errors.AsType[*delivery.Failure](again.hand(t.Context(), label(), payload(`{}`)))
	if !ok || f.Class != delivery.Refused || f.Code != "webhook_disabled" || calls.Load() != 1 {
		t.Errorf("after a restart: %+v, %d calls", f, calls.Load())
	}
	away := NewHand(h.client, h.endpoint, &remembered{fails: errors.New("away")})
	f, ok = errors.AsType[*delivery.Failure](away.hand(t.Context(), label(), payload(`{}`)))
	if !ok || f.Class != delivery.Later || calls.Load() != 1 {
		t.Errorf("where nobody can tell: %+v, %d calls", f, calls.Load())
	}
}

func TestHand_whatDoesNotLeave(t *testing.T) {
	t.Parallel()
	done := make(chan struct{})
	silent := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		<-done
	}))
	defer silent.Close()
	defer close(done)
	stranger := label()
	stranger.Recipient = "somebody"
	tests := []struct {
		name, address string
		label         delivery.Label
		payload       string
		class         delivery.Class
		code          string
	}{
		{"no endpoint", silent.URL, stranger, `{}`, delivery.Later, "webhook_missing"},
		{"not JSON", silent.URL, label(), `{`, delivery.Refused, "webhook_payload"},
		{"private address", "https://10.0.0.1/", label(), `{}`, delivery.Refused, "webhook_address_refused"},
		{"no address", "ftp://x/", label(), `{}`, delivery.Later, "webhook_url_invalid"},
		{"nobody there", "http://127.0.0.1:1/", label(), `{}`, delivery.Later, "webhook_unreachable"},
		{"no answer", silent.URL, label(), `{}`, delivery.Unknown, "webhook_unreachable"},
	}
	for _, tt := range tests {
		h, _ := handTo(t, tt.address)
		f, ok := errors.AsType[*delivery.Failure](h.hand(t.Context(), tt.label, payload(tt.payload)))
		if !ok || f.Class != tt.class || f.Code != tt.code {
			t.Errorf("%s: %+v", tt.name, f)
		}
	}
}
