package access

import (
	"encoding/base64"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/heed-platform/heed/internal/account/housetest"
	"github.com/heed-platform/heed/internal/person"
	"github.com/heed-platform/heed/internal/reach/delivery"
)

func TestVisitor_endsByItself(t *testing.T) {
	t.Parallel()
	on(t, func(t *testing.T, h *house) {
		h.enter("ada@example.com")
		over := func(what, secret string) {
			t.Helper()
			if _, err := h.desk.Visitor(t.Context(), secret); !errors.Is(err, ErrNobody) {
				t.Errorf("%s: %v", what, err)
			}
		}
		secret, v := h.enter("ada@example.com")
		if len(secret) < 26 || v.Session == "" || v.Form == "" || v.Session == v.Form || strings.Contains(secret, v.Session) {
			t.Errorf("%+v", v)
		}
		h.Clock.Advance(idle + time.Second)
		over("idle", secret)

		secret, v = h.enter("ada@example.com")
		for range 5 {
			h.Clock.Advance(idle - time.Minute)
			got, err := h.desk.Visitor(t.Context(), secret)
			if h.Clock.Now() <= v.Began.Add(longFull) && (err != nil || got != v) {
				t.Errorf("%+v, %v", got, err)
			}
		}
		over("longer than any session", secret)
		over("nothing", "")
		over("made up", strings.Repeat("A", 26))
	})
}

func TestVisitor_endsByHand(t *testing.T) {
	t.Parallel()
	on(t, func(t *testing.T, h *house) {
		first, v := h.enter("ada@example.com")
		second, _ := h.enter("+4915112345678")
		third, _ := h.enter("ada@example.com")
		there := func(secret string) bool { _, err := h.desk.Visitor(t.Context(), secret); return err == nil }
		for range 2 {
			if err := h.desk.End(t.Context(), third); err != nil {
				t.Fatal(err)
			}
		}
		if !there(first) || !there(second) || there(third) {
			t.Error("ending one did not end that one")
		}
		if err := h.desk.EndAll(t.Context(), v); err != nil {
			t.Fatal(err)
		}
		if there(first) || there(second) {
			t.Error("a session is left")
		}
		last, _ := h.enter("ada@example.com")
		h.Erase(ada)
		if there(last) {
			t.Error("a session outlived the person")
		}
	})
}

// links are ways in of every kind, for Ada's address.
func (h *house) link() delivery.Enter {
	h.t.Helper()
	return delivery.Enter{Ref: h.ref(ada), Decision: "d1", Page: "/me/preferences", Until: h.Clock.Now().Add(time.Hour)}
}

func token(url string) string { return url[strings.LastIndexByte(url, '/')+1:] }

func TestExchange_once(t *testing.T) {
	t.Parallel()
	on(t, func(t *testing.T, h *house) {
		one := token(h.desk.Links.Enter(h.link()))
		if _, err := h.desk.Read(one); err != nil {
			t.Fatal(err)
		}
		var in atomic.Int64
		var all sync.WaitGroup
		for range 8 {
			all.Go(func() {
				secret, v, page, err := h.desk.Exchange(t.Context(), one)
				switch {
				case err == nil && v.Scope == Lower && v.Decision == "d1" && page == "/me/preferences" && secret != "":
					in.Add(1)
				case !errors.Is(err, delivery.ErrLink):
					t.Error(err)
				}
			})
		}
		all.Wait()
		if in.Load() != 1 {
			t.Errorf("%d came in by one link", in.Load())
		}
	})
}

// Whatever is wrong with a link, the answer is the same.
func TestExchange_everyOtherLinkIsNone(t *testing.T) {
	t.Parallel()
	on(t, func(t *testing.T, h *house) {
		l, ref := h.desk.Links, h.ref(ada)
		good := token(l.Enter(h.link()))
		late, foreign, gone := h.link(), h.link(), h.link()
		late.Until = h.Clock.Now() - 1
		foreign.Page = "https://elsewhere.example/me/"
		gone.Ref = person.RefOf([16]byte{1})
		others := delivery.NewLinks([32]byte{1}, func() string { return "" })
		bad := map[string]string{
			"nothing": "", "made up": strings.Repeat("A", len(good)), "cut": good[:len(good)-2], "longer": good + "AA",
			"late": token(l.Enter(late)), "leads elsewhere": token(l.Enter(foreign)), "nobody's": token(l.Enter(gone)),
			"of another house": token(others.Enter(h.link())), "huge": strings.Repeat("A", 100_000),
			"an unsubscribe": token(l.Unsubscribe(delivery.Unsubscribe{Ref: ref, Purpose: "marketing", Channel: "email"})),
			"a reason":       token(l.Why(delivery.Why{Ref: ref, Decision: "d1"})),
			"a receipt":      l.Receipt(delivery.Receipt{Ref: ref, Decision: "d1"}),
		}
		raw, err := base64.RawURLEncoding.DecodeString(good)
		if err != nil {
			t.Fatal(err)
		}
		for i := range raw {
			raw[i] ^= 1
			bad["byte "+string(rune('0'+i%10))+" turned, "+good[:i%len(good)]] = base64.RawURLEncoding.EncodeToString(raw)
			raw[i] ^= 1
		}
		for what, token := range bad {
			if _, _, _, err := h.desk.Exchange(t.Context(), token); !errors.Is(err, delivery.ErrLink) {
				t.Errorf("%s: %v", what, err)
			}
		}
		if _, _, _, err := h.desk.Exchange(t.Context(), good); err != nil {
			t.Errorf("the good one: %v", err)
		}
	})
}

// A link to stop lets in again and again, and no further than Lower; the other
// way round a link into the pages stops nothing.
func TestFollow(t *testing.T) {
	t.Parallel()
	on(t, func(t *testing.T, h *house) {
		u := delivery.Unsubscribe{Ref: h.ref(ada), Purpose: "marketing.communications.email", Channel: "email"}
		stop := token(h.desk.Links.Unsubscribe(u))
		for range 3 {
			h.Clock.Advance(400 * 24 * time.Hour)
			if _, v, err := h.desk.Follow(t.Context(), stop); err != nil || v.Scope != Lower || v.Ref != h.ref(ada) {
				t.Errorf("%+v, %v", v, err)
			}
		}
		if _, err := h.desk.Links.ReadUnsubscribe(token(h.desk.Links.Enter(h.link()))); !errors.Is(err, delivery.ErrLink) {
			t.Errorf("a way in is taken for a way out: %v", err)
		}
		// By the point it came to, whoever that belongs to now.
		pass := h.Inspect(ada)
		for _, id := range pass.Profile().Identifiers {
			if id.NS == person.Email && id.Fragment != h.fragment(housetest.Subject(person.Email, "ada@example.com")) {
				t.Error("the address has another fragment")
			}
		}
	})
}
