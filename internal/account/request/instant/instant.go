// Package instant answers at once the rights that the law lets be answered at
// once: objecting, opting out of sale and sharing, limiting sensitive data,
// restricting, and objecting to one recipient. What a person says is in force when
// Service returns, those who have their data are told, and the request is on the
// record with what was done. It shows nothing and raises nothing, so it asks for
// no more proof than the visit itself. Start reading at Service.Use.
package instant

import (
	"context"
	"slices"

	"github.com/heed-platform/heed/internal/account/ledger"
	"github.com/heed-platform/heed/internal/account/request"
	"github.com/heed-platform/heed/internal/account/request/tell"
	"github.com/heed-platform/heed/internal/clock"
	"github.com/heed-platform/heed/internal/fact"
	"github.com/heed-platform/heed/internal/keep/gate"
	"github.com/heed-platform/heed/internal/policy"
	"github.com/heed-platform/heed/internal/policy/define"
	"github.com/heed-platform/heed/internal/problem"
)

// Service answers.
type Service struct {
	Gate        *gate.Gate
	Desk        *request.Desk
	Teller      *tell.Teller
	Rules       func() *policy.Rules
	Definitions func() define.Definitions
	Clock       clock.Clock
}

// Wish is what somebody wants.
type Wish struct {
	Right request.Right
	// About narrows an objection: the key of a purpose, or of a recipient after
	// define.ToRecipient. "" is all marketing.
	About    string
	Language string
}

// ErrNotInstant says that somebody has to answer it.
var ErrNotInstant = problem.New(problem.Invalid, "right-not-instant", "This right cannot be answered at once; ask for it on the page of your rights.")

// all are the families of purposes that nobody needs for what was ordered.
var all = []string{"functional", "personalize", "analytics", "marketing", "third_party_sharing", "sales", "train_ai_system"}

// Use puts a wish in force for the person whom asking is about. The answer says
// what was asked and that it is done; a restriction stays open, because somebody
// must look at what an order still needs.
func (s *Service) Use(ctx context.Context, a gate.Asking, level request.Level, w Wish) (request.Request, gate.Receipt, error) {
	pass, err := gate.Ask[gate.Honor](ctx, s.Gate, a)
	if err != nil {
		return request.Request{}, gate.Receipt{}, err
	}
	look := gate.Own
	if a.Role != gate.Themselves {
		look = gate.Release
	}
	d, err := look(ctx, pass)
	if err != nil {
		return request.Request{}, gate.Receipt{}, err
	}
	st, told, err := s.statement(d, w)
	if err != nil {
		return request.Request{}, gate.Receipt{}, err
	}
	by := gate.Themselves
	if a.Role != gate.Themselves {
		by = a.Role + ":" + a.By
	}
	group, _, _ := d.Group()
	q, err := s.Desk.Open(ctx, request.Asked{
		Right: w.Right, Fragment: d.Found(), Members: group.Members, Place: d.Jurisdiction(), Level: level, By: by, About: w.About,
	})
	if err != nil {
		return q, gate.Receipt{}, err
	}
	for i := range st.Grants {
		g := &st.Grants[i]
		g.Status, g.Method, g.Source, g.Said, g.Language, g.Evidence = fact.Objected, "right", "me", s.Clock.Now(), w.Language, q.ID
	}
	st.By = by
	receipt, err := gate.Declare(ctx, s.Gate, a.Subject, st)
	if err != nil {
		return q, receipt, err
	}
	if len(told) > 0 {
		if err := s.Teller.Recipients(ctx, pass, d, q, by, told...); err != nil {
			return q, receipt, err
		}
	}
	if w.Right == request.Restriction {
		q, err = s.Desk.Mark(ctx, q.ID, "stopped", "")
		return q, receipt, err
	}
	q, err = s.Desk.Done(ctx, q.ID, by, "at_once")
	return q, receipt, err
}

