package erasure_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/heed-platform/heed/internal/account/housetest"
	"github.com/heed-platform/heed/internal/account/ledger"
	"github.com/heed-platform/heed/internal/account/request"
	"github.com/heed-platform/heed/internal/account/request/erasure"
	"github.com/heed-platform/heed/internal/account/request/tell"
	"github.com/heed-platform/heed/internal/clock"
	"github.com/heed-platform/heed/internal/fact"
	"github.com/heed-platform/heed/internal/keep/gate"
	"github.com/heed-platform/heed/internal/person"
	"github.com/heed-platform/heed/internal/policy"
	"github.com/heed-platform/heed/internal/policy/define"
	"github.com/heed-platform/heed/internal/reach/delivery"
	"github.com/heed-platform/heed/internal/reach/webhook"
)

var ada = housetest.Subject(person.UserID, "ada")

// desk is a house in which rights are answered. What leaves it is kept: mails and
// texts in an outbox, calls by a server that says what it is told to.
type desk struct {
	*housetest.House

	rules   *policy.Rules
	desk    *request.Desk
	eraser  *erasure.Eraser
	carrier *tell.Carrier
	ears    *tell.Listener
	outbox  *delivery.Outbox
	calls   *calls
}

type call struct {
	path, body string
	header     http.Header
}

type calls struct {
	mu     sync.Mutex
	got    []call
	status int
}

func (c *calls) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.got = append(c.got, call{r.URL.Path, string(body), r.Header})
	w.WriteHeader(c.status)
}

func secret(recipient string) (webhook.Secret, error) {
	return webhook.NewSecret(strings.NewReader(strings.Repeat("key of "+recipient, 40)))
}

func open(t *testing.T, h *housetest.House) *desk {
	t.Helper()
	d := &desk{House: h, outbox: delivery.NewOutbox(), calls: &calls{status: http.StatusCreated}}
	server := httptest.NewServer(d.calls)
	t.Cleanup(server.Close)
	defs := h.Workspace.Policy()
	defs.Recipients = slices.Clone(defs.Recipients)
	for i := range defs.Recipients {
		switch r := &defs.Recipients[i]; r.Key {
		case "payment-house":
			r.DSR = define.DSR{Kind: "opendsr", URL: server.URL + "/opendsr"}
		case "parcel-carrier":
			r.DSR = define.DSR{Kind: "webhook", URL: server.URL + "/hook"}
		}
	}
	var err error
	if d.rules, err = policy.Compile(defs); err != nil {
		t.Fatal(err)
	}
	h.Keep.Gate.Adopt(d.rules)
	rules := func() *policy.Rules { return d.rules }
	d.desk = request.New(h.Keep, h.Clock, rules)
	teller := &tell.Teller{
		Desk: d.desk, Rules: rules, Answer: func() string { return "https://heed.example/v1/dsr" },
		Words: func(q request.Request, _, _ string) tell.Said {
			return tell.Said{Subject: "Erased", Text: "Number " + q.ID}
		},
	}
	d.eraser = &erasure.Eraser{Keep: h.Keep, Desk: d.desk, Teller: teller, Rules: rules, Definitions: func() define.Definitions { return defs }, Clock: h.Clock}
	loopback := webhook.Guard{Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}}
	d.carrier = &tell.Carrier{
		Gate: h.Keep.Gate, Queue: h.Keep.Queue, Desk: d.desk, Rules: rules, Secret: secret, Clock: h.Clock, Log: slog.New(slog.DiscardHandler),
		Channel: func(string) (delivery.Channel, bool) { return d.outbox, true },
		Hook:    webhook.NewClient(webhook.Options{Clock: h.Clock, Guard: loopback}),
	}
	d.ears = &tell.Listener{Desk: d.desk, Keep: h.Keep, Secret: secret, Clock: h.Clock}
	return d
}

