package app_test

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base64"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/heed-platform/heed/internal/fact"
	"github.com/heed-platform/heed/internal/keep/gate"
	"github.com/heed-platform/heed/internal/person"
)

// gateway is a text gateway that takes everything.
type gateway struct {
	mu    sync.Mutex
	forms []url.Values
}

func (g *gateway) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	form, _ := url.ParseQuery(string(body))
	g.mu.Lock()
	defer g.mu.Unlock()
	g.forms = append(g.forms, form)
	w.WriteHeader(http.StatusCreated)
}

// texting opens a heed whose texts go to the gateway.
func texting(t *testing.T, g *gateway) *house {
	t.Helper()
	s := httptest.NewServer(g)
	t.Cleanup(s.Close)
	h := &house{env: map[string]string{
		"HEED_SMS_URL": s.URL, "HEED_SMS_ACCOUNT": "AC1", "HEED_SMS_TOKEN": "geheim", "HEED_SMS_FROM": "+4930555",
		"HEED_PUBLIC_URL": "https://heed.example",
	}}
	h.begin(t, t.TempDir())
	t.Cleanup(h.close)
	h.furnish()
	return h
}

// call is the gateway calling back, signed or not.
func (h *house) call(address string, form url.Values, signed bool) string {
	h.t.Helper()
	r := httptest.NewRequest(http.MethodPost, strings.TrimPrefix(address, "https://heed.example"), strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if signed {
		mac := hmac.New(sha1.New, []byte("geheim"))
		_, _ = io.WriteString(mac, address)
		for _, k := range slices.Sorted(maps.Keys(form)) {
			_, _ = io.WriteString(mac, k+form.Get(k))
		}
		r.Header.Set("X-Twilio-Signature", base64.StdEncoding.EncodeToString(mac.Sum(nil)))
	}
	w := httptest.NewRecorder()
	h.Handler().ServeHTTP(w, r)
	if w.Code != http.StatusOK {
		h.t.Fatalf("the gateway was answered %d %s", w.Code, w.Body)
	}
	return w.Body.String()
}

func (h *house) outcomes(phone string) (all []string) {
	h.t.Helper()
	asking := clerk
	asking.Subject = gate.ByIdentifier(person.Ident(person.Phone, phone))
	pass, err := gate.Ask[gate.Operate](h.t.Context(), h.Keep.Gate, asking)
	if err != nil {
		h.t.Fatal(err)
	}
	d, err := gate.Inspect(h.t.Context(), pass)
	if err != nil {
		h.t.Fatal(err)
	}
	for _, l := range d.History() {
		if l.Kind != fact.KindOutcome {
			continue
		}
		o, err := fact.ParseOutcome(l.Payload)
		if err != nil {
			h.t.Fatal(err)
		}
		all = append(all, strings.TrimSpace(o.Status+" "+o.Code))
	}
	return all
}

const adasPhone = "+493012345678"

func TestTexts_leaveAndComeBack(t *testing.T) {
	t.Parallel()
	g := &gateway{}
	h := texting(t, g)
	h.goLive("order-shipped")
	h.tell(t, "server",
		map[string]any{"type": "identify", "messageId": "1", "userId": "ada", "traits": map[string]any{"phone": adasPhone, "firstName": "Ada"}},
		map[string]any{"type": "track", "messageId": "2", "userId": "ada", "event": "Order Shipped", "properties": map[string]any{"order_id": "o-1"}})
	if err := h.CatchUp(context.Background()); err != nil {
		t.Fatal(err)
	}
	if len(g.forms) != 1 || g.forms[0].Get("To") != adasPhone || !strings.Contains(g.forms[0].Get("Body"), "your parcel is on its way") {
		t.Fatalf("texts %v", g.forms)
	}
	// What the gateway tells later is kept once, if it is the gateway who tells.
	back := g.forms[0].Get("StatusCallback")
	report := url.Values{"MessageSid": {"SM1"}, "MessageStatus": {"undelivered"}, "ErrorCode": {"30003"}, "To": {adasPhone}}
	h.call(back, report, false)
	h.call(back, url.Values{"MessageSid": {"SM1"}, "MessageStatus": {"sent"}}, true)
	if diff := cmp.Diff([]string{"sent"}, h.outcomes(adasPhone)); diff != "" {
		t.Error(diff)
	}
	h.call(back, report, true)
	h.call(back, report, true)
	if diff := cmp.Diff([]string{"sent", "bounced sms_30003"}, h.outcomes(adasPhone)); diff != "" {
		t.Error(diff)
	}
}

func TestTexts_stopIsHeard(t *testing.T) {
	t.Parallel()
	h := texting(t, &gateway{})
	h.tell(t, "server", map[string]any{"type": "identify", "messageId": "1", "userId": "ada", "traits": map[string]any{"phone": adasPhone}})
	const address = "https://heed.example/webhooks/sms"
	text := func(from, body string) url.Values {
		return url.Values{"From": {from}, "To": {"+4930555"}, "Body": {body}, "MessageSid": {"SM2"}}
	}
	grants := func() []fact.Grant { return one(t, h.everybody(t), person.UserID, "ada").Grants }

	if got := h.call(address, text(adasPhone, "help"), true); !strings.Contains(got, "<Message>Linden &amp; Lark: ") {
		t.Errorf("help: %s", got)
	}
	h.call(address, text(adasPhone, "START"), true)
	if got := h.call(address, text(adasPhone, "help"), false); strings.Contains(got, "<Message>") {
		t.Errorf("somebody else than the gateway was answered: %s", got)
	}
	if g := grants(); len(g) != 0 {
		t.Fatalf("a word gave a grant: %+v", g)
	}
	known := h.call(address, text(adasPhone, "please STOP!"), true)
	g := grants()
	if len(g) != 1 || g[0].Purpose != "marketing" || g[0].Channel != "sms" || g[0].Status != fact.Withdrawn || g[0].Method != "stop_reply" || g[0].Evidence != "text SM2" {
		t.Fatalf("grants %+v", g)
	}
	// Who has no number here cannot be told from who has.
	if unknown := h.call(address, text("+493087654321", "please STOP!"), true); unknown != known || !strings.Contains(known, "no more offers") {
		t.Errorf("%s\n%s", known, unknown)
	}
	if nonsense := h.call(address, text("nobody", "stop"), true); nonsense != known {
		t.Errorf("%s", nonsense)
	}
}

// A STOP counts although nobody knows who brought it, and says so.
func TestTexts_stopWithoutSignature(t *testing.T) {
	t.Parallel()
	h := texting(t, &gateway{})
	h.tell(t, "server", map[string]any{"type": "identify", "messageId": "1", "userId": "ada", "traits": map[string]any{"phone": adasPhone}})
	got := h.call("https://heed.example/webhooks/sms", url.Values{"From": {adasPhone}, "Body": {"STOP"}, "MessageSid": {"SM3"}}, false)
	if strings.Contains(got, "<Message>") {
		t.Errorf("answered %s", got)
	}
	g := one(t, h.everybody(t), person.UserID, "ada").Grants
	if len(g) != 1 || g[0].Status != fact.Withdrawn || !strings.Contains(g[0].Evidence, "signature does not hold") {
		t.Fatalf("grants %+v", g)
	}
	if !bytes.Contains(h.log.Bytes(), []byte("without the gateway's signature")) || bytes.Contains(h.log.Bytes(), []byte(adasPhone)) {
		t.Errorf("log %s", h.log.Bytes())
	}
}