// Rectified notes that a person corrected a field of theirs, and tells those who
// received it.
func (s *Service) Rectified(ctx context.Context, a gate.Asking, level request.Level, path string) error {
	pass, err := gate.Ask[gate.Honor](ctx, s.Gate, a)
	if err != nil {
		return err
	}
	d, err := gate.Own(ctx, pass)
	if err != nil {
		return err
	}
	book, err := ledger.Read(d)
	if err != nil {
		return err
	}
	var told []string
	for _, v := range book.Disclosures {
		if slices.Contains(v.Fields, path) && !slices.Contains(told, v.Recipient) {
			told = append(told, v.Recipient)
		}
	}
	group, _, _ := d.Group()
	q, err := s.Desk.Open(ctx, request.Asked{
		Right: request.Rectification, Fragment: d.Found(), Members: group.Members, Place: d.Jurisdiction(), Level: level, By: gate.Themselves, About: path,
	})
	if err != nil {
		return err
	}
	if len(told) > 0 {
		if err := s.Teller.Recipients(ctx, pass, d, q, gate.Themselves, told...); err != nil {
			return err
		}
	}
	_, err = s.Desk.Done(ctx, q.ID, gate.Themselves, "at_once")
	return err
}

// statement is what a wish says, and which recipients have to hear of it.
func (s *Service) statement(d gate.Dossier, w Wish) (st gate.Statement, told []string, err error) {
	var purposes []string
	switch {
	case w.Right == request.Objection && w.About == "":
		purposes = []string{"marketing", "personalize"}
	case w.Right == request.Objection:
		return s.objection(d, w.About)
	case w.Right == request.OptOutOfSale:
		purposes = s.Rules().Stopped(d.Jurisdiction())
	case w.Right == request.Restriction:
		purposes = all
	case w.Right == request.LimitSensitive:
		p := d.Profile().Preference
		p.Muted = s.mute(p.Muted)
		st.Preference = &p
		told, err = s.holders(d, func(v ledger.Receiver) bool { return slices.ContainsFunc(v.Categories, s.Rules().Sensitive) })
		return st, told, err
	default:
		return st, nil, ErrNotInstant
	}
	for _, p := range purposes {
		st.Grants = append(st.Grants, fact.Grant{Purpose: p})
	}
	told, err = s.holders(d, func(v ledger.Receiver) bool {
		return slices.ContainsFunc(v.Purposes, func(p string) bool { return define.WithinAny(p, purposes) })
	})
	return st, told, err
}

// objection is about one purpose, or about what one recipient does beside what
// an order needs.
func (s *Service) objection(d gate.Dossier, about string) (st gate.Statement, told []string, err error) {
	if _, ok := s.Rules().Purpose(about); ok {
		st.Grants = []fact.Grant{{Purpose: about}}
		told, err = s.holders(d, func(v ledger.Receiver) bool { return slices.Contains(v.Purposes, about) })
		return st, told, err
	}
	key := about[min(len(about), len(define.ToRecipient)):]
	if _, ok := s.Rules().Recipient(key); !ok || about != define.ToRecipient+key {
		return st, nil, ErrNotInstant
	}
	for _, family := range all {
		st.Grants = append(st.Grants, fact.Grant{Purpose: family, Topic: about})
	}
	told, err = s.holders(d, func(v ledger.Receiver) bool { return v.Recipient == key })
	return st, told, err
}

func (*Service) holders(d gate.Dossier, is func(ledger.Receiver) bool) ([]string, error) {
	book, err := ledger.Read(d)
	if err != nil {
		return nil, err
	}
	var out []string
	for _, r := range book.Receivers() {
		if is(r) {
			out = append(out, r.Recipient)
		}
	}
	return out, nil
}

// mute adds every topic that is a sensitive matter.
func (s *Service) mute(muted []string) []string {
	out := slices.Clone(muted)
	for _, t := range s.Definitions().Topics {
		if s.Rules().Sensitive(t.Category) && !slices.Contains(out, t.Key) {
			out = append(out, t.Key)
		}
	}
	return out
}

// Objected reports whether the person has objected to a recipient.
func Objected(p *fact.Profile, recipient string) bool {
	return slices.ContainsFunc(p.Grants, func(g fact.Grant) bool {
		return g.Topic == define.ToRecipient+recipient && g.Status != fact.Granted
	})
}

// GuessesOff reports whether the person switched guesses about them off.
func GuessesOff(p *fact.Profile) bool {
	return slices.ContainsFunc(p.Grants, func(g fact.Grant) bool { return g.Topic == define.Guesses && g.Status != fact.Granted })
}

// Guesses is the entry that switches guesses off or on again.
func Guesses(on bool) fact.Grant {
	g := fact.Grant{Purpose: "personalize", Topic: define.Guesses, Status: fact.Objected, Method: "right", Source: "me"}
	if on {
		g.Status = fact.Granted
	}
	return g
}
