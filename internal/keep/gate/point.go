package gate

import (
	"context"

	"github.com/heed-platform/heed/internal/fact"
	"github.com/heed-platform/heed/internal/keep/internal/store"
	"github.com/heed-platform/heed/internal/person"
)

// PointOf names the contact point that an attribute of the view holds ("email",
// "phone"), for links that must know it again whoever it belongs to by then. It
// is the keyed hash by which identifiers are found, so it says nothing; zero is
// no point, or one that the view does not show.
func PointOf(v View[Contact], attribute string) person.Hash {
	if !v.d.ok() || v.s == nil || attribute == "" {
		return person.Hash{}
	}
	for _, a := range v.s.profile.Attributes {
		address := addressIn(a)
		if a.Name != attribute || address == "" {
			continue
		}
		id, err := v.d.gate.know.Canonical(person.Ident(person.Namespace(attribute), address))
		if err != nil {
			return person.Hash{}
		}
		return v.d.gate.vault.HashOf(id)
	}
	return person.Hash{}
}

// ByPoint is the person that a contact point belongs to now.
func ByPoint(point person.Hash) Subject { return Subject{point: point} }

// findPoint is the fragment of a contact point; ErrNobody where there is none.
func (g *Gate) findPoint(ctx context.Context, point person.Hash) (fact.FragmentID, error) {
	rows, err := g.vault.Identity().Find(ctx, []person.Hash{point})
	if err != nil {
		return 0, err
	}
	if len(rows) == 0 {
		return 0, nobody(store.ErrNotFound)
	}
	return rows[0].ID, nil
}
