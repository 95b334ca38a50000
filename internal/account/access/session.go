package access

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/heed-platform/heed/internal/clock"
	"github.com/heed-platform/heed/internal/fact"
	"github.com/heed-platform/heed/internal/keep"
	"github.com/heed-platform/heed/internal/keep/gate"
	"github.com/heed-platform/heed/internal/problem"
)

// How long a session lasts.
const (
	idle      = 30 * time.Minute // without a sign of life
	longFull  = 2 * time.Hour    // in all, after a code
	longLower = 12 * time.Hour   // in all, after a link
	touch     = time.Minute      // how exactly the last sign of life is kept
)

// kindSession is the tickets' word for sessions.
const kindSession = "session"

// ErrNobody answers a secret that opens no session: none, another's, or one that
// is over. Nobody learns which.
var ErrNobody = problem.New(problem.Unauthenticated, "session-unknown", "This page opens with a one-time code; ask for one at /me/code.")

// session is what a ticket remembers of one.
type session struct {
	Scope    Scope         `json:"scope"`
	Decision string        `json:"decision,omitempty"`
	Began    clock.Instant `json:"began"`
	End      clock.Instant `json:"end"`
	Seen     clock.Instant `json:"seen"`
}

// begin opens a session for the person whom a fragment belongs to, and returns
// the secret that opens it again.
func (d *Desk) begin(ctx context.Context, id fact.FragmentID, scope Scope, decision string) (secret string, v Visitor, err error) {
	now := d.Clock.Now()
	s := session{Scope: scope, Decision: decision, Began: now, Seen: now, End: now.Add(longLower)}
	if scope == Full {
		s.End = now.Add(longFull)
	}
	who, err := d.whose(ctx, id)
	if err != nil {
		return "", Visitor{}, err
	}
	secret = rand.Text()
	if err := d.put(ctx, secret, id, s); err != nil {
		return "", Visitor{}, err
	}
	err = d.Keep.Audit(ctx, keep.AuditEntry{What: "access." + scope.String(), By: "person", Ref: derive(secret, "session")})
	return secret, visitor(secret, id, who, s), err
}

func (d *Desk) put(ctx context.Context, secret string, id fact.FragmentID, s session) error {
	body, err := json.Marshal(s)
	if err != nil {
		return fmt.Errorf("write session: %w", err)
	}
	until := min(s.End, s.Seen.Add(idle))
	return d.Keep.Issue(ctx, secret, keep.Ticket{Kind: kindSession, Fragment: id, Until: until, Body: body})
}

// Visitor is whose session a secret opens; the problem is session-unknown.
func (d *Desk) Visitor(ctx context.Context, secret string) (Visitor, error) {
	now := d.Clock.Now()
	t, err := d.Keep.Show(ctx, kindSession, secret, now)
	if err != nil {
		return Visitor{}, unknown(err)
	}
	var s session
	if err := json.Unmarshal(t.Body, &s); err != nil {
		return Visitor{}, fmt.Errorf("read session: %w", err)
	}
	who, err := d.whose(ctx, t.Fragment)
	if err != nil {
		return Visitor{}, unknown(err)
	}
	if now.Sub(s.Seen) >= touch {
		s.Seen = now
		if err := d.put(ctx, secret, t.Fragment, s); err != nil {
			return Visitor{}, err
		}
	}
	return visitor(secret, t.Fragment, who, s), nil
}

// unknown makes one answer of everything that means that nobody is there.
func unknown(err error) error {
	if errors.Is(err, keep.ErrNoTicket) || errors.Is(err, gate.ErrNobody) {
		return ErrNobody.Because(err)
	}
	return err
}

func visitor(secret string, id fact.FragmentID, who gate.Known, s session) Visitor {
	return Visitor{
		Ref: who.Ref, Fragment: id, Scope: s.Scope, Decision: s.Decision, Began: s.Began,
		Session: derive(secret, "session"), Form: derive(secret, "form"),
	}
}

// derive makes a word of a secret from which the secret does not follow.
func derive(secret, what string) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte("heed " + what))
	return hex.EncodeToString(mac.Sum(nil)[:16])
}

// End ends a session; ending one that is over is nothing.
func (d *Desk) End(ctx context.Context, secret string) error {
	_, err := d.Keep.Take(ctx, kindSession, secret, d.Clock.Now())
	if errors.Is(err, keep.ErrNoTicket) {
		return nil
	}
	return err
}

// EndAll ends all sessions of the visitor's person, on every device.
func (d *Desk) EndAll(ctx context.Context, v Visitor) error {
	who, err := d.whose(ctx, v.Fragment)
	if err != nil {
		return unknown(err)
	}
	return d.Keep.Revoke(ctx, kindSession, who.Members)
}
