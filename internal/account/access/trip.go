package access

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"time"

	"github.com/heed-platform/heed/internal/keep"
)

// kindTrip is the tickets' word for those who went to sign in elsewhere.
const kindTrip = "trip"

// tripLife is how long signing in elsewhere may take.
const tripLife = 10 * time.Minute

// Trip is what must be known again when somebody comes back from signing in with
// the brand (OpenID Connect).
type Trip struct {
	Verifier string `json:"verifier"` // of PKCE
	Nonce    string `json:"nonce"`
	Browser  string `json:"browser"` // a secret that only the browser that left has
	Next     string `json:"next"`
}

// Depart keeps a trip and returns the state by which it is found again.
func (d *Desk) Depart(ctx context.Context, t Trip) (state string, err error) {
	body, err := json.Marshal(t)
	if err != nil {
		return "", fmt.Errorf("write trip: %w", err)
	}
	state = rand.Text()
	return state, d.Keep.Issue(ctx, state, keep.Ticket{Kind: kindTrip, Until: d.Clock.Now().Add(tripLife), Body: body})
}

// Return takes a trip back, once; the problem is session-unknown.
func (d *Desk) Return(ctx context.Context, state string) (t Trip, err error) {
	ticket, err := d.Keep.Take(ctx, kindTrip, state, d.Clock.Now())
	if err != nil {
		return Trip{}, unknown(err)
	}
	if err := json.Unmarshal(ticket.Body, &t); err != nil {
		return Trip{}, fmt.Errorf("read trip: %w", err)
	}
	return t, nil
}