// living lets ada live a little: an order, and four companies that got something.
func (d *desk) living(t *testing.T) {
	t.Helper()
	d.Hears("server", housetest.Event{
		"type": "identify", "userId": "ada", "context": map[string]any{"notice": "order@1"},
		"traits": map[string]any{"email": "ada@example.com", "country": "DE", "firstName": "Ada", "address": map[string]any{"city": "Berlin"}},
	}, housetest.Event{
		"type": "identify", "userId": "ada", "context": map[string]any{"notice": "membership@3"}, "traits": map[string]any{"phone": "+4930111"},
	}, housetest.Event{
		"type": "track", "userId": "ada", "event": "Order Completed", "context": map[string]any{"notice": "order@1"},
		"properties": map[string]any{
			"order_id": "o-1", "currency": "EUR", "total": json.Number("119.00"), "coupon": "SECRET-COUPON",
			"products": []any{map[string]any{"product_id": "shoe", "name": "Shoe", "price": json.Number("119.00"), "quantity": 1, "variant": "hidden"}},
		},
	})
	for _, to := range []struct{ purpose, recipient, channel string }{
		{"essential.service.payment_processing", "payment-house", ""},
		{"essential.service", "parcel-carrier", "onsite"},
		{"essential.service.notifications.email", "mail-relay", "email"},
		{"essential.service.notifications.sms", "text-carrier", "sms"},
	} {
		var out bytes.Buffer
		a := gate.Asking{By: "test", Role: "operator", Why: "a test", Purpose: to.purpose, Recipient: to.recipient, Channel: to.channel}
		if _, stopped, err := ledger.ExportFor(t.Context(), d.Keep.Gate, a, &out); err != nil || out.Len() == 0 {
			t.Fatalf("%s got nothing: %v %v", to.recipient, err, stopped)
		}
	}
}

