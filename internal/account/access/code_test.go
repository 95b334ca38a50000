package access

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/heed-platform/heed/internal/account/housetest"
	"github.com/heed-platform/heed/internal/account/ledger"
	"github.com/heed-platform/heed/internal/clock"
	"github.com/heed-platform/heed/internal/keep"
	"github.com/heed-platform/heed/internal/person"
)

func TestAsk_reachesEveryVerifiedPoint(t *testing.T) {
	t.Parallel()
	on(t, func(t *testing.T, h *house) {
		for address, channel := range map[string]string{"ADA@example.com ": "email", "0151 12345678": "sms"} {
			try, err := h.desk.Ask(t.Context(), address, "de")
			if err != nil {
				t.Fatal(err)
			}
			got := h.messages()
			if len(got) != 1 || got[0].Channel != channel || !strings.HasPrefix(got[0].Text.Reveal(), channel+" de code ") {
				t.Fatalf("%s: %d messages", channel, len(got))
			}
			_, v, err := h.desk.Give(t.Context(), try, eight.FindString(got[0].Text.Reveal()))
			if err != nil || v.Scope != Full || v.Ref != h.ref(ada) || v.Began != h.Clock.Now() {
				t.Errorf("%s: %+v, %v", channel, v, err)
			}
			h.messages()
		}
		book, err := ledger.Read(h.Inspect(ada))
		if err != nil {
			t.Fatal(err)
		}
		// Two codes, and word of each entry to the other point.
		if len(book.Disclosures) != 4 {
			t.Fatalf("%d disclosures", len(book.Disclosures))
		}
		for _, d := range book.Disclosures {
			if d.Class != "service" || d.Purpose != purpose || len(d.Fields) != 1 || d.Recipient == "" || d.Country != "DE" {
				t.Errorf("%+v", d)
			}
		}
	})
}

// Whoever asks cannot tell whether an address is known: what happens until they
// have their answer writes the same and looks nobody up.
func TestAsk_isTheSameForStrangers(t *testing.T) {
	t.Parallel()
	on(t, func(t *testing.T, h *house) {
		h.Hears("web", housetest.Event{"type": "identify", "anonymousId": "kiosk", "traits": map[string]any{"email": "typed@example.com"}})
		before := len(h.Inspect(ada).History())
		all := map[string]bool{"ada@example.com": true, "stranger@example.com": false, "typed@example.com": false, "+4915199999999": false}
		for address := range all {
			if _, err := h.desk.Ask(t.Context(), address, "en"); err != nil {
				t.Errorf("%v", err)
			}
		}
		if n := len(h.Inspect(ada).History()); n != before+1 || h.box.Len() != 0 { // the looking itself
			t.Errorf("%d facts came, %d messages left before anybody waited", n-before-1, h.box.Len())
		}
		got := h.messages()
		if len(got) != 1 || !strings.EqualFold(got[0].To.Reveal(), "ada@example.com") {
			t.Errorf("%d messages", len(got))
		}
		for _, nonsense := range []string{"", "ada", "a@", "12", "@"} {
			if _, err := h.desk.Ask(t.Context(), nonsense, "en"); !errors.Is(err, ErrAddress) {
				t.Errorf("%q: %v", nonsense, err)
			}
		}
	})
}

// The answer takes as long for a stranger. It is measured loosely: a lookup in
// between would show as a multiple.
func TestAsk_takesTheSameTime(t *testing.T) {
	t.Parallel()
	h := &house{House: housetest.New(t, "sqlite", "")}
	h.desk = New(Options{Keep: h.Keep, Canonical: h.Know.Canonical, Clock: h.Clock})
	h.Hears("server", housetest.Event{"type": "identify", "userId": "ada", "traits": map[string]any{"email": "ada@example.com"}})
	took := map[bool][]time.Duration{}
	for n := range 120 {
		known := n%2 == 0
		address := "ada@example.com"
		if !known {
			address = "bob@example.com"
		}
		began := clock.System{}.Now()
		if _, err := h.desk.Ask(t.Context(), address, "en"); err != nil {
			t.Fatal(err)
		}
		took[known] = append(took[known], clock.System{}.Now().Sub(began))
		h.Clock.Advance(25 * time.Hour) // no limit is reached
	}
	for _, list := range took {
		slices.Sort(list)
	}
	known, stranger := took[true][30], took[false][30]
	if ratio := float64(known) / float64(stranger); ratio < 0.4 || ratio > 2.5 {
		t.Errorf("known %v, stranger %v", known, stranger)
	}
}

func TestAsk_limitsEveryAddressAlike(t *testing.T) {
	t.Parallel()
	on(t, func(t *testing.T, h *house) {
		for _, address := range []string{"ada@example.com", "nobody@example.com"} {
			for n := range 30 {
				_, err := h.desk.Ask(t.Context(), address, "en")
				if want := n >= perHour; errors.Is(err, ErrAsked) != want {
					t.Fatalf("%s, asking %d: %v", address, n+1, err)
				}
			}
		}
		for n := range 2 * perHour {
			h.Clock.Advance(time.Hour + time.Second)
			_, err := h.desk.Ask(t.Context(), "ada@example.com", "en")
			if want := n >= perDay-perHour; errors.Is(err, ErrAsked) != want {
				t.Errorf("an hour later, asking %d: %v", n+1, err)
			}
		}
		h.Clock.Advance(24 * time.Hour)
		if _, err := h.desk.Ask(t.Context(), "ada@example.com", "en"); err != nil {
			t.Errorf("the next day: %v", err)
		}
		// However many ask, a day costs no more than it may.
		h.messages()
		h.desk.budgets = map[string]int64{"email": 1, "sms": 1}
		for range 3 {
			if _, err := h.desk.Ask(t.Context(), "+4915112345678", "en"); err != nil {
				t.Fatal(err)
			}
		}
		if got := h.messages(); len(got) != 1 || h.desk.Counts().Spent.Load() != 2 {
			t.Errorf("%d texts left", len(got))
		}
	})
}

