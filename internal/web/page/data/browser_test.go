package data_test

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/heed-platform/heed/internal/account/access"
	"github.com/heed-platform/heed/internal/account/rights"
	"github.com/heed-platform/heed/internal/clock"
	"github.com/heed-platform/heed/internal/person"
	"github.com/heed-platform/heed/internal/policy/define"
	"github.com/heed-platform/heed/internal/web"
	"github.com/heed-platform/heed/internal/web/page/browsertest"
	"github.com/heed-platform/heed/internal/web/page/data"
	"github.com/heed-platform/heed/internal/web/page/door"
	"github.com/heed-platform/heed/internal/web/page/look"
)

func TestMain(m *testing.M) { browsertest.Main(m) }

// day is a Monday in March.
const day = clock.Instant(1_772_442_000_000_000)

// ada is somebody of whom something of every kind is known.
type ada struct{ data.Mine }

func (*ada) Own(context.Context, access.Visitor) (rights.Mine, error) {
	held := func(name, label, value, origin string) rights.Held {
		return rights.Held{
			Path: "traits." + name, Name: name, Label: label, Value: value, Kind: "taste, sizes and household", Origin: origin, Source: "our shop's till",
			Promise: "Your Linden & Lark card", For: []string{"your membership, orders and rewards", "news about your orders by text"}, Since: day,
			Keep: "as long as you have the card", Form: "value", Change: true, Remove: true,
		}
	}
	email := held("email", "email address", "ada@example.com", "declared")
	email.Change, email.Remove = false, false
	private := held("expecting", "expecting a child", "yes", "declared")
	private.Sensitive = true
	mine := rights.Mine{
		Points: []rights.Point{
			{Identifier: rights.Identifier{NS: person.Email, Value: "ada@example.com", Verified: true}, Label: "email address", Came: true, Fragment: 1},
			{Identifier: rights.Identifier{NS: person.AnonymousID, Value: "a-very-long-number-of-a-browser-0123456789-0123456789"}, Label: "browser", Fragment: 2},
		},
		Said: []rights.Held{email, held("shoe_size", "shoe size", "41", "declared"), private},
		Seen: []rights.Held{
			{Path: "events.Product Viewed", Label: "things looked at", Form: "times", Count: 12, Origin: "observed", Kind: "visits to our pages", Since: day},
			{Path: "purchases.Socks", Label: "Socks", Form: "things", Count: 3, Value: "sock-red", Origin: "observed", Kind: "purchases", Since: day},
			{Path: "spend", Form: "money", Value: "57.00 EUR", Origin: "observed", Kind: "purchases"},
		},
		Guessed: []rights.Held{held("size", "size", "M", "inferred")}, Bought: []rights.Held{held("income", "income", "high", "third_party")},
		Uncovered: 2, More: true, Looked: []rights.Look{{By: "kim", Role: "operator", What: "inspect", Why: "she called", At: day}},
	}
	return mine, nil
}

func (*ada) Receivers(context.Context, access.Visitor) ([]rights.Receiver, error) {
	one := rights.Receiver{
		Key: "mail-relay", Label: "Posthorn Mail", Role: define.Processor.String(), Country: "DE", What: []string{"email address", "name"},
		Why: []string{"news about your orders by email"}, Times: 4, Arrived: true, First: day, Last: day, Protections: []string{"tls"},
		Sub: []rights.Sub{{Label: "the mobile network", Country: "DE"}}, Contact: "privacy@posthorn.example",
	}
	two, three, four := one, one, one
	two.Key, two.Label, two.Role, two.Safeguards, two.CanObject, two.Sub = "ad-network", "Schaufenster Ads", define.Controller.String(), "EU standard contractual clauses of 2021", true, nil
	three.Key, three.Label, three.Objected = "style-partner", "Garderobe Partners", true
	four.Key, four.Label, four.Arrived = "print-house", "Bogen Print", false
	return []rights.Receiver{one, two, three, four}, nil
}

func (*ada) Reason(context.Context, access.Visitor, string) (rights.Why, error) {
	return rights.Why{
		Decision: "d1", At: day, Channel: "email", Purpose: "marketing.communications.email", What: "letters with offers by email", Moment: "audience", Named: "readers",
		Topic: "shoes.running", About: "running shoes", Chosen: true, Recipients: []string{"Posthorn Mail"}, Rules: []string{"You have had fewer letters than you allow."},
		Used:    []rights.Used{{Path: "traits.email", Label: "email address", Origin: "declared", Source: "our website", Promise: "Our letter"}},
		Consent: &rights.Consent{Notice: "newsletter@2", Title: "Our letter", Since: day},
	}, nil
}

func (*ada) Read(string) (access.Visitor, string, error) {
	return access.Visitor{Scope: access.Lower, Decision: "d1"}, "d1", nil
}

func (*ada) Stop(context.Context, access.Visitor, rights.Why, string, string) error { return nil }

func (*ada) Creepy(context.Context, access.Visitor, rights.Why) error { return nil }

// pages are those of the area, for somebody who came in.
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
	data.Routes(mux, data.Deps{Look: l, With: with, Mine: a, Why: a})
	server := httptest.NewServer(web.Wrap(mux, web.NewMetrics(), clock.NewStill(day), slog.New(slog.DiscardHandler)))
	t.Cleanup(server.Close)
	return server.URL
}

func TestPages_inABrowser(t *testing.T) {
	t.Parallel()
	for _, path := range []string{"/me/data?done=changed", "/me/recipients", "/why/token"} {
		t.Run(path, func(t *testing.T) {
			t.Parallel()
			browsertest.Page(t, pages(t, &ada{})+path)
		})
	}
}

func TestShots(t *testing.T) {
	t.Parallel()
	address := pages(t, &ada{})
	for name, path := range map[string]string{"data": "/me/data", "recipients": "/me/recipients", "why": "/why/token"} {
		browsertest.Shot(t, name+"-phone", address+path, 360, false)
		browsertest.Shot(t, name+"-wide-dark", address+path, 1280, true)
	}
}
