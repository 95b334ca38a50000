package gate

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/heed-platform/heed/internal/clock"
	"github.com/heed-platform/heed/internal/fact"
	"github.com/heed-platform/heed/internal/person"
	"github.com/heed-platform/heed/internal/policy"
)

// passLife is how long a Pass may be used after it was given, and how far the
// clock may have gone back since.
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
	// exit is whether something may still leave on this pass: once. Nil is a
	// decision that is only for looking.
	exit *atomic.Bool
}

// ok reports whether the pass was really given by a gate and still holds.
func (d *decision) ok() bool {
	if d == nil || d.gate == nil || d.rules == nil || d.held == nil {
		return false
	}
	given, now := d.question.Now, d.gate.clock.Now()
	return given.Add(-passLife) <= now && now <= given.Add(passLife)
}

// takeExit uses the one exit of a pass up.
func (d *decision) takeExit() bool {
	return d.ok() && d.exit != nil && d.exit.CompareAndSwap(true, false)
}

// What the gate says by itself, before any rule of the workspace.
var (
	errVoid     = &Denied{Ruling: policy.Ruling{Code: "pass_void", Marketer: "The pass was empty, was used before or had run out."}}
	errNoRules  = &Denied{Ruling: policy.Ruling{Code: "no_rules", Marketer: "No workspace is applied yet, so nothing may be used."}}
	errNoReason = &Denied{Ruling: policy.Ruling{Code: "no_reason", Marketer: "Looking at people needs a name, a role and a reason."}}
	errCrowd    = &Denied{Ruling: policy.Ruling{
		Code:     "too_much_evidence",
		Marketer: "More identifiers hang together here than heed looks at for one person, so nobody can tell who it is; block the identifier that many people share.",
		Person:   "So many people use one of your identifiers that we cannot tell which data are yours, so we use none of them.",
	}}
)

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
	d := g.decide(kindOf[U](), h, a, g.clock.Now())
	if ruling := d.ruling(); ruling.Verdict != policy.Allow {
		return Pass[U]{}, &Denied{Ruling: ruling}
	}
	d.exit = new(atomic.Bool)
	d.exit.Store(true)
	return Pass[U]{d: d}, nil
}

// decide lays one question about one person before the rules of now.
func (g *Gate) decide(use policy.Use, h *held, a Asking, now clock.Instant) *decision {
	d := &decision{gate: g, asking: a, question: a.question(use, now), rules: g.Rules(), held: h}
	if d.rules != nil {
		d.standing = standingOf(d.rules, h.profile, now)
	}
	return d
}

// ruling is the answer on the person.
func (d *decision) ruling() policy.Ruling {
	use := d.question.Use
	switch {
	case d.rules == nil:
		return errNoRules.Ruling
	case use == policy.Operate && (d.asking.By == "" || d.asking.Role == "" || d.asking.Why == ""):
		return errNoReason.Ruling
	case d.held.crowd && use != policy.Operate && use != policy.Honor:
		return errCrowd.Ruling
	}
	return d.rules.Person(d.question, d.standing)
}

// Consider is Ask and See over a profile that the line holds in the middle of
// its transaction. When the answer is no, it comes as *Denied together with a
// view that withholds everything there is. Nothing can leave on either. Only the
// line may call it (arch_test.go).
func Consider[U Personalize | Contact | Share](g *Gate, p *fact.Profile, a Asking) (View[U], error) {
	d := g.decide(kindOf[U](), &held{profile: aged(g.Rules(), p)}, a, g.clock.Now())
	if d.rules == nil {
		return View[U]{}, errNoRules
	}
	v := View[U]{d: d, s: look(d)}
	if ruling := d.ruling(); ruling.Verdict != policy.Allow {
		return v, &Denied{Ruling: ruling}
	}
	return v, nil
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
		return Hidden(errVoid.Ruling.Code)
	}
	return fact.Sight{Profile: v.s.profile, Withheld: v.s.codes}
}

// roots are the beginnings of all field paths.
var roots = []string{"traits", "events", "purchases", "spend", "memberships", "identifiers"}

// Hidden is a sight in which everything is withheld for one reason. An empty
// profile alone would say that nothing was ever given, which is another thing.
func Hidden(code string) fact.Sight {
	s := fact.Sight{Profile: &fact.Profile{Full: true}, Withheld: make(map[string]string, len(roots))}
	for _, root := range roots {
		s.Withheld[root] = code
	}
	return s
}

// Withheld gives the ruling for each field path that the view does not show.
func (v View[U]) Withheld() map[string]policy.Ruling {
	if !v.d.ok() || v.s == nil {
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