func TestGive_opensOnce(t *testing.T) {
	t.Parallel()
	on(t, func(t *testing.T, h *house) {
		try, code := h.ask("ada@example.com")
		spelled := code[:4] + " " + strings.Map(func(r rune) rune { return '٠' + r - '0' }, code[4:])
		if _, v, err := h.desk.Give(t.Context(), try, spelled); err != nil || v.Scope != Full {
			t.Fatalf("%+v, %v", v, err)
		}
		if _, _, err := h.desk.Give(t.Context(), try, code); !errors.Is(err, ErrWorn) {
			t.Errorf("again: %v", err)
		}

		try, code = h.ask("ada@example.com")
		other, _ := h.ask("stranger@example.com")
		if _, _, err := h.desk.Give(t.Context(), other, code); !errors.Is(err, ErrCode) {
			t.Errorf("somebody else's code: %v", err)
		}
		if _, _, err := h.desk.Give(t.Context(), "a try that nobody began", code); !errors.Is(err, ErrWorn) {
			t.Errorf("a made-up try: %v", err)
		}
		h.Clock.Advance(CodeLife + time.Second)
		if _, _, err := h.desk.Give(t.Context(), try, code); !errors.Is(err, ErrWorn) {
			t.Errorf("too late: %v", err)
		}

		try, code = h.ask("ada@example.com")
		for n := range codeTries {
			_, _, err := h.desk.Give(t.Context(), try, wrong(code))
			if want := map[bool]error{true: ErrCode, false: ErrWorn}[n < codeTries-1]; !errors.Is(err, want) {
				t.Errorf("wrong code %d: %v", n+1, err)
			}
		}
		if _, _, err := h.desk.Give(t.Context(), try, code); !errors.Is(err, ErrWorn) {
			t.Errorf("the right one after too many wrong ones: %v", err)
		}
	})
}

func wrong(code string) string { return fmt.Sprintf("%08d", (number(code)+1)%100_000_000) }

func number(code string) (n int) {
	for _, c := range code {
		n = 10*n + int(c-'0')
	}
	return n
}

// Guesses that come all at once are no more than five. The control looks at the
// code before it counts, and is opened.
func TestGive_countsBeforeItLooks(t *testing.T) {
	t.Parallel()
	on(t, func(t *testing.T, h *house) {
		const guesses = 40
		storm := func() (looked int64, opened bool) {
			try, code := h.ask("ada@example.com")
			before := h.desk.Counts().Wrong.Load()
			var all sync.WaitGroup
			var in atomic.Bool
			gate := make(chan struct{})
			for n := range guesses {
				all.Go(func() {
					<-gate
					guess := fmt.Sprintf("%08d", (number(code)+guesses-1-n)%100_000_000) // the last one is right
					if _, _, err := h.desk.Give(context.Background(), try, guess); err == nil {
						in.Store(true)
					}
				})
			}
			close(gate)
			all.Wait()
			return h.desk.Counts().Wrong.Load() - before, in.Load()
		}
		looked, opened := storm()
		if opened {
			looked++
		}
		if looked > codeTries {
			t.Errorf("%d guesses were looked at, %d may be", looked, codeTries)
		}
		h.messages()

		// The control reads what stands there, and counts when it has looked.
		right := h.desk.try
		h.desk.try = func(ctx context.Context, kind, secret string, now clock.Instant) (keep.Ticket, error) {
			return h.Keep.Show(ctx, kind, secret, now)
		}
		if looked, opened = storm(); looked+1 <= codeTries || !opened {
			t.Errorf("the control let %d guesses be looked at and was not opened: this test finds nothing", looked)
		}
		h.desk.try = right
	})
}

func TestEnter_tellsTheOtherPoints(t *testing.T) {
	t.Parallel()
	on(t, func(t *testing.T, h *house) {
		h.enter("ada@example.com")
		got := h.messages()
		if len(got) != 1 || got[0].Channel != "sms" || !strings.Contains(got[0].Text.Reveal(), "sms en entered") {
			t.Errorf("%d messages", len(got))
		}
		if _, v, err := h.desk.Enter(t.Context(), person.Ident(person.UserID, "ada"), "fr"); err != nil || v.Scope != Full {
			t.Errorf("%+v, %v", v, err)
		}
		if got := h.messages(); len(got) != 2 {
			t.Errorf("%d messages after signing in with the brand, want one to each point", len(got))
		}
		if _, _, err := h.desk.Enter(t.Context(), person.Ident(person.UserID, "nobody"), "fr"); !errors.Is(err, ErrNobody) {
			t.Errorf("nobody: %v", err)
		}
	})
}
