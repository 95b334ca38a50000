package app

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/heed-platform/heed/internal/fact"
	"github.com/heed-platform/heed/internal/keep"
	"github.com/heed-platform/heed/internal/keep/gate"
	"github.com/heed-platform/heed/internal/person"
	"github.com/heed-platform/heed/internal/problem"
	"github.com/heed-platform/heed/internal/reach/webhook"
	"github.com/heed-platform/heed/internal/web/api"
)

// feedback is where whoever carries messages says what came back.
func (a *App) feedback() api.Feedback { return api.Feedback{Hear: a.hearFeedback} }

// returned is what came back of one message.
type returned struct {
	Type string `json:"type"` // complaint, bounce
	Data struct {
		Channel string `json:"channel"`           // email, sms
		Address string `json:"address"`           // that was written to
		Passing bool   `json:"passing,omitempty"` // of a bounce: it may work again
	} `json:"data"`
	Timestamp string `json:"timestamp,omitempty"`
}

var errFeedback = problem.New(problem.Invalid, "feedback-unclear",
	"Feedback has a type (complaint or bounce) and data with a channel (email or sms) and the address that was written to.")

// kindFeedback is the tickets' word for what was heard before.
const kindFeedback = "feedback"

// hearFeedback ends the offers on a channel for whoever has an address: because
// they complained, or because it is dead. Only a recipient of the workspace may
// say so, signed with the secret that it checks our payloads with. What nobody
// here has, and what was heard before, is heard in the same way.
func (a *App) hearFeedback(ctx context.Context, id, timestamp, signature string, body []byte) error {
	carrier, err := a.signer(id, timestamp, signature, body)
	if err != nil {
		return err
	}
	said, to, err := readFeedback(body)
	if err != nil {
		return err
	}
	now := a.Clock.Now()
	first, err := a.Keep.Spend(ctx, carrier+" "+id, keep.Ticket{Kind: kindFeedback, Until: now.Add(4 * webhook.Tolerance)})
	if err != nil || !first || said.Data.Passing {
		return err
	}
	// A complaint is the person's word. A dead address is nobody's: offers end
	// until somebody says yes again, and the ledger says why.
	grant := fact.Grant{
		Purpose: marketing, Channel: said.Data.Channel, Status: fact.Withdrawn, Method: "complaint",
		Source: carrier, Said: now, Evidence: "webhook " + id,
	}
	by := "person"
	if said.Type == "bounce" {
		grant.Status, grant.Method, by = fact.Denied, "bounce", "heed"
	}
	_, err = gate.Declare(ctx, a.Keep.Gate, gate.ByIdentifier(to), gate.Statement{By: by, Grants: []fact.Grant{grant}})
	if errors.Is(err, gate.ErrNobody) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("hear feedback: %w", err)
	}
	return nil
}

// signer is the recipient that signed a call.
func (a *App) signer(id, timestamp, signature string, body []byte) (key string, err error) {
	now := a.Clock.Now()
	err = webhook.Verify(id, timestamp, signature, body, now)
	for _, r := range a.World().Workspace.Policy().Recipients {
		secret, serr := a.WebhookSecret(r.Key)
		if serr != nil {
			return "", serr
		}
		if err = webhook.Verify(id, timestamp, signature, body, now, secret); err == nil {
			return r.Key, nil
		}
	}
	return "", err
}

func readFeedback(body []byte) (said returned, to person.Identifier, err error) {
	dec := json.NewDecoder(bytes.NewReader(body))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&said); err != nil {
		return said, to, errFeedback.Because(err)
	}
	ns := map[string]person.Namespace{"email": person.Email, "sms": person.Phone}[said.Data.Channel]
	if said.Type != "complaint" && said.Type != "bounce" || ns == "" || said.Data.Address == "" {
		return said, to, errFeedback
	}
	if said.Timestamp != "" {
		if _, err := time.Parse(time.RFC3339, said.Timestamp); err != nil {
			return said, to, errFeedback.Because(err)
		}
	}
	return said, person.Ident(ns, said.Data.Address), nil
}
