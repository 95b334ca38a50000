package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"

	"github.com/heed-platform/heed/internal/fact"
	"github.com/heed-platform/heed/internal/keep/gate"
	"github.com/heed-platform/heed/internal/person"
	"github.com/heed-platform/heed/internal/reach/delivery"
	"github.com/heed-platform/heed/internal/reach/sms"
	"github.com/heed-platform/heed/internal/web/api"
)

// texts is where the text gateway calls; nothing answers without a gateway.
func (a *App) texts() api.SMS {
	if a.Config.SMS.URL == "" {
		return api.SMS{}
	}
	return api.SMS{Answer: a.hearText, PublicURL: a.PublicURL}
}

// reportURL is where the gateway tells what became of a text.
func (a *App) reportURL(l delivery.Label) string {
	return a.PublicURL() + "/webhooks/sms?receipt=" + l.Receipt
}

// hearText does what a call of the gateway asks for and returns what the gateway
// answers the person. A number that nobody here has gets the same answer.
func (a *App) hearText(ctx context.Context, t api.Text) ([]byte, error) {
	h := sms.Inbound(a.Config.SMS.Token.Text(), t.URL, t.Form, t.Signature)
	brand := a.World().Rules.Brand()
	answer := ""
	switch h.What {
	case sms.Withdraw:
		if err := a.withdrawTexts(ctx, h); err != nil {
			return nil, err
		}
		answer = brand.Name + ": done, you get no more offers by text."
	case sms.Help:
		answer = fmt.Sprintf("%s: we text you about your orders and, if you said yes to them, with offers. STOP ends the offers. Write to us: %s", brand.Name, brand.Email)
	case sms.Report:
		return sms.Reply(""), a.hearReport(ctx, t.URL, h)
	case sms.Nothing:
	}
	if h.Answered || !h.Signed {
		answer = ""
	}
	return sms.Reply(answer), nil
}

// withdrawTexts takes back every yes to marketing by text of whoever has the
// number.
func (a *App) withdrawTexts(ctx context.Context, h sms.Heard) error {
	evidence := "text " + h.Text
	if !h.Signed {
		evidence += ", the gateway's signature does not hold"
		a.Log.WarnContext(ctx, "a STOP came without the gateway's signature and counts all the same", slog.String("text", h.Text))
	}
	_, err := gate.Declare(ctx, a.Keep.Gate, gate.ByIdentifier(person.Identifier{NS: person.Phone, Value: h.From}), gate.Statement{
		By: "person",
		Grants: []fact.Grant{{
			Purpose: "marketing", Channel: "sms", Status: fact.Withdrawn, Method: "stop_reply", Source: "sms",
			Said: a.Clock.Now(), Evidence: evidence,
		}},
	})
	if errors.Is(err, gate.ErrNobody) {
		return nil
	}
	return err
}

// hearReport keeps what became of a text, when that is news.
func (a *App) hearReport(ctx context.Context, address string, h sms.Heard) error {
	u, err := url.Parse(address)
	if err != nil {
		return delivery.ErrLink
	}
	r, err := a.Links().ReadReceipt(u.Query().Get("receipt"))
	if err != nil {
		return err
	}
	trace, err := a.Keep.Gate.Pending(ctx, gate.ByRef(r.Ref), r.Decision)
	if errors.Is(err, gate.ErrNobody) {
		return nil // erased meanwhile
	}
	if err != nil || trace.Disclosure == "" {
		return err
	}
	o := fact.Outcome{Disclosure: trace.Disclosure, Status: "sent"}
	switch h.Status {
	case "failed", "undelivered":
		o.Status, o.Code = "bounced", "sms_"+h.Code
	case "delivered":
	default:
		return nil // on its way
	}
	if o.Status == trace.Status || trace.Status == "bounced" {
		return nil
	}
	return a.Keep.Gate.Settle(ctx, gate.ByRef(r.Ref), o)
}
