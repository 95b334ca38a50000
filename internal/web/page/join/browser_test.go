package join_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/heed-platform/heed/internal/clock"
	"github.com/heed-platform/heed/internal/collect/form"
	"github.com/heed-platform/heed/internal/keep"
	"github.com/heed-platform/heed/internal/keep/catalog"
	"github.com/heed-platform/heed/internal/person"
	"github.com/heed-platform/heed/internal/policy/define"
	"github.com/heed-platform/heed/internal/problem"
	"github.com/heed-platform/heed/internal/web/page/browsertest"
	"github.com/heed-platform/heed/internal/web/page/join"
	"github.com/heed-platform/heed/internal/web/page/look"
	"github.com/heed-platform/heed/workspace"
)

func TestMain(m *testing.M) { browsertest.Main(m) }

// serve stands the example workspace's forms up; what is posted is remembered.
func serve(t *testing.T) (server *httptest.Server, posted func() []form.Answers) {
	t.Helper()
	w, faults := catalog.Load(workspace.Files)
	if len(faults) > 0 {
		t.Fatal(faults)
	}
	book := form.NewBook(w.Policy(), func(string) string { return strings.Repeat("ab", 32) })
	took := make(chan form.Answers, 10)
	looks := look.New(func() define.Brand { return w.Policy().Brand })
	mux := http.NewServeMux()
	mux.Handle("/page.css", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _ = looks.Style(w, r) }))
	server = httptest.NewServer(mux)
	t.Cleanup(server.Close)
	waits := join.Waiting{Form: "newsletter/en", Language: "en", Agreed: []string{"Yes, write to me by email about new things and offers."}}
	if f, ok := book.Find("newsletter", "en"); ok {
		waits.Mark = f.Mark()
	}
	opens := func(_ context.Context, token string) (join.Waiting, error) {
		if token != "good" {
			return join.Waiting{}, keep.ErrNoTicket
		}
		return waits, nil
	}
	join.Routes(mux, join.Deps{
		Look: looks, Clock: clock.NewStill(clock.At(time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC))),
		PublicURL: func() string { return server.URL }, Form: book.Find,
		Canonical: func(_ person.Namespace, v string) (string, bool) { return v, strings.ContainsAny(v, "@+") },
		Carries:   func(string) bool { return true },
		Post: func(_ context.Context, _ form.Form, a form.Answers, _ *form.Clerk) ([]string, error) {
			took <- a
			return []string{"email"}, nil
		},
		Waiting: opens, Confirm: opens,
		Staff: join.Staff{
			Enter: func(context.Context, string) (string, error) {
				return "", problem.New(problem.Unauthenticated, "clerk-unknown", "This page is for colleagues at the till; sign in with your token.")
			},
			Who: func(_ context.Context, secret string) (join.Clerk, error) {
				if secret != "shift" {
					return join.Clerk{}, keep.ErrNoTicket
				}
				return join.Clerk{Name: "till-1", Form: "mark"}, nil
			},
			Forms: func() []string { return book.At(define.AtClerk) },
		},
	})
	return server, func() (all []form.Answers) {
		for {
			select {
			case a := <-took:
				all = append(all, a)
			default:
				return all
			}
		}
	}
}

// TestPages looks at every page of giving as people meet it, without scripts, and
// signs somebody up on the way.
func TestPages(t *testing.T) {
	t.Parallel()
	server, posted := serve(t)
	tab := browsertest.Open(t, server.URL)
	tab.Go(server.URL + "/join/newsletter?lang=de")
	tab.Check()
	tab.Shot("join-form")
	tab.Fill("#f-email", "no address")
	if status := tab.Press("main button"); status != http.StatusUnprocessableEntity {
		t.Errorf("a wrong address answers %d", status)
	}
	tab.Check()
	tab.Fill("#f-email", "ann@example.com")
	tab.Tick("#o-yes-0-0")
	if status := tab.Press("main button"); status != http.StatusOK || !strings.Contains(tab.Text("main"), "Noch ein Schritt") {
		t.Errorf("%d: %s", status, tab.Text("main"))
	}
	tab.Check()
	got := posted()
	if len(got) != 1 || got[0].Values["email"] != "ann@example.com" || len(got[0].Agreed) != 1 {
		t.Errorf("posted: %+v", got)
	}
	for _, path := range []string{"/join/survey?lang=en", "/join/card", "/confirm/good", "/confirm/bad"} {
		tab.Go(server.URL + path)
		tab.Check()
	}
	tab.Go(server.URL + "/confirm/good")
	tab.Shot("join-confirm")
	tab.Press("main button")
	tab.Check()
}

func TestPages_clerk(t *testing.T) {
	t.Parallel()
	server, _ := serve(t)
	shift := &http.Cookie{Name: "heed-clerk", Value: "shift"}
	browsertest.Page(t, server.URL+"/clerk", shift)
	stranger := browsertest.Open(t, server.URL)
	stranger.Go(server.URL + "/clerk?lang=ar")
	stranger.Check()
	tab := browsertest.Open(t, server.URL, shift)
	tab.Go(server.URL + "/clerk/catalog?lang=en")
	tab.Check()
	tab.Shot("clerk-form")
	for field, value := range map[string]string{"last_name": "Stein", "address": "Lindenstr. 1", "postal_code": "10969", "city": "Berlin", "proof": "4711"} {
		tab.Fill("#f-"+field, value)
	}
	tab.Tick("#o-yes-0-0")
	if status := tab.Press("main form button"); status != http.StatusOK || !strings.Contains(tab.Text("main"), "4711") {
		t.Errorf("%d: %s", status, tab.Text("main"))
	}
	tab.Check()
}
