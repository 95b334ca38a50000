package gate

import (
	"context"

	"github.com/heed-platform/heed/internal/policy"
)

// Each asks one use of one person after another and hands out what it may see,
// for dry runs and previews. The view of somebody for whom the answer is no
// shows that everything is withheld, and opens no exit. One audit entry says
// that everybody was asked about.
func Each[U Personalize | Contact](ctx context.Context, g *Gate, a Asking, f func(View[U], policy.Ruling) error) error {
	rules := g.Rules()
	if rules == nil {
		return &Denied{Ruling: policy.Ruling{Code: "no_rules", Marketer: "No workspace is applied yet, so nothing may be used."}}
	}
	if err := g.auditMany(ctx, a, "each by each"); err != nil {
		return err
	}
	now := g.clock.Now()
	return g.everyone(ctx, func(h *held) error {
		d := &decision{gate: g, asking: a, question: a.question(kindOf[U](), now), rules: rules, held: h, expires: now.Add(passLife)}
		d.standing = standingOf(rules, h.profile)
		return f(View[U]{d: d, s: look(d)}, rules.Person(d.question, d.standing))
	})
}
