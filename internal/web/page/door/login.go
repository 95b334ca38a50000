package door

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"github.com/heed-platform/heed/internal/account/access"
	"github.com/heed-platform/heed/internal/person"
	"github.com/heed-platform/heed/internal/web"
	"github.com/heed-platform/heed/internal/web/page/look"
)

// loginBack is where the brand's sign-in sends people back to.
const loginBack = "/me/login/back"

// loginTime is how long one call to the brand's sign-in may take.
const loginTime = 10 * time.Second

// Trips is what signing in elsewhere asks of account/access. *access.Desk is one.
type Trips interface {
	Depart(ctx context.Context, t access.Trip) (state string, err error)
	Return(ctx context.Context, state string) (access.Trip, error)
	Enter(ctx context.Context, id person.Identifier, language string) (secret string, v access.Visitor, err error)
}

// Login is the brand's own sign-in, by OpenID Connect: the code flow with PKCE.
// Whom its subject names is the person with that user id.
type Login struct {
	Name           string // as people know it
	Issuer, Client string
	Secret         string
	Trips          Trips

	mu       sync.Mutex
	provider *oidc.Provider
}

// discover asks the issuer where everything is, until it has said so once.
func (l *Login) discover(ctx context.Context) (*oidc.Provider, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.provider != nil {
		return l.provider, nil
	}
	// Keys are fetched later with the client of this context, so it must not end
	// with the request.
	p, err := oidc.NewProvider(l.client(context.WithoutCancel(ctx)), l.Issuer)
	if err != nil {
		return nil, fmt.Errorf("ask the issuer: %w", err)
	}
	l.provider = p
	return p, nil
}

// client is ctx with the client that speaks to the issuer.
func (*Login) client(ctx context.Context) context.Context {
	return oidc.ClientContext(ctx, &http.Client{Timeout: loginTime})
}

func (d *Door) oauth(p *oidc.Provider) *oauth2.Config {
	return &oauth2.Config{
		ClientID: d.Login.Client, ClientSecret: d.Login.Secret, Endpoint: p.Endpoint(),
		RedirectURL: d.PublicURL() + loginBack, Scopes: []string{oidc.ScopeOpenID},
	}
}

// login sends somebody to sign in with the brand.
func (d *Door) login(w http.ResponseWriter, r *http.Request) error {
	p, err := d.Login.discover(r.Context())
	if err != nil {
		return d.notLoggedIn(w, r, err)
	}
	trip := access.Trip{Verifier: oauth2.GenerateVerifier(), Nonce: rand.Text(), Browser: rand.Text(), Next: inside(r.URL.Query().Get("next"))}
	state, err := d.Login.Trips.Depart(r.Context(), trip)
	if err != nil {
		return err
	}
	d.keep(w, d.named("heed-login"), trip.Browser)
	http.Redirect(w, r, d.oauth(p).AuthCodeURL(state, oidc.Nonce(trip.Nonce), oauth2.S256ChallengeOption(trip.Verifier)), http.StatusSeeOther)
	return nil
}

// back takes whoever comes back from signing in.
func (d *Door) back(w http.ResponseWriter, r *http.Request) error {
	trip, err := d.Login.Trips.Return(r.Context(), r.URL.Query().Get("state"))
	if err != nil {
		return d.notLoggedIn(w, r, err)
	}
	d.keep(w, d.named("heed-login"), "")
	subject, err := d.subject(r, trip)
	if err != nil {
		return d.notLoggedIn(w, r, err)
	}
	secret, v, err := d.Login.Trips.Enter(r.Context(), person.Ident(person.UserID, subject), d.Look.Words(r).Tag())
	if err != nil {
		return d.notLoggedIn(w, r, err)
	}
	if err := d.letIn(w, r, secret); err != nil {
		return err
	}
	return d.welcome(w, r, v, input{Next: trip.Next})
}

var (
	errBrowser = errors.New("another browser came back than the one that left")
	errToken   = errors.New("the issuer sent no ID token of this sign-in")
)

// subject is who the issuer says has signed in, for the trip that this very
// browser left on.
func (d *Door) subject(r *http.Request, trip access.Trip) (string, error) {
	c, err := r.Cookie(d.named("heed-login"))
	if err != nil || subtle.ConstantTimeCompare([]byte(c.Value), []byte(trip.Browser)) != 1 {
		return "", errBrowser
	}
	p, err := d.Login.discover(r.Context())
	if err != nil {
		return "", err
	}
	ctx := d.Login.client(r.Context())
	token, err := d.oauth(p).Exchange(ctx, r.URL.Query().Get("code"), oauth2.VerifierOption(trip.Verifier))
	if f, ok := errors.AsType[*oauth2.RetrieveError](err); ok {
		return "", fmt.Errorf("the issuer refused its own code: %q", f.ErrorCode) // its body may be about somebody
	}
	if err != nil {
		return "", fmt.Errorf("exchange the issuer's code: %w", err)
	}
	raw, ok := token.Extra("id_token").(string)
	if !ok {
		return "", errToken
	}
	id, err := p.Verifier(&oidc.Config{ClientID: d.Login.Client, Now: func() time.Time { return d.Clock.Now().Time() }}).Verify(ctx, raw)
	if err != nil {
		return "", fmt.Errorf("verify the ID token: %w", err)
	}
	if subtle.ConstantTimeCompare([]byte(id.Nonce), []byte(trip.Nonce)) != 1 || id.Subject == "" {
		return "", errToken
	}
	return id.Subject, nil
}

// notLoggedIn offers a code instead, whatever went wrong.
func (d *Door) notLoggedIn(w http.ResponseWriter, r *http.Request, err error) error {
	web.Log(r).WarnContext(r.Context(), "somebody could not sign in with the brand", slog.String("request", web.ID(r)), slog.Any("cause", err))
	if look.JSON(r) {
		return access.ErrNobody.Because(err)
	}
	return d.askPage(w, r, http.StatusUnauthorized, input{}, d.Look.Words(r).T("door.login_failed"))
}
