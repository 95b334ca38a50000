package webhook

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/heed-platform/heed/internal/clock"
)

// The vector that the Standard Webhooks libraries share.
const (
	vectorSecret    = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
	vectorID        = "msg_p5jXN8AQM9LWM0D4loKWxJek"
	vectorBody      = `{"test": 2432232314}`
	vectorSignature = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
)

func vectorTime() clock.Instant { return clock.At(time.Unix(1614265330, 0)) }

func mustSecret(tb testing.TB, s string) Secret {
	tb.Helper()
	secret, err := ParseSecret(s)
	if err != nil {
		tb.Fatal(err)
	}
	return secret
}

func TestSign_vector(t *testing.T) {
	t.Parallel()
	got, err := Sign(vectorID, vectorTime(), []byte(vectorBody), mustSecret(t, vectorSecret))
	if err != nil || got != vectorSignature {
		t.Errorf("got %s, %v", got, err)
	}
}

func TestVerify(t *testing.T) {
	t.Parallel()
	secret := mustSecret(t, vectorSecret)
	other, err := NewSecret(bytes.NewReader(bytes.Repeat([]byte{7}, 32)))
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name                 string
		id, timestamp, signs string
		body                 string
		now                  clock.Instant
		secrets              []Secret
		want                 error
	}{
		{"as sent", vectorID, "1614265330", vectorSignature, vectorBody, vectorTime(), []Secret{secret}, nil},
		{"the secret was replaced", vectorID, "1614265330", vectorSignature, vectorBody, vectorTime(), []Secret{other, secret}, nil},
		{"signed twice", vectorID, "1614265330", "v1,AAAA v1a,xyz " + vectorSignature, vectorBody, vectorTime(), []Secret{secret}, nil},
		{"five minutes late", vectorID, "1614265330", vectorSignature, vectorBody, vectorTime().Add(Tolerance), []Secret{secret}, nil},
		{"too late", vectorID, "1614265330", vectorSignature, vectorBody, vectorTime().Add(Tolerance + time.Second), []Secret{secret}, errStale},
		{"too early", vectorID, "1614265330", vectorSignature, vectorBody, vectorTime().Add(-Tolerance - time.Second), []Secret{secret}, errStale},
		{"another body", vectorID, "1614265330", vectorSignature, vectorBody + " ", vectorTime(), []Secret{secret}, errSignature},
		{"another id", vectorID + "x", "1614265330", vectorSignature, vectorBody, vectorTime(), []Secret{secret}, errSignature},
		{"another time", vectorID, "1614265331", vectorSignature, vectorBody, vectorTime(), []Secret{secret}, errSignature},
		{"another secret", vectorID, "1614265330", vectorSignature, vectorBody, vectorTime(), []Secret{other}, errSignature},
		{"no secret", vectorID, "1614265330", vectorSignature, vectorBody, vectorTime(), nil, errSignature},
		{"a zero secret", vectorID, "1614265330", vectorSignature, vectorBody, vectorTime(), []Secret{{}}, errSignature},
		{"another version", vectorID, "1614265330", strings.Replace(vectorSignature, "v1", "v2", 1), vectorBody, vectorTime(), []Secret{secret}, errSignature},
		{"no signature", vectorID, "1614265330", "", vectorBody, vectorTime(), []Secret{secret}, errSignature},
		{"an empty signature", vectorID, "1614265330", "v1,", vectorBody, vectorTime(), []Secret{secret}, errSignature},
		{"no time", vectorID, "", vectorSignature, vectorBody, vectorTime(), []Secret{secret}, errSignature},
		{"no id", "", "1614265330", vectorSignature, vectorBody, vectorTime(), []Secret{secret}, errSignature},
	}
	for _, tt := range tests {
		if err := Verify(tt.id, tt.timestamp, tt.signs, []byte(tt.body), tt.now, tt.secrets...); !errors.Is(err, tt.want) {
			t.Errorf("%s: got %v, want %v", tt.name, err, tt.want)
		}
	}
}

