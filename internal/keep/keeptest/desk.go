package keeptest

import (
	"context"
	"errors"
	"testing"

	"github.com/heed-platform/heed/internal/clock"
	"github.com/heed-platform/heed/internal/fact"
	"github.com/heed-platform/heed/internal/keep/internal/store"
	given "github.com/heed-platform/heed/internal/keep/keeptest/giventest"
)

func testTickets(t *testing.T, open given.Place) {
	_, d := open(t)
	code := store.Ticket{Kind: "code", Hash: given.Hash(1), Fragment: 1, Until: 100, Body: []byte("sealed")}
	session := store.Ticket{Kind: "session", Hash: given.Hash(1), Fragment: 1, Until: 200}
	other := store.Ticket{Kind: "code", Hash: given.Hash(2), Fragment: 2, Until: 50}
	given.Write(t, d, func(ctx context.Context, w store.Writer) error {
		return w.PutTickets(ctx, []store.Ticket{code, session, other})
	})
	find := func(want store.Ticket) (got store.Ticket, there bool) {
		given.Read(t, d, func(ctx context.Context, r store.Reader) {
			var err error
			if got, err = r.Ticket(ctx, want.Kind, want.Hash); err != nil && !errors.Is(err, store.ErrNotFound) {
				t.Fatal(err)
			}
			there = err == nil
		})
		return got, there
	}
	for _, want := range []store.Ticket{code, session, other} {
		got, _ := find(want)
		given.Equal(t, want.Kind, got, want)
	}
	given.Write(t, d, func(ctx context.Context, w store.Writer) error {
		_, err := w.TryTicket(ctx, "code", given.Hash(9))
		given.Equal(t, "trying nothing", errors.Is(err, store.ErrNotFound), true)
		for n := range int64(3) {
			got, err := w.TryTicket(ctx, "code", code.Hash)
			given.Must(t, err)
			given.Equal(t, "tries", got.Tries, n+1)
		}
		return nil
	})
	given.Write(t, d, func(ctx context.Context, w store.Writer) error { return w.PutTickets(ctx, []store.Ticket{code}) })
	got, _ := find(code)
	given.Equal(t, "replaced", got, code)
	given.Write(t, d, func(ctx context.Context, w store.Writer) error {
		first, err := w.DropTicket(ctx, "code", code.Hash)
		given.Must(t, err)
		second, err := w.DropTicket(ctx, "code", code.Hash)
		given.Equal(t, "taken once", []bool{first, second}, []bool{true, false})
		return err
	})
	given.Write(t, d, func(ctx context.Context, w store.Writer) error {
		return w.PutTickets(ctx, []store.Ticket{code})
	})
	given.Write(t, d, func(ctx context.Context, w store.Writer) error {
		given.Must(t, w.DropTicketsOf(ctx, "code", []fact.FragmentID{1, 7}))
		n, err := w.DropTicketsBefore(ctx, 51)
		given.Equal(t, "over", n, 1)
		return err
	})
	for want, there := range map[*store.Ticket]bool{&code: false, &session: true, &other: false} {
		if _, got := find(*want); got != there {
			t.Errorf("%s of %d: %v", want.Kind, want.Fragment, got)
		}
	}
	given.Write(t, d, func(ctx context.Context, w store.Writer) error { return w.Forget(ctx, []fact.FragmentID{1}) })
	if _, there := find(session); there {
		t.Error("a session outlived its person")
	}
}

func testRequests(t *testing.T, open given.Place) {
	_, d := open(t)
	request := func(id, status string, fragment fact.FragmentID, received, due clock.Instant) store.Request {
		return store.Request{ID: id, Right: "access", Status: status, Fragment: fragment, Received: received, Due: due, Body: []byte("{}")}
	}
	a, b, c := request("a", "open", 1, 10, 40), request("b", "open", 1, 20, 30), request("c", "closed", 2, 15, 35)
	given.Write(t, d, func(ctx context.Context, w store.Writer) error { return w.PutRequests(ctx, []store.Request{a, b, c}) })
	c.Closed, c.Status = 50, "refused"
	given.Write(t, d, func(ctx context.Context, w store.Writer) error { return w.PutRequests(ctx, []store.Request{c}) })
	look := func(f func(context.Context, store.Reader) ([]store.Request, error), want ...store.Request) {
		t.Helper()
		given.Read(t, d, func(ctx context.Context, r store.Reader) {
			got, err := f(ctx, r)
			given.Must(t, err)
			given.Equal(t, "requests", got, want)
		})
	}
	all := func(status string, limit int) func(context.Context, store.Reader) ([]store.Request, error) {
		return func(ctx context.Context, r store.Reader) ([]store.Request, error) {
			return r.Requests(ctx, status, limit)
		}
	}
	of := func(ids ...fact.FragmentID) func(context.Context, store.Reader) ([]store.Request, error) {
		return func(ctx context.Context, r store.Reader) ([]store.Request, error) { return r.RequestsOf(ctx, ids) }
	}
	look(all("", 10), b, c, a)
	look(all("open", 10), b, a)
	look(all("open", 1), b)
	look(of(1, 2, 1), b, c, a)
	given.Read(t, d, func(ctx context.Context, r store.Reader) {
		got, err := r.Request(ctx, "c")
		given.Must(t, err)
		given.Equal(t, "one", got, c)
		_, err = r.Request(ctx, "d")
		given.Equal(t, "none", errors.Is(err, store.ErrNotFound), true)
	})
	// The answer outlives the person; whose it was does not.
	given.Write(t, d, func(ctx context.Context, w store.Writer) error { return w.Forget(ctx, []fact.FragmentID{1}) })
	a.Fragment, b.Fragment = 0, 0
	look(all("", 10), b, c, a)
	look(of(1))
	// What was closed long ago goes; what is open stays, and one kind of them.
	for _, but := range []string{"access", "erasure"} {
		n := map[string]int64{"access": 0, "erasure": 1}[but]
		given.Write(t, d, func(ctx context.Context, w store.Writer) error {
			dropped, err := w.DropRequestsBefore(ctx, 50, but)
			given.Must(t, err)
			given.Equal(t, "too young", dropped, 0)
			dropped, err = w.DropRequestsBefore(ctx, 51, but)
			given.Equal(t, "dropped", dropped, n)
			return err
		})
		if n == 1 {
			look(all("", 10), b, a)
		}
	}
}
