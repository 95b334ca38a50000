package access

import (
	"context"
	"errors"
	"strings"

	"github.com/heed-platform/heed/internal/fact"
	"github.com/heed-platform/heed/internal/keep"
	"github.com/heed-platform/heed/internal/keep/gate"
	"github.com/heed-platform/heed/internal/person"
	"github.com/heed-platform/heed/internal/reach/delivery"
)

// kindSpent is the tickets' word for links that were used.
const kindSpent = "spent"

// Read reads the link of a message. It asks no database, so looking at a link
// changes nothing and takes as long for one that is not ours. The problem is
// link-unknown, also of one that has run out.
func (d *Desk) Read(token string) (delivery.Enter, error) {
	e, err := d.Links.ReadEnter(token)
	if err != nil {
		return delivery.Enter{}, err
	}
	if e.Until < d.Clock.Now() || !strings.HasPrefix(e.Page, "/me/") {
		return delivery.Enter{}, delivery.ErrLink
	}
	return e, nil
}

// Exchange takes a link in and opens a session with Lower scope, once; page is
// where it leads. Whatever is wrong, the problem is link-unknown.
func (d *Desk) Exchange(ctx context.Context, token string) (secret string, v Visitor, page string, err error) {
	e, err := d.Read(token)
	if err != nil {
		return "", Visitor{}, "", err
	}
	id, err := d.cameBy(ctx, e.Point, e.Ref)
	if err != nil {
		return "", Visitor{}, "", lost(err)
	}
	first, err := d.Keep.Spend(ctx, token, keep.Ticket{Kind: kindSpent, Fragment: id, Until: e.Until})
	if err != nil {
		return "", Visitor{}, "", err
	}
	if !first {
		return "", Visitor{}, "", delivery.ErrLink
	}
	secret, v, err = d.begin(ctx, id, Lower, e.Decision)
	return secret, v, e.Page, lost(err)
}

// Follow opens a session with Lower scope for whoever holds a link to stop. Such
// links never run out and work again and again: the session they open can do no
// more than they can, only more finely. The problem is link-unknown.
func (d *Desk) Follow(ctx context.Context, token string) (secret string, v Visitor, err error) {
	u, err := d.Links.ReadUnsubscribe(token)
	if err != nil {
		return "", Visitor{}, err
	}
	id, err := d.cameBy(ctx, u.Point, u.Ref)
	if err != nil {
		return "", Visitor{}, lost(err)
	}
	secret, v, err = d.begin(ctx, id, Lower, "")
	return secret, v, lost(err)
}

// cameBy is the fragment of the contact point that a message went to, or the
// person's where that is not known.
func (d *Desk) cameBy(ctx context.Context, point person.Hash, ref person.Ref) (fact.FragmentID, error) {
	if point != (person.Hash{}) {
		_, who, err := d.who(ctx, gate.ByPoint(point))
		if !errors.Is(err, gate.ErrNobody) {
			return who.Asked, err
		}
	}
	_, who, err := d.who(ctx, gate.ByRef(ref))
	return who.Asked, err
}

// lost makes one answer of everything that a link cannot open.
func lost(err error) error {
	if errors.Is(err, gate.ErrNobody) || errors.Is(err, ErrNobody) {
		return delivery.ErrLink.Because(err)
	}
	return err
}
