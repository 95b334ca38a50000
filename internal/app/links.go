package app

import (
	"context"
	"strings"

	"github.com/heed-platform/heed/internal/account/ledger"
	"github.com/heed-platform/heed/internal/fact"
	"github.com/heed-platform/heed/internal/keep/gate"
	"github.com/heed-platform/heed/internal/person"
	"github.com/heed-platform/heed/internal/reach/delivery"
	"github.com/heed-platform/heed/internal/web/page"
)

// links are the ways out that messages carry, as the pages need them.
type links struct{ *App }

// Reason reads the decision that a message came from, and what was used for it.
// The link stands for the person who got the message, and shows that one only.
func (l links) Reason(ctx context.Context, token string) (page.Reason, error) {
	why, err := l.Links().ReadWhy(token)
	if err != nil {
		return page.Reason{}, err
	}
	pass, err := gate.Ask[gate.Honor](ctx, l.Keep.Gate, gate.Asking{
		Subject: gate.ByRef(why.Ref), Purpose: "essential.legal_obligation", By: "link", Role: "person", Why: "asked why a message came",
	})
	if err != nil {
		return page.Reason{}, err
	}
	d, err := gate.Release(ctx, pass)
	if err != nil {
		return page.Reason{}, err
	}
	book, err := ledger.Read(d)
	if err != nil {
		return page.Reason{}, err
	}
	for _, decision := range book.Decisions {
		if decision.ID == why.Decision {
			return l.reason(d, book, decision, why.Ref), nil
		}
	}
	return page.Reason{}, delivery.ErrLink
}

func (l links) reason(d gate.Dossier, book ledger.Book, decision fact.Decision, ref person.Ref) page.Reason {
	rules := l.World().Rules
	brand := rules.Brand()
	out := page.Reason{
		Brand: brand.Name, Email: brand.Email, Channel: channelWord(decision.Channel), What: decision.Purpose,
		At: decision.At.Time().Format("2 January 2006"), Moment: momentWords(decision.Moment),
		Stop: l.Links().Unsubscribe(delivery.Unsubscribe{Ref: ref, Purpose: decision.Purpose, Channel: decision.Channel}),
	}
	if p, ok := rules.Purpose(decision.Purpose); ok {
		out.What = p.Label
	}
	for _, sent := range book.Disclosures {
		if sent.Decision != decision.ID {
			continue
		}
		if r, ok := rules.Recipient(sent.Recipient); ok {
			out.Recipient = r.Label
		}
		for _, field := range sent.Fields {
			out.Used = append(out.Used, l.used(d, field))
		}
	}
	return out
}

// used names a field and the promise that it was given under.
func (l links) used(d gate.Dossier, field string) page.Used {
	rules := l.World().Rules
	u := page.Used{What: field}
	if label := rules.Label(field); label != "" {
		u.What = "your " + label
	}
	name, isTrait := strings.CutPrefix(field, "traits.")
	for _, a := range d.Profile().Attributes {
		if isTrait && a.Name == name {
			if n, ok := rules.Notice(a.Notice); ok {
				u.Promise = n.Title
			}
			break
		}
	}
	return u
}

func channelWord(channel string) string {
	if channel == "sms" {
		return "text message"
	}
	return channel
}

// momentWords says a moment so that it fits "because …".
func momentWords(moment string) string {
	kind, name, _ := strings.Cut(moment, ":")
	switch kind {
	case "event":
		return "of something you did or that happened with your order (“" + name + "”)"
	case "audience":
		return "you came to belong to “" + name + "”"
	default:
		return "it was sent to everybody who may get such messages"
	}
}
