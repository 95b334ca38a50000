package request

import (
	"context"
	"crypto/rand"
	"fmt"
	"slices"
	"time"

	"github.com/heed-platform/heed/internal/clock"
	"github.com/heed-platform/heed/internal/fact"
	"github.com/heed-platform/heed/internal/keep"
	"github.com/heed-platform/heed/internal/policy"
	"github.com/heed-platform/heed/internal/policy/define"
	"github.com/heed-platform/heed/internal/problem"
)

// Store is where requests lie. *keep.Keep is one.
type Store interface {
	Request(ctx context.Context, id string) (keep.Request, error)
	Requests(ctx context.Context, status string, limit int) ([]keep.Request, error)
	RequestsOf(ctx context.Context, ids []fact.FragmentID) ([]keep.Request, error)
	ChangeRequest(ctx context.Context, by, what, id string, f func(keep.Request) (keep.Request, error)) error
}

// Desk is where requests come in and are answered.
type Desk struct {
	store Store
	clock clock.Clock
	rules func() *policy.Rules
}

// New makes a desk; rules are the policy in force.
func New(s Store, clk clock.Clock, rules func() *policy.Rules) *Desk { return &Desk{s, clk, rules} }

// Asked is somebody using a right.
type Asked struct {
	Right    Right
	Fragment fact.FragmentID   // by which they are known
	Members  []fact.FragmentID // all of theirs, to find what they asked before
	Place    string            // jurisdiction; "" is unknown
	Level    Level
	By       string // person, role:name
	About    string // a field's path, a purpose's key; never a value
}

// ErrAnswer says that a request cannot be answered like this.
var ErrAnswer = problem.New(problem.Invalid, "answer-unknown", "A request is answered with proven, extended, refused or done; a recipient's part with done or refused.")

var (
	errUnknown = problem.New(problem.Invalid, "right-unknown", "There is no such right; heed request list shows which there are.")
	errOver    = problem.New(problem.Conflict, "request-closed", "This request has been answered already.")
	errReason  = problem.New(problem.Invalid, "reason-unknown", "The reason is not one of those that the law knows.")
	errLate    = problem.New(problem.Conflict, "extension-too-late", "More time can be taken only once, and only while the first period runs.")
	errNoMore  = problem.New(problem.Conflict, "extension-unknown", "The law that sets this clock knows no longer period.")
	errProof   = problem.New(problem.Conflict, "proof-missing", "Who asks has not been shown well enough for this; check it and say so first.")
)

// Open takes a right in, or finds it: who asks again for what is open gets the
// same request. It is confirmed at once.
func (d *Desk) Open(ctx context.Context, a Asked) (Request, error) {
	if _, ok := ParseRight(string(a.Right)); !ok {
		return Request{}, errUnknown
	}
	before, err := d.Of(ctx, a.Members)
	if err != nil {
		return Request{}, err
	}
	for _, q := range before {
		if q.Right == a.Right && q.About == a.About && !q.Over() && q.Of == "" {
			return q, nil
		}
	}
	now := d.clock.Now()
	q := Request{ID: number(), Right: a.Right, Status: Open, Received: now, Fragment: a.Fragment}
	q.Place, q.Level, q.About = a.Place, a.Level.String(), a.About
	if err := d.wind(&q); err != nil {
		return Request{}, err
	}
	q.step(now, a.By, "received", "")
	q.step(now, "heed", "confirmed", "")
	if a.Level < a.Right.Needs() {
		q.Status = Waiting
	}
	return d.change(ctx, a.By, "request.received", q.ID, func(Request) (Request, error) { return q, nil })
}

// house is the clock where no law pack sets one: a right does not wait for them.
var house = policy.Deadline{Clock: define.Clock{Within: 30, Unit: "days", Law: "our own thirty days"}} //nolint:gochecknoglobals // a constant that Go has no word for

// wind sets the request's clocks by the law of the place.
func (d *Desk) wind(q *Request) error {
	rules := d.rules()
	zone, err := time.LoadLocation(rules.Brand().Zone)
	if err != nil {
		return fmt.Errorf("the brand's time zone: %w", err)
	}
	var all []policy.Deadline
	for _, name := range q.Right.clocks() {
		if all = rules.Deadlines(q.Place, name); len(all) > 0 {
			break
		}
	}
	if len(all) == 0 {
		all = []policy.Deadline{house}
	}
	var best policy.Deadline
	best, q.Due = strictest(q.Received, all, zone)
	q.Longest = Extended(q.Received, best, zone)
	q.Law, q.Pack = best.Law, best.Pack
	if confirm := rules.Deadlines(q.Place, "confirm"); len(confirm) > 0 {
		_, q.Confirm = strictest(q.Received, confirm, zone)
	}
	return nil
}

