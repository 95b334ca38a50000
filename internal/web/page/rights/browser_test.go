package rights_test

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/heed-platform/heed/internal/account/access"
	"github.com/heed-platform/heed/internal/account/request"
	"github.com/heed-platform/heed/internal/account/request/erasure"
	"github.com/heed-platform/heed/internal/clock"
	"github.com/heed-platform/heed/internal/keep/gate"
	"github.com/heed-platform/heed/internal/policy/define"
	"github.com/heed-platform/heed/internal/web"
	"github.com/heed-platform/heed/internal/web/page/browsertest"
	"github.com/heed-platform/heed/internal/web/page/door"
	"github.com/heed-platform/heed/internal/web/page/look"
	"github.com/heed-platform/heed/internal/web/page/rights"
)

func TestMain(m *testing.M) { browsertest.Main(m) }

// day is a Monday in March.
const day = clock.Instant(1_772_442_000_000_000)

// ada has used some of her rights.
type ada struct{ erased int }

var told = []erasure.Recipient{
	{Recipient: "mail-relay", Label: "Posthorn Mail", Status: request.Told},
	{Recipient: "ad-network", Label: "Schaufenster Ads", Status: request.Done},
	{Recipient: "style-partner", Label: "Garderobe Partners", Status: request.Failed},
	{Recipient: "gone", Status: request.Untold},
}

func (*ada) Requests(context.Context, access.Visitor) ([]rights.Shown, error) {
	var all []rights.Shown
	for i, right := range request.Rights() {
		q := request.Request{ID: "ABCD-EFGH-IJKL", Right: right, Status: request.Open, Received: day, Due: day.Add(1)}
		q.Law, q.Extended = "GDPR Art. 12(3)", request.Late()[i%2]
		q.Steps = []request.Step{{At: day, What: "received"}, {At: day, What: "confirmed"}}
		if i == 1 {
			q.Status = request.Refused
			for _, why := range request.No() {
				q.Steps = append(q.Steps, request.Step{At: day, What: "refused", Code: why})
			}
		}
		all = append(all, rights.Shown{Request: q, Label: "shoe size", Recipients: told})
	}
	return all, nil
}

func (*ada) Use(_ context.Context, _ access.Visitor, r request.Right, _ string) (request.Request, error) {
	return request.Request{ID: "ABCD-EFGH-IJKL", Right: r}, nil
}

func (*ada) Say(_ context.Context, _ access.Visitor, r request.Right, _ string) (request.Request, error) {
	return request.Request{ID: "ABCD-EFGH-IJKL", Right: r}, nil
}

var kept = []request.Kept{{Label: "invoices", Law: "Handelsgesetzbuch, section 257(4)", Count: 2, Until: day}}

func (*ada) Before(context.Context, access.Visitor) (rights.Before, error) {
	return rights.Before{Values: 12, Events: 40, Recipients: []string{"Posthorn Mail", "Garderobe Partners"}, Kept: kept, Quarantine: 14, Backups: day}, nil
}

func (a *ada) Erase(context.Context, access.Visitor) (erasure.Proof, error) {
	a.erased++
	p := erasure.Proof{Request: "ABCD-EFGH-IJKL", Receipt: "RECEIPT", Leaving: 1, Recipients: told, Kept: kept}
	p.Certificate = gate.Certificate{ID: "0f8fad5b-d9cb-469f-a165-70867728950e", At: day, Fragments: 3, Left: 1, Backups: day, Tombstones: "8f434346648f6b96df89dda901c5176b10a6d83961dd3c1ac88b59b2dc327aa4"}
	return p, nil
}

func (*ada) Receipt(context.Context, string) (request.Request, []erasure.Recipient, error) {
	q := request.Request{ID: "ABCD-EFGH-IJKL", Right: request.Erasure, Status: request.Done, Received: day, Closed: day}
	q.Proof, q.Backups, q.Kept = "0f8fad5b-d9cb-469f-a165-70867728950e", day, kept
	return q, told, nil
}

func pages(t *testing.T, a *ada) string {
	t.Helper()
	l := look.New(func() define.Brand {
		return define.Brand{Name: "Linden & Lark", Address: "Lindenstraße 12, Berlin", Email: "hello@lindenlark.example", Language: "en", Zone: "Europe/Berlin"}
	})
	in := access.Visitor{Scope: access.Full, Form: "form", Began: day}
	with := func(_ access.Scope, page door.Page) web.Handler {
		return l.Handle(func(w http.ResponseWriter, r *http.Request) error {
			if err := r.ParseForm(); err != nil {
				return err
			}
			return page(w, r, in)
		})
	}
	mux := http.NewServeMux()
	mux.Handle("/page.css", web.Handler(l.Style))
	rights.Routes(mux, rights.Deps{Look: l, With: with, Clock: clock.NewStill(day), Rights: a})
	server := httptest.NewServer(web.Wrap(mux, web.NewMetrics(), clock.NewStill(day), slog.New(slog.DiscardHandler)))
	t.Cleanup(server.Close)
	return server.URL
}

func TestPages_inABrowser(t *testing.T) {
	t.Parallel()
	for _, path := range []string{"/me/rights?done=objection&number=ABCD-EFGH-IJKL", "/me/erase", "/me/erased/RECEIPT"} {
		t.Run(path, func(t *testing.T) {
			t.Parallel()
			browsertest.Page(t, pages(t, &ada{})+path)
		})
	}
}

// TestErase_inABrowser: nothing happens without the tick; with it the answer is
// the proof.
func TestErase_inABrowser(t *testing.T) {
	t.Parallel()
	a := &ada{}
	address := pages(t, a)
	tab := browsertest.Open(t, address)
	tab.Go(address + "/me/erase")
	if status := tab.Press("main button.danger"); status != http.StatusBadRequest || a.erased != 0 {
		t.Fatalf("%d, erased %d times", status, a.erased)
	}
	tab.Check()
	tab.Tick("#o-sure")
	if status := tab.Press("main button.danger"); status != http.StatusOK || a.erased != 1 {
		t.Fatalf("%d, erased %d times", status, a.erased)
	}
	tab.Check()
	tab.Shot("erased")
}

func TestShots(t *testing.T) {
	t.Parallel()
	address := pages(t, &ada{})
	for name, path := range map[string]string{"rights": "/me/rights", "erase": "/me/erase"} {
		browsertest.Shot(t, name+"-phone", address+path, 360, false)
		browsertest.Shot(t, name+"-wide-dark", address+path, 1280, true)
	}
}
