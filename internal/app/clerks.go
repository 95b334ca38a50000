package app

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"slices"
	"time"

	"github.com/heed-platform/heed/internal/keep"
	"github.com/heed-platform/heed/internal/keep/catalog"
	"github.com/heed-platform/heed/internal/person"
	"github.com/heed-platform/heed/internal/policy/define"
	"github.com/heed-platform/heed/internal/problem"
	"github.com/heed-platform/heed/internal/web/page/join"
)

const (
	clerkKind  = "clerk" // tickets: sessions at the till
	clerkShift = 12 * time.Hour
)

var (
	errClerk = problem.New(problem.Unauthenticated, "clerk-unknown", "This page is for colleagues at the till; sign in with your token.")
	errTill  = problem.New(problem.Forbidden, "role-not-allowed", "This role may not do this; ask somebody whose part it is.")
)

// clerks lets colleagues at the till in. A session ends with the shift, and with
// its token.
func (a *App) clerks() join.Staff {
	return join.Staff{
		Enter: a.clerkEnter, Who: a.clerkWho,
		Leave: func(ctx context.Context, secret string) error {
			_, err := a.Keep.Take(ctx, clerkKind, secret, a.Clock.Now())
			if errors.Is(err, keep.ErrNoTicket) {
				return nil
			}
			return err
		},
		Forms: func() []string { return a.World().Forms.At(define.AtClerk) },
	}
}

func (a *App) clerkEnter(ctx context.Context, token string) (string, error) {
	hash := a.Keep.SecretHash("token", token)
	t, ok := a.sources.Load().tokens[hash]
	if !ok {
		return "", errClerk
	}
	if !atTill(t) {
		return "", errTill
	}
	secret := rand.Text()
	err := a.Keep.Issue(ctx, secret, keep.Ticket{Kind: clerkKind, Until: a.Clock.Now().Add(clerkShift), Body: hash[:]})
	if err != nil {
		return "", err
	}
	return secret, a.Keep.Audit(ctx, keep.AuditEntry{What: "clerk.enter", By: t.Role + ":" + t.Name})
}

func atTill(t keep.Token) bool {
	return slices.Contains([]catalog.Role{catalog.Clerk, catalog.Operator, catalog.Admin}, catalog.Role(t.Role))
}

func (a *App) clerkWho(ctx context.Context, secret string) (join.Clerk, error) {
	ticket, err := a.Keep.Show(ctx, clerkKind, secret, a.Clock.Now())
	if err != nil {
		return join.Clerk{}, err
	}
	var hash person.Hash
	copy(hash[:], ticket.Body)
	t, ok := a.sources.Load().tokens[hash]
	if !ok || !atTill(t) {
		return join.Clerk{}, errClerk // the token was taken back meanwhile
	}
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte("heed form"))
	return join.Clerk{Name: t.Name, Form: hex.EncodeToString(mac.Sum(nil)[:16])}, nil
}
