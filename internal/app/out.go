package app

import (
	"context"
	"errors"
	"net/http"

	"github.com/heed-platform/heed/internal/fact"
	"github.com/heed-platform/heed/internal/keep/gate"
	"github.com/heed-platform/heed/internal/person"
	"github.com/heed-platform/heed/internal/policy/define"
	"github.com/heed-platform/heed/internal/reach/delivery"
	"github.com/heed-platform/heed/internal/web"
	"github.com/heed-platform/heed/internal/web/page"
)

// marketing is the family of all offers.
const marketing = "marketing"

// Open reads a link to stop; it asks no database.
func (l links) Open(token string) (page.Link, bool) {
	u, err := l.Links().ReadUnsubscribe(token)
	if err != nil {
		return page.Link{}, false
	}
	rules := l.World().Rules
	out := page.Link{What: u.Purpose, Topic: u.Topic != "", Channel: u.Channel, Who: u.Ref.String(), Language: rules.Brand().Language}
	if p, ok := rules.Purpose(u.Purpose); ok {
		out.What = p.Label
	}
	if t, ok := rules.Topic(u.Topic); ok {
		out.What = t.Label
	}
	return out, true
}

// Stop withdraws what the link stands for, or more. Whoever holds the link may
// lower what is allowed and nothing else. It holds for the person that the
// message was about, and for the contact point it went to, whomever that belongs
// to by now.
func (l links) Stop(ctx context.Context, token string, s page.Stop) error {
	u, err := l.Links().ReadUnsubscribe(token)
	if err != nil {
		return err
	}
	said := []fact.Grant{{Purpose: u.Purpose, Channel: u.Channel, Topic: u.Topic}}
	switch s {
	case page.StopOwn:
	case page.StopChannel:
		said = append(wider(u), fact.Grant{Purpose: marketing, Channel: u.Channel})
	case page.StopAll:
		said = append(wider(u), fact.Grant{Purpose: marketing})
	}
	return l.withdraw(ctx, u.Point, gate.ByRef(u.Ref), said, fact.Grant{Method: "unsubscribe", Source: "link"})
}

// wider is the link's own purpose without its topic, where that is no offer and
// so does not end with them.
func wider(u delivery.Unsubscribe) []fact.Grant {
	if define.Within(u.Purpose, marketing) {
		return nil
	}
	return []fact.Grant{{Purpose: u.Purpose, Channel: u.Channel}}
}

// withdraw enters that a contact point's holder wants no more of something: with
// whoever has the point now, and with whoever else was meant. Nobody is done.
func (a *App) withdraw(ctx context.Context, point person.Hash, who gate.Subject, said []fact.Grant, how fact.Grant) error {
	now := a.Clock.Now()
	for i := range said {
		said[i].Status, said[i].Said = fact.Withdrawn, now
		said[i].Method, said[i].Source, said[i].Evidence = how.Method, how.Source, how.Evidence
	}
	there, err := a.owner(ctx, gate.ByPoint(point))
	if err != nil {
		return err
	}
	meant, err := a.owner(ctx, who)
	if err != nil {
		return err
	}
	subjects := map[person.Ref]bool{there: true, meant: true}
	for ref := range subjects {
		if ref.IsZero() {
			continue
		}
		_, err := gate.Declare(ctx, a.Keep.Gate, gate.ByRef(ref), gate.Statement{By: "person", Grants: said})
		if err != nil && !errors.Is(err, gate.ErrNobody) {
			return err
		}
	}
	return nil
}

// owner is who somebody is now; the zero Ref is nobody.
func (a *App) owner(ctx context.Context, s gate.Subject) (person.Ref, error) {
	pass, err := gate.Ask[gate.Honor](ctx, a.Keep.Gate, gate.Asking{
		Subject: s, Purpose: "essential.legal_obligation", By: "link", Role: "person", Why: "wants no more of something",
	})
	if errors.Is(err, gate.ErrNobody) {
		return person.Ref{}, nil
	}
	if err != nil {
		return person.Ref{}, err
	}
	known, err := gate.Who(pass)
	return known.Ref, err
}

// looked notes that somebody looked at a link of a message.
func (a *App) looked(r *http.Request, who, token string) {
	a.doorway().bursts.Looked(web.Address(r), who, token, a.Clock.Now())
}