func TestSign_verifies(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		secrets := make([]Secret, rapid.IntRange(1, 3).Draw(t, "secrets"))
		for i := range secrets {
			secrets[i] = Secret{rapid.SliceOfN(rapid.Byte(), leastBytes, mostBytes).Draw(t, "key")}
		}
		id := rapid.StringMatching(`[A-Za-z0-9_-]{1,40}`).Draw(t, "id")
		body := rapid.SliceOf(rapid.Byte()).Draw(t, "body")
		at := clock.Instant(rapid.Int64Range(0, 1<<51).Draw(t, "at"))
		signatures, err := Sign(id, at, body, secrets...)
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range secrets {
			if err := Verify(id, seconds(at), signatures, body, at, s); err != nil {
				t.Fatal(err)
			}
		}
	})
}

func TestSign_refuses(t *testing.T) {
	t.Parallel()
	secret := mustSecret(t, vectorSecret)
	for name, sign := range map[string]func() (string, error){
		"no secret":          func() (string, error) { return Sign("a", 0, nil) },
		"a zero secret":      func() (string, error) { return Sign("a", 0, nil, secret, Secret{}) },
		"no id":              func() (string, error) { return Sign("", 0, nil, secret) },
		"a dotted id":        func() (string, error) { return Sign("a.1", 0, nil, secret) },
		"an id of two lines": func() (string, error) { return Sign("a\r\nX: y", 0, nil, secret) },
	} {
		if got, err := sign(); got != "" || !errors.Is(err, errSecret) && !errors.Is(err, errID) {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
}

func TestParseSecret(t *testing.T) {
	t.Parallel()
	for _, s := range []string{"", "whsec_", "whsec_AAAA", strings.TrimPrefix(vectorSecret, prefix), vectorSecret + "!", prefix + strings.Repeat("AAAA", 22)} {
		if _, err := ParseSecret(s); !errors.Is(err, errSecret) {
			t.Errorf("%q: %v", s, err)
		}
	}
	secret := mustSecret(t, vectorSecret)
	if secret.Text() != vectorSecret {
		t.Error("the text of a secret is not what it was read from")
	}
	b, err := json.Marshal(map[string]any{"s": secret})
	if err != nil {
		t.Fatal(err)
	}
	for _, shown := range []string{fmt.Sprint(secret), fmt.Sprintf("%+v %#v %x %q", secret, secret, secret, []Secret{secret}), string(b), secret.LogValue().String()} {
		if strings.Contains(shown, "MfKQ") || strings.Contains(shown, "31f290") || !strings.Contains(shown, "withheld") {
			t.Errorf("a secret shows itself: %s", shown)
		}
	}
}

func TestPayload(t *testing.T) {
	t.Parallel()
	got, err := Payload("person.updated", vectorTime(), json.RawMessage(`{"person":"x"}`))
	if want := `{"type":"person.updated","timestamp":"2021-02-25T15:02:10.000000Z","data":{"person":"x"}}`; err != nil || string(got) != want {
		t.Errorf("got %s, %v", got, err)
	}
	for _, tt := range []struct{ kind, data string }{{"", "1"}, {"Person Updated", "1"}, {"a.", "1"}, {"a", "{"}, {"a", ""}, {"a", `"` + strings.Repeat("x", thin) + `"`}} {
		if _, err := Payload(tt.kind, 0, json.RawMessage(tt.data)); !errors.Is(err, errPayload) {
			t.Errorf("%q: %v", tt.kind, err)
		}
	}
}

func FuzzVerify(f *testing.F) {
	f.Add(vectorID, "1614265330", vectorSignature, []byte(vectorBody))
	f.Add("", "-1", "v1, v1a,= ,", []byte{})
	secret := mustSecret(f, vectorSecret)
	f.Fuzz(func(t *testing.T, id, timestamp, signatures string, body []byte) {
		err := Verify(id, timestamp, signatures, body, vectorTime(), secret)
		if err == nil && (id != vectorID || string(body) != vectorBody) {
			t.Fatalf("forged: %q %q %q %q", id, timestamp, signatures, body)
		}
	})
}
