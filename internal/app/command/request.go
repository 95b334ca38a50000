package command

import (
	"strings"

	"github.com/heed-platform/heed/internal/account/request"
	"github.com/heed-platform/heed/internal/app"
	"github.com/heed-platform/heed/internal/keep/catalog"
	"github.com/heed-platform/heed/internal/keep/gate"
)

// RequestCmd is the rights that people use.
type RequestCmd struct {
	List   RequestListCmd   `cmd:"" help:"What is asked for, the most urgent first."`
	Show   RequestShowCmd   `cmd:"" help:"One request, every step, and what recipients answered."`
	Open   RequestOpenCmd   `cmd:"" help:"Take in a right that somebody used by telephone, by letter or at the counter."`
	Extend RequestExtendCmd `cmd:"" help:"Take the longer time that the law knows, with a reason."`
	Answer RequestAnswerCmd `cmd:"" help:"Say what became of it: done, refused, proven."`
	Kept   RequestKeptCmd   `cmd:"" help:"What lies apart because a law demands it, one JSON line each."`
}

// machine is whoever sits at the machine.
func machine() catalog.Actor { return catalog.Actor{Role: catalog.Admin, Name: atMachine} }

// RequestListCmd lists.
type RequestListCmd struct {
	Status string `help:"waiting, open, working, done or refused; of recipients untold, told or failed. All without it."`
	Limit  int    `default:"100" help:"At most so many."`
	JSON   bool   `help:"As JSON."`
}

// Run lists requests.
func (c *RequestListCmd) Run(e *Env) error {
	return e.with(func(a *app.App) error {
		all, err := a.Requests().List(e.Ctx, request.Status(c.Status), c.Limit)
		if err != nil {
			return err
		}
		if c.JSON {
			return e.json(append([]request.Request{}, all...))
		}
		for _, q := range all {
			late := ""
			if q.Late(a.Clock.Now()) {
				late = "  LATE"
			}
			e.say("%-38s %-16s %-8s due %s  %s%s", q.ID, q.Right, q.Status, q.Due.Time().Format("2006-01-02"), q.Recipient, late)
		}
		return nil
	})
}

// RequestShowCmd shows one.
type RequestShowCmd struct {
	ID   string `arg:"" help:"Its number."`
	JSON bool   `help:"As JSON."`
}

// Run shows a request.
func (c *RequestShowCmd) Run(e *Env) error {
	return e.with(func(a *app.App) error {
		q, err := a.Request(e.Ctx, c.ID)
		if err != nil {
			return err
		}
		if c.JSON {
			return e.json(q)
		}
		e.say("%s %s: %s, due %s (%s)", q.ID, q.Right, q.Status, q.Due.Time().Format("2 January 2006"), q.Law)
		for _, s := range q.Steps {
			e.say("  %s  %s %s  %s", s.At.Time().Format("2006-01-02 15:04"), s.What, s.Code, s.By)
		}
		for _, k := range q.Kept {
			e.say("  kept apart until %s: %s (%d), %s", k.Until.Time().Format("2006-01-02"), k.Label, k.Count, k.Law)
		}
		for _, p := range q.Recipients {
			e.say("  %s  %s by %s: %s", p.ID, p.Recipient, p.Way, p.Status)
		}
		return nil
	})
}

// RequestOpenCmd takes a right in.
type RequestOpenCmd struct {
	who `embed:""`

	Right   string `arg:"" help:"access, portability, rectification, restriction, objection, opt_out_of_sale, limit_sensitive or erasure."`
	About   string `help:"A field's path or a purpose's key; never a value."`
	Checked bool   `help:"You have checked who it is."`
	JSON    bool   `help:"As JSON."`
}

// Run takes a right in; what can be done at once is done.
func (c *RequestOpenCmd) Run(e *Env) error {
	return e.with(func(a *app.App) error {
		s, err := subjectOf(c.Who)
		if err != nil {
			return err
		}
		q, err := a.OpenRequest(e.Ctx, s, machine(), c.Why, c.Right, c.About, c.Checked)
		if err != nil {
			return refusal(err)
		}
		if c.JSON {
			return e.json(q)
		}
		e.say("%s %s: %s, due %s", q.ID, q.Right, q.Status, q.Due.Time().Format("2 January 2006"))
		return nil
	})
}

// RequestExtendCmd takes more time.
type RequestExtendCmd struct {
	ID     string `arg:"" help:"Its number."`
	Reason string `required:"" help:"complex or many_requests."`
}

// Run extends a request.
func (c *RequestExtendCmd) Run(e *Env) error {
	return e.with(func(a *app.App) error {
		q, err := a.Requests().Extend(e.Ctx, c.ID, machine().String(), c.Reason)
		if err != nil {
			return err
		}
		e.say("%s is due %s; the person is told why on their pages", q.ID, q.Due.Time().Format("2 January 2006"))
		return nil
	})
}

// RequestAnswerCmd answers.
type RequestAnswerCmd struct {
	ID     string `arg:"" help:"Its number, or a recipient's part's."`
	Word   string `arg:"" help:"done, refused or proven; of a recipient's part done or refused."`
	Reason string `help:"Of a refusal: identity_unproven, law_keeps, rights_of_others, unfounded, excessive, nothing_here, legal_claims."`
}

// Run answers a request. Done erases where that was asked for.
func (c *RequestAnswerCmd) Run(e *Env) error {
	return e.with(func(a *app.App) error {
		v, err := a.AnswerRequest(e.Ctx, c.ID, machine(), c.Word, c.Reason)
		if err != nil {
			return refusal(err)
		}
		if proof, ok := v.(interface{ Text() string }); ok {
			e.say("%s", strings.TrimRight(proof.Text(), "\n"))
			return nil
		}
		return e.json(v)
	})
}

// RequestKeptCmd opens what is kept apart.
type RequestKeptCmd struct {
	Why string `required:"" help:"For whom and why; it goes on the record."`
}

// Run writes what is kept apart.
func (c *RequestKeptCmd) Run(e *Env) error {
	return e.with(func(a *app.App) error {
		return a.ReadKept(e.Ctx, machine(), c.Why, func(k gate.Kept) error {
			e.say(`{"id":%q,"until":%q,"kept":%s}`, k.ID, k.Until.Format(), string(k.Body))
			return nil
		})
	})
}
