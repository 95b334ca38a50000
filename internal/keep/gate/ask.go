package gate

import (
	"context"
	"time"

	"github.com/heed-platform/heed/internal/clock"
	"github.com/heed-platform/heed/internal/fact"
	"github.com/heed-platform/heed/internal/person"
	"github.com/heed-platform/heed/internal/policy"
)

// passLife is how long a Pass may be used after it was given.
const passLife = time.Minute

// Asking is the question: about whom, for what, through which channel, to whom.
// By, Role and Why say who asks; Operate needs all three.
type Asking struct {
	Subject   Subject
	Purpose   string
	Channel   string
	Topic     string
	Recipient string
	By        string
	Role      string
	Why       string
}

func (a Asking) question(use policy.Use, now clock.Instant) policy.Question {
	return policy.Question{
		Use: use, Purpose: a.Purpose, Channel: a.Channel, Topic: a.Topic, Recipient: a.Recipient, Now: now,
	}
}

// decision is what a Pass stands for.
type decision struct {
	gate     *Gate
	asking   Asking
	question policy.Question
	rules    *policy.Rules
	standing policy.Standing
	held     *held
	expires  clock.Instant
}

// ok reports whether the pass was really given by a gate and still holds.
func (d *decision) ok() bool {
	return d != nil && d.gate != nil && d.rules != nil && d.held != nil && d.gate.clock.Now() <= d.expires
}

var errVoid = &Denied{Ruling: policy.Ruling{Code: "pass_void", Marketer: "The pass was empty or had run out."}}

// Ask asks for one use of one person's data. The answer is a Pass, a *Denied
// with the ruling, ErrNobody, or a failure, which is a no as well.
func Ask[U Use](ctx context.Context, g *Gate, a Asking) (Pass[U], error) {
	id, err := g.find(ctx, a.Subject)
	if err != nil {
		return Pass[U]{}, err
	}
	h, err := g.open(ctx, id)
	if err != nil {
		return Pass[U]{}, err
	}
	return rule[U](g, h, a)
}

func rule[U Use](g *Gate, h *held, a Asking) (Pass[U], error) {
	now := g.clock.Now()
	d := &decision{
		gate: g, asking: a, question: a.question(kindOf[U](), now), rules: g.Rules(),
		held: h, expires: now.Add(passLife),
	}
	if d.rules == nil {
		return Pass[U]{}, &Denied{Ruling: policy.Ruling{Code: "no_rules", Marketer: "No workspace is applied yet, so nothing may be used."}}
	}
	if d.question.Use == policy.Operate && (a.By == "" || a.Role == "" || a.Why == "") {
		return Pass[U]{}, &Denied{Ruling: policy.Ruling{Code: "no_reason", Marketer: "Looking at a person needs a name, a role and a reason."}}
	}
	d.standing = standingOf(d.rules, h.profile)
	if ruling := d.rules.Person(d.question, d.standing); ruling.Verdict != policy.Allow {
		return Pass[U]{}, &Denied{Ruling: ruling}
	}
	return Pass[U]{d: d}, nil
}

// Consider is Ask and See over a profile that the line holds in the middle of
// its transaction. Only the line may call it (arch_test.go).
func Consider[U Personalize | Contact](g *Gate, p *fact.Profile, a Asking) (View[U], error) {
	pass, err := rule[U](g, &held{profile: p}, a)
	if err != nil {
		return View[U]{}, err
	}
	return View[U]{d: pass.d, s: look(pass.d)}, nil
}

// See opens what the pass allows.
func See[U Personalize | Contact | Share](p Pass[U]) (View[U], error) {
	if !p.d.ok() {
		return View[U]{}, errVoid
	}
	return View[U]{d: p.d, s: look(p.d)}, nil
}

// Ref is whom the view shows.
func (v View[U]) Ref() person.Ref {
	if !v.d.ok() {
		return person.Ref{}
	}
	return v.d.held.profile.Ref
}

// Sight is everything the view shows: the permitted part of the profile and the
// paths of what is withheld.
func (v View[U]) Sight() fact.Sight {
	if !v.d.ok() || v.s == nil {
		return fact.Sight{Profile: &fact.Profile{}}
	}
	return fact.Sight{Profile: v.s.profile, Withheld: v.s.codes}
}

// Withheld gives the ruling for each field path that the view does not show.
func (v View[U]) Withheld() map[string]policy.Ruling {
	if v.s == nil {
		return nil
	}
	return v.s.rulings()
}

// Trait is one attribute's value, as JSON text; false when it is withheld or
// was never given.
func (v View[U]) Trait(name string) (person.Secret, bool) {
	if !v.d.ok() || v.s == nil {
		return person.Secret{}, false
	}
	for _, a := range v.s.profile.Attributes {
		if a.Name == name {
			return a.Value, true
		}
	}
	return person.Secret{}, false
}