// number is a request's number: sixty random bits that people can read out.
func number() string {
	t := rand.Text()
	return t[:4] + "-" + t[4:8] + "-" + t[8:12]
}

// Show is one request; the problem is request-unknown.
func (d *Desk) Show(ctx context.Context, id string) (Request, error) {
	row, err := d.store.Request(ctx, id)
	if err != nil {
		return Request{}, err
	}
	return of(row)
}

// Of lists the requests of a person's fragments, newest first.
func (d *Desk) Of(ctx context.Context, ids []fact.FragmentID) ([]Request, error) {
	rows, err := d.store.RequestsOf(ctx, ids)
	if err != nil {
		return nil, err
	}
	return list(rows)
}

// List is those in a status, or of all, the most urgent first.
func (d *Desk) List(ctx context.Context, s Status, limit int) ([]Request, error) {
	rows, err := d.store.Requests(ctx, string(s), limit)
	if err != nil {
		return nil, err
	}
	return list(rows)
}

func list(rows []keep.Request) ([]Request, error) {
	out := make([]Request, 0, len(rows))
	for _, row := range rows {
		q, err := of(row)
		if err != nil {
			return nil, err
		}
		out = append(out, q)
	}
	return out, nil
}

// Parts are what recipients were told because of a request.
func (d *Desk) Parts(ctx context.Context, q Request) ([]Request, error) {
	out := make([]Request, 0, len(q.Told))
	for _, id := range q.Told {
		part, err := d.Show(ctx, id)
		switch {
		case err == nil:
		case problem.Of(err).Kind == problem.NotFound:
			continue // its time on the record is over
		default:
			return nil, err
		}
		out = append(out, part)
	}
	return out, nil
}

// Prove notes that who asks was shown, and by whom.
func (d *Desk) Prove(ctx context.Context, id, by string, l Level) (Request, error) {
	return d.answer(ctx, by, "request.proven", id, func(q *Request) error {
		q.Level = l.String()
		if l >= q.Right.Needs() && q.Status == Waiting {
			q.Status = Open
		}
		q.step(d.clock.Now(), by, "proven", l.String())
		return nil
	})
}

// Extend takes the longer period that the law knows, once, with a reason, and
// while the first one runs.
func (d *Desk) Extend(ctx context.Context, id, by, why string) (Request, error) {
	return d.answer(ctx, by, "request.extended", id, func(q *Request) error {
		now := d.clock.Now()
		switch {
		case !slices.Contains(late, why):
			return errReason
		case q.Extended != "" || now > q.Due:
			return errLate
		case q.Longest <= q.Due:
			return errNoMore
		}
		q.Extended, q.Due = why, q.Longest
		q.step(now, by, "extended", why)
		return nil
	})
}

// Refuse says no, with a reason.
func (d *Desk) Refuse(ctx context.Context, id, by, why string) (Request, error) {
	return d.answer(ctx, by, "request.refused", id, func(q *Request) error {
		if !slices.Contains(no, why) {
			return errReason
		}
		return d.end(q, Refused, by, "refused", why)
	})
}

// Done says that what was asked for has been done. Before that, who asks must
// have been shown.
func (d *Desk) Done(ctx context.Context, id, by, how string) (Request, error) {
	return d.answer(ctx, by, "request.done", id, func(q *Request) error {
		if q.Status == Waiting {
			return errProof
		}
		return d.end(q, Done, by, "done", how)
	})
}

func (d *Desk) end(q *Request, s Status, by, what, code string) error {
	q.Status, q.Closed = s, d.clock.Now()
	q.step(q.Closed, by, what, code)
	return nil
}

// answer changes a request that is not over.
func (d *Desk) answer(ctx context.Context, by, what, id string, f func(*Request) error) (Request, error) {
	if _, err := d.Show(ctx, id); err != nil {
		return Request{}, err // or one would come to be by being answered
	}
	return d.change(ctx, by, what, id, func(q Request) (Request, error) {
		if q.Over() {
			return q, errOver
		}
		err := f(&q)
		return q, err
	})
}

// change writes what f makes of a request, whatever stands in it, in one
// transaction with the audit entry that says so.
func (d *Desk) change(ctx context.Context, by, what, id string, f func(Request) (Request, error)) (out Request, err error) {
	err = d.store.ChangeRequest(ctx, by, what, id, func(row keep.Request) (keep.Request, error) {
		q, err := of(row)
		if err != nil {
			return row, err
		}
		if q, err = f(q); err != nil {
			return row, err
		}
		q.ID, out = id, q
		return q.row()
	})
	return out, err
}
