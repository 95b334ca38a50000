package gate

import (
	"context"

	"github.com/heed-platform/heed/internal/policy"
)

// Each asks one use of one person after another and hands out what it may see,
// for dry runs and previews. The view of somebody for whom the answer is no
// shows that everything is withheld; nothing can leave on any of them. One audit
// entry says that everybody was asked about.
func Each[U Personalize | Contact | Share](ctx context.Context, g *Gate, a Asking, f func(View[U], policy.Ruling) error) error {
	if g.Rules() == nil {
		return errNoRules
	}
	if err := g.auditMany(ctx, a, "each by each"); err != nil {
		return err
	}
	return g.everyone(ctx, func(h *held) error {
		d := g.decide(kindOf[U](), h, a, g.clock.Now())
		return f(View[U]{d: d, s: look(d)}, d.ruling())
	})
}
