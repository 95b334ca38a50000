package access

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	mathrand "math/rand/v2"
	"strings"
	"time"

	"github.com/heed-platform/heed/internal/clock"
	"github.com/heed-platform/heed/internal/keep"
	"github.com/heed-platform/heed/internal/keep/gate"
	"github.com/heed-platform/heed/internal/person"
	"github.com/heed-platform/heed/internal/problem"
)

// What a code may do. Eight digits, five tries and ten codes a day leave whoever
// guesses at one address one chance in two million a day.
const (
	digits    = 8
	CodeLife  = 10 * time.Minute
	codeTries = 5
	perHour   = 5  // codes for one address
	perDay    = 10 // codes for one address
)

// The tickets' words.
const (
	kindCode  = "code"  // by the try: what was sent
	kindKnown = "known" // by the try: whom it was sent to
	kindAsked = "asked" // by the address and the hour or day: how often
)

var (
	// ErrAddress answers what can be neither an email address nor a number.
	ErrAddress = problem.New(problem.Invalid, "address-unclear", "This is no email address and no telephone number with its country code; write it once more.")
	// ErrAsked answers an address for which too many codes were asked for, whether
	// it is known or not.
	ErrAsked = problem.New(problem.TooMany, "codes-too-many", "Several codes were asked for with this address; wait an hour and ask again.")
	// ErrCode answers a code that does not fit while there are tries left.
	ErrCode = problem.New(problem.Invalid, "code-wrong", "This is not the code that was sent last; look once more.")
	// ErrWorn answers everything else that opens nothing: tried too often, too
	// late, used before, never given.
	ErrWorn = problem.New(problem.Gone, "code-worn", "This code opens nothing any more; ask for a new one.")
)

// code is what a ticket remembers of one.
type code struct {
	Code     string `json:"code"`
	Language string `json:"language"`
}

// Ask begins a try to get in and sends a code to the address, if it is a
// verified contact point of anybody; the try is what Give takes back. Whether it
// is, is looked up while nobody waits: what happens before Ask returns is the
// same for every address. The problems are address-unclear and codes-too-many.
func (d *Desk) Ask(ctx context.Context, address, language string) (try string, err error) {
	d.counts.Asked.Add(1)
	to, err := d.point(address)
	if err != nil {
		return "", err
	}
	now := d.Clock.Now()
	if err := d.often(ctx, to, now); err != nil {
		return "", err
	}
	n, err := rand.Int(rand.Reader, big.NewInt(100_000_000))
	if err != nil {
		return "", fmt.Errorf("make code: %w", err)
	}
	c := code{Code: fmt.Sprintf("%0*d", digits, n), Language: language}
	body, err := json.Marshal(c)
	if err != nil {
		return "", fmt.Errorf("write code: %w", err)
	}
	try = rand.Text()
	until := now.Add(CodeLife)
	if err := d.Keep.Issue(ctx, try, keep.Ticket{Kind: kindCode, Until: until, Body: body}); err != nil {
		return "", err
	}
	d.Later(func(ctx context.Context) error { return d.hand(ctx, try, to, c, until) })
	return try, nil
}

// point reads what somebody typed: an address if there is an at sign in it, else
// a number.
func (d *Desk) point(typed string) (person.Identifier, error) {
	ns := person.Phone
	if strings.Contains(typed, "@") {
		ns = person.Email
	}
	to, err := d.Canonical(person.Ident(ns, strings.TrimSpace(typed)))
	if err != nil {
		return person.Identifier{}, ErrAddress.Because(err)
	}
	return to, nil
}

// often counts the codes for one address, known or not.
func (d *Desk) often(ctx context.Context, to person.Identifier, now clock.Instant) error {
	for _, limit := range []struct {
		per  time.Duration
		most int64
	}{{time.Hour, perHour}, {24 * time.Hour, perDay}} {
		name := fmt.Sprintf("%s %s %s", limit.per, to.NS, to.Value.Reveal())
		n, err := d.Keep.Count(ctx, name, keep.Ticket{Kind: kindAsked, Until: now.Add(limit.per)}, now)
		if err != nil {
			return err
		}
		if n > limit.most {
			d.counts.Slowed.Add(1)
			return ErrAsked
		}
	}
	return nil
}

// hand looks up whose address it is and sends the code there.
func (d *Desk) hand(ctx context.Context, try string, to person.Identifier, c code, until clock.Instant) error {
	pass, who, err := d.who(ctx, gate.ByIdentifier(to))
	if errors.Is(err, gate.ErrNobody) {
		return nil
	}
	if err != nil {
		return err
	}
	for _, p := range who.Points {
		if p.NS != to.NS || !p.Value.Equal(to.Value) {
			continue
		}
		if err := d.Keep.Issue(ctx, try, keep.Ticket{Kind: kindKnown, Fragment: p.Fragment, Until: until}); err != nil {
			return err
		}
		channel := channelOf(p.NS)
		return d.send(ctx, pass, p, d.Code(channel, c.Language, c.Code))
	}
	return nil
}

// Give takes the code of a try and opens a session with Full scope. The try is
// counted, durably, before the code is looked at. The problems are code-wrong
// and code-worn.
func (d *Desk) Give(ctx context.Context, try, given string) (secret string, v Visitor, err error) {
	now := d.Clock.Now()
	t, err := d.try(ctx, kindCode, try, now)
	if err != nil {
		return "", Visitor{}, d.worn(err)
	}
	if t.Tries > codeTries {
		return "", Visitor{}, d.worn(keep.ErrNoTicket)
	}
	var c code
	if err := json.Unmarshal(t.Body, &c); err != nil {
		return "", Visitor{}, fmt.Errorf("read code: %w", err)
	}
	if subtle.ConstantTimeCompare([]byte(typed(given)), []byte(c.Code)) != 1 {
		d.counts.Wrong.Add(1)
		if t.Tries == codeTries {
			return "", Visitor{}, d.worn(keep.ErrNoTicket)
		}
		return "", Visitor{}, ErrCode
	}
	known, err := d.Keep.Take(ctx, kindKnown, try, now)
	if err != nil {
		return "", Visitor{}, d.worn(err)
	}
	return d.enter(ctx, known.Fragment, c.Language)
}

// worn makes one answer of everything that a code can no longer do.
func (d *Desk) worn(err error) error {
	if errors.Is(err, keep.ErrNoTicket) || errors.Is(err, gate.ErrNobody) {
		d.counts.Worn.Add(1)
		return ErrWorn.Because(err)
	}
	return err
}

// typed is a code without what people put between its digits.
func typed(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case '0' <= r && r <= '9':
			return r
		case '٠' <= r && r <= '٩': // Arabic keyboards
			return '0' + r - '٠'
		case '۰' <= r && r <= '۹':
			return '0' + r - '۰'
		case strings.ContainsRune(" -\u00a0\u202f\u200e\u200f\t", r):
			return -1
		}
		return 'x'
	}, s)
}

// random is a time from none to most.
func random(most time.Duration) time.Duration {
	return time.Duration(mathrand.Int64N(int64(most))) //nolint:gosec // spreads errands, keeps no secret
}