func (d *desk) erase(t *testing.T, who gate.Subject) erasure.Proof {
	t.Helper()
	a := gate.Asking{Subject: who, Purpose: "essential.legal_obligation", By: "person", Role: gate.Themselves, Why: "asked to be erased"}
	p, err := d.eraser.Erase(t.Context(), a, request.Code)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// TestErase: everybody who had something is told, each in its own way, the
// person on every address, and what the law keeps is apart.
func TestErase(t *testing.T) {
	t.Parallel()
	housetest.On(t, func(t *testing.T, h *housetest.House) {
		d := open(t, h)
		d.living(t)
		proof := d.erase(t, ada)
		if _, err := gate.Ask[gate.Operate](t.Context(), h.Keep.Gate, housetest.Staff(ada)); err == nil {
			t.Error("she is still there")
		}
		want := map[string]string{"payment-house": "opendsr", "parcel-carrier": "webhook", "mail-relay": "mail", "text-carrier": "mail"}
		for _, r := range proof.Recipients {
			if want[r.Recipient] != r.Way || r.Status != request.Untold {
				t.Errorf("%+v", r)
			}
			delete(want, r.Recipient)
		}
		if len(want) > 0 {
			t.Errorf("nobody tells %v", want)
		}
		if err := d.carrier.Due(t.Context()); err != nil {
			t.Fatal(err)
		}
		d.letters(t)
		d.posts(t, proof)
		for _, r := range d.parts(t, proof.Request) {
			if r.Status != request.Told || r.Fragment != 0 {
				t.Errorf("%s is %s", r.Recipient, r.Status)
			}
		}
		d.nothingLeft(t)
		d.keptApart(t, proof)
	})
}

func (d *desk) parts(t *testing.T, id string) []request.Request {
	t.Helper()
	q, err := d.desk.Show(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	parts, err := d.desk.Parts(t.Context(), q)
	if err != nil {
		t.Fatal(err)
	}
	return parts
}

// letters: the person on both addresses, and people at two companies.
func (d *desk) letters(t *testing.T) {
	t.Helper()
	to := map[string]string{}
	for _, m := range d.outbox.List() {
		to[m.To.Reveal()] = m.Text.Reveal()
	}
	for _, want := range []string{"ada@example.com", "+4930111", "privacy@posthorn.example", "privacy@kurzwort.example"} {
		if to[want] == "" {
			t.Errorf("nothing went to %s", want)
		}
	}
	if text := to["privacy@posthorn.example"]; !strings.Contains(text, "email: ada@example.com") || strings.Contains(text, "4930111") {
		t.Errorf("the mail relay is told of more or less than it had: %s", text)
	}
}

// posts: OpenDSR as its specification says, and a signed webhook.
func (d *desk) posts(t *testing.T, proof erasure.Proof) {
	t.Helper()
	if len(d.calls.got) != 2 {
		t.Fatalf("%d calls", len(d.calls.got))
	}
	for _, c := range d.calls.got {
		key, _ := secret(map[string]string{"/opendsr": "payment-house", "/hook": "parcel-carrier"}[c.path])
		err := webhook.Verify(c.header.Get(webhook.HeaderID), c.header.Get(webhook.HeaderTimestamp), c.header.Get(webhook.HeaderSignature), []byte(c.body), d.Clock.Now(), key)
		if err != nil {
			t.Errorf("%s: %v", c.path, err)
		}
		if c.path != "/opendsr" {
			continue
		}
		var body struct {
			Regulation string `json:"regulation"`
			ID         string `json:"subject_request_id"`
			Type       string `json:"subject_request_type"`
			Submitted  string `json:"submitted_time"`
			Version    string `json:"api_version"`
			Identities []struct {
				Type   string `json:"identity_type"`
				Value  string `json:"identity_value"`
				Format string `json:"identity_format"`
			} `json:"subject_identities"`
			Callbacks []string `json:"status_callback_urls"`
		}
		if err := json.Unmarshal([]byte(c.body), &body); err != nil {
			t.Fatal(err)
		}
		i := slices.IndexFunc(proof.Recipients, func(r erasure.Recipient) bool { return r.Recipient == "payment-house" })
		if body.Regulation != "gdpr" || body.Type != "erasure" || body.ID != proof.Recipients[i].Request || body.Version == "" || len(body.Callbacks) != 1 || len(body.Identities) == 0 {
			t.Errorf("%+v", body)
		}
	}
}

// nothingLeft: when everybody was told, no errand and no key of one is left.
func (d *desk) nothingLeft(t *testing.T) {
	t.Helper()
	jobs, err := d.Keep.Queue.List(t.Context(), gate.KindErrand, "waiting", 100)
	if err != nil || len(jobs) != 0 {
		t.Errorf("%d errands are left, %v", len(jobs), err)
	}
	done, err := d.Keep.Queue.List(t.Context(), gate.KindErrand, "done", 100)
	if err != nil || len(done) != 0 {
		t.Errorf("%d errands are remembered, %v", len(done), err)
	}
}

// keptApart: the invoice with what the law asks for, and nothing else, until its
// day; then it is gone.
func (d *desk) keptApart(t *testing.T, proof erasure.Proof) {
	t.Helper()
	if len(proof.Kept) != 1 || proof.Kept[0].Count != 1 || proof.Kept[0].Until.Time().Year() < 2030 {
		t.Fatalf("%+v", proof.Kept)
	}
	read := func() (all []string) {
		a := gate.Asking{By: "auditor", Role: "auditor", Why: "the tax office asks"}
		err := gate.ReadKept(t.Context(), d.Keep.Gate, a, func(k gate.Kept) error {
			all = append(all, string(k.Body))
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		return all
	}
	all := read()
	if len(all) != 1 || !strings.Contains(all[0], "o-1") || !strings.Contains(all[0], "119.00") || !strings.Contains(all[0], "Berlin") {
		t.Errorf("%v", all)
	}
	for _, not := range []string{"SECRET-COUPON", "hidden", "ada@example.com", "4930111"} {
		if strings.Contains(strings.Join(all, ""), not) {
			t.Errorf("%s is kept", not)
		}
	}
	if err := d.carrier.Expire(t.Context()); err != nil || len(read()) != 1 {
		t.Errorf("gone before its day: %v", err)
	}
	d.Clock.Advance(proof.Kept[0].Until.Sub(d.Clock.Now()) + time.Second)
	if err := d.carrier.Expire(t.Context()); err != nil || len(read()) != 0 {
		t.Errorf("there after its day: %v", err)
	}
	d.Clock.Advance(-proof.Kept[0].Until.Sub(housetest.Noon))
}

// TestErase_recipientsThatAreDown: what cannot be told is told later, and what it
// holds outlives the person only until then.
func TestErase_recipientsThatAreDown(t *testing.T) {
	t.Parallel()
	housetest.On(t, func(t *testing.T, h *housetest.House) {
		d := open(t, h)
		d.living(t)
		d.calls.status = http.StatusServiceUnavailable
		proof := d.erase(t, ada)
		if err := d.carrier.Due(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := d.byStatus(t, proof.Request); got[request.Untold] != 2 || got[request.Told] != 2 {
			t.Fatalf("%v", got)
		}
		d.calls.status = http.StatusCreated
		h.Clock.Advance(2 * time.Minute)
		if err := d.carrier.Due(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := d.byStatus(t, proof.Request); got[request.Told] != 4 {
			t.Fatalf("%v", got)
		}
		d.nothingLeft(t)
	})
}

func (d *desk) byStatus(t *testing.T, id string) map[request.Status]int {
	t.Helper()
	out := map[request.Status]int{}
	for _, p := range d.parts(t, id) {
		out[p.Status]++
	}
	return out
}

// TestErase_givesUpInTheOpen: after thirty days a recipient that never answered
// the phone is failed, where staff see it, and its errand is gone.
func TestErase_givesUpInTheOpen(t *testing.T) {
	t.Parallel()
	d := open(t, housetest.New(t, "sqlite", ""))
	d.living(t)
	d.calls.status = http.StatusNotFound
	proof := d.erase(t, ada)
	for range 150 {
		if err := d.carrier.Due(t.Context()); err != nil {
			t.Fatal(err)
		}
		d.Clock.Advance(6 * time.Hour)
	}
	if got := d.byStatus(t, proof.Request); got[request.Failed] != 2 {
		t.Fatalf("%v", got)
	}
	d.nothingLeft(t)
}

// TestAnswers: only the recipient whose part it is may answer, once, now.
func TestAnswers(t *testing.T) {
	t.Parallel()
	d := open(t, housetest.New(t, "sqlite", ""))
	d.living(t)
	proof := d.erase(t, ada)
	if err := d.carrier.Due(t.Context()); err != nil {
		t.Fatal(err)
	}
	parts := map[string]string{}
	for _, r := range proof.Recipients {
		parts[r.Recipient] = r.Request
	}
	say := func(signer, id, status string, at clock.Instant) error {
		body := []byte(`{"subject_request_id":"` + id + `","request_status":"` + status + `"}`)
		key, _ := secret(signer)
		signature, err := webhook.Sign("msg-"+status+id, at, body, key)
		if err != nil {
			t.Fatal(err)
		}
		return d.ears.Hear(context.Background(), tell.Heard{ID: "msg-" + status + id, Timestamp: strconv.FormatInt(at.Time().Unix(), 10), Signature: signature, Body: body})
	}
	now, id := d.Clock.Now(), parts["payment-house"]
	for name, err := range map[string]error{
		"somebody else's":   say("parcel-carrier", id, "completed", now),
		"too old":           say("payment-house", id, "completed", now.Add(-6*time.Minute)),
		"of the future":     say("payment-house", id, "completed", now.Add(6*time.Minute)),
		"nobody's":          say("payment-house", "c0ffee00-0000-4000-8000-000000000000", "completed", now),
		"the parent's":      say("payment-house", proof.Request, "completed", now),
		"an unknown status": say("payment-house", id, "eaten", now),
	} {
		if err == nil || err.Error() != errUnsigned(d) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, status := range []string{"in_progress", "in_progress", "completed", "completed", "cancelled"} { //nolint:misspell // OpenDSR spells it so
		if err := say("payment-house", id, status, now); err != nil {
			t.Errorf("%s: %v", status, err)
		}
	}
	q, err := d.desk.Show(t.Context(), id)
	if err != nil || q.Status != request.Done {
		t.Errorf("%s %v", q.Status, err)
	}
	steps := 0
	for _, s := range q.Steps {
		if s.What == "answered" {
			steps++
		}
	}
	if steps != 2 {
		t.Errorf("%d answers: %+v", steps, q.Steps)
	}
}

// errUnsigned is what a body that is no JSON is answered.
func errUnsigned(d *desk) string {
	return d.ears.Hear(context.Background(), tell.Heard{Body: []byte("x")}).Error()
}

// TestRemind: a week before the law's day, once, and it names nobody.
func TestRemind(t *testing.T) {
	t.Parallel()
	d := open(t, housetest.New(t, "sqlite", ""))
	d.living(t)
	proof := d.erase(t, ada)
	if err := d.carrier.Due(t.Context()); err != nil {
		t.Fatal(err)
	}
	before, calls := d.outbox.Len(), len(d.calls.got)
	for range 40 {
		if err := d.carrier.Remind(t.Context()); err != nil {
			t.Fatal(err)
		}
		d.Clock.Advance(24 * time.Hour)
	}
	if d.outbox.Len() != before+2 || len(d.calls.got) != calls+2 {
		t.Errorf("%d mails and %d calls", d.outbox.Len()-before, len(d.calls.got)-calls)
	}
	for _, m := range d.outbox.List()[:2] {
		if strings.Contains(m.Text.Reveal()+m.Subject.Reveal(), "ada") {
			t.Error("a reminder names her")
		}
	}
	for _, p := range d.parts(t, proof.Request) {
		if p.Reminded != 1 || !p.Late(d.Clock.Now()) {
			t.Errorf("%s: reminded %d, late %v", p.Recipient, p.Reminded, p.Late(d.Clock.Now()))
		}
	}
}

// TestErase_resumes: an erasure that stopped after it had begun is finished, and
// every recipient is told once.
func TestErase_resumes(t *testing.T) {
	t.Parallel()
	housetest.On(t, func(t *testing.T, h *housetest.House) {
		d := open(t, h)
		d.living(t)
		pass, err := gate.Ask[gate.Honor](t.Context(), h.Keep.Gate, gate.Asking{Subject: ada, Purpose: "essential.legal_obligation", Role: gate.Themselves})
		if err != nil {
			t.Fatal(err)
		}
		dossier, err := gate.Release(t.Context(), pass)
		if err != nil {
			t.Fatal(err)
		}
		q, err := d.desk.Open(t.Context(), request.Asked{Right: request.Erasure, Fragment: dossier.Found(), Place: "DE", Level: request.Code, By: "person"})
		if err != nil {
			t.Fatal(err)
		}
		if q, err = d.desk.Begin(t.Context(), q.ID, "person", 0); err != nil {
			t.Fatal(err)
		}
		if _, err = gate.Hush(t.Context(), pass); err != nil {
			t.Fatal(err)
		}
		if err := d.eraser.Teller.Recipients(t.Context(), pass, dossier, q, "person"); err != nil {
			t.Fatal(err)
		}
		if err := d.eraser.Resume(t.Context(), "essential.legal_obligation"); err != nil {
			t.Fatal(err) // somebody may be at it
		}
		h.Clock.Advance(2 * time.Minute)
		if err := d.eraser.Resume(t.Context(), "essential.legal_obligation"); err != nil {
			t.Fatal(err)
		}
		if q, err = d.desk.Show(t.Context(), q.ID); err != nil || q.Status != request.Done || len(q.Told) != 4 || q.Fragment != 0 {
			t.Fatalf("%v %+v", err, q)
		}
		if err := d.carrier.Due(t.Context()); err != nil {
			t.Fatal(err)
		}
		if len(d.calls.got) != 2 {
			t.Errorf("%d calls", len(d.calls.got))
		}
	})
}

// TestErase_othersUnharmed: a device that only claimed to be hers stays, and is
// not hushed for ever.
func TestErase_othersUnharmed(t *testing.T) {
	t.Parallel()
	d := open(t, housetest.New(t, "sqlite", ""))
	d.living(t)
	d.Hears("web", housetest.Event{"type": "identify", "userId": "ada", "anonymousId": "kiosk"})
	d.erase(t, ada)
	kiosk := d.Inspect(housetest.Subject(person.AnonymousID, "kiosk")).Profile()
	if len(kiosk.Identifiers) == 0 || slices.ContainsFunc(kiosk.Grants, func(g fact.Grant) bool { return g.Status == fact.Objected }) {
		t.Errorf("%+v", kiosk.Grants)
	}
}

// TestHush_stopsEverything: after it nothing leaves, what a contract carries
// neither, so the ledger that is read then is whole.
func TestHush_stopsEverything(t *testing.T) {
	t.Parallel()
	d := open(t, housetest.New(t, "sqlite", ""))
	d.living(t)
	pass, err := gate.Ask[gate.Honor](t.Context(), d.Keep.Gate, gate.Asking{Subject: ada, Purpose: "essential.legal_obligation", Role: gate.Themselves})
	if err != nil {
		t.Fatal(err)
	}
	ask := gate.Asking{Subject: ada, Purpose: "essential.service.notifications.email", Channel: "email", Recipient: "mail-relay"}
	if _, err := gate.Ask[gate.Contact](t.Context(), d.Keep.Gate, ask); err != nil {
		t.Fatalf("the control: %v", err)
	}
	if _, err := gate.Hush(t.Context(), pass); err != nil {
		t.Fatal(err)
	}
	if _, err := gate.Ask[gate.Contact](t.Context(), d.Keep.Gate, ask); err == nil {
		t.Error("a service message may still leave")
	}
	if _, err := gate.Ask[gate.Share](t.Context(), d.Keep.Gate, gate.Asking{Subject: ada, Purpose: "essential.service.payment_processing", Recipient: "payment-house"}); err == nil {
		t.Error("data may still be handed over")
	}
}
